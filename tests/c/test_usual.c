/* Spans that are exported and no more, each sent by itself to an exporter of the program's own: what
 * takes a short way through the library says as much as what does not. */
#define _POSIX_C_SOURCE 200809L
#include "harness.h"
#include "otlp.h"

#define TRACE "0af7651916cd43dd8448eb211c80319c"
#define LETTERS 200

static seen got;
static int spans_sent;
static char letters[LETTERS + 1];

static tracer_export_result export_spans(void *data, const tracer_batch *batch) {
    (void)data;
    const uint8_t *bytes = NULL;
    size_t len = 0;
    CHECK(tracer_batch_otlp(batch, &bytes, &len));
    spans_sent += (int)count_spans(bytes, len);
    see_sent(bytes, len, &got);
    return TRACER_EXPORT_OK;
}

/* Ends the span and reads what was sent of it: false if nothing was. */
static bool sent(tracer_span span) {
    int before = spans_sent;
    tracer_span_end(span);
    CHECK_INT(tracer_flush(5000), TRACER_OK);
    return spans_sent > before;
}

/* The last letters, so many: names and keys of all lengths. */
static const char *text_of(int len) {
    return letters + LETTERS - len;
}

static void check_child(const tracer_span_options *options, const char *parent, uint64_t flags) {
    for (int len = 0; len <= LETTERS; len += len < 40 ? 1 : 16) {
        tracer_span span = tracer_span_start(NULL, text_of(len), options);
        CHECK(sent(span));
        CHECK_TEXT(got.name, text_of(len));
        CHECK_TEXT(got.trace_id, TRACE);
        CHECK_TEXT(got.parent_id, parent);
        CHECK_INT(strlen(got.span_id), 16);
        CHECK_INT(got.kind, options->kind == 0 ? TRACER_KIND_INTERNAL : options->kind);
        CHECK_INT(got.flags, flags);
        CHECK_TEXT(got.attributes, "");
        CHECK_TEXT(got.trace_state, "");
        CHECK(options->start_unix_ns == 0 || got.start == options->start_unix_ns);
        CHECK(got.end >= got.start);
    }
}

static void children_have_what_they_were_started_with(void) {
    tracer_context *random = tracer_context_from_traceparent("00-" TRACE "-b7ad6b7169203331-03", NULL);
    tracer_context *remote = tracer_context_from_traceparent("00-" TRACE "-b7ad6b7169203331-01", NULL);
    tracer_span_options options = TRACER_SPAN_OPTIONS_INIT;
    options.parent = remote;
    tracer_span local = tracer_span_start(NULL, "local", &options);
    tracer_context *live = tracer_span_context(local);
    char id[17] = "";
    tracer_span_id_hex(local, id);
    for (tracer_span_kind kind = 0; kind <= TRACER_KIND_CONSUMER; kind++) {
        options.kind = kind;
        options.start_unix_ns = (uint64_t)kind * 1000000000;
        options.parent = remote;
        check_child(&options, "b7ad6b7169203331", 0x301);
        options.parent = random;
        check_child(&options, "b7ad6b7169203331", 0x303);
        options.parent = live;
        check_child(&options, id, 0x101);
    }
    CHECK(sent(local));
    check_child(&options, id, 0x101);
    tracer_context_free(live);
    tracer_context_free(remote);
    tracer_context_free(random);
}

static void a_child_hands_on_the_state_of_its_trace(void) {
    tracer_context *context = tracer_context_from_traceparent("00-" TRACE "-b7ad6b7169203331-01", "a=b");
    tracer_span_options options = TRACER_SPAN_OPTIONS_INIT;
    options.parent = context;
    CHECK(sent(tracer_span_start(NULL, "child", &options)));
    CHECK_TEXT(got.trace_state, "a=b");
    tracer_context_free(context);
}

