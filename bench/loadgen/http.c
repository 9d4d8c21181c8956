/* loadgen http: W keep-alive connections that send requests and time the answers.
 *
 * Closed loop without --rate: each connection sends when its last answer is complete, and its time runs from
 * there. With --rate R the k-th request is due at k/R seconds and its time runs from that moment, also when
 * no connection was free: a stall is charged to every request that it delayed.
 * Targets, body and headers may hold {ns} (19 digits: the time of sending) and {n} (12 digits: a counter). */
#define _GNU_SOURCE
#include "loadgen.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define LINE 65536

typedef struct {
    int fd;
    bool busy;
    uint64_t due;      /* when the running request was to be sent, ns */
    bool in_body;
    size_t body_left;  /* SIZE_MAX: chunked, ends with its last five bytes */
    char tail[5];      /* of a chunked body */
    char head[8192];
    size_t head_length;
    int status;
} Writer;

static struct {
    const char *host, *method, *path, *body, *targets_file;
    const char *header[16];
    int port, writers, headers;
    int windows;
    double seconds, warmup, rate;
} option = {.host = "127.0.0.1", .method = "POST", .path = "/", .writers = 1, .seconds = 3, .windows = 1};

static struct {
    int epoll;
    Writer *writer;
    char **target; /* "METHOD PATH" */
    size_t targets;
    uint64_t counter, began, scheduled;
} http;

static struct {
    uint64_t began, busy, requests, errors, bytes, status[6];
    bool complained;
    Histogram latency;
} window;

/* --- requests ---------------------------------------------------------------------------------- */

/* Copies `text` to `out` with its placeholders filled in; returns the length. */
static size_t fill(char *out, size_t capacity, const char *text, uint64_t now) {
    size_t n = 0;
    while (*text && n + 20 < capacity) {
        if (!strncmp(text, "{ns}", 4)) n += sprintf(out + n, "%019llu", (unsigned long long)now), text += 4;
        else if (!strncmp(text, "{n}", 3)) n += sprintf(out + n, "%012llu", (unsigned long long)http.counter), text += 3;
        else out[n++] = *text++;
    }
    out[n] = 0;
    return n;
}

static size_t build(char *out, size_t capacity, uint64_t now) {
    static char body[LINE], head[LINE];
    size_t body_length = option.body ? fill(body, sizeof body, option.body, now) : 0;
    int n = snprintf(head, sizeof head, "%s HTTP/1.1\r\nHost: %s:%d\r\n", http.target[http.counter % http.targets],
                     option.host, option.port);
    for (int i = 0; i < option.headers; i++) n += snprintf(head + n, sizeof head - n, "%s\r\n", option.header[i]);
    if (option.body) n += snprintf(head + n, sizeof head - n, "Content-Length: %zu\r\n", body_length);
    snprintf(head + n, sizeof head - n, "\r\n");
    size_t length = fill(out, capacity, head, now);
    memcpy(out + length, body, body_length);
    return length + body_length;
}

static void connect_writer(Writer *w) {
    w->fd = connect_start(option.host, option.port);
    if (w->fd < 0) die("connect");
    watch(http.epoll, w->fd, EPOLLIN, w, true);
    while (send(w->fd, "", 0, 0) < 0 && (errno == EAGAIN || errno == ENOTCONN)) usleep(200);
}

static void send_request(Writer *w, uint64_t due) {
    static char request[3 * LINE];
    if (w->fd < 0) connect_writer(w);
    size_t length = build(request, sizeof request, now_ns());
    http.counter++;
    w->busy = true, w->due = due, w->in_body = false, w->head_length = 0, w->status = 0;
    if (send(w->fd, request, length, MSG_NOSIGNAL) != (ssize_t)length) die("send");
}

/* --- answers ----------------------------------------------------------------------------------- */

static void count_answer(Writer *w) {
    uint64_t now = now_ns();
    w->busy = false;
    window.requests++;
    window.status[w->status / 100 < 6 ? w->status / 100 : 0]++;
    histogram_add(&window.latency, now > w->due ? now - w->due : 0);
    if (w->status >= 400 && !window.complained) fprintf(stderr, "answer: %s\n", w->head), window.complained = true;
}

