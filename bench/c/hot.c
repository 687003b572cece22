/* Rows N1, N3 and N4 from C, export on: hot URL prints row, p10 and median in ns. */
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <tracer.h>

enum { BURST = 1024, SAMPLES = 300 };

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void pin_to(int processor) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(processor, &set);
    sched_setaffinity(0, sizeof set, &set);
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void row(const char *name, void (*work)(int, const tracer_span_options *),
                const tracer_span_options *options) {
    static double costs[SAMPLES];
    for (int sample = -SAMPLES / 10; sample < SAMPLES; sample++) {
        double start = now();
        for (int i = 0; i < BURST; i++) {
            work(i, options);
        }
        double cost = (now() - start) / BURST;
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

static const char NAME[] = "GET /api/v1/users/{id}";
static const char UNSAMPLED[] = "00-07070707070707070707070707070707-0707070707070707-00";
static const char TEXT[] = "GET /api/v1/users";

static void none(int i, const tracer_span_options *options) {
    (void)i;
    tracer_span_end(tracer_span_start(NULL, NAME, options));
}

static void four(int i, const tracer_span_options *options) {
    tracer_span span = tracer_span_start(NULL, NAME, options);
    tracer_span_set_string(span, "http.request.method", TEXT, strlen(TEXT));
    tracer_span_set_int(span, "http.response.status_code", 200 + (i & 7));
    tracer_span_set_double(span, "app.duration_ms", i * 0.5);
    tracer_span_set_bool(span, "cache.hit", i & 1);
    tracer_span_end(span);
}

int main(int argc, char **argv) {
    tracer_config *config = tracer_config_new();
    pin_to(1); /* the exporter thread starts from here; the caller moves to the first processor */
    if (argc != 2 || tracer_config_set_exporter(config, "otlp") != TRACER_OK ||
        tracer_config_set_endpoint(config, argv[1]) != TRACER_OK || tracer_init(config) != TRACER_OK) {
        char why[256];
        tracer_last_error(why, sizeof why);
        fprintf(stderr, "usage: hot URL (%s)\n", why);
        return 2;
    }
    tracer_config_free(config);
    tracer_span parent = tracer_span_begin("parent");
    tracer_context *context = tracer_span_context(parent);
    tracer_span_finish(parent);
    if (tracer_flush(5000) != TRACER_OK) {
        return 1;
    }
    pin_to(0);
    tracer_span_options options = TRACER_SPAN_OPTIONS_INIT;
    options.parent = context;
    row("N3", none, &options);
    row("N1", four, &options);
    tracer_context_free(context);
    context = tracer_context_from_traceparent(UNSAMPLED, NULL);
    options.parent = context;
    row("N4", none, &options);
    tracer_context_free(context);
    tracer_stats stats;
    memset(&stats, 0, sizeof stats);
    stats.struct_size = sizeof stats;
    tracer_read_stats(&stats);
    return stats.dropped == 0 ? 0 : 3;
}
