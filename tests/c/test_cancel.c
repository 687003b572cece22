/* pthread_cancel, deferred: no call is a cancellation point. One that were would unwind through the
 * library, which ends the process; so each is made with a cancellation pending. */
#define _GNU_SOURCE
#include "harness.h"
#include "sink.h"
#include "world.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

static volatile int got_through;

static void cancel_myself(void) { pthread_cancel(pthread_self()); }

static void *call_with_cancellation_pending(void *unused) {
    (void)unused;
    static world w;
    cancel_myself();
    world_begin(&w); /* the thread's very first calls included */
    call_all(&w, false, NULL);
    world_end(&w);
    got_through = 1;
    pthread_testcancel();
    got_through = 2;
    return NULL;
}

static void run_cancelled(void *(*work)(void *)) {
    pthread_t thread;
    void *result = NULL;
    got_through = 0;
    CHECK_INT(pthread_create(&thread, NULL, work, NULL), 0);
    CHECK_INT(pthread_join(thread, &result), 0);
    CHECK(result == PTHREAD_CANCELED);
    CHECK_INT(got_through, 1);
    tracer_stats now = stats();
    CHECK_INT(now.panics, 0);
    CHECK_INT(now.started, now.exported + now.dropped + now.queued + now.spooled + now.open);
}

static void no_call_is_a_cancellation_point(void) {
    run_cancelled(call_with_cancellation_pending); /* the process's first calls */
    set_up("memory");
    run_cancelled(call_with_cancellation_pending);
    set_up("console");
    run_cancelled(call_with_cancellation_pending);
}

static void set_up_queue(size_t most, size_t of_batch) {
    tracer_config *config = tracer_config_new();
    CHECK_INT(tracer_config_load_env(config), TRACER_OK);
    CHECK_INT(tracer_config_set_exporter(config, "memory"), TRACER_OK);
    CHECK_INT(tracer_config_set_logs_exporter(config, "otlp"), TRACER_OK);
    CHECK_INT(tracer_config_set_batch(config, most, of_batch, 0, 0), TRACER_OK);
    CHECK_INT(tracer_config_set_logs_batch(config, most, of_batch, 0, 0), TRACER_OK);
    CHECK_INT(tracer_init(config), TRACER_OK);
    tracer_config_free(config);
}

static void *record_with_cancellation_pending(void *unused) {
    (void)unused;
    cancel_myself();
    for (int at = 0; at < 1000; at++) {
        errno = at;
        tracer_span span = tracer_span_begin("cancelled");
        tracer_log_emit(NULL, TRACER_SEVERITY_INFO, "cancelled", 9, NULL);
        tracer_span_finish(span);
        CHECK_INT(errno, at);
    }
    got_through = 1;
    pthread_testcancel();
    got_through = 2;
    return NULL;
}

/* Recording wakes the exporter here, which elsewhere happens once in a while. */
static void with_queues_of_all_sizes(void) {
    sink *receiver = sink_start(false);
    sink_environment(sink_port(receiver));
    set_up_queue(0, 0);
    run_cancelled(record_with_cancellation_pending);
    set_up_queue(0, 1);
    run_cancelled(record_with_cancellation_pending);
    set_up_queue(1, 1);
    run_cancelled(record_with_cancellation_pending);
    set_up_queue(8, 4);
    run_cancelled(record_with_cancellation_pending);
    set_up("none");
    CHECK(sink_requests(receiver) > 0);
    sink_stop(receiver);
}

static void *read_files_with_cancellation_pending(void *unused) {
    (void)unused;
    cancel_myself();
    tracer_config *config = tracer_config_new();
    (void)!tracer_config_load_env(config); /* complains of a variable, on standard error */
    (void)!tracer_config_set_exporter(config, "otlp");
    (void)!tracer_config_set_endpoint(config, "https://localhost:1");
    (void)!tracer_config_set_certificate(config, "/etc/passwd");
    (void)!tracer_init(config);
    (void)!tracer_init_from_env();
    tracer_config_free(config);
    got_through = 1;
    pthread_testcancel();
    got_through = 2;
    return NULL;
}

static void set_up_is_none_either(void) {
    setenv("OTEL_BSP_SCHEDULE_DELAY", "soon", 1);
    run_cancelled(read_files_with_cancellation_pending);
    unsetenv("OTEL_BSP_SCHEDULE_DELAY");
}

static int recorded;

static void *record_until_cancelled(void *unused) {
    (void)unused;
    for (;;) {
        tracer_span span = tracer_span_begin("cancelled at any time, between calls");
        tracer_span_set_int(span, "i", 1);
        __atomic_add_fetch(&recorded, 1, __ATOMIC_SEQ_CST);
        pthread_testcancel(); /* dies with the span open */
        tracer_span_finish(span);
    }
    return NULL;
}

static void a_thread_dies_with_open_spans(void) {
    enum { THREADS = 20 };
    set_up("memory");
    for (int at = 0; at < THREADS; at++) {
        pthread_t thread;
        void *result = NULL;
        __atomic_store_n(&recorded, 0, __ATOMIC_SEQ_CST);
        CHECK_INT(pthread_create(&thread, NULL, record_until_cancelled, NULL), 0);
        while (__atomic_load_n(&recorded, __ATOMIC_SEQ_CST) < 10) {
            sched_yield();
        }
        pthread_cancel(thread);
        CHECK_INT(pthread_join(thread, &result), 0);
        CHECK(result == PTHREAD_CANCELED);
    }
    CHECK_INT(tracer_flush(5000), TRACER_OK);
    tracer_stats now = stats();
    CHECK_INT(now.open, THREADS);
    CHECK_INT(now.queued, 0);
    CHECK_INT(now.started, now.exported + now.dropped + now.open);
}

int main(void) {
    setenv("OTEL_TRACES_EXPORTER", "none", 1);
    RUN(no_call_is_a_cancellation_point);
    RUN(with_queues_of_all_sizes);
    RUN(set_up_is_none_either);
    RUN(a_thread_dies_with_open_spans);
    return finish();
}
