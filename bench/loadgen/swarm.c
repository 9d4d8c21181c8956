/* loadgen swarm: N WebSocket clients that count, time and check what they receive.
 *
 * It reads commands from stdin: `mark` prints what happened since the last mark and starts anew, `quit` or
 * end of file ends. It prints {"report":"ready"} when every client is live for the first time, and
 * {"report":"recovered"} when, after a loss, every client is live again. */
#define _GNU_SOURCE
#include "loadgen.h"

#include <errno.h>
#include <getopt.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum protocol { PLAIN, CHORUS, SOCKETIO };
enum phase { WAITING, CONNECTING, UPGRADING, OPEN };

typedef struct {
    int fd;
    enum phase phase;
    bool live;          /* open, subscribed and caught up */
    uint64_t due;       /* WAITING: when to connect, ns */
    uint64_t back_ms;   /* when to come back, as the server's `bye` says; 0 = it has said nothing */
    uint64_t lost_at;   /* when it ceased to be live, ns; 0 = never was live */
    uint64_t cursor;    /* last `seq` seen; 0 = none yet */
    uint64_t catch_up;  /* head named by the last welcome: live from there on */
    char *rest;         /* the beginning of a frame whose end has not come */
    size_t rest_length;
} Client;

static struct {
    const char *host, *path, *origin, *first, *epoch;
    int port, clients, parallel;
    double seconds;
    uint64_t since;
    enum protocol protocol;
    bool reconnect, spin;
} option = {.host = "127.0.0.1", .path = "/ws", .epoch = "", .clients = 1, .parallel = 64, .seconds = 600};

/* Counted since the last mark. */
static struct {
    uint64_t began, busy, deliveries, bytes, frame_bytes, first_at, last_at;
    uint64_t missing, doubled, unstamped, heartbeats, resyncs, drops, refused;
    struct {
        int code;
        uint64_t count;
    } close[16];
    uint64_t records; /* of output */
    Histogram latency, output;
} window;

static struct {
    int epoll, connecting, waiting, live;
    bool was_ready, quit, complained;
    uint64_t started, outage_at;
    Histogram outage;
    Client *client;
    Needle seq, stamp;
} swarm;

#define BUFFER (1 << 20)
static char buffer[BUFFER];

/* --- reports --------------------------------------------------------------------------------- */

static void window_open(void) {
    memset(&window, 0, sizeof window);
    window.began = now_ns();
}

static uint64_t lowest_cursor(void) {
    uint64_t lowest = UINT64_MAX;
    for (int i = 0; i < option.clients; i++)
        if (swarm.client[i].cursor < lowest) lowest = swarm.client[i].cursor;
    return lowest;
}

static uint64_t highest_cursor(void) {
    uint64_t highest = 0;
    for (int i = 0; i < option.clients; i++)
        if (swarm.client[i].cursor > highest) highest = swarm.client[i].cursor;
    return highest;
}

static void print_count(const char *name, uint64_t value) {
    printf(",\"%s\":%llu", name, (unsigned long long)value);
}

static void print_window(void) {
    double seconds = (now_ns() - window.began) / (double)SECOND;
    printf("{\"report\":\"window\",\"seconds\":%.4f", seconds);
    print_count("clients", option.clients);
    print_count("live", swarm.live);
    print_count("deliveries", window.deliveries);
    printf(",\"perSecond\":%.1f", window.deliveries / seconds);
    printf(",\"firstAt\":%.6f,\"lastAt\":%.6f", window.first_at / (double)SECOND, window.last_at / (double)SECOND);
    print_count("payloadBytes", window.bytes);
    print_count("frameBytes", window.frame_bytes);
    print_count("missing", window.missing);
    print_count("doubled", window.doubled);
    print_count("unstamped", window.unstamped);
    print_count("heartbeats", window.heartbeats);
    print_count("resyncs", window.resyncs);
    print_count("drops", window.drops);
    print_count("refused", window.refused);
    print_count("cursorLow", lowest_cursor());
    print_count("cursorHigh", highest_cursor());
    printf(",\"generatorBusy\":%.3f,\"closes\":{", window.busy / seconds / SECOND);
    for (int i = 0; i < 16 && window.close[i].count; i++)
        printf("%s\"%d\":%llu", i ? "," : "", window.close[i].code, (unsigned long long)window.close[i].count);
    printf("}");
    print_count("records", window.records);
    printf(",");
    print_latency("latencyMs", &window.latency);
    printf(",");
    print_latency("outputMs", &window.output);
    printf("}\n");
}

