/* C -> Rust by the opentelemetry API -> C, in one trace, with the right parents. */
#define _POSIX_C_SOURCE 200809L
#include "harness.h"
#include "otlp.h"

void nested_set_up(void);
void nested_rust(void (*callback)(void));
void nested_rust_thread(void (*callback)(void));

static tracer_capture *capture;
static seen outer, rust, inner;

static tracer_span start(const char *name) {
    return tracer_span_start(NULL, name, NULL);
}

static void below(const seen *child, const seen *parent) {
    CHECK_TEXT(child->parent_id, parent->span_id);
    CHECK_TEXT(child->trace_id, parent->trace_id);
}

static void see_all(const char *of_rust) {
    CHECK(see_named(capture, "outer", &outer));
    CHECK(see_named(capture, of_rust, &rust));
    CHECK(see_named(capture, "inner", &inner));
    CHECK_TEXT(outer.parent_id, "");
}

static void call_inner(void) {
    tracer_span_set_int(tracer_span_current(), "by", 7); /* the span of the API */
    tracer_span_end(start("inner"));
}

static void c_rust_c(void) {
    tracer_capture_clear(capture);
    tracer_span span = start("outer");
    tracer_span_enter(span);
    nested_rust(call_inner);
    tracer_span_end(start("sister"));
    tracer_span_leave(span);
    tracer_span_end(span);
    see_all("rust");
    below(&rust, &outer);
    below(&inner, &rust);
    CHECK_TEXT(rust.attributes, "by=7");
    CHECK_TEXT(rust.scope, "rust");
    seen sister;
    CHECK(see_named(capture, "sister", &sister));
    below(&sister, &outer);
    CHECK_INT(tracer_capture_count(capture), 4);
}

static void call_rust_again(void) {
    tracer_span span = tracer_span_begin("between");
    nested_rust(call_inner);
    tracer_span_finish(span);
}

static void call_deeply(void) {
    nested_rust_thread(call_rust_again);
}

static void c_rust_c_rust_c_over_threads(void) {
    tracer_capture_clear(capture);
    tracer_span span = tracer_span_begin("outer");
    call_deeply();
    tracer_span_finish(span);
    see_all("rust");
    seen thread, between;
    CHECK(see_named(capture, "rust thread", &thread));
    CHECK(see_named(capture, "between", &between));
    below(&thread, &outer);
    below(&between, &thread);
    below(&rust, &between);
    below(&inner, &rust);
}

static void rust_alone_is_a_root(void) {
    tracer_capture_clear(capture);
    nested_rust(call_inner);
    CHECK(see_named(capture, "rust", &rust));
    CHECK_TEXT(rust.parent_id, "");
    CHECK(see_named(capture, "inner", &inner));
    below(&inner, &rust);
}

static void nothing_stays_current(void) {
    tracer_capture_clear(capture);
    tracer_span_end(start("outer"));
    CHECK(see_named(capture, "outer", &outer));
    CHECK_TEXT(outer.parent_id, "");
}

int main(void) {
    nested_set_up();
    capture = tracer_capture_new();
    RUN(c_rust_c);
    RUN(c_rust_c_rust_c_over_threads);
    RUN(rust_alone_is_a_root);
    RUN(nothing_stays_current);
    tracer_capture_free(capture);
    return finish();
}
