/* tracer.h: libtracer's stable C ABI. SPDX-License-Identifier: Apache-2.0
 * Generated from ffi/ and abi/ by `make header`: change it there.
 *
 * Contents (search for the word in brackets)
 *  [types]       every type and constant, each with what it means
 *  [status]      why a call of set-up failed
 *  [set-up]      configuration, the default provider and others, scopes, flush and shutdown
 *  [spans]       start, make current, write, read, end; none of it fails
 *  [attributes]  arrays, maps and null, piece by piece, and read back; attributes as text
 *  [context]     between threads and processes: attach, extract, inject, baggage, tasks
 *  [callbacks]   processors, exporters, samplers and the like of the program's own
 *  [logs]        log records
 *  [metrics]     the series of calls of language models
 *  [stats]       the account: every span is exported, dropped for a cause, queued or open
 *  [testing]     see what the program records
 *  [version]     of the library and of the ABI, the table for language bindings
 *
 * A first program:
 *
 *     // cc hello.c -ltracer && OTEL_TRACES_EXPORTER=console ./a.out
 *     #include <stdio.h>
 *     #include <tracer.h>
 *
 *     int main(void) {
 *         if (tracer_init_from_env() != TRACER_OK) { // OTEL_* variables; never fatal
 *             char why[256];
 *             tracer_last_error(why, sizeof why);
 *             fprintf(stderr, "tracing is off: %s\n", why);
 *         }
 *         tracer_span request = tracer_span_begin("request"); // start, and make current here
 *         tracer_span_set_string(request, "user", "ada", 3);
 *         tracer_span load = tracer_span_begin("load_model"); // a child of request
 *         tracer_span_set_int(load, "layers", 32);
 *         tracer_span_finish(load); // end; request is current again
 *         tracer_span_finish(request);
 *         return tracer_shutdown(2000) == TRACER_OK ? 0 : 1; // at most 2,000 ms
 *     }
 *
 * Contract
 *  Errors     Set-up returns a tracer_status: 0 is OK, why not is in tracer_last_error, kept for each
 *             thread. Recording (spans, contexts, values, logs) never fails: what cannot be kept is
 *             counted by cause, see tracer_stats. Nothing of ours aborts, raises, prints for each span
 *             or waits for network or disk; but flush and shutdown wait, until their deadline.
 *  NULL       Allowed for every pointer: "none", "the default", or nothing happens.
 *  Ownership  What a function returns by plain pointer (_new, _copy, _current, _extract, _from_, _with_)
 *             is the caller's, freed by the _free of its type. What it returns by const pointer is
 *             lent: its comment says until when. What is passed in is borrowed for the call and copied.
 *             To free twice, or what is not the caller's, is a counted no-op, and what was freed reads
 *             as empty: as a rule until 64 more of its type were freed, when its memory serves again.
 *  Text       Names and keys are NUL-terminated UTF-8; values have a length. Invalid UTF-8 becomes
 *             U+FFFD and is counted. Times are Unix nanoseconds, 0 = now.
 *  Structs    Those that begin with struct_size grow at their end: begin with the _INIT of the type,
 *             then set members by name. A library that is newer or older knows what is there.
 *  Spans      A tracer_span is two words, by value, nothing to free. The zero span is a no-op; a stale,
 *             ended or made-up one is a counted no-op. It dies at its end: take tracer_span_context
 *             before, to be a parent later. One thread at a time writes to a span unless
 *             TRACER_SPAN_SHARED is set; it may be ended on another thread than it was started on.
 *  Current    Each thread has a stack of current spans; begin, enter and attach push, finish, leave and
 *             detach pop. A span started without a parent is a child of what is current, also of what
 *             is current in a language that called (Python). Without that language's lock (the GIL)
 *             take tracer_context_current before releasing it and attach it after.
 *  Threads    Every function may be called from any thread at any time. One thread at a time uses a
 *             tracer_config, tracer_value or tracer_task; all else may be shared, but not while freed.
 *             No call is a cancellation point, nor its callbacks; no asynchronous cancellation in calls.
 *  Callbacks  The program's own are called without a lock of ours held, in the thread that their type
 *             names, several at once unless it says otherwise. They may call anything but flush and
 *             shutdown, which would wait for them, and must return: no exception, no longjmp out.
 *  Panics     One within the library ends there and is counted; the call returns TRACER_INTERNAL, a
 *             no-op or nothing. No exception of C++ passes through a function of ours.
 *  Memory     Bounded in bytes (32 MiB unless set): above it new spans are dropped and counted. A
 *             refused allocation loses the attribute or span in recording; elsewhere it aborts.
 *  Fork       The child starts anew: own ids, own account, own exporter thread. The parent's spans are
 *             valid parents there; writing to and ending them are no-ops. Raw forks count too.
 *  Signals    In a handler: tracer_span_*, only on threads that have recorded before; a call that
 *             interrupts another is a counted no-op. They may allocate: not where the program may be
 *             in malloc itself. errno is kept. Our threads block all signals.
 *  Exit       Normal exit flushes within two seconds. Calls before main, in atexit handlers, thread-local
 *             and static destructors and after main are safe. The library is never unloaded.
 *
 * A second program, a server: a caller's context, a span of a kind, work on another thread.
 *
 *     // cc serve.c -ltracer -lpthread && OTEL_TRACES_EXPORTER=console ./a.out
 *     #include <pthread.h>
 *     #include <stdio.h>
 *     #include <string.h>
 *     #include <tracer.h>
 *
 *     typedef struct request {
 *         const char *path, *traceparent;
 *     } request;
 *
 *     // A header of the request, or NULL.
 *     static const char *header(void *carrier, const char *key) {
 *         const request *got = carrier;
 *         return strcmp(key, "traceparent") == 0 ? got->traceparent : NULL;
 *     }
 *
 *     static void *store(void *context) { // on another thread
 *         uint64_t token = tracer_context_attach(context);
 *         tracer_span write = tracer_span_begin("store"); // a child of the request's span
 *         tracer_span_set_status(write, TRACER_STATUS_ERROR, "disk is full");
 *         tracer_span_finish(write);
 *         tracer_context_detach(token);
 *         return NULL;
 *     }
 *
 *     static void serve(request *got) {
 *         tracer_attribute path = {"url.path", TRACER_STRING, {{got->path, strlen(got->path)}}};
 *         tracer_context *caller = tracer_context_extract(header, NULL, got);
 *         tracer_span_options options = TRACER_SPAN_OPTIONS_INIT;
 *         options.kind = TRACER_KIND_SERVER;
 *         options.parent = caller;
 *         options.attributes = &path;
 *         options.attribute_count = 1;
 *         tracer_span span = tracer_span_start(NULL, "GET /cart", &options);
 *         tracer_context_free(caller);
 *         tracer_span_enter(span); // current on this thread until finished
 *
 *         tracer_context *here = tracer_context_current();
 *         pthread_t thread;
 *         if (pthread_create(&thread, NULL, store, here) == 0) {
 *             pthread_join(thread, NULL);
 *         }
 *         tracer_context_free(here);
 *         char trace_id[33], span_id[17];
 *         tracer_current_ids_hex(trace_id, span_id);
 *         printf("served %s trace_id=%s span_id=%s\n", got->path, trace_id, span_id);
 *         tracer_span_finish(span);
 *     }
 *
 *     int main(void) {
 *         tracer_config *config = tracer_config_new();
 *         if (tracer_config_load_env(config) != TRACER_OK ||
 *             tracer_config_set_service_name(config, "shop") != TRACER_OK ||
 *             tracer_init(config) != TRACER_OK) {
 *             char why[256];
 *             tracer_last_error(why, sizeof why);
 *             fprintf(stderr, "tracing is off: %s\n", why);
 *         }
 *         tracer_config_free(config);
 *         request got = {"/cart", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"};
 *         serve(&got);
 *         return tracer_shutdown(2000) == TRACER_OK ? 0 : 1;
 *     }
 */

#ifndef TRACER_H
#define TRACER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#define TRACER_SPAN_OPTIONS_INIT {sizeof(tracer_span_options), 0, 0, NULL, 0, NULL, 0, NULL, 0}

#define TRACER_LLM_CALL_INIT {sizeof(tracer_llm_call), NULL, NULL, 0, 0, 0, 0}

#define TRACER_LIMITS_INIT {sizeof(tracer_limits), 0, 0, 0, 0, 0, 0, 0, 0, 0}

#define TRACER_LOG_OPTIONS_INIT {sizeof(tracer_log_options), 0, 0, NULL, NULL, 0, NULL, 0, 0, NULL, NULL}

#define TRACER_STATS_INIT \
    {sizeof(tracer_stats), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}

#define TRACER_PROCESSOR_CALLBACKS_INIT \
    {sizeof(tracer_processor_callbacks), NULL, NULL, NULL, NULL, NULL, NULL, NULL}

#define TRACER_EXPORTER_CALLBACKS_INIT {sizeof(tracer_exporter_callbacks), NULL, NULL, NULL, NULL, NULL}

#define TRACER_PROPAGATOR_CALLBACKS_INIT {sizeof(tracer_propagator_callbacks), NULL, NULL, NULL, NULL, NULL}

#define TRACER_SAMPLER_CALLBACKS_INIT {sizeof(tracer_sampler_callbacks), NULL, NULL, NULL, NULL, NULL}

#define TRACER_LIMIT_UNLIMITED SIZE_MAX /* in a tracer_limits: no limit */
#define TRACER_LIMIT_ZERO (SIZE_MAX - 1) /* in a tracer_limits: not one */

typedef struct tracer_table tracer_table; /* for language bindings: abi/src/table.rs */

#if defined(__GNUC__)
#define TRACER_MUST_USE __attribute__((warn_unused_result))
#else
#define TRACER_MUST_USE
#endif

/* [types] every type and constant, each with what it means */


// Several threads may use the span at once; costs a lock of some nanoseconds a call.
#define TRACER_SPAN_SHARED 1

// No parent: a new trace.
#define TRACER_SPAN_ROOT 2

// The record belongs to no span, whatever is current.
#define TRACER_LOG_NO_SPAN 1

