/* Set-up: what succeeds, what is refused, and that the reason names the option, the value and the cure. */
#define _POSIX_C_SOURCE 200809L
#include "harness.h"
#include "otlp.h"

#include <stdlib.h>

static char why[1024];

static const char *last_error(void) {
    tracer_last_error(why, sizeof why);
    return why;
}

#define CHECK_REFUSED(call, option, value)                            \
    do {                                                              \
        CHECK_INT((call), TRACER_INVALID_CONFIG);                     \
        if (!CHECK(strstr(last_error(), (option)) != NULL) ||         \
            !CHECK(strstr(last_error(), (value)) != NULL)) {          \
            fprintf(stderr, "    the reason given: %s\n", why);       \
        }                                                             \
    } while (0)

static void the_version_is_that_of_the_header(void) {
    CHECK_INT(tracer_abi_version(), TRACER_ABI_VERSION);
    CHECK(strchr(tracer_version(), '.') != NULL);
    CHECK(tracer_table_get(TRACER_ABI_VERSION) != NULL);
    CHECK(tracer_table_get(99) == NULL);
}

static void nothing_is_configured_at_first(void) {
    CHECK(!tracer_is_configured());
    tracer_span span = tracer_span_begin("early");
    CHECK(!tracer_span_is_recording(span));
    tracer_span_set_int(span, "key", 1);
    tracer_span_finish(span);
    CHECK_INT(stats().started, 0);
    CHECK_INT(tracer_flush(1000), TRACER_OK);
}

static void bad_options_are_refused_with_a_reason(void) {
    tracer_config *config = tracer_config_new();
    CHECK_REFUSED(tracer_config_set_exporter(config, "pigeon"), "exporter", "pigeon");
    CHECK_REFUSED(tracer_config_set_exporter(config, "otlp,pigeon"), "exporter", "pigeon");
    CHECK_REFUSED(tracer_config_set_endpoint(config, "not a url"), "endpoint", "not a url");
    CHECK_REFUSED(tracer_config_set_endpoint(config, "ftp://host/x"), "endpoint", "ftp");
    CHECK_REFUSED(tracer_config_set_protocol(config, "smoke"), "protocol", "smoke");
    CHECK_REFUSED(tracer_config_set_sampler(config, TRACER_SAMPLER_RATIO, 1.5), "sampl", "1.5");
    CHECK_REFUSED(tracer_config_add_header(config, "bad name", "secret"), "header", "bad name");
    CHECK(strstr(why, "secret") == NULL);
    CHECK(tracer_config_set_sampler(config, 99, 0) != TRACER_OK);
    CHECK(strstr(last_error(), "99") != NULL);
    /* What was refused has changed nothing. */
    CHECK_INT(tracer_config_set_exporter(config, "none"), TRACER_OK);
    CHECK_INT(tracer_init(config), TRACER_OK);
    tracer_config_free(config);
}

static void null_arguments_are_refused(void) {
    tracer_config *config = tracer_config_new();
    tracer_limits limits = {0};
    CHECK_INT(tracer_init(NULL), TRACER_INVALID_ARGUMENT);
    CHECK_INT(tracer_config_load_env(NULL), TRACER_INVALID_ARGUMENT);
    CHECK_INT(tracer_config_set_service_name(NULL, "x"), TRACER_INVALID_ARGUMENT);
    CHECK_INT(tracer_config_set_memory_limit(NULL, 1), TRACER_INVALID_ARGUMENT);
    CHECK_INT(tracer_config_set_limits(NULL, &limits), TRACER_INVALID_ARGUMENT);
    CHECK_INT(tracer_provider_new(NULL, NULL), TRACER_INVALID_ARGUMENT);
    CHECK_INT(tracer_provider_new(config, NULL), TRACER_INVALID_ARGUMENT);
    tracer_config_free(config);
    tracer_config_free(NULL);
}

