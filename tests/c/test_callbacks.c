/* Code of the program's own: processors, exporters, samplers, ids, clocks, filters; what they see,
 * what comes of their answers, and when their data is given back. */
#define _POSIX_C_SOURCE 200809L
#include "harness.h"
#include "otlp.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define TRACE "0af7651916cd43dd8448eb211c80319c"
#define SPAN "b7ad6b7169203331"

static char text[1024];

static tracer_provider *made_from(tracer_config *config) {
    tracer_provider *provider = NULL;
    CHECK_INT(tracer_provider_new(config, &provider), TRACER_OK);
    return provider;
}

static tracer_span started(const tracer_provider *provider, const char *name) {
    tracer_scope *scope = tracer_scope_new(provider, "tests", "1", NULL);
    tracer_span span = tracer_span_start(scope, name, NULL);
    tracer_scope_free(scope);
    return span;
}

static const char *attribute(const tracer_span_view *span, const char *key) {
    text[0] = '\0';
    tracer_attribute_text(tracer_attribute_find(span->attributes, span->attribute_count, key), text,
                          sizeof text);
    return text;
}

typedef struct told {
    int starts, endings, ends, flushes, shutdowns, destroyed;
    bool sampled, nested;
    char name[64], started[64], seen[256], parent[17];
    size_t otlp;
} told;

static void on_start(void *data, tracer_span span, const tracer_context *parent) {
    told *told = data;
    told->starts++;
    tracer_context_span_id_hex(parent, told->parent);
    tracer_span_view *now = tracer_span_view_new(span);
    snprintf(told->started, sizeof told->started, "%s %u", now->name, (unsigned)now->attribute_count);
    CHECK(now->start_unix_ns > 0 && now->end_unix_ns == 0);
    tracer_span_view_free(now);
    tracer_span_set_string(span, "tenant", "blue", 4);
}
static void on_ending(void *data, tracer_span span) {
    ((told *)data)->endings++;
    tracer_span_set_int(span, "late", 1);
}
static void on_end(void *data, const tracer_ended_span *ended) {
    told *told = data;
    const uint8_t *bytes;
    const tracer_span_view *span = tracer_ended_span_view(ended);
    CHECK(span == tracer_ended_span_view(ended));
    told->sampled = tracer_ended_span_is_sampled(ended);
    snprintf(told->name, sizeof told->name, "%s", span->name);
    snprintf(told->seen, sizeof told->seen, "tenant=%.32s", attribute(span, "tenant"));
    CHECK_TEXT(attribute(span, "late"), "1");
    CHECK(tracer_ended_span_otlp(ended, &bytes, &told->otlp) && bytes[0] == 0x0a);
    if (told->ends++ == 0 && told->nested) { /* a span within the hook is seen by it too */
        tracer_span_end(tracer_span_start(NULL, "nobody records", NULL));
    }
}
static bool on_flush(void *data, uint32_t timeout_ms) {
    ((told *)data)->flushes++;
    return timeout_ms > 0;
}
static bool on_shutdown(void *data, uint32_t timeout_ms) {
    ((told *)data)->shutdowns++;
    return timeout_ms > 0;
}
static void on_destroy(void *data) { ((told *)data)->destroyed++; }

static tracer_processor_callbacks processor(told *told) {
    tracer_processor_callbacks callbacks = TRACER_PROCESSOR_CALLBACKS_INIT;
    callbacks.user_data = told;
    callbacks.on_start = on_start;
    callbacks.on_ending = on_ending;
    callbacks.on_end = on_end;
    callbacks.flush = on_flush;
    callbacks.shutdown = on_shutdown;
    callbacks.destroy = on_destroy;
    return callbacks;
}