// The version of this ABI, equal to the number in the SONAME.
#define TRACER_ABI_VERSION 1

// Finished spans to be exported, lent to `export_spans`; decoded when they are first asked for.
typedef struct tracer_batch tracer_batch;

// Sees every span that ends, and every log record, in the process while it lives.
typedef struct tracer_capture tracer_capture;

// Options for a provider. One thread at a time; setting an option again replaces it, and one that
// is refused leaves the configuration as it was.
typedef struct tracer_config tracer_config;

// A span's context with its baggage, kept: a parent that outlives its span. Immutable; any thread
// may use it.
typedef struct tracer_context tracer_context;

// A span that has just ended, to be read within `on_end`; decoded when it is first asked for.
typedef struct tracer_ended_span tracer_ended_span;

// Records spans and sends them where its configuration says.
typedef struct tracer_provider tracer_provider;

// What a sampler adds to a span; for the call of `sample` or `share` only.
typedef struct tracer_sampling_output tracer_sampling_output;

// An instrumentation scope: the library or module that makes spans. Immutable; any thread may use it.
typedef struct tracer_scope tracer_scope;

// What a coroutine or fiber has made current, which goes with it from thread to thread. One thread
// at a time.
typedef struct tracer_task tracer_task;

// An array, map or null under construction; made by `tracer_value_new`.
typedef struct tracer_value tracer_value;

// What a set-up call returns. Zero is success; numbers never change meaning; detail by
// `tracer_last_error`.
typedef int32_t tracer_status;

// A built-in sampler (OpenTelemetry trace SDK, Built-in samplers).
typedef int32_t tracer_sampler;

// A kind of parent, for `tracer_config_set_parent_sampler`.
typedef int32_t tracer_parent;

// `SpanKind`, with OTLP's numbers (OpenTelemetry trace API, `SpanKind`).
typedef int32_t tracer_span_kind;

// How much one span may hold; what is over is dropped and counted on the span. 0 = the default,
// else a number or a `TRACER_LIMIT_*`.
typedef struct {
    // Set by the caller to `sizeof(tracer_limits)`.
    size_t struct_size;
    // Attributes of a span (128).
    size_t attributes;
    // Characters of a text, bytes of a bytes value (unlimited).
    size_t attribute_value_length;
    // Events of a span (128).
    size_t events;
    // Links of a span (128).
    size_t links;
    // Attributes of an event (128).
    size_t attributes_per_event;
    // Attributes of a link (128).
    size_t attributes_per_link;
    // As `attribute_value_length`, of values in events and links; 0 = the same.
    size_t event_value_length;
    // 1: over a count the oldest gives way to the newest; 0: what comes too late is discarded.
    size_t keep_newest;
    // Arrays and maps inside each other (64); what is deeper becomes an empty value.
    size_t depth;
} tracer_limits;

// The type of a `tracer_attribute`'s value.
typedef int32_t tracer_type;

// Pointer and length: bytes borrowed for the call.
typedef struct {
    // First byte, or NULL when `len` is 0.
    const char *data;
    // Number of bytes.
    size_t len;
} tracer_text;

// The value of a `tracer_attribute`; `tracer_attribute.type` says which member holds.
typedef union {
    // For `TRACER_STRING` and `TRACER_BYTES`.
    tracer_text text;
    // For `TRACER_BOOL`.
    bool boolean;
    // For `TRACER_INT`.
    int64_t integer;
    // For `TRACER_DOUBLE`.
    double number;
    // For `TRACER_NESTED`; borrowed.
    const tracer_value *nested;
} tracer_attribute_value;

// One attribute; everything it points to is copied before the call returns.
typedef struct {
    // Key, UTF-8, NUL-terminated, not empty.
    const char *key;
    // Which member of `value` holds.
    tracer_type type;
    // The value.
    tracer_attribute_value value;
} tracer_attribute;

// How much a message of the library matters.
typedef int32_t tracer_level;

// Sees a message of the library: one line without a line end, NUL-terminated, borrowed for the
// call.
typedef void (*tracer_diagnostic_handler)(void *user_data, tracer_level level, const char *message);

// A span, by value: two registers, nothing to free. The zero span is a valid no-op span; a stale,
// ended or made-up handle is a counted no-op.
typedef struct {
    // Which slot of the runtime's table; 0 = no span.
    uint64_t slot;
    // Which use of that slot.
    uint64_t generation;
} tracer_span;

// A link to another span.
typedef struct {
    // The other span; borrowed.
    const tracer_context *context;
    // Attributes of the link or NULL.
    const tracer_attribute *attributes;
    // Their number.
    size_t attribute_count;
} tracer_link;

// Options of `tracer_span_start`, zero meaning the usual. Begin with `TRACER_SPAN_OPTIONS_INIT`.
// Everything it points to is borrowed for the call.
typedef struct {
    // `sizeof(tracer_span_options)` as the caller knows it.
    size_t struct_size;
    // `TRACER_SPAN_*` bits.
    uint32_t flags;
    // `TRACER_KIND_*`, 0 = internal.
    tracer_span_kind kind;
    // The parent; NULL = what is current.
    const tracer_context *parent;
    // Unix nanoseconds, 0 = now.
    uint64_t start_unix_ns;
    // Attributes known at the start: preferred, samplers see these only.
    const tracer_attribute *attributes;
    // Their number.
    size_t attribute_count;
    // Links or NULL.
    const tracer_link *links;
    // Their number.
    size_t link_count;
} tracer_span_options;

// A span's status, with OTLP's numbers (OpenTelemetry trace API, `SetStatus`).
typedef int32_t tracer_span_status;

// What a `tracer_value` is.
typedef int32_t tracer_shape;

// Reads a field of a carrier: its value, NUL-terminated, or NULL if there is none. Keys are lower
// case; a carrier of HTTP headers ignores case and joins several values with commas. The value is
// copied before the next call. Called within the call that it is passed to, on that thread.
typedef const char *(*tracer_carrier_get)(void *carrier, const char *key);

// Names a carrier's fields one by one: the one at `index`, NUL-terminated, NULL behind the last.
// Called as above.
typedef const char *(*tracer_carrier_key)(void *carrier, size_t index);

// Sets a field of a carrier, in place of what it was; copy both texts. Called as above.
typedef void (*tracer_carrier_set)(void *carrier, const char *key, const char *value);

// Sees one pair of a baggage; the texts are borrowed for the call and not NUL-terminated.
typedef void (*tracer_baggage_visit)(void *user_data,
                                     tracer_text name,
                                     tracer_text value,
                                     tracer_text metadata);

// A call of a language model. Begin with `TRACER_LLM_CALL_INIT`; zero means not known.
typedef struct {
    // `sizeof(tracer_llm_call)` as the caller knows it.
    size_t struct_size;
    // Who offers the model, such as "openai"; borrowed.
    const char *provider;
    // The model, such as "gpt-4o"; borrowed.
    const char *model;
    // Tokens that the model read.
    uint64_t input_tokens;
    // Tokens that the model wrote.
    uint64_t output_tokens;
    // What the call cost, in US dollars.
    double cost_dollars;
    // How long it took.
    double duration_seconds;
} tracer_llm_call;

// The account of exported metrics of a provider's first pipeline since the process began; a metric
// counts once for each time that it was collected. `collected = exported + dropped + queued`.
typedef struct {
    // Set by the caller to `sizeof(tracer_metric_stats)`.
    size_t struct_size;
    // Metrics collected.
    uint64_t collected;
    // Metrics the exporter delivered.
    uint64_t exported;
    // Metrics lost, the sum of the causes below.
    uint64_t dropped;
    // Metrics in memory.
    uint64_t queued;
    // Lost: memory bound reached.
    uint64_t dropped_queue_full;
    // Lost: the destination refused for good.
    uint64_t dropped_export_failed;
    // Lost: refused within an accepted request, in which points are counted: the most it can be.
    uint64_t dropped_rejected;
    // Lost: not delivered by the deadline of the shutdown.
    uint64_t dropped_shutdown;
} tracer_metric_stats;

// How severe a log record is: 1 to 24, OTLP's numbers; 0 = unspecified. Those between the ones below
// are finer steps, the higher the more severe (OpenTelemetry logs, `SeverityNumber`).
typedef int32_t tracer_severity;

// Options of `tracer_log_emit`, zero meaning the usual. Begin with `TRACER_LOG_OPTIONS_INIT`.
// Everything it points to is borrowed for the call.
typedef struct {
    // `sizeof(tracer_log_options)` as the caller knows it.
    size_t struct_size;
    // `TRACER_LOG_*` bits.
    uint32_t flags;
    // Zero.
    uint32_t reserved;
    // A body that is no text, in place of it.
    const tracer_value *body;
    // Attributes or NULL.
    const tracer_attribute *attributes;
    // Their number.
    size_t attribute_count;
    // The span it belongs to; NULL = what is current.
    const tracer_context *context;
    // When it happened: Unix nanoseconds, 0 = now.
    uint64_t unix_ns;
    // When it was noticed: Unix nanoseconds, 0 = now.
    uint64_t observed_unix_ns;
    // The severity as its source spells it, or NULL.
    const char *severity_text;
    // Makes it an event: the name of its kind, or NULL.
    const char *event_name;
} tracer_log_options;

// The account of a provider's first pipeline of log records, since the process began:
// `emitted = exported + dropped + queued`.
typedef struct {
    // Set by the caller to `sizeof(tracer_log_stats)`.
    size_t struct_size;
    // Log records emitted.
    uint64_t emitted;
    // Records the exporter delivered.
    uint64_t exported;
    // Records lost, the sum of the causes below.
    uint64_t dropped;
    // Records in memory.
    uint64_t queued;
    // Lost: memory bound or queue size reached.
    uint64_t dropped_queue_full;
    // Lost: the destination refused for good.
    uint64_t dropped_export_failed;
    // Lost: the destination accepted the request but not the record (partial success).
    uint64_t dropped_rejected;
    // Lost: emitted after shutdown, or not delivered by its deadline.
    uint64_t dropped_shutdown;
    // Lost: emitted in a signal handler that interrupted libtracer.
    uint64_t dropped_reentrant;
    // Lost: the system refused memory.
    uint64_t dropped_no_memory;
    // Lost: no exporter of log records is configured.
    uint64_t dropped_no_exporter;
} tracer_log_stats;

