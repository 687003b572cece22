//! What the logs of threads leave behind.

use crate::config::Config;
use crate::provider::Provider;

#[test]
fn a_thread_that_published_nothing_leaves_no_log_behind() {
    let provider = Provider::new(&Config::new()).unwrap().leak();
    for _ in 0..3 {
        std::thread::spawn(move || {
            crate::thread::enter(|thread| {
                let producer = thread.producers.of_provider(provider).unwrap();
                producer.log.counts.unsampled.count();
            });
        })
        .join()
        .unwrap();
    }
    let logs = &provider.state().logs;
    assert_eq!(logs.lock().len(), 0);
    assert_eq!(logs.totals().unsampled, 3);
}
