// Contexts in the headers of requests, with baggage; log records and ids; captures as C++ programs
// read them.
#include "../c/harness.h"

#include <cctype>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <tracer.hpp>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

namespace {

const char *const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

struct without_case {
    bool operator()(const std::string &a, const std::string &b) const {
        const auto lower = [](std::string text) {
            for (char &c : text) {
                c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
            }
            return text;
        };
        return lower(a) < lower(b);
    }
};
using headers = std::multimap<std::string, std::string, without_case>;

void check_extracted(const tracer::context &context) {
    CHECK(context.traceparent() == traceparent);
    CHECK(context.is_remote() && context.is_sampled());
    CHECK(context.tracestate() == "a=1,b=2");
    CHECK(context.baggage("user") == "ada");
    CHECK(context.baggage("other").empty());
}

void any_pairs_carry_a_context() {
    const headers several = {{"Traceparent", traceparent},
                             {"TraceState", "a=1"},
                             {"tracestate", "b=2"},
                             {"baggage", "user=ada"}};
    check_extracted(tracer::context::extract(several));
    const std::vector<std::pair<std::string, const char *>> sequence = {
        {"Host", "here"}, {"baggage", "user=ada"}, {"TRACEPARENT", traceparent}, {"tracestate", "a=1,b=2"}};
    check_extracted(tracer::context::extract(sequence));
    check_extracted(tracer::context::extract([&several](const char *key) {
        std::string all;
        const auto found = several.equal_range(key);
        for (auto at = found.first; at != found.second; ++at) {
            all += (all.empty() ? "" : ",") + at->second;
        }
        return all;
    }));
    CHECK(!tracer::context::extract(std::map<std::string, std::string>()).is_valid());
    CHECK(!tracer::context::extract([](const char *) { return nullptr; }).is_valid());
}

void pairs_take_a_context_in_place_of_another() {
    const auto context = tracer::context::from_traceparent(traceparent, "a=1,b=2", "user=ada");
    headers fields = {{"Traceparent", "old"}, {"traceparent", "older"}, {"Host", "here"}};
    std::map<std::string, std::string> plain;
    std::unordered_map<std::string, std::string> hashed = {{"Baggage", "old"}};
    std::vector<std::pair<std::string, std::string>> sequence = {{"Traceparent", "old"}};
    std::string said;
    context.inject(fields);
    context.inject(plain);
    context.inject(hashed);
    context.inject(sequence);
    context.inject([&said](const char *key, const char *value) {
        said += std::string(key) + ": " + value + '\n';
    });
    CHECK_INT(fields.size(), 4);
    CHECK_INT(plain.size(), 3);
    CHECK_INT(hashed.size(), 3);
    CHECK_INT(sequence.size(), 3);
    check_extracted(tracer::context::extract(fields));
    check_extracted(tracer::context::extract(plain));
    check_extracted(tracer::context::extract(hashed));
    check_extracted(tracer::context::extract(sequence));
    CHECK(said.find(std::string("traceparent: ") + traceparent + '\n') != std::string::npos);
    const tracer::scope span("current");
    tracer::inject(plain);
    CHECK(plain["traceparent"].find(span.span_id()) != std::string::npos);
}

#ifdef TRACER_HPP_EXCEPTIONS
void what_a_carrier_throws_stays_there() {
    const auto throws = [](const char *) -> std::string { throw 1; };
    CHECK(!tracer::context::extract(throws).is_valid());
    tracer::context::from_traceparent(traceparent).inject([](const char *, const char *) { throw 1; });
}
#endif

void baggage_goes_with_the_context() {
    const tracer::context none;
    const tracer::context given = none.with_baggage("user", "ada").with_baggage("plan", "b", "ttl=1");
    CHECK(given.baggage("user") == "ada" && given.baggage("plan") == "b");
    CHECK(given.with_baggage("user", nullptr).baggage("user").empty());
    CHECK(none.baggage("user").empty());
    const tracer::attachment here(given);
    TRACER_SPAN("within");
    std::map<std::string, std::string> fields;
    tracer::inject(fields);
    CHECK(fields["baggage"].find("user=ada") != std::string::npos);
    CHECK(tracer::context::current().baggage("user") == "ada");
}

void contexts_are_copied() {
    static_assert(std::is_nothrow_copy_constructible<tracer::context>::value, "shared inside");
    const auto context = tracer::context::from_traceparent(traceparent);
    tracer::context copy = context;
    CHECK(copy.trace_id() == "0af7651916cd43dd8448eb211c80319c");
    CHECK(copy.span_id() == "b7ad6b7169203331");
    copy = tracer::context();
    CHECK(!copy.is_valid() && copy.get() == nullptr);
    CHECK(tracer::context(copy).get() == nullptr);
    copy = context;
    CHECK(copy.is_valid() && copy.get() != context.get());
    CHECK(tracer::context().traceparent().empty() && tracer::context().tracestate().empty());
}

void log_lines_name_their_span() {
    const tracer::current_ids before;
    CHECK(!before.known && std::strlen(before.trace_id) == 32 && before.span_id[0] == '0');
    const tracer::capture seen;
    const tracer::scope span("said");
    const tracer::current_ids ids;
    CHECK(ids.known && span.trace_id() == ids.trace_id && span.span_id() == ids.span_id);
    const tracer::instrumentation_scope library("shop");
    CHECK(tracer::logs());
    tracer::log(TRACER_SEVERITY_WARN, "retried", {{"attempt", 2}});
    tracer::log(library, TRACER_SEVERITY_INFO, std::string("done"));
    CHECK_INT(seen.log_count(), 2);
    const tracer::log_view retried = seen.log(0);
    CHECK_INT(retried.severity(), TRACER_SEVERITY_WARN);
    CHECK_TEXT(retried.str().c_str(), "retried");
    CHECK_TEXT(retried.attribute("attempt").c_str(), "2");
    CHECK(retried.span_id() == ids.span_id && retried.trace_id() == ids.trace_id);
    CHECK_TEXT(seen.log(1)->scope_name, "shop");
    CHECK(!seen.log(2) && seen.log(2).str().empty() && seen.log(2).event_name().empty());
}

void a_capture_reads_what_ended() {
    const tracer::capture spans;
    {
        TRACER_SPAN("request", {{"user", "ada"}, {"sizes", tracer::array(1, 2)}});
        tracer::span("load").set("layers", 32).add_event("hit", {{"key", "k"}}).fail("no file");
    }
    const tracer::span_view request = spans.find("request"), load = spans.find("load");
    CHECK_INT(spans.size(), 2);
    CHECK(spans[0].name() == "load" && spans[1].span_id() == request.span_id());
    CHECK(load.is_child_of(request) && !request.is_child_of(load));
    CHECK(request.parent_id().empty());
    CHECK(request.attribute("user") == "ada" && request.attribute("sizes") == "[1,2]");
    CHECK(load.attribute("layers") == "32" && !load.has_attribute("user"));
    CHECK(load.has_event("hit") && load.event_attribute("hit", "key") == "k");
    CHECK(load.status() == TRACER_STATUS_ERROR && load.status_description() == "no file");
    CHECK_INT(load->attribute_count, 1);
    const tracer::span_view none = spans.find("none");
    CHECK(!none && none.name().empty() && none.attribute("a").empty() && !none.has_event("hit"));
    CHECK(!none.is_child_of(none) && none.status_description().empty());
    spans.clear();
    CHECK_INT(spans.size(), 0);
}

// "x-trip: SPAN;TENANT", of a trace that both sides know.
class trips : public tracer::propagator {
  public:
    void inject(tracer::context_view from, const tracer::carrier_writer &to) override {
        to.set("x-trip", from.span_id() + ';' + from.baggage("tenant"));
    }
    tracer::context extract(tracer::context_view known,
                            const tracer::carrier_reader &from) override {
        CHECK(!known.is_valid());
        CHECK_INT(from.key(0).size(), from.has("x-trip") ? 6 : 0);
        CHECK(from.key(1).empty());
        const std::string trip = from.get("x-trip");
        if (trip == "bad") {
#ifdef TRACER_HPP_EXCEPTIONS
            throw 1;
#endif
        }
        if (trip.size() < 17) {
            return tracer::context();
        }
        const std::string parent = "00-0af7651916cd43dd8448eb211c80319c-" + trip.substr(0, 16) + "-01";
        return tracer::context::from_traceparent(parent).with_baggage("tenant", trip.substr(17));
    }
    std::string fields() const override { return "x-trip"; }
};

void a_format_can_be_the_programs_own() {
    tracer::config setup;
    setup.propagators("none").exporter("none");
    CHECK(bool(setup.add_propagator(std::unique_ptr<trips>(new trips)).init()));
    const std::string trip = "b7ad6b7169203331;blue";
    const std::map<std::string, std::string> got = {{"X-Trip", trip}};
    const tracer::context caller = tracer::context::extract(got);
    CHECK(caller.is_valid());
    std::map<std::string, std::string> sent;
    caller.inject(sent);
    CHECK_INT(sent.size(), 1);
    CHECK_TEXT(sent["x-trip"].c_str(), trip.c_str());
    for (const char *wrong : {"bad", ""}) {
        CHECK(!tracer::context::extract(std::map<std::string, std::string>{{"x-trip", wrong}})
                   .is_valid());
    }
    CHECK(!tracer::context::extract(std::map<std::string, std::string>()).is_valid());
    CHECK(!tracer::config().add_propagator(nullptr).checked());
}

} // namespace

int main() {
    set_up("none");
    RUN(any_pairs_carry_a_context);
    RUN(pairs_take_a_context_in_place_of_another);
#ifdef TRACER_HPP_EXCEPTIONS
    RUN(what_a_carrier_throws_stays_there);
#endif
    RUN(baggage_goes_with_the_context);
    RUN(contexts_are_copied);
    RUN(log_lines_name_their_span);
    RUN(a_capture_reads_what_ended);
    RUN(a_format_can_be_the_programs_own);
    return finish();
}