// What becomes of a span (OpenTelemetry trace SDK, `Decision`).
typedef int32_t tracer_decision;

// What is known of a span that is about to start; borrowed for the call of `sample`.
typedef struct {
    // `sizeof(tracer_sampling_input)` of the library.
    size_t struct_size;
    // Its trace, 16 bytes.
    uint8_t trace_id[16];
    // Its kind.
    tracer_span_kind kind;
    // Its name, NUL-terminated.
    const char *name;
    // Its parent; NULL for a root.
    const tracer_context *parent;
    // The attributes given at the start.
    const tracer_attribute *attributes;
    // Their number.
    size_t attribute_count;
    // The spans linked at the start.
    const tracer_context *const *links;
    // Their number.
    size_t link_count;
} tracer_sampling_input;

// Tells the program that the library is done with `user_data`.
typedef void (*tracer_destroy)(void *user_data);

// A sampler of the program's own. `sample` is called in the thread that starts a span, several at
// once; it may use the API (spans it starts are not sampled), but must not throw, longjmp out or end
// its thread.
typedef struct {
    // `sizeof(tracer_sampler_callbacks)` as the caller knows it.
    size_t struct_size;
    // What the callbacks are called with.
    void *user_data;
    // Decides on a span: returns a `TRACER_DECISION_` constant. NULL if `share` is set.
    tracer_decision (*sample)(void *user_data,
                              const tracer_sampling_input *input,
                              tracer_sampling_output *output);
    // What it is called, with its settings; or NULL. Copied.
    const char *description;
    // The configuration is freed and no provider was made from it: those keep their sampler as long
    // as the process lives.
    tracer_destroy destroy;
    // In place of `sample`: says which share of the traces like this one is kept, 0 to 1; other
    // numbers keep nothing. The library chooses them and keeps the share in `tracestate`
    // (OpenTelemetry's composable samplers). `output` takes no `tracestate`.
    double (*share)(void *user_data,
                    const tracer_sampling_input *input,
                    tracer_sampling_output *output);
} tracer_sampler_callbacks;

// A format of the program's own. Called in the thread that injects or extracts, within that call,
// several at once; neither may throw, longjmp out or end its thread. What is passed is borrowed for
// the call; `carrier` goes to `set`, `get` and `key`.
typedef struct {
    // `sizeof(tracer_propagator_callbacks)` as the caller knows it.
    size_t struct_size;
    // What the callbacks are called with.
    void *user_data;
    // Writes a context, by `set` for each field; or NULL: writes nothing.
    void (*inject)(void *user_data,
                   const tracer_context *context,
                   tracer_carrier_set set,
                   void *carrier);
    // Reads a carrier, a field by `get` and names by `key`: returns a new context, `context` with what
    // was found, which the library frees; NULL if nothing was. Or NULL: reads nothing.
    tracer_context *(*extract)(void *user_data,
                               const tracer_context *context,
                               tracer_carrier_get get,
                               tracer_carrier_key key,
                               void *carrier);
    // The fields that `inject` may set, a comma list; or NULL. Copied.
    const char *fields;
    // The configuration is freed and no provider was made from it: those keep their propagators as
    // long as the process lives.
    tracer_destroy destroy;
} tracer_propagator_callbacks;

// Writes an id of `len` bytes, 16 for a trace and 8 for a span; all zero is replaced by a random one.
typedef void (*tracer_id_generator)(void *user_data, uint8_t *out, size_t len);

// Tells the time in Unix nanoseconds; 0 = the system's.
typedef uint64_t (*tracer_clock)(void *user_data);

// Whether the spans of an instrumentation scope are recorded.
typedef bool (*tracer_scope_filter)(void *user_data, const char *name, const char *version);

// A span processor of the program's own. Any callback may be NULL. They are called in the thread that
// starts or ends the span, within that call, several threads at once; they may use the whole API, but
// must not throw, longjmp out or end their thread. A span they start is seen by them as well.
typedef struct {
    // `sizeof(tracer_processor_callbacks)` as the caller knows it.
    size_t struct_size;
    // What the callbacks are called with.
    void *user_data;
    // A recorded span has started, with what it was started with; it can be read and written. The
    // parent is borrowed, invalid for a root.
    void (*on_start)(void *user_data, tracer_span span, const tracer_context *parent);
    // A recorded span is about to end; this handle, in this thread, can still write to it.
    void (*on_ending)(void *user_data, tracer_span span);
    // A recorded span has ended, also one that is not sampled. Borrowed for the call.
    void (*on_end)(void *user_data, const tracer_ended_span *ended);
    // Hands on all that it holds back; false if `timeout_ms` was too short.
    bool (*flush)(void *user_data, uint32_t timeout_ms);
    // Flushes and ends: called once for each provider, last; false if `timeout_ms` was too short.
    bool (*shutdown)(void *user_data, uint32_t timeout_ms);
    // Nothing is called any more: the configuration is freed, and every provider made from it shut
    // down. Once; in any thread.
    tracer_destroy destroy;
} tracer_processor_callbacks;

// An event of a finished span. Read only; lives as long as the span's view.
typedef struct {
    // `sizeof(tracer_event_view)` of the library.
    size_t struct_size;
    // What happened, NUL-terminated.
    const char *name;
    // When: Unix nanoseconds.
    uint64_t unix_ns;
    // Its attributes.
    const tracer_attribute *attributes;
    // Their number.
    size_t attribute_count;
    // Attributes that did not fit the limits or had no key.
    uint32_t dropped_attribute_count;
} tracer_event_view;

// A link of a finished span. Read only; lives as long as the span's view.
typedef struct {
    // `sizeof(tracer_link_view)` of the library.
    size_t struct_size;
    // The other span's trace, 16 bytes.
    uint8_t trace_id[16];
    // The other span's id, 8 bytes.
    uint8_t span_id[8];
    // The trace as hex digits and NUL.
    char trace_id_hex[33];
    // The id as hex digits and NUL.
    char span_id_hex[17];
    // The other span's W3C flags: 1 = sampled.
    uint8_t trace_flags;
    // Whether the other span is of another process.
    bool is_remote;
    // The other span's `tracestate`, NUL-terminated.
    const char *trace_state;
    // Attributes of the link.
    const tracer_attribute *attributes;
    // Their number.
    size_t attribute_count;
    // Attributes that did not fit the limits or had no key.
    uint32_t dropped_attribute_count;
} tracer_link_view;

// A finished span. Read only, any thread may; who lends it says for how long. Texts are
// NUL-terminated and never NULL, those of attributes too. A null attribute is a `TRACER_NESTED`.
typedef struct {
    // `sizeof(tracer_span_view)` of the library.
    size_t struct_size;
    // What the operation is called.
    const char *name;
    // Its trace, 16 bytes.
    uint8_t trace_id[16];
    // Its id, 8 bytes.
    uint8_t span_id[8];
    // Its parent's id; all zero for a root.
    uint8_t parent_span_id[8];
    // The trace as hex digits and NUL.
    char trace_id_hex[33];
    // The id as hex digits and NUL.
    char span_id_hex[17];
    // The parent's id as hex digits and NUL; empty for a root.
    char parent_span_id_hex[17];
    // W3C flags: 1 = sampled.
    uint8_t trace_flags;
    // Whether the parent is of another process.
    bool parent_is_remote;
    // `TRACER_KIND_*`.
    tracer_span_kind kind;
    // W3C `tracestate`.
    const char *trace_state;
    // When it began: Unix nanoseconds.
    uint64_t start_unix_ns;
    // When it ended: Unix nanoseconds.
    uint64_t end_unix_ns;
    // `TRACER_STATUS_*`.
    tracer_span_status status;
    // Why it failed; empty unless it did.
    const char *status_description;
    // Its attributes, in the order in which they were first set.
    const tracer_attribute *attributes;
    // Their number.
    size_t attribute_count;
    // Attributes that did not fit the limits or had no key.
    uint32_t dropped_attribute_count;
    // Events that did not fit the limits.
    uint32_t dropped_event_count;
    // Links that did not fit the limits.
    uint32_t dropped_link_count;
    // Its events, by pointers.
    const tracer_event_view *const *events;
    // Their number.
    size_t event_count;
    // Its links, by pointers.
    const tracer_link_view *const *links;
    // Their number.
    size_t link_count;
    // The instrumentation scope's name.
    const char *scope_name;
    // The scope's version.
    const char *scope_version;
    // The scope's schema URL.
    const char *scope_schema_url;
    // Attributes of the scope.
    const tracer_attribute *scope_attributes;
    // Their number.
    size_t scope_attribute_count;
    // Attributes of the resource, such as `service.name`.
    const tracer_attribute *resource_attributes;
    // Their number.
    size_t resource_attribute_count;
    // The resource's schema URL.
    const char *resource_schema_url;
} tracer_span_view;

// What became of an export.
typedef int32_t tracer_export_result;

// An exporter of the program's own. All but `export_spans` may be NULL. They are called in a thread
// of the exporter's own, one at a time, and may take their time; spans are not traced there. They must
// not throw, longjmp out or end the thread. In a forked child they are called with the child's copy
// of `user_data`.
typedef struct {
    // `sizeof(tracer_exporter_callbacks)` as the caller knows it.
    size_t struct_size;
    // What the callbacks are called with.
    void *user_data;
    // Sends one batch, borrowed for the call; returns a `TRACER_EXPORT_` constant. At the export
    // timeout it counts as not exported, and what is tried next waits until this returns.
    tracer_export_result (*export_spans)(void *user_data, const tracer_batch *batch);
    // A flush has handed over everything.
    void (*flush)(void *user_data);
    // Called once for each provider that had anything to export, last.
    void (*shutdown)(void *user_data);
    // Nothing is called any more: the configuration is freed, and every provider made from it has
    // exported and was shut down. Once; in any thread.
    tracer_destroy destroy;
} tracer_exporter_callbacks;

