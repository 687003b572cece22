/* tracer.h as the first programs of ABI 1 were compiled with it, without comments. Never changed. */
#ifndef TRACER_H
#define TRACER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#define TRACER_SPAN_OPTIONS_INIT {sizeof(tracer_span_options), 0, 0, NULL, 0, NULL, 0, NULL, 0}
#define TRACER_LIMIT_UNLIMITED SIZE_MAX
#define TRACER_LIMIT_ZERO (SIZE_MAX - 1)

typedef struct tracer_table tracer_table;

#if defined(__GNUC__)
#define TRACER_MUST_USE __attribute__((warn_unused_result))
#else
#define TRACER_MUST_USE
#endif
#define TRACER_SPAN_SHARED 1
#define TRACER_SPAN_ROOT 2
#define TRACER_ABI_VERSION 1
typedef struct tracer_capture tracer_capture;
typedef struct tracer_config tracer_config;
typedef struct tracer_context tracer_context;
typedef struct tracer_provider tracer_provider;
typedef struct tracer_scope tracer_scope;
typedef struct tracer_value tracer_value;
typedef int32_t tracer_status;
typedef int32_t tracer_sampler;
typedef int32_t tracer_parent;
typedef struct {
    size_t struct_size;
    size_t attributes;
    size_t attribute_value_length;
    size_t events;
    size_t links;
    size_t attributes_per_event;
    size_t attributes_per_link;
    size_t event_value_length;
    size_t keep_newest;
} tracer_limits;
typedef struct {
    uint64_t slot;
    uint64_t generation;
} tracer_span;
typedef int32_t tracer_span_kind;
typedef int32_t tracer_type;
typedef struct {
    const char *data;
    size_t len;
} tracer_text;
typedef union {
    tracer_text text;
    bool boolean;
    int64_t integer;
    double number;
    const tracer_value *nested;
} tracer_attribute_value;
typedef struct {
    const char *key;
    tracer_type type;
    tracer_attribute_value value;
} tracer_attribute;
typedef struct {
    const tracer_context *context;
    const tracer_attribute *attributes;
    size_t attribute_count;
} tracer_link;
typedef struct {
    size_t struct_size;
    uint32_t flags;
    tracer_span_kind kind;
    const tracer_context *parent;
    uint64_t start_unix_ns;
    const tracer_attribute *attributes;
    size_t attribute_count;
    const tracer_link *links;
    size_t link_count;
} tracer_span_options;
typedef int32_t tracer_span_status;
typedef struct {
    size_t struct_size;
    uint64_t started;
    uint64_t exported;
    uint64_t dropped;
    uint64_t queued;
    uint64_t spooled;
    uint64_t open;
    uint64_t dropped_queue_full;
    uint64_t dropped_open_limit;
    uint64_t dropped_export_failed;
    uint64_t dropped_rejected;
    uint64_t dropped_shutdown;
    uint64_t dropped_reentrant;
    uint64_t dropped_no_memory;
    uint64_t dropped_no_exporter;
    uint64_t unsampled;
    uint64_t record_only;
    uint64_t stale;
    uint64_t invalid_utf8;
    uint64_t detach_order;
    uint64_t unknown_parent;
    uint64_t invalid_attribute;
    uint64_t panics;
    uint64_t memory_bytes;
} tracer_stats;
#define TRACER_OK 0
#define TRACER_INVALID_ARGUMENT 1
#define TRACER_INVALID_CONFIG 2
#define TRACER_TIMEOUT 3
#define TRACER_INTERNAL 255
#define TRACER_KIND_INTERNAL 1
#define TRACER_KIND_SERVER 2
#define TRACER_KIND_CLIENT 3
#define TRACER_KIND_PRODUCER 4
#define TRACER_KIND_CONSUMER 5
#define TRACER_STATUS_UNSET 0
#define TRACER_STATUS_OK 1
#define TRACER_STATUS_ERROR 2
#define TRACER_SAMPLER_PARENT_ALWAYS_ON 0
#define TRACER_SAMPLER_ALWAYS_ON 1
#define TRACER_SAMPLER_ALWAYS_OFF 2
#define TRACER_SAMPLER_PARENT_ALWAYS_OFF 3
#define TRACER_SAMPLER_RATIO 4
#define TRACER_SAMPLER_PARENT_RATIO 5
#define TRACER_PARENT_REMOTE_SAMPLED 0
#define TRACER_PARENT_REMOTE_NOT_SAMPLED 1
#define TRACER_PARENT_LOCAL_SAMPLED 2
#define TRACER_PARENT_LOCAL_NOT_SAMPLED 3
#define TRACER_STRING 0
#define TRACER_BOOL 1
#define TRACER_INT 2
#define TRACER_DOUBLE 3
#define TRACER_BYTES 4
#define TRACER_NESTED 5

