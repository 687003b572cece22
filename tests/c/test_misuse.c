/* Misuse: NULL everywhere, handles that are stale, ended or made up, use after shutdown. Never a crash,
 * never an error from a recording call; counted. */
#define _POSIX_C_SOURCE 200809L
#include "harness.h"
#include "otlp.h"

#include <errno.h>
#include <stdlib.h>

/* Every call on a span that writes or reads. */
static void use(tracer_span span) {
    tracer_attribute one = {"key", TRACER_INT, {{NULL, 0}}};
    char hex[33];
    uint8_t id[16];
    tracer_span_enter(span);
    tracer_span_set_bool(span, "b", true);
    tracer_span_set_int(span, "i", 1);
    tracer_span_set_double(span, "d", 1);
    tracer_span_set_string(span, "s", "x", 1);
    tracer_span_set_bytes(span, "x", "x", 1);
    tracer_span_set_value(span, "v", NULL);
    tracer_span_set_attributes(span, &one, 1);
    tracer_span_set_status(span, TRACER_STATUS_ERROR, "x");
    tracer_span_set_name(span, "x");
    tracer_span_add_event(span, "e", &one, 1);
    tracer_span_add_event_at(span, "e", &one, 1, 1);
    tracer_span_record_error(span, "t", "m", "s");
    tracer_context *context = tracer_span_context(span);
    tracer_span_add_link(span, context, &one, 1);
    tracer_context_free(context);
    CHECK(!tracer_span_is_recording(span));
    CHECK(!tracer_span_trace_id(span, id));
    CHECK(!tracer_span_id(span, id));
    CHECK(!tracer_span_trace_id_hex(span, hex));
    CHECK_TEXT(hex, "00000000000000000000000000000000");
    CHECK(!tracer_span_id_hex(span, hex));
    CHECK_TEXT(hex, "0000000000000000");
    tracer_span_leave(span);
    tracer_span_end(span);
    tracer_span_end_at(span, 1);
    tracer_span_finish(span);
}

static void the_zero_span_is_a_no_op(void) {
    tracer_stats before = stats();
    use((tracer_span){0, 0});
    tracer_stats after = stats();
    CHECK_INT(after.stale, before.stale);
    CHECK_INT(after.started, before.started);
}

static void a_stale_handle_is_a_counted_no_op(void) {
    tracer_capture *capture = tracer_capture_new();
    tracer_span span = tracer_span_start(NULL, "once", NULL);
    tracer_span_end(span);
    tracer_stats before = stats();
    tracer_span_end(span); /* twice */
    CHECK_INT(stats().stale, before.stale + 1);
    use(span);
    tracer_stats after = stats();
    CHECK(after.stale > before.stale + 10);
    CHECK_INT(after.started, before.started);
    CHECK_INT(after.open, before.open);
    CHECK_INT(tracer_capture_count(capture), 1);
    /* The slot is used again: the old handle does not reach the new span. */
    tracer_span again = tracer_span_start(NULL, "again", NULL);
    tracer_span_set_int(span, "key", 1);
    tracer_span_end(again);
    seen got;
    CHECK(see_named(capture, "again", &got));
    CHECK_TEXT(got.attributes, "");
    tracer_capture_free(capture);
}

