/* cc serve.c -ltracer -lpthread && OTEL_TRACES_EXPORTER=console ./a.out */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <tracer.h>

typedef struct request {
    const char *path, *traceparent;
} request;

/* A header of the request, or NULL. */
static const char *header(void *carrier, const char *key) {
    const request *got = carrier;
    return strcmp(key, "traceparent") == 0 ? got->traceparent : NULL;
}

static void *store(void *context) { /* on another thread */
    uint64_t token = tracer_context_attach(context);
    tracer_span write = tracer_span_begin("store"); /* a child of the request's span */
    tracer_span_set_status(write, TRACER_STATUS_ERROR, "disk is full");
    tracer_span_finish(write);
    tracer_context_detach(token);
    return NULL;
}

static void serve(request *got) {
    tracer_attribute path = {"url.path", TRACER_STRING, {{got->path, strlen(got->path)}}};
    tracer_context *caller = tracer_context_extract(header, NULL, got);
    tracer_span_options options = TRACER_SPAN_OPTIONS_INIT;
    options.kind = TRACER_KIND_SERVER;
    options.parent = caller;
    options.attributes = &path;
    options.attribute_count = 1;
    tracer_span span = tracer_span_start(NULL, "GET /cart", &options);
    tracer_context_free(caller);
    tracer_span_enter(span); /* current on this thread until finished */

    tracer_context *here = tracer_context_current();
    pthread_t thread;
    if (pthread_create(&thread, NULL, store, here) == 0) {
        pthread_join(thread, NULL);
    }
    tracer_context_free(here);
    char trace_id[33], span_id[17];
    tracer_current_ids_hex(trace_id, span_id);
    printf("served %s trace_id=%s span_id=%s\n", got->path, trace_id, span_id);
    tracer_span_finish(span);
}

int main(void) {
    tracer_config *config = tracer_config_new();
    if (tracer_config_load_env(config) != TRACER_OK ||
        tracer_config_set_service_name(config, "shop") != TRACER_OK ||
        tracer_init(config) != TRACER_OK) {
        char why[256];
        tracer_last_error(why, sizeof why);
        fprintf(stderr, "tracing is off: %s\n", why);
    }
    tracer_config_free(config);
    request got = {"/cart", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"};
    serve(&got);
    return tracer_shutdown(2000) == TRACER_OK ? 0 : 1;
}