#ifdef __cplusplus
extern "C" {
#endif
size_t tracer_last_error(char *buf, size_t len);
const char *tracer_version(void);
uint32_t tracer_abi_version(void);
tracer_config *tracer_config_new(void);
void tracer_config_free(tracer_config *config);
TRACER_MUST_USE tracer_status tracer_config_load_env(tracer_config *config);
TRACER_MUST_USE tracer_status tracer_config_set_enabled(tracer_config *config, bool enabled);
TRACER_MUST_USE tracer_status tracer_config_set_service_name(tracer_config *config, const char *name);
TRACER_MUST_USE tracer_status tracer_config_set_language(tracer_config *config, const char *language);
TRACER_MUST_USE tracer_status tracer_config_set_resource_string(tracer_config *config, const char *key, const char *value);
TRACER_MUST_USE tracer_status tracer_config_set_resource(tracer_config *config, const tracer_value *attributes, const char *schema_url);
TRACER_MUST_USE tracer_status tracer_config_set_exporter(tracer_config *config, const char *names);
TRACER_MUST_USE tracer_status tracer_config_set_memory_limit(tracer_config *config, size_t bytes);
TRACER_MUST_USE tracer_status tracer_config_set_batch(tracer_config *config, size_t max_queue_size, size_t max_export_batch_size, uint32_t schedule_delay_ms, uint32_t export_timeout_ms);
TRACER_MUST_USE tracer_status tracer_config_set_sampler(tracer_config *config, tracer_sampler sampler, double ratio);
TRACER_MUST_USE tracer_status tracer_config_set_parent_sampler(tracer_config *config, tracer_parent parent, tracer_sampler sampler, double ratio);
TRACER_MUST_USE tracer_status tracer_config_set_limits(tracer_config *config, const tracer_limits *limits);
TRACER_MUST_USE tracer_status tracer_config_set_endpoint(tracer_config *config, const char *url);
TRACER_MUST_USE tracer_status tracer_config_set_protocol(tracer_config *config, const char *protocol);
TRACER_MUST_USE tracer_status tracer_config_add_header(tracer_config *config, const char *name, const char *value);
TRACER_MUST_USE tracer_status tracer_config_set_compression(tracer_config *config, const char *method);
TRACER_MUST_USE tracer_status tracer_config_set_timeout(tracer_config *config, uint32_t timeout_ms);
TRACER_MUST_USE tracer_status tracer_config_set_certificate(tracer_config *config, const char *path);
TRACER_MUST_USE tracer_status tracer_config_set_client_certificate(tracer_config *config, const char *certificate_path, const char *key_path);
TRACER_MUST_USE tracer_status tracer_config_add_otlp(tracer_config *config, const char *url);
TRACER_MUST_USE tracer_status tracer_config_add_zipkin(tracer_config *config, const char *url);
TRACER_MUST_USE tracer_status tracer_config_add_jaeger(tracer_config *config, const char *url);
TRACER_MUST_USE tracer_status tracer_config_add_file(tracer_config *config, const char *path);
TRACER_MUST_USE tracer_status tracer_init_from_env(void);
TRACER_MUST_USE tracer_status tracer_init(const tracer_config *config);
bool tracer_is_configured(void);
TRACER_MUST_USE tracer_status tracer_flush(uint32_t timeout_ms);
TRACER_MUST_USE tracer_status tracer_shutdown(uint32_t timeout_ms);
TRACER_MUST_USE tracer_status tracer_provider_new(const tracer_config *config, tracer_provider **out_provider);
void tracer_provider_free(tracer_provider *provider);
TRACER_MUST_USE tracer_status tracer_provider_flush(const tracer_provider *provider, uint32_t timeout_ms);
TRACER_MUST_USE tracer_status tracer_provider_shutdown(const tracer_provider *provider, uint32_t timeout_ms);
TRACER_MUST_USE tracer_status tracer_provider_add_exporter(const tracer_provider *provider, const tracer_config *config);
TRACER_MUST_USE tracer_status tracer_provider_set_default(const tracer_provider *provider);
tracer_scope *tracer_scope_new(const tracer_provider *provider, const char *name, const char *version, const char *schema_url);
tracer_scope *tracer_scope_new_with_attributes(const tracer_provider *provider, const char *name, const char *version, const char *schema_url, const tracer_value *attributes);
void tracer_scope_free(tracer_scope *scope);
tracer_span tracer_span_start(const tracer_scope *scope, const char *name, const tracer_span_options *options);
tracer_span tracer_span_begin(const char *name);
void tracer_span_finish(tracer_span span);
void tracer_span_enter(tracer_span span);
void tracer_span_leave(tracer_span span);
void tracer_span_end(tracer_span span);
void tracer_span_end_at(tracer_span span, uint64_t unix_ns);
tracer_span tracer_span_current(void);
void tracer_span_set_bool(tracer_span span, const char *key, bool value);
void tracer_span_set_int(tracer_span span, const char *key, int64_t value);
void tracer_span_set_double(tracer_span span, const char *key, double value);
void tracer_span_set_string(tracer_span span, const char *key, const char *text, size_t len);
void tracer_span_set_bytes(tracer_span span, const char *key, const void *data, size_t len);
void tracer_span_set_value(tracer_span span, const char *key, const tracer_value *value);
void tracer_span_set_attributes(tracer_span span, const tracer_attribute *attributes, size_t count);
void tracer_span_set_status(tracer_span span, tracer_span_status status, const char *description);
void tracer_span_set_name(tracer_span span, const char *name);
void tracer_span_add_event(tracer_span span, const char *name, const tracer_attribute *attributes, size_t count);
void tracer_span_add_event_at(tracer_span span, const char *name, const tracer_attribute *attributes, size_t count, uint64_t unix_ns);
void tracer_span_add_link(tracer_span span, const tracer_context *context, const tracer_attribute *attributes, size_t count);
void tracer_span_record_error(tracer_span span, const char *type, const char *message, const char *stacktrace);
bool tracer_span_is_recording(tracer_span span);
bool tracer_span_trace_id(tracer_span span, uint8_t *out);
bool tracer_span_id(tracer_span span, uint8_t *out);
bool tracer_span_trace_id_hex(tracer_span span, char *out);
bool tracer_span_id_hex(tracer_span span, char *out);
tracer_value *tracer_value_new(void);
void tracer_value_free(tracer_value *value);
void tracer_value_clear(tracer_value *value);
void tracer_value_begin_array(tracer_value *value);
void tracer_value_begin_map(tracer_value *value);
void tracer_value_end(tracer_value *value);
void tracer_value_key(tracer_value *value, const char *key, size_t len);
void tracer_value_add_null(tracer_value *value);
void tracer_value_add_bool(tracer_value *value, bool boolean);
void tracer_value_add_int(tracer_value *value, int64_t integer);
void tracer_value_add_double(tracer_value *value, double number);
void tracer_value_add_string(tracer_value *value, const char *text, size_t len);
void tracer_value_add_bytes(tracer_value *value, const void *data, size_t len);
tracer_context *tracer_context_current(void);
tracer_context *tracer_span_context(tracer_span span);
tracer_context *tracer_context_from_traceparent(const char *traceparent, const char *tracestate);
void tracer_context_free(tracer_context *context);
bool tracer_context_is_valid(const tracer_context *context);
bool tracer_context_traceparent(const tracer_context *context, char *out);
bool tracer_traceparent(char *out);
uint64_t tracer_context_attach(const tracer_context *context);
void tracer_context_detach(uint64_t token);
void tracer_read_stats(tracer_stats *out);
void tracer_provider_read_stats(const tracer_provider *provider, tracer_stats *out);
tracer_capture *tracer_capture_new(void);
void tracer_capture_free(tracer_capture *capture);
size_t tracer_capture_count(const tracer_capture *capture);
bool tracer_capture_otlp(const tracer_capture *capture, size_t index, const uint8_t **out_bytes, size_t *out_len);
void tracer_capture_clear(const tracer_capture *capture);
const tracer_table *tracer_table_get(uint32_t version);
#ifdef __cplusplus
}
#endif
#endif
