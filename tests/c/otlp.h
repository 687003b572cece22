/* Reads back what a capture saw: one OTLP ResourceSpans or ResourceLogs message, as text that a test can compare. */
#ifndef OTLP_H
#define OTLP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <tracer.h>

typedef struct seen {
    char name[256];
    char trace_id[33], span_id[17], parent_id[17]; /* hex; parent_id empty for a root */
    char trace_state[256];
    char attributes[4096]; /* a=1 b="text" c=2.5 d=true e=x'00ff' f=[1,null,{"k":2}] */
    char events[4096];     /* name{a=1} name{} */
    char links[1024];      /* traceid-spanid{a=1} */
    char message[256];
    char resource[2048];
    char scope[256]; /* name version */
    char scope_attributes[512];
    char schemas[256]; /* of the resource, of the scope */
    uint64_t kind, code, start, end, flags, event_time;
    uint64_t dropped_attributes, dropped_events, dropped_links;
    /* Of a log record, whose time is `start`; empty or 0 for spans. */
    char body[4096]; /* like the value of an attribute */
    char severity_text[64], event_name[256];
    uint64_t severity, observed;
} seen;

/* Reads the span at `index`; false, and all empty, if there is none. */
bool see(const tracer_capture *capture, size_t index, seen *out);
/* Reads the last span of that name. */
bool see_named(const tracer_capture *capture, const char *name, seen *out);
/* Reads the log record at `index`; false, and all empty, if there is none. */
bool see_log(const tracer_capture *capture, size_t index, seen *out);
/* Reads the span of an ExportTraceServiceRequest that has one. */
bool see_sent(const uint8_t *request, size_t len, seen *out);
/* Spans in an ExportTraceServiceRequest, or log records in an ExportLogsServiceRequest. */
size_t count_spans(const uint8_t *request, size_t len);

#endif