// The account of the default provider's first pipeline, in spans since the process began:
// `started = exported + dropped + queued + spooled + open`.
typedef struct {
    // Set by the caller to `sizeof(tracer_stats)`.
    size_t struct_size;
    // Sampled spans started.
    uint64_t started;
    // Spans the exporter delivered.
    uint64_t exported;
    // Spans lost, the sum of the causes below.
    uint64_t dropped;
    // Finished spans in memory.
    uint64_t queued;
    // Finished spans on disk.
    uint64_t spooled;
    // Started and not ended.
    uint64_t open;
    // Lost: memory bound or queue size reached.
    uint64_t dropped_queue_full;
    // Lost: open spans alone hold half the memory bound.
    uint64_t dropped_open_limit;
    // Lost: the destination refused for good.
    uint64_t dropped_export_failed;
    // Lost: the destination accepted the request but not the span (partial success).
    uint64_t dropped_rejected;
    // Lost: ended after shutdown, or not delivered by its deadline.
    uint64_t dropped_shutdown;
    // Lost: made in a signal handler that interrupted libtracer.
    uint64_t dropped_reentrant;
    // Lost: the system refused memory.
    uint64_t dropped_no_memory;
    // Lost: no exporter is configured.
    uint64_t dropped_no_exporter;
    // Spans the sampler dropped.
    uint64_t unsampled;
    // Spans recorded for processors only.
    uint64_t record_only;
    // Calls with a stale, ended or made-up handle, or on what was freed; frees of what is no object.
    uint64_t stale;
    // Texts with invalid UTF-8, mended with U+FFFD.
    uint64_t invalid_utf8;
    // Detaches in the wrong order, repaired.
    uint64_t detach_order;
    // Spans started without a known parent because the caller did not hold its language's lock.
    uint64_t unknown_parent;
    // Attributes not recorded for their type or empty key.
    uint64_t invalid_attribute;
    // Panics contained at the ABI.
    uint64_t panics;
    // Bytes of memory held now: chunks, bodies, requests.
    uint64_t memory_bytes;
} tracer_stats;

// A captured log record. Read only, any thread may; who lends it says for how long. Texts are
// NUL-terminated and never NULL, those of attributes too.
typedef struct {
    // `sizeof(tracer_log_view)` of the library.
    size_t struct_size;
    // How severe it is.
    tracer_severity severity;
    // W3C flags of the span it belongs to: 1 = sampled.
    uint8_t trace_flags;
    // The trace it belongs to, 16 bytes; all zero for none.
    uint8_t trace_id[16];
    // The span it belongs to, 8 bytes; all zero for none.
    uint8_t span_id[8];
    // The trace as hex digits and NUL; empty for none.
    char trace_id_hex[33];
    // The span as hex digits and NUL; empty for none.
    char span_id_hex[17];
    // The severity as its source spells it.
    const char *severity_text;
    // The kind of event that it is; empty for other records.
    const char *event_name;
    // What it says, of any type, with an empty key.
    const tracer_attribute *body;
    // When it happened: Unix nanoseconds.
    uint64_t unix_ns;
    // When it was noticed: Unix nanoseconds.
    uint64_t observed_unix_ns;
    // Its attributes, in the order in which they were first set.
    const tracer_attribute *attributes;
    // Their number.
    size_t attribute_count;
    // Attributes that did not fit the limits or had no key.
    uint32_t dropped_attribute_count;
    // The instrumentation scope's name.
    const char *scope_name;
    // The scope's version.
    const char *scope_version;
    // Attributes of the resource, such as `service.name`.
    const tracer_attribute *resource_attributes;
    // Their number.
    size_t resource_attribute_count;
} tracer_log_view;

// Null: no entries.
#define TRACER_SHAPE_NULL 0

// A text, bytes, a number or a boolean: its only entry, without a key.
#define TRACER_SHAPE_SCALAR 1

// An array: its entries have empty keys.
#define TRACER_SHAPE_ARRAY 2

// A map.
#define TRACER_SHAPE_MAP 3

// The destination has all of it, but for `tracer_batch_set_rejected`.
#define TRACER_EXPORT_OK 0

// Try the same batch again, later and later, as long as there is room for what waits.
#define TRACER_EXPORT_RETRY 1

// Never send this batch again: its spans are lost and counted.
#define TRACER_EXPORT_FAILED 2

// Too large for the destination: its spans are tried again in smaller batches.
#define TRACER_EXPORT_TOO_LARGE 3

// The destination takes nothing from this sender: the batch is lost, those that follow wait a while.
#define TRACER_EXPORT_DENIED 4

// The call did what it says.
#define TRACER_OK 0

// An argument is NULL or out of range.
#define TRACER_INVALID_ARGUMENT 1

// An option's value is not usable; `tracer_last_error` names the option, the value and the cure.
#define TRACER_INVALID_CONFIG 2

// The deadline passed first; what was not exported stays queued.
#define TRACER_TIMEOUT 3

// A panic was contained; the call had no effect.
#define TRACER_INTERNAL 255

// An operation inside an application (the default).
#define TRACER_KIND_INTERNAL 1

// Handles a request of a remote client.
#define TRACER_KIND_SERVER 2

// Makes a request to a remote service.
#define TRACER_KIND_CLIENT 3

// Hands a message to a queue.
#define TRACER_KIND_PRODUCER 4

// Handles a message from a queue.
#define TRACER_KIND_CONSUMER 5

// Nothing was said (the default).
#define TRACER_STATUS_UNSET 0

// The operation is declared successful; final.
#define TRACER_STATUS_OK 1

// The operation failed.
#define TRACER_STATUS_ERROR 2

// `ParentBased(AlwaysOn)`, the default.
#define TRACER_SAMPLER_PARENT_ALWAYS_ON 0

// `AlwaysOn`.
#define TRACER_SAMPLER_ALWAYS_ON 1

// `AlwaysOff`.
#define TRACER_SAMPLER_ALWAYS_OFF 2

// `ParentBased(AlwaysOff)`.
#define TRACER_SAMPLER_PARENT_ALWAYS_OFF 3

// `TraceIdRatioBased(ratio)`.
#define TRACER_SAMPLER_RATIO 4

// `ParentBased(TraceIdRatioBased(ratio))`.
#define TRACER_SAMPLER_PARENT_RATIO 5

// A share of all traces that travels in `tracestate` (`ProbabilitySampler(ratio)`).
#define TRACER_SAMPLER_PROBABILITY 6

// The same for roots; children as their parent's `tracestate` or flag says.
#define TRACER_SAMPLER_PARENT_PROBABILITY 7

// By `tracer_config_add_sampling_rule`; `ratio` is for what no rule is for.
#define TRACER_SAMPLER_RULES 8

// The same for roots; children as their parent's `tracestate` or flag says.
#define TRACER_SAMPLER_PARENT_RULES 9

// Of another process, sampled.
#define TRACER_PARENT_REMOTE_SAMPLED 0

// Of another process, not sampled.
#define TRACER_PARENT_REMOTE_NOT_SAMPLED 1

// Of this process, sampled.
#define TRACER_PARENT_LOCAL_SAMPLED 2

// Of this process, not sampled.
#define TRACER_PARENT_LOCAL_NOT_SAMPLED 3

// `value.text`, UTF-8.
#define TRACER_STRING 0

// `value.boolean`.
#define TRACER_BOOL 1

// `value.integer`.
#define TRACER_INT 2

// `value.number`.
#define TRACER_DOUBLE 3

// `value.text`, any bytes.
#define TRACER_BYTES 4

// `value.nested`: an array, a map or null.
#define TRACER_NESTED 5

// Nothing is recorded.
#define TRACER_DECISION_DROP 0

// Recorded for processors and not exported.
#define TRACER_DECISION_RECORD_ONLY 1

// Recorded and exported.
#define TRACER_DECISION_RECORD_AND_SAMPLE 2

// Nothing at all is said.
#define TRACER_LEVEL_NONE 0

// Tracing does not work.
#define TRACER_LEVEL_ERROR 1

// Spans are lost or cannot be delivered; a setting is ignored.
#define TRACER_LEVEL_WARN 2

// What was wrong works again; the default.
#define TRACER_LEVEL_INFO 3

// Each export.
#define TRACER_LEVEL_DEBUG 4

// Fine-grained debugging.
#define TRACER_SEVERITY_TRACE 1

// Debugging.
#define TRACER_SEVERITY_DEBUG 5

// Something happened.
#define TRACER_SEVERITY_INFO 9

// Not an error, but more than information.
#define TRACER_SEVERITY_WARN 13

// Something went wrong.
#define TRACER_SEVERITY_ERROR 17

// The program or a part of it cannot go on.
#define TRACER_SEVERITY_FATAL 21

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/* [status] why a call of set-up failed */

// Writes why this thread's last failed set-up call failed: at most `len` bytes with the final NUL.
// Returns the bytes of the whole text without the NUL. Thread-safe. `buf` may be NULL: only asks.
size_t tracer_last_error(char *buf, size_t len);

/* [set-up] configuration, the default provider and others, scopes, flush and shutdown */

// Makes a configuration that reads no environment and exports nothing yet. Caller frees it.
tracer_config *tracer_config_new(void);

// Frees a configuration; providers made from it go on. NULL is allowed.
void tracer_config_free(tracer_config *config);

// Takes from `OTEL_*` variables what is not set in code, before or after. A variable that cannot be
// used is ignored, with one line on standard error.
TRACER_MUST_USE tracer_status tracer_config_load_env(tracer_config *config);

// Takes from a configuration file (OpenTelemetry's YAML, format 1.x) what is not set in code, before
// or after, in place of `OTEL_*` variables. A NULL path is refused, and a file that cannot be used.
TRACER_MUST_USE
tracer_status tracer_config_load_file(tracer_config *config,
                                      const char *path);

// Turns tracing on or off, whatever `OTEL_SDK_DISABLED` says. Off: spans stand for their parents.
TRACER_MUST_USE tracer_status tracer_config_set_enabled(tracer_config *config, bool enabled);

