/* Recording: every type of attribute, events, links, status, times, limits, as they come out in OTLP. */
#define _POSIX_C_SOURCE 200809L
#include "harness.h"
#include "otlp.h"

#include <float.h>
#include <stdlib.h>

static tracer_capture *capture;

static void add_text(tracer_value *value, const char *text) {
    tracer_value_add_string(value, text, strlen(text));
}

static tracer_attribute text_attribute(const char *key, const char *text) {
    tracer_attribute made = {key, TRACER_STRING, {{text, strlen(text)}}};
    return made;
}

static tracer_attribute int_attribute(const char *key, int64_t number) {
    tracer_attribute made = {key, TRACER_INT, {{NULL, 0}}};
    made.value.integer = number;
    return made;
}

static void every_simple_type(void) {
    tracer_span span = tracer_span_start(NULL, "types", NULL);
    tracer_span_set_bool(span, "b", true);
    tracer_span_set_int(span, "i", INT64_MIN);
    tracer_span_set_double(span, "d", 2.5);
    tracer_span_set_string(span, "s", "h\xc3\xa9", 3);
    tracer_span_set_string(span, "empty", NULL, 0);
    tracer_span_set_bytes(span, "x", "\0\xff", 2);
    tracer_span_set_string(span, "nul", "a\0b", 3);
    tracer_span_end(span);
    seen got;
    CHECK(see_named(capture, "types", &got));
    CHECK(strstr(got.attributes, "b=true i=-9223372036854775808 d=2.5 s=\"h\xc3\xa9\" empty=\"\" "
                                 "x=x'00ff' nul=\"a") == got.attributes);
}

static void the_last_value_of_a_key_counts(void) {
    tracer_span span = tracer_span_start(NULL, "twice", NULL);
    tracer_span_set_int(span, "key", 1);
    tracer_span_set_int(span, "other", 2);
    tracer_span_set_string(span, "key", "new", 3);
    tracer_span_end(span);
    seen got;
    CHECK(see_named(capture, "twice", &got));
    CHECK(strstr(got.attributes, "key=\"new\"") != NULL);
    CHECK(strstr(got.attributes, "other=2") != NULL);
    CHECK(strstr(got.attributes, "key=1") == NULL);
}

static void nested_values(void) {
    tracer_value *value = tracer_value_new();
    tracer_value_begin_map(value);
    tracer_value_key(value, "list", 4);
    tracer_value_begin_array(value);
    tracer_value_add_int(value, 1);
    add_text(value, "two");
    tracer_value_add_null(value);
    tracer_value_add_bytes(value, "\x01", 1);
    tracer_value_end(value);
    tracer_value_key(value, "map", 3);
    tracer_value_begin_map(value);
    tracer_value_key(value, "on", 2);
    tracer_value_add_bool(value, true);
    tracer_value_end(value);
    tracer_value_key(value, "half", 4);
    tracer_value_add_double(value, 0.5);
    tracer_value_end(value);

    tracer_span span = tracer_span_start(NULL, "nested", NULL);
    tracer_span_set_value(span, "v", value);
    tracer_value_clear(value);
    tracer_value_begin_array(value); /* not ended: ended by use */
    tracer_span_set_value(span, "open", value);
    tracer_span_set_value(span, "null", NULL);
    tracer_span_end(span);
    tracer_value_free(value);
    seen got;
    CHECK(see_named(capture, "nested", &got));
    CHECK_TEXT(got.attributes, "v={\"list\":[1,\"two\",null,x'01'],\"map\":{\"on\":true},\"half\":0.5} "
                               "open=[] null=null");
}

static void a_value_takes_copies_of_others(void) {
    tracer_value *inner = tracer_value_new(), *outer = tracer_value_new();
    tracer_value_begin_array(inner);
    tracer_value_add_int(inner, 1); /* not ended: ended by use */
    tracer_value_begin_map(outer);
    tracer_value_key(outer, "a", 1);
    tracer_value_add_value(outer, inner);
    tracer_value_free(inner);
    tracer_value_key(outer, "b", 1);
    tracer_value_add_value(outer, NULL);
    tracer_value_add_value(outer, outer); /* not itself */
    tracer_value_add_value(NULL, outer);
    tracer_span span = tracer_span_start(NULL, "copies", NULL);
    tracer_span_set_value(span, "v", outer);
    tracer_span_end(span);
    tracer_value_free(outer);
    seen got;
    CHECK(see_named(capture, "copies", &got));
    CHECK_TEXT(got.attributes, "v={\"a\":[1],\"b\":null}");
}

static void values_nest_as_deep_as_asked(void) {
    enum { DEPTH = 10000 };
    tracer_value *value = tracer_value_new();
    for (int depth = 0; depth < DEPTH; depth++) {
        tracer_value_begin_array(value);
    }
    tracer_value_add_int(value, 7);
    tracer_span span = tracer_span_start(NULL, "deep", NULL);
    tracer_span_set_value(span, "v", value);
    tracer_span_end(span);
    tracer_value_free(value);
    const uint8_t *bytes = NULL;
    size_t len = 0;
    CHECK(tracer_capture_otlp(capture, tracer_capture_count(capture) - 1, &bytes, &len));
    CHECK(len > 0);
}

