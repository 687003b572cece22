// tracer.hpp: tracer.h for C++14 and later. SPDX-License-Identifier: Apache-2.0
//
//     #include <tracer.hpp>
//
//     int main() {
//         if (tracer_init_from_env() != TRACER_OK) {              // OTEL_* variables; never fatal
//             std::cerr << "tracing is off: " << tracer::last_error() << '\n';
//         }
//         tracer::scope request("request", {{"user", "ada"}});    // current until its destructor
//         tracer::scope load("load_model");                       // a child of request
//         load.set("layers", 32);
//     }                                                           // normal exit flushes
//
// It adds what C++ has and C has not: destructors, overloads, initializer lists, string_view. What
// tracer.h says of errors, threads, NULL, forks and limits holds here. Recording never throws and
// needs no exceptions. Names and keys are NUL-terminated, as in C; values have a length.
//
//   span         owns a started span and ends it; movable between threads; not current
//   scope        a span that is current on this thread, or one made current, until it goes
//   span_ref     a span that somebody else owns: tracer::current()
//   context      what a span is known by: a parent that outlives it; movable between threads
//   attachment   a context that is current on this thread until it goes
//   handover     the context of here, to attach where the language's lock (the GIL) is not held
//   options      kind, parent, start time and the like of a span that starts
//   value        an array, a map or null
//   instrumentation_scope   who makes the spans: tracer_scope in C (here `scope` is a stretch of code)
#ifndef TRACER_HPP
#define TRACER_HPP

#include <tracer.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <initializer_list>
#include <limits>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#if defined(__GXX_RTTI) || defined(__cpp_rtti) || defined(_CPPRTTI)
#include <typeinfo>
#define TRACER_HPP_RTTI 1
#if defined(__GNUC__)
#include <cxxabi.h>
#endif
#endif
#if __cplusplus >= 201703L
#include <string_view>
#endif

namespace tracer {

// A name or key, borrowed for the call: a literal or a std::string.
class name {
  public:
    name(const char *text) noexcept : text_(text) {}
    name(const std::string &text) noexcept : text_(text.c_str()) {}
    const char *c_str() const noexcept { return text_; }

  private:
    const char *text_;
};

// A text value, borrowed for the call. NULL is the empty text.
class text {
  public:
    text(const char *data) noexcept
        : data_(data), size_(data ? std::char_traits<char>::length(data) : 0) {}
    text(const char *data, std::size_t size) noexcept : data_(data), size_(data ? size : 0) {}
    text(const std::string &value) noexcept : data_(value.data()), size_(value.size()) {}
#if __cplusplus >= 201703L
    text(std::string_view value) noexcept : data_(value.data()), size_(value.size()) {}
#endif
    const char *data() const noexcept { return data_; }
    std::size_t size() const noexcept { return size_; }

  private:
    const char *data_;
    std::size_t size_;
};

// Any bytes, borrowed for the call.
class bytes {
  public:
    bytes(const void *data, std::size_t size) noexcept : data_(data), size_(data ? size : 0) {}
    const void *data() const noexcept { return data_; }
    std::size_t size() const noexcept { return size_; }

