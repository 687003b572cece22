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
// needs no exceptions.
//
//   scope        a span that is current on this thread, or one made current, until it goes
//   TRACER_SPAN  a scope for the rest of the block, in one line: TRACER_SPAN("parse");
//   traced       calls something within a span, which fails with what it throws
//   span         owns a started span and ends it; movable between threads; not current
//   span_ref     a span that somebody else owns: tracer::current()
//   array, map   nested values: {"sizes", tracer::array(1, 2)}; containers are taken as they are
//   options      kind, parent, links, start time and the like of a span that starts
//   context      what a span is known by: a parent that outlives it, with baggage; extract and
//                inject for the headers of requests
//   attachment   a context that is current on this thread until it goes
//   carry        a callable with the context of here, to be called on another thread
//   handover     the context of here, to attach where the language's lock (the GIL) is not held
//   task         what a coroutine or fiber has made current; with C++20, coroutine_promise does
//                what is needed at each suspension
//   log          a log record; current_ids for the log lines of others
//   llm_call     what metrics count of a call of a language model; metrics_text
//   processor, exporter, sampler, propagator
//                the program's own: a class, or a callable, that is given to `config`
//   span_view    a span that ended, as processors, exporters and captures are shown it
//   capture      for tests: the spans that ended and the log records, each a log_view
//   config       set-up, as in C; provider, instrumentation_scope (tracer_scope in C; here `scope`
//                is a stretch of code)
#ifndef TRACER_HPP
#define TRACER_HPP

#include <tracer.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <initializer_list>
#include <iterator>
#include <limits>
#include <memory>
#include <string>
#include <system_error>
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
#define TRACER_HPP_NODISCARD [[nodiscard]]
#else
#define TRACER_HPP_NODISCARD
#endif
#if defined(__cpp_exceptions) || defined(__EXCEPTIONS) || defined(_CPPUNWIND)
#define TRACER_HPP_EXCEPTIONS 1
#endif
#if defined(__cpp_impl_coroutine)
#include <coroutine>
#define TRACER_HPP_COROUTINES 1
#endif

namespace tracer {

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

// A name or key, borrowed for the call: a literal, a std::string, or what `text` takes. C wants a NUL
// behind it, so what may have none is copied: here, up to 127 bytes. A NUL within ends it.
class name {
  public:
    name(const char *literal) noexcept : text_(literal) {}
    name(const std::string &ended) noexcept : text_(ended.c_str()) {}
    name(const text &copied) noexcept : text_(small_) { copy(copied); }
#if __cplusplus >= 201703L
    name(std::string_view copied) noexcept : name(text(copied)) {}
#endif
    name(const name &) = delete;
    name &operator=(const name &) = delete;
    ~name() {
        if (large_ != nullptr) {
            std::free(large_);
        }
    }
    const char *c_str() const noexcept { return text_; }

  private:
    void copy(const text &from) noexcept {
        std::size_t size = from.size();
        char *to = small_;
        if (size >= sizeof small_) {
            large_ = static_cast<char *>(std::malloc(size + 1));
            to = large_ != nullptr ? large_ : small_;
            size = large_ != nullptr ? size : sizeof small_ - 1; // what there is room for
        }
        if (size != 0) {
            std::memcpy(to, from.data(), size);
        }
        to[size] = '\0';
        text_ = to;
    }
    const char *text_;
    char *large_ = nullptr;
    char small_[128];
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

// Unix nanoseconds, or a time of the system's clock; 0 = now.
class timestamp {
  public:
    timestamp(std::uint64_t unix_ns) noexcept : unix_ns_(unix_ns) {}
    timestamp(std::chrono::system_clock::time_point time) noexcept
        : unix_ns_(static_cast<std::uint64_t>(
              std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch())
                  .count())) {}
    std::uint64_t unix_ns() const noexcept { return unix_ns_; }

  private:
    std::uint64_t unix_ns_;
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

// What has a beginning and an end and is no text: an array, or a map if its elements are pairs with a
// text first.
template <class T>
constexpr bool is_text = std::is_convertible<const T &, text>::value;
template <class T, class = void>
struct is_range : std::false_type {};
template <class T>
struct is_range<T, decltype(void(std::begin(std::declval<const T &>())),
                            void(std::end(std::declval<const T &>())))>
    : std::integral_constant<bool, !is_text<T>> {};
template <class T>
using element = std::decay_t<decltype(*std::begin(std::declval<const T &>()))>;
template <class T, class = void>
struct is_pair : std::false_type {};
template <class T>
struct is_pair<T, decltype(void(std::declval<T>().second))>
    : std::integral_constant<bool, is_text<std::decay_t<decltype(std::declval<T>().first)>>> {};
template <class T>
using if_range = std::enable_if_t<is_range<T>::value, int>;
template <class T>
using if_text = std::enable_if_t<is_text<T> && !std::is_convertible<T, const char *>::value, int>;

// As C takes it: not below 0, and no longer than that holds.
inline std::uint32_t milliseconds(std::chrono::milliseconds time) noexcept {
    constexpr std::int64_t most = (std::numeric_limits<std::uint32_t>::max)();
    const std::int64_t count = time.count();
    return static_cast<std::uint32_t>(count < 0 ? 0 : count > most ? most : count);
}

// Owns a C object; `Free` is its tracer_*_free.
template <class T, void (*Free)(T *)>
struct deleter {
    void operator()(T *object) const noexcept { Free(object); }
};
template <class T, void (*Free)(T *)>
using owner = std::unique_ptr<T, deleter<T, Free>>;

} // namespace detail

// Why this thread's last failed set-up call failed.
inline std::string last_error() {
    std::string why(tracer_last_error(nullptr, 0), '\0');
    tracer_last_error(&why[0], why.size() + 1);
    return why;
}

class attribute;
using attributes = std::initializer_list<attribute>;

// An array, a map or null; made from a container, by array() and map(), or piece by piece:
// begin_array, begin_map, key, add, end. What is not ended is ended by use.
class value {
  public:
    value() noexcept : owned_(tracer_value_new()) {}
    // A std::vector and the like is an array; a std::map, or other pairs with a text first, a map.
    template <class T, detail::if_range<T> = 0>
    value(const T &container) : value() {
        add(container);
    }
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
    value &add(const value &copied) noexcept {
        return tracer_value_add_value(get(), copied.get()), *this;
    }
    inline value &add(const attribute &entry) noexcept; // key and value, in a map
    template <class T, detail::if_range<T> = 0>
    value &add(const T &container) {
        add_range(container, detail::is_pair<detail::element<T>>());
        return end();
    }
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
    template <class T>
    void add_range(const T &container, std::false_type) {
        begin_array();
        for (const auto &item : container) {
            add(item);
        }
    }
    template <class T>
    void add_range(const T &container, std::true_type) {
        begin_map();
        for (const auto &item : container) {
            key(item.first).add(item.second);
        }
    }
    detail::owner<tracer_value, tracer_value_free> owned_;
};

namespace detail {

inline void add_each(value &) noexcept {}
template <class First, class... Rest>
void add_each(value &to, const First &first, const Rest &...rest) {
    to.add(first);
    add_each(to, rest...);
}

} // namespace detail

// An array of anything: tracer::array(1, "two", tracer::array(true)).
template <class... Items>
value array(const Items &...items) {
    value made;
    made.begin_array();
    detail::add_each(made, items...);
    made.end();
    return made;
}

// A map: tracer::map({{"key", 1}, {"list", tracer::array(1, 2)}}).
inline value map(attributes entries) noexcept;

// Key and value for the calls that take several: {{"user", "ada"}, {"layers", 32}, {"sizes", vector}}.
// Borrows what it is made from, and a key that `name` copies, to the end of the expression that it is
// written in. An unsigned number above INT64_MAX becomes a double.
class attribute : public tracer_attribute {
  public:
    attribute(const name &named, text text) noexcept : attribute(named, holds{TRACER_STRING}) {
        value.text = {text.data(), text.size()};
    }
    attribute(const name &named, const char *text) noexcept
        : attribute(named, tracer::text(text)) {}
    attribute(const name &named, bytes data) noexcept : attribute(named, holds{TRACER_BYTES}) {
        value.text = {static_cast<const char *>(data.data()), data.size()};
    }
    attribute(const name &named, const tracer::value &nested) noexcept
        : attribute(named, holds{TRACER_NESTED}) {
        value.nested = nested.get();
    }
    template <class T, detail::if_bool<T> = 0>
    attribute(const name &named, T boolean) noexcept : attribute(named, holds{TRACER_BOOL}) {
        value.boolean = boolean;
    }
    template <class T, detail::if_double<T> = 0>
    attribute(const name &named, T number) noexcept : attribute(named, holds{TRACER_DOUBLE}) {
        value.number = static_cast<double>(number);
    }
    template <class T, detail::if_int<T> = 0>
    attribute(const name &named, T number) noexcept : attribute(named, holds{TRACER_INT}) {
        value.integer = static_cast<std::int64_t>(number);
    }
    template <class T, detail::if_wide<T> = 0>
    attribute(const name &named, T number) noexcept
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
    attribute(const name &named, holds kind) noexcept : tracer_attribute() {
        key = named.c_str();
        type = kind.type;
    }
};
static_assert(sizeof(attribute) == sizeof(tracer_attribute), "an array of one is one of the other");

inline value &value::add(const attribute &entry) noexcept {
    key(entry.key);
    switch (entry.type) {
    case TRACER_STRING: return add(text(entry.value.text.data, entry.value.text.len));
    case TRACER_BYTES: return add(bytes(entry.value.text.data, entry.value.text.len));
    case TRACER_BOOL: return add(entry.value.boolean);
    case TRACER_INT: return add(entry.value.integer);
    case TRACER_DOUBLE: return add(entry.value.number);
    default: return tracer_value_add_value(get(), entry.value.nested), *this;
    }
}

inline value map(attributes entries) noexcept {
    value made;
    made.begin_map();
    for (const attribute &entry : entries) {
        made.add(entry);
    }
    made.end();
    return made;
}

class context;

// A span that somebody else owns. Copies name the same span; all zero is a no-op span.
class span_ref {
  public:
    span_ref() noexcept : handle_() {}
    explicit span_ref(tracer_span handle) noexcept : handle_(handle) {}

