/* An outside program in C99 or later: records two spans and writes them to the file it is given. */
#include <stdio.h>
#include <string.h>
#include <tracer.h>

static int failed(const char *what) {
    char why[256];
    tracer_last_error(why, sizeof why);
    fprintf(stderr, "%s: %s\n", what, why);
    return 1;
}

int main(int argc, char **argv) {
    tracer_config *config;
    tracer_span request, load;
    char id[17];

    if (argc != 2 || tracer_abi_version() != TRACER_ABI_VERSION) return 2;
    config = tracer_config_new();
    if (tracer_config_set_service_name(config, "outside") != TRACER_OK) return failed("service name");
    if (tracer_config_add_file(config, argv[1]) != TRACER_OK) return failed("file");
    if (tracer_init(config) != TRACER_OK) return failed("init");
    tracer_config_free(config);

    request = tracer_span_begin("request");
    tracer_span_set_string(request, "user", "ada", strlen("ada"));
    if (!tracer_span_id_hex(request, id)) return failed("no span");
    load = tracer_span_begin("load");
    tracer_span_set_int(load, "layers", 32);
    tracer_span_finish(load);
    tracer_span_finish(request);
    if (tracer_shutdown(10000) != TRACER_OK) return failed("shutdown");
    printf("%s %s\n", tracer_version(), id);
    return 0;
}