static uint64_t next_random(uint64_t *state) {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static void a_million_made_up_handles(void) {
    enum { HANDLES = 1000000 };
    uint64_t random = 88172645463325252u;
    tracer_span live = tracer_span_start(NULL, "live", NULL);
    tracer_stats before = stats();
    for (int i = 0; i < HANDLES; i++) {
        uint64_t slot = next_random(&random), generation = next_random(&random);
        if (i % 2 == 0) {
            slot %= 100000;       /* near those in use */
            generation = generation % 8 + live.generation + 1;
        }
        tracer_span made_up = {slot, generation};
        tracer_span_set_int(made_up, "key", i);
        tracer_span_end(made_up);
    }
    tracer_stats after = stats();
    CHECK(after.stale >= before.stale + 2 * HANDLES - 10);
    CHECK(tracer_span_is_recording(live));
    CHECK_INT(after.open, before.open);
    tracer_span_end(live);
    CHECK_INT(after.panics, 0);
}

static void null_is_allowed_everywhere(void) {
    size_t len = 1;
    const uint8_t *bytes = NULL;
    tracer_span span = tracer_span_start(NULL, NULL, NULL);
    tracer_span_set_bool(span, NULL, true);
    tracer_span_set_int(span, NULL, 1);
    tracer_span_set_double(span, NULL, 1);
    tracer_span_set_string(span, NULL, NULL, 5);
    tracer_span_set_string(span, "null text", NULL, 5);
    tracer_span_set_bytes(span, "null bytes", NULL, 5);
    tracer_span_set_value(span, NULL, NULL);
    tracer_span_set_attributes(span, NULL, 3);
    tracer_span_set_status(span, TRACER_STATUS_ERROR, NULL);
    tracer_span_set_name(span, NULL);
    tracer_span_add_event(span, NULL, NULL, 3);
    tracer_span_add_link(span, NULL, NULL, 3);
    tracer_span_record_error(span, NULL, NULL, NULL);
    CHECK(!tracer_span_trace_id(span, NULL));
    CHECK(!tracer_span_id(span, NULL));
    CHECK(!tracer_span_trace_id_hex(span, NULL));
    CHECK(!tracer_span_id_hex(span, NULL));
    CHECK(!tracer_context_traceparent(NULL, NULL));
    CHECK(!tracer_traceparent(NULL));
    tracer_span_end(span);
    tracer_span_finish(tracer_span_begin(NULL));
    tracer_value_begin_array(NULL);
    tracer_value_begin_map(NULL);
    tracer_value_end(NULL);
    tracer_value_key(NULL, NULL, 3);
    tracer_value_add_null(NULL);
    tracer_value_add_string(NULL, NULL, 3);
    tracer_value_clear(NULL);
    tracer_value_free(NULL);
    tracer_value *value = tracer_value_new();
    tracer_value_add_string(value, NULL, 3);
    tracer_value_add_bytes(value, NULL, 3);
    tracer_value_key(value, NULL, 3);
    tracer_value_end(value);
    tracer_value_free(value);
    tracer_context_free(NULL);
    tracer_scope_free(NULL);
    tracer_provider_free(NULL);
    tracer_scope *scope = tracer_scope_new(NULL, NULL, NULL, NULL);
    tracer_span_end(tracer_span_start(scope, "x", NULL));
    tracer_scope_free(scope);
    tracer_capture_free(NULL);
    tracer_capture_clear(NULL);
    CHECK_INT(tracer_capture_count(NULL), 0);
    CHECK(!tracer_capture_otlp(NULL, 0, &bytes, &len));
    tracer_capture *capture = tracer_capture_new();
    tracer_span_end(tracer_span_start(NULL, "y", NULL));
    CHECK(!tracer_capture_otlp(capture, 0, NULL, NULL) || true);
    tracer_capture_free(capture);
    tracer_read_stats(NULL);
    CHECK_INT(stats().panics, 0);
}

static void an_older_caller_gets_only_what_it_knows(void) {
    tracer_stats read;
    memset(&read, 0x5a, sizeof read);
    read.struct_size = 3 * sizeof(uint64_t);
    tracer_read_stats(&read);
    CHECK_INT(read.struct_size, 3 * sizeof(uint64_t));
    CHECK(read.started != 0x5a5a5a5a5a5a5a5a);
    CHECK(read.dropped == 0x5a5a5a5a5a5a5a5a);
    tracer_span_options options = TRACER_SPAN_OPTIONS_INIT;
    options.struct_size = sizeof(size_t);
    options.flags = 0xffffffff; /* beyond what the caller says is there */
    options.parent = (const tracer_context *)(uintptr_t)16;
    tracer_span_end(tracer_span_start(NULL, "old", &options));
}

static void a_size_that_cuts_a_member_leaves_it_out(void) {
    tracer_span_options options = TRACER_SPAN_OPTIONS_INIT;
    options.parent = (const tracer_context *)(uintptr_t)0x123456789abc;
    options.struct_size = offsetof(tracer_span_options, parent) + 4; /* half of the pointer */
    tracer_span_end(tracer_span_start(NULL, "cut", &options));
    options.struct_size = 0;
    tracer_span_end(tracer_span_start(NULL, "none", &options));
    tracer_config *config = tracer_config_new();
    tracer_limits limits = TRACER_LIMITS_INIT;
    limits.attributes = 1;
    char why[200];
    CHECK_INT(tracer_config_set_limits(config, &limits), TRACER_OK);
    CHECK_INT(tracer_config_set_limits(config, NULL), TRACER_OK);
    limits.struct_size = 0;
    CHECK_INT(tracer_config_set_limits(config, &limits), TRACER_INVALID_ARGUMENT);
    CHECK(tracer_last_error(why, sizeof why) > 0);
    CHECK(strstr(why, "struct_size") != NULL);
    tracer_config_free(config);
}

static void a_boolean_of_any_bits_is_a_boolean(void) {
    tracer_capture *capture = tracer_capture_new();
    tracer_span span = tracer_span_start(NULL, "boolean", NULL);
    tracer_attribute attribute;
    attribute.key = "odd";
    attribute.type = TRACER_BOOL;
    attribute.value.integer = 0x80; /* the wrong member */
    tracer_span_set_attributes(span, &attribute, 1);
    tracer_span_set_int(span, "next", 1);
    tracer_span_end(span);
    seen got;
    CHECK(see_named(capture, "boolean", &got));
    CHECK_TEXT(got.attributes, "odd=true next=1");
    tracer_capture_free(capture);
}

static void a_stale_parent_falls_back_to_what_is_current(void) {
    tracer_capture *capture = tracer_capture_new();
    tracer_span ended = tracer_span_start(NULL, "ended", NULL);
    tracer_span_end(ended);
    tracer_span outer = tracer_span_begin("outer");
    char outer_id[17];
    CHECK(tracer_span_id_hex(outer, outer_id));
    uint64_t before = stats().stale;
    tracer_span_options options = TRACER_SPAN_OPTIONS_INIT;
    tracer_context *stale = tracer_span_context(ended);
    CHECK_INT(stats().stale, before + 1);
    options.parent = stale;
    tracer_span_end(tracer_span_start(NULL, "child", &options));
    uint64_t token = tracer_context_attach(stale);
    tracer_span_finish(tracer_span_begin("below"));
    tracer_context_detach(token);
    tracer_context_free(stale);
    tracer_span_finish(outer);
    seen got;
    CHECK(see_named(capture, "child", &got));
    CHECK_TEXT(got.parent_id, outer_id);
    CHECK(see_named(capture, "below", &got));
    CHECK_TEXT(got.parent_id, outer_id);
    tracer_capture_free(capture);
}

static void errno_is_preserved(void) {
    errno = 4711;
    tracer_span span = tracer_span_begin("errno");
    tracer_span_set_int(span, "key", 1);
    tracer_span_finish(span);
    CHECK_INT(errno, 4711);
    CHECK_INT(tracer_flush(1000), TRACER_OK);
    CHECK_INT(errno, 4711);
}

static void a_builder_used_out_of_order_gives_something(void) {
    tracer_capture *capture = tracer_capture_new();
    tracer_value *value = tracer_value_new();
    tracer_value_end(value);
    tracer_value_begin_map(value);
    tracer_value_add_int(value, 1); /* no key */
    tracer_value_key(value, "a", 1);
    tracer_value_key(value, "b", 1);
    tracer_value_add_int(value, 2);
    tracer_value_key(value, "dangling", 8);
    tracer_value_end(value);
    tracer_value_end(value);
    tracer_value_add_int(value, 3); /* a second whole value */
    tracer_span span = tracer_span_start(NULL, "odd", NULL);
    tracer_span_set_value(span, "v", value);
    tracer_span_end(span);
    tracer_value_free(value);
    seen got;
    CHECK(see_named(capture, "odd", &got));
    CHECK(strncmp(got.attributes, "v=", 2) == 0);
    tracer_capture_free(capture);
}

static void after_shutdown_everything_is_a_no_op(void) {
    set_up("memory");
    tracer_span open = tracer_span_begin("open at shutdown");
    tracer_span_end(tracer_span_start(NULL, "before", NULL));
    CHECK_INT(tracer_shutdown(1000), TRACER_OK);
    tracer_span_set_int(open, "key", 1);
    tracer_span_finish(open);
    tracer_span late = tracer_span_begin("late");
    CHECK(!tracer_span_is_recording(late));
    tracer_span_finish(late);
    tracer_stats now = stats();
    CHECK_INT(now.exported, 1);
    CHECK_INT(now.started, now.exported + now.dropped + now.queued + now.open);
    CHECK_INT(tracer_shutdown(1000), TRACER_OK);
    CHECK_INT(tracer_flush(1000), TRACER_OK);
    set_up("memory"); /* and again */
    tracer_span_end(tracer_span_start(NULL, "again", NULL));
    CHECK_INT(tracer_flush(1000), TRACER_OK);
    CHECK_INT(stats().exported, 1);
}

int main(void) {
    set_up("none");
    RUN(the_zero_span_is_a_no_op);
    RUN(a_stale_handle_is_a_counted_no_op);
    RUN(a_million_made_up_handles);
    RUN(null_is_allowed_everywhere);
    RUN(an_older_caller_gets_only_what_it_knows);
    RUN(a_size_that_cuts_a_member_leaves_it_out);
    RUN(a_boolean_of_any_bits_is_a_boolean);
    RUN(a_stale_parent_falls_back_to_what_is_current);
    RUN(errno_is_preserved);
    RUN(a_builder_used_out_of_order_gives_something);
    RUN(after_shutdown_everything_is_a_no_op);
    return finish();
}
