/* Providers of their own: resource, limits, scopes with attributes, destinations added later, the account. */
#define _POSIX_C_SOURCE 200809L
#include "harness.h"
#include "otlp.h"
#include "sink.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static char why[1024];

static const char *last_error(void) {
    tracer_last_error(why, sizeof why);
    return why;
}

static tracer_provider *made_from(tracer_config *config) {
    tracer_provider *provider = NULL;
    if (!CHECK(tracer_provider_new(config, &provider) == TRACER_OK)) {
        fprintf(stderr, "    the reason given: %s\n", last_error());
    }
    tracer_config_free(config);
    return provider;
}

/* OTLP to a port of this machine, sent when somebody flushes. */
static tracer_config *to_port(int port) {
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%d", port);
    tracer_config *config = tracer_config_new();
    CHECK_INT(tracer_config_add_otlp(config, url), TRACER_OK);
    CHECK_INT(tracer_config_set_batch(config, 0, 512, 3600000, 0), TRACER_OK);
    return config;
}

static int add(tracer_provider *provider, tracer_config *config) {
    tracer_status status = tracer_provider_add_exporter(provider, config);
    tracer_config_free(config);
    return status;
}

static tracer_stats stats_of(const tracer_provider *provider) {
    tracer_stats read;
    memset(&read, 0, sizeof read);
    read.struct_size = sizeof read;
    tracer_provider_read_stats(provider, &read);
    CHECK_INT(read.started, read.exported + read.dropped + read.queued + read.spooled + read.open);
    return read;
}

static void spans(const tracer_provider *provider, int count) {
    tracer_scope *scope = tracer_scope_new(provider, "load", NULL, NULL);
    for (int i = 0; i < count; i++) {
        tracer_span_end(tracer_span_start(scope, "span", NULL));
    }
    tracer_scope_free(scope);
}

/* {"<key>": "<text>", "list": [1, null]} */
static tracer_value *map_with(const char *key, const char *text) {
    tracer_value *map = tracer_value_new();
    tracer_value_begin_map(map);
    tracer_value_key(map, key, strlen(key));
    tracer_value_add_string(map, text, strlen(text));
    tracer_value_key(map, "list", 4);
    tracer_value_begin_array(map);
    tracer_value_add_int(map, 1);
    tracer_value_add_null(map);
    return map;
}

static void the_whole_resource_is_what_was_given(void) {
    setenv("OTEL_RESOURCE_ATTRIBUTES", "team=blue", 1);
    tracer_capture *capture = tracer_capture_new();
    tracer_config *config = tracer_config_new();
    tracer_value *map = map_with("service.name", "shop");
    CHECK_INT(tracer_config_set_service_name(config, "another"), TRACER_OK);
    CHECK_INT(tracer_config_set_resource(config, map, "https://schema/1"), TRACER_OK);
    CHECK_INT(tracer_config_set_exporter(config, "none"), TRACER_OK);
    CHECK_INT(tracer_config_load_env(config), TRACER_OK);
    tracer_value_free(map);
    tracer_provider *provider = made_from(config);
    spans(provider, 1);
    seen span;
    CHECK(see(capture, 0, &span));
    CHECK_TEXT(span.resource, "service.name=\"shop\" list=[1,null]");
    CHECK_TEXT(span.schemas, "https://schema/1");

    config = tracer_config_new();
    CHECK_INT(tracer_config_set_resource(config, NULL, NULL), TRACER_OK);
    tracer_provider *empty = made_from(config);
    tracer_capture_clear(capture);
    spans(empty, 1);
    CHECK(see(capture, 0, &span));
    CHECK_TEXT(span.resource, "");
    tracer_provider_free(empty);
    tracer_provider_free(provider);
    tracer_capture_free(capture);
    unsetenv("OTEL_RESOURCE_ATTRIBUTES");
}

static void scopes_may_have_attributes(void) {
    tracer_capture *capture = tracer_capture_new();
    tracer_provider *provider = made_from(tracer_config_new());
    tracer_value *map = map_with("team", "blue");
    tracer_scope *scope =
        tracer_scope_new_with_attributes(provider, "shop", "1.2", "https://schema/2", map);
    tracer_value_free(map);
    tracer_span_end(tracer_span_start(scope, "op", NULL));
    seen span;
    CHECK(see_named(capture, "op", &span));
    CHECK_TEXT(span.scope, "shop 1.2");
    CHECK_TEXT(span.scope_attributes, "team=\"blue\" list=[1,null]");
    CHECK_TEXT(span.schemas, " https://schema/2");
    tracer_scope_free(scope);
    scope = tracer_scope_new_with_attributes(provider, "shop", NULL, NULL, NULL);
    tracer_span_end(tracer_span_start(scope, "plain", NULL));
    CHECK(see_named(capture, "plain", &span));
    CHECK_TEXT(span.scope, "shop");
    CHECK_TEXT(span.scope_attributes, "");
    tracer_scope_free(scope);
    tracer_provider_free(provider);
    tracer_capture_free(capture);
}

