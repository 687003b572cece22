/* Captured log records as a test reads them: every member of a view, and its loan. */
#define _POSIX_C_SOURCE 200809L
#include "harness.h"

static void a_captured_record_is_read_as_a_struct(void) {
    tracer_capture *capture = tracer_capture_new();
    tracer_value *body = tracer_value_new();
    tracer_value_begin_array(body);
    tracer_value_add_string(body, "one", 3);
    tracer_value_add_int(body, 2);
    tracer_attribute cart = {.key = "cart", .type = TRACER_INT};
    cart.value.integer = 7;
    tracer_context *at = tracer_context_from_traceparent(
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", NULL);
    tracer_scope *scope = tracer_scope_new(NULL, "shop", "2", NULL);
    tracer_log_options options = TRACER_LOG_OPTIONS_INIT;
    options.body = body;
    options.attributes = &cart;
    options.attribute_count = 1;
    options.context = at;
    options.unix_ns = 1000;
    options.observed_unix_ns = 2000;
    options.severity_text = "WARNING";
    options.event_name = "cart.full";
    tracer_log_emit(scope, TRACER_SEVERITY_WARN, NULL, 0, &options);
    tracer_log_emit(NULL, 0, "plain", 5, NULL);
    tracer_value_free(body);
    tracer_context_free(at);
    tracer_scope_free(scope);

    const tracer_log_view *seen = tracer_capture_log(capture, 0);
    CHECK(seen != NULL && seen->struct_size == sizeof *seen);
    CHECK_INT(seen->severity, TRACER_SEVERITY_WARN);
    CHECK_TEXT(seen->severity_text, "WARNING");
    CHECK_TEXT(seen->event_name, "cart.full");
    CHECK_TEXT(seen->trace_id_hex, "0af7651916cd43dd8448eb211c80319c");
    CHECK_TEXT(seen->span_id_hex, "b7ad6b7169203331");
    CHECK(seen->trace_id[0] == 0x0a && seen->span_id[0] == 0xb7 && seen->trace_flags == 1);
    CHECK(seen->unix_ns == 1000 && seen->observed_unix_ns == 2000);
    CHECK(seen->attribute_count == 1 && seen->attributes[0].value.integer == 7);
    CHECK_TEXT(seen->scope_name, "shop");
    CHECK_TEXT(seen->scope_version, "2");
    CHECK(tracer_attribute_find(seen->resource_attributes, seen->resource_attribute_count,
                                "telemetry.sdk.name") != NULL);
    size_t count = 0;
    CHECK(seen->body->type == TRACER_NESTED);
    const tracer_attribute *said = tracer_value_entries(seen->body->value.nested, &count);
    CHECK(count == 2 && said[1].value.integer == 2);

    const tracer_log_view *plain = tracer_capture_log(capture, 1);
    CHECK(plain->body->type == TRACER_STRING);
    CHECK_TEXT(plain->body->value.text.data, "plain");
    CHECK_TEXT(plain->span_id_hex, "");
    CHECK(plain->severity == 0 && plain->attribute_count == 0);
    CHECK(tracer_capture_log(capture, 0) == seen && tracer_capture_log(capture, 2) == NULL);
    CHECK(tracer_capture_log(NULL, 0) == NULL);
    tracer_capture_clear(capture);
    CHECK(tracer_capture_log(capture, 0) == NULL);
    tracer_capture_free(capture);
}

int main(void) {
    set_up("none");
    RUN(a_captured_record_is_read_as_a_struct);
    return finish();
}
