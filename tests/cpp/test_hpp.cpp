// tracer.hpp: what its destructors and overloads do. Compiled as C++14, 17 and 20, without exceptions
// and without RTTI.
#include "captured.hpp"

#include <array>
#include <chrono>
#include <map>
#include <stdexcept>
#include <string>
#include <thread>
#include <tracer.hpp>
#include <type_traits>
#include <utility>
#include <vector>

namespace {

void every_type_has_its_overload() {
    const captured spans;
    {
        tracer::span span("types");
        const std::string text = "of a string";
        span.set("b", true).set("i", 1).set("l", -2L).set("u", 3U).set("size", sizeof(int));
        span.set("c", static_cast<signed char>(4)).set("f", 0.5F).set("d", 2.5);
        span.set("literal", "text").set("string", text).set("empty", "").set("null", nullptr);
        span.set("bytes", tracer::bytes("\0\1", 2)).set(std::string("key"), 5);
        span.set("fits", std::uint64_t{1} << 62U).set("large", ~std::uint64_t{0});
    }
    CHECK_TEXT(spans["types"].attributes,
               "b=true i=1 l=-2 u=3 size=4 c=4 f=0.5 d=2.5 literal=\"text\" string=\"of a string\" "
               "empty=\"\" null=\"\" bytes=x'0001' key=5 fits=4611686018427387904 "
               "large=1.84467e+19");
}

// Names and keys of any length, out of a longer text.
template <class View>
void check_views() {
    const captured spans;
    const std::string whole = "one two " + std::string(127, 'x') + std::string(200, 'y');
    const View first(whole.data(), 3), second(whole.data() + 4, 3);
    const View most(whole.data() + 8, 127), longer(whole.data() + 8, 128);
    tracer::span span(second, {{first, second}, {most, 1}, {longer, tracer::array(second)}});
    span.set(first, 1).set(longer, first).set(View(whole.data(), 0), 2);
    span.add_event(longer, {{second, true}}).fail(longer);
    span.set_name(longer);
    span.end();
    const std::string x127(127, 'x'), x127y = x127 + 'y';
    const seen found = spans[x127y.c_str()];
    CHECK_TEXT(found.attributes,
               (x127 + "=1 one=1 " + x127y + "=\"one\"").c_str());
    CHECK_TEXT(found.message, x127y.c_str());
    {
        const tracer::scope scope(first);
        const tracer::context here = tracer::context::current().with_baggage(first, second);
        CHECK_TEXT(here.baggage(first).c_str(), "two");
    }
    CHECK_INT(spans.count(), 2);
    CHECK_TEXT(spans["one"].name, "one");
}

void names_need_no_nul() {
    check_views<tracer::text>();
#if __cplusplus >= 201703L
    check_views<std::string_view>();
    const captured spans;
    tracer::span(std::string_view()).set(std::string_view(), 1).set("k", std::string_view());
    CHECK_TEXT(spans[""].attributes, "k=\"\"");
#endif
}

void lists_of_attributes() {
    const captured spans;
    const std::string text = "t";
    tracer::span("listed", {{"a", 1}, {"b", true}, {"c", "x"}, {"d", text}, {"e", 0.5}})
        .set({{"a", 2}, {"large", ~std::uint64_t{0}}, {"y", tracer::bytes("\1", 1)}});
    CHECK_TEXT(spans["listed"].attributes,
               "b=true c=\"x\" d=\"t\" e=0.5 a=2 large=1.84467e+19 y=x'01'");
}

void nested_values() {
    const captured spans;
    tracer::value value;
    value.begin_map().key("list").begin_array().add(1).add("two").add(nullptr).add(true).end();
    value.key("half").add(0.5).key("bytes").add(tracer::bytes("\1", 1)).end();
    tracer::span("nested", {{"at start", value}}).set("v", value);
    const seen span = spans["nested"];
    const std::string wanted = "{\"list\":[1,\"two\",null,true],\"half\":0.5,\"bytes\":x'01'}";
    CHECK_TEXT(span.attributes, ("at start=" + wanted + " v=" + wanted).c_str());
}

void containers_arrays_and_maps() {
    const captured spans;
    const std::vector<std::string> texts = {"a", "b"};
    const std::map<std::string, std::vector<int>> table = {{"one", {1}}, {"two", {1, 2}}};
    const std::array<double, 2> pair = {{0.5, 1.5}};
    const bool flags[] = {true, false};
    tracer::span span("containers", {{"texts", texts}, {"list", tracer::array(1, "x", nullptr)}});
    span.set("table", table).set("pair", pair).set("flags", flags);
    span.set("bits", std::vector<bool>{true, false}).set("none", std::vector<int>());
    span.set("array", tracer::array(std::uint64_t{7}, 0.5F, texts, tracer::array()));
    span.set("map", tracer::map({{"i", 1},
                                 {"b", true},
                                 {"d", 0.5},
                                 {"s", "t"},
                                 {"x", tracer::bytes("\1", 1)},
                                 {"list", tracer::array(1, 2)},
                                 {"texts", texts},
                                 {"deep", tracer::map({{"k", tracer::value()}})}}));
    span.end();
    CHECK_TEXT(spans["containers"].attributes,
               "texts=[\"a\",\"b\"] list=[1,\"x\",null] table={\"one\":[1],\"two\":[1,2]} "
               "pair=[0.5,1.5] flags=[true,false] bits=[true,false] none=[] "
               "array=[7,0.5,[\"a\",\"b\"],[]] map={\"i\":1,\"b\":true,\"d\":0.5,\"s\":\"t\","
               "\"x\":x'01',\"list\":[1,2],\"texts\":[\"a\",\"b\"],\"deep\":{\"k\":null}}");
}

void events_links_status_and_exceptions() {
    const captured spans;
    const auto other = tracer::context::from_traceparent(
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    {
        tracer::span span("all");
        span.add_event("plain").add_event("with", {{"a", 1}}).add_event("then", {}, 42);
        span.add_link(other).add_link(other, {{"b", 2}});
        span.record_exception(std::out_of_range("too far"));
        span.set_status(TRACER_STATUS_ERROR, "why");
    }
    const seen span = spans["all"];
    const std::string events = span.events;
    CHECK(events.find("plain{} with{a=1} then{} exception{") == 0);
    CHECK(events.find("exception.message=\"too far\"") != std::string::npos);
#ifdef TRACER_HPP_RTTI
    CHECK(events.find("exception.type=\"std::out_of_range\"") != std::string::npos);
#else
    CHECK(events.find("exception.type=\"std::exception\"") != std::string::npos);
#endif
    CHECK_TEXT(span.links, "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331{} "
                           "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331{b=2}");
    CHECK_INT(span.code, TRACER_STATUS_ERROR);
    CHECK_TEXT(span.message, "why");
}

void a_scope_is_current_for_its_block() {
    const captured spans;
    std::string outer_id, inner_id;
    {
        tracer::scope outer("outer", {{"a", 1}});
        outer_id = outer.span_id();
        CHECK(tracer::current().span_id() == outer_id);
        {
            const tracer::scope inner("inner");
            inner_id = inner.span_id();
            CHECK(tracer::current().span_id() == inner_id);
            tracer::span("leaf");
        }
        CHECK(tracer::current().span_id() == outer_id);
        outer.end();
        CHECK(!tracer::current().is_recording());
        outer.end();
    }
    CHECK_TEXT(spans["leaf"].parent_id, inner_id.c_str());
    CHECK_TEXT(spans["inner"].parent_id, outer_id.c_str());
    CHECK_TEXT(spans["outer"].parent_id, "");
    CHECK_TEXT(spans["outer"].attributes, "a=1");
    CHECK_INT(spans.count(), 3);
}

void a_span_made_current_is_not_ended() {
    const captured spans;
    tracer::span span("entered");
    const std::string id = span.span_id();
    {
        const tracer::scope here{tracer::span_ref(span)};
        tracer::span("child");
    }
    CHECK(span.is_recording());
    CHECK(!tracer::current().is_recording());
    span.end();
    CHECK_TEXT(spans["child"].parent_id, id.c_str());
}

void one_line_makes_the_rest_of_the_block_a_span() {
    const captured spans;
    std::string id;
    {
        TRACER_SPAN("block", {{"a", 1}, {"b", "two"}});
        id = tracer::current().span_id();
        TRACER_SPAN("within");
        tracer::current().set("found", true);
    }
    CHECK(!tracer::current().is_recording());
    CHECK_TEXT(spans["block"].attributes, "a=1 b=\"two\"");
    CHECK_TEXT(spans["within"].parent_id, id.c_str());
    CHECK_TEXT(spans["within"].attributes, "found=true");
}

void a_scope_takes_a_span_over() {
    const captured spans;
    tracer::span span("taken over");
    const std::string id = span.span_id();
    {
        const tracer::scope here(std::move(span));
        CHECK(here.is_recording());
        tracer::span("its child");
    }
    CHECK_INT(spans.count(), 2);
    CHECK_TEXT(spans["its child"].parent_id, id.c_str());
}

void moving_a_span_ends_it_once() {
    const captured spans;
    const std::uint64_t stale = stats().stale;
    {
        tracer::span first("moved");
        tracer::span second(std::move(first));
        tracer::span third;
        third = std::move(second);
        third.set("key", 1);
        std::vector<tracer::span> many;
        many.push_back(std::move(third));
        many.emplace_back("other");
        many[1] = tracer::span("replaced by"); // ends "other"
        CHECK_INT(spans.count(), 1);
    }
    CHECK_INT(spans.count(), 3);
    CHECK_TEXT(spans["moved"].attributes, "key=1");
    tracer::span released("released");
    const tracer_span handle = released.release();
    released.end();
    CHECK(tracer_span_is_recording(handle));
    tracer_span_end(handle);
    CHECK_INT(stats().stale, stale);
}

void options_say_how_it_starts() {
    const captured spans;
    const tracer::instrumentation_scope library("shop.cart", std::string("1.2"));
    const auto remote = tracer::context::from_traceparent(
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "a=1");
    {
        tracer::options how;
        how.kind(TRACER_KIND_SERVER).parent(remote).in(library).start_time(1000).shared();
        tracer::span("server", how, {{"a", 1}}).end(2000);
        tracer::span("linked", tracer::options().links({{remote}, {remote, {{"b", 2}}}}));
        const std::chrono::system_clock::time_point epoch;
        tracer::span("clock", tracer::options().start_time(epoch + std::chrono::milliseconds(1)))
            .end(epoch + std::chrono::milliseconds(2));
        const tracer::scope current("current");
        tracer::span("root", tracer::options().root());
        tracer::span("kept", tracer::options().parent(tracer::context::of(current)));
        const tracer::scope entered("entered", tracer::options().parent(remote));
        tracer::span("below entered");
    }
    const seen server = spans["server"];
    CHECK_TEXT(server.parent_id, "b7ad6b7169203331");
    CHECK_TEXT(server.trace_state, "a=1");
    CHECK_TEXT(server.scope, "shop.cart 1.2");
    CHECK_TEXT(server.attributes, "a=1");
    CHECK_INT(server.kind, TRACER_KIND_SERVER);
    CHECK_INT(server.start, 1000);
    CHECK_INT(server.end, 2000);
    CHECK_TEXT(spans["linked"].links, "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331{} "
                                      "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331{b=2}");
    CHECK_INT(spans["clock"].start, 1000000);
    CHECK_INT(spans["clock"].end, 2000000);
    CHECK_TEXT(spans["root"].parent_id, "");
    CHECK_TEXT(spans["kept"].parent_id, spans["current"].span_id);
    CHECK_TEXT(spans["below entered"].parent_id, spans["entered"].span_id);
}

void a_context_outlives_its_span_and_travels() {
    const captured spans;
    tracer::context kept;
    CHECK(!kept.is_valid());
    CHECK(kept.traceparent().empty());
    std::string id;
    {
        const tracer::scope outer("outer");
        id = outer.span_id();
        kept = tracer::context::current();
        tracer::handover taken;
        std::thread thread([&taken] {
            CHECK(!tracer::current().is_recording());
            {
                const tracer::attachment here(taken);
                TRACER_SPAN("on a thread");
            }
            CHECK_INT(taken.run([] {
                tracer::scope span("run");
                return 3;
            }),
                      3);
            taken.run([] { tracer::span("void"); });
            CHECK(!tracer_traceparent(nullptr));
        });
        thread.join();
    }
    CHECK(kept.traceparent().find(id) != std::string::npos);
    {
        tracer::attachment here(kept);
        tracer::span("after");
        here.detach();
        tracer::span("detached");
    }
    for (const char *name : {"on a thread", "run", "void", "after"}) {
        CHECK_TEXT(spans[name].parent_id, id.c_str());
    }
    CHECK_TEXT(spans["detached"].parent_id, "");
}

void types_are_as_they_should_be() {
    using namespace tracer;
    static_assert(std::is_nothrow_move_constructible<span>::value, "moves into containers");
    static_assert(!std::is_copy_constructible<span>::value, "one owner");
    static_assert(!std::is_move_constructible<scope>::value, "stays on its thread");
    static_assert(!std::is_move_constructible<attachment>::value, "stays on its thread");
    static_assert(std::is_nothrow_move_constructible<context>::value, "moves between threads");
    static_assert(std::is_nothrow_constructible<span, name>::value, "recording cannot fail");
    static_assert(sizeof(span) == sizeof(tracer_span), "a handle and no more");
}

} // namespace

int main() {
    set_up("none");
    RUN(every_type_has_its_overload);
    RUN(names_need_no_nul);
    RUN(lists_of_attributes);
    RUN(nested_values);
    RUN(containers_arrays_and_maps);
    RUN(events_links_status_and_exceptions);
    RUN(a_scope_is_current_for_its_block);
    RUN(a_span_made_current_is_not_ended);
    RUN(one_line_makes_the_rest_of_the_block_a_span);
    RUN(a_scope_takes_a_span_over);
    RUN(moving_a_span_ends_it_once);
    RUN(options_say_how_it_starts);
    RUN(a_context_outlives_its_span_and_travels);
    RUN(types_are_as_they_should_be);
    return finish();
}
