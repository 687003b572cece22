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

static const tracer_attribute *entry(const tracer_value *value, size_t index) {
    size_t count = 0;
    const tracer_attribute *entries = tracer_value_entries(value, &count);
    return CHECK(index < count) ? &entries[index] : NULL;
}

/* {"list": [1, 0.5, true, "a\0b", x'ff00', null, {"deep": []}], "": {}, "none": null} */
static tracer_value *of_every_shape(void) {
    tracer_value *value = tracer_value_new();
    tracer_value_begin_map(value);
    tracer_value_key(value, "list", 4);
    tracer_value_begin_array(value);
    tracer_value_add_int(value, 1);
    tracer_value_add_double(value, 0.5);
    tracer_value_add_bool(value, true);
    tracer_value_add_string(value, "a\0b", 3);
    tracer_value_add_bytes(value, "\xff\x00", 2);
    tracer_value_add_null(value);
    tracer_value_begin_map(value);
    tracer_value_key(value, "deep", 4);
    tracer_value_begin_array(value);
    tracer_value_end(value);
    tracer_value_end(value);
    tracer_value_end(value);
    tracer_value_key(value, "", 0);
    tracer_value_begin_map(value);
    tracer_value_end(value);
    tracer_value_key(value, "none", 4);
    tracer_value_add_null(value);
    return value;
}

static void check_every_shape(const tracer_value *value) {
    size_t count = 0;
    CHECK_INT(tracer_value_shape(value), TRACER_SHAPE_MAP);
    const tracer_attribute *entries = tracer_value_entries(value, &count);
    CHECK_INT(count, 3);
    CHECK(tracer_value_entries(value, NULL) == entries);
    CHECK_TEXT(entries[1].key, "");
    CHECK_INT(tracer_value_shape(entries[1].value.nested), TRACER_SHAPE_MAP);
    CHECK(tracer_value_entries(entries[1].value.nested, &count) == NULL);
    CHECK_INT(count, 0);
    CHECK(entries[2].type == TRACER_NESTED);
    CHECK_INT(tracer_value_shape(entries[2].value.nested), TRACER_SHAPE_NULL);
    CHECK(tracer_attribute_find(entries, 3, "none") == &entries[2]);

    const tracer_value *list = entries[0].value.nested;
    CHECK_TEXT(entries[0].key, "list");
    CHECK_INT(tracer_value_shape(list), TRACER_SHAPE_ARRAY);
    CHECK(tracer_value_entries(list, &count) != NULL && count == 7);
    CHECK_TEXT(entry(list, 0)->key, "");
    CHECK(entry(list, 0)->type == TRACER_INT && entry(list, 0)->value.integer == 1);
    CHECK(entry(list, 1)->type == TRACER_DOUBLE && entry(list, 1)->value.number == 0.5);
    CHECK(entry(list, 2)->type == TRACER_BOOL && entry(list, 2)->value.boolean);
    CHECK(entry(list, 3)->type == TRACER_STRING && entry(list, 3)->value.text.len == 3);
    CHECK(memcmp(entry(list, 3)->value.text.data, "a\0b", 4) == 0);
    CHECK(entry(list, 4)->type == TRACER_BYTES && entry(list, 4)->value.text.len == 2);
    CHECK_INT(tracer_value_shape(entry(list, 5)->value.nested), TRACER_SHAPE_NULL);
    const tracer_value *map = entry(list, 6)->value.nested;
    CHECK_INT(tracer_value_shape(map), TRACER_SHAPE_MAP);
    CHECK_TEXT(entry(map, 0)->key, "deep");
    CHECK_INT(tracer_value_shape(entry(map, 0)->value.nested), TRACER_SHAPE_ARRAY);
    CHECK_INT(tracer_value_json(list, text, sizeof text),
              strlen("[1,0.5,true,\"a\\u0000b\",\"/wA=\",null,{\"deep\":[]}]"));
}

static void nested_values_are_read_element_by_element(void) {
    tracer_capture *capture = tracer_capture_new();
    tracer_value *value = of_every_shape();
    check_every_shape(value);
    tracer_span span = tracer_span_start(scope, "nested", NULL);
    tracer_span_set_value(span, "all", value);
    const tracer_attribute *list = tracer_value_entries(value, NULL);
    tracer_span_set_attributes(span, list, 1); /* what is read can be recorded */
    tracer_span_end(span);
    const tracer_span_view *seen = tracer_capture_find_span(capture, "nested");
    CHECK_INT(seen->attribute_count, 2);
    check_every_shape(seen->attributes[0].value.nested);
    CHECK_TEXT(seen->attributes[1].key, "list");
    CHECK_INT(tracer_value_shape(seen->attributes[1].value.nested), TRACER_SHAPE_ARRAY);
    tracer_capture_free(capture);

    size_t count = 9;
    tracer_value_clear(value); /* and what was read is gone */
    CHECK_INT(tracer_value_shape(value), TRACER_SHAPE_NULL);
    CHECK(tracer_value_entries(value, &count) == NULL && count == 0);
    tracer_value_add_int(value, 4);
    CHECK_INT(tracer_value_shape(value), TRACER_SHAPE_SCALAR);
    CHECK_INT(entry(value, 0)->value.integer, 4);
    tracer_value_clear(value);
    tracer_value_begin_array(value); /* and is not ended */
    tracer_value_add_bool(value, false);
    CHECK(entry(value, 0)->type == TRACER_BOOL && !entry(value, 0)->value.boolean);
    tracer_value_add_bool(value, true);
    CHECK(tracer_value_entries(value, &count) != NULL && count == 2);
    tracer_value_free(value);
    CHECK_INT(tracer_value_shape(NULL), TRACER_SHAPE_NULL);
    CHECK(tracer_value_entries(NULL, &count) == NULL && count == 0);
}

int main(void) {
    make_provider();
    RUN(every_member_can_be_read);
    RUN(attributes_of_a_view_can_be_set_again);
    RUN(loans_last_until_the_capture_forgets);
    RUN(an_open_span_is_read_as_it_is);
    RUN(null_is_harmless);
    RUN(nested_values_are_read_element_by_element);
    tracer_scope_free(scope);
    tracer_provider_free(provider);
    return finish();
}
