/* What hot.c and hot.cpp share: rows of p10 and median in ns. */
#ifndef HOT_H
#define HOT_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <tracer.h>

#ifndef SAMPLES
#define SAMPLES 300
#endif
#define BURST 1024

static const char NAME[] = "GET /api/v1/users/{id}";
static const char UNSAMPLED[] = "00-07070707070707070707070707070707-0707070707070707-00";
static const char TEXT[] = "GET /api/v1/users";

static inline double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static inline void pin_to(size_t processor) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(processor, &set);
    sched_setaffinity(0, sizeof set, &set);
}

static inline int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Measures `work`, which makes `calls_each` of what the row is about. */
static inline void row(const char *name, int calls_each, void (*work)(int, const void *),
                       const void *with) {
    static double costs[SAMPLES];
    const double spans = BURST * calls_each;
    for (int sample = -SAMPLES / 10; sample < SAMPLES; sample++) {
        double start = now();
        for (int i = 0; i < BURST; i++) {
            work(i, with);
        }
        double cost = (now() - start) / spans;
        if (tracer_flush(5000) != TRACER_OK) {
            exit(1);
        }
        if (sample >= 0) {
            costs[sample] = cost;
        }
    }
    qsort(costs, SAMPLES, sizeof *costs, ascending);
    printf("%s\t%.1f\t%.1f\n", name, costs[SAMPLES / 10], costs[SAMPLES / 2]);
}

/* Sets tracing up to export to a URL, from a thread of another processor than this one; "memory" exports
 * nowhere. */
static inline void set_up(int argc, char **argv) {
    tracer_config *config = tracer_config_new();
    pin_to(1); /* the exporter thread starts from here; the caller moves to the first processor */
    const char *where = argc == 2 ? argv[1] : "none given";
    bool to_url = strcmp(where, "memory") != 0;
    if (tracer_config_set_exporter(config, to_url ? "otlp" : where) != TRACER_OK ||
        (to_url && tracer_config_set_endpoint(config, where) != TRACER_OK) ||
        tracer_init(config) != TRACER_OK) {
        char why[256];
        tracer_last_error(why, sizeof why);
        fprintf(stderr, "usage: hot URL (%s)\n", why);
        exit(2);
    }
    tracer_config_free(config);
    tracer_span_finish(tracer_span_begin("first"));
    if (tracer_flush(5000) != TRACER_OK) {
        exit(1);
    }
    pin_to(0);
}

/* 0 if nothing was lost. */
static inline int finish(void) {
    tracer_stats stats;
    memset(&stats, 0, sizeof stats);
    stats.struct_size = sizeof stats;
    tracer_read_stats(&stats);
    return stats.dropped == 0 ? 0 : 3;
}

#endif
