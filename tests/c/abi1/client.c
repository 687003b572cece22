/* A program as it was written against the first header of ABI 1: it knows no function, member or
 * number that came later. It is linked against the first library (library.sh) and runs with today's.
 * Never changed, but for what a compiler of a later day refuses. */
#define _POSIX_C_SOURCE 200809L
#include "harness.h"

typedef void (*any)(void);

/* All that there was; the dynamic linker has to find each. */
static const any every[] = {
    (any)tracer_last_error, (any)tracer_version, (any)tracer_abi_version,
    (any)tracer_config_new, (any)tracer_config_free, (any)tracer_config_load_env,
    (any)tracer_config_set_enabled, (any)tracer_config_set_service_name, (any)tracer_config_set_language,
    (any)tracer_config_set_resource_string, (any)tracer_config_set_resource, (any)tracer_config_set_exporter,
    (any)tracer_config_set_memory_limit, (any)tracer_config_set_batch, (any)tracer_config_set_sampler,
    (any)tracer_config_set_parent_sampler, (any)tracer_config_set_limits, (any)tracer_config_set_endpoint,
    (any)tracer_config_set_protocol, (any)tracer_config_add_header, (any)tracer_config_set_compression,
    (any)tracer_config_set_timeout, (any)tracer_config_set_certificate, (any)tracer_config_set_client_certificate,
    (any)tracer_config_add_otlp, (any)tracer_config_add_zipkin, (any)tracer_config_add_jaeger,
    (any)tracer_config_add_file, (any)tracer_init_from_env, (any)tracer_init,
    (any)tracer_is_configured, (any)tracer_flush, (any)tracer_shutdown,
    (any)tracer_provider_new, (any)tracer_provider_free, (any)tracer_provider_flush,
    (any)tracer_provider_shutdown, (any)tracer_provider_add_exporter, (any)tracer_provider_set_default,
    (any)tracer_scope_new, (any)tracer_scope_new_with_attributes, (any)tracer_scope_free,
    (any)tracer_span_start, (any)tracer_span_begin, (any)tracer_span_finish,
    (any)tracer_span_enter, (any)tracer_span_leave, (any)tracer_span_end,
    (any)tracer_span_end_at, (any)tracer_span_current, (any)tracer_span_set_bool,
    (any)tracer_span_set_int, (any)tracer_span_set_double, (any)tracer_span_set_string,
    (any)tracer_span_set_bytes, (any)tracer_span_set_value, (any)tracer_span_set_attributes,
    (any)tracer_span_set_status, (any)tracer_span_set_name, (any)tracer_span_add_event,
    (any)tracer_span_add_event_at, (any)tracer_span_add_link, (any)tracer_span_record_error,
    (any)tracer_span_is_recording, (any)tracer_span_trace_id, (any)tracer_span_id,
    (any)tracer_span_trace_id_hex, (any)tracer_span_id_hex, (any)tracer_value_new,
    (any)tracer_value_free, (any)tracer_value_clear, (any)tracer_value_begin_array,
    (any)tracer_value_begin_map, (any)tracer_value_end, (any)tracer_value_key,
    (any)tracer_value_add_null, (any)tracer_value_add_bool, (any)tracer_value_add_int,
    (any)tracer_value_add_double, (any)tracer_value_add_string, (any)tracer_value_add_bytes,
    (any)tracer_context_current, (any)tracer_span_context, (any)tracer_context_from_traceparent,
    (any)tracer_context_free, (any)tracer_context_is_valid, (any)tracer_context_traceparent,
    (any)tracer_traceparent, (any)tracer_context_attach, (any)tracer_context_detach,
    (any)tracer_read_stats, (any)tracer_provider_read_stats, (any)tracer_capture_new,
    (any)tracer_capture_free, (any)tracer_capture_count, (any)tracer_capture_otlp,
    (any)tracer_capture_clear, (any)tracer_table_get,
};

