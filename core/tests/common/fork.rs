//! Runs something in a forked child and brings back what it says.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::FromRawFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

/// A child that hangs is a failure, not a hanging test.
const LONGEST: Duration = Duration::from_secs(30);

/// A child that runs.
pub(crate) struct Child {
    process: libc::pid_t,
    words: File,
}

/// Forks with `fork` and runs `work` in the child, which then ends at once.
pub(crate) fn start(fork: fn() -> libc::pid_t, work: impl FnOnce() -> String) -> Child {
    let mut ends = [0; 2];
    // SAFETY: `ends` has room for the two descriptors.
    assert_eq!(unsafe { libc::pipe(ends.as_mut_ptr()) }, 0);
    // SAFETY: fresh from `pipe`, owned by nobody else.
    let words = unsafe { File::from_raw_fd(ends[0]) };
    // SAFETY: as above.
    let mut answer = unsafe { File::from_raw_fd(ends[1]) };
    let process = fork();
    assert!(process >= 0, "fork failed");
    if process > 0 {
        return Child { process, words };
    }
    let said = catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| "panicked".to_owned());
    let _ = answer.write_all(said.as_bytes());
    // SAFETY: ends the process without running anything that belongs to the parent.
    unsafe { libc::_exit(0) }
}

impl Child {
    /// What the child said.
    pub(crate) fn join(mut self) -> String {
        let begin = Instant::now();
        let mut status = 0;
        // SAFETY: our own child, waited for nowhere else, and a valid place for its status.
        while unsafe { libc::waitpid(self.process, &raw mut status, libc::WNOHANG) } == 0 {
            if begin.elapsed() > LONGEST {
                // SAFETY: our own child, not yet waited for.
                unsafe { libc::kill(self.process, libc::SIGKILL) };
                panic!("the child hangs");
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        assert_eq!(status, 0, "the child died");
        let mut said = String::new();
        self.words.read_to_string(&mut said).expect("UTF-8");
        assert_ne!(said, "panicked");
        said
    }
}