static void limits_may_be_none_or_zero(void) {
    tracer_capture *capture = tracer_capture_new();
    tracer_limits limits = TRACER_LIMITS_INIT;
    limits.attributes = TRACER_LIMIT_UNLIMITED;
    limits.events = TRACER_LIMIT_ZERO;
    tracer_config *config = tracer_config_new();
    CHECK_INT(tracer_config_set_limits(config, &limits), TRACER_OK);
    tracer_provider *provider = made_from(config);
    tracer_scope *scope = tracer_scope_new(provider, "limits", NULL, NULL);
    tracer_span span = tracer_span_start(scope, "op", NULL);
    for (int i = 0; i < 200; i++) {
        char key[16];
        snprintf(key, sizeof key, "k%d", i);
        tracer_span_set_bool(span, key, true);
    }
    tracer_span_add_event(span, "none of these", NULL, 0);
    tracer_span_end(span);
    seen got;
    CHECK(see_named(capture, "op", &got));
    CHECK(strstr(got.attributes, "k199=true") != NULL);
    CHECK_INT(got.dropped_attributes, 0);
    CHECK_TEXT(got.events, "");
    CHECK_INT(got.dropped_events, 1);
    tracer_scope_free(scope);
    tracer_provider_free(provider);
    tracer_capture_free(capture);
}

static void a_destination_joins_a_provider_in_use(void) {
    sink *first = sink_start(false), *second = sink_start(false);
    tracer_provider *provider = made_from(to_port(sink_port(first)));
    spans(provider, 3);
    CHECK_INT(add(provider, to_port(sink_port(second))), TRACER_OK);
    spans(provider, 2);
    CHECK_INT(tracer_provider_flush(provider, 5000), TRACER_OK);
    CHECK_INT(sink_spans(first), 5);
    CHECK_INT(sink_spans(second), 2);
    CHECK_INT(stats_of(provider).exported, 5);
    CHECK_INT(tracer_provider_shutdown(provider, 5000), TRACER_OK);
    CHECK_INT(add(provider, to_port(sink_port(second))), TRACER_INVALID_CONFIG);
    CHECK(strstr(last_error(), "shut down") != NULL);
    tracer_provider_free(provider);
    sink_stop(first);
    sink_stop(second);
}

static void a_destination_that_joined_has_the_spans_of_a_child(void) {
    sink *first = sink_start(false), *second = sink_start(false);
    tracer_provider *provider = made_from(to_port(sink_port(first)));
    CHECK_INT(add(provider, to_port(sink_port(second))), TRACER_OK);
    spans(provider, 2);
    pid_t child = fork();
    if (child == 0) {
        spans(provider, 4);
        _exit(tracer_provider_flush(provider, 5000));
    }
    int status = -1;
    CHECK_INT(waitpid(child, &status, 0), child);
    CHECK_INT(status, 0);
    CHECK_INT(sink_spans(second), 4);
    CHECK_INT(tracer_provider_flush(provider, 5000), TRACER_OK);
    CHECK_INT(sink_spans(first), 6);
    CHECK_INT(sink_spans(second), 6);
    tracer_provider_free(provider);
    sink_stop(first);
    sink_stop(second);
}

static void the_account_is_a_providers_own(void) {
    sink *taken = sink_start(false);
    tracer_provider *provider = made_from(tracer_config_new());
    spans(provider, 2);
    CHECK_INT(stats_of(provider).dropped_no_exporter, 2);
    CHECK_INT(add(provider, to_port(sink_port(taken))), TRACER_OK);
    spans(provider, 3);
    CHECK_INT(stats_of(provider).started, 3);
    CHECK_INT(stats_of(provider).queued, 3);
    CHECK_INT(stats().started, 0);
    CHECK_INT(tracer_provider_shutdown(provider, 5000), TRACER_OK);
    CHECK_INT(stats_of(provider).exported, 3);
    CHECK_INT(sink_spans(taken), 3);
    tracer_provider_free(provider);
    sink_stop(taken);
}

