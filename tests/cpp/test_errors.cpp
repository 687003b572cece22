// What tracer.hpp makes of exceptions and error codes.
#include "captured.hpp"

#include <future>
#include <new>
#include <stdexcept>
#include <string>
#include <system_error>
#include <tracer.hpp>

namespace {

bool has(const seen &span, const std::string &text) {
    return std::string(span.events).find(text) != std::string::npos;
}

void an_error_code_is_its_category_and_number() {
    const captured spans;
    tracer::span("recorded").record_exception(
        std::make_error_code(std::errc::no_such_file_or_directory));
    tracer::span("failed").fail(std::make_error_code(std::errc::permission_denied));
    tracer::span("told").fail("no such order").record_error("shop::error", "gone", "at f");
    CHECK(has(spans["recorded"], "exception.type=\"generic:2\""));
    CHECK(has(spans["recorded"], "exception.message=\"No such file or directory\""));
    CHECK_INT(spans["recorded"].code, TRACER_STATUS_UNSET);
    CHECK_INT(spans["failed"].code, TRACER_STATUS_ERROR);
    CHECK_TEXT(spans["failed"].message, "Permission denied");
    CHECK_TEXT(spans["told"].message, "no such order");
    CHECK(has(spans["told"], "exception.type=\"shop::error\""));
    CHECK(has(spans["told"], "exception.stacktrace=\"at f\""));
}

void an_exception_fails_a_span() {
    const captured spans;
    tracer::span("failed").fail(std::invalid_argument("not a number"));
    tracer::span("none").fail(std::exception_ptr());
    CHECK(has(spans["failed"], "exception.message=\"not a number\""));
    CHECK_TEXT(spans["failed"].message, "not a number");
    CHECK_INT(spans["none"].code, TRACER_STATUS_UNSET);
    CHECK_TEXT(spans["none"].events, "");
}

void work_within_a_span_gives_what_it_gives() {
    const captured spans;
    std::string id;
    const int sum = tracer::traced("sum", [&id](tracer::span_ref span) {
        id = span.set("terms", 2).span_id();
        CHECK(tracer::current().span_id() == id);
        return 5;
    });
    tracer::traced("nothing", tracer::options().kind(TRACER_KIND_CLIENT), [] {});
    int referred = 1;
    tracer::traced("reference", [&referred]() -> int & { return referred; }) = 2;
    CHECK_INT(sum, 5);
    CHECK_INT(referred, 2);
    CHECK_TEXT(spans["sum"].span_id, id.c_str());
    CHECK_TEXT(spans["sum"].attributes, "terms=2");
    CHECK_INT(spans["nothing"].kind, TRACER_KIND_CLIENT);
}

#ifdef TRACER_HPP_EXCEPTIONS
struct odd {};

void what_is_thrown_goes_on_and_is_on_the_span() {
    const captured spans;
    bool caught = false;
    try {
        tracer::traced("outer", [] {
            tracer::traced("inner", [] { throw std::out_of_range("too far"); });
        });
    } catch (const std::out_of_range &error) {
        caught = std::string(error.what()) == "too far";
    }
    CHECK(caught);
    CHECK(!tracer::current().is_recording());
    for (const char *name : {"inner", "outer"}) {
        CHECK_INT(spans[name].code, TRACER_STATUS_ERROR);
        CHECK_TEXT(spans[name].message, "too far");
        CHECK(has(spans[name], "exception.message=\"too far\""));
    }
}

void a_pointer_tells_what_it_holds() {
    const captured spans;
    tracer::span("known").record_exception(std::make_exception_ptr(std::bad_alloc()));
    tracer::span("odd").fail(std::make_exception_ptr(odd()));
    std::promise<int> promise;
    promise.set_exception(std::make_exception_ptr(std::runtime_error("broken")));
    try {
        promise.get_future().get();
    } catch (...) {
        tracer::span("current").fail(std::current_exception());
    }
    CHECK(has(spans["known"], "exception.message=\"std::bad_alloc\""));
    CHECK(has(spans["current"], "exception.message=\"broken\""));
    CHECK_INT(spans["odd"].code, TRACER_STATUS_ERROR);
#ifdef TRACER_HPP_RTTI
    CHECK(has(spans["odd"], "exception.type=\"(anonymous namespace)::odd\""));
    CHECK(has(spans["current"], "exception.type=\"std::runtime_error\""));
#else
    CHECK(has(spans["odd"], "exception.type=\"unknown\""));
#endif
}

void what_led_to_an_exception_is_told_too() {
    const captured spans;
    const auto open = [] {
        try {
            try {
                throw odd();
            } catch (...) {
                std::throw_with_nested(std::runtime_error("disk full"));
            }
        } catch (...) {
            std::throw_with_nested(std::logic_error("cannot save"));
        }
    };
    try {
        tracer::traced("save", open);
    } catch (const std::logic_error &) {
    }
    CHECK_TEXT(spans["save"].message, "cannot save");
#ifdef TRACER_HPP_RTTI
    CHECK(has(spans["save"], "caused by std::"));
    CHECK(has(spans["save"], "runtime_error>: disk full\n"
                             "caused by something that is no std::exception\n"));
#endif
}
#endif

} // namespace

int main() {
    set_up("none");
    RUN(an_error_code_is_its_category_and_number);
    RUN(an_exception_fails_a_span);
    RUN(work_within_a_span_gives_what_it_gives);
#ifdef TRACER_HPP_EXCEPTIONS
    RUN(what_is_thrown_goes_on_and_is_on_the_span);
    RUN(a_pointer_tells_what_it_holds);
    RUN(what_led_to_an_exception_is_told_too);
#endif
    return finish();
}