// Exporters, a comma list: otlp, zipkin, jaeger, console, otlp/file, otlp/stdout, memory; or none.
TRACER_MUST_USE tracer_status tracer_config_set_exporter(tracer_config *config, const char *names);

// Sets the formats that contexts travel in, while this is the configuration of the default
// provider: a comma list of tracecontext, baggage, b3, b3multi, jaeger; or none
// ("tracecontext,baggage" unless set). Tracing that is off still propagates.
TRACER_MUST_USE
tracer_status tracer_config_set_propagators(tracer_config *config,
                                            const char *names);

// Takes one thing that the environment or a file said and that is ignored, each once: at most `len`
// bytes with the NUL; the rest is lost. Returns the length of all of it, 0 if there is none left.
// What nobody takes is said when a provider is made.
size_t tracer_config_take_warning(tracer_config *config, char *buf, size_t len);

// Sets the sampler; `ratio` (0 to 1) is for those by ratio, probability and rules.
TRACER_MUST_USE
tracer_status tracer_config_set_sampler(tracer_config *config,
                                        tracer_sampler sampler,
                                        double ratio);

// Sets the sampler of spans below one kind of parent, in place of what the sampler set before, a
// `TRACER_SAMPLER_PARENT_` one, does there. Setting that again undoes it.
TRACER_MUST_USE
tracer_status tracer_config_set_parent_sampler(tracer_config *config,
                                               tracer_parent parent,
                                               tracer_sampler sampler,
                                               double ratio);

// Records what the sampler drops for processors alone, from the next setting of a sampler on
// (OpenTelemetry's `AlwaysRecord`).
TRACER_MUST_USE
tracer_status tracer_config_set_record_unsampled(tracer_config *config,
                                                 bool record);

// Adds a rule to a sampler by rules that is set afterwards: `ratio` of the traces whose root has this
// name (a last `*` stands for any end), kind and text attribute. NULL name, key or text, and a kind
// of 0: any. The first rule that is for a span counts.
TRACER_MUST_USE
tracer_status tracer_config_add_sampling_rule(tracer_config *config,
                                              const char *name,
                                              tracer_span_kind span_kind,
                                              const char *key,
                                              const char *text,
                                              double ratio);

// Sets how much one span may hold. NULL restores the defaults.
TRACER_MUST_USE
tracer_status tracer_config_set_limits(tracer_config *config,
                                       const tracer_limits *limits);

// Sets where OTLP goes: `http(s)://host[:port][/path]`; without a path `/v1/traces` is appended.
TRACER_MUST_USE tracer_status tracer_config_set_endpoint(tracer_config *config, const char *url);

// Sets how OTLP is spoken: "http/protobuf" (the default), "http/json" or "grpc".
TRACER_MUST_USE
tracer_status tracer_config_set_protocol(tracer_config *config,
                                         const char *protocol);

// Adds a header to every OTLP request. Its value is kept out of logs and errors.
TRACER_MUST_USE
tracer_status tracer_config_add_header(tracer_config *config,
                                       const char *name,
                                       const char *value);

// Sets how OTLP requests are compressed: "none" (the default), "gzip" or "zstd".
TRACER_MUST_USE
tracer_status tracer_config_set_compression(tracer_config *config,
                                            const char *method);

// Sets how long one request to an OTLP, Zipkin or Jaeger server may take (10,000 ms unless set).
TRACER_MUST_USE tracer_status tracer_config_set_timeout(tracer_config *config, uint32_t timeout_ms);

// Sets the PEM file of the authorities that an `https` endpoint of OTLP is trusted by, in place of the
// system's. Read when a provider is made, and again when it has changed.
TRACER_MUST_USE
tracer_status tracer_config_set_certificate(tracer_config *config,
                                            const char *path);

// Sets the PEM files of the certificate that OTLP shows an `https` endpoint, and of its private key.
TRACER_MUST_USE
tracer_status tracer_config_set_client_certificate(tracer_config *config,
                                                   const char *certificate_path,
                                                   const char *key_path);

// Exports to one more OTLP destination, at a URL as above, with the options set so far or later.
TRACER_MUST_USE tracer_status tracer_config_add_otlp(tracer_config *config, const char *url);

// Exports to the Zipkin server at a URL too; `/api/v2/spans` is appended if it has no path.
TRACER_MUST_USE tracer_status tracer_config_add_zipkin(tracer_config *config, const char *url);

// Exports to Jaeger at a URL too: by Thrift if it ends in `/api/traces` or the port is 14268, else OTLP.
TRACER_MUST_USE
tracer_status tracer_config_add_jaeger(tracer_config *config,
                                       const char *url);

// Exports to a file too, one line of OTLP JSON a batch.
TRACER_MUST_USE tracer_status tracer_config_add_file(tracer_config *config, const char *path);

// Sets the size at which such a file is rotated, and how many older ones are kept (64 MiB and 4
// unless set).
TRACER_MUST_USE
tracer_status tracer_config_set_file_rotation(tracer_config *config,
                                              uint64_t max_bytes,
                                              uint32_t files_kept);

// Prints finished traces on the standard output too, as trees.
TRACER_MUST_USE tracer_status tracer_config_add_console(tracer_config *config);

// Writes to the standard output too, one line of OTLP JSON a batch.
TRACER_MUST_USE tracer_status tracer_config_add_stdout(tracer_config *config);

// Sets when pipelines export: queue size in spans (0 = bounded by memory only), spans of a batch,
// schedule delay and export timeout in milliseconds (0 = the default: 512, 5000, 30000). A batch of
// 1 exports each span at once (OpenTelemetry's simple processor); no end of a span waits for it.
TRACER_MUST_USE
tracer_status tracer_config_set_batch(tracer_config *config,
                                      size_t max_queue_size,
                                      size_t max_export_batch_size,
                                      uint32_t schedule_delay_ms,
                                      uint32_t export_timeout_ms);

// As `tracer_config_set_batch`, for the destination alone that was added last.
TRACER_MUST_USE
tracer_status tracer_config_set_destination_batch(tracer_config *config,
                                                  size_t max_queue_size,
                                                  size_t max_export_batch_size,
                                                  uint32_t schedule_delay_ms,
                                                  uint32_t export_timeout_ms);

// Lets the end of a span wait, `longest_ms` at most, where its queue or the memory bound is full,
// for batch jobs that would rather wait than lose spans. 0, the default: nothing ever waits, and
// what does not fit is dropped and counted.
TRACER_MUST_USE
tracer_status tracer_config_set_blocking(tracer_config *config,
                                         uint32_t longest_ms);

// Sets how long the end of the program may wait for exporters, all together (2,000 ms unless set).
TRACER_MUST_USE
tracer_status tracer_config_set_exit_timeout(tracer_config *config,
                                             uint32_t timeout_ms);

// Sets the most memory that spans of this process may hold, 262,144 bytes at least (32 MiB unless
// set). The last provider that sets it decides for all.
TRACER_MUST_USE tracer_status tracer_config_set_memory_limit(tracer_config *config, size_t bytes);

// Sets `service.name`.
TRACER_MUST_USE
tracer_status tracer_config_set_service_name(tracer_config *config,
                                             const char *name);

// Sets `telemetry.sdk.language`, for language bindings ("cpp" unless set).
TRACER_MUST_USE
tracer_status tracer_config_set_language(tracer_config *config,
                                         const char *language);

// Sets a text attribute of the resource, such as `service.version`.
TRACER_MUST_USE
tracer_status tracer_config_set_resource_string(tracer_config *config,
                                                const char *key,
                                                const char *value);

// Sets attributes of the resource, of any type; all are copied.
TRACER_MUST_USE
tracer_status tracer_config_set_resource_attributes(tracer_config *config,
                                                    const tracer_attribute *attributes,
                                                    size_t count);

// Sets the schema that the attributes of the resource follow; the first one set counts.
TRACER_MUST_USE
tracer_status tracer_config_set_resource_schema_url(tracer_config *config,
                                                    const char *schema_url);

// Sets the whole resource: the entries of a map value and their schema URL (or NULL), and nothing
// else: no option above, no variable and no default adds to it. For language bindings.
TRACER_MUST_USE
tracer_status tracer_config_set_resource(tracer_config *config,
                                         const tracer_value *attributes,
                                         const char *schema_url);

// Finds out about the process and where it runs, when a provider is made: a comma list of
// container, host, process, `process_command` (may hold secrets), service. What is set wins.
TRACER_MUST_USE
tracer_status tracer_config_detect_resource(tracer_config *config,
                                            const char *names);

// Sets how much the library says by itself, in the whole process: what matters at least this much
// (a `TRACER_LEVEL_` constant). Wins over `OTEL_LOG_LEVEL`.
TRACER_MUST_USE
tracer_status tracer_config_set_diagnostic_level(tracer_config *config,
                                                 tracer_level level);

// Gives what the library says to `handler`, with `user_data`, in place of standard error, in the
// whole process and for good: any thread may call it, several at once, so both must live as long
// as the process. It should return soon, for exports wait for it. NULL is refused.
TRACER_MUST_USE
tracer_status tracer_set_diagnostic_handler(tracer_diagnostic_handler handler,
                                            void *user_data);

// Installs the default provider as the environment says (`OTEL_*`; OTLP to localhost:4318 unless
// told otherwise). On failure the program goes on untraced; `tracer_last_error` says why.
TRACER_MUST_USE tracer_status tracer_init_from_env(void);

// Installs the default provider. Consumes nothing. One that was there is flushed and shut down.
TRACER_MUST_USE tracer_status tracer_init(const tracer_config *config);

// Whether a default provider is installed. Thread-safe.
bool tracer_is_configured(void);

// Delivers every span that has ended, of all providers; at most `timeout_ms`. TIMEOUT: what is
// left stays queued. Any thread; waits without holding anything.
TRACER_MUST_USE tracer_status tracer_flush(uint32_t timeout_ms);

