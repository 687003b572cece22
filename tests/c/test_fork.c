/* Fork: by libc's fork() and by the raw system call, which runs no pthread_atfork handler. */
#define _GNU_SOURCE
#include "harness.h"
#include "otlp.h"
#include "sink.h"

#include <link.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { IDS = 2000 };

typedef pid_t (*forker)(void);

static pid_t raw_fork(void) { return (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0); }

static const struct {
    const char *name;
    forker fork;
} forkers[] = {{"fork()", fork}, {"raw clone", raw_fork}};

/* Runs `work` in a child made by each kind of fork; its failed checks become the child's status. */
static void in_children(void (*work)(int fd), int fd) {
    for (size_t at = 0; at < sizeof forkers / sizeof *forkers; at++) {
        fflush(stdout);
        pid_t child = forkers[at].fork();
        if (child == 0) {
            harness_failed = 0;
            work(fd);
            _exit(harness_failed > 100 ? 100 : harness_failed);
        }
        int status = 0;
        CHECK(waitpid(child, &status, 0) == child);
        if (!CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0)) {
            fprintf(stderr, "    in a child by %s, status %d\n", forkers[at].name, status);
        }
    }
}

struct ids {
    uint8_t trace[16], span[8];
};

static void make_ids(struct ids *out, size_t count) {
    for (size_t at = 0; at < count; at++) {
        tracer_span span = tracer_span_start(NULL, "id", NULL);
        CHECK(tracer_span_trace_id(span, out[at].trace) && tracer_span_id(span, out[at].span));
        tracer_span_end(span);
    }
}

static int by_trace(const void *one, const void *other) {
    return memcmp(((const struct ids *)one)->trace, ((const struct ids *)other)->trace, 16);
}

static int by_span(const void *one, const void *other) {
    return memcmp(((const struct ids *)one)->span, ((const struct ids *)other)->span, 8);
}

static void write_ids(int fd) {
    static struct ids ids[IDS];
    make_ids(ids, IDS);
    const char *bytes = (const char *)ids;
    for (size_t left = sizeof ids; left > 0;) {
        ssize_t written = write(fd, bytes, left);
        if (!CHECK(written > 0)) {
            return;
        }
        bytes += written;
        left -= (size_t)written;
    }
}

static void ids_are_never_the_same(void) {
    enum { ALL = 3 * IDS };
    static struct ids ids[ALL];
    FILE *file = tmpfile();
    CHECK(file != NULL);
    set_up("memory");
    make_ids(ids, 1); /* the generator is there before the fork */
    in_children(write_ids, fileno(file));
    make_ids(ids, IDS);
    rewind(file);
    CHECK_INT(fread(ids + IDS, sizeof *ids, 2 * IDS, file), 2 * IDS);
    fclose(file);
    size_t same = 0;
    qsort(ids, ALL, sizeof *ids, by_trace);
    for (size_t at = 1; at < ALL; at++) {
        same += by_trace(&ids[at - 1], &ids[at]) == 0;
    }
    qsort(ids, ALL, sizeof *ids, by_span);
    for (size_t at = 1; at < ALL; at++) {
        same += by_span(&ids[at - 1], &ids[at]) == 0;
    }
    CHECK_INT(same, 0);
}

static void count_from_zero(int fd) {
    (void)fd;
    CHECK_INT(stats().started, 0);
    CHECK_INT(stats().exported, 0);
    CHECK_INT(stats().open, 0);
    for (int i = 0; i < 3; i++) {
        tracer_span_finish(tracer_span_begin("child"));
    }
    CHECK_INT(tracer_flush(5000), TRACER_OK);
    tracer_stats now = stats();
    CHECK_INT(now.started, 3);
    CHECK_INT(now.exported, 3);
}

static void the_child_counts_from_zero(void) {
    set_up("memory");
    for (int i = 0; i < 7; i++) {
        tracer_span_finish(tracer_span_begin("parent"));
    }
    tracer_span open = tracer_span_start(NULL, "open", NULL);
    in_children(count_from_zero, -1);
    tracer_span_end(open);
    CHECK_INT(tracer_flush(5000), TRACER_OK);
    CHECK_INT(stats().started, 8);
    CHECK_INT(stats().exported, 8);
}

static tracer_span inherited;
static char inherited_id[17];

