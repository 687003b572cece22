/* Fork by a thread while others are at work in the library: whatever they held at that moment, the
 * child records and delivers, and the parent's account is exact. By fork() alone: a raw one may leave
 * the child without malloc, whoever uses it. */
#define _GNU_SOURCE
#include "harness.h"
#include "sink.h"

#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FORKS = 15, BUSY = 4, OWN = 5, WAITING = 1000 };

typedef void (*work)(void);

static sink *receiver;
static bool enough;
static uint64_t rounds[BUSY], exported_by_others;

static void record(uint64_t count) {
    for (uint64_t i = 0; i < count; i++) {
        tracer_span span = tracer_span_begin("busy");
        tracer_span_set_int(span, "i", (int64_t)i);
        tracer_span_finish(span);
    }
}

static void record_some(void) {
    record(20);
    if (stats().queued > WAITING) {
        CHECK(tracer_flush(5000) != TRACER_INTERNAL); /* the receiver has to do with children too */
    }
}

static void flush(void) {
    record(1);
    CHECK(tracer_flush(5000) != TRACER_INTERNAL);
}

static void configure(void) {
    set_up("memory");
    record(1);
}

static void shut_down(void) {
    configure();
    CHECK(tracer_shutdown(5000) != TRACER_INTERNAL);
}

/* A provider from the environment, from its beginning to its end. */
static void live_through_a_provider(void) {
    tracer_config *config = tracer_config_new();
    tracer_provider *provider = NULL;
    tracer_stats account = TRACER_STATS_INIT;
    CHECK_INT(tracer_config_load_env(config), TRACER_OK);
    CHECK_INT(tracer_provider_new(config, &provider), TRACER_OK);
    tracer_scope *scope = tracer_scope_new(provider, "other", NULL, NULL);
    tracer_span_end(tracer_span_start(scope, "other", NULL));
    CHECK_INT(tracer_provider_shutdown(provider, 5000), TRACER_OK);
    tracer_provider_read_stats(provider, &account);
    __atomic_add_fetch(&exported_by_others, account.exported, __ATOMIC_SEQ_CST);
    tracer_scope_free(scope);
    tracer_provider_free(provider);
    tracer_config_free(config);
}

static void read_and_look(void) {
    char text[64];
    tracer_capture *capture = tracer_capture_new();
    record(1);
    CHECK(tracer_capture_count(capture) > 0);
    tracer_capture_free(capture);
    tracer_metrics_text(NULL, text, sizeof text);
    tracer_context_free(tracer_context_current());
    CHECK(stats().started > 0);
}

struct busy {
    work work;
    uint64_t *rounds;
};

static void *stay_busy(void *argument) {
    struct busy *busy = argument;
    while (!__atomic_load_n(&enough, __ATOMIC_SEQ_CST)) {
        busy->work();
        __atomic_add_fetch(busy->rounds, 1, __ATOMIC_SEQ_CST);
    }
    return NULL;
}

/* What a child that inherited an exporter to the receiver does. */
static void deliver(void) {
    record(OWN);
    CHECK_INT(tracer_flush(20000), TRACER_OK);
    tracer_stats now = stats();
    CHECK_INT(now.started, OWN);
    CHECK_INT(now.exported, OWN);
}

/* What one does whose parent had the provider changed or ended just then. */
static void configure_and_deliver(void) {
    record(3);
    CHECK_INT(tracer_flush(20000), TRACER_OK);
    tracer_stats now = stats();
    CHECK_INT(now.started, now.exported + now.dropped);
    CHECK(now.started <= 3);
    CHECK_INT(tracer_init_from_env(), TRACER_OK);
    record(OWN);
    CHECK_INT(tracer_shutdown(20000), TRACER_OK);
    now = stats();
    CHECK_INT(now.started, OWN);
    CHECK_INT(now.exported, OWN);
}

static pid_t fork_and(work in_child) {
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        alarm(60); /* ends what hangs */
        harness_failed = 0;
        in_child();
        _exit(harness_failed > 0);
    }
    return child;
}

static void wait_for(pid_t child) {
    int status = 0;
    CHECK(waitpid(child, &status, 0) == child);
    if (!CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0)) {
        fprintf(stderr, "    a child's status is %d\n", status);
    }
}

/* Forks again and again, each time when each of the busy threads has gone on; ends with a flush. */
static void fork_while(const work *busy, work in_child) {
    pthread_t threads[BUSY];
    struct busy what[BUSY];
    size_t count = 0;
    enough = false;
    for (; count < BUSY && busy[count] != NULL; count++) {
        rounds[count] = 0;
        what[count] = (struct busy){busy[count], &rounds[count]};
        CHECK_INT(pthread_create(&threads[count], NULL, stay_busy, &what[count]), 0);
    }
    for (int at = 0; at < FORKS; at++) {
        for (size_t of = 0; of < count; of++) {
            uint64_t before = __atomic_load_n(&rounds[of], __ATOMIC_SEQ_CST);
            while (__atomic_load_n(&rounds[of], __ATOMIC_SEQ_CST) == before) {
                sched_yield();
            }
        }
        wait_for(fork_and(in_child));
    }
    __atomic_store_n(&enough, true, __ATOMIC_SEQ_CST);
    for (size_t of = 0; of < count; of++) {
        CHECK_INT(pthread_join(threads[of], NULL), 0);
    }
    CHECK_INT(tracer_flush(20000), TRACER_OK);
    tracer_stats now = stats();
    CHECK_INT(now.open, 0);
    CHECK_INT(now.started, now.exported + now.dropped);
}

