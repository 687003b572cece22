/* Captured spans as a test reads them: every member of a view, and the loans of views. */
#define _POSIX_C_SOURCE 200809L
#include "harness.h"

#define TRACE "0af7651916cd43dd8448eb211c80319c"
#define SPAN "b7ad6b7169203331"

static char text[512];

static const char *attribute(const tracer_attribute *attributes, size_t count, const char *key) {
    const tracer_attribute *found = tracer_attribute_find(attributes, count, key);
    if (found == NULL) {
        return "(none)";
    }
    size_t length = tracer_attribute_text(found, text, sizeof text);
    CHECK_INT(length, strlen(text));
    return text;
}

static tracer_provider *provider;
static tracer_scope *scope;

static void make_provider(void) {
    tracer_config *config = tracer_config_new();
    tracer_limits limits = TRACER_LIMITS_INIT;
    limits.events = 1;
    CHECK_INT(tracer_config_set_limits(config, &limits), TRACER_OK);
    CHECK_INT(tracer_config_set_service_name(config, "shop"), TRACER_OK);
    CHECK_INT(tracer_config_set_resource_schema_url(config, "http://resource"), TRACER_OK);
    CHECK_INT(tracer_provider_new(config, &provider), TRACER_OK);
    tracer_config_free(config);
    tracer_value *attributes = tracer_value_new();
    tracer_value_begin_map(attributes);
    tracer_value_key(attributes, "team", 4);
    tracer_value_add_string(attributes, "blue", 4);
    scope = tracer_scope_new_with_attributes(provider, "cart", "1.2", "http://scope", attributes);
    tracer_value_free(attributes);
}

static void every_member_can_be_read(void) {
    tracer_capture *capture = tracer_capture_new();
    tracer_context *caller = tracer_context_from_traceparent("00-" TRACE "-" SPAN "-01", "v=1");
    tracer_attribute first = {.key = "at start", .type = TRACER_INT};
    first.value.integer = -1;
    tracer_link link = {caller, &first, 1};
    tracer_span_options options = TRACER_SPAN_OPTIONS_INIT;
    options.kind = TRACER_KIND_CONSUMER;
    options.parent = caller;
    options.start_unix_ns = 1000;
    options.attributes = &first;
    options.attribute_count = 1;
    options.links = &link;
    options.link_count = 1;
    tracer_span span = tracer_span_start(scope, "receive", &options);
    tracer_span_set_string(span, "user", "ad\0a", 4);
    tracer_span_set_double(span, "price", 2.5);
    tracer_span_set_bool(span, "new", true);
    tracer_span_set_bytes(span, "raw", "\xff\x00", 2);
    tracer_span_set_value(span, "none", NULL);
    tracer_value *map = tracer_value_new();
    tracer_value_begin_map(map);
    tracer_value_key(map, "list", 4);
    tracer_value_begin_array(map);
    tracer_value_add_int(map, 1);
    tracer_value_add_null(map);
    CHECK_INT(tracer_value_json(map, text, sizeof text), strlen("{\"list\":[1,null]}"));
    tracer_span_set_value(span, "map", map);
    tracer_value_free(map);
    tracer_span_add_event_at(span, "got", &first, 1, 1500);
    tracer_span_add_event(span, "one too many", NULL, 0);
    tracer_span_set_status(span, TRACER_STATUS_ERROR, "no stock");
    tracer_span_end_at(span, 2000);
    tracer_context_free(caller);

    const tracer_span_view *seen = tracer_capture_span(capture, 0);
    CHECK(seen != NULL && seen->struct_size == sizeof *seen);
    CHECK_TEXT(seen->name, "receive");
    CHECK_TEXT(seen->trace_id_hex, TRACE);
    CHECK_TEXT(seen->parent_span_id_hex, SPAN);
    CHECK_INT(strlen(seen->span_id_hex), 16);
    CHECK(seen->trace_id[0] == 0x0a && seen->parent_span_id[7] == 0x31 && seen->span_id[0] + 1);
    CHECK(seen->trace_flags & 1 && seen->parent_is_remote);
    CHECK_TEXT(seen->trace_state, "v=1");
    CHECK_INT(seen->kind, TRACER_KIND_CONSUMER);
    CHECK(seen->start_unix_ns == 1000 && seen->end_unix_ns == 2000);
    CHECK_INT(seen->status, TRACER_STATUS_ERROR);
    CHECK_TEXT(seen->status_description, "no stock");

    CHECK_INT(seen->attribute_count, 7);
    CHECK_TEXT(seen->attributes[0].key, "at start");
    CHECK_TEXT(attribute(seen->attributes, seen->attribute_count, "at start"), "-1");
    const tracer_attribute *user = tracer_attribute_find(seen->attributes, 7, "user");
    CHECK(user && user->type == TRACER_STRING && user->value.text.len == 4);
    CHECK(user && memcmp(user->value.text.data, "ad\0a", 5) == 0); /* and a NUL behind it */
    CHECK_TEXT(attribute(seen->attributes, 7, "price"), "2.5");
    CHECK_TEXT(attribute(seen->attributes, 7, "new"), "true");
    CHECK_TEXT(attribute(seen->attributes, 7, "raw"), "/wA=");
    CHECK_TEXT(attribute(seen->attributes, 7, "none"), "");
    CHECK_TEXT(attribute(seen->attributes, 7, "map"), "{\"list\":[1,null]}");
    CHECK_TEXT(attribute(seen->attributes, 7, "absent"), "(none)");
    const tracer_attribute *nested = tracer_attribute_find(seen->attributes, 7, "map");
    CHECK(nested && nested->type == TRACER_NESTED);
    CHECK_INT(tracer_value_json(nested->value.nested, text, 5), strlen("{\"list\":[1,null]}"));
    CHECK_TEXT(text, "{\"li");

    CHECK(seen->event_count == 1 && seen->dropped_event_count == 1);
    CHECK_TEXT(seen->events[0]->name, "got");
    CHECK_INT(seen->events[0]->unix_ns, 1500);
    CHECK_TEXT(attribute(seen->events[0]->attributes, seen->events[0]->attribute_count, "at start"), "-1");
    CHECK(seen->link_count == 1 && seen->dropped_link_count == 0);
    CHECK_TEXT(seen->links[0]->trace_id_hex, TRACE);
    CHECK_TEXT(seen->links[0]->span_id_hex, SPAN);
    CHECK_TEXT(seen->links[0]->trace_state, "v=1");
    CHECK(seen->links[0]->is_remote && seen->links[0]->trace_flags & 1);
    CHECK_INT(seen->links[0]->attribute_count, 1);

    CHECK_TEXT(seen->scope_name, "cart");
    CHECK_TEXT(seen->scope_version, "1.2");
    CHECK_TEXT(seen->scope_schema_url, "http://scope");
    CHECK_TEXT(attribute(seen->scope_attributes, seen->scope_attribute_count, "team"), "blue");
    CHECK_TEXT(seen->resource_schema_url, "http://resource");
    CHECK_TEXT(attribute(seen->resource_attributes, seen->resource_attribute_count, "service.name"), "shop");
    tracer_capture_free(capture);
}