static void use_the_parents_span(int fd) {
    (void)fd;
    tracer_capture *capture = tracer_capture_new();
    tracer_span child = tracer_span_start(NULL, "child", NULL); /* below what is current still */
    tracer_span_end(child);
    tracer_span_set_int(inherited, "from the child", 1);
    tracer_span_set_name(inherited, "renamed");
    tracer_span_end(inherited);
    tracer_span_finish(inherited);
    seen got;
    CHECK_INT(tracer_capture_count(capture), 1);
    CHECK(see_named(capture, "child", &got));
    CHECK_TEXT(got.parent_id, inherited_id);
    CHECK_INT(stats().started, 1);
    CHECK_INT(stats().open, 0);
    tracer_capture_free(capture);
}

static void the_parents_spans_are_parents_and_no_more(void) {
    set_up("memory");
    tracer_capture *capture = tracer_capture_new();
    inherited = tracer_span_begin("inherited");
    CHECK(tracer_span_id_hex(inherited, inherited_id));
    in_children(use_the_parents_span, -1);
    tracer_span_set_int(inherited, "from the parent", 1);
    tracer_span_finish(inherited);
    seen got;
    CHECK(see_named(capture, "inherited", &got));
    CHECK_TEXT(got.attributes, "from the parent=1");
    tracer_capture_free(capture);
}

static void deliver(int fd) {
    (void)fd;
    for (int i = 0; i < 10; i++) {
        tracer_span_finish(tracer_span_begin("child"));
    }
    CHECK_INT(tracer_shutdown(5000), TRACER_OK);
}

static void parent_and_children_deliver_their_own(void) {
    sink *receiver = sink_start(false);
    sink_environment(sink_port(receiver));
    CHECK_INT(tracer_init_from_env(), TRACER_OK);
    tracer_span_finish(tracer_span_begin("parent"));
    CHECK_INT(tracer_flush(5000), TRACER_OK); /* the exporter thread and its connection are there */
    CHECK_INT(sink_spans(receiver), 1);
    for (int i = 0; i < 4; i++) {
        tracer_span_finish(tracer_span_begin("parent")); /* not sent yet: the parent's to send */
    }
    in_children(deliver, -1);
    CHECK_INT(sink_spans(receiver), 21);
    CHECK_INT(tracer_flush(5000), TRACER_OK);
    CHECK_INT(sink_spans(receiver), 25);
    CHECK_INT(stats().exported, 5);
    sink_stop(receiver);
}

static void exit_normally(int fd) {
    (void)fd;
    tracer_span_finish(tracer_span_begin("child"));
    exit(harness_failed); /* runs atexit handlers, which flush */
}

static void a_childs_normal_exit_flushes(void) {
    sink *receiver = sink_start(false);
    sink_environment(sink_port(receiver));
    CHECK_INT(tracer_init_from_env(), TRACER_OK);
    tracer_span_finish(tracer_span_begin("parent"));
    CHECK_INT(tracer_flush(5000), TRACER_OK);
    in_children(exit_normally, -1);
    CHECK_INT(sink_spans(receiver), 3);
    sink_stop(receiver);
}

static void fork_again(int fd) {
    tracer_span_finish(tracer_span_begin("child"));
    in_children(count_from_zero, fd);
    CHECK_INT(stats().started, 1);
}

static void grandchildren_start_anew_too(void) {
    set_up("memory");
    tracer_span_finish(tracer_span_begin("parent"));
    in_children(fork_again, -1);
}

static sem_t inside, leave;

static int stay(struct dl_phdr_info *info, size_t size, void *unused) {
    (void)info, (void)size, (void)unused;
    sem_post(&inside);
    sem_wait(&leave);
    return 1;
}

static void *hold_the_loaders_lock(void *unused) {
    (void)unused;
    dl_iterate_phdr(stay, NULL);
    return NULL;
}

static void configure_anew(int fd) {
    (void)fd;
    alarm(30); /* ends what hangs */
    set_up("memory");
    tracer_span_finish(tracer_span_begin("child"));
    CHECK_INT(tracer_flush(5000), TRACER_OK);
    CHECK_INT(stats().exported, 1);
}

static void a_child_does_not_wait_for_the_loader(void) {
    pthread_t holder;
    sem_init(&inside, 0, 0);
    sem_init(&leave, 0, 0);
    CHECK_INT(pthread_create(&holder, NULL, hold_the_loaders_lock, NULL), 0);
    sem_wait(&inside);
    in_children(configure_anew, -1);
    sem_post(&leave);
    pthread_join(holder, NULL);
}

int main(void) {
    RUN(ids_are_never_the_same);
    RUN(the_child_counts_from_zero);
    RUN(the_parents_spans_are_parents_and_no_more);
    RUN(parent_and_children_deliver_their_own);
    RUN(a_childs_normal_exit_flushes);
    RUN(grandchildren_start_anew_too);
    RUN(a_child_does_not_wait_for_the_loader);
    return finish();
}