/* What the program was compiled with stays what the library takes. */
typedef char stats_are_192_bytes[sizeof(tracer_stats) == 192 ? 1 : -1];
typedef char options_are_64_bytes[sizeof(tracer_span_options) == 64 ? 1 : -1];
typedef char limits_are_72_bytes[sizeof(tracer_limits) == 72 ? 1 : -1];
typedef char attributes_are_32_bytes[sizeof(tracer_attribute) == 32 ? 1 : -1];

static tracer_capture *capture;

/* Whether the last span that was captured holds a text or key. */
static bool last_holds(const char *text) {
    const uint8_t *bytes;
    size_t len, count = tracer_capture_count(capture), size = strlen(text);
    if (count == 0 || !tracer_capture_otlp(capture, count - 1, &bytes, &len)) return false;
    for (size_t at = 0; at + size <= len; at++) {
        if (memcmp(bytes + at, text, size) == 0) return true;
    }
    return false;
}

static void every_function_is_there(void) {
    for (size_t i = 0; i < sizeof every / sizeof *every; i++) CHECK(every[i] != NULL);
    CHECK_INT(tracer_abi_version(), TRACER_ABI_VERSION);
}

static void spans(void) {
    tracer_span request = tracer_span_begin("request");
    tracer_attribute several[2] = {{"size", TRACER_INT, {{NULL, 0}}}, {"host", TRACER_STRING, {{"here", 4}}}};
    char traceparent[56], hex[33];
    several[0].value.integer = 7;
    CHECK(tracer_span_is_recording(request));
    tracer_span_set_string(request, "user", "ada", 3);
    tracer_span_set_bool(request, "known", true);
    tracer_span_set_double(request, "share", 0.5);
    tracer_span_set_bytes(request, "raw", "\x01\x02", 2);
    tracer_span_set_attributes(request, several, 2);
    tracer_span_add_event(request, "asked", several, 1);
    tracer_span_record_error(request, "Timeout", "too late", NULL);
    tracer_span_set_status(request, TRACER_STATUS_ERROR, "no answer");
    tracer_span_set_name(request, "renamed");
    CHECK(tracer_traceparent(traceparent) && strlen(traceparent) == 55);
    CHECK(tracer_span_trace_id_hex(request, hex) && strncmp(traceparent + 3, hex, 32) == 0);
    CHECK_INT(tracer_span_current().slot, request.slot);
    tracer_span_finish(request);
    CHECK(last_holds("renamed") && last_holds("ada") && last_holds("here") && last_holds("asked"));
    CHECK(last_holds("too late") && last_holds("no answer"));
    CHECK(!tracer_span_is_recording(request));
}

static void options_of_then(void) {
    const char *header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    tracer_context *remote = tracer_context_from_traceparent(header, "a=b");
    tracer_attribute first = {"first", TRACER_STRING, {{"one", 3}}};
    tracer_link link = {remote, &first, 1};
    /* As it lay on the stack then: what follows is not part of it. */
    struct {
        tracer_span_options options;
        unsigned char after[256];
    } own = {TRACER_SPAN_OPTIONS_INIT, {0}};
    char hex[33];
    memset(own.after, 0xff, sizeof own.after);
    own.options.kind = TRACER_KIND_SERVER;
    own.options.parent = remote;
    own.options.attributes = &first;
    own.options.attribute_count = 1;
    own.options.links = &link;
    own.options.link_count = 1;
    own.options.start_unix_ns = 1700000000000000000u;
    tracer_span served = tracer_span_start(NULL, "served", &own.options);
    CHECK(tracer_span_trace_id_hex(served, hex));
    CHECK_TEXT(hex, "4bf92f3577b34da6a3ce929d0e0e4736");
    tracer_span_end_at(served, 1700000000000000001u);
    CHECK(last_holds("served") && last_holds("first") && last_holds("a=b"));
    tracer_context_free(remote);
}

