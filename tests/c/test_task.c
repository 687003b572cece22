/* Tasks: what a coroutine made current goes with it, and stays off the threads it leaves. */
#define _POSIX_C_SOURCE 200809L
#include "harness.h"
#include "otlp.h"

#include <pthread.h>

static const char *parent_of(tracer_capture *capture, const char *name) {
    static seen span;
    see_named(capture, name, &span);
    return span.parent_id;
}

static void leaf(const char *name) {
    tracer_span_end(tracer_span_start(NULL, name, NULL));
}

static void what_is_current_goes_and_comes_with_a_task(void) {
    tracer_capture *capture = tracer_capture_new();
    char outer_id[17], inner_id[17], thread_id[17];
    tracer_span outer = tracer_span_begin("outer");
    tracer_span_id_hex(outer, outer_id);
    tracer_task *task = tracer_task_new();
    tracer_span_finish(outer);

    tracer_span thread = tracer_span_begin("thread");
    tracer_span_id_hex(thread, thread_id);
    tracer_task_resume(task);
    leaf("begins below its maker");
    tracer_span first = tracer_span_begin("first");
    tracer_span inner = tracer_span_begin("inner");
    tracer_span_id_hex(inner, inner_id);
    tracer_task_suspend(task);
    leaf("of the thread");
    tracer_task_resume(task);
    leaf("goes on");
    tracer_span_finish(inner);
    tracer_span_finish(first);
    leaf("ends below its maker");
    tracer_task_suspend(task);
    tracer_span_finish(thread);
    leaf("after");
    tracer_task_free(task);

    CHECK_TEXT(parent_of(capture, "begins below its maker"), outer_id);
    CHECK_TEXT(parent_of(capture, "of the thread"), thread_id);
    CHECK_TEXT(parent_of(capture, "goes on"), inner_id);
    CHECK_TEXT(parent_of(capture, "ends below its maker"), outer_id);
    CHECK_TEXT(parent_of(capture, "after"), "");
    tracer_capture_free(capture);
}

typedef struct {
    tracer_task *task;
    tracer_span span;
    uint64_t token;
} moved;

static void *goes_on(void *given) {
    moved *there = given;
    uint64_t own = tracer_context_attach(NULL);
    tracer_span thread = tracer_span_begin("other thread");
    tracer_task_resume(there->task);
    leaf("on the other");
    tracer_span_finish(there->span);
    tracer_context_detach(there->token);
    tracer_task_suspend(there->task);
    CHECK(tracer_span_is_recording(tracer_span_current()));
    tracer_span_finish(thread);
    tracer_context_detach(own);
    return NULL;
}

static void a_task_moves_between_threads_with_spans_and_tokens(void) {
    tracer_capture *capture = tracer_capture_new();
    uint64_t repaired = stats().detach_order;
    char id[17];
    moved there;
    there.task = tracer_task_new();
    tracer_task_resume(there.task);
    tracer_context *context = tracer_context_from_traceparent(
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", NULL);
    there.token = tracer_context_attach(context);
    tracer_context_free(context);
    there.span = tracer_span_begin("moves");
    tracer_span_id_hex(there.span, id);
    tracer_task_suspend(there.task);
    CHECK(!tracer_span_is_recording(tracer_span_current()));
    pthread_t thread;
    CHECK_INT(pthread_create(&thread, NULL, goes_on, &there), 0);
    pthread_join(thread, NULL);
    tracer_task_free(there.task);
    CHECK_TEXT(parent_of(capture, "on the other"), id);
    CHECK_TEXT(parent_of(capture, "moves"), "b7ad6b7169203331");
    CHECK_INT(stats().detach_order, repaired);
    tracer_capture_free(capture);
}

static void turns_out_of_order_change_nothing(void) {
    tracer_capture *capture = tracer_capture_new();
    tracer_task *task = tracer_task_new();
    tracer_task_suspend(task);
    tracer_task_resume(task);
    tracer_span span = tracer_span_begin("twice");
    tracer_task_resume(task);
    leaf("below twice");
    tracer_task_suspend(task);
    tracer_task_suspend(task);
    leaf("suspended");
    tracer_task_resume(task);
    tracer_task_free(task); /* while it runs: taken off the thread */
    leaf("freed");
    tracer_span_end(span);
    tracer_task_resume(NULL);
    tracer_task_suspend(NULL);
    tracer_task_free(NULL);
    CHECK(parent_of(capture, "below twice")[0] != '\0');
    CHECK_TEXT(parent_of(capture, "suspended"), "");
    CHECK_TEXT(parent_of(capture, "freed"), "");
    tracer_capture_free(capture);
}

static void tasks_within_tasks_keep_apart(void) {
    tracer_capture *capture = tracer_capture_new();
    char outer_id[17];
    tracer_task *outer = tracer_task_new();
    tracer_task_resume(outer);
    tracer_span span = tracer_span_begin("of outer");
    tracer_span_id_hex(span, outer_id);
    tracer_task *inner = tracer_task_new();
    tracer_task_resume(inner);
    tracer_span within = tracer_span_begin("of inner");
    tracer_task_suspend(inner);
    leaf("in outer");
    tracer_span_finish(span);
    tracer_task_suspend(outer);
    tracer_task_resume(inner);
    tracer_span_finish(within);
    leaf("in inner");
    tracer_task_free(inner);
    tracer_task_free(outer);
    CHECK_TEXT(parent_of(capture, "of inner"), outer_id);
    CHECK_TEXT(parent_of(capture, "in outer"), outer_id);
    CHECK_TEXT(parent_of(capture, "in inner"), outer_id);
    tracer_capture_free(capture);
}

int main(void) {
    set_up("none");
    RUN(what_is_current_goes_and_comes_with_a_task);
    RUN(a_task_moves_between_threads_with_spans_and_tokens);
    RUN(turns_out_of_order_change_nothing);
    RUN(tasks_within_tasks_keep_apart);
    return finish();
}