  private:
    const void *data_;
    std::size_t size_;
};

namespace detail {

// Integers that int64_t holds, and those it may not hold: OTLP has no unsigned 64-bit value.
template <class T>
constexpr bool is_number = std::is_integral<T>::value && !std::is_same<T, bool>::value;
template <class T>
constexpr bool is_wide = std::is_unsigned<T>::value && sizeof(T) >= sizeof(std::int64_t);
template <class T>
using if_bool = std::enable_if_t<std::is_same<T, bool>::value, int>;
template <class T>
using if_double = std::enable_if_t<std::is_floating_point<T>::value, int>;
template <class T>
using if_int = std::enable_if_t<is_number<T> && !is_wide<T>, int>;
template <class T>
using if_wide = std::enable_if_t<is_number<T> && is_wide<T>, int>;

template <class T>
constexpr bool fits(T number) noexcept {
    return number <= static_cast<T>((std::numeric_limits<std::int64_t>::max)());
}

// Owns a C object; `Free` is its tracer_*_free.
template <class T, void (*Free)(T *)>
struct deleter {
    void operator()(T *object) const noexcept { Free(object); }
};
template <class T, void (*Free)(T *)>
using owner = std::unique_ptr<T, deleter<T, Free>>;

} // namespace detail

// Options for tracer_init, to be filled with tracer_config_*(config.get(), ...).
using config = detail::owner<tracer_config, tracer_config_free>;

// Why this thread's last failed set-up call failed.
inline std::string last_error() {
    std::string why(tracer_last_error(nullptr, 0), '\0');
    tracer_last_error(&why[0], why.size() + 1);
    return why;
}

// An array, a map or null: begin_array, begin_map, key, add, end; what is not ended is ended by use.
class value {
  public:
    value() noexcept : owned_(tracer_value_new()) {}
    value &begin_array() noexcept { return tracer_value_begin_array(get()), *this; }
    value &begin_map() noexcept { return tracer_value_begin_map(get()), *this; }
    value &end() noexcept { return tracer_value_end(get()), *this; }
    value &key(text next) noexcept {
        return tracer_value_key(get(), next.data(), next.size()), *this;
    }
    value &add(std::nullptr_t) noexcept { return tracer_value_add_null(get()), *this; }
    value &add(text added) noexcept {
        return tracer_value_add_string(get(), added.data(), added.size()), *this;
    }
    value &add(const char *added) noexcept { return add(text(added)); }
    value &add(bytes added) noexcept {
        return tracer_value_add_bytes(get(), added.data(), added.size()), *this;
    }
    template <class T, detail::if_bool<T> = 0>
    value &add(T added) noexcept {
        return tracer_value_add_bool(get(), added), *this;
    }
    template <class T, detail::if_double<T> = 0>
    value &add(T added) noexcept {
        return tracer_value_add_double(get(), static_cast<double>(added)), *this;
    }
    template <class T, detail::if_int<T> = 0>
    value &add(T added) noexcept {
        return tracer_value_add_int(get(), static_cast<std::int64_t>(added)), *this;
    }
    template <class T, detail::if_wide<T> = 0>
    value &add(T added) noexcept {
        return detail::fits(added) ? add(static_cast<std::int64_t>(added))
                                   : add(static_cast<double>(added));
    }
    tracer_value *get() const noexcept { return owned_.get(); }

  private:
    detail::owner<tracer_value, tracer_value_free> owned_;
};

// Key and value for the calls that take several: {{"user", "ada"}, {"layers", 32}, {"warm", true}}.
// Borrows what it is made from. An unsigned number above INT64_MAX becomes a double.
class attribute : public tracer_attribute {
  public:
    attribute(name named, text text) noexcept : attribute(named, holds{TRACER_STRING}) {
        value.text = {text.data(), text.size()};
    }
    attribute(name named, const char *text) noexcept : attribute(named, tracer::text(text)) {}
    attribute(name named, bytes data) noexcept : attribute(named, holds{TRACER_BYTES}) {
        value.text = {static_cast<const char *>(data.data()), data.size()};
    }
    attribute(name named, const tracer::value &nested) noexcept
        : attribute(named, holds{TRACER_NESTED}) {
        value.nested = nested.get();
    }
    template <class T, detail::if_bool<T> = 0>
    attribute(name named, T boolean) noexcept : attribute(named, holds{TRACER_BOOL}) {
        value.boolean = boolean;
    }
    template <class T, detail::if_double<T> = 0>
    attribute(name named, T number) noexcept : attribute(named, holds{TRACER_DOUBLE}) {
        value.number = static_cast<double>(number);
    }
    template <class T, detail::if_int<T> = 0>
    attribute(name named, T number) noexcept : attribute(named, holds{TRACER_INT}) {
        value.integer = static_cast<std::int64_t>(number);
    }
    template <class T, detail::if_wide<T> = 0>
    attribute(name named, T number) noexcept
        : attribute(named, holds{detail::fits(number) ? TRACER_INT : TRACER_DOUBLE}) {
        if (detail::fits(number)) {
            value.integer = static_cast<std::int64_t>(number);
        } else {
            value.number = static_cast<double>(number);
        }
    }

  private:
    struct holds {
        tracer_type type;
    };
    attribute(name named, holds kind) noexcept : tracer_attribute() {
        key = named.c_str();
        type = kind.type;
    }
};
static_assert(sizeof(attribute) == sizeof(tracer_attribute), "an array of one is one of the other");

using attributes = std::initializer_list<attribute>;

class context;

// A span that somebody else owns. Copies name the same span; all zero is a no-op span.
class span_ref {
  public:
    span_ref() noexcept : handle_() {}
    explicit span_ref(tracer_span handle) noexcept : handle_(handle) {}