    span_ref &set(const name &key, text value) noexcept {
        return tracer_span_set_string(handle_, key.c_str(), value.data(), value.size()), *this;
    }
    span_ref &set(const name &key, const char *value) noexcept { return set(key, text(value)); }
    span_ref &set(const name &key, bytes value) noexcept {
        return tracer_span_set_bytes(handle_, key.c_str(), value.data(), value.size()), *this;
    }
    span_ref &set(const name &key, const value &nested) noexcept {
        return tracer_span_set_value(handle_, key.c_str(), nested.get()), *this;
    }
    template <class T, detail::if_bool<T> = 0>
    span_ref &set(const name &key, T value) noexcept {
        return tracer_span_set_bool(handle_, key.c_str(), value), *this;
    }
    template <class T, detail::if_double<T> = 0>
    span_ref &set(const name &key, T value) noexcept {
        return tracer_span_set_double(handle_, key.c_str(), static_cast<double>(value)), *this;
    }
    template <class T, detail::if_int<T> = 0>
    span_ref &set(const name &key, T value) noexcept {
        return tracer_span_set_int(handle_, key.c_str(), static_cast<std::int64_t>(value)), *this;
    }
    template <class T, detail::if_wide<T> = 0>
    span_ref &set(const name &key, T value) noexcept { // above INT64_MAX: a double
        return detail::fits(value) ? set(key, static_cast<std::int64_t>(value))
                                   : set(key, static_cast<double>(value));
    }
    span_ref &set(attributes several) noexcept {
        return tracer_span_set_attributes(handle_, several.begin(), several.size()), *this;
    }
    span_ref &set_name(const name &renamed) noexcept {
        return tracer_span_set_name(handle_, renamed.c_str()), *this;
    }
    // OK is final; the description is kept for ERROR only.
    span_ref &set_status(tracer_span_status status, const name &description = nullptr) noexcept {
        return tracer_span_set_status(handle_, status, description.c_str()), *this;
    }
    span_ref &add_event(const name &event, attributes with = {}) noexcept {
        return tracer_span_add_event(handle_, event.c_str(), with.begin(), with.size()), *this;
    }
    span_ref &add_event(const name &event, attributes with, timestamp at) noexcept {
        tracer_span_add_event_at(handle_, event.c_str(), with.begin(), with.size(), at.unix_ns());
        return *this;
    }
    inline span_ref &add_link(const context &other, attributes with = {}) noexcept;
    // Adds an `exception` event. Does not set the status.
    span_ref &record_error(const name &type, const name &message,
                           const name &stacktrace = nullptr) noexcept {
        tracer_span_record_error(handle_, type.c_str(), message.c_str(), stacktrace.c_str());
        return *this;
    }
    inline span_ref &record_exception(const std::exception &error) noexcept;
    inline span_ref &record_exception(const std::exception_ptr &error) noexcept;
    inline span_ref &record_exception(const std::error_code &error) noexcept;
    // Records the error and sets the status.
    inline span_ref &fail(const std::exception &error) noexcept;
    inline span_ref &fail(const std::exception_ptr &error) noexcept;
    inline span_ref &fail(const std::error_code &error) noexcept;
    span_ref &fail(const name &why) noexcept { return set_status(TRACER_STATUS_ERROR, why); }

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

namespace detail {

// The name of a type as one reads it; `mangled` where it cannot be told.
class type_name {
  public:
    explicit type_name(const std::exception &error) noexcept {
#ifdef TRACER_HPP_RTTI
        read(typeid(error).name());
#else
        static_cast<void>(error);
#endif
    }
#if defined(TRACER_HPP_RTTI) && defined(__GNUC__)
    explicit type_name(const std::type_info *type) noexcept {
        if (type != nullptr) {
            read(type->name());
        }
    }
#endif
    const char *c_str() const noexcept { return readable_ ? readable_.get() : name_; }

  private:
#ifdef TRACER_HPP_RTTI
    void read(const char *mangled) noexcept {
        name_ = mangled;
#if defined(__GNUC__)
        readable_.reset(abi::__cxa_demangle(mangled, nullptr, nullptr, nullptr));
#endif
    }
#endif
    struct release {
        void operator()(char *text) const noexcept { std::free(text); }
    };
    const char *name_ = "std::exception";
    std::unique_ptr<char, release> readable_;
};

#ifdef TRACER_HPP_EXCEPTIONS
// What led to an exception that std::throw_with_nested threw, one line each.
inline void append_causes(std::string &causes, const std::exception &error) {
#ifdef TRACER_HPP_RTTI
    const auto *nested = dynamic_cast<const std::nested_exception *>(&error);
    if (nested == nullptr || !nested->nested_ptr()) {
        return;
    }
    try {
        nested->rethrow_nested();
    } catch (const std::exception &cause) {
        causes += std::string("caused by ") + type_name(cause).c_str() + ": " + cause.what() + '\n';
        append_causes(causes, cause);
    } catch (...) {
        causes += "caused by something that is no std::exception\n";
    }
#else
    static_cast<void>(causes);
    static_cast<void>(error);
#endif
}
#endif

// Calls `use` with type, message and causes (or NULL) of the exception; nothing escapes.
template <class Use>
void describe(const std::exception &error, Use use) noexcept {
#ifdef TRACER_HPP_EXCEPTIONS
    std::string causes;
    try {
        append_causes(causes, error);
    } catch (...) {
        causes.clear();
    }
    use(type_name(error).c_str(), error.what(), causes.empty() ? nullptr : causes.c_str());
#else
    use(type_name(error).c_str(), error.what(), nullptr);
#endif
}

template <class Use>
void describe(const std::exception_ptr &error, Use use) noexcept {
    if (!error) {
        return;
    }
#ifdef TRACER_HPP_EXCEPTIONS
    try {
        std::rethrow_exception(error);
    } catch (const std::exception &known) {
        describe(known, use);
    } catch (...) {
#if defined(TRACER_HPP_RTTI) && defined(__GNUC__)
        use(type_name(abi::__cxa_current_exception_type()).c_str(), nullptr, nullptr);
#else
        use("unknown", nullptr, nullptr);
#endif
    }
#else
    use("unknown", nullptr, nullptr);
#endif
}

// "generic:2", as streams show it, and what the category says of it.
template <class Use>
void describe(const std::error_code &error, Use use) noexcept {
#ifdef TRACER_HPP_EXCEPTIONS
    try {
#endif
        const std::string type =
            std::string(error.category().name()) + ':' + std::to_string(error.value());
        use(type.c_str(), error.message().c_str(), nullptr);
#ifdef TRACER_HPP_EXCEPTIONS
    } catch (...) {
        use(error.category().name(), nullptr, nullptr);
    }
#endif
}

struct recorder {
    tracer_span span;
    bool fails;
    void operator()(const char *type, const char *message, const char *causes) const noexcept {
        tracer_span_record_error(span, type, message, causes);
        if (fails) {
            tracer_span_set_status(span, TRACER_STATUS_ERROR, message ? message : type);
        }
    }
};

} // namespace detail

inline span_ref &span_ref::record_exception(const std::exception &error) noexcept {
    return detail::describe(error, detail::recorder{handle_, false}), *this;
}
inline span_ref &span_ref::record_exception(const std::exception_ptr &error) noexcept {
    return detail::describe(error, detail::recorder{handle_, false}), *this;
}
inline span_ref &span_ref::record_exception(const std::error_code &error) noexcept {
    return detail::describe(error, detail::recorder{handle_, false}), *this;
}
inline span_ref &span_ref::fail(const std::exception &error) noexcept {
    return detail::describe(error, detail::recorder{handle_, true}), *this;
}
inline span_ref &span_ref::fail(const std::exception_ptr &error) noexcept {
    return detail::describe(error, detail::recorder{handle_, true}), *this;
}
inline span_ref &span_ref::fail(const std::error_code &error) noexcept {
    return detail::describe(error, detail::recorder{handle_, true}), *this;
}

// What is current on this thread, also in the language that called.
inline span_ref current() noexcept { return span_ref(tracer_span_current()); }

namespace detail {

// Nothing of the program's own is thrown through C.
template <class Work, class Result>
Result contained(Work work, Result otherwise) noexcept {
#ifdef TRACER_HPP_EXCEPTIONS
    try {
        return work();
    } catch (...) {
        return otherwise;
    }
#else
    static_cast<void>(otherwise);
    return work();
#endif
}

// A text that C writes: `write(buf, len)` returns the length of all of it, SIZE_MAX for none.
template <class Write>
std::string written(Write write) {
    const std::size_t length = write(nullptr, 0);
    if (length == 0 || length == (std::numeric_limits<std::size_t>::max)()) {
        return std::string();
    }
    std::string all(length, '\0');
    write(&all[0], length + 1);
    return all;
}

// Whether two names of fields are one, as in HTTP.
inline bool same_field(text a, text b) noexcept {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; };
    if (a.size() != b.size()) {
        return false;
    }
    for (std::size_t i = 0; i < a.size(); i++) {
        if (lower(a.data()[i]) != lower(b.data()[i])) {
            return false;
        }
    }
    return true;
}

inline bool same(text a, text b) noexcept {
    return a.size() == b.size() &&
           std::char_traits<char>::compare(a.data(), b.data(), a.size()) == 0;
}

inline void append(std::string &to, text added) { to.append(added.data(), added.size()); }

// Reads fields of pairs (std::map, std::multimap, a vector of pairs ...).
template <class Carrier, bool IsRange>
struct fields_reader {
    const Carrier &carrier;
    std::string kept;

    const char *get(const char *key) {
        bool found = false;
        kept.clear();
        for (const auto &field : carrier) {
            if (same_field(field.first, key)) {
                kept += found ? "," : "";
                append(kept, field.second);
                found = true;
            }
        }
        return found ? kept.c_str() : nullptr;
    }
    const char *key(std::size_t index) {
        for (const auto &field : carrier) {
            if (index-- == 0) {
                kept.clear();
                append(kept, field.first);
                return kept.c_str();
            }
        }
        return nullptr;
    }
};

// Asks a callable, which returns a text; an empty one is none.
template <class Carrier>
struct fields_reader<Carrier, false> {
    const Carrier &carrier;
    std::string kept;

