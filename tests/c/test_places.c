/* Every function, called where a process or a thread is at its end. Each place is a child process of
 * this one: it must end by itself, with the status of its checks. */
#define _GNU_SOURCE
#include "harness.h"
#include "world.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { UNCALLED = 99 };

static const char *self;
static bool called;
static int wanted_calls = 1, calls_made;

static void call_everything(void) {
    world w;
    world_begin(&w);
    call_all(&w, false, NULL);
    CHECK_INT(w.errno_changed, 0);
    world_end(&w);
    tracer_stats now = stats();
    CHECK_INT(now.panics, 0);
    CHECK_INT(now.started, now.exported + now.dropped + now.queued + now.spooled + now.open);
    calls_made++;
    called = calls_made == wanted_calls;
}

/* Ends the process with what the checks say, from the last place of all. */
static void tell(void) { _exit(called ? harness_failed > 0 : UNCALLED); }

static void child_atexit(void) {
    atexit(tell); /* the last to run */
    atexit(call_everything);
    set_up("memory");
    wanted_calls = 2;
    atexit(call_everything); /* before what the library does at exit */
    exit(0);
}

static void child_before_set_up(void) {
    atexit(tell);
    atexit(call_everything);
    exit(0);
}

static void at_thread_end(void *unused) {
    (void)unused;
    call_everything();
}

static pthread_key_t key;

static void *use_and_end(void *record) {
    pthread_setspecific(key, &key);
    if (record != NULL) {
        tracer_span_begin("open at the end of its thread");
    }
    return NULL;
}

static void run_thread(void *argument) {
    pthread_t thread;
    CHECK_INT(pthread_create(&thread, NULL, use_and_end, argument), 0);
    CHECK_INT(pthread_join(thread, NULL), 0);
}

/* glibc runs keys' destructors after those of thread-local objects: ours are gone there. */
static void child_thread_specific(void) {
    CHECK_INT(pthread_key_create(&key, at_thread_end), 0);
    set_up("memory");
    wanted_calls = 2;
    run_thread(NULL);
    run_thread(&key);
    CHECK_INT(stats().panics, 0);
    tell();
}

static void child_main_thread_exits(void) {
    /* The process lives on until the last thread ends, and then runs what atexit was given. */
    atexit(tell);
    atexit(call_everything);
    CHECK_INT(pthread_key_create(&key, at_thread_end), 0);
    set_up("memory");
    wanted_calls = 2;
    use_and_end(&key);
    pthread_exit(NULL);
}

static bool after_main;

__attribute__((destructor)) static void destructor(void) {
    if (after_main) {
        call_everything();
        tell();
    }
}

static void child_destructor(void) {
    after_main = true;
    set_up("memory");
    tracer_span_begin("open after main");
    exit(0);
}

static void *record_for_ever(void *unused) {
    (void)unused;
    for (;;) {
        tracer_span span = tracer_span_begin("while the process ends");
        tracer_span_set_int(span, "i", 1);
        tracer_span_finish(span);
    }
    return NULL;
}

static void child_threads_go_on(void) {
    pthread_t thread;
    set_up("memory");
    for (int at = 0; at < 3; at++) {
        CHECK_INT(pthread_create(&thread, NULL, record_for_ever, NULL), 0);
    }
    while (stats().exported == 0) {
        CHECK_INT(tracer_flush(1000), TRACER_OK);
    }
    exit(harness_failed > 0);
}

static const struct {
    const char *name;
    void (*run)(void);
} children[] = {
    {"atexit", child_atexit},
    {"before_set_up", child_before_set_up},
    {"thread_specific", child_thread_specific},
    {"main_thread_exits", child_main_thread_exits},
    {"destructor", child_destructor},
    {"threads_go_on", child_threads_go_on},
};

static void check_child(const char *name) {
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        execl(self, self, name, (char *)NULL);
        _exit(UNCALLED);
    }
    int status = 0;
    CHECK(waitpid(child, &status, 0) == child);
    if (!CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0)) {
        fprintf(stderr, "    status %d\n", status);
    }
}

static void in_atexit_handlers(void) { check_child("atexit"); }
static void in_atexit_handlers_of_a_process_that_never_traced(void) { check_child("before_set_up"); }
static void in_destructors_of_thread_specific_data(void) { check_child("thread_specific"); }
static void when_the_main_thread_has_ended(void) { check_child("main_thread_exits"); }
static void in_destructors_after_main(void) { check_child("destructor"); }
static void on_threads_that_outlive_main(void) { check_child("threads_go_on"); }

int main(int count, char **arguments) {
    self = arguments[0];
    setenv("OTEL_TRACES_EXPORTER", "none", 1);
    for (size_t at = 0; count > 1 && at < sizeof children / sizeof *children; at++) {
        if (strcmp(arguments[1], children[at].name) == 0) {
            alarm(60);
            children[at].run();
        }
    }
    RUN(in_atexit_handlers);
    RUN(in_atexit_handlers_of_a_process_that_never_traced);
    RUN(in_destructors_of_thread_specific_data);
    RUN(when_the_main_thread_has_ended);
    RUN(in_destructors_after_main);
    RUN(on_threads_that_outlive_main);
    return finish();
}
