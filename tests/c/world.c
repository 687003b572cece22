#define _POSIX_C_SOURCE 200809L
#include "world.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ERRNO = 4711 };

static __thread const char *called;
const char *world_exporter = "memory";

const char *called_now(void) { return called; }

/* Way 0: all usual; way 1: all zero or NULL; then each other value of each parameter by turns. */
bool choose(const size_t *counts, size_t parameters, size_t way, size_t *pick) {
    for (size_t at = 0; at < parameters; at++) {
        pick[at] = way != 1;
    }
    if (way < 2) {
        return true;
    }
    way -= 2;
    for (size_t at = 0; at < parameters; at++) {
        size_t others = counts[at] - 1;
        if (way < others) {
            pick[at] = way == 0 ? 0 : way + 1;
            return true;
        }
        way -= others;
    }
    return false;
}

/* Borrowed for the length of a call, as C callers do: the same for all worlds. */
static const tracer_attribute plain[4] = {
    {"text", TRACER_STRING, {{"a text", 6}}},
    {"bytes", TRACER_BYTES, {{"\0\1\2", 3}}},
    {"null", TRACER_STRING, {{NULL, 5}}},
    {NULL, TRACER_INT, {{NULL, 0}}},
};
static const tracer_attribute odd[4] = {
    {"\xff\xfe", TRACER_STRING, {{"\xc0\x80\xff", 3}}},
    {"type", 4711, {{"text", 4}}},
    {"nested", TRACER_NESTED, {{NULL, 0}}},
    {"long", TRACER_STRING, {{"text", SIZE_MAX}}},
};
static tracer_link link_values[2] = {{NULL, plain, 4}, {NULL, NULL, 4}};
static tracer_span_options usual = TRACER_SPAN_OPTIONS_INIT, empty, wrong = TRACER_SPAN_OPTIONS_INIT;
static tracer_log_options log_usual = TRACER_LOG_OPTIONS_INIT, log_empty, log_wrong = TRACER_LOG_OPTIONS_INIT;
static const tracer_limits limits = {sizeof limits, 3, 4, 2, 2, 2, 2, 4, 1, 0}, no_limits = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0};

static tracer_llm_call llm_call = TRACER_LLM_CALL_INIT, no_llm_call;
static const tracer_llm_call odd_llm_call = {sizeof odd_llm_call, "\xff\xfe", "", UINT64_MAX, UINT64_MAX, -1, 1e300};

#define FILL(member, ...)                              \
    do {                                               \
        const struct {                                 \
            int unused;                                \
            __typeof__(w->member) values;              \
        } filled = {0, {__VA_ARGS__}};                 \
        memcpy((void *)w->member, filled.values, sizeof w->member); \
    } while (0)

static void fill_structs(world *w) {
    FILL(attributes, NULL, plain, odd);
    FILL(options, NULL, &usual, &empty, &wrong);
    FILL(log_options, NULL, &log_usual, &log_empty, &log_wrong);
    FILL(limits, NULL, &limits, &no_limits);
    FILL(llm_calls, NULL, &llm_call, &no_llm_call, &odd_llm_call);
}

/* A carrier that always has the same two fields, whatever it is asked for. */
static const char *odd_get(void *carrier, const char *key) {
    return carrier == NULL || key[0] != 't' ? "\xff=,;a=\x01" : "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01";
}
static const char *odd_key(void *carrier, size_t index) {
    (void)carrier;
    return index == 0 ? "uberctx-\xff" : index == 1 ? "" : NULL;
}
static void odd_set(void *carrier, const char *key, const char *value) {
    (void)carrier, (void)key, (void)value;
}
static void odd_visit(void *data, tracer_text name, tracer_text value, tracer_text metadata) {
    (void)data, (void)name, (void)value, (void)metadata;
}
static void odd_handler(void *data, tracer_level level, const char *message) {
    (void)data, (void)level, (void)message;
}

static void odd_ids(void *data, uint8_t *out, size_t len) { (void)data, (void)out, (void)len; }
static uint64_t odd_clock(void *data) { return (void)data, 1; }
static bool odd_filter(void *data, const char *name, const char *version) {
    return (void)data, (void)version, name[0] != 'n';
}
static tracer_export_result odd_export(void *data, const tracer_batch *batch) {
    return (void)data, (void)batch, -1;
}
static tracer_decision odd_sample(void *data, const tracer_sampling_input *in, tracer_sampling_output *out) {
    return (void)data, (void)in, (void)out, -1;
}
static void odd_inject(void *data, const tracer_context *context, tracer_carrier_set set, void *carrier) {
    (void)data, (void)context;
    set(carrier, NULL, NULL);
    set(NULL, "\xff", "");
}
static tracer_context *odd_extract(void *data, const tracer_context *context, tracer_carrier_get get,
                                   tracer_carrier_key key, void *carrier) {
    (void)data, (void)get(carrier, NULL), (void)get(NULL, "a"), (void)key(carrier, SIZE_MAX);
    return (tracer_context *)(uintptr_t)context; /* not a new one */
}
static const tracer_processor_callbacks no_hooks = TRACER_PROCESSOR_CALLBACKS_INIT, no_size;
static tracer_exporter_callbacks exporter = TRACER_EXPORTER_CALLBACKS_INIT, no_export;
static tracer_propagator_callbacks propagator = TRACER_PROPAGATOR_CALLBACKS_INIT, no_format;
static tracer_sampler_callbacks sampler = TRACER_SAMPLER_CALLBACKS_INIT, no_sample;

