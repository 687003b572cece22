/* Options of a provider: each does what its comment says, and says no to what it cannot use. */
#define _POSIX_C_SOURCE 200809L
#include "harness.h"
#include "otlp.h"
#include "sink.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char text[4096];

static const char *last_error(void) {
    tracer_last_error(text, sizeof text);
    return text;
}

static const char *read_file(const char *path) {
    FILE *file = fopen(path, "r");
    size_t length = file ? fread(text, 1, sizeof text - 1, file) : 0;
    text[length] = '\0';
    if (file) {
        fclose(file);
    }
    return text;
}

static void write_file(const char *path, const char *content) {
    FILE *file = fopen(path, "w");
    CHECK(file && fputs(content, file) >= 0 && fclose(file) == 0);
}

static tracer_provider *made_from(tracer_config *config) {
    tracer_provider *provider = NULL;
    CHECK_INT(tracer_provider_new(config, &provider), TRACER_OK);
    tracer_config_free(config);
    return provider;
}

static void end_one(const tracer_provider *provider, const char *name) {
    tracer_scope *scope = tracer_scope_new(provider, "tests", NULL, NULL);
    tracer_span_end(tracer_span_start(scope, name, NULL));
    tracer_scope_free(scope);
}

static void the_resource_has_attributes_of_all_types(void) {
    tracer_capture *capture = tracer_capture_new();
    tracer_config *config = tracer_config_new();
    tracer_attribute attributes[2] = {{.key = "shard", .type = TRACER_INT},
                                      {.key = "on", .type = TRACER_BOOL}};
    attributes[0].value.integer = 7;
    attributes[1].value.boolean = true;
    CHECK_INT(tracer_config_set_resource_attributes(config, attributes, 2), TRACER_OK);
    CHECK_INT(tracer_config_set_resource_attributes(config, NULL, 0), TRACER_OK);
    CHECK_INT(tracer_config_detect_resource(config, "process, host"), TRACER_OK);
    CHECK_INT(tracer_config_detect_resource(config, "process,moon"), TRACER_INVALID_CONFIG);
    CHECK(strstr(last_error(), "moon") != NULL);
    tracer_provider *provider = made_from(config);
    end_one(provider, "op");
    seen span;
    char pid[64];
    CHECK(see_named(capture, "op", &span));
    CHECK(strstr(span.resource, "shard=7") && strstr(span.resource, "on=true"));
    snprintf(pid, sizeof pid, "process.pid=%d", (int)getpid());
    CHECK(strstr(span.resource, pid) && strstr(span.resource, "host.name=\""));
    tracer_provider_free(provider);
    config = tracer_config_new();
    CHECK_INT(tracer_config_set_exit_timeout(config, 100), TRACER_OK);
    CHECK_INT(tracer_config_set_resource_schema_url(config, "http://schema/1"), TRACER_OK);
    provider = made_from(config);
    end_one(provider, "of a schema");
    CHECK(see_named(capture, "of a schema", &span));
    CHECK_TEXT(span.schemas, "http://schema/1");
    tracer_provider_free(provider);
    tracer_capture_free(capture);
}

static void a_simple_pipeline_sends_each_span_at_once(void) {
    sink *batches = sink_start(false), *single = sink_start(false);
    tracer_config *config = tracer_config_new();
    CHECK_INT(tracer_config_set_destination_batch(config, 0, 1, 0, 0), TRACER_INVALID_CONFIG);
    snprintf(text, sizeof text, "http://127.0.0.1:%d", sink_port(batches));
    CHECK_INT(tracer_config_add_otlp(config, text), TRACER_OK);
    snprintf(text, sizeof text, "http://127.0.0.1:%d", sink_port(single));
    CHECK_INT(tracer_config_add_otlp(config, text), TRACER_OK);
    CHECK_INT(tracer_config_set_destination_batch(config, 0, 1, 0, 0), TRACER_OK);
    CHECK_INT(tracer_config_set_batch(config, 0, 2, 0, 0), TRACER_OK);
    tracer_provider *provider = made_from(config);
    for (int i = 0; i < 4; i++) {
        end_one(provider, "op");
    }
    CHECK_INT(tracer_provider_flush(provider, 5000), TRACER_OK);
    CHECK_INT(sink_spans(batches), 4);
    CHECK_INT(sink_requests(batches), 2);
    CHECK_INT(sink_spans(single), 4);
    CHECK_INT(sink_requests(single), 4);
    tracer_provider_free(provider);
    sink_stop(batches);
    sink_stop(single);
}