static void reconnect(Writer *w) {
    close(w->fd);
    w->fd = -1;
    if (w->busy) window.errors++;
    w->busy = false;
}

static const char *header_value(Writer *w, const char *name) {
    char *at = strcasestr(w->head, name);
    return at ? at + strlen(name) : NULL;
}

/* Reads the head's meaning; the answer may already be complete (no body). */
static void head_complete(Writer *w) {
    const char *length = header_value(w, "\r\ncontent-length:");
    bool chunked = header_value(w, "\r\ntransfer-encoding: chunked");
    w->status = atoi(w->head + 9);
    w->in_body = true;
    w->body_left = chunked ? SIZE_MAX : length ? strtoull(length, NULL, 10) : 0;
    memset(w->tail, 0, sizeof w->tail);
}

static size_t take_head(Writer *w, const char *bytes, size_t length) {
    size_t before = w->head_length, room = sizeof w->head - 1 - before;
    size_t taken = length < room ? length : room;
    memcpy(w->head + before, bytes, taken);
    w->head[w->head_length = before + taken] = 0;
    char *end = strstr(w->head, "\r\n\r\n");
    if (!end) return taken;
    end[2] = 0;
    w->head_length = end + 4 - w->head;
    head_complete(w);
    return w->head_length - before;
}

static bool chunks_ended(Writer *w, const char *bytes, size_t length) {
    for (size_t i = length > 5 ? length - 5 : 0; i < length; i++)
        memmove(w->tail, w->tail + 1, 4), w->tail[4] = bytes[i];
    return !memcmp(w->tail, "0\r\n\r\n", 5);
}

static bool take_body(Writer *w, const char *bytes, size_t length) {
    if (w->body_left == SIZE_MAX) return chunks_ended(w, bytes, length);
    w->body_left -= length < w->body_left ? length : w->body_left;
    return w->body_left == 0;
}

static void readable(Writer *w) {
    static char bytes[1 << 18];
    ssize_t n = recv(w->fd, bytes, sizeof bytes, 0), used = 0;
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n <= 0 || !w->busy) {
        reconnect(w);
        return;
    }
    window.bytes += n;
    if (!w->in_body) used = take_head(w, bytes, n);
    if (w->in_body && take_body(w, bytes + used, n - used)) count_answer(w);
}

/* --- the loop ---------------------------------------------------------------------------------- */

static Writer *idle_writer(void) {
    for (int i = 0; i < option.writers; i++)
        if (!http.writer[i].busy) return &http.writer[i];
    return NULL;
}

static uint64_t next_due(void) {
    return http.began + (uint64_t)(http.scheduled * (SECOND / option.rate));
}

static void send_due(void) {
    Writer *w;
    while ((w = idle_writer()) && (!option.rate || next_due() <= now_ns())) {
        send_request(w, option.rate ? next_due() : now_ns());
        http.scheduled++;
    }
}

static uint64_t patience(void) {
    uint64_t now = now_ns();
    if (!option.rate || !idle_writer()) return 20 * MS;
    return next_due() > now ? next_due() - now : 0;
}

static void run_for(double seconds) {
    struct epoll_event events[64];
    uint64_t end = now_ns() + (uint64_t)(seconds * SECOND);
    while (now_ns() < end) {
        uint64_t began = now_ns();
        send_due();
        window.busy += now_ns() - began;
        int n = wait_ns(http.epoll, events, 64, patience());
        began = now_ns();
        for (int i = 0; i < n; i++) readable(events[i].data.ptr);
        window.busy += now_ns() - began;
    }
}

static void window_open(void) {
    memset(&window, 0, sizeof window);
    window.began = now_ns();
}

/* How long the request that waits longest has been waiting, ns; 0 when none does. */
static uint64_t longest_wait(void) {
    uint64_t now = now_ns(), longest = 0;
    for (int i = 0; i < option.writers; i++)
        if (http.writer[i].busy && now - http.writer[i].due > longest) longest = now - http.writer[i].due;
    return longest;
}

