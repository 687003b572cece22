/* pthread_cancel while a call waits, and while it runs a callback of the program's own: the call is
 * made to its end, and the thread ends at its own next cancellation point. Asynchronous cancellation is
 * for the time between calls. */
#define _GNU_SOURCE
#include "harness.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdlib.h>

enum { ERRNO = 77, LONG = 60000, SPANS = 8 };

typedef struct {
    tracer_status (*call)(void);
    bool pending; /* cancelled before the call, not while it waits */
    volatile bool returned;
    volatile tracer_status status;
} cancelled_call;

static tracer_provider *provider;
static sem_t inside, leave;

static tracer_export_result export_slowly(void *unused, const tracer_batch *batch) {
    (void)unused, (void)batch;
    sem_post(&inside);
    sem_wait(&leave);
    return TRACER_EXPORT_OK;
}

static void set_up_slow_exporter(void) {
    tracer_exporter_callbacks own = TRACER_EXPORTER_CALLBACKS_INIT;
    own.export_spans = export_slowly;
    tracer_config *config = tracer_config_new();
    CHECK_INT(tracer_config_set_exporter(config, "none"), TRACER_OK);
    CHECK_INT(tracer_config_add_exporter(config, "slow", &own), TRACER_OK);
    CHECK_INT(tracer_provider_new(config, &provider), TRACER_OK);
    CHECK_INT(tracer_provider_set_default(provider), TRACER_OK);
    tracer_config_free(config);
}

static tracer_status flush_all(void) { return tracer_flush(LONG); }
static tracer_status shut_all_down(void) { return tracer_shutdown(LONG); }
static tracer_status flush_one(void) { return tracer_provider_flush(provider, LONG); }
static tracer_status shut_one_down(void) { return tracer_provider_shutdown(provider, LONG); }

/* Waits for what the default provider has still to deliver. */
static tracer_status replace(void) {
    tracer_config *config = tracer_config_new();
    tracer_status status = tracer_config_set_exporter(config, "memory");
    status = status != TRACER_OK ? status : tracer_init(config);
    tracer_config_free(config);
    return status;
}

static void *make_call(void *argument) {
    cancelled_call *call = argument;
    if (call->pending) {
        pthread_cancel(pthread_self());
    }
    call->status = call->call();
    call->returned = true;
    pthread_testcancel();
    return NULL;
}

static void cancel_waiting(tracer_status (*waiting)(void), bool pending) {
    cancelled_call call = {waiting, pending, false, TRACER_INTERNAL};
    pthread_t thread;
    void *result = NULL;
    sem_init(&inside, 0, 0);
    sem_init(&leave, 0, 0);
    set_up_slow_exporter();
    tracer_span_finish(tracer_span_begin("slow"));
    CHECK_INT(pthread_create(&thread, NULL, make_call, &call), 0);
    sem_wait(&inside); /* the call has made the exporter work, and waits for it */
    CHECK(!call.returned);
    pthread_cancel(thread);
    CHECK_INT(pthread_tryjoin_np(thread, &result), EBUSY);
    sem_post(&leave);
    CHECK_INT(pthread_join(thread, &result), 0);
    CHECK(result == PTHREAD_CANCELED);
    CHECK(call.returned);
    CHECK_INT(call.status, TRACER_OK);
    tracer_stats account = TRACER_STATS_INIT;
    tracer_provider_read_stats(provider, &account);
    CHECK_INT(account.started, 1);
    CHECK_INT(account.exported, 1);
    CHECK_INT(account.panics, 0);
    CHECK_INT(tracer_provider_shutdown(provider, 5000), TRACER_OK);
    tracer_provider_free(provider);
}

static void cancel_each_way(tracer_status (*waiting)(void)) {
    cancel_waiting(waiting, false);
    cancel_waiting(waiting, true);
}

static void waiting_in_a_flush(void) { cancel_each_way(flush_all); }
static void waiting_in_a_shutdown(void) { cancel_each_way(shut_all_down); }
static void waiting_in_a_flush_of_one_provider(void) { cancel_each_way(flush_one); }
static void waiting_in_a_shutdown_of_one_provider(void) { cancel_each_way(shut_one_down); }
static void waiting_in_set_up(void) { cancel_each_way(replace); }

static tracer_status record_more_than_fits(void) {
    for (int at = 0; at < SPANS; at++) {
        tracer_span_finish(tracer_span_begin("waits for room"));
    }
    return TRACER_OK;
}