static void attributes_of_a_view_can_be_set_again(void) {
    tracer_capture *capture = tracer_capture_new();
    tracer_span span = tracer_span_start(scope, "first", NULL);
    tracer_value *list = tracer_value_new();
    tracer_value_begin_array(list);
    tracer_value_add_string(list, "x", 1);
    tracer_span_set_value(span, "list", list);
    tracer_value_free(list);
    tracer_span_set_int(span, "n", 7);
    tracer_span_end(span);
    const tracer_span_view *seen = tracer_capture_find_span(capture, "first");
    CHECK(seen && seen->attribute_count == 2);
    span = tracer_span_start(scope, "second", NULL);
    tracer_span_set_attributes(span, seen->attributes, seen->attribute_count);
    tracer_span_end(span);
    seen = tracer_capture_find_span(capture, "second");
    CHECK_TEXT(attribute(seen->attributes, seen->attribute_count, "list"), "[\"x\"]");
    CHECK_TEXT(attribute(seen->attributes, seen->attribute_count, "n"), "7");
    tracer_capture_free(capture);
}

static void loans_last_until_the_capture_forgets(void) {
    tracer_capture *capture = tracer_capture_new();
    tracer_span_end(tracer_span_start(scope, "same", NULL));
    const tracer_span_view *first = tracer_capture_span(capture, 0);
    tracer_span_end(tracer_span_start(scope, "same", NULL));
    CHECK(first == tracer_capture_span(capture, 0));
    CHECK_TEXT(first->parent_span_id_hex, "");
    CHECK(tracer_capture_find_span(capture, "same") == tracer_capture_span(capture, 1));
    CHECK(first != tracer_capture_span(capture, 1));
    CHECK(tracer_capture_span(capture, 2) == NULL);
    CHECK(tracer_capture_find_span(capture, "other") == NULL);
    tracer_capture_clear(capture);
    CHECK(tracer_capture_span(capture, 0) == NULL);
    tracer_span_end(tracer_span_start(scope, "after", NULL));
    CHECK_TEXT(tracer_capture_span(capture, 0)->name, "after");
    tracer_capture_free(capture);
}

static void an_open_span_is_read_as_it_is(void) {
    tracer_span span = tracer_span_start(scope, "open", NULL);
    char long_text[500];
    memset(long_text, 'x', sizeof long_text);
    tracer_span_set_string(span, "long", long_text, sizeof long_text);
    tracer_span_view *view = tracer_span_view_new(span);
    tracer_span_set_name(span, "later");
    tracer_span_end(span);
    CHECK_TEXT(view->name, "open");
    CHECK_INT(view->attributes[0].value.text.len, sizeof long_text);
    CHECK_INT(view->end_unix_ns, 0);
    CHECK_TEXT(view->scope_name, "");
    tracer_span_view_free(view);
    CHECK(tracer_span_view_new(span) == NULL);
    tracer_span none = {0, 0};
    CHECK(tracer_span_view_new(none) == NULL);
    tracer_span_view_free(NULL);
}

static void null_is_harmless(void) {
    CHECK(tracer_capture_span(NULL, 0) == NULL && tracer_capture_find_span(NULL, NULL) == NULL);
    CHECK(tracer_attribute_find(NULL, 3, "key") == NULL);
    CHECK_INT(tracer_attribute_text(NULL, text, sizeof text), 0);
    CHECK_TEXT(text, "");
    CHECK_INT(tracer_value_json(NULL, text, sizeof text), 4);
    CHECK_TEXT(text, "null");
}

int main(void) {
    make_provider();
    RUN(every_member_can_be_read);
    RUN(attributes_of_a_view_can_be_set_again);
    RUN(loans_last_until_the_capture_forgets);
    RUN(an_open_span_is_read_as_it_is);
    RUN(null_is_harmless);
    tracer_scope_free(scope);
    tracer_provider_free(provider);
    return finish();
}
