/* The library loaded and closed by a program that is not linked to it: the path of the library is in
 * LIBTRACER. It stays in the process, and what it knows stays with it. */
#define _GNU_SOURCE
#include "harness.h"

#include <dirent.h>
#include <dlfcn.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TIMES = 100, ROUND = 5, SETTLED = 10, THREADS = 3 };

/* What this program calls, by the library's own names. */
#define FUNCTIONS(F)                                                                                  \
    F(tracer_config_new)                                                                              \
    F(tracer_config_free)                                                                             \
    F(tracer_config_set_exporter)                                                                     \
    F(tracer_config_add_exporter)                                                                     \
    F(tracer_init)                                                                                    \
    F(tracer_span_begin)                                                                              \
    F(tracer_span_finish)                                                                             \
    F(tracer_span_set_int)                                                                            \
    F(tracer_span_is_recording)                                                                       \
    F(tracer_flush)                                                                                   \
    F(tracer_shutdown)                                                                                \
    F(tracer_read_stats)

#define POINTER(name) __typeof__(&name) name##_;
static struct { FUNCTIONS(POINTER) } library;
static const char *path;
static void *handle;

static void find(const char *name, void *place) {
    void *found = dlsym(handle, name);
    CHECK(found != NULL);
    memcpy(place, &found, sizeof found);
}

static void load(void) {
    handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!CHECK(handle != NULL)) {
        fprintf(stderr, "    %s\n", dlerror());
        exit(finish() + 1);
    }
#define FIND(name) find(#name, &library.name##_);
    FUNCTIONS(FIND)
}

static void unload(void) { CHECK_INT(dlclose(handle), 0); }

static tracer_stats account(void) {
    tracer_stats now;
    memset(&now, 0, sizeof now);
    now.struct_size = sizeof now;
    library.tracer_read_stats_(&now);
    return now;
}

static void configure(const char *exporters, const tracer_exporter_callbacks *own) {
    tracer_config *config = library.tracer_config_new_();
    CHECK_INT(library.tracer_config_set_exporter_(config, exporters), TRACER_OK);
    if (own != NULL) {
        CHECK_INT(library.tracer_config_add_exporter_(config, "own", own), TRACER_OK);
    }
    CHECK_INT(library.tracer_init_(config), TRACER_OK);
    library.tracer_config_free_(config);
}

static void record(void) {
    tracer_span span = library.tracer_span_begin_("loaded");
    library.tracer_span_set_int_(span, "i", 1);
    library.tracer_span_finish_(span);
}

static size_t threads(void) {
    size_t count = 0;
    DIR *tasks = opendir("/proc/self/task");
    while (readdir(tasks) != NULL) {
        count++;
    }
    closedir(tasks);
    return count;
}

/* Mappings whose line has `of` in it. */
static size_t mappings(const char *of) {
    char line[4096];
    size_t count = 0;
    FILE *maps = fopen("/proc/self/maps", "r");
    while (fgets(line, sizeof line, maps) != NULL) {
        count += strstr(line, of) != NULL;
    }
    fclose(maps);
    return count;
}

static void it_stays_even_unused(void) {
    load();
    size_t mapped = mappings("libtracer");
    unload();
    CHECK(mapped > 0);
    CHECK_INT(mappings("libtracer"), mapped);
}

static void a_hundred_times(void) {
    size_t threads_then = 0, mapped_then = 0, all_then = 0;
    uint64_t started = 0;
    for (int time = 0; time < TIMES; time++) {
        load();
        CHECK_INT(account().started, started);
        if (time % ROUND == 0) {
            configure("memory", NULL);
            started = 0;
        }
        record();
        started++;
        if (time % 3 == 0) {
            CHECK_INT(library.tracer_flush_(5000), TRACER_OK);
            CHECK_INT(account().queued, 0);
        }
        unload();
        if (time == SETTLED) {
            threads_then = threads(), mapped_then = mappings("libtracer"), all_then = mappings("");
        }
    }
    CHECK_INT(threads(), threads_then);
    CHECK_INT(mappings("libtracer"), mapped_then);
    CHECK(mappings("") < all_then + TIMES / 4);
    load();
    CHECK_INT(library.tracer_flush_(5000), TRACER_OK);
    tracer_stats now = account();
    CHECK_INT(now.started, ROUND);
    CHECK_INT(now.started, now.exported + now.dropped);
    unload();
}