static void print_window(void) {
    double seconds = (now_ns() - window.began) / (double)SECOND;
    printf("{\"report\":\"http\",\"seconds\":%.3f,\"writers\":%d,\"requests\":%llu,\"perSecond\":%.1f", seconds,
           option.writers, (unsigned long long)window.requests, window.requests / seconds);
    printf(",\"errors\":%llu,\"bytes\":%llu,\"status\":{", (unsigned long long)window.errors,
           (unsigned long long)window.bytes);
    for (int i = 1; i < 6; i++) printf("%s\"%dxx\":%llu", i > 1 ? "," : "", i, (unsigned long long)window.status[i]);
    printf("},\"unansweredMs\":%.3f", longest_wait() / (double)MS);
    printf(",\"generatorBusy\":%.3f,", window.busy / seconds / SECOND);
    print_latency("latencyMs", &window.latency);
    printf("}\n");
}

/* --- options ----------------------------------------------------------------------------------- */

static void add_target(const char *text) {
    http.target = realloc(http.target, (http.targets + 1) * sizeof *http.target);
    http.target[http.targets++] = strdup(text);
}

static void load_targets(void) {
    char line[4096], single[4096];
    snprintf(single, sizeof single, "%s %s", option.method, option.path);
    FILE *file = option.targets_file ? fopen(option.targets_file, "r") : NULL;
    if (option.targets_file && !file) die(option.targets_file);
    while (file && fgets(line, sizeof line, file)) line[strcspn(line, "\n")] = 0, add_target(line);
    if (file) fclose(file);
    if (!http.targets) add_target(single);
}

static const char help[] =
    "loadgen http --port N [options]\n"
    "  --host IP        127.0.0.1\n"
    "  --writers W      connections: 1\n"
    "  --rate R         requests a second over all connections; without it each runs as fast as it can\n"
    "  --method M --path P   POST /\n"
    "  --targets FILE   lines \"METHOD PATH\", used in turn\n"
    "  --body TEXT      no body without it\n"
    "  --header LINE    repeatable, \"Name: value\"\n"
    "  --warmup S       not measured: 0\n"
    "  --seconds S      of one window: 3\n"
    "  --windows K      reports: 1\n";

static void parse(int argc, char **argv) {
    static const struct option names[] = {
        {"host", 1, 0, 'h'},    {"port", 1, 0, 'p'},   {"writers", 1, 0, 'w'}, {"rate", 1, 0, 'r'},
        {"method", 1, 0, 'm'},  {"path", 1, 0, 'u'},   {"targets", 1, 0, 'f'}, {"body", 1, 0, 'b'},
        {"header", 1, 0, 'H'},  {"warmup", 1, 0, 'a'}, {"seconds", 1, 0, 's'}, {"windows", 1, 0, 'k'},
        {"help", 0, 0, '?'},    {0, 0, 0, 0}};
    for (int c; (c = getopt_long(argc, argv, "", names, NULL)) != -1;) switch (c) {
        case 'h': option.host = optarg; break;
        case 'p': option.port = atoi(optarg); break;
        case 'w': option.writers = atoi(optarg); break;
        case 'r': option.rate = atof(optarg); break;
        case 'm': option.method = optarg; break;
        case 'u': option.path = optarg; break;
        case 'f': option.targets_file = optarg; break;
        case 'b': option.body = optarg; break;
        case 'H': if (option.headers < 16) option.header[option.headers++] = optarg; break;
        case 'a': option.warmup = atof(optarg); break;
        case 's': option.seconds = atof(optarg); break;
        case 'k': option.windows = atoi(optarg); break;
        default: fputs(help, stderr); exit(2);
        }
}

int http_main(int argc, char **argv) {
    parse(argc, argv);
    load_targets();
    http.epoll = epoll_create1(EPOLL_CLOEXEC);
    http.writer = calloc(option.writers, sizeof *http.writer);
    for (int i = 0; i < option.writers; i++) connect_writer(&http.writer[i]);
    http.began = now_ns();
    run_for(option.warmup);
    for (int k = 0; k < option.windows; k++) {
        window_open();
        run_for(option.seconds);
        print_window();
    }
    return 0;
}