static void children_of_what_is_not_sampled_are_not_sent(void) {
    tracer_context *context = tracer_context_from_traceparent("00-" TRACE "-b7ad6b7169203331-02", NULL);
    tracer_span_options options = TRACER_SPAN_OPTIONS_INIT;
    options.parent = context;
    tracer_span child = tracer_span_start(NULL, "child", &options);
    tracer_context *of_child = tracer_span_context(child);
    char header[56] = "";
    CHECK(tracer_context_traceparent(of_child, header));
    CHECK(strncmp(header, "00-" TRACE "-", 36) == 0 && strcmp(header + 52, "-02") == 0);
    CHECK(!tracer_span_is_recording(child));
    uint64_t stale = stats().stale;
    CHECK(!sent(child));
    CHECK(!sent(child));
    CHECK_INT(stats().stale, stale + 1);
    tracer_context_free(of_child);
    tracer_context_free(context);
}

static void check_attribute(const char *key, const char *value) {
    char wanted[3 * LETTERS];
    snprintf(wanted, sizeof wanted, "%s=%s", key, value);
    CHECK_TEXT(got.attributes, wanted);
}

static void check_int(const char *key, int64_t value) {
    tracer_span span = tracer_span_start(NULL, "int", NULL);
    tracer_span_set_int(span, key, value);
    CHECK(sent(span));
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, value);
    check_attribute(key, text);
}

static void attributes_of_all_lengths_say_what_was_set(void) {
    char quoted[LETTERS + 3];
    for (int len = 1; len <= LETTERS; len += len < 40 ? 1 : 8) {
        const char *key = text_of(len);
        for (int bits = 0; bits < 64; bits += 7) {
            check_int(key, (int64_t)((UINT64_C(1) << bits) - 1));
            check_int(key, (int64_t)(UINT64_C(1) << bits));
        }
        check_int(key, -1);
        tracer_span span = tracer_span_start(NULL, "text", NULL);
        tracer_span_set_string(span, key, text_of(LETTERS - len), (size_t)(LETTERS - len));
        CHECK(sent(span));
        snprintf(quoted, sizeof quoted, "\"%s\"", text_of(LETTERS - len));
        check_attribute(key, quoted);
        span = tracer_span_start(NULL, "bool", NULL);
        tracer_span_set_bool(span, key, true);
        CHECK(sent(span));
        check_attribute(key, "true");
        span = tracer_span_start(NULL, "double", NULL);
        tracer_span_set_double(span, key, -0.5);
        CHECK(sent(span));
        check_attribute(key, "-0.5");
    }
}

/* As many as a span may have, more than there are bits for what has been seen: every third again. */
static void among_many_keys_the_last_value_counts(void) {
    enum { KEYS = 128 };
    char wanted[64], key[32];
    tracer_span span = tracer_span_start(NULL, "many", NULL);
    for (int at = 0; at < KEYS; at++) {
        snprintf(key, sizeof key, "%s%d", at % 2 ? "key" : "another.key.", at);
        tracer_span_set_int(span, key, at);
    }
    for (int at = 0; at < KEYS; at += 3) {
        snprintf(key, sizeof key, "%s%d", at % 2 ? "key" : "another.key.", at);
        tracer_span_set_bool(span, key, true);
    }
    tracer_span_set_int(span, "beyond", 1);
    CHECK(sent(span));
    CHECK_INT(got.dropped_attributes, 1);
    for (int at = 0; at < KEYS; at++) {
        snprintf(key, sizeof key, "%s%d=", at % 2 ? "key" : "another.key.", at);
        snprintf(wanted, sizeof wanted, at % 3 ? "%s%d" : "%strue", key, at);
        const char *found = strstr(got.attributes, key);
        CHECK(found != NULL && strncmp(found, wanted, strlen(wanted)) == 0);
        CHECK(found != NULL && strstr(found + 1, key) == NULL);
    }
}

static uint64_t tick(void *data) {
    return *(uint64_t *)data += 1000000000;
}

