// An outside program in C++14 or later: records two spans and writes them to the file it is given.
#include <iostream>
#include <string>
#include <tracer.hpp>

int main(int argc, char **argv) {
    if (argc != 2 || tracer_abi_version() != TRACER_ABI_VERSION) return 2;
    tracer_config *config = tracer_config_new();
    bool ready = tracer_config_set_service_name(config, "outside") == TRACER_OK &&
                 tracer_config_add_file(config, argv[1]) == TRACER_OK && tracer_init(config) == TRACER_OK;
    tracer_config_free(config);
    if (!ready) {
        std::cerr << tracer::last_error() << '\n';
        return 1;
    }
    std::string id;
    {
        tracer::scope request("request", {{"user", "ada"}});
        id = request.span_id();
        tracer::scope load("load");
        load.set("layers", 32);
    }
    if (tracer_shutdown(10000) != TRACER_OK) return 1;
    std::cout << tracer_version() << ' ' << id << '\n';
}
