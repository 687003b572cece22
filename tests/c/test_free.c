/* What is freed twice, used after its free, or freed though it is only lent: a counted no-op, for every
 * type that C frees. */
#define _POSIX_C_SOURCE 200809L
#include "harness.h"

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

/* A type of object: what makes one, and what frees it. */
typedef struct object_type {
    const char *name;
    void *(*new)(void);
    void (*free)(void *);
} object_type;

static void *new_config(void) { return tracer_config_new(); }
static void free_config(void *object) { tracer_config_free(object); }

static void *new_provider(void) {
    tracer_config *config = tracer_config_new();
    tracer_provider *provider = NULL;
    CHECK_INT(tracer_provider_new(config, &provider), TRACER_OK);
    tracer_config_free(config);
    return provider;
}
static void free_provider(void *object) { tracer_provider_free(object); }

static void *new_scope(void) { return tracer_scope_new(NULL, "library", NULL, NULL); }
static void free_scope(void *object) { tracer_scope_free(object); }

static void *new_value(void) { return tracer_value_new(); }
static void free_value(void *object) { tracer_value_free(object); }

static void *new_context(void) { return tracer_context_current(); }
static void free_context(void *object) { tracer_context_free(object); }

static void *new_task(void) { return tracer_task_new(); }
static void free_task(void *object) { tracer_task_free(object); }

static void *new_capture(void) { return tracer_capture_new(); }
static void free_capture(void *object) { tracer_capture_free(object); }

static tracer_span open_span;
static void *new_view(void) { return tracer_span_view_new(open_span); }
static void free_view(void *object) { tracer_span_view_free(object); }

static const object_type types[] = {
    {"config", new_config, free_config},    {"provider", new_provider, free_provider},
    {"scope", new_scope, free_scope},       {"value", new_value, free_value},
    {"context", new_context, free_context}, {"task", new_task, free_task},
    {"capture", new_capture, free_capture}, {"view", new_view, free_view},
};

enum { TYPES = sizeof types / sizeof types[0] };

/* How many calls `free` of an object counted as misuse. */
static uint64_t counted(const object_type *type, void *object) {
    uint64_t before = stats().stale;
    type->free(object);
    return stats().stale - before;
}

static void a_second_free_is_a_counted_no_op(void) {
    for (int i = 0; i < TYPES; i++) {
        void *object = types[i].new();
        CHECK(object != NULL);
        CHECK_INT(counted(&types[i], NULL), 0);
        CHECK_INT(counted(&types[i], object), 0);
        if (!CHECK(counted(&types[i], object) == 1 && counted(&types[i], object) == 1)) {
            fprintf(stderr, "    of a %s\n", types[i].name);
        }
    }
}

static void what_is_made_next_is_another_object(void) {
    for (int i = 0; i < TYPES; i++) {
        void *object = types[i].new();
        types[i].free(object);
        for (int n = 0; n < 60; n++) {
            void *next = types[i].new();
            CHECK(next != object);
            CHECK_INT(counted(&types[i], object), 1);
            CHECK_INT(counted(&types[i], next), 0);
        }
    }
}

static void *shared_object;

static void *free_shared(void *type) {
    ((const object_type *)type)->free(shared_object);
    return NULL;
}

static void of_threads_that_free_at_once_one_does(void) {
    enum { THREADS = 4, ROUNDS = 20 };
    for (int i = 0; i < TYPES; i++) {
        object_type type = types[i];
        for (int round = 0; round < ROUNDS; round++) {
            pthread_t threads[THREADS];
            shared_object = type.new();
            uint64_t before = stats().stale;
            for (int n = 0; n < THREADS; n++) {
                pthread_create(&threads[n], NULL, free_shared, &type);
            }
            for (int n = 0; n < THREADS; n++) {
                pthread_join(threads[n], NULL);
            }
            CHECK_INT(stats().stale - before, THREADS - 1);
        }
    }
}

static void a_freed_configuration_is_refused(void) {
    char why[64];
    tracer_config *config = tracer_config_new();
    tracer_config_free(config);
    tracer_provider *provider = NULL;
    uint64_t before = stats().stale;
    CHECK_INT(tracer_config_set_service_name(config, "late"), TRACER_INVALID_ARGUMENT);
    tracer_last_error(why, sizeof why);
    CHECK_TEXT(why, "config was freed");
    CHECK_INT(tracer_config_set_sampler(config, TRACER_SAMPLER_ALWAYS_ON, 1), TRACER_INVALID_ARGUMENT);
    CHECK_INT(tracer_init(config), TRACER_INVALID_ARGUMENT);
    CHECK_INT(tracer_provider_new(config, &provider), TRACER_INVALID_ARGUMENT);
    CHECK(provider == NULL);
    CHECK_INT(stats().stale - before, 4);
}