static void draw(void *data, uint8_t *id, size_t len) {
    (void)data;
    memset(id, 7, len);
}

static void on_start(void *data, tracer_span span, const tracer_context *parent) {
    (void)data, (void)parent;
    tracer_span_set_bool(span, "seen", true);
}

/* What the program has of its own counts, however usual the span is. */
static void the_programs_own_is_asked_below_a_given_parent(void) {
    static uint64_t now;
    tracer_exporter_callbacks exporter = TRACER_EXPORTER_CALLBACKS_INIT;
    tracer_processor_callbacks processor = TRACER_PROCESSOR_CALLBACKS_INIT;
    exporter.export_spans = export_spans;
    processor.on_start = on_start;
    tracer_config *config = tracer_config_new();
    CHECK_INT(tracer_config_add_exporter(config, "mine", &exporter), TRACER_OK);
    CHECK_INT(tracer_config_set_clock(config, tick, &now), TRACER_OK);
    CHECK_INT(tracer_config_set_id_generator(config, draw, false, NULL), TRACER_OK);
    tracer_provider *clocked = NULL, *processed = NULL;
    CHECK_INT(tracer_provider_new(config, &clocked), TRACER_OK);
    tracer_config_free(config);
    config = tracer_config_new();
    CHECK_INT(tracer_config_add_exporter(config, "mine", &exporter), TRACER_OK);
    CHECK_INT(tracer_config_add_processor(config, &processor), TRACER_OK);
    CHECK_INT(tracer_provider_new(config, &processed), TRACER_OK);
    tracer_config_free(config);
    tracer_context *remote = tracer_context_from_traceparent("00-" TRACE "-b7ad6b7169203331-01", NULL);
    tracer_scope *by_clock = tracer_scope_new(clocked, "tests", NULL, NULL);
    tracer_scope *by_processor = tracer_scope_new(processed, "tests", NULL, NULL);
    tracer_span_options options = TRACER_SPAN_OPTIONS_INIT;
    options.parent = remote;
    for (int time = 0; time < 3; time++) {
        now = 0;
        tracer_span span = tracer_span_start(by_clock, "clocked", &options);
        tracer_span_set_int(span, "i", 1);
        CHECK(sent(span));
        CHECK_INT(got.start, 1000000000);
        CHECK_INT(got.end, 2000000000);
        CHECK_TEXT(got.span_id, "0707070707070707");
    }
    for (int time = 0; time < 3; time++) {
        CHECK(sent(tracer_span_start(by_processor, "processed", &options)));
        CHECK_TEXT(got.attributes, "seen=true");
    }
    tracer_scope_free(by_clock);
    tracer_scope_free(by_processor);
    tracer_context_free(remote);
    CHECK_INT(tracer_provider_shutdown(clocked, 5000), TRACER_OK);
    CHECK_INT(tracer_provider_shutdown(processed, 5000), TRACER_OK);
    tracer_provider_free(clocked);
    tracer_provider_free(processed);
}

int main(void) {
    for (int at = 0; at < LETTERS; at++) {
        letters[at] = (char)('a' + at % 26);
    }
    tracer_exporter_callbacks callbacks = TRACER_EXPORTER_CALLBACKS_INIT;
    callbacks.export_spans = export_spans;
    tracer_config *config = tracer_config_new();
    CHECK_INT(tracer_config_add_exporter(config, "mine", &callbacks), TRACER_OK);
    CHECK_INT(tracer_init(config), TRACER_OK);
    tracer_config_free(config);
    RUN(children_have_what_they_were_started_with);
    RUN(a_child_hands_on_the_state_of_its_trace);
    RUN(children_of_what_is_not_sampled_are_not_sent);
    RUN(attributes_of_all_lengths_say_what_was_set);
    RUN(among_many_keys_the_last_value_counts);
    RUN(the_programs_own_is_asked_below_a_given_parent);
    return finish();
}