static void a_processor_sees_and_changes_spans(void) {
    told told = {0};
    told.nested = true;
    tracer_processor_callbacks callbacks = processor(&told);
    tracer_config *config = tracer_config_new();
    CHECK_INT(tracer_config_add_processor(config, &callbacks), TRACER_OK);
    tracer_provider *first = made_from(config), *second = made_from(config);
    tracer_config_free(config);
    CHECK_INT(told.destroyed, 0);
    tracer_context *caller = tracer_context_from_traceparent("00-" TRACE "-" SPAN "-01", NULL);
    uint64_t token = tracer_context_attach(caller);
    tracer_span_end(started(first, "order"));
    tracer_context_detach(token);
    tracer_context_free(caller);
    CHECK_INT(told.starts, 1);
    CHECK_INT(told.endings, 1);
    CHECK_INT(told.ends, 1);
    CHECK_TEXT(told.name, "order");
    CHECK_TEXT(told.started, "order 0");
    CHECK_TEXT(told.seen, "tenant=blue");
    CHECK_TEXT(told.parent, SPAN);
    CHECK(told.sampled && told.otlp > 0);
    CHECK_INT(tracer_provider_flush(first, 1000), TRACER_OK);
    CHECK_INT(told.flushes, 1);
    CHECK_INT(tracer_provider_shutdown(first, 1000), TRACER_OK);
    CHECK_INT(told.shutdowns, 1);
    CHECK_INT(told.destroyed, 0); /* the second may still call */
    tracer_span_end(started(first, "too late"));
    tracer_span_end(started(second, "in time"));
    CHECK_INT(told.ends, 2);
    CHECK_INT(tracer_provider_shutdown(second, 1000), TRACER_OK);
    CHECK_INT(told.shutdowns, 2);
    CHECK_INT(told.destroyed, 1);
    tracer_provider_free(first);
    tracer_provider_free(second);
}

static void a_processor_can_join_a_provider_and_be_an_older_struct(void) {
    told told = {0};
    tracer_processor_callbacks callbacks = processor(&told);
    callbacks.struct_size = offsetof(tracer_processor_callbacks, on_ending);
    tracer_config *config = tracer_config_new();
    tracer_provider *provider = made_from(config);
    CHECK_INT(tracer_provider_add_processor(provider, &callbacks), TRACER_OK);
    tracer_span_end(started(provider, "op"));
    CHECK_INT(told.starts, 1);
    CHECK_INT(told.ends, 0);
    CHECK_INT(tracer_provider_add_processor(provider, NULL), TRACER_INVALID_ARGUMENT);
    CHECK_INT(tracer_config_add_processor(config, NULL), TRACER_INVALID_ARGUMENT);
    CHECK_INT(tracer_config_add_processor(NULL, &callbacks), TRACER_INVALID_ARGUMENT);
    tracer_config_free(config);
    tracer_provider_free(provider);
}

static void data_of_a_configuration_that_makes_nothing_is_given_back(void) {
    told told = {0};
    tracer_processor_callbacks callbacks = processor(&told);
    tracer_config *config = tracer_config_new();
    CHECK_INT(tracer_config_add_processor(config, &callbacks), TRACER_OK);
    tracer_config_free(config);
    CHECK_INT(told.destroyed, 1);
    CHECK_INT(told.shutdowns, 0);
}

/* An exporter, told from its own thread: what it has is read after a flush or shutdown only. */
typedef struct sent {
    int batches, spans, flushes, shutdowns, destroyed;
    tracer_export_result answer; /* to the first batch */
    uint64_t rejected;
    char names[256];
    size_t encoded;
    pthread_t thread;
} sent;

static tracer_export_result export_spans(void *data, const tracer_batch *batch) {
    sent *sent = data;
    const uint8_t *bytes = NULL;
    size_t length = 0;
    sent->thread = pthread_self();
    if (sent->batches++ == 0 && sent->answer != TRACER_EXPORT_OK) {
        tracer_batch_set_error(batch, "no, thanks");
        return sent->answer;
    }
    for (size_t at = 0; at < tracer_batch_count(batch); at++) {
        const tracer_span_view *span = tracer_batch_span(batch, at);
        strncat(sent->names, span->name, sizeof sent->names - strlen(sent->names) - 1);
        sent->spans++;
    }
    CHECK(tracer_batch_span(batch, tracer_batch_count(batch)) == NULL);
    CHECK(tracer_batch_otlp(batch, &bytes, &length));
    sent->encoded += count_spans(bytes, length);
    tracer_span_end(tracer_span_begin("of the exporter")); /* is not traced */
    tracer_batch_set_rejected(batch, sent->rejected);
    return TRACER_EXPORT_OK;
}
static tracer_export_result swallow(void *data, const tracer_batch *batch) {
    (void)data, (void)batch;
    return TRACER_EXPORT_OK;
}
static void flushed(void *data) { ((sent *)data)->flushes++; }
static void ended(void *data) { ((sent *)data)->shutdowns++; }
static void given_back(void *data) { ((sent *)data)->destroyed++; }

