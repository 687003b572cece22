// Processors, exporters and samplers in C++: classes and callables, what they see, what becomes of
// what they throw, and when they are given back.
#include "../c/harness.h"

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <tracer.hpp>
#include <utility>

namespace {

using std::chrono::milliseconds;

// Spans of a provider of its own.
class traced_by {
  public:
    explicit traced_by(const tracer::config &setup) { CHECK(bool(provider.start(setup))); }
    tracer::span start(const char *name, tracer::attributes with = {}) const {
        const tracer::instrumentation_scope scope(provider, "tests");
        return tracer::span(name, tracer::options().in(scope), with);
    }
    void flush() const { CHECK(bool(provider.flush(milliseconds(5000)))); }
    void shutdown() const { CHECK(bool(provider.shutdown(milliseconds(5000)))); }
    tracer::provider provider;
};

struct seen {
    std::string log;
    int given_back = 0;
    bool throws = false;
    void note(const std::string &what) { log += log.empty() ? what : ' ' + what; }
    void maybe_throw() const {
#ifdef TRACER_HPP_EXCEPTIONS
        if (throws) {
            throw std::runtime_error("out of paper");
        }
#endif
    }
};

class noting : public tracer::processor {
  public:
    explicit noting(seen &to) : to_(to) {}
    ~noting() override { to_.given_back++; }
    void on_start(tracer::span_ref span, tracer::context_view parent) override {
        to_.note("start:" + std::string(parent.is_valid() ? parent.span_id() : "root"));
        span.set("tenant", "blue");
        to_.maybe_throw();
    }
    void on_ending(tracer::span_ref span) override {
        span.set("late", 1);
        to_.maybe_throw();
    }
    void on_end(const tracer::ended_span &ended) override {
        const tracer::span_view span = ended.view();
        CHECK(ended.is_sampled() && ended.otlp().size() > 0);
        to_.note("end:" + span.name() + ":" + span.attribute("tenant") + span.attribute("late"));
        to_.maybe_throw();
    }
    bool flush(milliseconds longest) override {
        to_.note("flush");
        to_.maybe_throw();
        return longest.count() > 0;
    }

  private:
    seen &to_;
};

void a_processor_is_a_class() {
    seen told;
    const std::string caller = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    {
        tracer::config setup;
        setup.add_processor(std::unique_ptr<noting>(new noting(told)));
        const traced_by by(setup);
        by.start("a").end();
        const tracer::context remote = tracer::context::from_traceparent(caller);
        {
            const tracer::attachment here(remote);
            by.start("b").end();
        }
        by.flush();
        CHECK_INT(told.given_back, 0);
        by.shutdown(); // flushes too
        CHECK_INT(told.given_back, 0); // the configuration has it still
    }
    CHECK_TEXT(told.log.c_str(),
               "start:root end:a:blue1 start:b7ad6b7169203331 end:b:blue1 flush flush");
    CHECK_INT(told.given_back, 1);
}

void a_processor_joins_a_provider_and_is_shared() {
    seen told;
    const auto shared = std::make_shared<noting>(told);
    const traced_by by{tracer::config()};
    CHECK(bool(by.provider.add_processor(shared)));
    CHECK_INT(by.provider.add_processor(nullptr).status(), TRACER_INVALID_ARGUMENT);
    by.start("late").end();
    by.shutdown();
    CHECK_INT(told.given_back, 0);
    CHECK_INT(shared.use_count(), 1);
    CHECK_TEXT(told.log.c_str(), "start:root end:late:blue1 flush");
}

void callables_see_starts_and_ends() {
    int starts = 0;
    std::string ended;
    tracer::config setup;
    setup.on_start([&starts](tracer::span_ref span) { span.set("n", ++starts); });
    setup.on_end([&ended](const tracer::ended_span &span) {
        ended += span.view().name() + span.view().attribute("n");
    });
    const traced_by by(setup);
    by.start("a").end();
    by.start("b").end();
    CHECK_TEXT(ended.c_str(), "a1b2");
}

class printer : public tracer::exporter {
  public:
    explicit printer(seen &to) : to_(to) {}
    ~printer() override { to_.given_back++; }
    tracer_export_result export_spans(const tracer::batch &spans) override {
        to_.maybe_throw();
        thread = std::this_thread::get_id();
        for (const tracer::span_view span : spans) {
            to_.note(span.name());
        }
        CHECK(spans.otlp().size() > 0);
        CHECK(!spans[spans.size()]);
        spans.set_rejected(1);
        return TRACER_EXPORT_OK;
    }
    void flush() override { to_.note("flushed"); }
    void shutdown() override { to_.note("over"); }
    std::thread::id thread;