    const char *get(const char *key) {
        kept.clear();
        append(kept, text(carrier(key)));
        return kept.empty() ? nullptr : kept.c_str();
    }
    const char *key(std::size_t) const noexcept { return nullptr; }
};

template <class Reader>
const char *carrier_get(void *reader, const char *key) noexcept {
    const auto read = [=] { return static_cast<Reader *>(reader)->get(key); };
    return contained(read, static_cast<const char *>(nullptr));
}
template <class Reader>
const char *carrier_key(void *reader, std::size_t index) noexcept {
    const auto read = [=] { return static_cast<Reader *>(reader)->key(index); };
    return contained(read, static_cast<const char *>(nullptr));
}

// Sets a field: of a container with keys, of a sequence of pairs, or by a callable.
template <class Carrier>
auto carrier_put(Carrier &carrier, const char *key, const char *value, int)
    -> decltype(void(carrier.emplace(key, value)), typename Carrier::key_type(), void()) {
    for (auto field = carrier.begin(); field != carrier.end();) {
        field = same_field(field->first, key) ? carrier.erase(field) : std::next(field);
    }
    carrier.emplace(key, value);
}
template <class Carrier>
auto carrier_put(Carrier &carrier, const char *key, const char *value, int)
    -> decltype(void(carrier.emplace_back(key, value))) {
    for (auto field = carrier.begin(); field != carrier.end();) {
        field = same_field(field->first, key) ? carrier.erase(field) : std::next(field);
    }
    carrier.emplace_back(key, value);
}
template <class Carrier>
auto carrier_put(Carrier &carrier, const char *key, const char *value, long)
    -> decltype(void(carrier(key, value))) {
    carrier(key, value);
}
template <class Carrier>
void carrier_set(void *carrier, const char *key, const char *value) noexcept {
    const auto put = [=] {
        carrier_put(*static_cast<Carrier *>(carrier), key, value, 0);
        return true;
    };
    contained(put, false);
}

} // namespace detail

// The ids of what is current on this thread, for log lines: lower-case hex, all zero if nothing is.
struct current_ids {
    current_ids() noexcept { known = tracer_current_ids_hex(trace_id, span_id); }
    char trace_id[33];
    char span_id[17];
    bool known;
};

namespace detail {

// What is read of a context, whoever owns it: `Context` has get().
template <class Context>
class readable_context {
  public:
    bool is_valid() const noexcept { return tracer_context_is_valid(raw()); }
    bool is_sampled() const noexcept { return tracer_context_is_sampled(raw()); }
    bool is_remote() const noexcept { return tracer_context_is_remote(raw()); }
    // Lower-case hex; all zero if invalid.
    std::string trace_id() const {
        char hex[33];
        tracer_context_trace_id_hex(raw(), hex);
        return hex;
    }
    std::string span_id() const {
        char hex[17];
        tracer_context_span_id_hex(raw(), hex);
        return hex;
    }
    // The W3C headers; empty if there is nothing to say.
    std::string traceparent() const {
        char header[56];
        return tracer_context_traceparent(raw(), header) ? header : "";
    }
    std::string tracestate() const {
        return raw() ? detail::written([this](char *buf, std::size_t len) {
            return tracer_context_tracestate(raw(), buf, len);
        })
                     : std::string();
    }
    // The value of a pair of baggage; empty if there is none.
    std::string baggage(const name &key) const {
        return raw() ? detail::written([this, &key](char *buf, std::size_t len) {
            return tracer_context_baggage(raw(), key.c_str(), buf, len);
        })
                     : std::string();
    }

  private:
    const tracer_context *raw() const noexcept {
        return static_cast<const Context *>(this)->get();
    }
};

} // namespace detail

// What a span is known by: a parent that outlives it. With baggage, which goes along.
class context : public detail::readable_context<context> {
  public:
    context() noexcept = default; // none
    explicit context(tracer_context *adopted) noexcept : owned_(adopted) {}
    context(const context &other) noexcept
        : owned_(other.get() ? tracer_context_copy(other.get()) : nullptr) {}
    context(context &&) noexcept = default;
    context &operator=(const context &other) noexcept { return *this = context(other); }
    context &operator=(context &&) noexcept = default;
    ~context() = default;

    static context current() noexcept { return context(tracer_context_current()); }
    static context of(const span_ref &span) noexcept {
        return context(tracer_span_context(span.handle()));
    }
    // What is current here with what a request's headers say, in the configured formats. A container
    // of pairs, such as a std::multimap, or a callable that gives the text of a field by its name.
    template <class Carrier>
    static context extract(const Carrier &carrier) {
        using reader = detail::fields_reader<Carrier, detail::is_range<Carrier>::value>;
        reader read{carrier, std::string()};
        return context(tracer_context_extract(detail::carrier_get<reader>,
                                              detail::carrier_key<reader>, &read));
    }
    // Sets a request's headers: in a container of pairs of strings, or by a callable that takes name
    // and value.
    template <class Carrier>
    void inject(Carrier &&carrier) const {
        using plain = std::remove_reference_t<Carrier>;
        const void *data = &carrier;
        tracer_context_inject(get(), detail::carrier_set<plain>, const_cast<void *>(data));
    }
    // From W3C headers; a malformed one gives an invalid context, whose children are roots.
    static context from_traceparent(const name &traceparent, const name &tracestate = nullptr,
                                    const name &baggage = nullptr) noexcept {
        return context(
            tracer_context_from_headers(traceparent.c_str(), tracestate.c_str(), baggage.c_str()));
    }
    // What the process that started this one left in the environment.
    static context from_env() noexcept { return context(tracer_context_from_env()); }

    // A copy with a pair of baggage, or without it where the value is NULL.
    context with_baggage(const name &key, const name &value,
                         const name &metadata = nullptr) const noexcept {
        const context none(get() ? nullptr : tracer_context_from_traceparent(nullptr, nullptr));
        return context(tracer_context_with_baggage(get() ? get() : none.get(), key.c_str(),
                                                   value.c_str(), metadata.c_str()));
    }
    tracer_context *get() const noexcept { return owned_.get(); }
    tracer_context *release() noexcept { return owned_.release(); }

  private:
    detail::owner<tracer_context, tracer_context_free> owned_;
};

// A context that somebody else owns, such as the parent that callbacks are shown; none if false.
class context_view : public detail::readable_context<context_view> {
  public:
    explicit context_view(const tracer_context *lent) noexcept : lent_(lent) {}
    context_view(const context &lent) noexcept : lent_(lent.get()) {}
    explicit operator bool() const noexcept { return lent_ != nullptr; }
    // To keep it.
    context copy() const noexcept {
        return lent_ ? context(tracer_context_copy(lent_)) : context();
    }
    const tracer_context *get() const noexcept { return lent_; }

  private:
    const tracer_context *lent_;
};

// Sets a request's headers to what is current: see context::inject.
template <class Carrier>
void inject(Carrier &&carrier) {
    context().inject(std::forward<Carrier>(carrier));
}

inline span_ref &span_ref::add_link(const context &other, attributes with) noexcept {
    return tracer_span_add_link(handle_, other.get(), with.begin(), with.size()), *this;
}

namespace detail {

// The elements of a view that has size() and operator[], one by one.
template <class View>
class iterator {
  public:
    using value_type = decltype(std::declval<const View &>()[std::size_t{0}]);
    using difference_type = std::ptrdiff_t;
    using reference = value_type;
    using pointer = void;
    using iterator_category = std::input_iterator_tag;
    iterator(const View &of, std::size_t at) noexcept : of_(of), at_(at) {}
    value_type operator*() const noexcept { return of_[at_]; }
    iterator &operator++() noexcept { return at_++, *this; }
    iterator operator++(int) noexcept {
        const iterator before = *this;
        at_++;
        return before;
    }
    bool operator==(const iterator &other) const noexcept { return at_ == other.at_; }
    bool operator!=(const iterator &other) const noexcept { return at_ != other.at_; }

  private:
    View of_;
    std::size_t at_;
};

} // namespace detail

// An attribute of a span that is read, borrowed; false if there is none. What it is not is 0 or empty.
class attribute_view {
  public:
    explicit attribute_view(const tracer_attribute *lent) noexcept : lent_(lent) {}
    explicit operator bool() const noexcept { return lent_ != nullptr; }
    const char *key() const noexcept { return lent_ ? lent_->key : ""; }
    // TRACER_STRING and the like.
    tracer_type type() const noexcept { return lent_ ? lent_->type : TRACER_NESTED; }
    bool as_bool() const noexcept { return is(TRACER_BOOL) && lent_->value.boolean; }
    std::int64_t as_int() const noexcept { return is(TRACER_INT) ? lent_->value.integer : 0; }
    double as_double() const noexcept { return is(TRACER_DOUBLE) ? lent_->value.number : 0; }
    text as_text() const noexcept {
        return is(TRACER_STRING) ? text(lent_->value.text.data, lent_->value.text.len) : text("");
    }
    bytes as_bytes() const noexcept {
        return is(TRACER_BYTES) ? bytes(lent_->value.text.data, lent_->value.text.len)
                                : bytes(nullptr, 0);
    }
    // The value as text whatever it is: arrays and maps as JSON, bytes as base64.
    std::string str() const {
        return detail::written([this](char *buf, std::size_t len) {
            return tracer_attribute_text(lent_, buf, len);
        });
    }
    // TRACER_SHAPE_ARRAY and the like, and the elements: those of an array have no keys.
    tracer_shape shape() const noexcept {
        return !lent_                      ? tracer_shape{TRACER_SHAPE_NULL}
               : lent_->type == TRACER_NESTED ? tracer_value_shape(lent_->value.nested)
                                              : tracer_shape{TRACER_SHAPE_SCALAR};
    }
    inline class attributes_view entries() const noexcept;
    const tracer_attribute *get() const noexcept { return lent_; }

