/* A library that traces with the copy of libtracer it was linked with. */
#include <tracer.h>

#define PUBLIC __attribute__((visibility("default")))

/* Two nested spans; `back` is called inside both. */
PUBLIC void piece_work(void (*back)(void)) {
    tracer_span outer = tracer_span_begin("piece.outer");
    tracer_span inner = tracer_span_begin("piece.inner");
    tracer_span_set_int(inner, "number", 3);
    if (back != NULL) {
        back();
    }
    tracer_span_finish(inner);
    tracer_span_finish(outer);
}

/* A task with an open span is suspended around `back`, and resumed after it. */
PUBLIC void piece_task(void (*back)(void)) {
    tracer_task *task = tracer_task_new();
    tracer_task_resume(task);
    tracer_span outer = tracer_span_begin("task.outer");
    tracer_task_suspend(task);
    back();
    tracer_task_resume(task);
    tracer_span inner = tracer_span_begin("task.inner");
    back();
    tracer_span_finish(inner);
    tracer_span_finish(outer);
    tracer_task_suspend(task);
    tracer_task_free(task);
}

PUBLIC int piece_flush(void) { return (int)tracer_flush(5000); }

/* started, dropped, still open. */
PUBLIC void piece_account(uint64_t out[3]) {
    tracer_stats stats = {0};
    stats.struct_size = sizeof stats;
    tracer_read_stats(&stats);
    out[0] = stats.started;
    out[1] = stats.dropped;
    out[2] = stats.open;
}