// Flushes and ends all providers within one time budget; what is left is counted as dropped.
// Later spans are no-ops. Normal exit does this with two seconds if the program does not.
TRACER_MUST_USE tracer_status tracer_shutdown(uint32_t timeout_ms);

// Makes a provider of its own; not the default one. Caller frees it.
TRACER_MUST_USE
tracer_status tracer_provider_new(const tracer_config *config,
                                  tracer_provider **out_provider);

// Frees the handle of a provider; its spans and exports go on until shutdown or exit. NULL is allowed.
void tracer_provider_free(tracer_provider *provider);

// Delivers every span of this provider that has ended; at most `timeout_ms`. NULL: all providers.
TRACER_MUST_USE
tracer_status tracer_provider_flush(const tracer_provider *provider,
                                    uint32_t timeout_ms);

// Flushes and ends this provider; at most `timeout_ms`. NULL: all providers.
TRACER_MUST_USE
tracer_status tracer_provider_shutdown(const tracer_provider *provider,
                                       uint32_t timeout_ms);

// Adds the destinations of a configuration to a provider (NULL = the default one) that may be in
// use, each with a queue and an account of its own: they get what ends or is emitted from then on, here
// and in forked children. Nothing else of the configuration counts. Refused after shutdown.
TRACER_MUST_USE
tracer_status tracer_provider_add_exporter(const tracer_provider *provider,
                                           const tracer_config *config);

// Makes a provider the default one. One that was there is flushed and shut down.
TRACER_MUST_USE tracer_status tracer_provider_set_default(const tracer_provider *provider);

// Makes a scope of a provider (NULL = whichever is the default one when a span starts). Version and
// schema URL may be NULL. Caller frees it. Thread-safe.
tracer_scope *tracer_scope_new(const tracer_provider *provider,
                               const char *name,
                               const char *version,
                               const char *schema_url);

// As `tracer_scope_new`, with the entries of a map value (or NULL) as attributes of the scope.
tracer_scope *tracer_scope_new_with_attributes(const tracer_provider *provider,
                                               const char *name,
                                               const char *version,
                                               const char *schema_url,
                                               const tracer_value *attributes);

// Whether a span of a scope (NULL = the default one) that starts now would be looked at by anyone:
// not if nothing exports, after shutdown, or if the scope is filtered out. Ask before work that is
// done for a span alone. Thread-safe.
bool tracer_scope_is_enabled(const tracer_scope *scope);

// Frees a scope; its spans go on. NULL is allowed.
void tracer_scope_free(tracer_scope *scope);

/* [spans] start, make current, write, read, end; none of it fails */

// Starts a span of a scope (NULL = the default one) with options (NULL = the usual ones). It does
// not become current. Nothing to free; end it on any thread.
tracer_span tracer_span_start(const tracer_scope *scope,
                              const char *name,
                              const tracer_span_options *options);

// Starts a span of the default scope and makes it current on this thread.
tracer_span tracer_span_begin(const char *name);

// Undoes the last enter of the span on this thread and ends it: the end of a `tracer_span_begin`.
void tracer_span_finish(tracer_span span);

// Makes the span current on this thread.
void tracer_span_enter(tracer_span span);

// Undoes the last enter of the span on this thread. Wrong order is repaired and counted.
void tracer_span_leave(tracer_span span);

// Ends the span now. Its handle is stale from here; a context taken before stays valid.
void tracer_span_end(tracer_span span);

// Ends the span at a time in Unix nanoseconds, 0 = now.
void tracer_span_end_at(tracer_span span, uint64_t unix_ns);

// What is current on this thread, also in the language that called; the zero span if nothing is or
// it is a span of another process.
tracer_span tracer_span_current(void);

// Sets a boolean attribute; the last value of a key counts. Key copied.
void tracer_span_set_bool(tracer_span span, const char *key, bool value);

// Sets an integer attribute.
void tracer_span_set_int(tracer_span span, const char *key, int64_t value);

// Sets a double attribute.
void tracer_span_set_double(tracer_span span, const char *key, double value);

// Sets a string attribute of `len` bytes, copied; invalid UTF-8 becomes U+FFFD and is counted.
void tracer_span_set_string(tracer_span span, const char *key, const char *text, size_t len);

// Sets a bytes attribute, copied.
void tracer_span_set_bytes(tracer_span span, const char *key, const void *data, size_t len);

// Sets an array, map or null; the value is copied and stays the caller's. NULL is null.
void tracer_span_set_value(tracer_span span, const char *key, const tracer_value *value);

// Sets several attributes.
void tracer_span_set_attributes(tracer_span span, const tracer_attribute *attributes, size_t count);

// Sets the status: OK is final, UNSET is ignored, the description (or NULL) is kept for ERROR only.
void tracer_span_set_status(tracer_span span, tracer_span_status status, const char *description);

// Replaces the name.
void tracer_span_set_name(tracer_span span, const char *name);

// Adds an event, now, with attributes (or NULL).
void tracer_span_add_event(tracer_span span,
                           const char *name,
                           const tracer_attribute *attributes,
                           size_t count);

// Adds an event at a time in Unix nanoseconds, 0 = now.
void tracer_span_add_event_at(tracer_span span,
                              const char *name,
                              const tracer_attribute *attributes,
                              size_t count,
                              uint64_t unix_ns);

// Links another span, with attributes (or NULL). A NULL context is ignored.
void tracer_span_add_link(tracer_span span,
                          const tracer_context *context,
                          const tracer_attribute *attributes,
                          size_t count);

// Records an error as an `exception` event: its type, message and stack trace, each may be NULL.
// Does not set the status.
void tracer_span_record_error(tracer_span span,
                              const char *type,
                              const char *message,
                              const char *stacktrace);

// Whether attributes and the rest are recorded: sampled or record-only, and not ended.
bool tracer_span_is_recording(tracer_span span);

// Writes the 16 bytes of the trace id. False, and all zero, if the span has ended. NULL: false.
bool tracer_span_trace_id(tracer_span span, uint8_t *out);

// Writes the 8 bytes of the span id; as above.
bool tracer_span_id(tracer_span span, uint8_t *out);

// Writes the trace id as 32 lower-case hex digits and NUL, 33 bytes; all zero if the span has
// ended. NULL: false.
bool tracer_span_trace_id_hex(tracer_span span, char *out);

// Writes the span id as 16 lower-case hex digits and NUL, 17 bytes; as above.
bool tracer_span_id_hex(tracer_span span, char *out);

// Reads an open span as it is now, without its scope and resource, such as within `on_start`; its end
// is 0. Caller frees it. NULL if the span has ended or records nothing.
tracer_span_view *tracer_span_view_new(tracer_span span);

// Frees what `tracer_span_view_new` returned, and no other view. NULL is allowed.
void tracer_span_view_free(tracer_span_view *view);

/* [attributes] arrays, maps and null, piece by piece, and read back; attributes as text */

// Makes an empty value: null until something is added. Caller frees it. One thread at a time.
tracer_value *tracer_value_new(void);

// Frees a value. NULL is allowed.
void tracer_value_free(tracer_value *value);

// Empties a value and keeps its memory. NULL is allowed, here and below.
void tracer_value_clear(tracer_value *value);

// Begins an array; its elements follow, then `tracer_value_end`.
void tracer_value_begin_array(tracer_value *value);

// Begins a map; keys and values follow by turns, then `tracer_value_end`.
void tracer_value_begin_map(tracer_value *value);

// Ends the innermost array or map; what is not ended is ended by use.
void tracer_value_end(tracer_value *value);

// Names the next value of a map: `len` bytes of UTF-8, copied.
void tracer_value_key(tracer_value *value, const char *key, size_t len);

// Adds a null.
void tracer_value_add_null(tracer_value *value);

// Adds a boolean.
void tracer_value_add_bool(tracer_value *value, bool boolean);

// Adds an integer.
void tracer_value_add_int(tracer_value *value, int64_t integer);

// Adds a double.
void tracer_value_add_double(tracer_value *value, double number);

// Adds a text of `len` bytes, copied.
void tracer_value_add_string(tracer_value *value, const char *text, size_t len);

// Adds `len` bytes, copied.
void tracer_value_add_bytes(tracer_value *value, const void *data, size_t len);

// Adds a copy of another value: an array, map or null. NULL is null.
void tracer_value_add_value(tracer_value *value, const tracer_value *added);

// Says what a value is: a `TRACER_SHAPE_` constant. Any thread may ask one of a view. NULL is null.
tracer_shape tracer_value_shape(const tracer_value *value);

// Gives the elements of an array or the entries of a map, one behind the other, as attributes.
// Borrowed until the value is changed or freed; those of a view, as long as the view. Any thread may
// ask a value of a view. NULL `value`: none.
const tracer_attribute *tracer_value_entries(const tracer_value *value,
                                             size_t *out_count);

// Finds an attribute by its key; NULL if there is none. Borrowed from the array. Thread-safe.
const tracer_attribute *tracer_attribute_find(const tracer_attribute *attributes,
                                              size_t count,
                                              const char *key);

// Writes the value of an attribute as text: text as it is, numbers in digits, bytes as base64,
// arrays and maps as JSON, null as nothing. At most `len` bytes with the NUL. Returns the length of
// all of it. Thread-safe. NULL: 0; NULL `buf`: only asks.
size_t tracer_attribute_text(const tracer_attribute *attribute, char *buf, size_t len);

// Writes a value as JSON, bytes as base64; as `tracer_attribute_text`. NULL: null.
size_t tracer_value_json(const tracer_value *value, char *buf, size_t len);

/* [context] between threads and processes: attach, extract, inject, baggage, tasks */

// Takes what is current on this thread, also in the language that called, with its baggage.
// Caller frees it. Thread-safe. Never NULL (but for a refused allocation); without a current span
// it is an invalid context.
tracer_context *tracer_context_current(void);

// Takes the context of a span, to be its children's parent even after it has ended. Caller frees
// it. Thread-safe.
tracer_context *tracer_span_context(tracer_span span);

