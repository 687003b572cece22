// Samplers in C++: classes and callables, decisions and shares, put together.
#include "provided.hpp"

#include <memory>
#include <string>
#include <tracer.hpp>

namespace {

const char *const remote_parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

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
            CHECK(!input.parent() && input.link_count() == 1 && !input.link(1));
            CHECK_TEXT(input.link(0).span_id().c_str(), "b7ad6b7169203331");
            CHECK_INT(input.kind(), TRACER_KIND_INTERNAL);
            CHECK_INT(input.trace_id().size(), 16);
            return TRACER_DECISION_RECORD_AND_SAMPLE;
        },
        true);
    const traced_by by(setup);
    const tracer::instrumentation_scope scope(by.provider, "tests");
    const tracer::context other = tracer::context::from_traceparent(remote_parent);
    tracer::span root("root", tracer::options().in(scope).links({{other}}));
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
            output.set_adjusted_count_reliable(std::string(input.name()) != "guessed");
            const std::string name = input.name();
            return name == "kept" || name == "guessed" ? 1.0 : 0.0;
        },
        true);
    const traced_by by(setup);
    const tracer::capture spans;
    tracer::span kept = by.start("kept");
    by.start("lost").end();
    by.start("thrown").end();
    const tracer::instrumentation_scope scope(by.provider, "tests");
    tracer::span("below", tracer::options().in(scope).parent(tracer::context::of(kept))).end();
    kept.end();
    CHECK(spans.size() == 2 && spans.find("below"));
    CHECK_TEXT(spans[1]->trace_state, "ot=th:0");
    CHECK_TEXT(spans[1].attribute("why").c_str(), "kept");
    by.start("guessed").end();
    CHECK_TEXT(spans.find("guessed")->trace_state, "");
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
    const tracer::context remote = tracer::context::from_traceparent(remote_parent);
    CHECK(is_kept("asked", remote, 2) && !is_kept("asked", remote, 3));
    CHECK_INT(ended, 5); // those that are dropped too

    tracer::config refused;
    refused.sampler(TRACER_SAMPLER_ALWAYS_ON);
    refused.parent_sampler(TRACER_PARENT_LOCAL_SAMPLED, std::make_shared<even>(given_back));
    CHECK_INT(refused.checked().status(), TRACER_INVALID_ARGUMENT);
    CHECK_INT(given_back, 1);
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
    RUN(a_sampler_is_a_class);
    RUN(a_sampler_is_a_callable);
    RUN(a_sampler_says_a_share);
    RUN(samplers_are_put_together);
    RUN(a_sampler_that_throws_drops);
    return finish();
}
