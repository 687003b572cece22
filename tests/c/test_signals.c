/* Signal handlers that record, on a small stack of their own, again and again: whatever of libtracer
 * they interrupt, nothing hangs or crashes, and each span is accounted for. */
#define _GNU_SOURCE
#include "harness.h"
#include "otlp.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

enum { PAGE = 4096, INTERRUPTIONS = 500 };

static volatile sig_atomic_t handled, errno_changed;

/* A span with attributes, begun and ended; what of it is a no-op depends on what was interrupted. */
static void record_in_handler(int number) {
    (void)number;
    int before = errno;
    errno = 4711;
    tracer_span span = tracer_span_begin("in a handler");
    tracer_span_set_int(span, "i", handled);
    tracer_span_set_string(span, "text", "text", 4);
    tracer_span_add_event(span, "event", NULL, 0);
    tracer_span_set_status(span, TRACER_STATUS_ERROR, "interrupted");
    tracer_span_finish(span);
    errno_changed += errno != 4711;
    errno = before;
    __atomic_store_n(&handled, handled + 1, __ATOMIC_RELEASE);
}

/* What the kernel needs for the registers and 8 KiB for the handler (SIGSTKSZ of old), above a page
 * that may not be touched. */
static void use_small_stack(void) {
    const char *kib = getenv("SIGNAL_STACK_KIB"); /* a library that is not optimised takes more */
    size_t size = kib == NULL ? 2 * PAGE : (size_t)atoi(kib) * 1024;
#ifdef _SC_MINSIGSTKSZ
    long least = sysconf(_SC_MINSIGSTKSZ);
    size += least > 0 ? ((size_t)least + PAGE - 1) / PAGE * PAGE : PAGE;
#else
    size += PAGE;
#endif
    char *memory = mmap(NULL, PAGE + size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(memory != MAP_FAILED && mprotect(memory, PAGE, PROT_NONE) == 0);
    stack_t stack = {0};
    stack.ss_sp = memory + PAGE;
    stack.ss_size = size;
    CHECK_INT(sigaltstack(&stack, NULL), 0);
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = record_in_handler;
    action.sa_flags = SA_ONSTACK | SA_RESTART;
    CHECK_INT(sigaction(SIGUSR1, &action, NULL), 0);
    CHECK_INT(sigaction(SIGALRM, &action, NULL), 0);
}

static void check_account(void) {
    CHECK_INT(tracer_flush(10000), TRACER_OK);
    tracer_stats now = stats();
    CHECK_INT(now.panics, 0);
    CHECK_INT(now.started, now.exported + now.dropped + now.queued + now.spooled + now.open);
    CHECK_INT(now.open, 0);
    CHECK_INT(errno_changed, 0);
}

static bool go, stop;

/* One after the other: the next when the last has been handled. */
static void *interrupt(void *thread) {
    while (!__atomic_load_n(&go, __ATOMIC_ACQUIRE)) {
        sched_yield();
    }
    while (!__atomic_load_n(&stop, __ATOMIC_ACQUIRE)) {
        int before = __atomic_load_n(&handled, __ATOMIC_ACQUIRE);
        pthread_kill(*(pthread_t *)thread, SIGUSR1);
        while (__atomic_load_n(&handled, __ATOMIC_ACQUIRE) == before && !__atomic_load_n(&stop, __ATOMIC_ACQUIRE)) {
            sched_yield();
        }
    }
    return NULL;
}

static void interrupted(void (*work)(void)) {
    pthread_t here = pthread_self(), other;
    handled = 0;
    __atomic_store_n(&stop, false, __ATOMIC_RELEASE);
    __atomic_store_n(&go, false, __ATOMIC_RELEASE);
    CHECK_INT(pthread_create(&other, NULL, interrupt, &here), 0);
    /* From here on: a handler that allocates must interrupt no one who allocates. */
    __atomic_store_n(&go, true, __ATOMIC_RELEASE);
    while (handled < INTERRUPTIONS) {
        work();
    }
    __atomic_store_n(&stop, true, __ATOMIC_RELEASE);
    CHECK_INT(pthread_join(other, NULL), 0);
    check_account();
}

static void record(void) {
    tracer_span outer = tracer_span_begin("outer");
    tracer_span_set_string(outer, "text", "0123456789", 10);
    tracer_span inner = tracer_span_begin("inner");
    tracer_span_set_int(inner, "i", 1);
    tracer_span_finish(inner);
    tracer_span_finish(outer);
}

static void on_a_small_stack_while_spans_are_recorded(void) {
    set_up("memory");
    record(); /* the thread has recorded before */
    interrupted(record);
    CHECK(stats().dropped_reentrant + stats().exported > INTERRUPTIONS);
}

static void read_and_flush(void) {
    tracer_stats now = stats();
    CHECK(now.started >= now.exported);
    (void)!tracer_flush(1);
    tracer_span_current();
    record();
}

static void while_the_account_is_read_and_flushed(void) {
    set_up("memory");
    record();
    interrupted(read_and_flush);
}

static void pass_contexts_on(void) {
    tracer_span span = tracer_span_start(NULL, "passed on", NULL);
    tracer_context *context = tracer_span_context(span);
    uint64_t token = tracer_context_attach(context);
    tracer_context_free(tracer_context_current());
    tracer_context_detach(token);
    tracer_context_free(context);
    tracer_span_end(span);
}

static void while_contexts_are_made_and_freed(void) {
    set_up("memory");
    record();
    interrupted(pass_contexts_on);
}

static void make_a_provider(void) {
    tracer_config *config = tracer_config_new();
    tracer_provider *provider = NULL;
    CHECK_INT(tracer_config_set_exporter(config, "memory"), TRACER_OK);
    CHECK_INT(tracer_provider_new(config, &provider), TRACER_OK);
    tracer_scope *scope = tracer_scope_new(provider, "interrupted", NULL, NULL);
    tracer_span_end(tracer_span_start(scope, "one", NULL));
    CHECK_INT(tracer_provider_shutdown(provider, 5000), TRACER_OK);
    tracer_scope_free(scope);
    tracer_provider_free(provider);
    tracer_config_free(config);
}

static void while_providers_come_and_go(void) {
    set_up("memory");
    record();
    for (int at = 0; at < 200; at++) {
        pthread_kill(pthread_self(), SIGUSR1);
        make_a_provider();
    }
    check_account();
}

static void at_any_instruction(void) {
    struct itimerval often = {{0, 50}, {0, 50}}, never = {{0, 0}, {0, 0}};
    set_up("memory");
    record();
    handled = 0;
    CHECK_INT(setitimer(ITIMER_REAL, &often, NULL), 0);
    while (handled < INTERRUPTIONS) {
        record();
    }
    CHECK_INT(setitimer(ITIMER_REAL, &never, NULL), 0);
    check_account();
}

static tracer_span written_to;
static volatile sig_atomic_t is_written_to;

/* Writes to the very span that is being written to. */
static void write_in_handler(int number) {
    (void)number;
    if (is_written_to) {
        tracer_span_set_int(written_to, "handled", handled);
        __atomic_store_n(&handled, handled + 1, __ATOMIC_RELEASE);
    }
}

static void what_a_write_to_the_same_span_interrupts_is_kept_whole(void) {
    struct itimerval often = {{0, 50}, {0, 50}}, never = {{0, 0}, {0, 0}};
    struct sigaction action, before;
    memset(&action, 0, sizeof action);
    action.sa_handler = write_in_handler;
    action.sa_flags = SA_ONSTACK | SA_RESTART;
    set_up("memory");
    tracer_capture *capture = tracer_capture_new();
    handled = 0;
    CHECK_INT(sigaction(SIGALRM, &action, &before), 0);
    CHECK_INT(setitimer(ITIMER_REAL, &often, NULL), 0);
    while (handled < INTERRUPTIONS) {
        seen got;
        written_to = tracer_span_start(NULL, "written to", NULL);
        is_written_to = 1;
        for (int again = 0; again < 100; again++) {
            tracer_span_set_bool(written_to, "bool", true);
            tracer_span_set_int(written_to, "int", 42);
            tracer_span_set_double(written_to, "double", 2.5);
            tracer_span_set_string(written_to, "text", "text", 4);
        }
        is_written_to = 0;
        tracer_span_end(written_to);
        CHECK(see(capture, 0, &got));
        CHECK(strstr(got.attributes, "bool=true") != NULL);
        CHECK(strstr(got.attributes, "int=42") != NULL);
        CHECK(strstr(got.attributes, "double=2.5") != NULL);
        CHECK(strstr(got.attributes, "text=\"text\"") != NULL);
        CHECK_INT(got.dropped_attributes, 0);
        tracer_capture_clear(capture);
    }
    CHECK_INT(setitimer(ITIMER_REAL, &never, NULL), 0);
    CHECK_INT(sigaction(SIGALRM, &before, NULL), 0);
    tracer_capture_free(capture);
    check_account();
}

int main(void) {
    use_small_stack();
    RUN(on_a_small_stack_while_spans_are_recorded);
    RUN(while_the_account_is_read_and_flushed);
    RUN(while_contexts_are_made_and_freed);
    RUN(while_providers_come_and_go);
    RUN(at_any_instruction);
    RUN(what_a_write_to_the_same_span_interrupts_is_kept_whole);
    return finish();
}