static tracer_exporter_callbacks exporter(sent *sent) {
    tracer_exporter_callbacks callbacks = TRACER_EXPORTER_CALLBACKS_INIT;
    callbacks.user_data = sent;
    callbacks.export_spans = export_spans;
    callbacks.flush = flushed;
    callbacks.shutdown = ended;
    callbacks.destroy = given_back;
    return callbacks;
}

static tracer_provider *exporting(sent *sent) {
    tracer_exporter_callbacks callbacks = exporter(sent);
    tracer_config *config = tracer_config_new();
    CHECK_INT(tracer_config_add_exporter(config, "mine", &callbacks), TRACER_OK);
    tracer_provider *provider = made_from(config);
    tracer_config_free(config);
    return provider;
}

static tracer_stats stats_of(const tracer_provider *provider) {
    tracer_stats stats = {0};
    stats.struct_size = sizeof stats;
    tracer_provider_read_stats(provider, &stats);
    CHECK_INT(stats.started, stats.exported + stats.dropped + stats.queued + stats.open);
    return stats;
}

static void an_exporter_gets_batches_in_its_own_thread(void) {
    sent sent = {0};
    sent.rejected = 1;
    tracer_provider *provider = exporting(&sent);
    tracer_span_end(started(provider, "a"));
    tracer_span_end(started(provider, "b"));
    CHECK_INT(tracer_provider_flush(provider, 5000), TRACER_OK);
    CHECK_TEXT(sent.names, "ab");
    CHECK_INT(sent.encoded, 2);
    CHECK(!pthread_equal(sent.thread, pthread_self()));
    CHECK_INT(stats_of(provider).exported, 1);
    CHECK_INT(stats_of(provider).dropped_rejected, 1);
    CHECK_INT(sent.destroyed, 0);
    CHECK_INT(tracer_provider_shutdown(provider, 5000), TRACER_OK);
    CHECK_INT(sent.shutdowns, 1);
    CHECK_INT(sent.destroyed, 1);
    tracer_provider_free(provider);
}

static void answers_of_an_exporter_count(void) {
    static const struct {
        tracer_export_result answer;
        int batches, spans;
        uint64_t failed;
    } cases[] = {{TRACER_EXPORT_RETRY, 2, 2, 0},
                 {TRACER_EXPORT_FAILED, 1, 0, 2},
                 {TRACER_EXPORT_TOO_LARGE, 3, 2, 0},
                 {TRACER_EXPORT_DENIED, 1, 0, 2},
                 {4711, 1, 0, 2}};
    for (size_t at = 0; at < sizeof cases / sizeof *cases; at++) {
        sent sent = {0};
        sent.answer = cases[at].answer;
        tracer_provider *provider = exporting(&sent);
        tracer_span_end(started(provider, "a"));
        tracer_span_end(started(provider, "b"));
        CHECK_INT(tracer_provider_flush(provider, 20000), TRACER_OK);
        CHECK_INT(sent.batches, cases[at].batches);
        CHECK_INT(sent.spans, cases[at].spans);
        CHECK_INT(stats_of(provider).dropped_export_failed, cases[at].failed);
        CHECK_INT(tracer_provider_shutdown(provider, 5000), TRACER_OK);
        tracer_provider_free(provider);
    }
}

