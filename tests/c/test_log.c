/* Log records: what they say, whose they are, where they go, what becomes of them. */
#define _GNU_SOURCE
#include "harness.h"
#include "otlp.h"
#include "sink.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define TEXT(text) (text), strlen(text)

static tracer_log_stats log_stats(const tracer_provider *provider) {
    tracer_log_stats read;
    memset(&read, 0, sizeof read);
    read.struct_size = sizeof read;
    tracer_provider_read_log_stats(provider, &read);
    CHECK_INT(read.emitted, read.exported + read.dropped + read.queued);
    return read;
}

static seen only(const tracer_capture *capture) {
    seen log;
    CHECK_INT(tracer_capture_log_count(capture), 1);
    CHECK(see_log(capture, 0, &log));
    return log;
}

static void a_text_is_enough(void) {
    tracer_capture *capture = tracer_capture_new();
    tracer_log_emit(NULL, TRACER_SEVERITY_WARN, TEXT("stock is low"), NULL);
    seen log = only(capture);
    CHECK_TEXT(log.body, "\"stock is low\"");
    CHECK_INT(log.severity, TRACER_SEVERITY_WARN);
    CHECK_TEXT(log.severity_text, "");
    CHECK_TEXT(log.trace_id, "");
    CHECK_TEXT(log.scope, "");
    CHECK_INT(log.flags, 0);
    CHECK(log.start > 0 && log.start == log.observed);
    CHECK_INT(tracer_capture_count(capture), 0);
    tracer_capture_clear(capture);
    CHECK_INT(tracer_capture_log_count(capture), 0);
    CHECK(!see_log(capture, 0, &log));
    tracer_capture_free(capture);
}

static void options_say_the_rest(void) {
    tracer_capture *capture = tracer_capture_new();
    tracer_scope *scope = tracer_scope_new(NULL, "shop", "1.2", "https://schema/2");
    tracer_value *body = tracer_value_new();
    tracer_value_begin_map(body);
    tracer_value_key(body, "deep", 4);
    tracer_value_begin_array(body);
    tracer_value_add_int(body, INT64_MIN);
    tracer_value_add_null(body);
    tracer_value_begin_map(body);
    const tracer_attribute attributes[] = {
        {"text", TRACER_STRING, {.text = {"t\xff", 2}}},
        {"flag", TRACER_BOOL, {.boolean = true}},
        {"int", TRACER_INT, {.integer = -1}},
        {"double", TRACER_DOUBLE, {.number = 0.5}},
        {"bytes", TRACER_BYTES, {.text = {"\0\xff", 2}}},
        {"nested", TRACER_NESTED, {.nested = body}},
        {"int", TRACER_INT, {.integer = 7}},
        {"", TRACER_INT, {.integer = 1}},
    };
    tracer_log_options options = TRACER_LOG_OPTIONS_INIT;
    options.body = body;
    options.attributes = attributes;
    options.attribute_count = sizeof attributes / sizeof *attributes;
    options.unix_ns = 1700000000000000001;
    options.observed_unix_ns = 1700000000000000002;
    options.severity_text = "oh no";
    options.event_name = "shop.low";
    tracer_log_emit(scope, TRACER_SEVERITY_ERROR + 3, TEXT("not this"), &options);
    tracer_value_free(body);
    seen log = only(capture);
    CHECK_TEXT(log.body, "{\"deep\":[-9223372036854775808,null,{}]}");
    CHECK_TEXT(log.attributes, "text=\"t\xef\xbf\xbd\" flag=true double=0.5 bytes=x'00ff' "
                               "nested={\"deep\":[-9223372036854775808,null,{}]} int=7");
    CHECK_INT(log.dropped_attributes, 1);
    CHECK_INT(log.severity, 20);
    CHECK_TEXT(log.severity_text, "oh no");
    CHECK_TEXT(log.event_name, "shop.low");
    CHECK_INT(log.start, 1700000000000000001);
    CHECK_INT(log.observed, 1700000000000000002);
    CHECK_TEXT(log.scope, "shop 1.2");
    CHECK_TEXT(log.schemas, " https://schema/2");
    CHECK(strstr(log.resource, "service.name=\"tests\"") != NULL);
    tracer_scope_free(scope);
    tracer_capture_free(capture);
}