static void stats_of_then(void) {
    struct {
        tracer_stats stats;
        unsigned char after[256];
    } own;
    memset(&own, 0xa5, sizeof own);
    own.stats.struct_size = sizeof own.stats;
    tracer_read_stats(&own.stats);
    CHECK_INT(own.stats.struct_size, sizeof own.stats);
    CHECK(own.stats.started >= 2);
    CHECK_INT(own.stats.started, own.stats.exported + own.stats.dropped + own.stats.queued +
                                     own.stats.spooled + own.stats.open);
    CHECK(own.stats.memory_bytes < UINT64_C(1) << 40);
    for (size_t i = 0; i < sizeof own.after; i++) CHECK(own.after[i] == 0xa5);

    /* And one older still, that knew the first three members. */
    memset(&own, 0xa5, sizeof own);
    own.stats.struct_size = offsetof(tracer_stats, dropped);
    tracer_read_stats(&own.stats);
    CHECK(own.stats.started >= 2);
    CHECK_INT(own.stats.dropped, 0xa5a5a5a5a5a5a5a5u);
}

static void limits_of_then(void) {
    struct {
        tracer_limits limits;
        size_t after[32]; /* a limit of one, for whoever reads on */
    } own;
    tracer_config *config = tracer_config_new();
    tracer_provider *provider = NULL;
    tracer_scope *scope;
    memset(&own.limits, 0, sizeof own.limits);
    for (size_t i = 0; i < sizeof own.after / sizeof *own.after; i++) own.after[i] = 1;
    own.limits.struct_size = sizeof own.limits;
    own.limits.attributes = 1;
    CHECK_INT(tracer_config_set_limits(config, &own.limits), TRACER_OK);
    CHECK_INT(tracer_provider_new(config, &provider), TRACER_OK);
    scope = tracer_scope_new(provider, "then", "1.0", NULL);
    tracer_span span = tracer_span_start(scope, "limited", NULL);
    tracer_span_set_int(span, "kept", 1);
    tracer_span_set_int(span, "over", 2);
    tracer_value *value = tracer_value_new();
    tracer_value_begin_array(value);
    tracer_value_begin_array(value);
    tracer_value_begin_array(value);
    tracer_value_add_string(value, "inner", 5);
    tracer_value_end(value);
    tracer_value_end(value);
    tracer_value_end(value);
    tracer_span_set_value(span, "kept", value);
    tracer_value_free(value);
    tracer_span_end(span);
    CHECK(last_holds("kept") && last_holds("inner") && last_holds("then") && !last_holds("over"));
    tracer_scope_free(scope);
    CHECK_INT(tracer_provider_shutdown(provider, 5000), TRACER_OK);
    tracer_provider_free(provider);
    tracer_config_free(config);
}

static void contexts(void) {
    tracer_span span = tracer_span_begin("around");
    tracer_context *here = tracer_context_current();
    char inner[56], outer[56];
    tracer_span_finish(span);
    uint64_t token = tracer_context_attach(here);
    CHECK(tracer_context_is_valid(here) && tracer_traceparent(inner));
    CHECK(tracer_context_traceparent(here, outer));
    CHECK_TEXT(inner, outer);
    tracer_context_detach(token);
    CHECK(!tracer_traceparent(inner));
    tracer_context_free(here);
}

static void table_of_then(void) {
    const tracer_table *table = tracer_table_get(1);
    uint32_t words[2];
    if (!CHECK(table != NULL)) return;
    memcpy(words, table, sizeof words); /* version, size */
    CHECK_INT(words[0], 1);
    CHECK(words[1] >= 160);
    CHECK(tracer_table_get(0) == NULL);
}

int main(void) {
    tracer_config *config = tracer_config_new();
    CHECK_INT(tracer_config_set_service_name(config, "first"), TRACER_OK);
    CHECK_INT(tracer_config_set_exporter(config, "memory"), TRACER_OK);
    CHECK_INT(tracer_init(config), TRACER_OK);
    tracer_config_free(config);
    capture = tracer_capture_new();
    RUN(every_function_is_there);
    RUN(spans);
    RUN(options_of_then);
    RUN(stats_of_then);
    RUN(limits_of_then);
    RUN(contexts);
    RUN(table_of_then);
    tracer_capture_free(capture);
    CHECK_INT(tracer_shutdown(5000), TRACER_OK);
    return finish();
}
