// Calls where C++ makes and unmakes objects: before main, in destructors of statics and of thread_local
// objects, on the way out by quick_exit. Each place is a child process of this one.
#include "../c/harness.h"
extern "C" {
#include "../c/sink.h"
}

#include <cstdlib>
#include <memory>
#include <sys/wait.h>
#include <thread>
#include <tracer.hpp>
#include <unistd.h>

namespace {

enum { UNUSED = 99 };

const char *self;
int wanted = -1; // uses of the library, in a child
int uses;

void use(const char *name) {
    tracer::span outer(name, {{"place", name}});
    outer.add_event("used");
    {
        tracer::span inner("inner");
        inner.fail("as it is the end");
        const tracer::context here = tracer::context::current();
        tracer::span below("below", tracer::options().parent(here));
    }
    tracer_capture *capture = tracer_capture_new();
    tracer::span("captured");
    tracer_capture_free(capture);
    uses++;
}

enum { SPANS = 4 };

// Uses the library when it is made, if it has a name for that, and at its end.
class user {
  public:
    user(const char *begins, const char *ends) : ends_(ends) {
        if (begins != nullptr) {
            use(begins);
        }
    }
    user(const user &) = delete;
    user &operator=(const user &) = delete;
    ~user() {
        use(ends_);
        tracer_stats now = stats();
        CHECK_INT(now.panics, 0);
        CHECK_INT(now.started, now.exported + now.dropped + now.queued + now.spooled + now.open);
    }
    void touch() const {}

  private:
    const char *ends_;
};

// The last of all to go: ends the child with what its checks say.
class teller {
  public:
    teller() = default;
    teller(const teller &) = delete;
    teller &operator=(const teller &) = delete;
    ~teller() {
        if (wanted >= 0) {
            CHECK_INT(uses, wanted);
            _exit(harness_failed > 0);
        }
    }
};

// In this order, which is that of their ends backwards.
const teller last;
const user before_main("before main", "static");
std::unique_ptr<tracer::span> kept_open;

void expect(int more_uses) { wanted = uses + more_uses; }

void init_from_environment() { CHECK_INT(tracer_init_from_env(), TRACER_OK); }

void end_in_statics() {
    init_from_environment();
    static const user within_main("within main", "static within main");
    expect(2);
    std::exit(0);
}

void end_in_statics_made_first() {
    static const user earlier(nullptr, "static made before set-up");
    init_from_environment();
    use("main");
    expect(2);
    std::exit(0);
}

void use_thread_locals() {
    thread_local const user before(nullptr, "thread_local made first");
    before.touch();
    use("thread");
    thread_local const user after("thread_local", "thread_local made last");
    after.touch();
}

void end_in_thread_locals() {
    init_from_environment();
    std::thread(use_thread_locals).join();
    std::thread(use_thread_locals).join();
    CHECK_INT(uses, 1 + 2 * 4);
    CHECK_INT(tracer_flush(5000), TRACER_OK);
    CHECK_INT(stats().queued, 0);
    use_thread_locals(); // of the main thread: its own go first of all
    expect(3);
    std::exit(0);
}

void end_with_open_spans() {
    init_from_environment();
    thread_local tracer::span of_thread("kept by the thread");
    kept_open.reset(new tracer::span("kept by a static"));
    CHECK_INT(stats().open, 2);
    std::thread([] { thread_local tracer::span of_another("kept by another thread"); }).join();
    expect(1);
    std::exit(0);
}

void use_at_quick_exit() {
    use("quick_exit");
    CHECK_INT(tracer_flush(5000), TRACER_OK);
    _exit(harness_failed > 0);
}

void end_quickly() {
    init_from_environment();
    use("main");
    CHECK_INT(std::at_quick_exit(use_at_quick_exit), 0);
    std::quick_exit(UNUSED);
}

const struct {
    const char *name;
    void (*run)();
} children[] = {
    {"statics", end_in_statics},
    {"statics_made_first", end_in_statics_made_first},
    {"thread_locals", end_in_thread_locals},
    {"open_spans", end_with_open_spans},
    {"quick_exit", end_quickly},
};

// Runs a child; returns the spans that a receiver had of it.
std::size_t run_child(const char *name) {
    sink *receiver = sink_start(false);
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        sink_environment(sink_port(receiver));
        execl(self, self, name, static_cast<char *>(nullptr));
        _exit(UNUSED);
    }
    int status = 0;
    CHECK(waitpid(child, &status, 0) == child);
    if (!CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0)) {
        fprintf(stderr, "    status %d\n", status);
    }
    const std::size_t spans = sink_spans(receiver);
    sink_stop(receiver);
    return spans;
}

void in_destructors_of_statics() { CHECK_INT(run_child("statics"), 2 * SPANS); }
void in_those_of_statics_older_than_tracing() {
    CHECK_INT(run_child("statics_made_first"), SPANS);
}
void in_destructors_of_thread_locals() { CHECK_INT(run_child("thread_locals"), 12 * SPANS); }
void spans_that_end_with_their_static_or_thread() { CHECK_INT(run_child("open_spans"), 2); }
void on_the_way_of_quick_exit() { CHECK_INT(run_child("quick_exit"), 2 * SPANS); }

} // namespace

int main(int count, char **arguments) {
    self = arguments[0];
    for (const auto &child : children) {
        if (count > 1 && std::strcmp(arguments[1], child.name) == 0) {
            alarm(60);
            child.run();
        }
    }
    CHECK_INT(uses, 1); // before main
    RUN(in_destructors_of_statics);
    RUN(in_those_of_statics_older_than_tracing);
    RUN(in_destructors_of_thread_locals);
    RUN(spans_that_end_with_their_static_or_thread);
    RUN(on_the_way_of_quick_exit);
    return finish();
}
