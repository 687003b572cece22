/* How hot.c, hot.cpp and otel.cpp measure: rows of p10 and median in ns. */
#ifndef ROW_H
#define ROW_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#ifndef SAMPLES
#define SAMPLES 300
#endif
#define WARM_UP (SAMPLES / 10)
#define BURST 1024

static const char NAME[] = "GET /api/v1/users/{id}";
static const char TEXT[] = "GET /api/v1/users";

/* The program's own: exports what waits, after each burst; false if that failed. */
static bool flush(void);

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
    for (int sample = -WARM_UP; sample < SAMPLES; sample++) {
        double start = now();
        for (int i = 0; i < BURST; i++) {
            work(i, with);
        }
        double cost = (now() - start) / spans;
        if (!flush()) {
            exit(1);
        }
        if (sample >= 0) {
            costs[sample] = cost;
        }
    }
    qsort(costs, SAMPLES, sizeof *costs, ascending);
    printf("%s\t%.1f\t%.1f\n", name, costs[SAMPLES / 10], costs[SAMPLES / 2]);
}

#endif
