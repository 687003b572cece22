/* Every function with every odd argument, in every state that a process can be in: nothing crashes,
 * nothing panics, errno stays, and the account holds. What the arguments are is in world.h. */
#define _GNU_SOURCE
#include "harness.h"
#include "world.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void check_account(void) {
    tracer_stats now = stats();
    CHECK_INT(now.panics, 0);
    CHECK_INT(now.started, now.exported + now.dropped + now.queued + now.spooled + now.open);
    CHECK_INT(now.dropped, now.dropped_queue_full + now.dropped_open_limit + now.dropped_export_failed +
                               now.dropped_rejected + now.dropped_shutdown + now.dropped_reentrant +
                               now.dropped_no_memory + now.dropped_no_exporter);
}

static void call_everything(void (*between)(world *)) {
    world w;
    world_begin(&w);
    size_t made = call_all(&w, false, between);
    CHECK(made > 4 * call_count);
    CHECK_INT(w.errno_changed, 0);
    world_end(&w);
    check_account();
}

/* Runs `work` in a child, by fork() or by the raw system call. */
static void in_child(void (*work)(void), bool raw) {
    fflush(stdout);
    pid_t child = raw ? (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0) : fork();
    if (child == 0) {
        harness_failed = 0;
        alarm(60);
        work();
        fflush(stderr);
        _exit(harness_failed > 100 ? 100 : harness_failed);
    }
    int status = 0;
    CHECK(waitpid(child, &status, 0) == child);
    if (!CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0)) {
        fprintf(stderr, "    in a child%s, status %d\n", raw ? " by raw clone" : "", status);
    }
}

static void install_again(world *w) {
    (void)w;
    set_up("memory");
}

static void nothing_set_up(void) { call_everything(NULL); }

static void the_list_of_calls_is_whole(void) {
    size_t lines = 0;
    char line[200];
    FILE *symbols = fopen("ffi/abi/symbols.txt", "r");
    if (CHECK(symbols != NULL)) {
        while (fgets(line, sizeof line, symbols) != NULL) {
            lines++;
        }
        fclose(symbols);
    }
    CHECK_INT(call_count, lines);
}

static void before_any_set_up(void) {
    in_child(nothing_set_up, false);
    in_child(nothing_set_up, true);
}

static void with_an_exporter(void) {
    set_up("memory");
    call_everything(install_again);
}

static void with_none(void) {
    set_up("none");
    call_everything(NULL);
}

static void with_two_providers(void) {
    set_up("memory");
    tracer_config *config = tracer_config_new();
    tracer_provider *other = NULL;
    CHECK_INT(tracer_config_set_exporter(config, "memory"), TRACER_OK);
    CHECK_INT(tracer_provider_new(config, &other), TRACER_OK);
    tracer_scope *scope = tracer_scope_new(other, "other", NULL, NULL);
    tracer_span span = tracer_span_start(scope, "of the other", NULL);
    tracer_span_enter(span);
    call_everything(install_again);
    tracer_span_finish(span);
    tracer_stats now;
    now.struct_size = sizeof now;
    CHECK_INT(tracer_provider_flush(other, 5000), TRACER_OK);
    tracer_provider_read_stats(other, &now);
    CHECK_INT(now.started, now.exported + now.dropped + now.queued + now.spooled + now.open);
    tracer_scope_free(scope);
    tracer_provider_free(other);
    tracer_config_free(config);
}

static void shut_down(world *w) {
    (void)w;
    CHECK_INT(tracer_shutdown(5000), TRACER_OK);
}

static void after_shutdown(void) {
    set_up("memory");
    shut_down(NULL);
    call_everything(shut_down);
    set_up("memory");
    tracer_span_finish(tracer_span_begin("again"));
    CHECK_INT(tracer_flush(5000), TRACER_OK);
    CHECK(stats().exported >= 1);
}

static void *on_this_thread(void *between) {
    (void)between;
    call_everything(NULL);
    return NULL;
}

static void on_threads_that_come_and_go(void) {
    pthread_t threads[2];
    set_up("memory");
    for (size_t at = 0; at < 2; at++) {
        CHECK_INT(pthread_create(&threads[at], NULL, on_this_thread, NULL), 0);
    }
    for (size_t at = 0; at < 2; at++) {
        CHECK_INT(pthread_join(threads[at], NULL), 0);
    }
    check_account();
}

static void in_a_forked_child(void) {
    set_up("memory");
    tracer_span open = tracer_span_begin("open at the fork");
    in_child(nothing_set_up, false);
    in_child(nothing_set_up, true);
    tracer_span_finish(open);
    CHECK_INT(tracer_flush(5000), TRACER_OK);
    check_account();
    CHECK_INT(stats().open, 0);
}

int main(void) {
    setenv("OTEL_TRACES_EXPORTER", "none", 1);
    RUN(before_any_set_up);
    RUN(the_list_of_calls_is_whole);
    RUN(with_an_exporter);
    RUN(with_none);
    RUN(with_two_providers);
    RUN(after_shutdown);
    RUN(on_threads_that_come_and_go);
    RUN(in_a_forked_child);
    return finish();
}
