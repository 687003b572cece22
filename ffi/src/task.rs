//! Tasks: what a coroutine or fiber made current goes with it.

use crate::boundary::{guard, record};
use libtracer::binding::Task;

/// What a coroutine or fiber has made current, which goes with it from thread to thread. One thread
/// at a time.
#[derive(Debug)]
pub struct tracer_task {
    task: Task,
}

/// Makes a task for a coroutine or fiber, at whose first resume that is current which is so here and
/// now. Caller frees it.
#[unsafe(no_mangle)]
pub extern "C" fn tracer_task_new() -> Option<Box<tracer_task>> {
    guard(None, || Some(Box::new(tracer_task { task: Task::new() })))
}

/// Frees a task, suspended before if it runs, as `tracer_task_suspend` says. NULL is allowed.
#[unsafe(no_mangle)]
pub extern "C" fn tracer_task_free(task: Option<Box<tracer_task>>) {
    record(|| {
        if let Some(mut task) = task {
            task.task.suspend();
        }
    });
}

/// Makes current on this thread what was so in the task when it was suspended: call it when the
/// coroutine goes on. On a task that runs, nothing happens. NULL is allowed.
#[unsafe(no_mangle)]
pub extern "C" fn tracer_task_resume(task: Option<&mut tracer_task>) {
    record(|| {
        if let Some(task) = task {
            task.task.resume();
        }
    });
}

/// Takes off this thread, the one that resumed the task, all that became current since, and keeps it:
/// call it before the coroutine can go on elsewhere. On a task that does not run, nothing happens.
/// NULL is allowed.
#[unsafe(no_mangle)]
pub extern "C" fn tracer_task_suspend(task: Option<&mut tracer_task>) {
    record(|| {
        if let Some(task) = task {
            task.task.suspend();
        }
    });
}
