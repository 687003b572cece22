// Set-up by tracer.hpp: options, what is wrong with them, providers; work carried to other threads.
#include "captured.hpp"

#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <tracer.hpp>
#include <vector>

namespace {

using std::chrono::milliseconds;

void the_first_option_refused_is_what_init_fails_with() {
    tracer::config setup;
    setup.service_name("shop").exporter("pigeon").sampler(99).exporter("none");
    CHECK(!setup.checked());
    const tracer::result made = setup.init();
    CHECK(!made);
    CHECK_INT(made.status(), TRACER_INVALID_CONFIG);
    CHECK(made.why().find("pigeon") != std::string::npos);
    tracer::provider provider;
    CHECK(provider.start(setup).why() == made.why());
    CHECK(provider.get() == nullptr);
    CHECK(provider.add_exporter(setup).why() == made.why());
    CHECK(tracer::last_error().back() != '\0');
}

void every_option_that_may_be_is_taken() {
    tracer_limits limits = tracer_limits();
    limits.attributes = 2;
    tracer::config setup;
    setup.enabled(true).service_name("shop").resource({{"service.version", "1.2"}});
    setup.endpoint("http://localhost:1").protocol("http/protobuf").header("x-key", "secret");
    setup.compression("gzip").timeout(milliseconds(500)).sampler(TRACER_SAMPLER_PARENT_RATIO, 1);
    setup.parent_sampler(TRACER_PARENT_REMOTE_NOT_SAMPLED, TRACER_SAMPLER_ALWAYS_ON);
    setup.memory_limit(std::size_t{1} << 20U).limits(limits);
    setup.batch(100, 10, milliseconds(5), milliseconds(1000)).exporter("none");
    CHECK(bool(setup.checked()));
    CHECK(bool(setup.init()));
    const captured spans;
    tracer::span("limited", {{"a", 1}, {"b", 2}, {"c", 3}});
    CHECK_TEXT(spans["limited"].attributes, "a=1 b=2");
    CHECK_INT(spans["limited"].dropped_attributes, 1);
    CHECK(std::string(spans["limited"].resource).find("service.version=\"1.2\"") !=
          std::string::npos);
    CHECK(bool(tracer::config().exporter("none").init()));
}

void what_c_freed_behind_the_back_of_its_owner_is_counted() {
    const std::uint64_t before = tracer::stats().stale;
    {
        const tracer::context here = tracer::context::current();
        tracer_context_free(const_cast<tracer_context *>(here.get()));
        CHECK(!here.is_valid());
        tracer::config setup;
        tracer_config_free(setup.get());
        CHECK_INT(setup.service_name("late").init().status(), TRACER_INVALID_ARGUMENT);
        const tracer::instrumentation_scope library("library");
        tracer_scope_free(const_cast<tracer_scope *>(library.get()));
    }
    CHECK_INT(tracer::stats().stale - before, 4); // the option, and each owner
}

void providers_keep_apart() {
    tracer::provider other;
    tracer::config setup;
    CHECK(bool(other.start(setup.service_name("other").exporter("memory"))));
    const tracer::instrumentation_scope scope(other, "library", "2");
    const std::uint64_t before = tracer::stats().started;
    tracer::span("of other", tracer::options().in(scope)).end();
    CHECK(bool(other.flush(milliseconds(2000))));
    CHECK_INT(other.stats().started, 1);
    CHECK_INT(other.stats().exported, 1);
    CHECK_INT(tracer::stats().started, before);
    CHECK(bool(other.add_exporter(tracer::config().exporter("memory"))));
    CHECK(bool(other.shutdown(milliseconds(2000))));
    CHECK(bool(tracer::flush(milliseconds(2000))));
    CHECK(bool(tracer::flush(milliseconds::max())));
    CHECK(bool(tracer::flush(milliseconds(-1))));
}

void calls_of_language_models_are_counted() {
    tracer::provider counting;
    tracer::config setup;
    setup.llm_metrics(true).self_metrics(true).metrics_interval(milliseconds(60000));
    CHECK(bool(counting.start(setup.metrics_exporter("prometheus"))));
    CHECK(counting.counts_llm_calls() && !tracer::counts_llm_calls());
    const std::string model = "gpt-4o-2024";
    counting.record(tracer::llm_call("openai", tracer::text(model.data(), 6))
                        .tokens(12, 340)
                        .cost(0.25)
                        .duration(milliseconds(750)));
    tracer::record(tracer::llm_call("openai", model).tokens(1, 1)); // by nobody
    const std::string text = counting.metrics_text();
    const auto has = [&text](const std::string &series, const std::string &number) {
        const std::string line = "{model=\"gpt-4o\",provider=\"openai\"" + series + "} " + number;
        return CHECK(text.find(line + '\n') != std::string::npos);
    };
    if (!(has("", "1") && has(",type=\"input\"", "12") && has(",type=\"output\"", "340") &&
          has("", "0.25") && has("", "0.75"))) {
        fprintf(stderr, "%s\n", text.c_str());
    }
    CHECK(text.find("otel_sdk") != std::string::npos && text.back() == '\n');
    CHECK(tracer::metrics_text().find("gpt-4o") == std::string::npos);
    CHECK_INT(tracer::config().add_metrics_endpoint("mqtt://x").checked().status(),
              TRACER_INVALID_CONFIG);
}

void ids_clock_and_scopes_are_the_programs_own() {
    const auto last = std::make_shared<std::uint8_t>(std::uint8_t{0});
    const auto now = std::make_shared<std::uint64_t>(0U);
    tracer::config setup;
    setup.id_generator([last](std::uint8_t *out, std::size_t size) { out[size - 1] = ++*last; },
                       false);
    setup.clock([now] { return *now += 1000; });
    const std::string noisy = "noisy";
    setup.scope_filter([noisy](const char *library, const char *version) {
        CHECK(version[0] == '\0' || version[0] == '1');
        return noisy != library;
    });
    tracer::provider provider;
    CHECK(bool(provider.start(setup)));
    const captured spans;
    tracer::span("first", tracer::options().in(tracer::instrumentation_scope(provider, "a", "1")));
    tracer::span("none", tracer::options().in(tracer::instrumentation_scope(provider, noisy)));
    CHECK_INT(spans.count(), 1);
    CHECK_TEXT(spans["first"].trace_id, "00000000000000000000000000000001");
    CHECK_TEXT(spans["first"].span_id, "0000000000000002");
    CHECK_INT(spans["first"].start, 1000);
    CHECK_INT(spans["first"].end, 2000);
}

void what_the_library_says_can_be_heard() {
    static std::string said; // as long as the process
    const auto hear = [](tracer_level level, const char *message) {
        said += level <= TRACER_LEVEL_WARN ? message : "";
#ifdef TRACER_HPP_EXCEPTIONS
        throw 1;
#endif
    };
    CHECK(bool(tracer::set_diagnostic_handler(hear)));
    tracer::provider provider;
    tracer::config setup;
    setup.add_exporter("mine", [](const tracer::batch &) { return TRACER_EXPORT_FAILED; });
    CHECK(bool(provider.start(setup)));
    tracer::span("lost", tracer::options().in(tracer::instrumentation_scope(provider, "a")));
    CHECK(bool(provider.shutdown(milliseconds(5000))));
    CHECK(said.find("exporter mine") != std::string::npos);
}

void carried_work_has_the_context_of_its_maker() {
    const captured spans;
    std::string id;
    std::vector<std::thread> threads;
    std::future<int> answer;
    const auto owned = std::make_shared<int>(3);
    {
        const tracer::scope outer("outer");
        id = outer.span_id();
        threads.emplace_back(tracer::carry([] { TRACER_SPAN("on a thread"); }));
        std::function<int(int)> copied = tracer::carry([owned](int by) {
            TRACER_SPAN("in a function");
            return *owned * by;
        });
        answer = std::async(std::launch::async, copied, 2);
        const std::unique_ptr<int> argument(new int(1));
        int calls = 0;
        auto counting = tracer::carry([calls](const std::unique_ptr<int> &by) mutable {
            return calls += *by;
        });
        CHECK_INT(counting(argument) + counting(argument), 3);
    }
    for (std::thread &thread : threads) {
        thread.join();
    }
    CHECK_INT(answer.get(), 6);
    CHECK_TEXT(spans["on a thread"].parent_id, id.c_str());
    CHECK_TEXT(spans["in a function"].parent_id, id.c_str());
    CHECK(!tracer::current().is_recording());
}

void a_task_is_current_only_while_it_runs() {
    const captured spans;
    tracer::span from("from");
    const std::string id = from.span_id();
    tracer::task task(tracer::context::of(from));
    tracer::span("outside");
    task.resume();
    tracer::span("inside");
    task.suspend();
    tracer::span("behind");
    CHECK_TEXT(spans["inside"].parent_id, id.c_str());
    CHECK_TEXT(spans["outside"].parent_id, "");
    CHECK_TEXT(spans["behind"].parent_id, "");
}

} // namespace

int main() {
    set_up("none");
    RUN(the_first_option_refused_is_what_init_fails_with);
    RUN(every_option_that_may_be_is_taken);
    RUN(what_c_freed_behind_the_back_of_its_owner_is_counted);
    RUN(providers_keep_apart);
    RUN(calls_of_language_models_are_counted);
    RUN(ids_clock_and_scopes_are_the_programs_own);
    RUN(carried_work_has_the_context_of_its_maker);
    RUN(a_task_is_current_only_while_it_runs);
    RUN(what_the_library_says_can_be_heard);
    return finish();
}