/* A queue of one span before a server that never answers: the second has to wait, in vain. */
static void blocking_waits_and_no_blocking_does_not(void) {
    sink *silent = sink_start(true);
    for (uint32_t longest = 0; longest <= 50; longest += 50) {
        tracer_config *config = tracer_config_new();
        snprintf(text, sizeof text, "http://127.0.0.1:%d", sink_port(silent));
        CHECK_INT(tracer_config_add_otlp(config, text), TRACER_OK);
        CHECK_INT(tracer_config_set_batch(config, 1, 1, 0, 0), TRACER_OK);
        CHECK_INT(tracer_config_set_blocking(config, longest), TRACER_OK);
        tracer_provider *provider = made_from(config);
        double start = seconds();
        end_one(provider, "first");
        end_one(provider, "second");
        end_one(provider, "third");
        CHECK(longest == 0 || seconds() - start >= 0.05);
        tracer_stats stats = {0};
        stats.struct_size = sizeof stats;
        tracer_provider_read_stats(provider, &stats);
        CHECK_INT(stats.dropped_queue_full, 2);
        CHECK_INT(tracer_provider_shutdown(provider, 0), TRACER_TIMEOUT);
        tracer_provider_free(provider);
    }
    sink_stop(silent);
}

static void a_file_is_rotated_at_its_size(void) {
    char directory[] = "/tmp/tracer-test-XXXXXX", path[64], older[80];
    CHECK(mkdtemp(directory) != NULL);
    snprintf(path, sizeof path, "%s/traces.jsonl", directory);
    tracer_config *config = tracer_config_new();
    CHECK_INT(tracer_config_add_file(config, path), TRACER_OK);
    CHECK_INT(tracer_config_set_file_rotation(config, 0, 1), TRACER_INVALID_CONFIG);
    CHECK_INT(tracer_config_set_file_rotation(config, 4096, 1), TRACER_OK);
    tracer_provider *provider = made_from(config);
    struct stat found;
    snprintf(older, sizeof older, "%s.1", path);
    for (int i = 0; i < 40 && stat(older, &found) != 0; i++) {
        end_one(provider, "a span in a file");
        CHECK_INT(tracer_provider_flush(provider, 5000), TRACER_OK);
    }
    CHECK(strstr(read_file(older), "a span in a file") != NULL);
    CHECK_INT(tracer_provider_shutdown(provider, 5000), TRACER_OK);
    tracer_provider_free(provider);
    unlink(older);
    unlink(path);
    rmdir(directory);
}

/* Standard output is a file meanwhile. */
static void the_console_and_standard_output_are_destinations(void) {
    char path[] = "/tmp/tracer-test-XXXXXX";
    int to = mkstemp(path), own = dup(STDOUT_FILENO);
    fflush(stdout);
    dup2(to, STDOUT_FILENO);
    tracer_config *config = tracer_config_new();
    CHECK_INT(tracer_config_add_console(config), TRACER_OK);
    CHECK_INT(tracer_config_add_stdout(config), TRACER_OK);
    tracer_provider *provider = made_from(config);
    end_one(provider, "printed");
    CHECK_INT(tracer_provider_shutdown(provider, 5000), TRACER_OK);
    tracer_provider_free(provider);
    fflush(stdout);
    dup2(own, STDOUT_FILENO);
    close(own);
    close(to);
    read_file(path);
    unlink(path);
    CHECK(strstr(text, "{\"resourceSpans\"") != NULL);
    CHECK(strstr(text, "\"name\":\"printed\"") != NULL);
    const char *first = strstr(text, "printed");
    CHECK(first && strstr(first + 1, "printed") != NULL);
}