static void bodies_of_every_kind(void) {
    tracer_capture *capture = tracer_capture_new();
    tracer_log_options options = TRACER_LOG_OPTIONS_INIT;
    tracer_value *body = tracer_value_new();
    options.body = body;
    tracer_log_emit(NULL, 0, NULL, 0, &options); /* null */
    tracer_value_add_int(body, 7);
    tracer_log_emit(NULL, 0, NULL, 0, &options);
    tracer_value_clear(body);
    tracer_value_add_bytes(body, "\1", 1);
    tracer_log_emit(NULL, 0, NULL, 0, &options);
    tracer_log_emit(NULL, 0, NULL, 0, NULL);
    tracer_log_emit(NULL, 0, "", 0, NULL);
    tracer_log_emit(NULL, 0, "\xff", 1, NULL);
    tracer_value_free(body);
    static const char *const wanted[] = {"none", "7", "x'01'", "none", "\"\"", "\"\xef\xbf\xbd\""};
    for (size_t at = 0; at < sizeof wanted / sizeof *wanted; at++) {
        seen log;
        CHECK(see_log(capture, at, &log));
        CHECK_TEXT(log.body, wanted[at]);
    }
    tracer_capture_free(capture);
}

static void shorter_options_are_those_of_an_older_program(void) {
    tracer_capture *capture = tracer_capture_new();
    tracer_log_options options = TRACER_LOG_OPTIONS_INIT;
    options.struct_size = offsetof(tracer_log_options, severity_text);
    options.unix_ns = 5;
    options.severity_text = (const char *)(uintptr_t)1;
    options.event_name = (const char *)(uintptr_t)1;
    tracer_log_emit(NULL, -1, TEXT("old"), &options);
    seen log = only(capture);
    CHECK_INT(log.start, 5);
    CHECK_INT(log.severity, 0);
    CHECK_TEXT(log.event_name, "");
    tracer_capture_free(capture);
}

static void it_belongs_to_the_span_that_is_current_or_named(void) {
    tracer_capture *capture = tracer_capture_new();
    tracer_span outer = tracer_span_begin("outer");
    char outer_id[17], inner_id[17], trace_id[33];
    CHECK(tracer_span_id_hex(outer, outer_id) && tracer_span_trace_id_hex(outer, trace_id));
    tracer_context *context = tracer_span_context(outer);
    tracer_span inner = tracer_span_begin("inner");
    CHECK(tracer_span_id_hex(inner, inner_id));
    tracer_log_options options = TRACER_LOG_OPTIONS_INIT;
    tracer_log_emit(NULL, 9, TEXT("current"), NULL);
    options.context = context;
    tracer_log_emit(NULL, 9, TEXT("named"), &options);
    options.flags = TRACER_LOG_NO_SPAN;
    tracer_log_emit(NULL, 9, TEXT("none"), &options);
    tracer_span_finish(inner);
    tracer_span_finish(outer);
    options.flags = 0;
    tracer_log_emit(NULL, 9, TEXT("ended"), &options);
    tracer_context_free(context);
    context = tracer_span_context(outer); /* too late: it has none */
    options.context = context;
    tracer_log_emit(NULL, 9, TEXT("stale"), &options);
    tracer_context_free(context);
    context = tracer_context_from_traceparent("00-0123456789abcdef0123456789abcdef-0123456789abcdef-01", "a=b");
    options.context = context;
    tracer_log_emit(NULL, 9, TEXT("remote"), &options);
    tracer_context_free(context);
    const char *const wanted[] = {inner_id, outer_id, "", outer_id, "", "0123456789abcdef"};
    for (size_t at = 0; at < sizeof wanted / sizeof *wanted; at++) {
        seen log;
        CHECK(see_log(capture, at, &log));
        CHECK_TEXT(log.span_id, wanted[at]);
        CHECK_TEXT(log.trace_id, at == 5 ? "0123456789abcdef0123456789abcdef" : *wanted[at] ? trace_id : "");
        CHECK_INT(log.flags & 1, *wanted[at] != 0);
    }
    seen span, log;
    CHECK(see_named(capture, "inner", &span) && see_log(capture, 0, &log));
    CHECK(span.start <= log.start && log.start <= span.end);
    tracer_capture_free(capture);
}

