/* Forty lines of test harness: CHECK goes on after a failure, main ends with `return finish();`. */
#ifndef HARNESS_H
#define HARNESS_H

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <tracer.h>

/* The malloc of sanitizers is not made whole in a child that was forked while another thread was in it. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MALLOC_FORKS 0
#elif defined(__has_feature)
#define MALLOC_FORKS !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer)
#else
#define MALLOC_FORKS 1
#endif

static int harness_failed, harness_tests, harness_failed_tests;

#define CHECK(condition) harness_check((condition), #condition, __FILE__, __LINE__)
#define CHECK_INT(got, wanted) \
    harness_int((int64_t)(got), (int64_t)(wanted), #got, __FILE__, __LINE__)
#define CHECK_TEXT(got, wanted) harness_text((got), (wanted), #got, __FILE__, __LINE__)
#define RUN(test) harness_run(test, #test)

static inline bool harness_check(bool ok, const char *what, const char *file, int line) {
    if (!ok) {
        harness_failed++;
        fprintf(stderr, "%s:%d: not so: %s\n", file, line, what);
    }
    return ok;
}

static inline void harness_int(int64_t got, int64_t wanted, const char *what, const char *file, int line) {
    if (!harness_check(got == wanted, what, file, line)) {
        fprintf(stderr, "    got %" PRId64 ", wanted %" PRId64 "\n", got, wanted);
    }
}

static inline void harness_text(const char *got, const char *wanted, const char *what, const char *file,
                                int line) {
    if (!harness_check(strcmp(got, wanted) == 0, what, file, line)) {
        fprintf(stderr, "    got    %s\n    wanted %s\n", got, wanted);
    }
}

static inline void harness_run(void (*test)(void), const char *name) {
    int before = harness_failed;
    test();
    harness_tests++;
    harness_failed_tests += harness_failed > before;
    printf("%s %s\n", harness_failed > before ? "FAILED" : "ok    ", name);
    fflush(stdout);
}

static inline int finish(void) {
    printf("%d passed, %d failed\n", harness_tests - harness_failed_tests, harness_failed_tests);
    return harness_failed > 0;
}

/* Seconds on a clock that only goes forward. */
static inline double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static inline tracer_stats stats(void) {
    tracer_stats read;
    memset(&read, 0, sizeof read);
    read.struct_size = sizeof read;
    tracer_read_stats(&read);
    return read;
}

/* Installs a default provider with these exporters and nothing from the environment. */
static inline void set_up(const char *exporters) {
    tracer_config *config = tracer_config_new();
    CHECK_INT(tracer_config_set_service_name(config, "tests"), TRACER_OK);
    CHECK_INT(tracer_config_set_exporter(config, exporters), TRACER_OK);
    CHECK_INT(tracer_init(config), TRACER_OK);
    tracer_config_free(config);
}

#endif
