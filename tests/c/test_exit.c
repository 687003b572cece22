/* Export and the process's end. Each program below runs as a child process of this one. */
#define _POSIX_C_SOURCE 200809L
#include "harness.h"
#include "sink.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SPANS = 1000, THREADS = 4, MANY = 200000, EXIT_UNACCOUNTED = 9, REPORT = 3 };

static const double BUDGET = 2.0; /* what a normal exit may take for all exporters */
/* Seconds that a busy machine may add to an exit; more under a checker. */
static double margin(void) {
    const char *given = getenv("TEST_MARGIN");
    return given != NULL ? atof(given) : 1.0;
}

/* What a child tells of itself. */
typedef struct {
    double leaving; /* when its own work was done, by `seconds` */
    uint64_t exported;
} account;

static const char *self;

static void leave(account told) {
    told.leaving = seconds();
    if (write(REPORT, &told, sizeof told) != sizeof told) {
        exit(EXIT_UNACCOUNTED);
    }
}

static void init_from_environment(void) {
    if (tracer_init_from_env() != TRACER_OK) {
        exit(EXIT_UNACCOUNTED);
    }
}

static void record(int count) {
    for (int i = 0; i < count; i++) {
        tracer_span span = tracer_span_begin("work");
        tracer_span_set_int(span, "i", i);
        tracer_span_finish(span);
    }
}

static void *record_many(void *argument) {
    (void)argument;
    record(MANY);
    return NULL;
}

static void record_ten(void) { record(10); }

/* The children. */

static int child_returns_from_main(void) {
    init_from_environment();
    record(SPANS);
    leave((account){0});
    return 0;
}

static int child_runs_threads(void) {
    pthread_t threads[THREADS];
    init_from_environment();
    double begun = seconds();
    for (int at = 0; at < THREADS; at++) {
        pthread_create(&threads[at], NULL, record_many, NULL);
    }
    for (int at = 0; at < THREADS; at++) {
        pthread_join(threads[at], NULL);
    }
    double took = seconds() - begun;
    if (tracer_flush(20000) != TRACER_OK) {
        return EXIT_UNACCOUNTED;
    }
    tracer_stats now = stats();
    printf("       default configuration, %d threads, %.0f ns a span and thread: "
           "started %" PRIu64 " = exported %" PRIu64 " + dropped %" PRIu64 "\n",
           THREADS, took * 1e9 / MANY, now.started, now.exported, now.dropped);
    fflush(stdout);
    bool exact = now.started == THREADS * MANY && now.started == now.exported + now.dropped &&
                 now.dropped == now.dropped_queue_full;
    leave((account){.exported = now.exported});
    return exact ? 0 : EXIT_UNACCOUNTED;
}

static int child_records_in_atexit(void) {
    init_from_environment();
    record(1);
    atexit(record_ten); /* runs before ours: it was registered later */
    return 0;
}

static int child_shuts_down_and_goes_on(void) {
    init_from_environment();
    record(SPANS);
    if (tracer_shutdown(5000) != TRACER_OK) {
        return EXIT_UNACCOUNTED;
    }
    record(5);
    tracer_stats now = stats();
    return now.started == now.exported + now.dropped ? 0 : EXIT_UNACCOUNTED;
}

static int child_leaves_spans_open(void) {
    init_from_environment();
    tracer_span_begin("never ended");
    record(SPANS);
    return 0;
}

static int child_goes_without_handlers(void) {
    init_from_environment();
    record(10); /* less than a batch, which goes out at once */
    _exit(0);
}

static int child_shuts_down_within_its_deadline(void) {
    init_from_environment();
    record(SPANS);
    leave((account){0});
    double begun = seconds();
    tracer_status status = tracer_shutdown(300);
    double took = seconds() - begun;
    tracer_stats now = stats();
    bool accounted = now.started == now.exported + now.dropped && now.exported == 0;
    return status == TRACER_TIMEOUT && took < 0.8 && accounted ? 0 : EXIT_UNACCOUNTED;
}