  private:
    seen &to_;
};

void an_exporter_is_a_class() {
    seen told;
    {
        auto owned = std::make_shared<printer>(told);
        const traced_by by(tracer::config().add_exporter("mine", owned));
        by.start("a").end();
        by.start("b").end();
        by.flush();
        CHECK_INT(by.provider.stats().exported, 1);
        CHECK_INT(by.provider.stats().dropped_rejected, 1);
        CHECK(owned->thread != std::this_thread::get_id());
        by.shutdown();
    }
    CHECK_TEXT(told.log.c_str(), "a b flushed over");
    CHECK_INT(told.given_back, 1);
    CHECK_INT(tracer::config().add_exporter("none", nullptr).checked().status(),
              TRACER_INVALID_ARGUMENT);
}

void an_exporter_is_a_callable() {
    std::string names;
    int tries = 0;
    tracer::config setup;
    setup.add_exporter("mine", [&](const tracer::batch &spans) {
        if (tries++ == 0) {
            spans.set_error("not yet");
            return TRACER_EXPORT_RETRY;
        }
        names += spans[0].name();
        return TRACER_EXPORT_OK;
    });
    const traced_by by(setup);
    by.start("again").end();
    by.flush();
    CHECK_TEXT(names.c_str(), "again");
    CHECK_INT(tries, 2);
    by.shutdown();
}

void a_view_tells_all_of_a_span() {
    bool looked = false;
    tracer::config setup;
    setup.service_name("shop").on_end([&looked](const tracer::ended_span &ended) {
        looked = true;
        const tracer::span_view span = ended.view();
        CHECK_INT(span.kind(), TRACER_KIND_CLIENT);
        CHECK_INT(span.duration().count(), 5);
        CHECK_INT(span.attributes().size(), 6);
        CHECK_TEXT(span.attributes()[0].key(), "text");
        CHECK(span.attributes().find("text").as_text().size() == 3);
        CHECK_INT(span.attributes().find("int").as_int(), -7);
        CHECK(span.attributes().find("double").as_double() == 0.5);
        CHECK(span.attributes().find("bool").as_bool());
        CHECK_INT(span.attributes().find("bytes").as_bytes().size(), 2);
        CHECK_INT(span.attributes().find("text").as_int(), 0);
        CHECK(!span.attributes().find("none") && !span.attributes()[6]);
        CHECK_TEXT(span.attributes().find("list").str().c_str(), "[1,\"two\"]");
        const tracer::attribute_view list = span.attributes().find("list");
        CHECK(list.shape() == TRACER_SHAPE_ARRAY && list.entries().size() == 2);
        CHECK_INT(list.entries()[0].as_int(), 1);
        CHECK_TEXT(list.entries()[1].str().c_str(), "two");
        CHECK(list.entries()[0].shape() == TRACER_SHAPE_SCALAR);
        CHECK(list.entries()[0].entries().size() == 0);
        CHECK_INT(tracer::attribute_view(nullptr).shape(), TRACER_SHAPE_NULL);
        CHECK_TEXT(span.resource().find("service.name").str().c_str(), "shop");
        CHECK_TEXT(span.event_attribute("cached", "hit").c_str(), "true");
        CHECK(span.event_attributes("none").begin() == span.event_attributes("none").end());
        std::string keys;
        for (const tracer::attribute_view attribute : span.attributes()) {
            keys += attribute.key();
            keys += ' ';
        }
        CHECK_TEXT(keys.c_str(), "text int double bool bytes list ");
    });
    const traced_by by(setup);
    const tracer::instrumentation_scope scope(by.provider, "tests");
    tracer::span span("call",
                      tracer::options().in(scope).kind(TRACER_KIND_CLIENT).start_time(std::uint64_t{95}),
                      {{"text", "abc"},
                       {"int", -7},
                       {"double", 0.5},
                       {"bool", true},
                       {"bytes", tracer::bytes("\0\1", 2)},
                       {"list", tracer::array(1, "two")}});
    span.add_event("cached", {{"hit", true}});
    span.end(std::uint64_t{100});
    CHECK(looked);
}

class even : public tracer::sampler {
  public:
    explicit even(int &given_back) : given_back_(given_back) {}
    ~even() override { given_back_++; }
    tracer_decision sample(const tracer::sampling_input &input,
                           tracer::sampling_output &output) override {
        output.set_attributes({{"sampled.by", "even"}});
        output.set_tracestate("own=1");
        return input.attributes().find("n").as_int() % 2 == 0 ? TRACER_DECISION_RECORD_AND_SAMPLE
                                                              : TRACER_DECISION_DROP;
    }
    std::string description() const override { return "Even"; }

