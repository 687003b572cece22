/* Metrics: calls of language models counted, as text and pushed. */
#define _POSIX_C_SOURCE 200809L
#include "harness.h"

#include <math.h>
#include <sched.h>
#include <stdlib.h>

static tracer_provider *counting(void) {
    tracer_config *config = tracer_config_new();
    CHECK_INT(tracer_config_set_exporter(config, "none"), TRACER_OK);
    CHECK_INT(tracer_config_set_llm_metrics(config, true), TRACER_OK);
    tracer_provider *provider = NULL;
    CHECK_INT(tracer_provider_new(config, &provider), TRACER_OK);
    tracer_config_free(config);
    return provider;
}

static char text[64 * 1024];

static bool says(const tracer_provider *provider, const char *line) {
    size_t len = tracer_metrics_text(provider, text, sizeof text);
    CHECK_INT(strlen(text), len);
    return strstr(text, line) != NULL;
}

static tracer_llm_call a_call(void) {
    tracer_llm_call call = TRACER_LLM_CALL_INIT;
    call.provider = "openai";
    call.model = "gpt-4o";
    return call;
}

static void a_call_is_in_all_four_series(void) {
    tracer_provider *provider = counting();
    tracer_llm_call call = a_call();
    call.input_tokens = 5;
    call.output_tokens = 20;
    call.cost_dollars = 0.25;
    call.duration_seconds = 0.5;
    tracer_metrics_record_llm_call(provider, &call);
    tracer_metrics_record_llm_call(provider, &call);
    CHECK(says(provider, "ai_llm_requests_total{model=\"gpt-4o\",provider=\"openai\"} 2\n"));
    CHECK(says(provider, "ai_llm_tokens_total{model=\"gpt-4o\",provider=\"openai\",type=\"input\"} 10\n"));
    CHECK(says(provider, "ai_llm_tokens_total{model=\"gpt-4o\",provider=\"openai\",type=\"output\"} 40\n"));
    CHECK(says(provider, "ai_llm_cost_dollars{model=\"gpt-4o\",provider=\"openai\"} 0.5\n"));
    CHECK(says(provider, "ai_llm_duration_seconds_sum{model=\"gpt-4o\",provider=\"openai\"} 1\n"));
    CHECK(says(provider, "ai_llm_duration_seconds_count{model=\"gpt-4o\",provider=\"openai\"} 2\n"));
    tracer_provider_free(provider);
}

static void what_is_not_known_is_counted_nowhere(void) {
    tracer_provider *provider = counting();
    tracer_llm_call call = a_call();
    call.cost_dollars = (double)NAN;
    call.duration_seconds = -1;
    tracer_metrics_record_llm_call(provider, &call);
    CHECK(says(provider, "ai_llm_requests_total{"));
    CHECK(!says(provider, "ai_llm_tokens_total{"));
    CHECK(!says(provider, "ai_llm_cost_dollars{"));
    CHECK(!says(provider, "ai_llm_duration_seconds_count{"));
    tracer_provider_free(provider);
}

static void an_older_and_shorter_struct_is_read_as_far_as_it_goes(void) {
    tracer_provider *provider = counting();
    tracer_llm_call call = a_call();
    call.output_tokens = 20; /* beyond what the older one has */
    call.struct_size = offsetof(tracer_llm_call, output_tokens);
    call.input_tokens = 5;
    tracer_metrics_record_llm_call(provider, &call);
    CHECK(says(provider, "type=\"input\"} 5\n"));
    CHECK(!says(provider, "type=\"output\""));
    tracer_provider_free(provider);
}

static void nothing_is_counted_unless_asked_for(void) {
    CHECK(!tracer_metrics_counts_llm_calls(NULL)); /* no default provider */
    tracer_llm_call call = a_call();
    tracer_metrics_record_llm_call(NULL, &call);
    CHECK_INT(tracer_metrics_text(NULL, text, sizeof text), 0);
    tracer_provider *provider = counting();
    CHECK(tracer_metrics_counts_llm_calls(provider));
    tracer_metrics_record_llm_call(provider, NULL);
    CHECK(!says(provider, "ai_llm_requests_total{"));
    CHECK_INT(tracer_provider_set_default(provider), TRACER_OK);
    CHECK(tracer_metrics_counts_llm_calls(NULL));
    tracer_metrics_record_llm_call(NULL, &call);
    CHECK(says(NULL, "ai_llm_requests_total{"));
    tracer_config *config = tracer_config_new();
    CHECK_INT(tracer_config_set_exporter(config, "none"), TRACER_OK);
    CHECK_INT(tracer_init(config), TRACER_OK);
    tracer_config_free(config);
    CHECK(!tracer_metrics_counts_llm_calls(NULL));
    tracer_provider_free(provider);
}