static void a_provider_becomes_the_default_one(void) {
    tracer_capture *capture = tracer_capture_new();
    tracer_config *config = tracer_config_new();
    CHECK_INT(tracer_config_set_service_name(config, "chosen"), TRACER_OK);
    CHECK_INT(tracer_config_set_exporter(config, "memory"), TRACER_OK);
    tracer_provider *provider = made_from(config);
    CHECK_INT(tracer_provider_set_default(provider), TRACER_OK);
    CHECK(tracer_is_configured());
    tracer_span_end(tracer_span_start(NULL, "op", NULL));
    seen span;
    CHECK(see_named(capture, "op", &span));
    CHECK(strstr(span.resource, "service.name=\"chosen\"") != NULL);
    CHECK_INT(stats_of(NULL).started, stats_of(provider).started);
    CHECK_INT(stats_of(provider).exported, 1);
    sink *taken = sink_start(false);
    CHECK_INT(add(NULL, to_port(sink_port(taken))), TRACER_OK);
    tracer_span_end(tracer_span_start(NULL, "exported", NULL));
    CHECK_INT(tracer_provider_flush(provider, 5000), TRACER_OK);
    CHECK_INT(sink_spans(taken), 1);
    sink_stop(taken);
    tracer_provider_free(provider);
    tracer_capture_free(capture);
}

static void options_of_destinations_are_checked(void) {
    tracer_config *config = tracer_config_new();
    CHECK_INT(tracer_config_set_compression(config, "squeeze"), TRACER_INVALID_CONFIG);
    CHECK(strstr(last_error(), "squeeze") != NULL);
    CHECK_INT(tracer_config_add_otlp(config, "nowhere"), TRACER_INVALID_CONFIG);
    CHECK_INT(tracer_config_add_zipkin(config, "nowhere"), TRACER_INVALID_CONFIG);
    CHECK_INT(tracer_config_add_jaeger(config, "nowhere"), TRACER_INVALID_CONFIG);
    CHECK_INT(tracer_config_add_file(config, ""), TRACER_INVALID_CONFIG);
    CHECK_INT(tracer_config_set_compression(config, "gzip"), TRACER_OK);
    CHECK_INT(tracer_config_set_protocol(config, "http/json"), TRACER_OK);
    CHECK_INT(tracer_config_set_timeout(config, 1500), TRACER_OK);
    CHECK_INT(tracer_config_add_zipkin(config, "http://127.0.0.1:1"), TRACER_OK);
    CHECK_INT(tracer_config_add_jaeger(config, "http://127.0.0.1:1"), TRACER_OK);
    CHECK_INT(tracer_config_set_certificate(config, "/no/such/ca.pem"), TRACER_OK);
    CHECK_INT(tracer_config_add_otlp(config, "https://127.0.0.1:1"), TRACER_OK);
    tracer_provider *provider = NULL;
    /* Files are read when the provider is made. */
    CHECK_INT(tracer_provider_new(config, &provider), TRACER_INVALID_CONFIG);
    CHECK(strstr(last_error(), "/no/such/ca.pem") != NULL);
    CHECK_INT(tracer_config_set_client_certificate(config, "/no/cert.pem", "/no/key.pem"), TRACER_OK);
    tracer_provider *plain = made_from(tracer_config_new());
    CHECK_INT(tracer_provider_add_exporter(plain, config), TRACER_INVALID_CONFIG);
    tracer_provider_free(plain);
    tracer_config_free(config);
}

static void a_file_gets_one_line_a_batch(void) {
    char path[] = "/tmp/libtracer-test-XXXXXX";
    int file = mkstemp(path);
    CHECK(file >= 0);
    tracer_config *config = tracer_config_new();
    CHECK_INT(tracer_config_add_file(config, path), TRACER_OK);
    tracer_provider *provider = made_from(config);
    spans(provider, 2);
    CHECK_INT(tracer_provider_shutdown(provider, 5000), TRACER_OK);
    char text[4096];
    ssize_t len = read(file, text, sizeof text - 1);
    CHECK(len > 0);
    text[len > 0 ? len : 0] = '\0';
    CHECK(strncmp(text, "{\"resourceSpans\":", 17) == 0);
    CHECK(len > 0 && strchr(text, '\n') == text + len - 1);
    tracer_provider_free(provider);
    close(file);
    unlink(path);
}