  private:
    bool is(tracer_type type) const noexcept { return lent_ && lent_->type == type; }
    const tracer_attribute *lent_;
};

// Attributes that are read, borrowed: in their order, or by key.
class attributes_view {
  public:
    attributes_view(const tracer_attribute *lent, std::size_t count) noexcept
        : lent_(lent), count_(lent ? count : 0) {}
    std::size_t size() const noexcept { return count_; }
    attribute_view operator[](std::size_t index) const noexcept {
        return attribute_view(index < count_ ? lent_ + index : nullptr);
    }
    attribute_view find(const name &key) const noexcept {
        return attribute_view(tracer_attribute_find(lent_, count_, key.c_str()));
    }
    detail::iterator<attributes_view> begin() const noexcept { return {*this, 0}; }
    detail::iterator<attributes_view> end() const noexcept { return {*this, count_}; }

  private:
    const tracer_attribute *lent_;
    std::size_t count_;
};

inline attributes_view attribute_view::entries() const noexcept {
    std::size_t count = 0;
    const tracer_attribute *first =
        is(TRACER_NESTED) ? tracer_value_entries(lent_->value.nested, &count) : nullptr;
    return attributes_view(first, count);
}

// A span to be read, borrowed: of a capture, or what a processor or exporter is given. False if there
// is none, and all empty.
class span_view {
  public:
    explicit span_view(const tracer_span_view *lent) noexcept : view_(lent) {}
    explicit operator bool() const noexcept { return view_ != nullptr; }
    std::string name() const { return view_ ? view_->name : ""; }
    // Lower-case hex; a root's parent is empty.
    std::string trace_id() const { return view_ ? view_->trace_id_hex : ""; }
    std::string span_id() const { return view_ ? view_->span_id_hex : ""; }
    std::string parent_id() const { return view_ ? view_->parent_span_id_hex : ""; }
    bool is_child_of(const span_view &other) const {
        return view_ && other && trace_id() == other.trace_id() && parent_id() == other.span_id();
    }
    tracer_span_kind kind() const noexcept { return view_ ? view_->kind : tracer_span_kind{0}; }
    std::chrono::nanoseconds duration() const noexcept {
        return std::chrono::nanoseconds(
            view_ ? static_cast<std::int64_t>(view_->end_unix_ns - view_->start_unix_ns) : 0);
    }
    tracer::attributes_view attributes() const noexcept {
        return view_ ? tracer::attributes_view(view_->attributes, view_->attribute_count)
                     : tracer::attributes_view(nullptr, 0);
    }
    tracer::attributes_view resource() const noexcept {
        return view_ ? tracer::attributes_view(view_->resource_attributes,
                                               view_->resource_attribute_count)
                     : tracer::attributes_view(nullptr, 0);
    }
    // The value as text; arrays and maps as JSON. Empty if there is none.
    std::string attribute(const tracer::name &key) const { return attributes().find(key).str(); }
    bool has_attribute(const tracer::name &key) const noexcept {
        return bool(attributes().find(key));
    }
    // Of the first event of that name.
    tracer::attributes_view event_attributes(const tracer::name &event) const noexcept {
        const tracer_event_view *found = find_event(event);
        return found ? tracer::attributes_view(found->attributes, found->attribute_count)
                     : tracer::attributes_view(nullptr, 0);
    }
    std::string event_attribute(const tracer::name &event, const tracer::name &key) const {
        return event_attributes(event).find(key).str();
    }
    bool has_event(const tracer::name &event) const noexcept {
        return find_event(event) != nullptr;
    }
    tracer_span_status status() const noexcept {
        return view_ ? view_->status : tracer_span_status{TRACER_STATUS_UNSET};
    }
    std::string status_description() const { return view_ ? view_->status_description : ""; }
    // All of it.
    const tracer_span_view *get() const noexcept { return view_; }
    const tracer_span_view *operator->() const noexcept { return view_; }

  private:
    const tracer_event_view *find_event(const tracer::name &event) const noexcept {
        for (std::size_t i = 0; view_ && i < view_->event_count; i++) {
            if (detail::same(view_->events[i]->name, event.c_str())) {
                return view_->events[i];
            }
        }
        return nullptr;
    }
    const tracer_span_view *view_;
};

// A log record that a capture saw, borrowed from it; false if there is none, and all empty.
class log_view {
  public:
    explicit log_view(const tracer_log_view *lent) noexcept : lent_(lent) {}
    explicit operator bool() const noexcept { return lent_ != nullptr; }
    tracer_severity severity() const noexcept { return lent_ ? lent_->severity : 0; }
    // What it says, of any type; and as text.
    attribute_view body() const noexcept { return attribute_view(lent_ ? lent_->body : nullptr); }
    std::string str() const { return body().str(); }
    std::string event_name() const { return lent_ ? lent_->event_name : ""; }
    // Of the span it belongs to, lower-case hex; empty for none.
    std::string trace_id() const { return lent_ ? lent_->trace_id_hex : ""; }
    std::string span_id() const { return lent_ ? lent_->span_id_hex : ""; }
    attributes_view attributes() const noexcept {
        return lent_ ? attributes_view(lent_->attributes, lent_->attribute_count)
                     : attributes_view(nullptr, 0);
    }
    // The value as text; arrays and maps as JSON. Empty if there is none.
    std::string attribute(const name &key) const { return attributes().find(key).str(); }
    // All of it.
    const tracer_log_view *get() const noexcept { return lent_; }
    const tracer_log_view *operator->() const noexcept { return lent_; }

  private:
    const tracer_log_view *lent_;
};

// A span that has just ended: for the call of processor::on_end.
class ended_span {
  public:
    explicit ended_span(const tracer_ended_span *lent) noexcept : lent_(lent) {}
    // Decoded when it is first asked for.
    span_view view() const noexcept { return span_view(tracer_ended_span_view(lent_)); }
    // Whether exporters get it.
    bool is_sampled() const noexcept { return tracer_ended_span_is_sampled(lent_); }
    // One encoded OTLP `ResourceSpans` message.
    bytes otlp() const noexcept {
        const std::uint8_t *data = nullptr;
        std::size_t size = 0;
        tracer_ended_span_otlp(lent_, &data, &size);
        return bytes(data, size);
    }
    const tracer_ended_span *get() const noexcept { return lent_; }

  private:
    const tracer_ended_span *lent_;
};

// A processor of the program's own: in the thread that starts or ends a span, within that call,
// several threads at once. What it throws ends there.
class processor {
  public:
    processor() = default;
    processor(const processor &) = delete;
    processor &operator=(const processor &) = delete;
    virtual ~processor() = default;
    // A recorded span has started; it can be written to. The parent is invalid for a root.
    virtual void on_start(span_ref, context_view) {}
    // It is about to end: can be written to for the last time.
    virtual void on_ending(span_ref) {}
    // It has ended, also one that is not sampled.
    virtual void on_end(const ended_span &) {}
    // Hand on all that is held back; false if the time was too short.
    virtual bool flush(std::chrono::milliseconds) { return true; }
    // The last call of each provider.
    virtual bool shutdown(std::chrono::milliseconds longest) { return flush(longest); }
};

// Finished spans, lent to an exporter for one call.
class batch {
  public:
    explicit batch(const tracer_batch *lent) noexcept : lent_(lent) {}
    std::size_t size() const noexcept { return tracer_batch_count(lent_); }
    // Decoded when they are first asked for.
    span_view operator[](std::size_t index) const noexcept {
        return span_view(tracer_batch_span(lent_, index));
    }
    detail::iterator<batch> begin() const noexcept { return {*this, 0}; }
    detail::iterator<batch> end() const noexcept { return {*this, size()}; }
    // One encoded OTLP `ExportTraceServiceRequest`.
    bytes otlp() const noexcept {
        const std::uint8_t *data = nullptr;
        std::size_t size = 0;
        tracer_batch_otlp(lent_, &data, &size);
        return bytes(data, size);
    }
    // How many of the spans the destination refused, where it took the rest.
    void set_rejected(std::uint64_t count) const noexcept {
        tracer_batch_set_rejected(lent_, count);
    }
    // What went wrong, without credentials.
    void set_error(const name &message) const noexcept {
        tracer_batch_set_error(lent_, message.c_str());
    }
    const tracer_batch *get() const noexcept { return lent_; }

  private:
    const tracer_batch *lent_;
};

// An exporter of the program's own: in a thread of its own, one call at a time. A batch that it throws
// at is lost and counted, and why is in the account.
class exporter {
  public:
    exporter() = default;
    exporter(const exporter &) = delete;
    exporter &operator=(const exporter &) = delete;
    virtual ~exporter() = default;
    // Sends a batch: TRACER_EXPORT_OK, TRACER_EXPORT_RETRY and so on.
    virtual tracer_export_result export_spans(const batch &) = 0;
    // A flush has handed over everything.
    virtual void flush() {}
    // The last call of each provider.
    virtual void shutdown() {}
};

// What is known of a span that is about to start: for the call of sampler::sample.
class sampling_input {
  public:
    explicit sampling_input(const tracer_sampling_input *lent) noexcept : lent_(lent) {}
    const char *name() const noexcept { return lent_->name; }
    tracer_span_kind kind() const noexcept { return lent_->kind; }
    bytes trace_id() const noexcept { return bytes(lent_->trace_id, sizeof lent_->trace_id); }
    // False for a root.
    context_view parent() const noexcept { return context_view(lent_->parent); }
    // What it starts with.
    attributes_view attributes() const noexcept {
        return attributes_view(lent_->attributes, lent_->attribute_count);
    }
    std::size_t link_count() const noexcept { return lent_->link_count; }
    context_view link(std::size_t index) const noexcept {
        return context_view(index < link_count() ? lent_->links[index] : nullptr);
    }
    const tracer_sampling_input *get() const noexcept { return lent_; }

  private:
    const tracer_sampling_input *lent_;
};

// What a sampler adds to a span: for the call of sampler::sample, or of a callable that says a share.
class sampling_output {
  public:
    explicit sampling_output(tracer_sampling_output *lent) noexcept : lent_(lent) {}
    // For a span that is recorded.
    void set_attributes(attributes added) const noexcept {
        tracer_sampling_output_set_attributes(lent_, added.begin(), added.size());
    }
    // In place of the parent's.
    void set_tracestate(const name &tracestate) const noexcept {
        tracer_sampling_output_set_tracestate(lent_, tracestate.c_str());
    }
    // Whether a share counts, so that a span that is kept stands for so many more: true unless set.
    void set_adjusted_count_reliable(bool reliable) const noexcept {
        tracer_sampling_output_set_adjusted_count_reliable(lent_, reliable);
    }

