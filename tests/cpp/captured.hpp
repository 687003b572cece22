// Spans that ended in a test, read by name as tests/c/otlp.h does.
#ifndef CAPTURED_HPP
#define CAPTURED_HPP

#include "../c/harness.h"
extern "C" {
#include "../c/otlp.h"
}

#include <cstddef>

class captured {
  public:
    captured() : capture_(tracer_capture_new()) {}
    captured(const captured &) = delete;
    captured &operator=(const captured &) = delete;
    ~captured() { tracer_capture_free(capture_); }
    seen operator[](const char *name) const {
        seen span;
        CHECK(see_named(capture_, name, &span));
        return span;
    }
    std::size_t count() const { return tracer_capture_count(capture_); }

  private:
    tracer_capture *capture_;
};

#endif