static void print_ready(void) {
    printf("{\"report\":\"ready\",\"clients\":%d,\"seconds\":%.3f}\n", option.clients,
           (now_ns() - swarm.started) / (double)SECOND);
}

static void print_recovered(void) {
    printf("{\"report\":\"recovered\",\"seconds\":%.3f,", (now_ns() - swarm.outage_at) / (double)SECOND);
    print_latency("outageMs", &swarm.outage);
    printf("}\n");
    histogram_clear(&swarm.outage);
    swarm.outage_at = 0;
}

static void count_close(int code) {
    for (int i = 0; i < 16; i++)
        if (window.close[i].code == code || !window.close[i].count) {
            window.close[i].code = code;
            window.close[i].count++;
            return;
        }
}

/* --- a client's life --------------------------------------------------------------------------- */

static void wait_until(Client *c, uint64_t due) {
    c->phase = WAITING;
    c->due = due;
    swarm.waiting++;
}

/* The page's first eight attempts come 0.3 to 1.0 s apart, uniformly; after a `bye` when the server says. */
static void wait_again(Client *c) {
    uint64_t wait = c->back_ms ? c->back_ms * MS : (uint64_t)(random_between(0.3, 1.0) * SECOND);
    c->back_ms = 0;
    wait_until(c, now_ns() + wait);
}

static void receive_bye(Client *c, const char *payload, size_t length) {
    Needle delay = needle("\"delayMs\":");
    number_after(&delay, payload, length, &c->back_ms);
}

static void lose(Client *c) {
    if (c->phase == CONNECTING || c->phase == UPGRADING) swarm.connecting--, window.refused++;
    if (c->phase == OPEN) window.drops++;
    if (c->live) {
        c->live = false, c->lost_at = now_ns(), swarm.live--;
        if (!swarm.outage_at) swarm.outage_at = c->lost_at;
    }
    if (c->fd >= 0) close(c->fd);
    free(c->rest);
    c->rest = NULL, c->rest_length = 0, c->fd = -1;
    if (option.reconnect || !swarm.was_ready) wait_again(c);
}

static void become_live(Client *c) {
    if (c->live) return;
    c->live = true, swarm.live++;
    if (c->lost_at) histogram_add(&swarm.outage, now_ns() - c->lost_at);
    if (swarm.live < option.clients) return;
    if (!swarm.was_ready) print_ready();
    else if (swarm.outage_at) print_recovered();
    swarm.was_ready = true;
}

static void connect_client(Client *c) {
    swarm.waiting--, swarm.connecting++;
    c->phase = CONNECTING;
    c->fd = connect_start(option.host, option.port);
    if (c->fd < 0) lose(c);
    else watch(swarm.epoll, c->fd, EPOLLOUT, c, true);
}

/* Before the first readiness `parallel` limits the clients that connect at once; later each follows its own clock. */
static void connect_due(void) {
    uint64_t now = now_ns();
    for (int i = 0; swarm.waiting && i < option.clients; i++) {
        if (!swarm.was_ready && swarm.connecting >= option.parallel) return;
        if (swarm.client[i].phase == WAITING && swarm.client[i].due <= now) connect_client(&swarm.client[i]);
    }
}

static bool put(Client *c, const char *bytes, size_t length) {
    if (send(c->fd, bytes, length, MSG_NOSIGNAL) == (ssize_t)length) return true;
    lose(c);
    return false;
}

/* One masked frame of at most 64 KiB; the mask is zero, which RFC 6455 permits and which costs nothing. */
static bool send_frame(Client *c, int opcode, const char *payload, size_t length) {
    char frame[8 + 65535] = {(char)(0x80 | opcode)};
    size_t head = 2;
    if (length < 126) frame[1] = (char)(0x80 | length);
    else frame[1] = (char)(0x80 | 126), frame[2] = (char)(length >> 8), frame[3] = (char)length, head = 4;
    memset(frame + head, 0, 4);
    memcpy(frame + head + 4, payload, length);
    return put(c, frame, head + 4 + length);
}

static bool send_text(Client *c, const char *text) {
    return send_frame(c, 1, text, strlen(text));
}