static void attributes_at_the_start_and_by_list(void) {
    tracer_attribute at_start[] = {text_attribute("user", "ada"), int_attribute("n", 1)};
    tracer_span_options options = TRACER_SPAN_OPTIONS_INIT;
    options.kind = TRACER_KIND_SERVER;
    options.start_unix_ns = 1000000000;
    options.attributes = at_start;
    options.attribute_count = 2;
    tracer_span span = tracer_span_start(NULL, "first", &options);
    tracer_attribute later[] = {int_attribute("n", 2), int_attribute("m", 3)};
    tracer_span_set_attributes(span, later, 2);
    tracer_span_set_name(span, "renamed");
    tracer_span_end_at(span, 3000000000);
    seen got;
    CHECK(see_named(capture, "renamed", &got));
    CHECK(strstr(got.attributes, "user=\"ada\"") != NULL);
    CHECK(strstr(got.attributes, "n=2") != NULL && strstr(got.attributes, "n=1") == NULL);
    CHECK(strstr(got.attributes, "m=3") != NULL);
    CHECK_INT(got.kind, TRACER_KIND_SERVER);
    CHECK_INT(got.start, 1000000000);
    CHECK_INT(got.end, 3000000000);
}

static void wrong_types_and_empty_keys_are_counted(void) {
    uint64_t before = stats().invalid_attribute;
    tracer_attribute bad[] = {int_attribute("type", 1), int_attribute("", 2), int_attribute(NULL, 3),
                              int_attribute("good", 4)};
    bad[0].type = 77;
    tracer_span span = tracer_span_start(NULL, "bad", NULL);
    tracer_span_set_attributes(span, bad, 4);
    tracer_span_end(span);
    seen got;
    CHECK(see_named(capture, "bad", &got));
    CHECK_TEXT(got.attributes, "good=4");
    CHECK_INT(stats().invalid_attribute, before + 3);
}

