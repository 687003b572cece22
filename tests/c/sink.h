/* A small OTLP/HTTP receiver in a thread of the test: answers 200 and counts spans, or says nothing. */
#ifndef SINK_H
#define SINK_H

#include <stdbool.h>
#include <stddef.h>

typedef struct sink sink;

/* Listens on a free port of 127.0.0.1. A silent one takes connections and never answers. */
sink *sink_start(bool silent);
int sink_port(const sink *sink);
/* Received so far. */
size_t sink_spans(sink *sink);
size_t sink_requests(sink *sink);
/* Closes its socket; its thread ends with the process. */
void sink_stop(sink *sink);
/* Points OTEL_EXPORTER_OTLP_ENDPOINT at a port of this machine. */
void sink_environment(int port);

#endif
