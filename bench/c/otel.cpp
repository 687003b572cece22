// The rows of hot.c with opentelemetry-cpp and its BatchSpanProcessor: otel-cpp prints them,
// otel-cpp version what it was built with.
#include "row.h"

#include <atomic>
#include <chrono>
#include <memory>
#include <opentelemetry/sdk/resource/resource.h>
#include <opentelemetry/sdk/trace/batch_span_processor_factory.h>
#include <opentelemetry/sdk/trace/batch_span_processor_options.h>
#include <opentelemetry/sdk/trace/exporter.h>
#include <opentelemetry/sdk/trace/samplers/always_on_factory.h>
#include <opentelemetry/sdk/trace/samplers/parent_factory.h>
#include <opentelemetry/sdk/trace/span_data.h>
#include <opentelemetry/sdk/trace/tracer_provider.h>
#include <opentelemetry/sdk/trace/tracer_provider_factory.h>
#include <opentelemetry/trace/tracer.h>
#include <opentelemetry/version.h>
#include <utility>

namespace nostd = opentelemetry::nostd;
namespace sdk = opentelemetry::sdk;
namespace api = opentelemetry::trace;

static std::unique_ptr<sdk::trace::TracerProvider> provider;
static nostd::shared_ptr<api::Tracer> tracer;
static std::atomic<size_t> exported{0};

static bool flush() {
    return provider->ForceFlush(std::chrono::seconds(5));
}

// What lies before the exporter is measured; encoding, which libtracer does at once, is not.
class discard : public sdk::trace::SpanExporter {
    std::unique_ptr<sdk::trace::Recordable> MakeRecordable() noexcept override {
        return std::unique_ptr<sdk::trace::Recordable>(new sdk::trace::SpanData);
    }
    sdk::common::ExportResult
    Export(const nostd::span<std::unique_ptr<sdk::trace::Recordable>> &spans) noexcept override {
        exported += spans.size();
        return sdk::common::ExportResult::kSuccess;
    }
    bool ForceFlush(std::chrono::microseconds) noexcept override {
        return true;
    }
    bool Shutdown(std::chrono::microseconds) noexcept override {
        return true;
    }
};

static void none(int, const void *options) {
    tracer->StartSpan(NAME, *static_cast<const api::StartSpanOptions *>(options))->End();
}

static void four(int i, const void *options) {
    auto span = tracer->StartSpan(NAME, *static_cast<const api::StartSpanOptions *>(options));
    span->SetAttribute("http.request.method", nostd::string_view(TEXT, strlen(TEXT)));
    span->SetAttribute("http.response.status_code", int64_t{200 + (i & 7)});
    span->SetAttribute("app.duration_ms", i * 0.5);
    span->SetAttribute("cache.hit", bool(i & 1));
    span->End();
}

static api::StartSpanOptions child_of_remote(uint8_t flags) {
    const uint8_t sevens[16] = {7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7};
    api::TraceId trace{nostd::span<const uint8_t, 16>(sevens)};
    api::SpanId span{nostd::span<const uint8_t, 8>(sevens, 8)};
    api::StartSpanOptions options;
    options.parent = api::SpanContext(trace, span, api::TraceFlags(flags), true);
    return options;
}

int main(int argc, char **argv) {
    if (argc == 2 && strcmp(argv[1], "version") == 0) {
        puts(OPENTELEMETRY_VERSION);
        return 0;
    }
    pin_to(1); // the processor's thread starts from here; the caller moves to the first processor
    provider = sdk::trace::TracerProviderFactory::Create(
        sdk::trace::BatchSpanProcessorFactory::Create(
            std::unique_ptr<sdk::trace::SpanExporter>(new discard),
            sdk::trace::BatchSpanProcessorOptions()),
        sdk::resource::Resource::Create({}),
        // The specification's default, which the provider's own is not.
        sdk::trace::ParentBasedSamplerFactory::Create(
            sdk::trace::AlwaysOnSamplerFactory::Create()));
    tracer = provider->GetTracer("bench");
    pin_to(0);
    const api::StartSpanOptions sampled = child_of_remote(api::TraceFlags::kIsSampled);
    const api::StartSpanOptions unsampled = child_of_remote(0);
    row("N3", 1, none, &sampled);
    row("N1", 1, four, &sampled);
    row("N4", 1, none, &unsampled);
    const size_t recorded = 2 * BURST * (WARM_UP + SAMPLES);
    return exported == recorded ? 0 : 3;
}