// Makes the context of a span elsewhere from its 16 and 8 bytes of ids, W3C flags (1 = sampled) and
// `tracestate` (or NULL). Caller frees it. Thread-safe. NULL ids: an invalid context.
tracer_context *tracer_context_from_ids(const uint8_t *trace_id,
                                        const uint8_t *span_id,
                                        uint8_t flags,
                                        const char *tracestate,
                                        bool is_remote);

// Copies a context; what they hold is shared. Caller frees it. Thread-safe. NULL: what is current.
tracer_context *tracer_context_copy(const tracer_context *context);

// Frees a context. Thread-safe. NULL is allowed.
void tracer_context_free(tracer_context *context);

// Whether it identifies a span. Thread-safe. NULL: false.
bool tracer_context_is_valid(const tracer_context *context);

// Whether its span is sampled: recorded and exported. Thread-safe. NULL: false.
bool tracer_context_is_sampled(const tracer_context *context);

// Whether its span is of another process. Thread-safe. NULL: false.
bool tracer_context_is_remote(const tracer_context *context);

// Writes the 16 bytes of the trace id. False, and all zero, if the context is invalid or NULL.
// Thread-safe. A NULL `out`: false.
bool tracer_context_trace_id(const tracer_context *context, uint8_t *out);

// Writes the 8 bytes of the span id; as above.
bool tracer_context_span_id(const tracer_context *context, uint8_t *out);

// Writes the trace id as 32 lower-case hex digits and NUL, 33 bytes; as above.
bool tracer_context_trace_id_hex(const tracer_context *context, char *out);

// Writes the span id as 16 lower-case hex digits and NUL, 17 bytes; as above.
bool tracer_context_span_id_hex(const tracer_context *context, char *out);

// Makes a context current on this thread: its span and, unless it was made of a span or a
// `traceparent` alone, its baggage. Returns a token for `tracer_context_detach`; 0 for NULL.
uint64_t tracer_context_attach(const tracer_context *context);

// Undoes an attach, on the thread that made it. Wrong order is repaired and counted; 0 is ignored.
void tracer_context_detach(uint64_t token);

// Writes the trace and span id of what is current on this thread as hex digits and NUL, 33 and 17
// bytes, for log lines. False, and all zero, if nothing is. Allocates nothing. Thread-safe. A NULL
// is not written to.
bool tracer_current_ids_hex(char *out_trace_id, char *out_span_id);

// Makes a task for a coroutine or fiber, at whose first resume that is current which is so here and
// now. Caller frees it.
tracer_task *tracer_task_new(void);

// Frees a task, suspended before if it runs, as `tracer_task_suspend` says. NULL is allowed.
void tracer_task_free(tracer_task *task);

// Makes current on this thread what was so in the task when it was suspended: call it when the
// coroutine goes on. On a task that runs, nothing happens. NULL is allowed.
void tracer_task_resume(tracer_task *task);

// Takes off this thread, the one that resumed the task, all that became current since, and keeps it:
// call it before the coroutine can go on elsewhere. On a task that does not run, nothing happens.
// NULL is allowed.
void tracer_task_suspend(tracer_task *task);

// Reads what is current on this thread, with what a carrier holds in the formats of
// `tracer_config_set_propagators`. Caller frees it. Any thread. `key` may be NULL where no format
// needs the names of fields (jaeger's baggage does); a NULL `get` finds nothing.
tracer_context *tracer_context_extract(tracer_carrier_get get,
                                       tracer_carrier_key key,
                                       void *carrier);

// Writes a context into a carrier, in the formats of `tracer_config_set_propagators`; nothing
// before a default provider is configured. Any thread. NULL context: what is current.
void tracer_context_inject(const tracer_context *context, tracer_carrier_set set, void *carrier);

// Writes the fields that `tracer_context_inject` may set, with commas between them: at most `len`
// bytes with the NUL. Returns the length of all. Thread-safe. `buf` may be NULL: only asks.
size_t tracer_propagator_fields(char *buf, size_t len);

// Reads the context in a W3C `traceparent` header and its `tracestate` (or NULL). Caller frees it.
// Thread-safe. A malformed or NULL header gives an invalid context: spans below it are roots.
tracer_context *tracer_context_from_traceparent(const char *traceparent, const char *tracestate);

// Reads the context in W3C `traceparent`, `tracestate` and `baggage` headers, each may be NULL,
// whatever the configured formats are. Caller frees it. Thread-safe.
tracer_context *tracer_context_from_headers(const char *traceparent,
                                            const char *tracestate,
                                            const char *baggage);

// Reads the context that the parent process left in the environment (`TRACEPARENT`, `TRACESTATE`,
// `BAGGAGE`), in the formats of `tracer_config_set_propagators`. Caller frees it. Not while another
// thread changes the environment.
tracer_context *tracer_context_from_env(void);

// Writes the W3C `traceparent` of a context to 56 bytes: 55 characters and NUL. False, and an empty
// text, if the context is invalid or NULL. Thread-safe.
bool tracer_context_traceparent(const tracer_context *context, char *out);

// Writes the W3C `traceparent` of what is current on this thread; as above.
bool tracer_traceparent(char *out);

// Writes the W3C `tracestate` of a context: at most `len` bytes with the NUL. Returns the length of
// all of it, 0 if there is none. Thread-safe. NULL context: what is current; NULL `buf`: only asks.
size_t tracer_context_tracestate(const tracer_context *context, char *buf, size_t len);

// Makes a copy of a context with an entry of its `tracestate` set, or removed where `value` is NULL.
// What W3C Trace Context does not allow is left out. Caller frees it. Thread-safe. NULL context:
// what is current.
tracer_context *tracer_context_with_tracestate(const tracer_context *context,
                                               const char *key,
                                               const char *value);

// Makes a copy of a context with a pair of baggage set, or removed where `value` is NULL; a NULL
// name removes all. `metadata` such as "ttl=30" may be NULL. Caller frees it. Thread-safe. NULL
// context: what is current.
tracer_context *tracer_context_with_baggage(const tracer_context *context,
                                            const char *name,
                                            const char *value,
                                            const char *metadata);

// Writes the value of a pair of baggage: at most `len` bytes with the NUL. Returns the length of
// all of it; `SIZE_MAX`, and an empty text, if there is no such pair. Thread-safe. NULL context:
// what is current; NULL `buf`: only asks.
size_t tracer_context_baggage(const tracer_context *context,
                              const char *name,
                              char *buf,
                              size_t len);

// Writes all baggage as a W3C `baggage` header: at most `len` bytes with the NUL. Returns the
// length of all of it, 0 if there is none. Thread-safe. NULL context: what is current; NULL `buf`:
// only asks.
size_t tracer_context_baggage_header(const tracer_context *context, char *buf, size_t len);

// Calls `visit` with each pair of baggage and `user_data`, on this thread, before it returns. NULL
// context: what is current. NULL `visit`: nothing happens.
void tracer_context_visit_baggage(const tracer_context *context,
                                  tracer_baggage_visit visit,
                                  void *user_data);

/* [callbacks] processors, exporters, samplers and the like of the program's own */

// Sets a sampler of the program's own; where `roots_only`, spans with a parent do as it did. The
// struct is copied; its `user_data` stays, see `destroy`. NULL is refused.
TRACER_MUST_USE
tracer_status tracer_config_set_sampler_callbacks(tracer_config *config,
                                                  const tracer_sampler_callbacks *callbacks,
                                                  bool roots_only);

// Sets a sampler of the program's own for spans below one kind of parent, as
// `tracer_config_set_parent_sampler` sets a built-in one. The struct is copied; its `user_data`
// stays, see `destroy`, unless the call is refused. NULL is refused.
TRACER_MUST_USE
tracer_status tracer_config_set_parent_sampler_callbacks(tracer_config *config,
                                                         tracer_parent parent,
                                                         const tracer_sampler_callbacks *callbacks);

// Sets attributes that the span gets if it is recorded; copied. Within `sample` only. NULL is allowed.
void tracer_sampling_output_set_attributes(const tracer_sampling_output *output,
                                           const tracer_attribute *attributes,
                                           size_t count);

// Sets the `tracestate` of the span, in place of its parent's. Within `sample` only. NULL is allowed.
void tracer_sampling_output_set_tracestate(const tracer_sampling_output *output,
                                           const char *tracestate);

// Says whether the share counts: whether a span that is kept stands for so many more (OpenTelemetry's
// `adjusted_count_reliable`). True unless set. If not, it is kept by a chance of its own, whatever
// other services drew, and `tracestate` does not tell the share. Within `share` only. NULL is allowed.
void tracer_sampling_output_set_adjusted_count_reliable(const tracer_sampling_output *output,
                                                        bool reliable);

// Adds a format of the program's own to those of `tracer_config_set_propagators`, behind them: where
// both read something, it wins. The struct is copied; its `user_data` stays, see `destroy`. NULL is
// refused.
TRACER_MUST_USE
tracer_status tracer_config_add_propagator(tracer_config *config,
                                           const tracer_propagator_callbacks *callbacks);

// Sets where trace and span ids come from, such as a counter in tests; `is_random` says whether at
// least 56 bits of each trace id are. Called in the thread that starts a span, several at once; it and
// `user_data` must live as long as the process. NULL is refused.
TRACER_MUST_USE
tracer_status tracer_config_set_id_generator(tracer_config *config,
                                             tracer_id_generator generator,
                                             bool is_random,
                                             void *user_data);

// Sets the clock of spans, such as one that a test moves. Called in the thread that starts, ends or
// adds an event to a span; as above.
TRACER_MUST_USE
tracer_status tracer_config_set_clock(tracer_config *config,
                                      tracer_clock clock,
                                      void *user_data);

// Sets which instrumentation scopes record: asked once for each, when it is first made or used; as
// above. Spans of the others stand for their parents.
TRACER_MUST_USE
tracer_status tracer_config_set_scope_filter(tracer_config *config,
                                             tracer_scope_filter filter,
                                             void *user_data);

// Adds a processor of the program's own, called after those added before. The struct is copied; its
// `user_data` stays until `destroy`. NULL is refused.
TRACER_MUST_USE
tracer_status tracer_config_add_processor(tracer_config *config,
                                          const tracer_processor_callbacks *callbacks);

