// c++ -std=c++14 own.cpp -ltracer && ./a.out
// Code of the program's own around its spans: what is exported, what is kept out, where it goes.
#include <iostream>
#include <memory>
#include <string>
#include <tracer.hpp>

// Writes slow spans to standard output; an exporter has a thread of its own and may take its time.
class slow_spans : public tracer::exporter {
  public:
    explicit slow_spans(std::chrono::nanoseconds limit) : limit_(limit) {}
    tracer_export_result export_spans(const tracer::batch &spans) override {
        for (const tracer::span_view span : spans) {
            if (span.duration() < limit_) {
                continue;
            }
            std::cout << span.name();
            for (const tracer::attribute_view attribute : span.attributes()) {
                std::cout << ' ' << attribute.key() << '=' << attribute.str();
            }
            std::cout << '\n';
        }
        return TRACER_EXPORT_OK;
    }

  private:
    std::chrono::nanoseconds limit_;
};

// What may leave the process: written over before the span ends.
class redactor : public tracer::processor {
  public:
    void on_ending(tracer::span_ref span) override { span.set("card", "(redacted)"); }
};

int main() {
    tracer::config setup;
    setup.load_env().service_name("own").exporter("none");
    setup.add_exporter("slow", std::make_shared<slow_spans>(std::chrono::milliseconds(0)));
    setup.add_processor(std::make_shared<redactor>());
    setup.sampler([](const tracer::sampling_input &span, const tracer::sampling_output &) {
        return std::string(span.name()) == "GET /health" ? 0.0 : 1.0; // the share that is kept
    });
    if (const tracer::result made = setup.init()) {
        TRACER_SPAN("GET /health");
    } else {
        std::cerr << "tracing is off: " << made.why() << '\n';
    }
    {
        tracer::scope pay("pay", {{"card", "4000 0000 0000 0002"}, {"items", tracer::array(1, 2)}});
    }
    return tracer::shutdown(std::chrono::milliseconds(2000)) ? 0 : 1;
}
