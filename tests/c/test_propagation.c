/* Contexts and baggage between processes: carriers, header texts, the environment. */
#define _POSIX_C_SOURCE 200809L
#include "carrier.h"
#include "harness.h"
#include "otlp.h"

#include <stdlib.h>

#define TRACE "0af7651916cd43dd8448eb211c80319c"
#define SPAN "b7ad6b7169203331"
#define PARENT "00-" TRACE "-" SPAN "-01"

static char text[1024];

static void propagate(const char *formats) {
    tracer_config *config = tracer_config_new();
    CHECK_INT(tracer_config_set_propagators(config, formats), TRACER_OK);
    CHECK_INT(tracer_config_set_exporter(config, "memory"), TRACER_OK);
    CHECK_INT(tracer_init(config), TRACER_OK);
    tracer_config_free(config);
}

static const char *baggage(const tracer_context *context, const char *name) {
    return tracer_context_baggage(context, name, text, sizeof text) == SIZE_MAX ? "(none)" : text;
}

static void what_was_injected_is_extracted(void) {
    propagate("tracecontext,baggage");
    tracer_propagator_fields(text, sizeof text);
    CHECK_TEXT(text, "traceparent,tracestate,baggage");
    tracer_context *remote = tracer_context_from_headers(PARENT, "v=1", "tenant=blue;ttl=30");
    uint64_t token = tracer_context_attach(remote);
    headers sent = {0};
    tracer_context_inject(NULL, header_set, &sent);
    CHECK_INT(sent.count, 3);
    CHECK_TEXT(header(&sent, "traceparent"), PARENT);
    CHECK_TEXT(header(&sent, "tracestate"), "v=1");
    CHECK_TEXT(header(&sent, "baggage"), "tenant=blue;ttl=30");
    tracer_context_detach(token);
    headers again = {0};
    tracer_context_inject(remote, header_set, &again);
    CHECK_INT(memcmp(&again, &sent, sizeof sent), 0);
    tracer_context_free(remote);

    snprintf(sent.keys[0], sizeof sent.keys[0], "TraceParent"); /* as HTTP may write it */
    tracer_context *received = tracer_context_extract(header_get, NULL, &sent);
    CHECK(tracer_context_is_valid(received) && tracer_context_is_remote(received));
    CHECK(tracer_context_is_sampled(received));
    CHECK(tracer_context_trace_id_hex(received, text));
    CHECK_TEXT(text, TRACE);
    CHECK(tracer_context_span_id_hex(received, text));
    CHECK_TEXT(text, SPAN);
    CHECK_INT(tracer_context_tracestate(received, text, sizeof text), 3);
    CHECK_TEXT(text, "v=1");
    CHECK_TEXT(baggage(received, "tenant"), "blue");
    tracer_context_free(received);
}

static void a_server_span_is_below_the_caller(void) {
    tracer_capture *capture = tracer_capture_new();
    headers got = {1, {"traceparent"}, {PARENT}};
    tracer_context *caller = tracer_context_extract(header_get, header_key, &got);
    tracer_span_options options = TRACER_SPAN_OPTIONS_INIT;
    options.kind = TRACER_KIND_SERVER;
    options.parent = caller;
    tracer_span_end(tracer_span_start(NULL, "serve", &options));
    tracer_context_free(caller);
    seen served;
    CHECK(see_named(capture, "serve", &served));
    CHECK_TEXT(served.trace_id, TRACE);
    CHECK_TEXT(served.parent_id, SPAN);
    CHECK_INT(served.kind, TRACER_KIND_SERVER);
    tracer_capture_free(capture);
}

static void other_formats_are_spoken_when_asked_for(void) {
    tracer_context *remote = tracer_context_from_headers(PARENT, NULL, "user=ada");
    propagate("b3");
    headers b3 = {0};
    tracer_context_inject(remote, header_set, &b3);
    CHECK_INT(b3.count, 1);
    CHECK_TEXT(header(&b3, "b3"), TRACE "-" SPAN "-1");
    propagate("jaeger");
    headers jaeger = {0};
    tracer_context_inject(remote, header_set, &jaeger);
    CHECK_TEXT(header(&jaeger, "uber-trace-id"), TRACE ":" SPAN ":0:1");
    CHECK_TEXT(header(&jaeger, "uberctx-user"), "ada");
    tracer_context *with_keys = tracer_context_extract(header_get, header_key, &jaeger);
    CHECK_TEXT(baggage(with_keys, "user"), "ada");
    tracer_context *without = tracer_context_extract(header_get, NULL, &jaeger);
    CHECK(tracer_context_is_valid(without));
    CHECK_TEXT(baggage(without, "user"), "(none)");
    propagate("none");
    headers none = {0};
    tracer_context_inject(remote, header_set, &none);
    CHECK_INT(none.count, 0);
    tracer_context_free(remote);
    tracer_context_free(with_keys);
    tracer_context_free(without);
    tracer_config *config = tracer_config_new();
    CHECK_INT(tracer_config_set_propagators(config, "smoke"), TRACER_INVALID_CONFIG);
    CHECK(tracer_last_error(text, sizeof text) > 0 && strstr(text, "smoke") != NULL);
    tracer_config_free(config);
    propagate("tracecontext,baggage");
}

