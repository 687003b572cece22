// Processors and exporters in C++: classes and callables, what they see, what becomes of
// what they throw, and when they are given back.
#include "provided.hpp"

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <tracer.hpp>
#include <utility>

namespace {

using std::chrono::milliseconds;

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
            return TRACER_EXPORT_RETRY;
        }
        names += spans[0].name();
        spans.set_error("too few");
        return tries == 2 ? TRACER_EXPORT_OK : TRACER_EXPORT_FAILED;
    });
    const traced_by by(setup);
    by.start("again").end();
    by.flush();
    CHECK_TEXT(names.c_str(), "again");
    CHECK_INT(tries, 2);
    by.start("lost").end();
    by.flush();
    CHECK(by.why().find("too few") != std::string::npos);
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
    CHECK(by.why().find("out of paper") != std::string::npos);
    by.shutdown();
    CHECK_TEXT(told.log.c_str(), "flushed over");
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
    RUN(what_is_thrown_stays_here);
    RUN(an_exporter_that_throws_loses_its_batch);
    return finish();
}