  private:
    tracer_sampling_output *lent_;
};

// A sampler of the program's own: in the thread that starts a span, several at once. A span that it
// throws at is dropped.
class sampler {
  public:
    sampler() = default;
    sampler(const sampler &) = delete;
    sampler &operator=(const sampler &) = delete;
    virtual ~sampler() = default;
    // TRACER_DECISION_DROP, TRACER_DECISION_RECORD_ONLY or TRACER_DECISION_RECORD_AND_SAMPLE.
    virtual tracer_decision sample(const sampling_input &, sampling_output &) = 0;
    // What it is called, with its settings.
    virtual std::string description() const { return "CustomSampler"; }
};

// The carrier of a propagator, for the call: what it reads fields from.
class carrier_reader {
  public:
    carrier_reader(tracer_carrier_get reads, tracer_carrier_key names, void *lent) noexcept
        : get_(reads), key_(names), lent_(lent) {}
    // A field; several values are joined with commas. Empty if there is none.
    std::string get(const name &field) const {
        const char *value = get_(lent_, field.c_str());
        return value ? value : "";
    }
    bool has(const name &field) const noexcept { return get_(lent_, field.c_str()) != nullptr; }
    // The name of a field, in any order; empty behind the last.
    std::string key(std::size_t index) const {
        const char *field = key_(lent_, index);
        return field ? field : "";
    }

  private:
    tracer_carrier_get get_;
    tracer_carrier_key key_;
    void *lent_;
};

// The carrier of a propagator, for the call: what it sets fields of.
class carrier_writer {
  public:
    carrier_writer(tracer_carrier_set sets, void *lent) noexcept : set_(sets), lent_(lent) {}
    void set(const name &field, const name &value) const noexcept {
        set_(lent_, field.c_str(), value.c_str());
    }

  private:
    tracer_carrier_set set_;
    void *lent_;
};

// A format of the program's own in which contexts travel: in the thread that injects or extracts,
// several at once. What it throws at is not read, or not written further.
class propagator {
  public:
    propagator() = default;
    propagator(const propagator &) = delete;
    propagator &operator=(const propagator &) = delete;
    virtual ~propagator() = default;
    virtual void inject(context_view from, const carrier_writer &to) = 0;
    // `known` with what was found, or no context (context()) if nothing was.
    virtual context extract(context_view known, const carrier_reader &from) = 0;
    // What `inject` may set, a comma list.
    virtual std::string fields() const = 0;
};

namespace detail {

// Hands an object to C, which holds it by `user_data` until `destroy`; not where it is refused.
template <class Callbacks, class Object, class Add>
tracer_status hand(Callbacks callbacks, std::shared_ptr<Object> object, Add add) {
    if (!object) {
        return add(static_cast<const Callbacks *>(nullptr));
    }
    using held = std::shared_ptr<Object>;
    std::unique_ptr<held> kept(new held(std::move(object)));
    callbacks.user_data = kept.get();
    callbacks.destroy = [](void *user_data) { delete static_cast<held *>(user_data); };
    const tracer_status status = add(&callbacks);
    if (status == TRACER_OK) {
        static_cast<void>(kept.release());
    }
    return status;
}
template <class Object>
Object &held(void *user_data) noexcept {
    return **static_cast<std::shared_ptr<Object> *>(user_data);
}

// Calls `work` and lets nothing escape.
template <class Work>
void run_contained(Work work) noexcept {
    static_cast<void>(contained([&] { return work(), true; }, false));
}

template <class Add>
tracer_status hand_processor(std::shared_ptr<processor> own, Add add) {
    tracer_processor_callbacks calls = TRACER_PROCESSOR_CALLBACKS_INIT;
    calls.on_start = [](void *data, tracer_span span, const tracer_context *parent) {
        run_contained(
            [=] { held<processor>(data).on_start(span_ref(span), context_view(parent)); });
    };
    calls.on_ending = [](void *data, tracer_span span) {
        run_contained([=] { held<processor>(data).on_ending(span_ref(span)); });
    };
    calls.on_end = [](void *data, const tracer_ended_span *ended) {
        run_contained([=] { held<processor>(data).on_end(ended_span(ended)); });
    };
    calls.flush = [](void *data, std::uint32_t timeout_ms) {
        const std::chrono::milliseconds longest(timeout_ms);
        return contained([=] { return held<processor>(data).flush(longest); }, false);
    };
    calls.shutdown = [](void *data, std::uint32_t timeout_ms) {
        const std::chrono::milliseconds longest(timeout_ms);
        return contained([=] { return held<processor>(data).shutdown(longest); }, false);
    };
    return hand(calls, std::move(own), add);
}

inline tracer_export_result export_contained(void *data, const tracer_batch *lent) noexcept {
#ifdef TRACER_HPP_EXCEPTIONS
    try {
        return held<exporter>(data).export_spans(batch(lent));
    } catch (const std::exception &error) {
        tracer_batch_set_error(lent, error.what());
    } catch (...) {
        tracer_batch_set_error(lent, "the exporter threw what is no std::exception");
    }
    return TRACER_EXPORT_FAILED;
#else
    return held<exporter>(data).export_spans(batch(lent));
#endif
}

inline tracer_status hand_exporter(tracer_config *to, const char *called,
                                   std::shared_ptr<exporter> own) {
    tracer_exporter_callbacks calls = TRACER_EXPORTER_CALLBACKS_INIT;
    calls.export_spans = export_contained;
    calls.flush = [](void *data) { run_contained([=] { held<exporter>(data).flush(); }); };
    calls.shutdown = [](void *data) { run_contained([=] { held<exporter>(data).shutdown(); }); };
    return hand(calls, std::move(own), [=](const tracer_exporter_callbacks *callbacks) {
        return tracer_config_add_exporter(to, called, callbacks);
    });
}

template <class Add>
tracer_status hand_sampler(std::shared_ptr<sampler> own, Add add) {
    tracer_sampler_callbacks calls = TRACER_SAMPLER_CALLBACKS_INIT;
    calls.sample = [](void *data, const tracer_sampling_input *input,
                      tracer_sampling_output *output) {
        const auto ask = [=] {
            sampling_output added(output);
            return held<sampler>(data).sample(sampling_input(input), added);
        };
        return contained(ask, tracer_decision{TRACER_DECISION_DROP});
    };
    const std::string description = own ? own->description() : std::string();
    calls.description = description.c_str();
    return hand(calls, std::move(own), add);
}

template <class Work>
tracer_status hand_share(tracer_config *to, std::shared_ptr<Work> own, bool roots_only) {
    tracer_sampler_callbacks calls = TRACER_SAMPLER_CALLBACKS_INIT;
    calls.share = [](void *data, const tracer_sampling_input *input,
                     tracer_sampling_output *output) {
        const auto ask = [=]() -> double {
            sampling_output added(output);
            return held<Work>(data)(sampling_input(input), added);
        };
        return contained(ask, -1.0);
    };
    return hand(calls, std::move(own), [=](const tracer_sampler_callbacks *callbacks) {
        return tracer_config_set_sampler_callbacks(to, callbacks, roots_only);
    });
}

inline tracer_status hand_propagator(tracer_config *to, std::shared_ptr<propagator> own) {
    tracer_propagator_callbacks calls = TRACER_PROPAGATOR_CALLBACKS_INIT;
    calls.inject = [](void *data, const tracer_context *from, tracer_carrier_set set,
                      void *carrier) {
        run_contained([=] {
            held<propagator>(data).inject(context_view(from), carrier_writer(set, carrier));
        });
    };
    calls.extract = [](void *data, const tracer_context *known, tracer_carrier_get get,
                       tracer_carrier_key key, void *carrier) {
        const auto read = [=] {
            const carrier_reader from(get, key, carrier);
            return held<propagator>(data).extract(context_view(known), from).release();
        };
        return contained(read, static_cast<tracer_context *>(nullptr));
    };
    const std::string fields = own ? own->fields() : std::string();
    calls.fields = fields.c_str();
    return hand(calls, std::move(own), [=](const tracer_propagator_callbacks *callbacks) {
        return tracer_config_add_propagator(to, callbacks);
    });
}

// Callables in the classes' places. What they return is checked: true would be another answer.
template <class Work>
class exporter_of final : public exporter {
  public:
    explicit exporter_of(Work work) : work_(std::move(work)) {}
    tracer_export_result export_spans(const batch &spans) override { return work_(spans); }

  private:
    static_assert(std::is_same<decltype(std::declval<Work &>()(std::declval<const batch &>())),
                               tracer_export_result>::value,
                  "an exporter returns a tracer_export_result, such as TRACER_EXPORT_OK");
    Work work_;
};
template <class Work>
class sampler_of final : public sampler {
  public:
    explicit sampler_of(Work work) : work_(std::move(work)) {}
    tracer_decision sample(const sampling_input &input, sampling_output &output) override {
        return work_(input, output);
    }

  private:
    static_assert(std::is_same<decltype(std::declval<Work &>()(
                                   std::declval<const sampling_input &>(),
                                   std::declval<sampling_output &>())),
                               tracer_decision>::value,
                  "a sampler returns a tracer_decision, such as TRACER_DECISION_DROP, or a double");
    Work work_;
};
template <class Work, class... Arguments>
using if_called_with =
    std::enable_if_t<sizeof(decltype(void(std::declval<Work &>()(std::declval<Arguments>()...)),
                                     0)) != 0,
                     int>;

} // namespace detail

// How a set-up call went: true if it did, else why not.
class TRACER_HPP_NODISCARD result {
  public:
    result(tracer_status status) : status_(status) {
        if (status_ != TRACER_OK) {
            why_ = last_error();
        }
    }
    explicit operator bool() const noexcept { return status_ == TRACER_OK; }
    tracer_status status() const noexcept { return status_; }
    const std::string &why() const noexcept { return why_; }

