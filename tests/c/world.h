/* Every function of tracer.h, called in every way: tools/calls.py writes the calls from the header
 * and takes the arguments from a world. First of each member is its NULL or zero, second the usual. */
#ifndef WORLD_H
#define WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <tracer.h>

enum { SPANS = 5, TEXTS = 6, STRUCTS = 4 };

typedef struct world {
    tracer_span spans[SPANS];              /* for: tracer_span */
    const char *texts[TEXTS];              /* for: const char * */
    const void *bytes[2];                  /* for: const void * */
    size_t sizes[5];                       /* for: size_t */
    bool booleans[2];                      /* for: bool */
    int32_t numbers[5];                    /* for: tracer_sampler, tracer_parent, tracer_severity, tracer_span_status, tracer_level, tracer_span_kind, int32_t */
    uint32_t milliseconds[4];              /* for: uint32_t */
    int64_t integers[4];                   /* for: int64_t */
    uint64_t times[4];                     /* for: uint64_t */
    double doubles[5];                     /* for: double */
    char *buffers[2];                      /* for: char * */
    uint8_t flags[4];                      /* for: uint8_t */
    void *user_data[2];                    /* for: void * */
    tracer_carrier_get getters[2];         /* for: tracer_carrier_get */
    tracer_carrier_key namers[2];          /* for: tracer_carrier_key */
    tracer_carrier_set setters[2];         /* for: tracer_carrier_set */
    tracer_baggage_visit visitors[2];      /* for: tracer_baggage_visit */
    tracer_diagnostic_handler handlers[2]; /* for: tracer_diagnostic_handler */
    tracer_id_generator generators[2];     /* for: tracer_id_generator */
    tracer_clock clocks[2];                /* for: tracer_clock */
    tracer_scope_filter filters[2];        /* for: tracer_scope_filter */
    const tracer_processor_callbacks *processors[3]; /* for: const tracer_processor_callbacks * */
    const tracer_exporter_callbacks *exporters[3];   /* for: const tracer_exporter_callbacks * */
    const tracer_sampler_callbacks *samplers[3];     /* for: const tracer_sampler_callbacks * */
    const tracer_propagator_callbacks *propagators[3]; /* for: const tracer_propagator_callbacks * */
    const tracer_ended_span *no_ended[2];            /* for: const tracer_ended_span * */
    tracer_span_view *freed_views[2];                /* for: tracer_span_view * */
    const tracer_batch *no_batch[2];                 /* for: const tracer_batch * */
    const tracer_sampling_output *no_output[2];      /* for: const tracer_sampling_output * */
    const uint8_t *given_ids[2];           /* for: const uint8_t * */
    uint8_t *ids[2];                       /* for: uint8_t * */
    size_t *lengths[2];                    /* for: size_t * */
    const uint8_t **places[2];             /* for: const uint8_t ** */
    tracer_provider **provider_places[2];  /* for: tracer_provider ** */
    tracer_config *changed_configs[2];     /* for: tracer_config * */
    const tracer_config *configs[2];       /* for: const tracer_config * */
    const tracer_provider *providers[2];   /* for: const tracer_provider * */
    const tracer_scope *scopes[2];         /* for: const tracer_scope * */
    const tracer_context *contexts[4];     /* for: const tracer_context * */
    tracer_value *changed_values[2];       /* for: tracer_value * */
    const tracer_value *values[2];         /* for: const tracer_value * */
    const tracer_capture *captures[2];     /* for: const tracer_capture * */
    const tracer_attribute *attributes[3]; /* for: const tracer_attribute * */
    const tracer_span_options *options[STRUCTS]; /* for: const tracer_span_options * */
    const tracer_log_options *log_options[STRUCTS]; /* for: const tracer_log_options * */
    const tracer_limits *limits[3];        /* for: const tracer_limits * */
    const tracer_llm_call *llm_calls[STRUCTS]; /* for: const tracer_llm_call * */
    tracer_stats *stats[3];                /* for: tracer_stats * */
    tracer_metric_stats *metric_stats[3];  /* for: tracer_metric_stats * */
    tracer_log_stats *log_stats[3];        /* for: tracer_log_stats * */
    tracer_provider *freed_providers[2];   /* for: tracer_provider * */
    tracer_scope *freed_scopes[2];         /* for: tracer_scope * */
    tracer_context *freed_contexts[2];     /* for: tracer_context * */
    tracer_capture *freed_captures[2];     /* for: tracer_capture * */
    tracer_task *tasks[2];                 /* for: tracer_task * */
    /* If not NULL, called right before and right after each call. */
    void (*before)(void);
    void (*after)(void);
    /* Makes no captures: they allocate within a span's end, as tests may. */
    bool without_captures;
    /* Calls that changed errno. */
    size_t errno_changed;
} world;

struct call {
    const char *name;
    /* Makes the call in one way; false if there are fewer. */
    bool (*make)(world *, size_t way);
    bool records; /* never fails, aborts or waits */
};

extern const struct call calls[];
extern const size_t call_count;

/* Of the world's own provider: "memory" unless set. */
extern const char *world_exporter;
/* Fills a world with values; what it holds is made when a call is. */
void world_begin(world *w);
/* Gives everything back. */
void world_end(world *w);
/* Makes every call in every way, or only those that record; returns how many. `between`, if not NULL,
 * is called after each function. */
size_t call_all(world *w, bool only_records, void (*between)(world *));
/* The function that this thread calls now, or called last. */
const char *called_now(void);

/* For the calls. */
bool choose(const size_t *counts, size_t parameters, size_t way, size_t *pick);
void ready(world *w);
void over(world *w);
void made_provider(world *w, tracer_provider **place);

#endif
