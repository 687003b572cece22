/* Context: who is whose parent, and what happens when it is left in the wrong order. */
#define _POSIX_C_SOURCE 200809L
#include "harness.h"
#include "otlp.h"

#include <pthread.h>

#define TRACE "0af7651916cd43dd8448eb211c80319c"
#define SPAN "b7ad6b7169203331"

static tracer_capture *capture;

static void hex_id(tracer_span span, char out[17]) { CHECK(tracer_span_id_hex(span, out)); }

static void check_parent(const char *name, const char *parent_id) {
    seen got;
    CHECK(see_named(capture, name, &got));
    CHECK_TEXT(got.parent_id, parent_id);
}

static tracer_span start_below(const char *name, const tracer_context *parent, uint32_t flags) {
    tracer_span_options options = TRACER_SPAN_OPTIONS_INIT;
    options.parent = parent;
    options.flags = flags;
    return tracer_span_start(NULL, name, &options);
}

static void a_span_is_a_child_of_what_is_current(void) {
    char outer_id[17], inner_id[17];
    tracer_span outer = tracer_span_begin("outer");
    hex_id(outer, outer_id);
    tracer_span started = tracer_span_start(NULL, "started", NULL); /* not current */
    tracer_span inner = tracer_span_begin("inner");
    hex_id(inner, inner_id);
    CHECK_INT(tracer_span_current().slot, inner.slot);
    CHECK_INT(tracer_span_current().generation, inner.generation);
    tracer_span_finish(tracer_span_begin("leaf"));
    tracer_span_finish(inner);
    CHECK_INT(tracer_span_current().slot, outer.slot);
    tracer_span_end(started);
    tracer_span_finish(outer);
    CHECK_INT(tracer_span_current().slot, 0);
    check_parent("outer", "");
    check_parent("started", outer_id);
    check_parent("inner", outer_id);
    check_parent("leaf", inner_id);
}

static void a_named_parent_wins_over_the_current_one(void) {
    char first_id[17];
    tracer_span first = tracer_span_start(NULL, "first", NULL);
    hex_id(first, first_id);
    tracer_context *kept = tracer_span_context(first);
    tracer_span_end(first);
    tracer_span current = tracer_span_begin("current");
    tracer_span_end(start_below("of the ended", kept, 0));
    tracer_span_end(start_below("root", NULL, TRACER_SPAN_ROOT));
    tracer_span_end(start_below("root all the same", kept, TRACER_SPAN_ROOT));
    tracer_span_finish(current);
    tracer_context_free(kept);
    check_parent("of the ended", first_id);
    check_parent("root", "");
    check_parent("root all the same", "");
}

static void a_remote_parent_comes_from_its_header(void) {
    char header[56];
    tracer_context *remote =
        tracer_context_from_traceparent("00-" TRACE "-" SPAN "-01", "vendor=1");
    CHECK(tracer_context_is_valid(remote));
    CHECK(tracer_context_traceparent(remote, header));
    CHECK_TEXT(header, "00-" TRACE "-" SPAN "-01");
    tracer_span span = start_below("server", remote, 0);
    tracer_context *own = tracer_span_context(span);
    CHECK(tracer_context_traceparent(own, header));
    CHECK(strncmp(header, "00-" TRACE "-", 36) == 0);
    CHECK(strstr(header, SPAN) == NULL);
    tracer_span_end(span);
    seen got;
    CHECK(see_named(capture, "server", &got));
    CHECK_TEXT(got.trace_id, TRACE);
    CHECK_TEXT(got.parent_id, SPAN);
    CHECK_TEXT(got.trace_state, "vendor=1");
    CHECK_INT(got.flags & 0x300, 0x300); /* has an is-remote bit, and it is set */
    tracer_context_free(own);
    tracer_context_free(remote);
}

static void a_parent_that_is_not_sampled_is_obeyed(void) {
    tracer_context *remote = tracer_context_from_traceparent("00-" TRACE "-" SPAN "-00", NULL);
    size_t before = tracer_capture_count(capture);
    tracer_span span = start_below("unsampled", remote, 0);
    CHECK(!tracer_span_is_recording(span));
    tracer_span_end(span);
    CHECK_INT(tracer_capture_count(capture), before);
    tracer_context_free(remote);
}

static void malformed_headers_give_roots(void) {
    static const char *const bad[] = {
        "",     "00", "zz-" TRACE "-" SPAN "-01", "00-" TRACE "-0000000000000000-01",
        "00-00000000000000000000000000000000-" SPAN "-01", "ff-" TRACE "-" SPAN "-01",
        "00-" TRACE "-" SPAN "-01-more", "00-" TRACE "_" SPAN "-01"};
    for (size_t at = 0; at < sizeof bad / sizeof *bad; at++) {
        char header[56] = "x";
        tracer_context *context = tracer_context_from_traceparent(bad[at], NULL);
        CHECK(!tracer_context_is_valid(context));
        CHECK(!tracer_context_traceparent(context, header));
        CHECK_TEXT(header, "");
        tracer_span_end(start_below("below malformed", context, 0));
        check_parent("below malformed", "");
        tracer_context_free(context);
    }
    tracer_context *none = tracer_context_from_traceparent(NULL, NULL);
    CHECK(!tracer_context_is_valid(none));
    tracer_context_free(none);
}