  private:
    tracer_status status_;
    std::string why_;
};

// Options for init or a provider. Each call returns the object; the first that is refused is what
// init, or a provider, then fails with. An option that has no call here has one in C:
// setup.apply(tracer_config_set_file_rotation(setup.get(), 1 << 20, 2)).
class config {
  public:
    config() : owned_(tracer_config_new()), first_(TRACER_OK) {}
    // What OTEL_* variables say, below what is set in code.
    config &load_env() { return apply(tracer_config_load_env(get())); }
    // What a configuration file says, in the environment's place.
    config &load_file(const name &path) {
        return apply(tracer_config_load_file(get(), path.c_str()));
    }
    config &enabled(bool on) { return apply(tracer_config_set_enabled(get(), on)); }
    config &service_name(const name &service) {
        return apply(tracer_config_set_service_name(get(), service.c_str()));
    }
    config &resource(attributes about) {
        return apply(
            tracer_config_set_resource_attributes(get(), about.begin(), about.size()));
    }
    // A comma list: container, host, process, process_command, service.
    config &detect_resource(const name &names) {
        return apply(tracer_config_detect_resource(get(), names.c_str()));
    }
    // A comma list: otlp, zipkin, jaeger, console, otlp/file, otlp/stdout, memory; or none.
    config &exporter(const name &names) {
        return apply(tracer_config_set_exporter(get(), names.c_str()));
    }
    config &logs_exporter(const name &names) {
        return apply(tracer_config_set_logs_exporter(get(), names.c_str()));
    }
    config &metrics_exporter(const name &names) {
        return apply(tracer_config_set_metrics_exporter(get(), names.c_str()));
    }
    // Counts calls of language models, as `record` tells them; it is off unless said.
    config &llm_metrics(bool on) { return apply(tracer_config_set_llm_metrics(get(), on)); }
    // Measures the library itself; it is off unless said.
    config &self_metrics(bool on) { return apply(tracer_config_set_self_metrics(get(), on)); }
    config &add_metrics_endpoint(const name &url) {
        return apply(tracer_config_add_metrics_endpoint(get(), url.c_str()));
    }
    config &metrics_interval(std::chrono::milliseconds every) {
        return apply(tracer_config_set_metrics_interval(get(), detail::milliseconds(every)));
    }
    // A comma list: tracecontext, baggage, b3, b3multi, jaeger; or none.
    config &propagators(const name &names) {
        return apply(tracer_config_set_propagators(get(), names.c_str()));
    }
    config &endpoint(const name &url) {
        return apply(tracer_config_set_endpoint(get(), url.c_str()));
    }
    config &protocol(const name &spoken) {
        return apply(tracer_config_set_protocol(get(), spoken.c_str()));
    }
    config &header(const name &field, const name &value) {
        return apply(tracer_config_add_header(get(), field.c_str(), value.c_str()));
    }
    config &compression(const name &method) {
        return apply(tracer_config_set_compression(get(), method.c_str()));
    }
    config &timeout(std::chrono::milliseconds longest) {
        return apply(tracer_config_set_timeout(get(), detail::milliseconds(longest)));
    }
    config &certificate(const name &path) {
        return apply(tracer_config_set_certificate(get(), path.c_str()));
    }
    config &client_certificate(const name &path, const name &key_path) {
        return apply(
            tracer_config_set_client_certificate(get(), path.c_str(), key_path.c_str()));
    }
    config &add_otlp(const name &url) { return apply(tracer_config_add_otlp(get(), url.c_str())); }
    config &add_zipkin(const name &url) {
        return apply(tracer_config_add_zipkin(get(), url.c_str()));
    }
    config &add_jaeger(const name &url) {
        return apply(tracer_config_add_jaeger(get(), url.c_str()));
    }
    config &add_file(const name &path) {
        return apply(tracer_config_add_file(get(), path.c_str()));
    }
    config &sampler(tracer_sampler which, double ratio = 1.0) {
        return apply(tracer_config_set_sampler(get(), which, ratio));
    }
    config &parent_sampler(tracer_parent parent, tracer_sampler which, double ratio = 1.0) {
        return apply(tracer_config_set_parent_sampler(get(), parent, which, ratio));
    }
    config &memory_limit(std::size_t most) {
        return apply(tracer_config_set_memory_limit(get(), most));
    }
    config &limits(tracer_limits limited) {
        limited.struct_size = sizeof limited;
        return apply(tracer_config_set_limits(get(), &limited));
    }
    config &batch(std::size_t queue_size, std::size_t batch_size,
                  std::chrono::milliseconds delay = std::chrono::milliseconds(0),
                  std::chrono::milliseconds timeout = std::chrono::milliseconds(0)) {
        return apply(tracer_config_set_batch(get(), queue_size, batch_size,
                                             detail::milliseconds(delay),
                                             detail::milliseconds(timeout)));
    }
    // The end of a span may wait that long where there is no room for it.
    config &blocking(std::chrono::milliseconds longest) {
        return apply(tracer_config_set_blocking(get(), detail::milliseconds(longest)));
    }
    config &exit_timeout(std::chrono::milliseconds longest) {
        return apply(tracer_config_set_exit_timeout(get(), detail::milliseconds(longest)));
    }
    // Code of the program's own, held until the library is done with it; std::unique_ptr does too.
    config &add_processor(std::shared_ptr<tracer::processor> own) {
        return apply(detail::hand_processor(std::move(own), [this](const auto *callbacks) {
            return tracer_config_add_processor(get(), callbacks);
        }));
    }
    // Calls `work` with each recorded span (span_ref) that starts, in its thread, within that call.
    template <class Work, detail::if_called_with<Work, span_ref> = 0>
    config &on_start(Work work) {
        tracer_processor_callbacks calls = TRACER_PROCESSOR_CALLBACKS_INIT;
        calls.on_start = [](void *data, tracer_span span, const tracer_context *) {
            detail::run_contained([=] { detail::held<Work>(data)(span_ref(span)); });
        };
        return apply(add_callbacks(calls, std::make_shared<Work>(std::move(work))));
    }
    // Calls `work` with each recorded span (const ended_span &) that has ended; as above.
    template <class Work, detail::if_called_with<Work, const ended_span &> = 0>
    config &on_end(Work work) {
        tracer_processor_callbacks calls = TRACER_PROCESSOR_CALLBACKS_INIT;
        calls.on_end = [](void *data, const tracer_ended_span *ended) {
            detail::run_contained([=] { detail::held<Work>(data)(ended_span(ended)); });
        };
        return apply(add_callbacks(calls, std::make_shared<Work>(std::move(work))));
    }
    // `called` stands for it in the account and in messages.
    config &add_exporter(const name &called, std::shared_ptr<tracer::exporter> own) {
        return apply(detail::hand_exporter(get(), called.c_str(), std::move(own)));
    }
    // Calls `work` with each batch: [](const tracer::batch &spans) { return TRACER_EXPORT_OK; }
    template <class Work, detail::if_called_with<Work, const tracer::batch &> = 0>
    config &add_exporter(const name &called, Work work) {
        return add_exporter(called,
                            std::make_shared<detail::exporter_of<Work>>(std::move(work)));
    }
    // Behind those of `propagators`: where both read something, it wins.
    config &add_propagator(std::shared_ptr<tracer::propagator> own) {
        return apply(detail::hand_propagator(get(), std::move(own)));
    }
    // `roots_only`: spans with a parent do as it did.
    config &sampler(std::shared_ptr<tracer::sampler> own, bool roots_only = false) {
        const auto add = [this, roots_only](const auto *callbacks) {
            return tracer_config_set_sampler_callbacks(get(), callbacks, roots_only);
        };
        return apply(detail::hand_sampler(std::move(own), add));
    }
    // Asks `work` with a const sampling_input & and a sampling_output &. A tracer_decision decides; a
    // double is the share of the traces like this one that is kept, which tracestate then tells.
    template <class Work,
              detail::if_called_with<Work, const sampling_input &, sampling_output &> = 0>
    config &sampler(Work work, bool roots_only = false) {
        using answer = decltype(work(std::declval<const sampling_input &>(),
                                     std::declval<sampling_output &>()));
        return ask(std::move(work), roots_only, std::is_same<answer, double>());
    }
    // For spans below one kind of parent, where the sampler set before is for roots only, or a
    // TRACER_SAMPLER_PARENT_ one.
    config &parent_sampler(tracer_parent parent, std::shared_ptr<tracer::sampler> own) {
        return apply(detail::hand_sampler(std::move(own), [this, parent](const auto *callbacks) {
            return tracer_config_set_parent_sampler_callbacks(get(), parent, callbacks);
        }));
    }
    // Records what the sampler that is set afterwards drops, for processors alone.
    config &record_unsampled(bool on) {
        return apply(tracer_config_set_record_unsampled(get(), on));
    }
    // For a sampler by rules that is set afterwards: this share of the traces whose root has this name
    // (a last `*` stands for any end), kind and text attribute; NULL and 0 are any.
    config &add_sampling_rule(double share, const name &root, tracer_span_kind kind = 0,
                              const name &key = nullptr, const name &said = nullptr) {
        return apply(tracer_config_add_sampling_rule(get(), root.c_str(), kind, key.c_str(),
                                                     said.c_str(), share));
    }
    // These are kept as long as the process lives; any thread may call them, several at once.
    // Writes an id of `size` bytes: [](std::uint8_t *out, std::size_t size) { ... }
    template <class Work>
    config &id_generator(Work work, bool is_random) {
        const auto call = [](void *data, std::uint8_t *out, std::size_t size) {
            detail::run_contained([=] { (*static_cast<Work *>(data))(out, size); });
        };
        return apply(tracer_config_set_id_generator(get(), call, is_random,
                                                    new Work(std::move(work))));
    }
    // Tells the time of spans, as a `timestamp`.
    template <class Work>
    config &clock(Work work) {
        const auto call = [](void *data) {
            const auto ask = [=] { return timestamp((*static_cast<Work *>(data))()).unix_ns(); };
            return detail::contained(ask, std::uint64_t{0});
        };
        return apply(tracer_config_set_clock(get(), call, new Work(std::move(work))));
    }
    // Whether the spans of an instrumentation scope, by name and version, are recorded.
    template <class Work>
    config &scope_filter(Work work) {
        const auto call = [](void *data, const char *library, const char *version) {
            const auto ask = [=]() -> bool {
                return (*static_cast<Work *>(data))(library, version);
            };
            return detail::contained(ask, true);
        };
        return apply(tracer_config_set_scope_filter(get(), call, new Work(std::move(work))));
    }
    // Notes how a C call on get() went.
    config &apply(tracer_status status) {
        if (first_ && status != TRACER_OK) {
            first_ = result(status);
        }
        return *this;
    }
    // The first option that was refused, or that all is well.
    const result &checked() const noexcept { return first_; }
    // Installs the default provider.
    result init() const { return first_ ? result(tracer_init(get())) : first_; }
    tracer_config *get() const noexcept { return owned_.get(); }