static void a_configuration_file_is_read(void) {
    char path[] = "/tmp/tracer-test-XXXXXX";
    close(mkstemp(path));
    write_file(path, "file_format: \"1.0\"\nresource:\n  attributes:\n"
                     "    - name: service.name\n      value: from-file\nnonsense: 1\n");
    tracer_capture *capture = tracer_capture_new();
    tracer_config *config = tracer_config_new();
    CHECK_INT(tracer_config_load_file(config, NULL), TRACER_INVALID_ARGUMENT);
    CHECK_INT(tracer_config_load_file(config, "/no/such/file"), TRACER_INVALID_CONFIG);
    CHECK(strstr(last_error(), "/no/such/file") != NULL);
    CHECK_INT(tracer_config_load_file(config, path), TRACER_OK);
    CHECK(tracer_config_take_warning(config, text, sizeof text) > 0);
    CHECK(strstr(text, "nonsense") != NULL);
    CHECK_INT(tracer_config_take_warning(config, text, sizeof text), 0);
    CHECK_TEXT(text, "");
    tracer_provider *provider = made_from(config);
    end_one(provider, "op");
    seen span;
    CHECK(see_named(capture, "op", &span));
    CHECK(strstr(span.resource, "service.name=\"from-file\"") != NULL);
    tracer_provider_free(provider);
    tracer_capture_free(capture);
    unlink(path);
}

static void the_depth_of_values_is_limited(void) {
    tracer_capture *capture = tracer_capture_new();
    tracer_config *config = tracer_config_new();
    tracer_limits limits = TRACER_LIMITS_INIT;
    limits.depth = 1;
    CHECK_INT(tracer_config_set_limits(config, &limits), TRACER_OK);
    tracer_provider *provider = made_from(config);
    tracer_scope *scope = tracer_scope_new(provider, "tests", NULL, NULL);
    tracer_span span = tracer_span_start(scope, "deep", NULL);
    tracer_value *value = tracer_value_new();
    tracer_value_begin_array(value);
    tracer_value_begin_array(value);
    tracer_value_add_int(value, 1);
    tracer_span_set_value(span, "nested", value);
    tracer_value_free(value);
    tracer_span_end(span);
    seen got;
    CHECK(see_named(capture, "deep", &got));
    CHECK_TEXT(got.attributes, "nested=[null]");
    tracer_scope_free(scope);
    tracer_provider_free(provider);
    tracer_capture_free(capture);
}

static int heard;
static void hear(void *user_data, tracer_level level, const char *message) {
    heard += level == TRACER_LEVEL_WARN && user_data == &heard && strstr(message, "pigeon") != NULL;
}

static void what_the_library_says_goes_to_the_handler(void) {
    CHECK_INT(tracer_set_diagnostic_handler(NULL, NULL), TRACER_INVALID_ARGUMENT);
    CHECK_INT(tracer_set_diagnostic_handler(hear, &heard), TRACER_OK);
    setenv("OTEL_TRACES_EXPORTER", "pigeon,console", 1);
    tracer_config *config = tracer_config_new();
    CHECK_INT(tracer_config_load_env(config), TRACER_OK);
    tracer_provider_free(made_from(config));
    CHECK_INT(heard, 1);
    config = tracer_config_new();
    CHECK_INT(tracer_config_set_diagnostic_level(config, 77), TRACER_INVALID_ARGUMENT);
    CHECK(strstr(last_error(), "77") != NULL);
    CHECK_INT(tracer_config_set_diagnostic_level(config, TRACER_LEVEL_ERROR), TRACER_OK);
    CHECK_INT(tracer_config_load_env(config), TRACER_OK);
    tracer_provider_free(made_from(config));
    CHECK_INT(heard, 1);
    unsetenv("OTEL_TRACES_EXPORTER");
    config = tracer_config_new();
    CHECK_INT(tracer_config_set_diagnostic_level(config, TRACER_LEVEL_INFO), TRACER_OK);
    tracer_provider_free(made_from(config));
}

int main(void) {
    RUN(the_resource_has_attributes_of_all_types);
    RUN(a_simple_pipeline_sends_each_span_at_once);
    RUN(blocking_waits_and_no_blocking_does_not);
    RUN(a_file_is_rotated_at_its_size);
    RUN(the_console_and_standard_output_are_destinations);
    RUN(a_configuration_file_is_read);
    RUN(the_depth_of_values_is_limited);
    RUN(what_the_library_says_goes_to_the_handler);
    return finish();
}