static const struct {
    const char *name;
    int (*run)(void);
} children[] = {
    {"returns_from_main", child_returns_from_main},
    {"threads", child_runs_threads},
    {"atexit", child_records_in_atexit},
    {"shutdown", child_shuts_down_and_goes_on},
    {"open", child_leaves_spans_open},
    {"quick_exit", child_goes_without_handlers},
    {"deadline", child_shuts_down_within_its_deadline},
};

/* Runs a child against a port; returns its exit status, and what it tells of itself. */
static int run_child(const char *name, int port, account *told) {
    int ends[2];
    fflush(stdout);
    CHECK_INT(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        sink_environment(port);
        dup2(ends[1], REPORT);
        execl(self, self, name, (char *)NULL);
        _exit(126);
    }
    int status = 0;
    CHECK(child > 0 && waitpid(child, &status, 0) == child);
    close(ends[1]);
    if (read(ends[0], told, sizeof *told) != sizeof *told) {
        *told = (account){0};
    }
    close(ends[0]);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

static void check_delivered(const char *name, size_t wanted) {
    account told;
    double begun = seconds();
    sink *receiver = sink_start(false);
    CHECK_INT(run_child(name, sink_port(receiver), &told), 0);
    CHECK_INT(sink_spans(receiver), wanted);
    CHECK(seconds() - begun < 20);
    sink_stop(receiver);
}

static void returning_from_main_flushes(void) { check_delivered("returns_from_main", SPANS); }
static void spans_recorded_in_atexit_are_flushed(void) { check_delivered("atexit", 11); }
static void shutdown_delivers_what_there_is(void) { check_delivered("shutdown", SPANS); }
static void open_spans_keep_no_exit(void) { check_delivered("open", SPANS); }
static void a_quick_exit_sends_nothing_and_hangs_nowhere(void) { check_delivered("quick_exit", 0); }

static void what_four_threads_are_told_was_exported_has_arrived(void) {
    account told;
    sink *receiver = sink_start(false);
    CHECK_INT(run_child("threads", sink_port(receiver), &told), 0);
    CHECK(told.exported > 0);
    CHECK_INT(sink_spans(receiver), told.exported);
    sink_stop(receiver);
}

static void check_dead(const char *name, const char *what, int port, double most) {
    account told;
    CHECK_INT(run_child(name, port, &told), 0);
    double took = seconds() - told.leaving;
    printf("       exit with a %s endpoint: %.2f s\n", what, took);
    CHECK(took < most + margin());
}

static int free_port(void) {
    sink *taken = sink_start(false);
    int port = sink_port(taken);
    sink_stop(taken);
    return port;
}

static void a_closed_endpoint_does_not_hold_up_the_exit(void) {
    check_dead("returns_from_main", "closed", free_port(), BUDGET);
}

static void a_silent_endpoint_does_not_hold_up_the_exit(void) {
    sink *silent = sink_start(true);
    check_dead("returns_from_main", "silent", sink_port(silent), BUDGET);
    sink_stop(silent);
}

static void shutdown_keeps_its_deadline_and_counts_what_is_lost(void) {
    sink *silent = sink_start(true);
    check_dead("deadline", "silent", sink_port(silent), 0.3);
    sink_stop(silent);
}

int main(int count, char **arguments) {
    self = arguments[0];
    for (size_t at = 0; count > 1 && at < sizeof children / sizeof *children; at++) {
        if (strcmp(arguments[1], children[at].name) == 0) {
            return children[at].run();
        }
    }
    RUN(returning_from_main_flushes);
    RUN(what_four_threads_are_told_was_exported_has_arrived);
    RUN(spans_recorded_in_atexit_are_flushed);
    RUN(shutdown_delivers_what_there_is);
    RUN(open_spans_keep_no_exit);
    RUN(a_quick_exit_sends_nothing_and_hangs_nowhere);
    RUN(a_closed_endpoint_does_not_hold_up_the_exit);
    RUN(a_silent_endpoint_does_not_hold_up_the_exit);
    RUN(shutdown_keeps_its_deadline_and_counts_what_is_lost);
    return finish();
}