static char long_text[5000];

/* What all worlds have in common, which several threads may begin. */
static void fill_common(void) {
    memset(long_text, 'x', sizeof long_text - 1);
    usual.kind = TRACER_KIND_SERVER;
    usual.attributes = plain;
    usual.attribute_count = 4;
    usual.links = link_values;
    usual.link_count = 2;
    wrong.flags = UINT32_MAX;
    wrong.kind = -5;
    wrong.start_unix_ns = UINT64_MAX;
    wrong.attributes = odd;
    wrong.attribute_count = 4;
    wrong.links = link_values;
    wrong.link_count = SIZE_MAX;
    log_usual.attributes = plain;
    log_usual.attribute_count = 4;
    log_usual.severity_text = "usual";
    log_usual.event_name = "event";
    log_wrong.flags = UINT32_MAX - 1;
    log_wrong.attributes = odd;
    log_wrong.attribute_count = SIZE_MAX;
    log_wrong.unix_ns = UINT64_MAX;
    log_wrong.severity_text = "\xff";
    log_wrong.event_name = "\xc3(";
    llm_call.provider = "openai";
    llm_call.model = "gpt-4o";
    exporter.export_spans = odd_export;
    sampler.sample = odd_sample;
    propagator.inject = odd_inject;
    propagator.extract = odd_extract;
}

void world_begin(world *w) {
    static pthread_once_t filled = PTHREAD_ONCE_INIT;
    pthread_once(&filled, fill_common);
    memset(w, 0, sizeof *w);
    FILL(spans, {0, 0}, {0, 0}, {0, 0}, {7, UINT64_C(1) << 60}, {UINT64_MAX, UINT64_MAX});
    FILL(texts, NULL, "a text", "\xff\xfe\xc3(", "\0\0\0\0", long_text,
         "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01");
    FILL(bytes, NULL, "bytes");
    FILL(sizes, 0, 4, 1, SIZE_MAX, SIZE_MAX / 2 + 1);
    FILL(booleans, false, true);
    FILL(numbers, 0, 1, -1, INT32_MIN, INT32_MAX);
    FILL(milliseconds, 0, 50, 1, UINT32_MAX);
    FILL(integers, 0, 1, INT64_MIN, INT64_MAX);
    FILL(times, 0, 1, UINT64_MAX, UINT64_C(1700000000000000000));
    FILL(doubles, 0, 0.5, -1, (double)NAN, (double)INFINITY);
    FILL(buffers, NULL, calloc(1, 5000));
    FILL(ids, NULL, calloc(1, 16));
    FILL(given_ids, NULL, (const uint8_t *)"0123456789abcdef");
    FILL(flags, 0, 1, 2, 255);
    FILL(user_data, NULL, "data");
    FILL(getters, NULL, odd_get);
    FILL(namers, NULL, odd_key);
    FILL(setters, NULL, odd_set);
    FILL(visitors, NULL, odd_visit);
    FILL(handlers, NULL, odd_handler);
    FILL(generators, NULL, odd_ids);
    FILL(clocks, NULL, odd_clock);
    FILL(filters, NULL, odd_filter);
    FILL(processors, NULL, &no_hooks, &no_size);
    FILL(exporters, NULL, &exporter, &no_export);
    FILL(samplers, NULL, &sampler, &no_sample);
    FILL(propagators, NULL, &propagator, &no_format);
    FILL(lengths, NULL, calloc(1, sizeof(size_t)));
    FILL(places, NULL, calloc(1, sizeof(uint8_t *)));
    FILL(provider_places, NULL, calloc(1, sizeof(tracer_provider *)));
    FILL(stats, NULL, calloc(1, sizeof(tracer_stats)), calloc(1, sizeof(size_t)));
    w->stats[1]->struct_size = sizeof(tracer_stats);
    FILL(log_stats, NULL, calloc(1, sizeof(tracer_log_stats)), calloc(1, sizeof(size_t)));
    w->log_stats[1]->struct_size = sizeof(tracer_log_stats);
    FILL(metric_stats, NULL, calloc(1, sizeof(tracer_metric_stats)), calloc(1, sizeof(size_t)));
    w->metric_stats[1]->struct_size = sizeof(tracer_metric_stats);
    fill_structs(w);
    tracer_config *config = tracer_config_new();
    (void)!tracer_config_set_exporter(config, world_exporter);
    w->configs[1] = config;
    tracer_provider *provider = NULL;
    (void)!tracer_provider_new(config, &provider);
    w->providers[1] = provider;
    w->scopes[1] = tracer_scope_new(NULL, "world", "1", NULL);
    w->contexts[1] = tracer_context_from_traceparent(w->texts[5], "a=b");
    w->contexts[2] = tracer_context_from_traceparent("none", NULL);
    w->spans[2] = tracer_span_start(NULL, "ended", NULL);
    tracer_span_end(w->spans[2]);
    w->contexts[3] = tracer_span_context(w->spans[2]);
    w->values[1] = tracer_value_new();
    w->captures[1] = tracer_capture_new();
}