/* OTLP to a port of this machine, sent when somebody flushes. */
static tracer_provider *to_port(int port, size_t queue) {
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%d", port);
    tracer_config *config = tracer_config_new();
    tracer_provider *provider = NULL;
    CHECK_INT(tracer_config_set_endpoint(config, url), TRACER_OK);
    CHECK_INT(tracer_config_set_exporter(config, "none"), TRACER_OK);
    CHECK_INT(tracer_config_set_logs_exporter(config, "otlp"), TRACER_OK);
    CHECK_INT(tracer_config_set_logs_batch(config, queue, 1000, 3600000, 0), TRACER_OK);
    CHECK_INT(tracer_config_set_logs_limits(config, 2, 3), TRACER_OK);
    CHECK_INT(tracer_provider_new(config, &provider), TRACER_OK);
    tracer_config_free(config);
    return provider;
}

static void emit_many(const tracer_scope *scope, int count) {
    for (int at = 0; at < count; at++) {
        tracer_log_emit(scope, TRACER_SEVERITY_INFO, TEXT("one of many"), NULL);
    }
}

static void they_are_sent_and_accounted_for(void) {
    sink *sink = sink_start(false);
    tracer_provider *provider = to_port(sink_port(sink), 0);
    tracer_scope *scope = tracer_scope_new(provider, "sent", NULL, NULL);
    CHECK(tracer_log_is_enabled(scope));
    CHECK(!tracer_log_is_enabled(NULL));
    tracer_log_stats none = log_stats(NULL);
    emit_many(scope, 1000);
    CHECK_INT(log_stats(provider).queued, 1000);
    CHECK_INT(tracer_provider_flush(provider, 10000), TRACER_OK);
    CHECK_INT(sink_spans(sink), 1000);
    CHECK_INT(log_stats(provider).exported, 1000);
    CHECK_INT(tracer_provider_shutdown(provider, 10000), TRACER_OK);
    emit_many(scope, 1);
    CHECK_INT(log_stats(provider).dropped_shutdown, 1);
    CHECK_INT(log_stats(NULL).emitted, none.emitted);
    emit_many(NULL, 1);
    CHECK_INT(log_stats(NULL).emitted, none.emitted + 1);
    CHECK_INT(log_stats(NULL).dropped_no_exporter, none.dropped_no_exporter + 1);
    tracer_log_stats part;
    memset(&part, 0xff, sizeof part);
    part.struct_size = offsetof(tracer_log_stats, exported);
    tracer_provider_read_log_stats(provider, &part);
    CHECK_INT(part.emitted, 1001);
    CHECK(part.exported == UINT64_MAX);
    tracer_scope_free(scope);
    tracer_provider_free(provider);
    sink_stop(sink);
}

static void a_full_queue_and_limits_are_kept(void) {
    sink *sink = sink_start(false);
    tracer_provider *provider = to_port(sink_port(sink), 5);
    tracer_scope *scope = tracer_scope_new(provider, "limits", NULL, NULL);
    emit_many(scope, 7);
    CHECK_INT(log_stats(provider).queued, 5);
    CHECK_INT(log_stats(provider).dropped_queue_full, 2);
    tracer_capture *capture = tracer_capture_new();
    const tracer_attribute attributes[] = {
        {"a", TRACER_STRING, {.text = {"h\xc3\xa4user", 7}}},
        {"b", TRACER_INT, {.integer = 1}},
        {"c", TRACER_INT, {.integer = 2}},
        {"a", TRACER_STRING, {.text = {"again", 5}}},
    };
    tracer_log_options options = TRACER_LOG_OPTIONS_INIT;
    options.attributes = attributes;
    options.attribute_count = 3;
    tracer_log_emit(scope, 9, TEXT("a body is whole"), &options);
    options.attribute_count = 4;
    tracer_log_emit(scope, 9, TEXT("the last value counts"), &options);
    seen log;
    CHECK(see_log(capture, 0, &log));
    CHECK_TEXT(log.body, "\"a body is whole\"");
    CHECK_TEXT(log.attributes, "a=\"h\xc3\xa4u\" b=1");
    CHECK_INT(log.dropped_attributes, 1);
    CHECK(see_log(capture, 1, &log));
    CHECK_TEXT(log.attributes, "b=1 a=\"aga\"");
    CHECK_INT(log.dropped_attributes, 1);
    tracer_capture_free(capture);
    CHECK_INT(tracer_provider_shutdown(provider, 10000), TRACER_OK);
    CHECK_INT(sink_spans(sink), 5);
    tracer_scope_free(scope);
    tracer_provider_free(provider);
    sink_stop(sink);
}