static bool request_upgrade(Client *c) {
    char request[2048];
    int n = snprintf(request, sizeof request,
                     "GET %s HTTP/1.1\r\nHost: %s:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                     "Sec-WebSocket-Key: " WS_KEY "\r\nSec-WebSocket-Version: 13\r\n%s%s%s\r\n",
                     option.path, option.host, option.port, option.origin ? "Origin: " : "",
                     option.origin ? option.origin : "", option.origin ? "\r\n" : "");
    c->phase = UPGRADING;
    watch(swarm.epoll, c->fd, EPOLLIN, c, false);
    return put(c, request, n);
}

static bool subscribe(Client *c) {
    char text[512];
    snprintf(text, sizeof text, "{\"type\":\"subscribe\",\"protocol\":1,\"epoch\":\"%s\",\"since\":%llu}", option.epoch,
             (unsigned long long)c->cursor);
    return send_text(c, text);
}

static bool opened(Client *c) {
    c->phase = OPEN;
    swarm.connecting--;
    if (option.first && !send_text(c, option.first)) return false;
    if (option.protocol == CHORUS) return subscribe(c);
    if (option.protocol == PLAIN) become_live(c);
    return true;
}

/* --- what arrives ------------------------------------------------------------------------------ */

/* A number out of order shows as missing and later as doubled; both must be 0. */
static void check_order(Client *c, uint64_t seq) {
    if (c->cursor && seq <= c->cursor) {
        window.doubled++;
        return;
    }
    if (c->cursor) window.missing += seq - c->cursor - 1;
    c->cursor = seq;
}

static void deliver(Client *c, const char *payload, size_t length, uint64_t now) {
    uint64_t seq, sent;
    window.deliveries++;
    window.bytes += length;
    window.last_at = now;
    if (!window.first_at) window.first_at = now;
    if (number_after(&swarm.seq, payload, length, &seq)) check_order(c, seq);
    if (number_after(&swarm.stamp, payload, length, &sent)) histogram_add(&window.latency, now > sent ? now - sent : 0);
    else window.unstamped++;
}

/* A message with records of output, each stamped with the millisecond in which it was said. */
static void receive_output(const char *payload, const char *end, uint64_t now) {
    uint64_t at;
    for (Needle n = needle("\"at\":"); number_after(&n, payload, end - payload, &at); payload += n.hint + n.length) {
        window.records++;
        histogram_add(&window.output, now > at * MS ? now - at * MS : 0);
    }
}

static bool starts(const char *at, const char *end, const char *word) {
    size_t length = strlen(word);
    return (size_t)(end - at) >= length && !memcmp(at, word, length);
}

static bool answer_heartbeat(Client *c) {
    char text[64];
    window.heartbeats++;
    snprintf(text, sizeof text, "{\"type\":\"pong\",\"seq\":%llu}", (unsigned long long)c->cursor);
    return send_text(c, text);
}

static void live_if_caught_up(Client *c) {
    if (!c->live && c->cursor >= c->catch_up) become_live(c);
}

static bool receive_chorus(Client *c, const char *payload, size_t length, uint64_t now) {
    const char *end = payload + length, *type = memmem(payload, length < 64 ? length : 64, "\"type\":\"", 8);
    if (!type) return true;
    type += 8;
    if (starts(type, end, "heartbeat\"")) return answer_heartbeat(c);
    if (starts(type, end, "bye\"")) return receive_bye(c, payload, length), true;
    if (starts(type, end, "resync\"")) return window.resyncs++, true;
    if (starts(type, end, "run_output\"")) return receive_output(payload, end, now), true;
    if (starts(type, end, "welcome\"")) number_after(&swarm.seq, payload, length, &c->catch_up);
    else deliver(c, payload, length, now);
    if (!c->live) live_if_caught_up(c);
    return true;
}

/* Engine.IO 4: 0 open, 2 ping, 40 connected, 42 event. */
static bool receive_socketio(Client *c, const char *payload, size_t length, uint64_t now) {
    const char *end = payload + length;
    if (starts(payload, end, "42")) deliver(c, payload, length, now);
    else if (starts(payload, end, "0")) return send_text(c, "40");
    else if (starts(payload, end, "2")) return send_text(c, "3");
    else if (starts(payload, end, "40")) become_live(c);
    return true;
}