static void events_links_and_errors(void) {
    tracer_context *other = tracer_context_from_traceparent(
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", NULL);
    tracer_attribute one[] = {int_attribute("a", 1), text_attribute("b", "x")};
    tracer_span span = tracer_span_start(NULL, "more", NULL);
    tracer_span_add_event(span, "plain", NULL, 0);
    tracer_span_add_event_at(span, "then", one, 2, 42);
    tracer_span_record_error(span, "IOError", "no such file", NULL);
    tracer_span_add_link(span, other, one, 1);
    tracer_span_add_link(span, NULL, one, 1);
    tracer_span_end(span);
    tracer_context_free(other);
    seen got;
    CHECK(see_named(capture, "more", &got));
    CHECK_TEXT(got.events, "plain{} then{a=1 b=\"x\"} exception{exception.type=\"IOError\" "
                           "exception.message=\"no such file\"}");
    CHECK_TEXT(got.links, "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331{a=1}");
    CHECK_INT(got.code, TRACER_STATUS_UNSET);
}

static void links_at_the_start(void) {
    tracer_context *other = tracer_context_from_traceparent(
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "a=1");
    tracer_attribute one[] = {int_attribute("a", 1)};
    tracer_link links[] = {{other, one, 1}, {other, NULL, 0}, {NULL, NULL, 0}};
    tracer_span_options options = TRACER_SPAN_OPTIONS_INIT;
    options.links = links;
    options.link_count = 3;
    tracer_span_end(tracer_span_start(NULL, "linked", &options));
    tracer_context_free(other);
    seen got;
    CHECK(see_named(capture, "linked", &got));
    CHECK_TEXT(got.links, "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331{a=1} "
                          "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331{}");
}

static void status_follows_the_rules(void) {
    static const struct {
        const char *name;
        tracer_span_status first, second;
        uint64_t code;
        const char *message;
    } cases[] = {
        {"error", TRACER_STATUS_ERROR, TRACER_STATUS_UNSET, 2, "first"},
        {"last error", TRACER_STATUS_ERROR, TRACER_STATUS_ERROR, 2, "second"},
        {"ok is final", TRACER_STATUS_OK, TRACER_STATUS_ERROR, 1, ""},
        {"ok over error", TRACER_STATUS_ERROR, TRACER_STATUS_OK, 1, ""},
        {"unset", TRACER_STATUS_UNSET, TRACER_STATUS_UNSET, 0, ""},
        {"unknown", 77, TRACER_STATUS_UNSET, 0, ""},
    };
    for (size_t at = 0; at < sizeof cases / sizeof *cases; at++) {
        tracer_span span = tracer_span_start(NULL, cases[at].name, NULL);
        tracer_span_set_status(span, cases[at].first, "first");
        tracer_span_set_status(span, cases[at].second, "second");
        tracer_span_end(span);
        seen got;
        CHECK(see_named(capture, cases[at].name, &got));
        CHECK_INT(got.code, cases[at].code);
        CHECK_TEXT(got.message, cases[at].message);
    }
}

static void limits_cut_and_count(void) {
    tracer_config *config = tracer_config_new();
    tracer_limits limits = TRACER_LIMITS_INIT;
    limits.attributes = 2;
    limits.attribute_value_length = 3;
    limits.events = limits.links = limits.attributes_per_event = limits.attributes_per_link = 1;
    CHECK_INT(tracer_config_set_exporter(config, "none"), TRACER_OK);
    CHECK_INT(tracer_config_set_limits(config, &limits), TRACER_OK);
    CHECK_INT(tracer_init(config), TRACER_OK);
    tracer_config_free(config);
    tracer_context *other = tracer_context_from_traceparent(
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", NULL);
    tracer_attribute two[] = {int_attribute("a", 1), int_attribute("b", 2)};
    tracer_span span = tracer_span_start(NULL, "limited", NULL);
    tracer_span_set_string(span, "long", "h\xc3\xa9llo", 6);
    tracer_span_set_int(span, "two", 2);
    tracer_span_set_int(span, "three", 3);
    tracer_span_set_int(span, "two", 22); /* not new: kept */
    tracer_span_add_event(span, "one", two, 2);
    tracer_span_add_event(span, "two", NULL, 0);
    tracer_span_add_link(span, other, NULL, 0);
    tracer_span_add_link(span, other, NULL, 0);
    tracer_span_end(span);
    tracer_context_free(other);
    seen got;
    CHECK(see_named(capture, "limited", &got));
    CHECK_TEXT(got.attributes, "long=\"h\xc3\xa9l\" two=22");
    CHECK_TEXT(got.events, "one{a=1}");
    CHECK_INT(got.dropped_attributes, 1);
    CHECK_INT(got.dropped_events, 1);
    CHECK_INT(got.dropped_links, 1);
    set_up("none");
}

static void invalid_utf8_is_mended_and_counted(void) {
    uint64_t before = stats().invalid_utf8;
    tracer_span span = tracer_span_start(NULL, "bad \xff name", NULL);
    tracer_span_set_string(span, "text", "a\xc3", 2);
    tracer_span_set_int(span, "key\x80", 1);
    tracer_span_set_bytes(span, "bytes", "\xc3", 1);
    tracer_span_end(span);
    seen got;
    CHECK(see_named(capture, "bad \xef\xbf\xbd name", &got));
    CHECK_TEXT(got.attributes, "text=\"a\xef\xbf\xbd\" key\xef\xbf\xbd=1 bytes=x'c3'");
    CHECK_INT(stats().invalid_utf8, before + 3);
}

static void a_large_span_is_whole(void) {
    enum { SIZE = 5 * 1024 * 1024 };
    char *text = malloc(SIZE);
    CHECK(text != NULL);
    memset(text, 'x', SIZE);
    tracer_span span = tracer_span_start(NULL, "large", NULL);
    tracer_span_set_string(span, "text", text, SIZE);
    tracer_span_end(span);
    free(text);
    const uint8_t *bytes = NULL;
    size_t len = 0;
    CHECK(tracer_capture_otlp(capture, tracer_capture_count(capture) - 1, &bytes, &len));
    CHECK(len > SIZE);
}

static void a_capture_sees_in_end_order_until_it_is_freed(void) {
    tracer_capture *second = tracer_capture_new();
    tracer_span one = tracer_span_start(NULL, "one", NULL);
    tracer_span two = tracer_span_start(NULL, "two", NULL);
    CHECK_INT(tracer_capture_count(second), 0);
    tracer_span_end(two);
    tracer_span_end(one);
    seen got;
    CHECK_INT(tracer_capture_count(second), 2);
    CHECK(see(second, 0, &got));
    CHECK_TEXT(got.name, "two");
    CHECK(!see(second, 2, &got));
    tracer_capture_clear(second);
    CHECK_INT(tracer_capture_count(second), 0);
    tracer_capture_free(second);
}

int main(void) {
    set_up("none");
    capture = tracer_capture_new();
    RUN(every_simple_type);
    RUN(the_last_value_of_a_key_counts);
    RUN(nested_values);
    RUN(a_value_takes_copies_of_others);
    RUN(values_nest_as_deep_as_asked);
    RUN(attributes_at_the_start_and_by_list);
    RUN(wrong_types_and_empty_keys_are_counted);
    RUN(events_links_and_errors);
    RUN(links_at_the_start);
    RUN(status_follows_the_rules);
    RUN(limits_cut_and_count);
    RUN(invalid_utf8_is_mended_and_counted);
    RUN(a_large_span_is_whole);
    RUN(a_capture_sees_in_end_order_until_it_is_freed);
    tracer_capture_free(capture);
    return finish();
}
