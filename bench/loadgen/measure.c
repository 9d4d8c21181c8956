#define _GNU_SOURCE
#include "loadgen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

uint64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return t.tv_sec * SECOND + t.tv_nsec;
}

double random_between(double low, double high) {
    return low + (high - low) * drand48();
}

void histogram_clear(Histogram *h) {
    memset(h, 0, sizeof *h);
}

static unsigned bucket_of(uint64_t value) {
    if (value >> HISTOGRAM_STEP_BITS == 0) return value;
    unsigned shift = 63 - __builtin_clzll(value) - HISTOGRAM_STEP_BITS;
    return (shift << HISTOGRAM_STEP_BITS) + (value >> shift);
}

static uint64_t middle_of(unsigned bucket) {
    if (bucket >> HISTOGRAM_STEP_BITS == 0) return bucket;
    unsigned shift = (bucket >> HISTOGRAM_STEP_BITS) - 1;
    uint64_t step = bucket - (shift << HISTOGRAM_STEP_BITS);
    return (step << shift) + ((1ull << shift) >> 1);
}

void histogram_add(Histogram *h, uint64_t value) {
    h->count++;
    h->bucket[bucket_of(value)]++;
    if (value > h->max) h->max = value;
}

uint64_t histogram_at(const Histogram *h, double share) {
    uint64_t rank = share * h->count, seen = 0;
    if (rank >= h->count) return h->max;
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
        if ((seen += h->bucket[i]) > rank) return middle_of(i) < h->max ? middle_of(i) : h->max;
    return h->max;
}

void print_latency(const char *name, const Histogram *h) {
    printf("\"%s\":{\"samples\":%llu", name, (unsigned long long)h->count);
    static const struct {
        const char *name;
        double share;
    } points[] = {{"p50", .5}, {"p90", .9}, {"p95", .95}, {"p99", .99}, {"p999", .999}, {"max", 1}};
    for (size_t i = 0; h->count && i < sizeof points / sizeof *points; i++)
        printf(",\"%s\":%.3f", points[i].name, histogram_at(h, points[i].share) / (double)MS);
    printf("}");
}

Needle needle(const char *text) {
    return (Needle){text, strlen(text), 0};
}

static const char *find(Needle *n, const char *payload, size_t length) {
    if (n->hint + n->length <= length && !memcmp(payload + n->hint, n->text, n->length)) return payload + n->hint;
    const char *found = memmem(payload, length, n->text, n->length);
    if (found) n->hint = found - payload;
    return found;
}

bool number_after(Needle *n, const char *payload, size_t length, uint64_t *number) {
    const char *at = find(n, payload, length), *end = payload + length;
    if (!at) return false;
    const char *first = at + n->length, *digit = first;
    for (*number = 0; digit < end && *digit >= '0' && *digit <= '9'; digit++) *number = *number * 10 + (*digit - '0');
    return digit > first;
}
