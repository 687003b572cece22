// Spans that are current in a coroutine stay so over its suspensions, on whichever thread it goes on.
// With a small scheduler: some threads, a queue of coroutines, tasks that await each other.
#include "captured.hpp"

#include <tracer.hpp>

#ifdef TRACER_HPP_COROUTINES
#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <exception>
#include <future>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

// Runs coroutines on threads; `hop` goes on at whichever of them is free.
class scheduler {
  public:
    explicit scheduler(int threads) {
        for (int i = 0; i < threads; i++) {
            threads_.emplace_back([this] { run(); });
        }
    }
    ~scheduler() {
        {
            const std::lock_guard<std::mutex> lock(mutex_);
            stopped_ = true;
        }
        wake_.notify_all();
        for (std::thread &thread : threads_) {
            thread.join();
        }
    }
    void post(std::coroutine_handle<> ready) {
        {
            const std::lock_guard<std::mutex> lock(mutex_);
            ready_.push_back(ready);
        }
        wake_.notify_one();
    }
    struct hop_awaiter {
        scheduler &on;
        bool await_ready() const noexcept { return false; }
        void await_suspend(std::coroutine_handle<> coroutine) const { on.post(coroutine); }
        void await_resume() const noexcept {}
    };
    hop_awaiter hop() { return {*this}; }
    std::atomic<int> left_current{0};

  private:
    void run() {
        std::unique_lock<std::mutex> lock(mutex_);
        for (;;) {
            wake_.wait(lock, [this] { return stopped_ || !ready_.empty(); });
            if (ready_.empty()) {
                return;
            }
            const std::coroutine_handle<> next = ready_.front();
            ready_.pop_front();
            lock.unlock();
            next.resume();
            left_current += tracer::context::current().is_valid();
            lock.lock();
        }
    }
    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<std::coroutine_handle<>> ready_;
    bool stopped_ = false;
    std::vector<std::thread> threads_;
};

// A lazy task that others await, with symmetric transfer.
template <class Base>
class basic_task {
  public:
    struct promise_type : Base {
        std::coroutine_handle<> waiting = std::noop_coroutine();
        int result = 0;
        std::exception_ptr error;

        struct to_waiting {
            bool await_ready() const noexcept { return false; }
            std::coroutine_handle<>
            await_suspend(std::coroutine_handle<promise_type> ended) const noexcept {
                return ended.promise().waiting;
            }
            void await_resume() const noexcept {}
        };
        basic_task get_return_object() {
            return basic_task(std::coroutine_handle<promise_type>::from_promise(*this));
        }
        auto initial_suspend() noexcept { return Base::keep(std::suspend_always()); }
        auto final_suspend() noexcept { return Base::keep(to_waiting()); }
        void return_value(int value) { result = value; }
        void unhandled_exception() {
#ifdef TRACER_HPP_EXCEPTIONS
            error = std::current_exception();
#else
            std::abort();
#endif
        }
    };
    explicit basic_task(std::coroutine_handle<promise_type> made) : coroutine_(made) {}
    basic_task(basic_task &&other) noexcept : coroutine_(std::exchange(other.coroutine_, {})) {}
    ~basic_task() {
        if (coroutine_) {
            coroutine_.destroy();
        }
    }
    bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> waiting) const noexcept {
        coroutine_.promise().waiting = waiting;
        return coroutine_;
    }
    int await_resume() const {
        if (coroutine_.promise().error) {
            std::rethrow_exception(coroutine_.promise().error);
        }
        return coroutine_.promise().result;
    }

  private:
    std::coroutine_handle<promise_type> coroutine_;
};

using task = basic_task<tracer::coroutine_promise>;

// A promise type that knows nothing of us.
struct plain {
    template <class Awaitable>
    Awaitable keep(Awaitable awaitable) noexcept {
        return awaitable;
    }
};
using foreign_task = basic_task<plain>;