static void an_attached_context_is_current(void) {
    char header[56];
    tracer_context *remote = tracer_context_from_traceparent("00-" TRACE "-" SPAN "-01", NULL);
    CHECK(!tracer_traceparent(header));
    uint64_t token = tracer_context_attach(remote);
    CHECK(token != 0);
    CHECK(tracer_traceparent(header));
    CHECK_TEXT(header, "00-" TRACE "-" SPAN "-01");
    CHECK_INT(tracer_span_current().slot, 0); /* of another process: nothing to write to */
    tracer_span_end(tracer_span_start(NULL, "below attached", NULL));
    tracer_context_detach(token);
    CHECK(!tracer_traceparent(header));
    CHECK_TEXT(header, "");
    check_parent("below attached", SPAN);
    tracer_context_free(remote);
    CHECK_INT(tracer_context_attach(NULL), 0);
    tracer_context_detach(0);
}

static void wrong_order_is_repaired_and_counted(void) {
    uint64_t before = stats().detach_order;
    tracer_span outer = tracer_span_begin("outer");
    tracer_span middle = tracer_span_begin("middle");
    tracer_span inner = tracer_span_begin("inner");
    tracer_span_finish(outer); /* too early */
    CHECK_INT(stats().detach_order, before + 1);
    CHECK_INT(tracer_span_current().slot, inner.slot);
    tracer_span_finish(inner);
    CHECK_INT(tracer_span_current().slot, middle.slot);
    tracer_span_finish(middle);
    CHECK_INT(tracer_span_current().slot, 0);
    CHECK_INT(stats().detach_order, before + 1);

    tracer_context *remote = tracer_context_from_traceparent("00-" TRACE "-" SPAN "-01", NULL);
    uint64_t first = tracer_context_attach(remote), second = tracer_context_attach(remote);
    tracer_context_detach(first);
    tracer_context_detach(second);
    tracer_context_detach(second); /* twice */
    tracer_context_detach(12345);  /* never */
    CHECK_INT(stats().detach_order, before + 4);
    CHECK_INT(tracer_span_current().slot, 0);
    tracer_context_free(remote);
}

static void a_span_may_be_entered_twice(void) {
    tracer_span span = tracer_span_begin("twice");
    tracer_span_enter(span);
    tracer_span_leave(span);
    CHECK_INT(tracer_span_current().slot, span.slot);
    tracer_span_finish(span);
    CHECK_INT(tracer_span_current().slot, 0);
}

static void an_ended_current_span_is_still_a_parent(void) {
    char id[17];
    tracer_span span = tracer_span_begin("ended early");
    hex_id(span, id);
    tracer_span_end(span);
    tracer_span_end(tracer_span_start(NULL, "late child", NULL));
    tracer_span_leave(span);
    check_parent("late child", id);
    CHECK_INT(tracer_span_current().slot, 0);
}

struct handed {
    tracer_context *context;
    tracer_span span;
};

static void *work_elsewhere(void *argument) {
    struct handed *handed = argument;
    char header[56];
    CHECK(!tracer_traceparent(header)); /* a thread starts with nothing */
    uint64_t token = tracer_context_attach(handed->context);
    tracer_span_finish(tracer_span_begin("elsewhere"));
    tracer_context_detach(token);
    tracer_span_set_int(handed->span, "set elsewhere", 1);
    tracer_span_end(handed->span);
    return NULL;
}

static void context_and_span_are_handed_to_another_thread(void) {
    char outer_id[17];
    tracer_span outer = tracer_span_begin("outer");
    hex_id(outer, outer_id);
    struct handed handed = {tracer_context_current(), tracer_span_start(NULL, "handed", NULL)};
    tracer_span_set_int(handed.span, "set here", 1);
    pthread_t thread;
    CHECK_INT(pthread_create(&thread, NULL, work_elsewhere, &handed), 0);
    CHECK_INT(pthread_join(thread, NULL), 0);
    tracer_context_free(handed.context);
    tracer_span_finish(outer);
    check_parent("elsewhere", outer_id);
    seen got;
    CHECK(see_named(capture, "handed", &got));
    CHECK_TEXT(got.attributes, "set here=1 set elsewhere=1");
}

int main(void) {
    set_up("none");
    capture = tracer_capture_new();
    RUN(a_span_is_a_child_of_what_is_current);
    RUN(a_named_parent_wins_over_the_current_one);
    RUN(a_remote_parent_comes_from_its_header);
    RUN(a_parent_that_is_not_sampled_is_obeyed);
    RUN(malformed_headers_give_roots);
    RUN(an_attached_context_is_current);
    RUN(wrong_order_is_repaired_and_counted);
    RUN(a_span_may_be_entered_twice);
    RUN(an_ended_current_span_is_still_a_parent);
    RUN(context_and_span_are_handed_to_another_thread);
    tracer_capture_free(capture);
    return finish();
}