static void the_last_error_is_cut_to_the_buffer(void) {
    tracer_config *config = tracer_config_new();
    CHECK_INT(tracer_config_set_exporter(config, "pigeon"), TRACER_INVALID_CONFIG);
    size_t whole = tracer_last_error(NULL, 0);
    CHECK_INT(whole, strlen(last_error()));
    char cut[8] = "xxxxxxx";
    CHECK_INT(tracer_last_error(cut, sizeof cut), whole);
    CHECK_INT(strlen(cut), 7);
    CHECK(strncmp(cut, why, 7) == 0);
    CHECK_INT(tracer_last_error(cut, 1), whole);
    CHECK_TEXT(cut, "");
    tracer_config_free(config);
}

/* The program of c-api.md, but to memory. */
static void the_first_program_records_two_spans(void) {
    tracer_capture *capture = tracer_capture_new();
    set_up("memory");
    CHECK(tracer_is_configured());
    tracer_span request = tracer_span_begin("request");
    tracer_span_set_string(request, "user", "ada", 3);
    tracer_span load = tracer_span_begin("load_model");
    tracer_span_set_int(load, "layers", 32);
    tracer_span_finish(load);
    tracer_span_finish(request);
    CHECK_INT(tracer_flush(2000), TRACER_OK);

    seen parent, child;
    CHECK_INT(tracer_capture_count(capture), 2);
    CHECK(see(capture, 0, &child) && see(capture, 1, &parent));
    CHECK_TEXT(child.name, "load_model");
    CHECK_TEXT(child.attributes, "layers=32");
    CHECK_TEXT(parent.name, "request");
    CHECK_TEXT(parent.attributes, "user=\"ada\"");
    CHECK_TEXT(parent.parent_id, "");
    CHECK_TEXT(child.parent_id, parent.span_id);
    CHECK_TEXT(child.trace_id, parent.trace_id);
    CHECK_INT(parent.kind, TRACER_KIND_INTERNAL);
    CHECK(parent.start > 0 && parent.start <= child.start && child.start <= child.end &&
          child.end <= parent.end);
    tracer_stats now = stats();
    CHECK_INT(now.started, 2);
    CHECK_INT(now.exported, 2);
    CHECK_INT(now.open + now.queued + now.dropped, 0);
    tracer_capture_free(capture);
}

static void the_resource_is_what_was_set(void) {
    tracer_capture *capture = tracer_capture_new();
    tracer_config *config = tracer_config_new();
    CHECK_INT(tracer_config_set_service_name(config, "shop"), TRACER_OK);
    CHECK_INT(tracer_config_set_resource_string(config, "service.version", "1.2"), TRACER_OK);
    CHECK_INT(tracer_config_set_exporter(config, "none"), TRACER_OK);
    CHECK_INT(tracer_init(config), TRACER_OK);
    tracer_config_free(config);
    tracer_scope *scope = tracer_scope_new(NULL, "shop.cart", "0.3", NULL);
    tracer_span_end(tracer_span_start(scope, "op", NULL));
    tracer_scope_free(scope);
    seen span;
    CHECK(see_named(capture, "op", &span));
    CHECK(strstr(span.resource, "service.name=\"shop\"") != NULL);
    CHECK(strstr(span.resource, "service.version=\"1.2\"") != NULL);
    CHECK(strstr(span.resource, "telemetry.sdk.name=\"libtracer\"") != NULL);
    CHECK_TEXT(span.scope, "shop.cart 0.3");
    tracer_capture_free(capture);
}

static void environment_fills_what_code_left_open(void) {
    setenv("OTEL_SERVICE_NAME", "from-env", 1);
    setenv("OTEL_RESOURCE_ATTRIBUTES", "team=blue,service.name=ignored", 1);
    setenv("OTEL_TRACES_EXPORTER", "none", 1);
    setenv("OTEL_TRACES_SAMPLER", "always_off", 1);
    tracer_capture *capture = tracer_capture_new();
    tracer_config *config = tracer_config_new();
    CHECK_INT(tracer_config_set_sampler(config, TRACER_SAMPLER_ALWAYS_ON, 0), TRACER_OK);
    CHECK_INT(tracer_config_load_env(config), TRACER_OK);
    CHECK_INT(tracer_init(config), TRACER_OK);
    tracer_config_free(config);
    tracer_span_end(tracer_span_start(NULL, "op", NULL));
    seen span;
    CHECK(see_named(capture, "op", &span));
    CHECK(strstr(span.resource, "service.name=\"from-env\"") != NULL);
    CHECK(strstr(span.resource, "team=\"blue\"") != NULL);
    tracer_capture_clear(capture);
    CHECK_INT(tracer_init_from_env(), TRACER_OK);
    tracer_span_end(tracer_span_start(NULL, "off", NULL));
    CHECK_INT(tracer_capture_count(capture), 0);
    CHECK_INT(stats().unsampled, 1);
    tracer_capture_free(capture);
    unsetenv("OTEL_SERVICE_NAME");
    unsetenv("OTEL_RESOURCE_ATTRIBUTES");
    unsetenv("OTEL_TRACES_EXPORTER");
    unsetenv("OTEL_TRACES_SAMPLER");
}

