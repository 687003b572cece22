// The rows of hot.c through tracer.hpp, a class for each handle.
#include "hot.h"

#include <tracer.hpp>

static void none(int, const void *options) {
    tracer::span span(NAME, *static_cast<const tracer::options *>(options));
}

static void write_four(tracer::span_ref span, int i) {
    span.set("http.request.method", TEXT);
    span.set("http.response.status_code", 200 + (i & 7));
    span.set("app.duration_ms", i * 0.5);
    span.set("cache.hit", bool(i & 1));
}

static void four(int i, const void *options) {
    tracer::span span(NAME, *static_cast<const tracer::options *>(options));
    write_four(span, i);
}

static void calls(int i, const void *span) {
    write_four(*static_cast<const tracer::span_ref *>(span), i);
}

int main(int argc, char **argv) {
    set_up(argc, argv);
    tracer::options below, unsampled;
    below.parent(tracer::context::of(tracer::span("parent")));
    unsampled.parent(tracer::context::from_traceparent(UNSAMPLED));
    row("N3", 1, none, &below);
    row("N1", 1, four, &below);
    row("N4", 1, none, &unsampled);
    const tracer::span quiet(NAME, unsampled), no_op;
    const tracer::span_ref there = quiet, nothing = no_op;
    row("N4a", 4, calls, &there);
    row("N4b", 4, calls, &nothing);
    return finish();
}