    span_ref &set(name key, text value) noexcept {
        return tracer_span_set_string(handle_, key.c_str(), value.data(), value.size()), *this;
    }
    span_ref &set(name key, const char *value) noexcept { return set(key, text(value)); }
    span_ref &set(name key, bytes value) noexcept {
        return tracer_span_set_bytes(handle_, key.c_str(), value.data(), value.size()), *this;
    }
    span_ref &set(name key, const value &nested) noexcept {
        return tracer_span_set_value(handle_, key.c_str(), nested.get()), *this;
    }
    template <class T, detail::if_bool<T> = 0>
    span_ref &set(name key, T value) noexcept {
        return tracer_span_set_bool(handle_, key.c_str(), value), *this;
    }
    template <class T, detail::if_double<T> = 0>
    span_ref &set(name key, T value) noexcept {
        return tracer_span_set_double(handle_, key.c_str(), static_cast<double>(value)), *this;
    }
    template <class T, detail::if_int<T> = 0>
    span_ref &set(name key, T value) noexcept {
        return tracer_span_set_int(handle_, key.c_str(), static_cast<std::int64_t>(value)), *this;
    }
    template <class T, detail::if_wide<T> = 0>
    span_ref &set(name key, T value) noexcept { // above INT64_MAX: a double
        return detail::fits(value) ? set(key, static_cast<std::int64_t>(value))
                                   : set(key, static_cast<double>(value));
    }
    span_ref &set(attributes several) noexcept {
        return tracer_span_set_attributes(handle_, several.begin(), several.size()), *this;
    }
    span_ref &set_name(name renamed) noexcept {
        return tracer_span_set_name(handle_, renamed.c_str()), *this;
    }
    // OK is final; the description is kept for ERROR only.
    span_ref &set_status(tracer_span_status status, name description = nullptr) noexcept {
        return tracer_span_set_status(handle_, status, description.c_str()), *this;
    }
    span_ref &add_event(name event, attributes with = {}, std::uint64_t unix_ns = 0) noexcept {
        tracer_span_add_event_at(handle_, event.c_str(), with.begin(), with.size(), unix_ns);
        return *this;
    }
    inline span_ref &add_link(const context &other, attributes with = {}) noexcept;
    // Adds an `exception` event. Does not set the status.
    inline span_ref &record_exception(const std::exception &error) noexcept;

    bool is_recording() const noexcept { return tracer_span_is_recording(handle_); }
    // Lower-case hex; all zero once the span has ended.
    std::string trace_id() const {
        char hex[33];
        tracer_span_trace_id_hex(handle_, hex);
        return hex;
    }
    std::string span_id() const {
        char hex[17];
        tracer_span_id_hex(handle_, hex);
        return hex;
    }
    tracer_span handle() const noexcept { return handle_; }

  protected:
    tracer_span handle_;
};

inline span_ref &span_ref::record_exception(const std::exception &error) noexcept {
#ifdef TRACER_HPP_RTTI
    const char *type = typeid(error).name();
#if defined(__GNUC__)
    const std::unique_ptr<char, void (*)(void *)> readable(
        abi::__cxa_demangle(type, nullptr, nullptr, nullptr), std::free);
    type = readable ? readable.get() : type;
#endif
#else
    const char *type = "std::exception";
#endif
    return tracer_span_record_error(handle_, type, error.what(), nullptr), *this;
}

// What is current on this thread, also in the language that called.
inline span_ref current() noexcept { return span_ref(tracer_span_current()); }

// What a span is known by: a parent that outlives it.
class context {
  public:
    context() noexcept = default; // none
    explicit context(tracer_context *adopted) noexcept : owned_(adopted) {}
    static context current() noexcept { return context(tracer_context_current()); }
    static context of(const span_ref &span) noexcept {
        return context(tracer_span_context(span.handle()));
    }
    // From W3C headers; a malformed one gives an invalid context, whose children are roots.
    static context from_traceparent(name traceparent, name tracestate = nullptr) noexcept {
        return context(
            tracer_context_from_traceparent(traceparent.c_str(), tracestate.c_str()));
    }
    bool is_valid() const noexcept { return tracer_context_is_valid(get()); }
    // The W3C header; empty if invalid.
    std::string traceparent() const {
        char header[56];
        return tracer_context_traceparent(get(), header) ? header : "";
    }
    tracer_context *get() const noexcept { return owned_.get(); }
    tracer_context *release() noexcept { return owned_.release(); }

  private:
    detail::owner<tracer_context, tracer_context_free> owned_;
};

inline span_ref &span_ref::add_link(const context &other, attributes with) noexcept {
    return tracer_span_add_link(handle_, other.get(), with.begin(), with.size()), *this;
}

// The library or module that makes spans.
class instrumentation_scope {
  public:
    explicit instrumentation_scope(name library, name version = nullptr,
                                   name schema_url = nullptr) noexcept
        : owned_(tracer_scope_new(nullptr, library.c_str(), version.c_str(), schema_url.c_str())) {}
    tracer_scope *get() const noexcept { return owned_.get(); }

