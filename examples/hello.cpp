// c++ -std=c++14 hello.cpp -ltracer && OTEL_TRACES_EXPORTER=console ./a.out
#include <iostream>
#include <tracer.hpp>

int main() {
    if (tracer_init_from_env() != TRACER_OK) { // OTEL_* variables; never fatal
        std::cerr << "tracing is off: " << tracer::last_error() << '\n';
    }
    tracer::scope request("request", {{"user", "ada"}}); // current until its destructor
    tracer::scope load("load_model");                    // a child of request
    load.set("layers", 32).set("warm", true);
} // both end here, and normal exit flushes
