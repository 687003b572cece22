/* The n-th allocation of a recording thread is refused, for each n until none is: nothing crashes,
 * what is lost is counted, and recording goes on as before once there is memory again. */
#define _GNU_SOURCE
#include "harness.h"
#include "sink.h"
#include "world.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

/* Counts down on the thread that recording is tested on; 0: no allocation is refused. */
static __thread long until_refused;
static __thread bool refused, all_from_here;

/* Only libtracer's: the C library ends the process where it cannot register a thread's end. */
static bool is_ours(const void *caller) {
    Dl_info from;
    return dladdr(caller, &from) != 0 && strstr(from.dli_fname, "libtracer") != NULL;
}

static bool refuse(const void *caller) {
    if (until_refused == 0 || !is_ours(caller) || --until_refused > 0) {
        return false;
    }
    until_refused = all_from_here; /* 1: the next one too */
    refused = true;
    errno = ENOMEM;
    return true;
}

/* Of the libc, or of the sanitizer in its place; glibc's dlsym allocates nothing for these. */
#define NEXT(name) ((__typeof__(&(name)))(uintptr_t)dlsym(RTLD_NEXT, #name))

void *malloc(size_t size) {
    static __typeof__(&malloc) next;
    if (next == NULL) {
        next = NEXT(malloc);
    }
    return refuse(__builtin_return_address(0)) ? NULL : next(size);
}

void *realloc(void *old, size_t size) {
    static __typeof__(&realloc) next;
    if (next == NULL) {
        next = NEXT(realloc);
    }
    return refuse(__builtin_return_address(0)) ? NULL : next(old, size);
}

void *calloc(size_t count, size_t size) {
    static __typeof__(&calloc) next;
    if (next == NULL) {
        next = NEXT(calloc);
    }
    return refuse(__builtin_return_address(0)) ? NULL : next(count, size);
}

int posix_memalign(void **out, size_t alignment, size_t size) {
    static __typeof__(&posix_memalign) next;
    if (next == NULL) {
        next = NEXT(posix_memalign);
    }
    return refuse(__builtin_return_address(0)) ? ENOMEM : next(out, alignment, size);
}

static long wanted;

/* Over the network: the exporter of tests allocates within a span's end, as tests may. */
static void set_up_receiver(void) {
    static sink *receiver;
    if (receiver == NULL) {
        receiver = sink_start(false);
        sink_environment(sink_port(receiver));
    }
    CHECK_INT(tracer_init_from_env(), TRACER_OK);
}

static void arm(void) { until_refused = wanted; }

static void disarm(void) { until_refused = 0; }

static void check_account(void) {
    tracer_stats now = stats();
    CHECK_INT(now.panics, 0);
    CHECK_INT(now.started, now.exported + now.dropped + now.queued + now.spooled + now.open);
}

/* Each kind of write, more than fits where a span begins, and more spans than slots are at hand. */
static void record_much(void) {
    static char long_text[20000];
    static tracer_span spans[6];
    memset(long_text, 'x', sizeof long_text);
    tracer_attribute attribute = {"key", TRACER_STRING, {{long_text, 3000}}};
    for (size_t at = 0; at < sizeof spans / sizeof *spans; at++) {
        tracer_span span = spans[at] = tracer_span_begin("a span with a rather long name, and then some");
        tracer_span_set_string(span, "text", long_text, at * 3000);
        tracer_span_set_string(span, "broken", "\xff\xfe", 2);
        tracer_span_add_event(span, "event", &attribute, 1);
        tracer_span_record_error(span, "type", "message", "stack");
        tracer_span_set_status(span, TRACER_STATUS_ERROR, "a description that is kept");
        tracer_span_set_name(span, "another name, longer than the first one was, so that it has to grow");
        tracer_value *value = tracer_value_new();
        tracer_value_begin_array(value);
        for (int i = 0; i < 20; i++) {
            tracer_value_add_string(value, long_text, 100);
        }
        tracer_span_set_value(span, "value", value);
        tracer_value_free(value);
        tracer_context *context = tracer_context_current();
        tracer_context *other = tracer_context_from_traceparent(
            "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01", "vendor=state");
        tracer_span_add_link(span, other, &attribute, 1);
        tracer_context_detach(tracer_context_attach(context));
        tracer_context_detach(tracer_context_attach(other));
        tracer_context_free(other);
        tracer_context_free(context);
    }
    for (size_t at = sizeof spans / sizeof *spans; at-- > 0;) {
        tracer_span_finish(spans[at]);
    }
}

/* On a thread of its own, where everything is to be allocated; whether something was refused. */
static bool on_a_new_thread(void *(*work)(void *)) {
    pthread_t thread;
    bool was_refused = false;
    CHECK_INT(pthread_create(&thread, NULL, work, &was_refused), 0);
    CHECK_INT(pthread_join(thread, NULL), 0);
    return was_refused;
}

static void *record_with_one_refused(void *was_refused) {
    arm();
    record_much();
    disarm();
    *(bool *)was_refused = refused;
    return NULL;
}

static void each_allocation_by_turns(void) {
    set_up_receiver();
    long allocations = 0;
    for (wanted = 1; on_a_new_thread(record_with_one_refused); wanted++) {
        allocations++;
    }
    printf("       each of %ld allocations was refused once\n", allocations);
    CHECK(allocations > 20);
    CHECK_INT(tracer_flush(10000), TRACER_OK);
    check_account();
    tracer_stats before = stats();
    tracer_span_finish(tracer_span_begin("after"));
    CHECK_INT(tracer_flush(10000), TRACER_OK);
    CHECK_INT(stats().exported, before.exported + 1);
}

static void *record_with_none_left(void *was_refused) {
    all_from_here = true;
    return record_with_one_refused(was_refused);
}

static void no_memory_from_there_on(void) {
    set_up_receiver();
    for (wanted = 1; on_a_new_thread(record_with_none_left);) {
        wanted = wanted * 5 / 4 + 1;
    }
    CHECK(wanted > 100);
    CHECK_INT(tracer_flush(10000), TRACER_OK);
    check_account();
    CHECK(stats().dropped > 0);
}

/* A way makes few allocations, so a few turns refuse each of them. */
static void *call_with_allocations_refused(void *was_refused) {
    static world w;
    world_exporter = "none";
    world_begin(&w);
    tracer_capture_free((tracer_capture *)(uintptr_t)w.captures[1]);
    w.captures[1] = NULL;
    w.without_captures = true;
    w.before = arm;
    w.after = disarm;
    for (wanted = 1; wanted <= 8; wanted++) {
        call_all(&w, true, NULL);
    }
    CHECK_INT(w.errno_changed, 0);
    world_end(&w);
    *(bool *)was_refused = refused;
    return NULL;
}

static void every_recording_call(void) {
    set_up_receiver();
    CHECK(on_a_new_thread(call_with_allocations_refused));
    CHECK_INT(tracer_flush(10000), TRACER_OK);
    check_account();
}

int main(void) {
    free(malloc(1));
    free(realloc(NULL, 1));
    free(calloc(1, 1));
    void *aligned = NULL;
    CHECK_INT(posix_memalign(&aligned, 64, 64), 0);
    free(aligned);
    RUN(each_allocation_by_turns);
    RUN(no_memory_from_there_on);
    RUN(every_recording_call);
    return finish();
}
