/* Rows N1, N3 and N4 from C, export on: hot URL prints row, p10 and median in ns. */
#include "hot.h"

static void none(int i, const void *options) {
    (void)i;
    tracer_span_end(tracer_span_start(NULL, NAME, (const tracer_span_options *)options));
}

static void write_four(tracer_span span, int i) {
    tracer_span_set_string(span, "http.request.method", TEXT, strlen(TEXT));
    tracer_span_set_int(span, "http.response.status_code", 200 + (i & 7));
    tracer_span_set_double(span, "app.duration_ms", i * 0.5);
    tracer_span_set_bool(span, "cache.hit", i & 1);
}

static void four(int i, const void *options) {
    tracer_span span = tracer_span_start(NULL, NAME, (const tracer_span_options *)options);
    write_four(span, i);
    tracer_span_end(span);
}

static void calls(int i, const void *span) {
    write_four(*(const tracer_span *)span, i);
}

int main(int argc, char **argv) {
    set_up(argc, argv);
    tracer_span parent = tracer_span_start(NULL, "parent", NULL);
    tracer_context *context = tracer_span_context(parent);
    tracer_context *unsampled = tracer_context_from_traceparent(UNSAMPLED, NULL);
    tracer_span_options options = TRACER_SPAN_OPTIONS_INIT;
    tracer_span_end(parent);
    options.parent = context;
    row("N3", 1, none, &options);
    row("N1", 1, four, &options);
    options.parent = unsampled;
    row("N4", 1, none, &options);
    tracer_span quiet = tracer_span_start(NULL, NAME, &options), no_op = {0, 0};
    row("N4a", 4, calls, &quiet);
    row("N4b", 4, calls, &no_op);
    tracer_span_end(quiet);
    tracer_context_free(context);
    tracer_context_free(unsampled);
    return finish();
}