void world_end(world *w) {
    tracer_span_end(w->spans[1]);
    tracer_config_free((tracer_config *)(uintptr_t)w->configs[1]);
    tracer_provider_free((tracer_provider *)(uintptr_t)w->providers[1]);
    tracer_scope_free((tracer_scope *)(uintptr_t)w->scopes[1]);
    for (size_t at = 1; at < sizeof w->contexts / sizeof *w->contexts; at++) {
        tracer_context_free((tracer_context *)(uintptr_t)w->contexts[at]);
    }
    tracer_value_free((tracer_value *)(uintptr_t)w->values[1]);
    tracer_capture_free((tracer_capture *)(uintptr_t)w->captures[1]);
    tracer_config_free(w->changed_configs[1]);
    tracer_value_free(w->changed_values[1]);
    tracer_provider_free(w->freed_providers[1]);
    tracer_scope_free(w->freed_scopes[1]);
    tracer_context_free(w->freed_contexts[1]);
    tracer_capture_free(w->freed_captures[1]);
    tracer_task_free(w->tasks[1]);
    tracer_span_view_free(w->freed_views[1]);
    void *allocated[] = {w->buffers[1], w->ids[1],   w->lengths[1], (void *)w->places[1],
                         w->provider_places[1], w->stats[1], w->stats[2],
                         w->log_stats[1], w->log_stats[2],
                         w->metric_stats[1], w->metric_stats[2]};
    for (size_t at = 0; at < sizeof allocated / sizeof *allocated; at++) {
        free(allocated[at]);
    }
}

/* Makes what the last call took away. */
void ready(world *w) {
    if (!tracer_span_is_recording(w->spans[1])) {
        w->spans[1] = tracer_span_start(NULL, "usual", NULL);
    }
    if (w->changed_configs[1] == NULL) {
        w->changed_configs[1] = tracer_config_new();
    }
    if (w->changed_values[1] == NULL) {
        w->changed_values[1] = tracer_value_new();
    }
    if (w->freed_providers[1] == NULL) {
        (void)!tracer_provider_new(w->configs[1], &w->freed_providers[1]);
    }
    if (w->freed_scopes[1] == NULL) {
        w->freed_scopes[1] = tracer_scope_new(NULL, "freed", NULL, NULL);
    }
    if (w->freed_contexts[1] == NULL) {
        w->freed_contexts[1] = tracer_context_current();
    }
    if (w->freed_captures[1] == NULL && !w->without_captures) {
        w->freed_captures[1] = tracer_capture_new();
    }
    if (w->tasks[1] == NULL) {
        w->tasks[1] = tracer_task_new();
    }
    if (w->freed_views[1] == NULL) {
        w->freed_views[1] = tracer_span_view_new(w->spans[1]);
    }
    errno = ERRNO;
    if (w->before != NULL) {
        w->before();
    }
}

void over(world *w) {
    int now = errno;
    if (w->after != NULL) {
        w->after();
    }
    if (now != ERRNO) {
        w->errno_changed++;
        fprintf(stderr, "%s changed errno to %d\n", called, now);
    }
}

void made_provider(world *w, tracer_provider **place) {
    (void)w;
    if (place != NULL) {
        tracer_provider_free(*place);
        *place = NULL;
    }
}

size_t call_all(world *w, bool only_records, void (*between)(world *)) {
    size_t made = 0;
    for (size_t at = 0; at < call_count; at++) {
        called = calls[at].name;
        if (only_records && !calls[at].records) {
            continue;
        }
        for (size_t way = 0; calls[at].make(w, way); way++) {
            made++;
        }
        if (between != NULL) {
            between(w);
        }
    }
    return made;
}