static void each_pipeline_has_an_account(void) {
    sent sent = {0}, others = {0}; /* each exporter has a thread of its own */
    sent.answer = TRACER_EXPORT_FAILED;
    tracer_exporter_callbacks callbacks = exporter(&sent);
    tracer_config *config = tracer_config_new();
    CHECK_INT(tracer_config_add_exporter(config, "mine", &callbacks), TRACER_OK);
    callbacks = exporter(&others);
    callbacks.export_spans = swallow;
    CHECK_INT(tracer_config_add_exporter(config, "other", &callbacks), TRACER_OK);
    tracer_provider *provider = made_from(config);
    tracer_config_free(config);
    tracer_span_end(started(provider, "op"));
    CHECK_INT(tracer_provider_flush(provider, 5000), TRACER_OK);
    CHECK_INT(tracer_provider_pipeline_count(provider), 2);
    tracer_stats mine = TRACER_STATS_INIT, other = TRACER_STATS_INIT, none = TRACER_STATS_INIT;
    CHECK(tracer_provider_read_pipeline_stats(provider, 0, &mine));
    CHECK(tracer_provider_read_pipeline_stats(provider, 1, &other));
    CHECK(!tracer_provider_read_pipeline_stats(provider, 2, &none));
    CHECK(mine.started == 1 && mine.dropped_export_failed == 1 && mine.exported == 0);
    CHECK(other.started == 1 && other.dropped == 0 && other.exported == 1);
    CHECK_INT(none.started, 0);
    CHECK_INT(tracer_provider_pipeline_name(provider, 0, text, sizeof text), 4);
    CHECK_TEXT(text, "mine");
    CHECK(tracer_provider_pipeline_error(provider, 0, text, sizeof text) > 0);
    CHECK(strstr(text, "no, thanks") != NULL);
    CHECK_INT(tracer_provider_pipeline_error(provider, 1, text, sizeof text), 0);
    CHECK_INT(tracer_provider_pipeline_name(provider, 2, text, sizeof text), 0);
    CHECK_TEXT(text, "");
    CHECK_INT(tracer_provider_shutdown(provider, 5000), TRACER_OK);
    tracer_provider_free(provider);
}

static void an_exporter_that_is_replaced_is_given_back(void) {
    sent sent = {0};
    tracer_exporter_callbacks callbacks = exporter(&sent);
    tracer_config *config = tracer_config_new();
    CHECK_INT(tracer_config_add_exporter(config, "mine", &callbacks), TRACER_OK);
    CHECK_INT(tracer_config_set_exporter(config, "none"), TRACER_OK);
    CHECK_INT(sent.destroyed, 1);
    callbacks.export_spans = NULL;
    CHECK_INT(tracer_config_add_exporter(config, "mine", &callbacks), TRACER_INVALID_ARGUMENT);
    CHECK_INT(tracer_config_add_exporter(config, "mine", NULL), TRACER_INVALID_ARGUMENT);
    tracer_config_free(config);
    CHECK_INT(sent.destroyed, 1);
}

static void an_exporter_works_in_a_forked_child(void) {
    sent sent = {0};
    tracer_provider *provider = exporting(&sent);
    tracer_span_end(started(provider, "of the parent"));
    CHECK_INT(tracer_provider_flush(provider, 5000), TRACER_OK);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        memset(&sent, 0, sizeof sent);
        tracer_span_end(started(provider, "of the child"));
        bool flushed = tracer_provider_flush(provider, 5000) == TRACER_OK;
        _exit(flushed && strcmp(sent.names, "of the child") == 0 ? 0 : 1);
    }
    int status = 1;
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    CHECK_TEXT(sent.names, "of the parent");
    CHECK_INT(tracer_provider_shutdown(provider, 5000), TRACER_OK);
    CHECK_INT(sent.destroyed, 1);
    tracer_provider_free(provider);
}

int main(void) {
    RUN(a_processor_sees_and_changes_spans);
    RUN(a_processor_can_join_a_provider_and_be_an_older_struct);
    RUN(data_of_a_configuration_that_makes_nothing_is_given_back);
    RUN(an_exporter_gets_batches_in_its_own_thread);
    RUN(answers_of_an_exporter_count);
    RUN(each_pipeline_has_an_account);
    RUN(an_exporter_that_is_replaced_is_given_back);
    RUN(an_exporter_works_in_a_forked_child);
    return finish();
}
