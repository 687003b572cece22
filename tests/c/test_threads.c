/* Threads: full speed with the default configuration, and the account is exact. */
#define _POSIX_C_SOURCE 200809L
#include "harness.h"
#include "otlp.h"

#include <pthread.h>

enum { THREADS = 4, SPANS = 200000 };

static void check_account(uint64_t started) {
    tracer_stats now = stats();
    CHECK_INT(now.started, started);
    CHECK_INT(now.started, now.exported + now.dropped + now.queued + now.spooled + now.open);
    CHECK_INT(now.dropped, now.dropped_queue_full + now.dropped_open_limit + now.dropped_export_failed +
                               now.dropped_rejected + now.dropped_shutdown + now.dropped_reentrant +
                               now.dropped_no_memory + now.dropped_no_exporter);
}

static void run_all(size_t count, void *(*work)(void *), void *argument) {
    pthread_t threads[64];
    for (size_t at = 0; at < count; at++) {
        CHECK_INT(pthread_create(&threads[at], NULL, work, argument), 0);
    }
    for (size_t at = 0; at < count; at++) {
        CHECK_INT(pthread_join(threads[at], NULL), 0);
    }
}

static void *record_many(void *argument) {
    (void)argument;
    for (int i = 0; i < SPANS / 2; i++) {
        tracer_span outer = tracer_span_begin("outer");
        tracer_span_set_int(outer, "i", i);
        tracer_span inner = tracer_span_begin("inner");
        tracer_span_set_string(inner, "text", "some text", 9);
        tracer_span_finish(inner);
        tracer_span_finish(outer);
    }
    return NULL;
}

static void four_threads_at_full_speed(void) {
    set_up("memory");
    double begun = seconds();
    run_all(THREADS, record_many, NULL);
    double took = seconds() - begun;
    CHECK_INT(tracer_flush(10000), TRACER_OK);
    check_account(THREADS * SPANS);
    tracer_stats now = stats();
    CHECK_INT(now.open + now.queued, 0);
    printf("       %d threads, %d spans: %.0f ns a span and thread, %" PRIu64 " exported, %" PRIu64
           " dropped\n",
           THREADS, THREADS * SPANS, took * 1e9 / SPANS, now.exported, now.dropped);
}

static void *record_one(void *argument) {
    (void)argument;
    tracer_span_finish(tracer_span_begin("short"));
    return NULL;
}

static void threads_that_come_and_go(void) {
    set_up("memory");
    for (int round = 0; round < 50; round++) {
        run_all(20, record_one, NULL);
    }
    CHECK_INT(tracer_flush(5000), TRACER_OK);
    check_account(1000);
    CHECK_INT(stats().exported, 1000);
    CHECK(stats().memory_bytes < 4 * 1024 * 1024);
}

static void *write_shared(void *argument) {
    tracer_span *span = argument;
    for (int i = 0; i < 20000; i++) {
        tracer_span_set_int(*span, "count", i);
        tracer_span_set_string(*span, "text", "0123456789", (size_t)(i % 11));
    }
    tracer_span_end(*span); /* one of them is the first */
    return NULL;
}

static void a_shared_span_takes_writes_of_all(void) {
    set_up("memory");
    tracer_capture *capture = tracer_capture_new();
    tracer_span_options options = TRACER_SPAN_OPTIONS_INIT;
    options.flags = TRACER_SPAN_SHARED;
    tracer_span span = tracer_span_start(NULL, "shared", &options);
    run_all(THREADS, write_shared, &span);
    seen got;
    CHECK_INT(tracer_capture_count(capture), 1);
    CHECK(see_named(capture, "shared", &got));
    /* In either order: a value that takes another size is written anew at the end. */
    CHECK(strstr(got.attributes, "count=") != NULL && strstr(got.attributes, "text=\"") != NULL);
    tracer_capture_free(capture);
    CHECK_INT(tracer_flush(5000), TRACER_OK);
    check_account(1);
}

struct handed {
    pthread_mutex_t lock;
    tracer_span spans[SPANS / 10];
    size_t count, taken;
};

static void *end_handed(void *argument) {
    struct handed *handed = argument;
    for (size_t done = 0; done < SPANS / 10;) {
        pthread_mutex_lock(&handed->lock);
        size_t from = handed->taken, until = handed->count;
        handed->taken = until;
        pthread_mutex_unlock(&handed->lock);
        for (size_t at = from; at < until; at++) {
            tracer_span_end(handed->spans[at]);
        }
        done = until;
    }
    return NULL;
}

static void spans_started_here_and_ended_there(void) {
    static struct handed handed = {PTHREAD_MUTEX_INITIALIZER, {{0, 0}}, 0, 0};
    pthread_t thread;
    set_up("memory");
    CHECK_INT(pthread_create(&thread, NULL, end_handed, &handed), 0);
    for (size_t at = 0; at < SPANS / 10; at++) {
        tracer_span span = tracer_span_start(NULL, "handed", NULL);
        pthread_mutex_lock(&handed.lock);
        handed.spans[handed.count++] = span;
        pthread_mutex_unlock(&handed.lock);
    }
    CHECK_INT(pthread_join(thread, NULL), 0);
    CHECK_INT(tracer_flush(5000), TRACER_OK);
    check_account(SPANS / 10);
}

static void open_spans_are_open(void) {
    set_up("memory");
    tracer_span spans[10];
    for (int at = 0; at < 10; at++) {
        spans[at] = tracer_span_start(NULL, "open", NULL);
    }
    CHECK_INT(stats().open, 10);
    check_account(10);
    for (int at = 0; at < 10; at++) {
        tracer_span_end(spans[at]);
    }
    CHECK_INT(stats().open, 0);
    CHECK_INT(tracer_flush(5000), TRACER_OK);
    check_account(10);
    CHECK_INT(stats().exported, 10);
}

static void without_an_exporter_spans_are_counted_so(void) {
    set_up("none");
    for (int at = 0; at < 5; at++) {
        tracer_span_end(tracer_span_start(NULL, "nowhere", NULL));
    }
    CHECK_INT(tracer_flush(5000), TRACER_OK);
    check_account(5);
    CHECK_INT(stats().dropped_no_exporter, 5);
}

int main(void) {
    RUN(four_threads_at_full_speed);
    RUN(threads_that_come_and_go);
    RUN(a_shared_span_takes_writes_of_all);
    RUN(spans_started_here_and_ended_there);
    RUN(open_spans_are_open);
    RUN(without_an_exporter_spans_are_counted_so);
    return finish();
}