static bool receive_text(Client *c, const char *payload, size_t length, uint64_t now) {
    if (option.protocol == CHORUS) return receive_chorus(c, payload, length, now);
    if (option.protocol == SOCKETIO) return receive_socketio(c, payload, length, now);
    deliver(c, payload, length, now);
    return true;
}

/* False when the client was lost over it. */
static bool receive_frame(Client *c, int opcode, const char *payload, size_t length, uint64_t now) {
    const unsigned char *code = (const unsigned char *)payload;
    switch (opcode) {
    case 1: case 2: return receive_text(c, payload, length, now);
    case 8:
        count_close(length < 2 ? 1005 : code[0] << 8 | code[1]);
        if (send_frame(c, 8, payload, length < 2 ? 0 : 2)) lose(c);
        return false;
    case 9: return send_frame(c, 10, payload, length);
    default: return true;
    }
}

/* The frame's whole length and its head's; 0 when the head itself is incomplete. */
static size_t frame_size(const unsigned char *p, size_t available, size_t *head) {
    size_t length = available < 2 ? 0 : p[1] & 127;
    *head = length == 127 ? 10 : length == 126 ? 4 : 2;
    if (available < *head) return 0;
    if (length == 126) length = p[2] << 8 | p[3];
    if (length == 127) {
        length = 0;
        for (int i = 2; i < 10; i++) length = length << 8 | p[i];
    }
    return *head + length;
}

/* Handles all whole frames; returns the bytes used, or -1 when the client was lost. */
static ssize_t receive_frames(Client *c, const char *bytes, size_t available, uint64_t now) {
    size_t used = 0, head;
    for (;;) {
        const char *frame = bytes + used;
        size_t size = frame_size((const unsigned char *)frame, available - used, &head);
        if (!size || size > available - used) return used;
        window.frame_bytes += size;
        if (!receive_frame(c, frame[0] & 15, frame + head, size - head, now)) return -1;
        used += size;
    }
}

static void keep_rest(Client *c, const char *bytes, size_t length) {
    if (length > BUFFER / 2) {
        fprintf(stderr, "frame of more than %d bytes\n", BUFFER / 2);
        exit(1);
    }
    c->rest = realloc(c->rest, length + 1);
    memcpy(c->rest, bytes, length);
    c->rest_length = length;
}

/* Bytes used by the answer's head, 0 while it is incomplete, -1 when it was no 101 and the client is lost. */
static ssize_t receive_upgrade(Client *c, const char *bytes, size_t length) {
    const char *end = memmem(bytes, length, "\r\n\r\n", 4);
    if (!end) return 0;
    size_t head = end + 4 - bytes;
    if (!memmem(bytes, head, " 101 ", 5) || !memmem(bytes, head, WS_ACCEPT, strlen(WS_ACCEPT))) {
        if (!swarm.complained) fprintf(stderr, "no upgrade: %.*s\n", (int)(length < 300 ? length : 300), bytes);
        swarm.complained = true;
        lose(c);
        return -1;
    }
    return opened(c) ? (ssize_t)head : -1;
}

static void readable(Client *c) {
    size_t length = c->rest_length;
    memcpy(buffer, c->rest ? c->rest : "", length);
    ssize_t n = recv(c->fd, buffer + length, BUFFER - length, 0), used = 0, more;
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n <= 0) {
        if (c->phase == OPEN) count_close(1006);
        lose(c);
        return;
    }
    length += n;
    if (c->phase == UPGRADING && (used = receive_upgrade(c, buffer, length)) < 0) return;
    if (c->phase == OPEN) {
        if ((more = receive_frames(c, buffer + used, length - used, now_ns())) < 0) return;
        used += more;
    }
    if (used < (ssize_t)length) keep_rest(c, buffer + used, length - used);
    else c->rest_length = 0;
}

static void ready(Client *c) {
    if (c->phase != CONNECTING) readable(c);
    else if (connect_result(c->fd)) lose(c);
    else request_upgrade(c);
}

/* --- the loop ---------------------------------------------------------------------------------- */

static void obey(void) {
    static char line[4096];
    ssize_t n = read(STDIN_FILENO, line, sizeof line - 1);
    if (n <= 0) swarm.quit = true;
    if (n <= 0) return;
    line[n] = 0;
    for (char *word = strtok(line, " \n"); word; word = strtok(NULL, " \n")) {
        if (!strcmp(word, "mark")) print_window(), window_open();
        if (!strcmp(word, "quit")) swarm.quit = true;
    }
}