enum { THREADS = 4, EACH = 2000 };

static void *emit_each(void *scope) {
    emit_many(scope, EACH);
    return NULL;
}

static void threads_emit_at_once(void) {
    sink *sink = sink_start(false);
    tracer_provider *provider = to_port(sink_port(sink), 0);
    tracer_scope *scope = tracer_scope_new(provider, "threads", NULL, NULL);
    pthread_t threads[THREADS];
    for (int at = 0; at < THREADS; at++) {
        CHECK_INT(pthread_create(&threads[at], NULL, emit_each, scope), 0);
    }
    for (int at = 0; at < THREADS; at++) {
        pthread_join(threads[at], NULL);
    }
    CHECK_INT(tracer_provider_shutdown(provider, 10000), TRACER_OK);
    CHECK_INT(sink_spans(sink), THREADS * EACH);
    CHECK_INT(log_stats(provider).exported, THREADS * EACH);
    tracer_scope_free(scope);
    tracer_provider_free(provider);
    sink_stop(sink);
}

static void a_forked_child_begins_an_account_of_its_own(void) {
    for (int raw = 0; raw < 2; raw++) {
        sink *sink = sink_start(false);
        tracer_provider *provider = to_port(sink_port(sink), 0);
        tracer_scope *scope = tracer_scope_new(provider, "forked", NULL, NULL);
        tracer_span span = tracer_span_begin("of the parent");
        char id[17];
        CHECK(tracer_span_id_hex(span, id));
        emit_many(scope, 3);
        fflush(stdout);
        pid_t child = raw ? (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0) : fork();
        if (child == 0) {
            harness_failed = 0;
            CHECK_INT(log_stats(provider).emitted, 0);
            tracer_capture *capture = tracer_capture_new();
            emit_many(scope, 2);
            seen log;
            CHECK(see_log(capture, 0, &log));
            CHECK_TEXT(log.span_id, id);
            CHECK_INT(tracer_shutdown(10000), TRACER_OK);
            CHECK_INT(log_stats(provider).exported, 2);
            _exit(harness_failed > 100 ? 100 : harness_failed);
        }
        int status = -1;
        CHECK(waitpid(child, &status, 0) == child && status == 0);
        CHECK_INT(sink_spans(sink), 2);
        tracer_span_finish(span);
        CHECK_INT(tracer_provider_shutdown(provider, 10000), TRACER_OK);
        CHECK_INT(log_stats(provider).exported, 3);
        CHECK_INT(sink_spans(sink), 5);
        tracer_scope_free(scope);
        tracer_provider_free(provider);
        sink_stop(sink);
    }
}

static void wrong_options_say_why(void) {
    char why[256];
    tracer_config *config = tracer_config_new();
    CHECK_INT(tracer_config_set_logs_exporter(config, "zipkin"), TRACER_INVALID_CONFIG);
    tracer_last_error(why, sizeof why);
    CHECK(strstr(why, "logs exporter") != NULL && strstr(why, "zipkin") != NULL);
    CHECK_INT(tracer_config_set_logs_exporter(NULL, "otlp"), TRACER_INVALID_ARGUMENT);
    CHECK_INT(tracer_config_set_logs_exporter(config, "none"), TRACER_OK);
    tracer_config_free(config);
}

int main(void) {
    set_up("none");
    RUN(a_text_is_enough);
    RUN(options_say_the_rest);
    RUN(bodies_of_every_kind);
    RUN(shorter_options_are_those_of_an_older_program);
    RUN(it_belongs_to_the_span_that_is_current_or_named);
    RUN(they_are_sent_and_accounted_for);
    RUN(a_full_queue_and_limits_are_kept);
    RUN(threads_emit_at_once);
    if (MALLOC_FORKS) {
        RUN(a_forked_child_begins_an_account_of_its_own);
    } else {
        printf("       the child of a busy exporter: not run, for the sanitizer's malloc may stay locked\n");
    }
    RUN(wrong_options_say_why);
    return finish();
}