static void baggage_travels_with_what_is_current(void) {
    tracer_context *blue = tracer_context_with_baggage(NULL, "tenant", "blue", NULL);
    tracer_context *both = tracer_context_with_baggage(blue, "user", "B% \xf0\x9f\x92\xbc", "secret");
    CHECK_TEXT(baggage(NULL, "tenant"), "(none)"); /* nothing has become current */
    uint64_t token = tracer_context_attach(both);
    tracer_span span = tracer_span_begin("work");
    CHECK_TEXT(baggage(NULL, "tenant"), "blue");
    CHECK_TEXT(baggage(NULL, "user"), "B% \xf0\x9f\x92\xbc");
    tracer_context *taken = tracer_context_current();
    tracer_span_finish(span);
    tracer_context_detach(token);
    CHECK_TEXT(baggage(NULL, "tenant"), "(none)");
    CHECK_TEXT(baggage(taken, "tenant"), "blue");
    size_t whole = tracer_context_baggage_header(taken, NULL, 0);
    CHECK_INT(tracer_context_baggage_header(taken, text, sizeof text), whole);
    CHECK_TEXT(text, "tenant=blue,user=B%25%20%F0%9F%92%BC;secret");
    char cut[7];
    CHECK_INT(tracer_context_baggage_header(taken, cut, sizeof cut), whole);
    CHECK_TEXT(cut, "tenant");
    tracer_context *one = tracer_context_with_baggage(taken, "user", NULL, NULL);
    CHECK_INT(tracer_context_baggage_header(one, text, sizeof text), strlen("tenant=blue"));
    tracer_context *none = tracer_context_with_baggage(taken, NULL, NULL, NULL);
    CHECK_INT(tracer_context_baggage_header(none, text, sizeof text), 0);
    CHECK(tracer_context_is_valid(none)); /* its span is still there */
    /* Attached, it takes baggage away as well. */
    token = tracer_context_attach(both);
    uint64_t inner = tracer_context_attach(none);
    CHECK_TEXT(baggage(NULL, "tenant"), "(none)");
    tracer_context_detach(inner);
    CHECK_TEXT(baggage(NULL, "tenant"), "blue");
    tracer_context_detach(token);
    tracer_context *all[] = {blue, both, taken, one, none};
    for (size_t place = 0; place < sizeof all / sizeof *all; place++) {
        tracer_context_free(all[place]);
    }
}

static void list(void *out, tracer_text name, tracer_text value, tracer_text metadata) {
    size_t used = strlen(out);
    snprintf((char *)out + used, 1024 - used, "[%.*s|%.*s|%.*s]", (int)name.len, name.data,
             (int)value.len, value.data, (int)metadata.len, metadata.data);
}

static void baggage_can_be_visited(void) {
    tracer_context *context = tracer_context_from_headers(NULL, NULL, "a=1,b=two;ttl=3");
    text[0] = '\0';
    tracer_context_visit_baggage(context, list, text);
    CHECK_TEXT(text, "[a|1|][b|two|ttl=3]");
    tracer_context_visit_baggage(context, NULL, text);
    tracer_context_free(context);
}