// Starts at once and runs by itself; tells when it is over.
struct detached {
    struct promise_type : tracer::coroutine_promise {
        detached get_return_object() noexcept { return {}; }
        auto initial_suspend() noexcept { return keep(std::suspend_never()); }
        auto final_suspend() noexcept { return keep(std::suspend_never()); }
        void return_void() noexcept {}
        void unhandled_exception() noexcept { std::abort(); }
    };
};

detached drive(task work, std::promise<int> &over) {
    const int result = co_await work;
    over.set_value(result);
}

int wait_for(task work) {
    std::promise<int> over;
    std::future<int> result = over.get_future();
    drive(std::move(work), over);
    return result.get();
}

bool under(const captured &spans, const std::string &name, const std::string &parent) {
    return std::string(spans[name.c_str()].parent_id) == spans[parent.c_str()].span_id;
}

task leaf(scheduler &on, std::string name) {
    tracer::scope span(name);
    co_await on.hop();
    tracer::current().set("hopped", true);
    co_return 1;
}

task branch(scheduler &on, std::string name) {
    tracer::scope outer(name);
    int sum = co_await leaf(on, name + " first");
    {
        tracer::scope inner(name + " inner");
        co_await on.hop();
        sum += co_await leaf(on, name + " within");
    }
    co_await on.hop();
    sum += co_await leaf(on, name + " last");
    co_return sum;
}

void spans_are_current_behind_each_co_await() {
    const captured spans;
    scheduler on(2);
    {
        const tracer::scope maker("maker");
        CHECK_INT(wait_for(branch(on, "b")), 3);
        CHECK(tracer::current().span_id() == maker.span_id());
    }
    CHECK(under(spans, "b", "maker"));
    CHECK(under(spans, "b first", "b"));
    CHECK(under(spans, "b inner", "b"));
    CHECK(under(spans, "b within", "b inner"));
    CHECK(under(spans, "b last", "b"));
    CHECK_TEXT(spans["b within"].attributes, "hopped=true");
    CHECK_INT(on.left_current, 0);
}

void many_at_once_keep_apart() {
    constexpr int count = 50;
    const captured spans;
    const std::uint64_t repaired = stats().detach_order;
    scheduler on(4);
    std::vector<std::promise<int>> over(count);
    for (int i = 0; i < count; i++) {
        const tracer::scope maker("maker " + std::to_string(i));
        drive(branch(on, std::to_string(i)), over[static_cast<std::size_t>(i)]);
    }
    for (std::promise<int> &one : over) {
        CHECK_INT(one.get_future().get(), 3);
    }
    for (int i = 0; i < count; i++) {
        const std::string name = std::to_string(i);
        CHECK(under(spans, name, "maker " + name));
        CHECK(under(spans, name + " first", name));
        CHECK(under(spans, name + " within", name + " inner"));
        CHECK(under(spans, name + " last", name));
    }
    CHECK_INT(spans.count(), 6 * count);
    CHECK_INT(on.left_current, 0);
    CHECK_INT(stats().detach_order, repaired);
}

struct numbers {
    struct promise_type : tracer::coroutine_promise {
        int value = 0;
        numbers get_return_object() {
            return {std::coroutine_handle<promise_type>::from_promise(*this)};
        }
        auto initial_suspend() noexcept { return keep(std::suspend_always()); }
        auto final_suspend() noexcept { return keep(std::suspend_always()); }
        auto yield_value(int next) {
            value = next;
            return keep(std::suspend_always());
        }
        void return_void() noexcept {}
        void unhandled_exception() noexcept { std::abort(); }
    };
    std::coroutine_handle<promise_type> coroutine;
};

numbers count_to(int last) {
    tracer::scope span("generator");
    for (int i = 1; i <= last; i++) {
        tracer::span("step");
        co_yield i;
    }
}

