/* What hot.c and hot.cpp share beside row.h: libtracer's set-up and account. */
#ifndef HOT_H
#define HOT_H

#include "row.h"

#include <tracer.h>

static const char UNSAMPLED[] = "00-07070707070707070707070707070707-0707070707070707-00";

static bool flush(void) {
    return tracer_flush(5000) == TRACER_OK;
}

/* Sets tracing up to export to a URL, from a thread of another processor than this one; what
 * is none is the name of an exporter. */
static inline void set_up(int argc, char **argv) {
    tracer_config *config = tracer_config_new();
    pin_to(1); /* the exporter thread starts from here; the caller moves to the first processor */
    const char *where = argc == 2 ? argv[1] : "none given";
    bool to_url = strstr(where, "://") != NULL;
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
    if (!flush()) {
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
