//! Tasks: what a coroutine or fiber made current goes with it.

use crate::boundary::record;
use crate::pool::{self, Object, Pool};
use libtracer::binding::{MisuseKind, Task, count_misuse};

/// What a coroutine or fiber has made current, which goes with it from thread to thread. One thread
/// at a time.
#[derive(Debug)]
pub struct tracer_task {
    /// None once it is freed.
    task: Option<Task>,
}

static TASKS: Pool<tracer_task> = Pool::new();

impl Object for tracer_task {
    const POOL: &'static Pool<Self> = &TASKS;

    fn empty(&mut self) {
        if let Some(mut task) = self.task.take() {
            task.suspend();
        }
    }
}

/// Runs `work` on the task that is meant; a freed one is counted.
fn with(task: Option<&mut tracer_task>, work: impl FnOnce(&mut Task)) {
    record(|| match task.map(|it| it.task.as_mut()) {
        Some(Some(task)) => work(task),
        Some(None) => count_misuse(MisuseKind::Stale),
        None => {}
    });
}

/// Makes a task for a coroutine or fiber, at whose first resume that is current which is so here and
/// now. Caller frees it.
#[unsafe(no_mangle)]
pub extern "C" fn tracer_task_new() -> *mut tracer_task {
    pool::give(|| tracer_task {
        task: Some(Task::new()),
    })
}

/// Frees a task, suspended before if it runs, as `tracer_task_suspend` says. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tracer_task_free(task: *mut tracer_task) {
    pool::free(task);
}

/// Makes current on this thread what was so in the task when it was suspended: call it when the
/// coroutine goes on. On a task that runs, nothing happens. NULL is allowed.
#[unsafe(no_mangle)]
pub extern "C" fn tracer_task_resume(task: Option<&mut tracer_task>) {
    with(task, Task::resume);
}

/// Takes off this thread, the one that resumed the task, all that became current since, and keeps it:
/// call it before the coroutine can go on elsewhere. On a task that does not run, nothing happens.
/// NULL is allowed.
#[unsafe(no_mangle)]
pub extern "C" fn tracer_task_suspend(task: Option<&mut tracer_task>) {
    with(task, Task::suspend);
}