  private:
    detail::owner<tracer_scope, tracer_scope_free> owned_;
};

// How a span starts: tracer::options().kind(TRACER_KIND_SERVER).parent(remote).
class options {
  public:
    options &kind(tracer_span_kind kind) noexcept { return raw_.kind = kind, *this; }
    options &parent(const context &borrowed) noexcept { return raw_.parent = borrowed.get(), *this; }
    options &parent(context &&kept) noexcept {
        kept_ = std::move(kept);
        return parent(kept_);
    }
    options &root() noexcept { return raw_.flags |= std::uint32_t{TRACER_SPAN_ROOT}, *this; }
    // Several threads may write to the span at once.
    options &shared() noexcept { return raw_.flags |= std::uint32_t{TRACER_SPAN_SHARED}, *this; }
    options &start_time(std::uint64_t unix_ns) noexcept {
        return raw_.start_unix_ns = unix_ns, *this;
    }
    options &in(const instrumentation_scope &borrowed) noexcept {
        return scope_ = borrowed.get(), *this;
    }
    // Starts a span that the caller ends.
    tracer_span start(name called, attributes with = {}) const noexcept {
        tracer_span_options raw = raw_;
        raw.attributes = with.begin();
        raw.attribute_count = with.size();
        return tracer_span_start(scope_, called.c_str(), &raw);
    }

  private:
    tracer_span_options raw_ = TRACER_SPAN_OPTIONS_INIT;
    const tracer_scope *scope_ = nullptr;
    context kept_;
};

// Owns a span and ends it. Not current: see `scope`.
class span : public span_ref {
  public:
    span() noexcept = default; // the no-op span
    explicit span(name called, attributes with = {}) noexcept : span(called, options(), with) {}
    span(name called, const options &how, attributes with = {}) noexcept
        : span_ref(how.start(called, with)) {}
    explicit span(tracer_span adopted) noexcept : span_ref(adopted) {}
    span(span &&other) noexcept : span_ref(other.release()) {}
    span &operator=(span &&other) noexcept {
        if (this != &other) {
            end();
            handle_ = other.release();
        }
        return *this;
    }
    ~span() { end(); }

    // Ends it now, or at a time in Unix nanoseconds. Later calls are no-ops.
    void end(std::uint64_t unix_ns = 0) noexcept {
        if (handle_.slot != 0) {
            tracer_span_end_at(release(), unix_ns);
        }
    }
    // Gives it up: the caller ends it.
    tracer_span release() noexcept {
        const tracer_span handle = handle_;
        handle_ = tracer_span();
        return handle;
    }
};

// A span that is current on this thread from here to the end of the block, and ends there; or
// another's span, made current as long. Stays where it is made.
class scope : public span_ref {
  public:
    explicit scope(name called) noexcept : span_ref(tracer_span_begin(called.c_str())) {}
    scope(name called, attributes with) noexcept : scope(called, options(), with) {}
    scope(name called, const options &how, attributes with = {}) noexcept
        : span_ref(how.start(called, with)) {
        tracer_span_enter(handle_);
    }
    explicit scope(span_ref entered) noexcept : span_ref(entered), owns_(false) {
        tracer_span_enter(handle_);
    }
    scope(const scope &) = delete;
    scope &operator=(const scope &) = delete;
    ~scope() { end(); }

    // Leaves, and ends the span if it is this scope's own. Later calls are no-ops.
    void end() noexcept {
        const tracer_span handle = handle_;
        handle_ = tracer_span();
        if (handle.slot != 0) {
            owns_ ? tracer_span_finish(handle) : tracer_span_leave(handle);
        }
    }

  private:
    bool owns_ = true;
};

class handover;

// A context that is current on this thread from here to the end of the block.
class attachment {
  public:
    explicit attachment(const context &attached) noexcept
        : token_(tracer_context_attach(attached.get())) {}
    inline explicit attachment(const handover &taken) noexcept;
    attachment(const attachment &) = delete;
    attachment &operator=(const attachment &) = delete;
    ~attachment() { detach(); }

    void detach() noexcept {
        const std::uint64_t token = token_;
        token_ = 0;
        tracer_context_detach(token);
    }

  private:
    std::uint64_t token_;
};

// Takes what is current to where nobody could ask for it: to code that has released its language's
// lock (Python's GIL), or to another thread.
//
//     tracer::handover taken;              // while the lock is held
//     Py_BEGIN_ALLOW_THREADS
//     tracer::attachment here(taken);      // spans below are children of what was current
class handover {
  public:
    handover() noexcept : taken_(context::current()) {}
    explicit handover(context taken) noexcept : taken_(std::move(taken)) {}
    const context &taken() const noexcept { return taken_; }
    // Calls `work` with the context attached.
    template <class Work>
    auto run(Work &&work) const -> decltype(std::forward<Work>(work)()) {
        const attachment here(taken_);
        return std::forward<Work>(work)();
    }

  private:
    context taken_;
};

inline attachment::attachment(const handover &taken) noexcept : attachment(taken.taken()) {}

} // namespace tracer

#endif // TRACER_HPP