static void ids_and_tracestate_make_a_context(void) {
    const uint8_t trace_id[16] = {1, 2, 3}, span_id[8] = {9};
    tracer_context *made = tracer_context_from_ids(trace_id, span_id, 1, "a=b", true);
    uint8_t trace_back[16], span_back[8];
    CHECK(tracer_context_trace_id(made, trace_back) && tracer_context_span_id(made, span_back));
    CHECK_INT(memcmp(trace_back, trace_id, 16) + memcmp(span_back, span_id, 8), 0);
    tracer_context *more = tracer_context_with_tracestate(made, "c", "d");
    tracer_context_tracestate(more, text, sizeof text);
    CHECK_TEXT(text, "c=d,a=b");
    tracer_context *less = tracer_context_with_tracestate(more, "a", NULL);
    tracer_context_tracestate(less, text, sizeof text);
    CHECK_TEXT(text, "c=d");
    tracer_context *same = tracer_context_with_tracestate(less, "not a key", "x");
    tracer_context_tracestate(same, text, sizeof text);
    CHECK_TEXT(text, "c=d");
    tracer_context *copy = tracer_context_copy(same);
    tracer_context *all[] = {made, more, less, same};
    for (size_t place = 0; place < sizeof all / sizeof *all; place++) {
        tracer_context_free(all[place]);
    }
    CHECK(tracer_context_trace_id(copy, trace_back));
    tracer_context_free(copy);
    tracer_context *invalid = tracer_context_from_ids(NULL, span_id, 1, NULL, false);
    CHECK(!tracer_context_is_valid(invalid) && !tracer_context_trace_id(invalid, trace_back));
    CHECK_INT(trace_back[0], 0);
    tracer_context_free(invalid);
}

static void the_environment_carries_a_context(void) {
    setenv("TRACEPARENT", PARENT, 1);
    setenv("BAGGAGE", "job=nightly", 1);
    tracer_context *parent = tracer_context_from_env();
    CHECK(tracer_context_span_id_hex(parent, text));
    CHECK_TEXT(text, SPAN);
    CHECK_TEXT(baggage(parent, "job"), "nightly");
    tracer_context_free(parent);
    unsetenv("TRACEPARENT");
    unsetenv("BAGGAGE");
}

static void log_lines_can_name_the_current_span(void) {
    char trace_id[33], span_id[17], own[33];
    CHECK(!tracer_current_ids_hex(trace_id, span_id));
    CHECK_TEXT(trace_id, "00000000000000000000000000000000");
    CHECK_TEXT(span_id, "0000000000000000");
    tracer_span span = tracer_span_begin("logged");
    CHECK(tracer_current_ids_hex(trace_id, span_id));
    CHECK(tracer_span_trace_id_hex(span, own));
    CHECK_TEXT(trace_id, own);
    CHECK(tracer_span_id_hex(span, own));
    CHECK_TEXT(span_id, own);
    CHECK(tracer_current_ids_hex(NULL, span_id) && tracer_current_ids_hex(trace_id, NULL));
    tracer_span_finish(span);
    tracer_context *remote = tracer_context_from_traceparent(PARENT, NULL);
    uint64_t token = tracer_context_attach(remote);
    CHECK(tracer_current_ids_hex(trace_id, span_id));
    CHECK_TEXT(trace_id, TRACE);
    tracer_context_detach(token);
    tracer_context_free(remote);
}

/* A format of the program's own: "x-trip: TRACE/SPAN/TENANT", the last in the baggage. */
typedef struct trip {
    int injected, extracted, destroyed;
    char keys[256];
} trip;

static void inject_trip(void *data, const tracer_context *context, tracer_carrier_set set, void *carrier) {
    char trace[33], span[17], value[128];
    ((trip *)data)->injected++;
    tracer_context_trace_id_hex(context, trace);
    if (tracer_context_span_id_hex(context, span)) {
        snprintf(value, sizeof value, "%s/%s/%.40s", trace, span, baggage(context, "tenant"));
        set(carrier, "x-trip", value);
    }
}

static tracer_context *extract_trip(void *data, const tracer_context *context, tracer_carrier_get get,
                                    tracer_carrier_key key, void *carrier) {
    char trace[33], span[17], tenant[41], parent[56];
    trip *trip = data;
    trip->extracted++;
    for (size_t index = 0; key(carrier, index) != NULL; index++) {
        strncat(trip->keys, key(carrier, index), sizeof trip->keys - strlen(trip->keys) - 1);
    }
    CHECK(get(carrier, "none") == NULL);
    const char *value = get(carrier, "x-trip");
    if (value == NULL || sscanf(value, "%32[^/]/%16[^/]/%40s", trace, span, tenant) != 3) {
        return NULL;
    }
    CHECK(!tracer_context_is_valid(context)); /* what the formats in front of it found */
    snprintf(parent, sizeof parent, "00-%s-%s-01", trace, span);
    tracer_context *found = tracer_context_from_traceparent(parent, NULL);
    tracer_context *whole = tracer_context_with_baggage(found, "tenant", tenant, NULL);
    tracer_context_free(found);
    return whole;
}
static void given_back(void *data) { ((trip *)data)->destroyed++; }

