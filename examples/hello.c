/* cc hello.c -ltracer && OTEL_TRACES_EXPORTER=console ./a.out */
#include <stdio.h>
#include <tracer.h>

int main(void) {
    if (tracer_init_from_env() != TRACER_OK) { /* OTEL_* variables; never fatal */
        char why[256];
        tracer_last_error(why, sizeof why);
        fprintf(stderr, "tracing is off: %s\n", why);
    }
    tracer_span request = tracer_span_begin("request"); /* start, and make current here */
    tracer_span_set_string(request, "user", "ada", 3);
    tracer_span load = tracer_span_begin("load_model"); /* a child of request */
    tracer_span_set_int(load, "layers", 32);
    tracer_span_finish(load); /* end; request is current again */
    tracer_span_finish(request);
    return tracer_shutdown(2000) == TRACER_OK ? 0 : 1; /* at most 2,000 ms */
}