static void what_was_freed_reads_as_empty(void) {
    char hex[33];
    tracer_capture *capture = tracer_capture_new();
    tracer_span_end(tracer_span_start(NULL, "seen", NULL));
    CHECK_INT(tracer_capture_count(capture), 1);
    tracer_capture_free(capture);
    CHECK_INT(tracer_capture_count(capture), 0);
    CHECK(tracer_capture_span(capture, 0) == NULL);
    CHECK(tracer_capture_find_span(capture, "seen") == NULL);
    tracer_capture_clear(capture);

    tracer_context *context = tracer_span_context(open_span);
    tracer_context_free(context);
    CHECK(!tracer_context_is_valid(context));
    CHECK(!tracer_context_trace_id_hex(context, hex));
    tracer_context_detach(tracer_context_attach(context));

    tracer_value *value = tracer_value_new();
    tracer_value_add_int(value, 1);
    tracer_value_free(value);
    uint64_t before = stats().stale;
    tracer_value_begin_array(value);
    tracer_value_add_int(value, 2);
    CHECK_INT(stats().stale - before, 2);
    CHECK_INT(tracer_value_json(value, hex, sizeof hex), 4);
    CHECK_TEXT(hex, "null");

    tracer_span_view *view = tracer_span_view_new(open_span);
    CHECK_TEXT(view->name, "open");
    tracer_span_view_free(view);
    CHECK_TEXT(view->name, "");
    CHECK_INT(view->attribute_count, 0);

    tracer_task *task = tracer_task_new();
    tracer_task_resume(task);
    tracer_span within = tracer_span_begin("within");
    tracer_task_free(task); /* suspended before */
    CHECK(!tracer_current_ids_hex(hex, NULL));
    before = stats().stale;
    tracer_task_resume(task);
    tracer_task_suspend(task);
    CHECK_INT(stats().stale - before, 2);
    tracer_span_finish(within);
}

/* What callbacks and views lend is not theirs to free. */
static void free_parent(void *user_data, tracer_span span, const tracer_context *parent) {
    (void)user_data, (void)span;
    tracer_context_free((tracer_context *)parent);
}

static void free_ended(void *user_data, const tracer_ended_span *span) {
    (void)user_data;
    const tracer_span_view *view = tracer_ended_span_view(span);
    tracer_span_view_free((tracer_span_view *)view);
    CHECK_TEXT(view->name, "lent");
}

static void what_is_lent_cannot_be_freed(void) {
    tracer_processor_callbacks callbacks = TRACER_PROCESSOR_CALLBACKS_INIT;
    callbacks.on_start = free_parent;
    callbacks.on_end = free_ended;
    tracer_config *config = tracer_config_new();
    tracer_provider *provider = NULL;
    CHECK_INT(tracer_config_add_processor(config, &callbacks), TRACER_OK);
    CHECK_INT(tracer_provider_new(config, &provider), TRACER_OK);
    tracer_config_free(config);
    tracer_scope *scope = tracer_scope_new(provider, "library", NULL, NULL);
    tracer_capture *capture = tracer_capture_new();
    uint64_t before = stats().stale;
    tracer_span span = tracer_span_start(scope, "lent", NULL);
    tracer_value *list = tracer_value_new();
    tracer_value_begin_array(list);
    tracer_value_add_int(list, 1);
    tracer_span_set_value(span, "list", list);
    tracer_value_free(list);
    tracer_span_end(span);
    CHECK_INT(stats().stale - before, 2);
    const tracer_span_view *seen = tracer_capture_span(capture, 0);
    tracer_value *within = (tracer_value *)seen->attributes[0].value.nested;
    tracer_value_free(within);
    tracer_value_add_int(within, 2);
    tracer_span_view_free((tracer_span_view *)seen);
    CHECK_INT(stats().stale - before, 5);
    char json[8];
    tracer_value_json(within, json, sizeof json);
    CHECK_TEXT(json, "[1]");
    tracer_capture_free(capture);
    tracer_scope_free(scope);
    tracer_provider_free(provider);
}

static void what_is_no_object_cannot_be_freed(void) {
    uint64_t other[64] = {0};
    for (int i = 0; i < TYPES; i++) {
        char *object = types[i].new();
        void *made_up[] = {other, object + 8, object - 8, (void *)(uintptr_t)16, (void *)UINTPTR_MAX};
        for (size_t n = 0; n < sizeof made_up / sizeof *made_up; n++) {
            CHECK_INT(counted(&types[i], made_up[n]), 1);
        }
        const object_type *another = &types[(i + 1) % TYPES];
        void *of_another = another->new();
        CHECK_INT(counted(&types[i], of_another), 1);
        CHECK_INT(counted(another, of_another), 0);
        CHECK_INT(counted(&types[i], object), 0);
    }
}

static void a_forked_child_makes_and_frees(void) {
    void *kept[TYPES];
    for (int i = 0; i < TYPES; i++) {
        kept[i] = types[i].new();
    }
    pid_t child = fork();
    if (child == 0) {
        int before = harness_failed;
        for (int i = 0; i < TYPES; i++) {
            CHECK_INT(counted(&types[i], kept[i]), 0);
            CHECK_INT(counted(&types[i], kept[i]), 1);
        }
        open_span = tracer_span_start(NULL, "open", NULL);
        a_second_free_is_a_counted_no_op();
        _exit(harness_failed > before);
    }
    int status = -1;
    CHECK_INT(waitpid(child, &status, 0), child);
    CHECK_INT(status, 0);
    for (int i = 0; i < TYPES; i++) {
        CHECK_INT(counted(&types[i], kept[i]), 0);
    }
}

int main(void) {
    set_up("none");
    open_span = tracer_span_start(NULL, "open", NULL);
    RUN(a_second_free_is_a_counted_no_op);
    RUN(what_is_made_next_is_another_object);
    RUN(of_threads_that_free_at_once_one_does);
    RUN(a_freed_configuration_is_refused);
    RUN(what_was_freed_reads_as_empty);
    RUN(what_is_lent_cannot_be_freed);
    RUN(what_is_no_object_cannot_be_freed);
    RUN(a_forked_child_makes_and_frees);
    tracer_span_end(open_span);
    return finish();
}