static tracer_propagator_callbacks propagator(trip *trip) {
    tracer_propagator_callbacks callbacks = TRACER_PROPAGATOR_CALLBACKS_INIT;
    callbacks.user_data = trip;
    callbacks.inject = inject_trip;
    callbacks.extract = extract_trip;
    callbacks.fields = "x-trip, x-trip-version";
    callbacks.destroy = given_back;
    return callbacks;
}

static void a_format_can_be_the_programs_own(void) {
    static trip trip; /* as long as the process */
    tracer_propagator_callbacks callbacks = propagator(&trip);
    tracer_config *config = tracer_config_new();
    CHECK_INT(tracer_config_set_propagators(config, "b3"), TRACER_OK);
    CHECK_INT(tracer_config_add_propagator(config, &callbacks), TRACER_OK);
    CHECK_INT(tracer_config_set_exporter(config, "memory"), TRACER_OK);
    CHECK_INT(tracer_init(config), TRACER_OK);
    tracer_config_free(config);
    tracer_propagator_fields(text, sizeof text);
    CHECK_TEXT(text, "b3,x-trip,x-trip-version");

    tracer_context *remote = tracer_context_from_headers(PARENT, NULL, "tenant=blue");
    headers sent = {0};
    tracer_context_inject(remote, header_set, &sent);
    tracer_context_free(remote);
    CHECK_INT(sent.count, 2);
    CHECK_TEXT(header(&sent, "b3"), TRACE "-" SPAN "-1");
    CHECK_TEXT(header(&sent, "x-trip"), TRACE "/" SPAN "/blue");

    snprintf(sent.keys[0], sizeof sent.keys[0], "other"); /* so that b3 finds nothing */
    tracer_context *received = tracer_context_extract(header_get, header_key, &sent);
    CHECK_TEXT(trip.keys, "otherx-trip");
    CHECK(tracer_context_is_valid(received) && tracer_context_span_id_hex(received, text));
    CHECK_TEXT(text, SPAN);
    CHECK_TEXT(baggage(received, "tenant"), "blue");
    tracer_context_free(received);

    headers without = {0};
    received = tracer_context_extract(header_get, header_key, &without);
    CHECK(!tracer_context_is_valid(received));
    tracer_context_free(received);
    CHECK_INT(trip.injected, 1);
    CHECK_INT(trip.extracted, 2);
    CHECK_INT(trip.destroyed, 0);
}

static void a_format_that_is_not_used_is_given_back(void) {
    trip trip = {0};
    tracer_propagator_callbacks callbacks = propagator(&trip);
    tracer_config *config = tracer_config_new();
    CHECK_INT(tracer_config_add_propagator(config, &callbacks), TRACER_OK);
    CHECK_INT(tracer_config_add_propagator(config, NULL), TRACER_INVALID_ARGUMENT);
    CHECK_INT(tracer_config_add_propagator(NULL, &callbacks), TRACER_INVALID_ARGUMENT);
    CHECK_INT(trip.destroyed, 0);
    tracer_config_free(config);
    CHECK_INT(trip.destroyed, 1);
}

static void null_is_harmless(void) {
    CHECK(!tracer_context_is_sampled(NULL) && !tracer_context_is_remote(NULL));
    CHECK(!tracer_context_trace_id(NULL, NULL) && !tracer_context_span_id_hex(NULL, text));
    tracer_context_inject(NULL, NULL, NULL);
    tracer_context *empty = tracer_context_extract(NULL, NULL, NULL);
    CHECK(!tracer_context_is_valid(empty));
    CHECK(!tracer_context_trace_id(empty, NULL));
    tracer_context *same = tracer_context_with_baggage(empty, NULL, "x", NULL);
    tracer_context_free(same);
    CHECK(tracer_context_baggage(empty, NULL, NULL, 0) == SIZE_MAX);
    tracer_context_free(empty);
    tracer_context_free(tracer_context_from_headers(NULL, NULL, NULL));
}

int main(void) {
    RUN(what_was_injected_is_extracted);
    RUN(a_server_span_is_below_the_caller);
    RUN(other_formats_are_spoken_when_asked_for);
    RUN(baggage_travels_with_what_is_current);
    RUN(baggage_can_be_visited);
    RUN(ids_and_tracestate_make_a_context);
    RUN(the_environment_carries_a_context);
    RUN(a_format_can_be_the_programs_own);
    RUN(a_format_that_is_not_used_is_given_back);
    RUN(log_lines_can_name_the_current_span);
    RUN(null_is_harmless);
    return finish();
}