// Adds a processor to a provider (NULL = the default one) that may be in use; as above. It sees
// spans that start or end from then on. Thread-safe.
TRACER_MUST_USE
tracer_status tracer_provider_add_processor(const tracer_provider *provider,
                                            const tracer_processor_callbacks *callbacks);

// Gives a span that has just ended, to be read. Borrowed until `on_end` returns. NULL: NULL.
const tracer_span_view *tracer_ended_span_view(const tracer_ended_span *ended);

// Gives it as one encoded OTLP `ResourceSpans` message, borrowed until `on_end` returns. NULL: false.
bool tracer_ended_span_otlp(const tracer_ended_span *ended,
                            const uint8_t **out_bytes,
                            size_t *out_len);

// Whether exporters get it: it is sampled. NULL: false.
bool tracer_ended_span_is_sampled(const tracer_ended_span *ended);

// Exports to callbacks of the program's own too; `name` stands for them in the account and in
// messages. The struct is copied; its `user_data` stays until `destroy`. NULL is refused.
TRACER_MUST_USE
tracer_status tracer_config_add_exporter(tracer_config *config,
                                         const char *name,
                                         const tracer_exporter_callbacks *callbacks);

// Number of spans in a batch. NULL: 0.
size_t tracer_batch_count(const tracer_batch *batch);

// Gives a span of a batch, to be read; NULL if there is no such span. Borrowed until `export_spans`
// returns.
const tracer_span_view *tracer_batch_span(const tracer_batch *batch, size_t index);

// Gives a batch as one encoded OTLP `ExportTraceServiceRequest`, borrowed until `export_spans`
// returns. NULL: false.
bool tracer_batch_otlp(const tracer_batch *batch, const uint8_t **out_bytes, size_t *out_len);

// Says how many spans of a batch the destination refused, where it took the rest. NULL is allowed.
void tracer_batch_set_rejected(const tracer_batch *batch, uint64_t count);

// Says what went wrong, without credentials; it is shown to people. Copied. NULL is allowed.
void tracer_batch_set_error(const tracer_batch *batch, const char *message);

/* [logs] log records */

// Exporters of log records, a comma list: otlp (to the endpoint of spans, with the path of logs),
// console; or none. Unless set `OTEL_LOGS_EXPORTER` decides, if the environment is loaded.
TRACER_MUST_USE
tracer_status tracer_config_set_logs_exporter(tracer_config *config,
                                              const char *names);

// As `tracer_config_set_batch`, for log records (0 = the default: bounded by memory only, 512, 1000,
// 30000).
TRACER_MUST_USE
tracer_status tracer_config_set_logs_batch(tracer_config *config,
                                           size_t max_queue_size,
                                           size_t max_export_batch_size,
                                           uint32_t schedule_delay_ms,
                                           uint32_t export_timeout_ms);

// Sets how many attributes a log record may have, and how many characters a text or bytes a bytes
// value of theirs (128 and no limit unless set): 0 = the default, else a number or a `TRACER_LIMIT_*`.
TRACER_MUST_USE
tracer_status tracer_config_set_logs_limits(tracer_config *config,
                                            size_t attributes,
                                            size_t attribute_value_length);

// Emits a log record of a scope (NULL = the default one): a text of `len` bytes, and options (NULL =
// the usual ones). It belongs to the current span. Never fails, never waits; any thread.
void tracer_log_emit(const tracer_scope *scope,
                     tracer_severity severity,
                     const char *text,
                     size_t len,
                     const tracer_log_options *options);

// Whether a record of the scope (NULL = the default one) would reach anyone: worth asking before an
// expensive body is made.
bool tracer_log_is_enabled(const tracer_scope *scope);

/* [metrics] the series of calls of language models */

// Counts calls of language models or not (the default), as `tracer_metrics_record_llm_call` tells
// them.
TRACER_MUST_USE tracer_status tracer_config_set_llm_metrics(tracer_config *config, bool enabled);

// Exports metrics to a URL too, whose form says how: a path that ends in `/v1/metrics` is OTLP over
// HTTP; no path, such as `http://prometheus:9090`, is Prometheus' OTLP receiver; and one with
// `/metrics/job/NAME` a Pushgateway. Ports 4318 and 4317 without a path are a collector's.
TRACER_MUST_USE
tracer_status tracer_config_add_metrics_endpoint(tracer_config *config,
                                                 const char *url);

// Sets metrics exporters, a comma list: otlp, console, prometheus (the text alone); or none.
TRACER_MUST_USE
tracer_status tracer_config_set_metrics_exporter(tracer_config *config,
                                                 const char *names);

// Sets how often metrics are exported (60,000 ms unless set); a flush and the exit do it too.
TRACER_MUST_USE
tracer_status tracer_config_set_metrics_interval(tracer_config *config,
                                                 uint32_t interval_ms);

// Measures the library itself or not (the default): spans and log records started, queued, exported
// and lost, as `otel.sdk.*` of OpenTelemetry's conventions. Recording costs no more.
TRACER_MUST_USE tracer_status tracer_config_set_self_metrics(tracer_config *config, bool enabled);

// Whether calls of language models are counted (NULL: in the default provider).
bool tracer_metrics_counts_llm_calls(const tracer_provider *provider);

// Counts a call of a language model (NULL: in the default provider), whether its span is sampled or
// not: one request, its tokens, cost and duration. Nothing unless `tracer_config_set_llm_metrics`. A
// refused allocation aborts, as in set-up.
void tracer_metrics_record_llm_call(const tracer_provider *provider,
                                    const tracer_llm_call *call);

// Writes everything that is measured as it is now (NULL: in the default provider) in the Prometheus
// text format: at most `len` bytes with the final NUL. Returns the bytes of the whole text without
// the NUL, which may be more by the next call. `buf` may be NULL: only asks.
size_t tracer_metrics_text(const tracer_provider *provider, char *buf, size_t len);

/* [stats] the account: every span is exported, dropped for a cause, queued or open */

// Writes the account of exported metrics of a provider (NULL = the default one): exact when nothing
// is moving. The caller sets `struct_size`; no more than that is written. NULL is allowed.
void tracer_provider_read_metric_stats(const tracer_provider *provider, tracer_metric_stats *out);

// Writes the account of log records of a provider (NULL = the default one): exact when nothing is
// moving. The caller sets `struct_size`; no more than that is written. NULL is allowed.
void tracer_provider_read_log_stats(const tracer_provider *provider, tracer_log_stats *out);

// Writes the account of the default provider: exact when nothing is moving. The caller sets
// `struct_size`; no more than that is written. All zero without a provider. NULL is allowed.
void tracer_read_stats(tracer_stats *out);

// Writes the account of a provider's first pipeline (NULL: of the default provider's); as above.
void tracer_provider_read_stats(const tracer_provider *provider, tracer_stats *out);

// Number of a provider's accounts, one for each pipeline; at least one. NULL: the default provider's,
// 0 without one. Thread-safe.
size_t tracer_provider_pipeline_count(const tracer_provider *provider);

// Writes the account of one pipeline; as `tracer_provider_read_stats`. False, and nothing written, if
// there is no such pipeline.
bool tracer_provider_read_pipeline_stats(const tracer_provider *provider,
                                         size_t index,
                                         tracer_stats *out);

// Writes the name of a pipeline, its exporter's: at most `len` bytes with the NUL. Returns the length
// of all of it; 0 if it has none. Thread-safe. NULL: of the default provider; NULL `buf`: only asks.
size_t tracer_provider_pipeline_name(const tracer_provider *provider,
                                     size_t index,
                                     char *buf,
                                     size_t len);

// Writes what the exporter of a pipeline last complained of, without credentials; as above.
size_t tracer_provider_pipeline_error(const tracer_provider *provider,
                                      size_t index,
                                      char *buf,
                                      size_t len);

/* [testing] see what the program records */

// Log records seen so far. NULL: 0.
size_t tracer_capture_log_count(const tracer_capture *capture);

// Gives a log record as one encoded OTLP `ResourceLogs` message, borrowed until the capture is freed.
// False if there is no such record.
bool tracer_capture_log_otlp(const tracer_capture *capture,
                             size_t index,
                             const uint8_t **out_bytes,
                             size_t *out_len);

// Starts seeing every span that ends in this process, and every log record, on all threads, in the
// order in which they end; without a configuration they are recorded for it alone. Caller frees it. Thread-safe.
tracer_capture *tracer_capture_new(void);

// Ends a capture. NULL is allowed.
void tracer_capture_free(tracer_capture *capture);

// Spans seen so far. NULL: 0.
size_t tracer_capture_count(const tracer_capture *capture);

// Gives a span as one encoded OTLP `ResourceSpans` message, borrowed until the capture is freed.
// False if there is no such span.
bool tracer_capture_otlp(const tracer_capture *capture,
                         size_t index,
                         const uint8_t **out_bytes,
                         size_t *out_len);

// Forgets the spans and log records seen so far, and ends the loans of views. NULL is allowed.
void tracer_capture_clear(const tracer_capture *capture);

// Gives a span to be read, in the order in which they ended; NULL if there is no such span.
// Borrowed until the capture is cleared or freed. Thread-safe.
const tracer_span_view *tracer_capture_span(const tracer_capture *capture, size_t index);

// Finds the span of a name that ended last, to be read; NULL if there is none. As above.
const tracer_span_view *tracer_capture_find_span(const tracer_capture *capture, const char *name);

// Gives a log record to be read, in the order in which they were emitted; NULL if there is no such
// record. Borrowed until the capture is cleared or freed. Thread-safe.
const tracer_log_view *tracer_capture_log(const tracer_capture *capture, size_t index);

/* [version] of the library and of the ABI, the table for language bindings */

// The version of the library, "1.2.3". Static. Thread-safe.
const char *tracer_version(void);

// The version of the ABI, the number in the SONAME. Thread-safe.
uint32_t tracer_abi_version(void);

// The function table for language bindings, NULL if this library does not offer the version.
// Static; `size` says how much of it is there.
const tracer_table *tracer_table_get(uint32_t version);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* TRACER_H */
