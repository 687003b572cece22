/* Records for SECONDS (argument) on threads that come and go, to a receiver that answers and to one that
 * does not: memory stays within its bound and does not grow, and the account is exact at the end. */
#define _GNU_SOURCE
#include "harness.h"
#include "sink.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

enum { THREADS = 4, LIMIT = 8 * 1024 * 1024, ROOM = 24 * 1024 * 1024 };

static size_t resident(void) {
    size_t pages = 0, rest = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL || fscanf(file, "%zu %zu", &rest, &pages) != 2) {
        pages = 0;
    }
    if (file != NULL) {
        fclose(file);
    }
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

static void *record(void *unused) {
    static char text[50000];
    (void)unused;
    for (size_t at = 0; at < 20000; at++) {
        tracer_span outer = tracer_span_begin("outer");
        tracer_span_set_string(outer, "text", text, at % 1000 == 0 ? sizeof text : at % 300);
        tracer_span inner = tracer_span_start(NULL, "inner", NULL);
        tracer_context *context = tracer_span_context(inner);
        uint64_t token = tracer_context_attach(context);
        tracer_span_add_event(inner, "event", NULL, 0);
        tracer_context_detach(token);
        tracer_context_free(context);
        tracer_span_end(inner);
        tracer_span_finish(outer);
    }
    return NULL;
}

static void soak(bool silent, double until) {
    sink *receiver = sink_start(silent);
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%d", sink_port(receiver));
    tracer_config *config = tracer_config_new();
    CHECK_INT(tracer_config_set_memory_limit(config, LIMIT), TRACER_OK);
    CHECK_INT(tracer_config_set_exporter(config, "otlp"), TRACER_OK);
    CHECK_INT(tracer_config_set_endpoint(config, url), TRACER_OK);
    CHECK_INT(tracer_init(config), TRACER_OK);
    tracer_config_free(config);
    size_t first = 0, rounds = 0;
    do {
        pthread_t threads[THREADS];
        for (size_t at = 0; at < THREADS; at++) {
            CHECK_INT(pthread_create(&threads[at], NULL, record, NULL), 0);
        }
        for (size_t at = 0; at < THREADS; at++) {
            CHECK_INT(pthread_join(threads[at], NULL), 0);
        }
        CHECK(stats().memory_bytes <= LIMIT);
        rounds++;
        if (rounds == 3) {
            first = resident();
        }
        CHECK(rounds < 3 || resident() < first + ROOM);
    } while (seconds() < until && harness_failed == 0);
    tracer_status flushed = tracer_flush(silent ? 10 : 30000);
    CHECK(silent || flushed == TRACER_OK);
    tracer_status ended = tracer_shutdown(silent ? 10 : 30000);
    CHECK(silent || ended == TRACER_OK);
    tracer_stats now = stats();
    CHECK_INT(now.started, (int64_t)rounds * THREADS * 40000);
    CHECK_INT(now.started, now.exported + now.dropped + now.queued + now.spooled + now.open);
    CHECK_INT(now.open + now.queued, 0);
    CHECK_INT(now.panics, 0);
    printf("       %zu rounds, %" PRIu64 " started, %" PRIu64 " exported, %" PRIu64 " dropped, %zu MiB\n", rounds,
           now.started, now.exported, now.dropped, resident() >> 20);
    sink_stop(receiver);
}

static double length;

static void with_a_receiver_that_answers(void) { soak(false, seconds() + length); }
static void with_a_receiver_that_does_not(void) { soak(true, seconds() + length); }

int main(int count, char **arguments) {
    length = (count > 1 ? atof(arguments[1]) : 60) / 2;
    RUN(with_a_receiver_that_answers);
    RUN(with_a_receiver_that_does_not);
    return finish();
}