  private:
    template <class Work>
    config &ask(Work work, bool roots_only, std::true_type) {
        return apply(
            detail::hand_share(get(), std::make_shared<Work>(std::move(work)), roots_only));
    }
    template <class Work>
    config &ask(Work work, bool roots_only, std::false_type) {
        return sampler(std::make_shared<detail::sampler_of<Work>>(std::move(work)), roots_only);
    }
    template <class Work>
    tracer_status add_callbacks(const tracer_processor_callbacks &calls,
                                std::shared_ptr<Work> work) {
        return detail::hand(calls, std::move(work), [this](const auto *callbacks) {
            return tracer_config_add_processor(get(), callbacks);
        });
    }
    detail::owner<tracer_config, tracer_config_free> owned_;
    result first_;
};

inline result init_from_env() { return tracer_init_from_env(); }
// Gives what the library says, one line each, to `work` in place of standard error, for good and in
// any thread: [](tracer_level level, const char *message) { ... }
template <class Work>
result set_diagnostic_handler(Work work) {
    const auto call = [](void *data, tracer_level level, const char *message) {
        detail::run_contained([=] { (*static_cast<Work *>(data))(level, message); });
    };
    return tracer_set_diagnostic_handler(call, new Work(std::move(work)));
}
// Deliver every span that has ended, of all providers, and end them; wait no longer than that.
inline result flush(std::chrono::milliseconds longest) {
    return tracer_flush(detail::milliseconds(longest));
}
inline result shutdown(std::chrono::milliseconds longest) {
    return tracer_shutdown(detail::milliseconds(longest));
}
namespace detail {

// What is measured may have grown since its length was asked for.
inline std::string metrics_text(const tracer_provider *of) {
    std::string all;
    std::size_t length = tracer_metrics_text(of, nullptr, 0);
    while (length > all.size()) {
        all.resize(length);
        length = tracer_metrics_text(of, &all[0], all.size() + 1);
    }
    all.resize(length);
    return all;
}

} // namespace detail

// Everything that is measured, in the Prometheus text format.
inline std::string metrics_text() { return detail::metrics_text(nullptr); }

// A call of a language model, to be counted; what is not said is not known, and counted nowhere.
//
//     tracer::record(tracer::llm_call("openai", "gpt-4o").tokens(12, 340).duration(took));
class llm_call {
  public:
    llm_call(text provider, text model)
        : provider_(provider.data(), provider.size()), model_(model.data(), model.size()) {}
    // That the model read, and wrote.
    llm_call &tokens(std::uint64_t input, std::uint64_t output) noexcept {
        raw_.input_tokens = input;
        raw_.output_tokens = output;
        return *this;
    }
    // In US dollars.
    llm_call &cost(double dollars) noexcept { return raw_.cost_dollars = dollars, *this; }
    llm_call &duration(std::chrono::duration<double> took) noexcept {
        return raw_.duration_seconds = took.count(), *this;
    }
    void record_in(const tracer_provider *counting) const noexcept {
        tracer_llm_call raw = raw_;
        raw.provider = provider_.c_str();
        raw.model = model_.c_str();
        tracer_metrics_record_llm_call(counting, &raw);
    }

  private:
    std::string provider_;
    std::string model_;
    tracer_llm_call raw_ = TRACER_LLM_CALL_INIT;
};

// Counts it in the default provider, where config::llm_metrics is on.
inline void record(const llm_call &call) noexcept { call.record_in(nullptr); }
// Whether anybody counts: worth asking before a call is told of.
inline bool counts_llm_calls() noexcept { return tracer_metrics_counts_llm_calls(nullptr); }
// The account of the default provider.
inline tracer_stats stats() noexcept {
    tracer_stats read = tracer_stats();
    read.struct_size = sizeof read;
    tracer_read_stats(&read);
    return read;
}

// One of several providers; spans are made in it through an instrumentation_scope of it.
class provider {
  public:
    provider() noexcept = default; // the default one
    result start(const config &setup) {
        if (!setup.checked()) {
            return setup.checked();
        }
        tracer_provider *made = nullptr;
        const tracer_status status = tracer_provider_new(setup.get(), &made);
        owned_.reset(made);
        return status;
    }
    result flush(std::chrono::milliseconds longest) const {
        return tracer_provider_flush(get(), detail::milliseconds(longest));
    }
    result shutdown(std::chrono::milliseconds longest) const {
        return tracer_provider_shutdown(get(), detail::milliseconds(longest));
    }
    // Adds the destinations of a configuration, while spans are made.
    result add_exporter(const config &setup) const {
        return setup.checked() ? result(tracer_provider_add_exporter(get(), setup.get()))
                               : setup.checked();
    }
    // Adds a processor, which sees the spans that start or end from then on.
    result add_processor(std::shared_ptr<processor> own) const {
        return detail::hand_processor(std::move(own), [this](const auto *callbacks) {
            return tracer_provider_add_processor(get(), callbacks);
        });
    }
    result set_default() const { return tracer_provider_set_default(get()); }
    void record(const llm_call &call) const noexcept { call.record_in(get()); }
    bool counts_llm_calls() const noexcept { return tracer_metrics_counts_llm_calls(get()); }
    std::string metrics_text() const { return detail::metrics_text(get()); }
    tracer_stats stats() const noexcept {
        tracer_stats read = tracer_stats();
        read.struct_size = sizeof read;
        tracer_provider_read_stats(get(), &read);
        return read;
    }
    tracer_provider *get() const noexcept { return owned_.get(); }

  private:
    detail::owner<tracer_provider, tracer_provider_free> owned_;
};

// The library or module that makes spans.
class instrumentation_scope {
  public:
    explicit instrumentation_scope(const name &library, const name &version = nullptr,
                                   const name &schema_url = nullptr) noexcept
        : owned_(tracer_scope_new(nullptr, library.c_str(), version.c_str(), schema_url.c_str())) {}
    explicit instrumentation_scope(const provider &of, const name &library,
                                   const name &version = nullptr,
                                   const name &schema_url = nullptr) noexcept
        : owned_(tracer_scope_new(of.get(), library.c_str(), version.c_str(),
                                  schema_url.c_str())) {}
    tracer_scope *get() const noexcept { return owned_.get(); }

  private:
    detail::owner<tracer_scope, tracer_scope_free> owned_;
};

// Emits a log record, of what is current on this thread: tracer::log(TRACER_SEVERITY_WARN, "retried",
// {{"attempt", 2}}). An expensive text is made only if somebody would see it: tracer::logs().
inline void log(tracer_severity severity, text said, attributes with = {}) noexcept {
    tracer_log_options options = TRACER_LOG_OPTIONS_INIT;
    options.attributes = with.begin();
    options.attribute_count = with.size();
    tracer_log_emit(nullptr, severity, said.data(), said.size(), &options);
}
inline void log(const instrumentation_scope &of, tracer_severity severity, text said,
                attributes with = {}) noexcept {
    tracer_log_options options = TRACER_LOG_OPTIONS_INIT;
    options.attributes = with.begin();
    options.attribute_count = with.size();
    tracer_log_emit(of.get(), severity, said.data(), said.size(), &options);
}
inline bool logs() noexcept { return tracer_log_is_enabled(nullptr); }

// A link to another span, borrowed: tracer::link{other} or tracer::link{other, list of attributes}.
class link : public tracer_link {
  public:
    link(const tracer::context &other, tracer::attributes with = {}) noexcept
        : tracer_link{other.get(), with.begin(), with.size()} {}
};
static_assert(sizeof(link) == sizeof(tracer_link), "an array of one is one of the other");

// How a span starts: tracer::options().kind(TRACER_KIND_SERVER).parent(remote). What is borrowed
// must live until the span has started.
class options {
  public:
    options &kind(tracer_span_kind kind) noexcept { return raw_.kind = kind, *this; }
    options &parent(const context &borrowed) noexcept { return raw_.parent = borrowed.get(), *this; }
    options &parent(context &&kept) noexcept {
        kept_ = std::move(kept);
        return parent(kept_);
    }
    options &links(const link *borrowed, std::size_t count) noexcept {
        raw_.links = borrowed;
        raw_.link_count = count;
        return *this;
    }
    options &links(std::initializer_list<link> borrowed) noexcept {
        return links(borrowed.begin(), borrowed.size());
    }
    options &root() noexcept { return raw_.flags |= std::uint32_t{TRACER_SPAN_ROOT}, *this; }
    // Several threads may write to the span at once.
    options &shared() noexcept { return raw_.flags |= std::uint32_t{TRACER_SPAN_SHARED}, *this; }
    options &start_time(timestamp time) noexcept {
        return raw_.start_unix_ns = time.unix_ns(), *this;
    }
    options &in(const instrumentation_scope &borrowed) noexcept {
        return scope_ = borrowed.get(), *this;
    }
    // Starts a span that the caller ends.
    tracer_span start(const name &called) const noexcept {
        tracer_span started;
        return start(started, called), started;
    }
    tracer_span start(const name &called, attributes with) const noexcept {
        tracer_span started;
        return start(started, called, with), started;
    }

  private:
    friend class span;
    friend class scope;
    // Puts the handle where it stays: one that is handed on, GCC 12 copies in a slow way.
    void start(tracer_span &started, const name &called) const noexcept {
        started = tracer_span_start(scope_, called.c_str(), &raw_);
    }
    void start(tracer_span &started, const name &called, attributes with) const noexcept {
        tracer_span_options raw = raw_;
        raw.attributes = with.begin();
        raw.attribute_count = with.size();
        started = tracer_span_start(scope_, called.c_str(), &raw);
    }