/* The receiver has what the parent and each child are told they have delivered. */
static void check_delivery(const work *busy) {
    receiver = sink_start(false);
    sink_environment(sink_port(receiver));
    exported_by_others = 0;
    CHECK_INT(tracer_init_from_env(), TRACER_OK);
    fork_while(busy, deliver);
    CHECK_INT(sink_spans(receiver), stats().exported + exported_by_others + FORKS * OWN);
    CHECK_INT(stats().dropped, stats().dropped_queue_full);
    sink_stop(receiver);
}

static void while_threads_record(void) {
    check_delivery((const work[]){record_some, record_some, record_some, NULL});
}

static void while_threads_flush(void) {
    check_delivery((const work[]){record_some, flush, flush, NULL});
}

static void while_providers_begin_and_end(void) {
    check_delivery((const work[]){record_some, live_through_a_provider, live_through_a_provider, NULL});
}

static void while_captures_and_accounts_are_read(void) {
    check_delivery((const work[]){record_some, read_and_look, read_and_look, flush});
}

/* The parent's providers keep theirs in memory; each child configures itself to deliver. */
static void check_anew(const work *busy) {
    receiver = sink_start(false);
    sink_environment(sink_port(receiver));
    set_up("memory");
    fork_while(busy, configure_and_deliver);
    CHECK_INT(sink_spans(receiver), FORKS * OWN);
    sink_stop(receiver);
}

static void while_a_thread_configures(void) {
    check_anew((const work[]){record_some, flush, configure, NULL});
}

static void while_a_thread_shuts_down(void) {
    check_anew((const work[]){record_some, flush, shut_down, NULL});
}

static sem_t inside, leave;
static pid_t parent;
static size_t batches;

static tracer_export_result export_slowly(void *unused, const tracer_batch *batch) {
    (void)unused, (void)batch;
    if (getpid() == parent) {
        sem_post(&inside);
        sem_wait(&leave);
    }
    __atomic_add_fetch(&batches, 1, __ATOMIC_SEQ_CST);
    return TRACER_EXPORT_OK;
}

static void *wait_in_flush(void *unused) {
    (void)unused;
    CHECK_INT(tracer_flush(60000), TRACER_OK);
    return NULL;
}

static void *wait_in_shutdown(void *unused) {
    (void)unused;
    CHECK_INT(tracer_shutdown(60000), TRACER_OK);
    return NULL;
}

static void export_by_itself(void) {
    record(3);
    CHECK_INT(tracer_flush(20000), TRACER_OK);
    CHECK(batches > 0);
    tracer_stats now = stats();
    CHECK_INT(now.started, 3);
    CHECK_INT(now.exported, 3);
    CHECK_INT(tracer_shutdown(20000), TRACER_OK);
}

static void export_or_drop(void) {
    record(3);
    CHECK_INT(tracer_shutdown(20000), TRACER_OK);
    tracer_stats now = stats();
    CHECK_INT(now.started, now.exported + now.dropped);
}

/* The worker is within the program's exporter, a thread waits for it: exactly then. */
static void fork_while_waiting(void *(*wait)(void *), work in_child) {
    pthread_t waiter;
    tracer_exporter_callbacks own = TRACER_EXPORTER_CALLBACKS_INIT;
    own.export_spans = export_slowly;
    parent = getpid();
    batches = 0;
    sem_init(&inside, 0, 0);
    sem_init(&leave, 0, 0);
    tracer_config *config = tracer_config_new();
    CHECK_INT(tracer_config_set_exporter(config, "none"), TRACER_OK);
    CHECK_INT(tracer_config_add_exporter(config, "own", &own), TRACER_OK);
    CHECK_INT(tracer_init(config), TRACER_OK);
    tracer_config_free(config);
    record(1);
    CHECK_INT(pthread_create(&waiter, NULL, wait, NULL), 0);
    sem_wait(&inside);
    wait_for(fork_and(in_child));
    sem_post(&leave);
    pthread_join(waiter, NULL);
    CHECK_INT(batches, 1);
    tracer_stats now = stats();
    CHECK_INT(now.exported, 1);
    CHECK_INT(now.started, 1);
}

static void while_the_exporter_works_and_a_flush_waits(void) {
    fork_while_waiting(wait_in_flush, export_by_itself);
}

static void while_a_shutdown_waits(void) { fork_while_waiting(wait_in_shutdown, export_or_drop); }

int main(void) {
    RUN(while_the_exporter_works_and_a_flush_waits);
    RUN(while_a_shutdown_waits);
    if (MALLOC_FORKS) {
        RUN(while_threads_record);
        RUN(while_threads_flush);
        RUN(while_providers_begin_and_end);
        RUN(while_captures_and_accounts_are_read);
        RUN(while_a_thread_configures);
        RUN(while_a_thread_shuts_down);
    } else {
        printf("       the children of busy threads: not run, for the sanitizer's malloc may stay locked\n");
    }
    return finish();
}