  private:
    int &given_back_;
};

void a_sampler_is_a_class() {
    int given_back = 0;
    {
        tracer::config unused;
        unused.sampler(std::unique_ptr<even>(new even(given_back)));
        CHECK(bool(unused.checked()));
    }
    CHECK_INT(given_back, 1);
    tracer::config setup;
    setup.sampler(std::make_shared<even>(given_back));
    const traced_by by(setup);
    const tracer::capture spans;
    by.start("odd", {{"n", 1}}).end();
    by.start("even", {{"n", 2}}).end();
    CHECK_INT(spans.size(), 1);
    CHECK_TEXT(spans.find("even").attribute("sampled.by").c_str(), "even");
    CHECK_TEXT(spans.find("even")->trace_state, "own=1");
}

void a_sampler_is_a_callable() {
    std::string asked;
    tracer::config setup;
    setup.sampler(
        [&asked](const tracer::sampling_input &input, const tracer::sampling_output &) {
            asked += input.name();
            CHECK(!input.parent() && input.link_count() == 0 && !input.link(0));
            CHECK_INT(input.kind(), TRACER_KIND_INTERNAL);
            CHECK_INT(input.trace_id().size(), 16);
            return TRACER_DECISION_RECORD_AND_SAMPLE;
        },
        true);
    const traced_by by(setup);
    const tracer::instrumentation_scope scope(by.provider, "tests");
    tracer::span root = by.start("root");
    tracer::span child("child",
                       tracer::options().in(scope).parent(tracer::context::of(root)));
    CHECK(child.is_recording());
    CHECK_TEXT(asked.c_str(), "root");
}

void a_sampler_says_a_share() {
    tracer::config setup;
    setup.sampler(
        [](const tracer::sampling_input &input, const tracer::sampling_output &output) {
            output.set_attributes({{"why", input.name()}});
#ifdef TRACER_HPP_EXCEPTIONS
            if (std::string(input.name()) == "thrown") {
                throw 1;
            }
#endif
            return std::string(input.name()) == "kept" ? 1.0 : 0.0;
        },
        true);
    const traced_by by(setup);
    const tracer::capture spans;
    by.start("kept").end();
    by.start("lost").end();
    by.start("thrown").end();
    CHECK_INT(spans.size(), 1);
    CHECK_TEXT(spans[0]->trace_state, "ot=th:0");
    CHECK_TEXT(spans[0].attribute("why").c_str(), "kept");
}

void samplers_are_put_together() {
    int given_back = 0, ended = 0;
    tracer::config setup;
    setup.add_sampling_rule(0, "GET /health*").add_sampling_rule(1, nullptr, 0, "tenant", "vip");
    setup.record_unsampled(true).sampler(TRACER_SAMPLER_PARENT_ALWAYS_ON);
    setup.parent_sampler(TRACER_PARENT_LOCAL_SAMPLED, TRACER_SAMPLER_RULES, 0);
    setup.parent_sampler(TRACER_PARENT_REMOTE_SAMPLED, std::make_shared<even>(given_back));
    setup.on_end([&ended](const tracer::ended_span &) { ended++; });
    const traced_by by(setup);
    const tracer::instrumentation_scope scope(by.provider, "tests");
    const auto is_kept = [&](const char *name, const tracer::context &parent, std::int64_t n) {
        const tracer::span made(name, tracer::options().in(scope).parent(parent),
                                {{"tenant", n > 9 ? "vip" : ""}, {"n", n}});
        return tracer::context::of(made).is_sampled();
    };
    const tracer::span root = by.start("root");
    const tracer::context local = tracer::context::of(root);
    CHECK(local.is_sampled() && is_kept("work", local, 10));
    CHECK(!is_kept("work", local, 1) && !is_kept("GET /healthy", local, 10));
    const tracer::context remote = tracer::context::from_traceparent(
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    CHECK(is_kept("asked", remote, 2) && !is_kept("asked", remote, 3));
    CHECK_INT(ended, 5); // those that are dropped too

    tracer::config refused;
    refused.sampler(TRACER_SAMPLER_ALWAYS_ON);
    refused.parent_sampler(TRACER_PARENT_LOCAL_SAMPLED, std::make_shared<even>(given_back));
    CHECK_INT(refused.checked().status(), TRACER_INVALID_ARGUMENT);
    CHECK_INT(given_back, 1);
}

void what_is_thrown_stays_here() {
#ifdef TRACER_HPP_EXCEPTIONS
    seen told;
    told.throws = true;
    tracer::config setup;
    setup.add_processor(std::make_shared<noting>(told));
    setup.on_start([](tracer::span_ref) { throw 1; });
    setup.on_end([](const tracer::ended_span &) { throw std::string("text"); });
    const traced_by by(setup);
    by.start("a").end();
    CHECK_INT(by.provider.flush(milliseconds(5000)).status(), TRACER_TIMEOUT);
    CHECK_TEXT(told.log.c_str(), "start:root end:a:blue1 flush");
    told.throws = false;
    by.shutdown();
#endif
}

void an_exporter_that_throws_loses_its_batch() {
#ifdef TRACER_HPP_EXCEPTIONS
    seen told;
    told.throws = true;
    const traced_by by(tracer::config().add_exporter("mine", std::make_shared<printer>(told)));
    by.start("a").end();
    by.flush();
    CHECK_INT(by.provider.stats().dropped_export_failed, 1);
    char why[128];
    tracer_provider_pipeline_error(by.provider.get(), 0, why, sizeof why);
    CHECK(std::string(why).find("out of paper") != std::string::npos);
    by.shutdown();
    CHECK_TEXT(told.log.c_str(), "flushed over");
#endif
}

void a_sampler_that_throws_drops() {
#ifdef TRACER_HPP_EXCEPTIONS
    tracer::config setup;
    setup.sampler([](const tracer::sampling_input &, tracer::sampling_output &)
                      -> tracer_decision { throw 1; });
    const traced_by by(setup);
    CHECK(!by.start("a").is_recording());
#endif
}

} // namespace

int main() {
    RUN(a_processor_is_a_class);
    RUN(a_processor_joins_a_provider_and_is_shared);
    RUN(callables_see_starts_and_ends);
    RUN(an_exporter_is_a_class);
    RUN(an_exporter_is_a_callable);
    RUN(a_view_tells_all_of_a_span);
    RUN(a_sampler_is_a_class);
    RUN(a_sampler_is_a_callable);
    RUN(a_sampler_says_a_share);
    RUN(samplers_are_put_together);
    RUN(what_is_thrown_stays_here);
    RUN(an_exporter_that_throws_loses_its_batch);
    RUN(a_sampler_that_throws_drops);
    return finish();
}
