//! After a fork, whatever other threads were at, the child counts calls of language models from zero.
#![cfg(all(unix, feature = "metrics"))]

#[path = "common/ends.rs"]
mod ends;
#[expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a helper of a test fails by a panic"
)]
#[path = "common/fork.rs"]
mod fork;

use ends::Ends;
use libtracer::{Config, LlmCall, TracerProvider};
use std::sync::atomic::{AtomicBool, Ordering};

const LINE: &str = "ai_llm_requests_total{model=\"m\",provider=\"p\"} 1\n";

fn fork_now() -> libc::pid_t {
    // SAFETY: the child only counts and ends.
    unsafe { libc::fork() }
}

#[test]
fn a_child_counts_from_zero_while_the_parent_counts_on() {
    let config = Config::new().llm_metrics(true);
    let provider = TracerProvider::new(&config).unwrap();
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    provider.record_llm_call(&LlmCall::new("p", "m").tokens(1, 1));
                    let _ = provider.metrics_text();
                }
            });
        }
        let _ends = Ends(&over);
        while !provider.metrics_text().contains("ai_llm_requests_total{") {}
        for _ in 0..20 {
            let child = fork::start(fork_now, || {
                provider.record_llm_call(&LlmCall::new("p", "m"));
                provider.metrics_text()
            });
            let text = child.join();
            assert!(text.contains(LINE), "{text}");
        }
    });
}
