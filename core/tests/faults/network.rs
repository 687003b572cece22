//! What networks do: nobody there, slow, silent, reset at any byte, names that lead nowhere.

use crate::proxy::{Fault, Proxy};
use crate::rig::{Receiver, account, config, provider};
use crate::told::{Gate, SOON, balanced, spans, until};
use libtracer::TracerProvider;
use std::net::TcpListener;
use std::time::{Duration, Instant};

#[test]
fn conf_083_a_collector_that_comes_up_later_gets_everything() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let provider = provider(format!("http://{address}"));
    spans(&provider, 23);
    until("it complains", || !account(&provider).last_error.is_empty());
    let now = account(&provider);
    assert_eq!((now.queued, now.dropped()), (23, 0), "{now:?}");
    assert!(now.last_error.contains("no connection"), "{now:?}");

    let receiver = Receiver::on(TcpListener::bind(address).unwrap(), |_, _| None);
    provider.flush(SOON).unwrap();
    let now = account(&provider);
    assert_eq!((now.exported, now.queued), (23, 0), "{now:?}");
    assert_eq!(receiver.spans().len(), 23);
    assert_eq!(receiver.names().len(), 23, "each once");
}

/// The first connection has a fault, further ones have none; a good destination is beside it.
fn with_a_good_one_beside(fault: Fault) {
    let receiver = Receiver::good();
    let proxy = Proxy::start(receiver.server.address, move |connection| {
        if connection == 0 { fault } else { Fault::None }
    });
    let good = Gate::default();
    good.open();
    let config = config().otlp(proxy.url()).exporter("good", good.factory());
    let provider = TracerProvider::new(&config).unwrap();
    let begin = Instant::now();
    spans(&provider, 5);
    until("the good one has all", || good.taken() == 5);
    assert!(
        begin.elapsed() < Duration::from_secs(1),
        "{fault:?} held up another destination: {:?}",
        begin.elapsed()
    );
    // The attempt is given up at its time limit, and the next one is well.
    provider.flush(SOON).unwrap();
    for stats in balanced(&provider) {
        assert_eq!(
            (stats.exported, stats.queued),
            (5, 0),
            "{fault:?}: {stats:?}"
        );
    }
    let told = &provider.stats()[0].last_error;
    assert!(
        told.contains("did not answer within 1s"),
        "{fault:?}: {told}"
    );
    assert_eq!(receiver.names().len(), 5, "{fault:?}");
    assert_eq!(proxy.connections(), 2, "{fault:?}");
}

#[test]
fn conf_089_an_answer_of_one_byte_a_second_is_given_up_and_delays_nobody_else() {
    with_a_good_one_beside(Fault::Slow(Duration::from_secs(1)));
}

#[test]
fn conf_068_a_destination_that_takes_all_and_answers_nothing_is_given_up() {
    with_a_good_one_beside(Fault::Silent);
}

#[test]
fn conf_068_a_half_open_connection_is_given_up() {
    with_a_good_one_beside(Fault::Deaf);
}

/// Resets the first connection of each round at an offset: nothing is lost, and what is sent twice
/// is so only where the answer was cut.
fn reset_at(fault: fn(usize) -> Fault, offsets: std::iter::StepBy<std::ops::Range<usize>>) {
    let receiver = Receiver::good();
    for offset in offsets {
        let proxy = Proxy::start(receiver.server.address, move |connection| {
            if connection == 0 {
                fault(offset)
            } else {
                Fault::None
            }
        });
        let provider = provider(proxy.url());
        let before = receiver.spans().len();
        spans(&provider, 3);
        provider.flush(SOON).unwrap();
        let now = account(&provider);
        assert_eq!((now.exported, now.dropped()), (3, 0), "{offset}: {now:?}");
        let arrived = receiver.spans().len() - before;
        let twice = matches!(fault(0), Fault::ResetResponse(_));
        assert!(arrived == 3 || twice && arrived == 6, "{offset}: {arrived}");
        // Somewhere beyond these offsets all was over before the reset.
        let within = offset < if twice { 70 } else { 400 };
        assert!(proxy.connections() == 2 || !within, "{offset}");
        provider.shutdown(SOON).unwrap();
    }
}

#[test]
fn conf_083_a_reset_at_any_byte_of_the_request_is_tried_again() {
    reset_at(Fault::ResetRequest, (1..900).step_by(97));
}

#[test]
fn conf_083_a_reset_at_any_byte_of_the_answer_is_tried_again() {
    reset_at(Fault::ResetResponse, (1..100).step_by(13));
}

#[test]
fn conf_083_a_connection_that_went_stale_is_replaced_at_once_and_silently() {
    let receiver = Receiver::good();
    // Each connection breaks somewhere in its second request.
    let proxy = Proxy::start(receiver.server.address, |connection| {
        Fault::ResetRequest(800 + 150 * connection)
    });
    let provider = provider(proxy.url());
    for round in 1..=8 {
        spans(&provider, 1);
        provider.flush(SOON).unwrap();
        let now = account(&provider);
        assert_eq!((now.exported, now.last_error.as_str()), (round, ""));
    }
    assert!(proxy.connections() > 2, "{}", proxy.connections());
    assert_eq!(receiver.spans().len(), 8);
}

#[test]
fn a_name_that_does_not_exist_loses_nothing_until_the_end_and_bounds_it() {
    let provider = provider("http://no-such-host.invalid:4318");
    spans(&provider, 7);
    assert!(provider.flush(Duration::from_millis(300)).is_err());
    assert_eq!(account(&provider).queued, 7);
    let begin = Instant::now();
    assert!(provider.shutdown(Duration::from_millis(300)).is_err());
    assert!(
        begin.elapsed() < Duration::from_secs(3),
        "{:?}",
        begin.elapsed()
    );
    let now = account(&provider);
    assert_eq!((now.dropped_shutdown, now.queued), (7, 0), "{now:?}");
}
