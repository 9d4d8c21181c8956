/* loadgen blast: a server that does nothing but send. As soon as N of our own clients have upgraded, everyone
 * gets the same blocks of pre-built frames as fast as the sockets take them; plain HTTP requests get a canned
 * answer. What `swarm` and `http` report against it is what the generator itself can take. */
#define _GNU_SOURCE
#include "loadgen.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct {
    int fd;
    bool member;    /* a WebSocket client */
    size_t sent;    /* bytes of the current block */
} Peer;

#define BLOCK (256 * 1024) /* bytes: as much as Chorus writes to one client at once */
static struct {
    int port, clients, size, batch;
    double seconds, every_ms;
} option = {.clients = 1000, .size = 600, .batch = BLOCK, .seconds = 10};
static struct {
    int epoll, members, behind, capacity;
    Peer **peer;
    uint64_t seq;
    char block[BLOCK];
    size_t block_length;
    uint64_t due; /* when the next block is: as soon as all have the last one, unless paced */
} blast;

static void drop(Peer *p) {
    if (p->member) exit(0); /* the swarm ended: so does the show */
    close(p->fd);
    free(p);
}

static size_t build_frame(char *out, uint64_t now) {
    int n = sprintf(out + 4, "{\"type\":\"task_updated\",\"seq\":%llu,\"data\":{\"description\":\"sentNs=%llu ",
                    (unsigned long long)++blast.seq, (unsigned long long)now);
    memset(out + 4 + n, 'x', option.size - n - 3);
    memcpy(out + 4 + option.size - 3, "\"}}", 3);
    out[0] = (char)0x81, out[1] = 126, out[2] = (char)(option.size >> 8), out[3] = (char)option.size;
    return 4 + option.size;
}

static void next_block(void) {
    uint64_t now = now_ns();
    blast.due = (blast.due ? blast.due : now) + (uint64_t)(option.every_ms * MS);
    blast.block_length = 0;
    for (int i = 0; i < option.batch && blast.block_length + option.size + 4 <= BLOCK; i++)
        blast.block_length += build_frame(blast.block + blast.block_length, now);
    blast.behind = blast.members;
    for (int i = 0; i < blast.members; i++) blast.peer[i]->sent = 0;
}

static void send_block(Peer *p) {
    while (p->sent < blast.block_length) {
        ssize_t n = send(p->fd, blast.block + p->sent, blast.block_length - p->sent, MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN) return;
        if (n < 0) exit(0);
        p->sent += n;
    }
    blast.behind--;
}

static void send_round(void) {
    if (!blast.behind && now_ns() >= blast.due) next_block();
    for (int i = 0; i < blast.members; i++)
        if (blast.peer[i]->sent < blast.block_length) send_block(blast.peer[i]);
}

static void answer(Peer *p, const char *text) {
    if (send(p->fd, text, strlen(text), MSG_NOSIGNAL) < 0) drop(p);
}

static void join(Peer *p) {
    p->member = true;
    p->sent = blast.block_length;
    blast.peer[blast.members++] = p;
    answer(p, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
              "Sec-WebSocket-Accept: " WS_ACCEPT "\r\n\r\n");
}

static void readable(Peer *p) {
    static char bytes[65536];
    ssize_t n = recv(p->fd, bytes, sizeof bytes - 1, 0);
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) {
        drop(p);
        return;
    }
    bytes[n] = 0;
    if (p->member) return;
    if (strcasestr(bytes, "upgrade: websocket") && blast.members < blast.capacity) join(p);
    else answer(p, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
}

static void accept_peers(int listener) {
    for (int fd; (fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) {
        Peer *p = calloc(1, sizeof *p);
        p->fd = fd;
        watch(blast.epoll, fd, EPOLLIN, p, true);
    }
}

/* How long nothing has to be sent. */
static uint64_t pause_ns(void) {
    uint64_t now = now_ns();
    return blast.behind || blast.due <= now ? 0 : blast.due - now;
}

static void run(int listener) {
    struct epoll_event events[256];
    uint64_t end = now_ns() + (uint64_t)(option.seconds * SECOND);
    watch(blast.epoll, listener, EPOLLIN, NULL, true);
    while (now_ns() < end) {
        bool sending = blast.members >= option.clients;
        int n = wait_ns(blast.epoll, events, 256, sending ? pause_ns() : 50 * MS);
        for (int i = 0; i < n; i++) {
            if (events[i].data.ptr) readable(events[i].data.ptr);
            else accept_peers(listener);
        }
        if (sending) send_round();
    }
}

static const char help[] =
    "loadgen blast --port N [options]\n"
    "  --clients N   start when so many are there: 1000\n"
    "  --size BYTES  of one frame's payload, at least 100: 600\n"
    "  --batch N     frames in one write: as many as fill 256 KiB\n"
    "  --every MS    pause between the beginnings of two writes: none\n"
    "  --seconds S   10\n";

int blast_main(int argc, char **argv) {
    static const struct option names[] = {{"port", 1, 0, 'p'}, {"clients", 1, 0, 'n'}, {"size", 1, 0, 's'},
                                          {"batch", 1, 0, 'b'}, {"every", 1, 0, 'e'}, {"seconds", 1, 0, 't'},
                                          {"help", 0, 0, '?'}, {0, 0, 0, 0}};
    for (int c; (c = getopt_long(argc, argv, "", names, NULL)) != -1;) switch (c) {
        case 'p': option.port = atoi(optarg); break;
        case 'n': option.clients = atoi(optarg); break;
        case 's': option.size = atoi(optarg); break;
        case 'b': option.batch = atoi(optarg); break;
        case 'e': option.every_ms = atof(optarg); break;
        case 't': option.seconds = atof(optarg); break;
        default: fputs(help, stderr); return 2;
        }
    blast.capacity = option.clients;
    blast.peer = calloc(option.clients, sizeof *blast.peer);
    blast.epoll = epoll_create1(EPOLL_CLOEXEC);
    run(listen_on(option.port));
    return 0;
}