static void text_is_cut_to_the_buffer_and_its_whole_length_told(void) {
    tracer_provider *provider = counting();
    size_t whole = tracer_metrics_text(provider, NULL, 0);
    CHECK(whole > 100);
    char small[8] = "xxxxxxx";
    CHECK_INT(tracer_metrics_text(provider, small, sizeof small), whole);
    CHECK_TEXT(small, "# HELP ");
    CHECK_INT(tracer_metrics_text(provider, small, 0), whole);
    tracer_provider_free(provider);
}

static void an_endpoint_of_no_known_form_is_refused(void) {
    tracer_config *config = tracer_config_new();
    CHECK_INT(tracer_config_add_metrics_endpoint(config, "http://host/metrics"), TRACER_INVALID_CONFIG);
    char why[1024];
    tracer_last_error(why, sizeof why);
    CHECK(strstr(why, "metrics endpoint") && strstr(why, "http://host/metrics") && strstr(why, "/metrics/job/"));
    CHECK_INT(tracer_config_add_metrics_endpoint(config, "http://u:secret@host/x"), TRACER_INVALID_CONFIG);
    tracer_last_error(why, sizeof why);
    CHECK(strstr(why, "secret") == NULL);
    CHECK_INT(tracer_config_set_metrics_interval(config, 0), TRACER_INVALID_CONFIG);
    CHECK_INT(tracer_config_set_metrics_exporter(config, "pigeon"), TRACER_INVALID_CONFIG);
    CHECK_INT(tracer_config_add_metrics_endpoint(config, "http://127.0.0.1:9"), TRACER_OK);
    CHECK_INT(tracer_config_set_metrics_interval(config, 1000), TRACER_OK);
    tracer_config_free(config);
}

static void what_is_not_delivered_is_in_the_account(void) {
    tracer_config *config = tracer_config_new();
    CHECK_INT(tracer_config_set_exporter(config, "none"), TRACER_OK);
    CHECK_INT(tracer_config_set_llm_metrics(config, true), TRACER_OK);
    CHECK_INT(tracer_config_add_metrics_endpoint(config, "http://127.0.0.1:9/v1/metrics"), TRACER_OK);
    tracer_provider *provider = NULL;
    CHECK_INT(tracer_provider_new(config, &provider), TRACER_OK);
    tracer_config_free(config);
    tracer_metric_stats stats = {.struct_size = sizeof stats};
    tracer_provider_read_metric_stats(provider, &stats);
    CHECK_INT(stats.collected, 0);
    tracer_llm_call call = a_call();
    tracer_metrics_record_llm_call(provider, &call);
    CHECK_INT(tracer_provider_shutdown(provider, 50), TRACER_TIMEOUT);
    double until = seconds() + 10; /* a slow machine counts a little later */
    do {
        tracer_provider_read_metric_stats(provider, &stats);
    } while (stats.dropped == 0 && seconds() < until && sched_yield() == 0);
    CHECK_INT(stats.collected, 1);
    CHECK_INT(stats.exported + stats.queued, 0);
    CHECK_INT(stats.dropped, 1);
    CHECK_INT(stats.dropped_shutdown, 1);
    tracer_provider_free(provider);
}

static void the_library_measures_itself(void) {
    tracer_config *config = tracer_config_new();
    CHECK_INT(tracer_config_set_exporter(config, "memory"), TRACER_OK);
    CHECK_INT(tracer_config_set_self_metrics(config, true), TRACER_OK);
    tracer_provider *provider = NULL;
    CHECK_INT(tracer_provider_new(config, &provider), TRACER_OK);
    tracer_config_free(config);
    tracer_scope *scope = tracer_scope_new(provider, "here", NULL, NULL);
    tracer_span_end(tracer_span_start(scope, "one", NULL));
    CHECK(says(provider, "otel_sdk_span_started_total{"));
    tracer_scope_free(scope);
    tracer_provider_free(provider);
}

int main(void) {
    RUN(nothing_is_counted_unless_asked_for);
    RUN(a_call_is_in_all_four_series);
    RUN(what_is_not_known_is_counted_nowhere);
    RUN(an_older_and_shorter_struct_is_read_as_far_as_it_goes);
    RUN(text_is_cut_to_the_buffer_and_its_whole_length_told);
    RUN(an_endpoint_of_no_known_form_is_refused);
    RUN(what_is_not_delivered_is_in_the_account);
    RUN(the_library_measures_itself);
    return finish();
}