    tracer_span_options raw_ = TRACER_SPAN_OPTIONS_INIT;
    const tracer_scope *scope_ = nullptr;
    context kept_;
};

// Owns a span and ends it. Not current: see `scope`.
class span : public span_ref {
  public:
    span() noexcept = default; // the no-op span
    explicit span(const name &called) noexcept {
        handle_ = tracer_span_start(nullptr, called.c_str(), nullptr);
    }
    span(const name &called, attributes with) noexcept : span(called, options(), with) {}
    span(const name &called, const options &how) noexcept { how.start(handle_, called); }
    span(const name &called, const options &how, attributes with) noexcept {
        how.start(handle_, called, with);
    }
    explicit span(tracer_span adopted) noexcept : span_ref(adopted) {}
    span(span &&other) noexcept : span_ref(other.release()) {}
    span &operator=(span &&other) noexcept {
        if (this != &other) {
            end();
            handle_ = other.release();
        }
        return *this;
    }
    ~span() {
        if (handle_.slot != 0) {
            tracer_span_end(handle_);
        }
    }

    // Ends it now, or at a time. Later calls are no-ops.
    void end(timestamp at = std::uint64_t{0}) noexcept {
        if (handle_.slot != 0) {
            tracer_span_end_at(release(), at.unix_ns());
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
class TRACER_HPP_NODISCARD scope : public span_ref {
  public:
    explicit scope(const name &called) noexcept { handle_ = tracer_span_begin(called.c_str()); }
    scope(const name &called, attributes with) noexcept : scope(called, options(), with) {}
    scope(const name &called, const options &how) noexcept {
        how.start(handle_, called);
        tracer_span_enter(handle_);
    }
    scope(const name &called, const options &how, attributes with) noexcept {
        how.start(handle_, called, with);
        tracer_span_enter(handle_);
    }
    explicit scope(span &&adopted) noexcept : span_ref(adopted.release()) {
        tracer_span_enter(handle_);
    }
    explicit scope(const span_ref &entered) noexcept : span_ref(entered), owns_(false) {
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

namespace detail {

template <class Work>
auto call(Work &&work, span_ref within, int) -> decltype(std::forward<Work>(work)(within)) {
    return std::forward<Work>(work)(within);
}
template <class Work>
auto call(Work &&work, span_ref, long) -> decltype(std::forward<Work>(work)()) {
    return std::forward<Work>(work)();
}

} // namespace detail

// Calls `work` within a span, with a span_ref to it if it takes one. What it throws is recorded, fails
// the span and goes on.
template <class Work>
auto traced(const name &called, const options &how, Work &&work)
    -> decltype(detail::call(std::forward<Work>(work), span_ref(), 0)) {
    scope within(called, how);
#ifdef TRACER_HPP_EXCEPTIONS
    try {
        return detail::call(std::forward<Work>(work), within, 0);
    } catch (...) {
        within.fail(std::current_exception());
        throw;
    }
#else
    return detail::call(std::forward<Work>(work), within, 0);
#endif
}
template <class Work>
auto traced(const name &called, Work &&work)
    -> decltype(detail::call(std::forward<Work>(work), span_ref(), 0)) {
    return traced(called, options(), std::forward<Work>(work));
}

class handover;

// A context that is current on this thread from here to the end of the block.
class TRACER_HPP_NODISCARD attachment {
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

// A callable with the context of where it was made. See `carry`.
template <class Work>
class carried {
  public:
    explicit carried(Work work)
        : taken_(context::current()), work_(std::move(work)) {}
    template <class... Arguments>
    auto operator()(Arguments &&...arguments)
        -> decltype(std::declval<Work &>()(std::forward<Arguments>(arguments)...)) {
        const attachment here(taken_);
        return work_(std::forward<Arguments>(arguments)...);
    }

  private:
    context taken_;
    Work work_;
};

// For another thread: std::thread(tracer::carry(work)), pool.submit(tracer::carry([=] { ... })).
template <class Work>
carried<std::decay_t<Work>> carry(Work &&work) {
    return carried<std::decay_t<Work>>(std::forward<Work>(work));
}

#ifdef TRACER_HPP_COROUTINES
template <class Awaiter>
class kept;
#endif

// What a coroutine or fiber has made current; it goes along when that is suspended and goes on, on
// whichever thread. Begins with what is current where it is made. `coroutine_promise` does it all for
// a coroutine; where the promise type is somebody else's, the coroutine does it itself:
//
//     some_task serve(tracer::context from, request asked) {
//         tracer::task here(from);                        // first of all
//         here.resume();
//         tracer::scope span("serve");
//         auto rows = co_await here.keep(query(asked));   // `span` is current again behind it
//     }
class task {
  public:
    task() noexcept : owned_(tracer_task_new()) {}
    explicit task(const context &first) noexcept {
        const attachment here(first);
        owned_.reset(tracer_task_new());
    }
    void resume() noexcept { tracer_task_resume(owned_.get()); }
    void suspend() noexcept { tracer_task_suspend(owned_.get()); }
#ifdef TRACER_HPP_COROUTINES
    // What is awaited, with the task suspended meanwhile.
    template <class Awaitable>
    auto keep(Awaitable &&awaitable);
#endif
    tracer_task *get() const noexcept { return owned_.get(); }

  private:
    detail::owner<tracer_task, tracer_task_free> owned_;
};

#ifdef TRACER_HPP_COROUTINES
namespace detail {

// What `co_await` asks, by the language's rules.
template <class Awaitable>
decltype(auto) awaiter_of(Awaitable &&awaitable) {
    if constexpr (requires { std::forward<Awaitable>(awaitable).operator co_await(); }) {
        return std::forward<Awaitable>(awaitable).operator co_await();
    } else if constexpr (requires { operator co_await(std::forward<Awaitable>(awaitable)); }) {
        return operator co_await(std::forward<Awaitable>(awaitable));
    } else {
        return std::forward<Awaitable>(awaitable);
    }
}

} // namespace detail

// An awaiter in front of another, for task::keep: a reference if that is one.
template <class Awaiter>
class kept {
  public:
    template <class Awaitable>
    kept(task &of, Awaitable &&awaitable)
        : task_(of), awaiter_(detail::awaiter_of(std::forward<Awaitable>(awaitable))) {}

    bool await_ready() noexcept(noexcept(std::declval<Awaiter &>().await_ready())) {
        return static_cast<bool>(awaiter_.await_ready());
    }
    // Once the awaiter knows the coroutine, that may go on elsewhere, and this be gone.
    template <class Promise>
    auto await_suspend(std::coroutine_handle<Promise> coroutine) noexcept(
        noexcept(std::declval<Awaiter &>().await_suspend(coroutine))) {
        task_.suspend();
#ifdef TRACER_HPP_EXCEPTIONS
        if constexpr (!noexcept(awaiter_.await_suspend(coroutine))) {
            try {
                return awaiter_.await_suspend(coroutine);
            } catch (...) {
                task_.resume(); // it was not suspended after all
                throw;
            }
        } else {
            return awaiter_.await_suspend(coroutine);
        }
#else
        return awaiter_.await_suspend(coroutine);
#endif
    }
    decltype(auto) await_resume() noexcept(noexcept(std::declval<Awaiter &>().await_resume())) {
        task_.resume();
        return awaiter_.await_resume();
    }

  private:
    task &task_;
    Awaiter awaiter_;
};

template <class Awaitable>
auto task::keep(Awaitable &&awaitable) {
    using awaiter = decltype(detail::awaiter_of(std::forward<Awaitable>(awaitable)));
    return kept<awaiter>(*this, std::forward<Awaitable>(awaitable));
}

// Base of a promise type: the coroutine begins with what is current where it is called, and spans that
// are current in it stay so over each co_await, on whichever thread it goes on, and are not so for
// others meanwhile.
//
//     struct promise_type : tracer::coroutine_promise {
//         auto initial_suspend() noexcept { return keep(std::suspend_always()); }
//         auto final_suspend() noexcept { return keep(std::suspend_always()); }
//         auto yield_value(int value) { return keep(std::suspend_always()); }
//         ...
class coroutine_promise {
  public:
    template <class Awaitable>
    auto await_transform(Awaitable &&awaitable) {
        return keep(std::forward<Awaitable>(awaitable));
    }
    // For what the language does not pass through await_transform.
    template <class Awaitable>
    auto keep(Awaitable &&awaitable) {
        return task_.keep(std::forward<Awaitable>(awaitable));
    }

  private:
    task task_;
};
#endif // TRACER_HPP_COROUTINES

// For tests: every span that ends in this process, on all threads, while it lives. What it gives is
// borrowed until it is cleared or gone.
//
//     tracer::capture spans;
//     handle(request);
//     assert(spans.find("load").is_child_of(spans.find("request")));
class capture {
  public:
    capture() noexcept : owned_(tracer_capture_new()) {}
    std::size_t size() const noexcept { return tracer_capture_count(get()); }
    // In the order in which they ended.
    span_view operator[](std::size_t index) const noexcept {
        return span_view(tracer_capture_span(get(), index));
    }
    // The one of that name that ended last.
    span_view find(const name &called) const noexcept {
        return span_view(tracer_capture_find_span(get(), called.c_str()));
    }
    std::size_t log_count() const noexcept { return tracer_capture_log_count(get()); }
    // In the order in which they were emitted.
    log_view log(std::size_t index) const noexcept {
        return log_view(tracer_capture_log(get(), index));
    }
    void clear() const noexcept { tracer_capture_clear(get()); }
    tracer_capture *get() const noexcept { return owned_.get(); }

  private:
    detail::owner<tracer_capture, tracer_capture_free> owned_;
};

} // namespace tracer

#define TRACER_HPP_JOIN_(a, b) a##b
#define TRACER_HPP_JOIN(a, b) TRACER_HPP_JOIN_(a, b)
// A tracer::scope for the rest of the block: TRACER_SPAN("parse") or
// TRACER_SPAN("parse", {{"bytes", size}}). tracer::current() is the span.
#define TRACER_SPAN(...) \
    const ::tracer::scope TRACER_HPP_JOIN(tracer_span_at_, __LINE__)(__VA_ARGS__)

#endif // TRACER_HPP
