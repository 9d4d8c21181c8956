/* loadgen: one process, one thread, one epoll loop that plays many clients.
 *
 *   loadgen swarm ...  WebSocket clients: fan-out, latency, idle hold, reconnect storm
 *   loadgen http  ...  keep-alive HTTP clients: closed loop or fixed rate
 *   loadgen blast ...  a server that does nothing but send: shows what the generator itself can take
 *
 * Every mode prints one JSON object a line on stdout. Times inside are nanoseconds of CLOCK_REALTIME,
 * because the stamps in the payload come from other processes of this machine. */
#ifndef LOADGEN_H
#define LOADGEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SECOND 1000000000ull /* ns */
#define MS 1000000ull        /* ns */

/* --- measure.c ------------------------------------------------------------------------------- */

/* Log-linear counts, 128 steps for each power of two: a reported value is within 0.4 % of the truth. */
#define HISTOGRAM_STEP_BITS 7
#define HISTOGRAM_BUCKETS ((65 - HISTOGRAM_STEP_BITS) << HISTOGRAM_STEP_BITS)
typedef struct {
    uint64_t count, max;
    uint64_t bucket[HISTOGRAM_BUCKETS];
} Histogram;

uint64_t now_ns(void);
double random_between(double low, double high);
void histogram_clear(Histogram *h);
void histogram_add(Histogram *h, uint64_t value);
uint64_t histogram_at(const Histogram *h, double share); /* share 0..1 */
void print_latency(const char *name, const Histogram *h); /* "name":{"p50":ms,...} without a comma */

/* A text looked for in many similar payloads: the place of the last hit is tried first. */
typedef struct {
    const char *text;
    size_t length, hint;
} Needle;
Needle needle(const char *text);
/* The unsigned number that follows the needle; false if the needle or a digit is missing. */
bool number_after(Needle *n, const char *payload, size_t length, uint64_t *number);

/* --- net.c ----------------------------------------------------------------------------------- */

void die(const char *what); /* prints errno's text, exits 1 */
int connect_start(const char *host, int port); /* non-blocking; -1 when refused at once */
int connect_result(int fd);                    /* 0, or the errno of a finished connect */
int listen_on(int port);
void watch(int epoll, int fd, uint32_t events, void *owner, bool add);
int wait_ns(int epoll, void *events, int capacity, uint64_t timeout_ns);
void raise_descriptor_limit(void);

/* --- the modes: argv starts behind the mode's name --------------------------------------------- */

int swarm_main(int argc, char **argv);
int http_main(int argc, char **argv);
int blast_main(int argc, char **argv);

/* RFC 6455's own sample nonce and its answer (section 1.3): ours is no secret. */
#define WS_KEY "dGhlIHNhbXBsZSBub25jZQ=="
#define WS_ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

#endif
