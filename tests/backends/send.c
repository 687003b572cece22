/* Sends spans to OTEL_EXPORTER_OTLP_ENDPOINT: `send COUNT`; prints the account as JSON. */
#include <stdio.h>
#include <stdlib.h>
#include <tracer.h>

#define ITEMS 9

static void die(const char *what) {
    char why[256];
    tracer_last_error(why, sizeof why);
    fprintf(stderr, "%s: %s\n", what, why);
    exit(1);
}

static void send_item(const tracer_scope *scope, int number) {
    tracer_span_options options = TRACER_SPAN_OPTIONS_INIT;
    options.kind = TRACER_KIND_CLIENT;
    tracer_span span = tracer_span_start(scope, "item", &options);
    static const char text[] = "h\xc3\xa4user \xf0\x9f\x8f\xa0";
    tracer_span_set_string(span, "text", text, sizeof text - 1);
    tracer_span_set_int(span, "number", -4611686018427387904LL - number);
    tracer_span_set_double(span, "ratio", 0.1);
    tracer_span_set_bool(span, "flag", true);
    tracer_value *list = tracer_value_new();
    tracer_value_begin_array(list);
    tracer_value_add_string(list, "a", 1);
    tracer_value_add_string(list, "b", 1);
    tracer_value_end(list);
    tracer_span_set_value(span, "list", list);
    tracer_value_free(list);
    tracer_attribute step = {0};
    step.key = "step";
    step.type = TRACER_INT;
    step.value.integer = number;
    tracer_span_add_event(span, "reached", &step, 1);
    if (number == ITEMS - 1) {
        tracer_span_set_status(span, TRACER_STATUS_ERROR, "too late");
    }
    tracer_span_end(span);
}

int main(int argc, char **argv) {
    int count = argc > 1 ? atoi(argv[1]) : 10;
    tracer_config *config = tracer_config_new();
    if (tracer_config_set_service_name(config, "sender") != TRACER_OK ||
        tracer_config_set_exporter(config, "otlp") != TRACER_OK ||
        tracer_config_load_env(config) != TRACER_OK || tracer_init(config) != TRACER_OK) {
        die("set-up");
    }
    tracer_config_free(config);
    tracer_scope *scope = tracer_scope_new(NULL, "send.c", "1.2.3", NULL);
    for (int batch = 0; batch < count / (ITEMS + 1); batch++) {
        tracer_span_options options = TRACER_SPAN_OPTIONS_INIT;
        options.kind = TRACER_KIND_SERVER;
        tracer_span parent = tracer_span_start(scope, "batch", &options);
        tracer_span_set_int(parent, "batch", batch);
        tracer_span_enter(parent);
        for (int number = 0; number < ITEMS; number++) {
            send_item(scope, number);
        }
        tracer_span_leave(parent);
        tracer_span_end(parent);
    }
    tracer_scope_free(scope);
    if (tracer_flush(20000) != TRACER_OK) {
        die("flush");
    }
    tracer_stats stats = {0};
    stats.struct_size = sizeof stats;
    tracer_read_stats(&stats);
    printf("{\"started\": %llu, \"exported\": %llu, \"dropped\": %llu}\n",
           (unsigned long long)stats.started, (unsigned long long)stats.exported,
           (unsigned long long)stats.dropped);
    return tracer_shutdown(2000) == TRACER_OK ? 0 : 1;
}