static void closed_while_a_span_is_open(void) {
    load();
    configure("memory", NULL);
    tracer_span span = library.tracer_span_begin_("open");
    uint64_t open = account().open;
    unload();
    load();
    CHECK(library.tracer_span_is_recording_(span));
    CHECK_INT(account().open, open);
    library.tracer_span_finish_(span);
    CHECK_INT(account().open, open - 1);
    CHECK_INT(library.tracer_flush_(5000), TRACER_OK);
    unload();
}

static sem_t inside, leave;

static tracer_export_result export_slowly(void *exported, const tracer_batch *batch) {
    (void)batch;
    sem_post(&inside);
    sem_wait(&leave);
    ++*(int *)exported;
    return TRACER_EXPORT_OK;
}

static void closed_while_the_exporter_works(void) {
    int exported = 0;
    tracer_exporter_callbacks own = TRACER_EXPORTER_CALLBACKS_INIT;
    own.user_data = &exported;
    own.export_spans = export_slowly;
    sem_init(&inside, 0, 0);
    sem_init(&leave, 0, 0);
    load();
    configure("none", &own);
    uint64_t before = account().exported;
    record();
    CHECK_INT(library.tracer_flush_(1), TRACER_TIMEOUT);
    sem_wait(&inside);
    unload();
    sem_post(&leave); /* the exporter goes on in a library that is closed */
    load();
    CHECK_INT(library.tracer_flush_(5000), TRACER_OK);
    CHECK_INT(exported, 1);
    CHECK_INT(account().exported, before + 1);
    CHECK_INT(library.tracer_shutdown_(5000), TRACER_OK);
    unload();
}

static bool enough;

static void *record_on(void *recorded) {
    uint64_t count = 0;
    for (; !__atomic_load_n(&enough, __ATOMIC_ACQUIRE) || count == 0; count++) {
        record();
    }
    *(uint64_t *)recorded = count;
    return NULL;
}

static void closed_while_threads_record(void) {
    pthread_t recorders[THREADS];
    uint64_t recorded[THREADS] = {0}, sum = 0;
    load();
    configure("memory", NULL);
    uint64_t before = account().started;
    for (int at = 0; at < THREADS; at++) {
        CHECK_INT(pthread_create(&recorders[at], NULL, record_on, &recorded[at]), 0);
    }
    for (int time = 0; time < TIMES; time++) {
        unload();
        void *again = dlopen(path, RTLD_NOW | RTLD_LOCAL); /* `load` would write what they read */
        CHECK(again == handle);
    }
    unload();
    __atomic_store_n(&enough, true, __ATOMIC_RELEASE);
    for (int at = 0; at < THREADS; at++) { /* end in a closed library, with their own locals */
        CHECK_INT(pthread_join(recorders[at], NULL), 0);
        sum += recorded[at];
    }
    load();
    CHECK_INT(account().started, before + sum);
    CHECK_INT(library.tracer_flush_(5000), TRACER_OK);
    tracer_stats now = account();
    CHECK_INT(now.started, now.exported + now.dropped);
    unload();
}

static void its_exit_still_flushes(void) {
    char output[4096] = "";
    size_t len = 0;
    int ends[2];
    fflush(stdout);
    CHECK_INT(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        harness_failed = 0;
        dup2(ends[1], STDOUT_FILENO);
        load();
        configure("console", NULL);
        record();
        unload();
        exit(harness_failed);
    }
    close(ends[1]);
    for (ssize_t got; (got = read(ends[0], output + len, sizeof output - 1 - len)) > 0;) {
        len += (size_t)got;
    }
    close(ends[0]);
    int status = 0;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    CHECK(strstr(output, "loaded") != NULL);
}

int main(void) {
    path = getenv("LIBTRACER");
    setenv("OTEL_TRACES_EXPORTER", "none", 1);
    alarm(100);
    CHECK_INT(mappings("libtracer"), 0); /* or nothing below is about loading */
    if (path == NULL) {
        fprintf(stderr, "LIBTRACER is not set: the path of libtracer.so.1\n");
        return 1;
    }
    RUN(its_exit_still_flushes); /* of a process that has never had it loaded */
    RUN(it_stays_even_unused);
    RUN(a_hundred_times);
    RUN(closed_while_a_span_is_open);
    RUN(closed_while_the_exporter_works);
    RUN(closed_while_threads_record);
    RUN(its_exit_still_flushes);
    return finish();
}