/* A sleeping generator makes the server pay for waking its core, which in a virtual machine costs more than the write;
 * clients on other machines would not. With `spin` it never sleeps, but lets others of its core run first. */
static uint64_t patience(void) {
    if (option.spin) sched_yield();
    return option.spin ? 0 : swarm.waiting ? 2 * MS : 100 * MS;
}

static void run(void) {
    struct epoll_event events[256];
    uint64_t end = now_ns() + (uint64_t)(option.seconds * SECOND);
    watch(swarm.epoll, STDIN_FILENO, EPOLLIN, NULL, true);
    while (!swarm.quit && now_ns() < end) {
        if (swarm.waiting) connect_due();
        int n = wait_ns(swarm.epoll, events, 256, patience());
        uint64_t woke = n ? now_ns() : 0;
        for (int i = 0; i < n; i++) {
            if (events[i].data.ptr) ready(events[i].data.ptr);
            else obey();
        }
        if (n) window.busy += now_ns() - woke;
    }
}

static enum protocol protocol_named(const char *name) {
    return !strcmp(name, "chorus") ? CHORUS : !strcmp(name, "socketio") ? SOCKETIO : PLAIN;
}

static const char help[] =
    "loadgen swarm --port N [options]\n"
    "  --host IP           127.0.0.1\n"
    "  --path PATH         /ws\n"
    "  --origin ORIGIN     sent as Origin\n"
    "  --clients N         1\n"
    "  --parallel N        connects in flight until all are live the first time: 64\n"
    "  --protocol P        plain, chorus (subscribe, pong, welcome, resync) or socketio (Engine.IO 4)\n"
    "  --epoch E --since S the log and the cursor of the first chorus subscribe\n"
    "  --first TEXT        a message to send after the upgrade\n"
    "  --marker TEXT       what stands before the 19 digits of the send time: sentNs=\n"
    "  --reconnect         come back 0.3 to 1.0 s after a loss, with the own cursor\n"
    "  --spin              poll without sleeping: for a core of its own\n"
    "  --seconds S         end after S seconds at the latest: 600\n";

static void parse(int argc, char **argv) {
    static const struct option names[] = {
        {"host", 1, 0, 'h'},    {"port", 1, 0, 'p'},   {"path", 1, 0, 'u'},     {"origin", 1, 0, 'o'},
        {"clients", 1, 0, 'n'}, {"parallel", 1, 0, 'l'}, {"protocol", 1, 0, 'P'}, {"epoch", 1, 0, 'e'},
        {"since", 1, 0, 's'},   {"first", 1, 0, 'f'},  {"marker", 1, 0, 'm'},   {"reconnect", 0, 0, 'r'},
        {"spin", 0, 0, 'S'},    {"seconds", 1, 0, 't'}, {"help", 0, 0, '?'},   {0, 0, 0, 0}};
    swarm.stamp = needle("sentNs=");
    for (int c; (c = getopt_long(argc, argv, "", names, NULL)) != -1;) switch (c) {
        case 'h': option.host = optarg; break;
        case 'p': option.port = atoi(optarg); break;
        case 'u': option.path = optarg; break;
        case 'o': option.origin = optarg; break;
        case 'n': option.clients = atoi(optarg); break;
        case 'l': option.parallel = atoi(optarg); break;
        case 'P': option.protocol = protocol_named(optarg); break;
        case 'e': option.epoch = optarg; break;
        case 's': option.since = strtoull(optarg, NULL, 10); break;
        case 'f': option.first = optarg; break;
        case 'm': swarm.stamp = needle(optarg); break;
        case 'r': option.reconnect = true; break;
        case 'S': option.spin = true; break;
        case 't': option.seconds = atof(optarg); break;
        default: fputs(help, stderr); exit(2);
        }
}

int swarm_main(int argc, char **argv) {
    parse(argc, argv);
    srand48(now_ns());
    swarm.seq = needle("\"seq\":");
    swarm.epoll = epoll_create1(EPOLL_CLOEXEC);
    swarm.client = calloc(option.clients, sizeof *swarm.client);
    swarm.started = now_ns();
    window_open();
    for (int i = 0; i < option.clients; i++) {
        swarm.client[i].fd = -1, swarm.client[i].cursor = option.since;
        wait_until(&swarm.client[i], 0);
    }
    run();
    return 0;
}
