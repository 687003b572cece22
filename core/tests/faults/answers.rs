//! What servers say: later, never, not to you, too large, not all of it.

use crate::receiver::Reply;
use crate::rig::{Receiver, account, partial, provider};
use crate::told::{SOON, spans, until};
use std::time::{Duration, Instant};

/// A receiver whose first answer is this one, and which takes everything after it.
fn first(status: &str, headers: &str, body: &'static str) -> Receiver {
    let reply = Reply::status(status, headers, body.as_bytes());
    Receiver::start(move |number| (number == 0).then(|| reply.clone()))
}

#[test]
fn conf_080_conf_081_the_four_statuses_are_tried_again_and_nothing_is_lost() {
    for status in ["429 Busy", "502 Bad", "503 Unavailable", "504 Timeout"] {
        let receiver = first(status, "", "later, please");
        let provider = provider(receiver.url());
        spans(&provider, 12);
        provider.flush(SOON).unwrap();
        let now = account(&provider);
        assert_eq!((now.exported, now.dropped()), (12, 0), "{status}: {now:?}");
        assert_eq!(receiver.names().len(), 12, "{status}");
        assert!(now.last_error.ends_with(": later, please"), "{now:?}");
    }
}

#[test]
fn conf_082_a_retry_after_that_makes_no_sense_costs_no_more_than_a_moment() {
    for wish in [
        "0",
        "-1",
        "soon",
        "1e9",
        "",
        "0.5",
        "Sun, 06 Nov 1994 08:49:37 GMT",
    ] {
        let receiver = first("503 Later", &format!("retry-after: {wish}\r\n"), "");
        let provider = provider(receiver.url());
        spans(&provider, 5);
        let begin = Instant::now();
        provider.flush(SOON).unwrap();
        assert!(begin.elapsed() < Duration::from_secs(2), "{wish:?}");
        let now = account(&provider);
        assert_eq!((now.exported, now.dropped()), (5, 0), "{wish:?}: {now:?}");
    }
}

#[test]
fn conf_082_a_long_retry_after_is_obeyed_and_the_spans_wait_in_the_queue() {
    let tomorrow = httpdate::fmt_http_date(std::time::SystemTime::now() + SOON * 3000);
    for wish in ["60", "1000000000", "99999999999999999999", &tomorrow] {
        for status in ["429 Busy", "503 Later"] {
            let receiver = first(status, &format!("retry-after: {wish}\r\n"), "");
            let provider = provider(receiver.url());
            spans(&provider, 12);
            until("it was asked to wait", || {
                !account(&provider).last_error.is_empty()
            });
            // Who flushes does not make it ask again, and loses nothing.
            assert!(provider.flush(Duration::from_millis(200)).is_err());
            let now = account(&provider);
            assert_eq!((now.queued, now.dropped()), (12, 0), "{wish}: {now:?}");
            receiver.server.request();
            assert!(receiver.server.has_no_request(), "{wish}");
            // The end is no time to wait: it tries once more.
            provider.shutdown(SOON).unwrap();
            let now = account(&provider);
            assert_eq!((now.exported, now.dropped()), (12, 0), "{wish}: {now:?}");
        }
    }
}

#[test]
fn conf_081_other_statuses_cost_their_batch_which_is_counted_and_told_with_the_servers_words() {
    for status in [
        "400 Bad",
        "404 No",
        "405 No",
        "408 Slow",
        "418 Tea",
        "500 Broken",
        "501 No",
    ] {
        let receiver = first(status, "retry-after: 1\r\n", "no such table");
        let provider = provider(receiver.url());
        spans(&provider, 10);
        provider.flush(SOON).unwrap();
        let now = account(&provider);
        assert_eq!(
            (now.exported, now.dropped_export_failed),
            (5, 5),
            "{status}"
        );
        assert!(now.last_error.contains(status.split(' ').next().unwrap()));
        assert!(now.last_error.ends_with("no such table"), "{now:?}");
        assert_eq!(receiver.spans().len(), 5, "{status}");
    }
}

#[test]
fn conf_081_a_redirect_is_a_refusal_and_its_target_is_not_asked() {
    let elsewhere = Receiver::good();
    for status in ["301 Moved", "302 Found", "307 Temporary", "308 Permanent"] {
        let location = format!("location: {}\r\n", elsewhere.url());
        let receiver = first(status, &location, "");
        let provider = provider(receiver.url());
        spans(&provider, 10);
        provider.flush(SOON).unwrap();
        let now = account(&provider);
        assert_eq!(
            (now.exported, now.dropped_export_failed),
            (5, 5),
            "{status}"
        );
        assert!(
            now.last_error.contains("redirects are not followed"),
            "{now:?}"
        );
    }
    assert!(elsewhere.server.has_no_request());
}

#[test]
fn conf_081_who_is_denied_pauses_and_does_not_lose_what_follows() {
    for status in ["401 Unauthorized", "403 Forbidden"] {
        let receiver = first(status, "", "the key has expired");
        let provider = provider(receiver.url());
        spans(&provider, 20);
        until("it is denied", || !account(&provider).last_error.is_empty());
        assert!(provider.flush(Duration::from_millis(200)).is_err());
        let now = account(&provider);
        assert_eq!((now.queued, now.dropped_export_failed), (15, 5), "{now:?}");
        assert!(now.last_error.ends_with("the key has expired"), "{now:?}");
        receiver.server.request();
        assert!(receiver.server.has_no_request(), "no hammering");
        let begin = Instant::now();
        provider.shutdown(SOON).unwrap();
        assert!(
            begin.elapsed() < Duration::from_secs(3),
            "the pause is not waited for"
        );
        let now = account(&provider);
        assert_eq!((now.exported, now.dropped()), (15, 5), "{now:?}");
    }
}

#[test]
fn who_is_still_denied_at_the_end_is_not_asked_for_every_batch() {
    let denied = Reply::status("401 No", "", b"");
    let receiver = Receiver::start(move |_| Some(denied.clone()));
    let provider = provider(receiver.url());
    spans(&provider, 100);
    until("it is denied", || !account(&provider).last_error.is_empty());
    assert!(provider.shutdown(SOON).is_err());
    let now = account(&provider);
    assert_eq!((now.dropped_export_failed, now.dropped_shutdown), (10, 90));
}

#[test]
fn conf_084_a_partial_success_is_counted_told_and_not_sent_again() {
    for (rejected, counted) in [(2, 2), (0, 0), (5, 5), (99, 5), (i64::MAX, 5), (-3, 0)] {
        let receiver = Receiver::start(move |_| Some(partial(rejected, "bad attributes")));
        let provider = provider(receiver.url());
        spans(&provider, 5);
        provider.flush(SOON).unwrap();
        let now = account(&provider);
        assert_eq!(
            (now.dropped_rejected, now.exported),
            (counted, 5 - counted),
            "{rejected}: {now:?}"
        );
        assert_eq!(now.last_error, "bad attributes");
        receiver.server.request();
        provider.shutdown(SOON).unwrap();
        assert!(receiver.server.has_no_request(), "{rejected}");
    }
}