/* One span below a parent of another process, sampled or not. */
static bool recorded_below(const tracer_provider *provider, bool sampled) {
    tracer_scope *scope = tracer_scope_new(provider, "samplers", NULL, NULL);
    tracer_context *parent = tracer_context_from_traceparent(
        sampled ? "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
                : "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00",
        NULL);
    tracer_span_options options = TRACER_SPAN_OPTIONS_INIT;
    options.parent = parent;
    tracer_span span = tracer_span_start(scope, "below", &options);
    bool recorded = tracer_span_is_recording(span);
    tracer_span_end(span);
    tracer_context_free(parent);
    tracer_scope_free(scope);
    return recorded;
}

static void each_kind_of_parent_may_have_a_sampler(void) {
    tracer_config *config = tracer_config_new();
    CHECK_INT(tracer_config_set_parent_sampler(NULL, 0, 0, 0), TRACER_INVALID_ARGUMENT);
    CHECK_INT(tracer_config_set_sampler(config, TRACER_SAMPLER_ALWAYS_ON, 0), TRACER_OK);
    CHECK_INT(tracer_config_set_parent_sampler(config, TRACER_PARENT_REMOTE_SAMPLED,
                                               TRACER_SAMPLER_ALWAYS_OFF, 0),
              TRACER_INVALID_ARGUMENT);
    CHECK(strstr(last_error(), "TRACER_SAMPLER_PARENT_") != NULL);
    CHECK_INT(tracer_config_set_sampler(config, TRACER_SAMPLER_PARENT_ALWAYS_ON, 0), TRACER_OK);
    CHECK_INT(tracer_config_set_parent_sampler(config, 9, TRACER_SAMPLER_ALWAYS_OFF, 0),
              TRACER_INVALID_ARGUMENT);
    CHECK_INT(tracer_config_set_parent_sampler(config, TRACER_PARENT_REMOTE_SAMPLED,
                                               TRACER_SAMPLER_RATIO, 1.5),
              TRACER_INVALID_CONFIG);
    CHECK_INT(tracer_config_set_parent_sampler(config, TRACER_PARENT_REMOTE_SAMPLED,
                                               TRACER_SAMPLER_ALWAYS_OFF, 0),
              TRACER_OK);
    CHECK_INT(tracer_config_set_parent_sampler(config, TRACER_PARENT_REMOTE_NOT_SAMPLED,
                                               TRACER_SAMPLER_ALWAYS_ON, 0),
              TRACER_OK);
    tracer_provider *provider = made_from(config);
    CHECK(!recorded_below(provider, true));
    CHECK(recorded_below(provider, false));
    spans(provider, 1); /* a root */
    CHECK_INT(stats_of(provider).started, 2);
    tracer_provider_free(provider);
}

static void null_is_refused_or_the_default_one(void) {
    tracer_config *config = tracer_config_new();
    CHECK_INT(tracer_provider_set_default(NULL), TRACER_INVALID_ARGUMENT);
    CHECK_INT(tracer_provider_add_exporter(NULL, NULL), TRACER_INVALID_ARGUMENT);
    CHECK_INT(tracer_provider_add_exporter(NULL, config), TRACER_INVALID_ARGUMENT);
    CHECK(strstr(last_error(), "default") != NULL);
    CHECK_INT(tracer_config_set_resource(NULL, NULL, NULL), TRACER_INVALID_ARGUMENT);
    CHECK_INT(tracer_config_set_compression(NULL, "gzip"), TRACER_INVALID_ARGUMENT);
    CHECK_INT(tracer_config_set_timeout(NULL, 1), TRACER_INVALID_ARGUMENT);
    CHECK_INT(tracer_config_set_certificate(NULL, "x"), TRACER_INVALID_ARGUMENT);
    CHECK_INT(tracer_config_set_client_certificate(NULL, "x", "y"), TRACER_INVALID_ARGUMENT);
    tracer_provider_read_stats(NULL, NULL);
    tracer_config_free(config);
}

int main(void) {
    RUN(null_is_refused_or_the_default_one);
    RUN(the_whole_resource_is_what_was_given);
    RUN(scopes_may_have_attributes);
    RUN(each_kind_of_parent_may_have_a_sampler);
    RUN(limits_may_be_none_or_zero);
    RUN(a_destination_joins_a_provider_in_use);
    if (MALLOC_FORKS) {
        RUN(a_destination_that_joined_has_the_spans_of_a_child);
    } else {
        printf("       the child of a busy exporter: not run, for the sanitizer's malloc may stay locked\n");
    }
    RUN(the_account_is_a_providers_own);
    RUN(a_provider_becomes_the_default_one);
    RUN(options_of_destinations_are_checked);
    RUN(a_file_gets_one_line_a_batch);
    return finish();
}