static void samplers_decide_at_the_root(void) {
    tracer_config *config = tracer_config_new();
    CHECK_INT(tracer_config_set_exporter(config, "memory"), TRACER_OK);
    CHECK_INT(tracer_config_set_sampler(config, TRACER_SAMPLER_ALWAYS_OFF, 0), TRACER_OK);
    CHECK_INT(tracer_init(config), TRACER_OK);
    tracer_span span = tracer_span_begin("off");
    uint8_t id[8];
    CHECK(!tracer_span_is_recording(span));
    CHECK(tracer_span_id(span, id));
    tracer_span_end(tracer_span_start(NULL, "child", NULL));
    tracer_span_finish(span);
    CHECK_INT(stats().started, 0);
    CHECK_INT(stats().unsampled, 2);

    CHECK_INT(tracer_config_set_sampler(config, TRACER_SAMPLER_RATIO, 0.5), TRACER_OK);
    CHECK_INT(tracer_init(config), TRACER_OK);
    for (int i = 0; i < 2000; i++) {
        tracer_span_end(tracer_span_start(NULL, "half", NULL));
    }
    tracer_stats now = stats();
    CHECK_INT(now.started + now.unsampled, 2000);
    CHECK(now.started > 800 && now.started < 1200);
    tracer_config_free(config);
}

static void providers_have_pipelines_of_their_own(void) {
    set_up("memory");
    tracer_config *config = tracer_config_new();
    tracer_provider *provider = NULL;
    CHECK_INT(tracer_config_set_exporter(config, "memory"), TRACER_OK);
    CHECK_INT(tracer_config_set_service_name(config, "second"), TRACER_OK);
    CHECK_INT(tracer_provider_new(config, &provider), TRACER_OK);
    tracer_config_free(config);
    tracer_scope *scope = tracer_scope_new(provider, "own", NULL, NULL);
    tracer_capture *capture = tracer_capture_new();
    tracer_span outer = tracer_span_begin("outer");
    tracer_span_end(tracer_span_start(scope, "of the second", NULL));
    tracer_span_finish(outer);
    seen first, second;
    CHECK(see_named(capture, "outer", &first) && see_named(capture, "of the second", &second));
    CHECK(strstr(second.resource, "service.name=\"second\"") != NULL);
    CHECK(strstr(first.resource, "service.name=\"tests\"") != NULL);
    CHECK_TEXT(second.parent_id, first.span_id);
    CHECK_INT(stats().started, 1);
    CHECK_INT(tracer_provider_flush(provider, 1000), TRACER_OK);
    CHECK_INT(tracer_provider_shutdown(provider, 1000), TRACER_OK);
    tracer_span_end(tracer_span_start(scope, "late", NULL));
    CHECK_INT(tracer_capture_count(capture), 2);
    tracer_capture_free(capture);
    tracer_scope_free(scope);
    tracer_provider_free(provider);
}

int main(void) {
    RUN(the_version_is_that_of_the_header);
    RUN(nothing_is_configured_at_first);
    RUN(bad_options_are_refused_with_a_reason);
    RUN(null_arguments_are_refused);
    RUN(the_last_error_is_cut_to_the_buffer);
    RUN(the_first_program_records_two_spans);
    RUN(the_resource_is_what_was_set);
    RUN(environment_fills_what_code_left_open);
    RUN(samplers_decide_at_the_root);
    RUN(providers_have_pipelines_of_their_own);
    return finish();
}