void a_generator_keeps_its_spans_to_itself() {
    const captured spans;
    const numbers made = count_to(2);
    std::string reader_id;
    {
        const tracer::scope reader("reader");
        reader_id = reader.span_id();
        made.coroutine.resume();
        CHECK_INT(made.coroutine.promise().value, 1);
        tracer::span("of the reader");
    }
    made.coroutine.resume();
    made.coroutine.resume();
    CHECK(made.coroutine.done());
    made.coroutine.destroy();
    CHECK_TEXT(spans["of the reader"].parent_id, reader_id.c_str());
    CHECK(under(spans, "step", "generator"));
    CHECK_TEXT(spans["generator"].parent_id, ""); // nothing was current where it was made
}

foreign_task serve(tracer::context from, scheduler &on) {
    tracer::task here(from);
    here.resume();
    tracer::scope span("foreign");
    co_await here.keep(on.hop());
    tracer::span("behind the hop");
    co_return 4;
}

task call_foreign(scheduler &on) {
    tracer::scope span("caller");
    const int result = co_await serve(tracer::context::current(), on);
    tracer::span("behind the call");
    co_return result;
}

void other_peoples_tasks_keep_it_themselves() {
    const captured spans;
    scheduler on(1);
    CHECK_INT(wait_for(call_foreign(on)), 4);
    CHECK(under(spans, "foreign", "caller"));
    CHECK(under(spans, "behind the hop", "foreign"));
    CHECK(under(spans, "behind the call", "caller"));
    CHECK_INT(on.left_current, 0);
}

// The language's other ways to be awaited, and awaiters that do not suspend after all.
struct by_member {
    std::suspend_never operator co_await() const noexcept { return {}; }
};
struct by_function {};
std::suspend_never operator co_await(by_function) noexcept { return {}; }
struct refuses {
    bool await_ready() const noexcept { return false; }
    bool await_suspend(std::coroutine_handle<>) const noexcept { return false; }
    int await_resume() const noexcept { return 7; }
};
struct fails {
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<>) const {
#ifdef TRACER_HPP_EXCEPTIONS
        throw std::runtime_error("cannot wait");
#endif
    }
    void await_resume() const noexcept {}
};

task odd_ones() {
    tracer::scope span("odd");
    co_await by_member();
    co_await by_function();
    refuses named;
    const int result = co_await named;
    tracer::span("still below");
#ifdef TRACER_HPP_EXCEPTIONS
    bool caught = false;
    try {
        co_await fails();
    } catch (const std::runtime_error &) {
        caught = tracer::current().span_id() == span.span_id();
    }
    CHECK(caught);
#endif
    co_return result;
}

void every_way_to_be_awaited_is_kept() {
    const captured spans;
    CHECK_INT(wait_for(odd_ones()), 7);
    CHECK(under(spans, "still below", "odd"));
    CHECK(!tracer::context::current().is_valid());
}

#ifdef TRACER_HPP_EXCEPTIONS
task breaks(scheduler &on) {
    tracer::scope span("breaks");
    co_await on.hop();
    throw std::runtime_error("broken");
}

task catches(scheduler &on) {
    tracer::scope span("catches");
    try {
        co_await breaks(on);
    } catch (const std::exception &error) {
        tracer::current().fail(error);
    }
    co_return 1;
}

void an_exception_comes_out_where_the_spans_are() {
    const captured spans;
    scheduler on(2);
    CHECK_INT(wait_for(catches(on)), 1);
    CHECK_TEXT(spans["catches"].message, "broken");
    CHECK(under(spans, "breaks", "catches"));
}
#endif

} // namespace

int main() {
    set_up("none");
    RUN(spans_are_current_behind_each_co_await);
    RUN(many_at_once_keep_apart);
    RUN(a_generator_keeps_its_spans_to_itself);
    RUN(other_peoples_tasks_keep_it_themselves);
    RUN(every_way_to_be_awaited_is_kept);
#ifdef TRACER_HPP_EXCEPTIONS
    RUN(an_exception_comes_out_where_the_spans_are);
#endif
    return finish();
}
#else
int main() {
    std::puts("no coroutines with this compiler and standard");
    return finish();
}
#endif
