// A provider for one test, and spans of it.
#ifndef PROVIDED_HPP
#define PROVIDED_HPP

#include "../c/harness.h"

#include <chrono>
#include <string>
#include <tracer.hpp>

class traced_by {
  public:
    explicit traced_by(const tracer::config &setup) { CHECK(bool(provider.start(setup))); }
    tracer::span start(const char *name, tracer::attributes with = {}) const {
        const tracer::instrumentation_scope scope(provider, "tests");
        return tracer::span(name, tracer::options().in(scope), with);
    }
    void flush() const { CHECK(bool(provider.flush(std::chrono::milliseconds(5000)))); }
    void shutdown() const { CHECK(bool(provider.shutdown(std::chrono::milliseconds(5000)))); }
    // What the first exporter said last.
    std::string why() const {
        char said[256];
        tracer_provider_pipeline_error(provider.get(), 0, said, sizeof said);
        return said;
    }
    tracer::provider provider;
};

#endif