/* The blocking mode: the queue has room for one, and the exporter holds another. */
static void waiting_at_the_end_of_a_span(void) {
    cancelled_call call = {record_more_than_fits, false, false, TRACER_INTERNAL};
    tracer_exporter_callbacks own = TRACER_EXPORTER_CALLBACKS_INIT;
    own.export_spans = export_slowly;
    pthread_t thread;
    void *result = NULL;
    sem_init(&inside, 0, 0);
    sem_init(&leave, 0, 0);
    tracer_config *config = tracer_config_new();
    CHECK_INT(tracer_config_set_exporter(config, "none"), TRACER_OK);
    CHECK_INT(tracer_config_set_batch(config, 1, 1, 0, 0), TRACER_OK);
    CHECK_INT(tracer_config_set_blocking(config, LONG), TRACER_OK);
    CHECK_INT(tracer_config_add_exporter(config, "slow", &own), TRACER_OK);
    CHECK_INT(tracer_init(config), TRACER_OK);
    tracer_config_free(config);
    CHECK_INT(pthread_create(&thread, NULL, make_call, &call), 0);
    sem_wait(&inside);
    pthread_cancel(thread);
    CHECK_INT(pthread_tryjoin_np(thread, &result), EBUSY);
    for (int at = 0; at < SPANS; at++) {
        sem_post(&leave);
    }
    CHECK_INT(pthread_join(thread, &result), 0);
    CHECK(result == PTHREAD_CANCELED);
    CHECK(call.returned);
    CHECK_INT(tracer_flush(5000), TRACER_OK);
    CHECK_INT(stats().started, SPANS);
    CHECK_INT(stats().exported, SPANS);
}

/* Each callback is a cancellation point, and leaves another errno. */

static unsigned seen;

static void be_a_cancellation_point(unsigned callback) {
    seen |= callback;
    errno = ERRNO + 1;
    pthread_testcancel();
}

enum {
    SAMPLER = 1,
    STARTED = 2,
    ENDING = 4,
    ENDED = 8,
    IDS = 16,
    CLOCK = 32,
    FILTER = 64,
    CARRIER = 128,
    VISIT = 256,
    PROCESSOR = 512,
    TOLD = 1024,
    EVERY = 2047
};

static tracer_decision sample(void *unused, const tracer_sampling_input *in, tracer_sampling_output *out) {
    (void)unused, (void)in, (void)out;
    be_a_cancellation_point(SAMPLER);
    return TRACER_DECISION_RECORD_AND_SAMPLE;
}

static void on_start(void *unused, tracer_span span, const tracer_context *parent) {
    (void)unused, (void)span, (void)parent;
    be_a_cancellation_point(STARTED);
}

static void on_ending(void *unused, tracer_span span) {
    (void)unused, (void)span;
    be_a_cancellation_point(ENDING);
}

static void on_end(void *unused, const tracer_ended_span *ended) {
    (void)unused, (void)ended;
    be_a_cancellation_point(ENDED);
}

static bool flush_processor(void *unused, uint32_t timeout_ms) {
    (void)unused, (void)timeout_ms;
    be_a_cancellation_point(PROCESSOR);
    return true;
}

static void make_id(void *unused, uint8_t *out, size_t len) {
    (void)unused, (void)out, (void)len; /* zero: the library's own */
    be_a_cancellation_point(IDS);
}

static uint64_t tell_time(void *unused) {
    (void)unused;
    be_a_cancellation_point(CLOCK);
    return 0;
}

static bool records(void *unused, const char *name, const char *version) {
    (void)unused, (void)name, (void)version;
    be_a_cancellation_point(FILTER);
    return true;
}

static void set_field(void *unused, const char *key, const char *value) {
    (void)unused, (void)key, (void)value;
    be_a_cancellation_point(CARRIER);
}

static void visit(void *unused, tracer_text name, tracer_text value, tracer_text metadata) {
    (void)unused, (void)name, (void)value, (void)metadata;
    be_a_cancellation_point(VISIT);
}

static void hear(void *unused, tracer_level level, const char *message) {
    (void)unused, (void)level, (void)message;
    be_a_cancellation_point(TOLD);
}

static void set_up_callbacks(void) {
    tracer_sampler_callbacks sampler = TRACER_SAMPLER_CALLBACKS_INIT;
    tracer_processor_callbacks processor = TRACER_PROCESSOR_CALLBACKS_INIT;
    sampler.sample = sample;
    processor.on_start = on_start;
    processor.on_ending = on_ending;
    processor.on_end = on_end;
    processor.flush = flush_processor;
    tracer_config *config = tracer_config_new();
    CHECK_INT(tracer_config_set_exporter(config, "memory"), TRACER_OK);
    CHECK_INT(tracer_config_set_sampler_callbacks(config, &sampler, false), TRACER_OK);
    CHECK_INT(tracer_config_add_processor(config, &processor), TRACER_OK);
    CHECK_INT(tracer_config_set_id_generator(config, make_id, false, NULL), TRACER_OK);
    CHECK_INT(tracer_config_set_clock(config, tell_time, NULL), TRACER_OK);
    CHECK_INT(tracer_config_set_scope_filter(config, records, NULL), TRACER_OK);
    CHECK_INT(tracer_init(config), TRACER_OK);
    tracer_config_free(config);
}

static tracer_status use_callbacks(void) {
    errno = ERRNO;
    tracer_scope *scope = tracer_scope_new(NULL, "cancelled", NULL, NULL);
    CHECK_INT(errno, ERRNO);
    tracer_span span = tracer_span_start(scope, "cancelled", NULL);
    CHECK_INT(errno, ERRNO);
    tracer_span_add_event(span, "event", NULL, 0);
    CHECK_INT(errno, ERRNO);
    tracer_span_enter(span);
    tracer_context_inject(NULL, set_field, NULL);
    CHECK_INT(errno, ERRNO);
    tracer_context *context = tracer_context_from_traceparent(NULL, NULL);
    tracer_context *with = tracer_context_with_baggage(context, "a", "b", NULL);
    tracer_context_visit_baggage(with, visit, NULL);
    CHECK_INT(errno, ERRNO);
    tracer_span_finish(span);
    CHECK_INT(errno, ERRNO);
    CHECK_INT(tracer_flush(5000), TRACER_OK);
    CHECK_INT(errno, ERRNO);
    CHECK_INT(stats().started, 1);
    CHECK_INT(stats().exported, 1);
    setenv("OTEL_BSP_SCHEDULE_DELAY", "soon", 1);
    tracer_status status = tracer_init_from_env(); /* complains of it */
    unsetenv("OTEL_BSP_SCHEDULE_DELAY");
    tracer_context_free(with);
    tracer_context_free(context);
    tracer_scope_free(scope);
    return status;
}

static void within_callbacks(void) {
    cancelled_call call = {use_callbacks, true, false, TRACER_INTERNAL};
    pthread_t thread;
    void *result = NULL;
    CHECK_INT(tracer_set_diagnostic_handler(hear, NULL), TRACER_OK);
    set_up_callbacks();
    seen = 0;
    CHECK_INT(pthread_create(&thread, NULL, make_call, &call), 0);
    CHECK_INT(pthread_join(thread, &result), 0);
    CHECK(result == PTHREAD_CANCELED);
    CHECK(call.returned);
    CHECK_INT(call.status, TRACER_OK);
    CHECK_INT(seen, EVERY);
    CHECK_INT(stats().panics, 0);
}

static int spinning;

/* Asynchronous cancellation is on for what the thread does by itself. */
static void *spin_within_a_span(void *unused) {
    static int before; /* what AddressSanitizer puts around a local one stays: this never returns */
    (void)unused;
    tracer_span_begin("open when its thread is cancelled");
    __atomic_store_n(&spinning, 1, __ATOMIC_SEQ_CST);
    pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &before);
    for (;;) {
    }
    return NULL;
}

static void asynchronously_between_calls(void) {
    enum { THREADS = 10 };
    set_up("memory");
    for (int at = 0; at < THREADS; at++) {
        pthread_t thread;
        void *result = NULL;
        __atomic_store_n(&spinning, 0, __ATOMIC_SEQ_CST);
        CHECK_INT(pthread_create(&thread, NULL, spin_within_a_span, NULL), 0);
        while (__atomic_load_n(&spinning, __ATOMIC_SEQ_CST) == 0) {
            sched_yield();
        }
        pthread_cancel(thread);
        CHECK_INT(pthread_join(thread, &result), 0);
        CHECK(result == PTHREAD_CANCELED);
    }
    tracer_stats now = stats();
    CHECK_INT(now.started, THREADS);
    CHECK_INT(now.open, THREADS);
    CHECK_INT(now.panics, 0);
}

int main(void) {
    setenv("OTEL_TRACES_EXPORTER", "none", 1);
    RUN(waiting_in_a_flush);
    RUN(waiting_in_a_shutdown);
    RUN(waiting_in_a_flush_of_one_provider);
    RUN(waiting_in_a_shutdown_of_one_provider);
    RUN(waiting_in_set_up);
    RUN(waiting_at_the_end_of_a_span);
    RUN(asynchronously_between_calls);
    RUN(within_callbacks); /* its handler of diagnostics stays */
    return finish();
}
