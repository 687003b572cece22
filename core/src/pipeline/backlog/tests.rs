use super::*;
use crate::pipeline::doubles::{SPAN_BYTES, numbers, run, run_of, span};

const NO_LIMIT: Limits = Limits {
    spans: usize::MAX,
    bytes: usize::MAX,
};

fn batches(backlog: &mut Backlog, limits: Limits) -> Vec<Vec<u32>> {
    let mut batches = Vec::new();
    while !backlog.is_empty() {
        batches.push(numbers(&backlog.cut(limits, 0)));
    }
    batches
}

fn filled(runs: impl IntoIterator<Item = Run>) -> Backlog {
    let mut backlog = Backlog::default();
    for run in runs {
        let count = run.count;
        assert_eq!(backlog.push(run, usize::MAX), count);
    }
    backlog
}

#[test]
fn batches_are_cut_by_count_across_runs_in_order() {
    let mut backlog = filled([run(0..3), run(3..4), run(4..9)]);
    let limits = Limits {
        spans: 4,
        ..NO_LIMIT
    };
    let expected = [vec![0, 1, 2, 3], vec![4, 5, 6, 7], vec![8]];
    assert_eq!(batches(&mut backlog, limits), expected);
    assert_eq!((backlog.spans, backlog.bytes), (0, 0));
}

#[test]
fn batches_are_cut_by_bytes_with_their_framing() {
    let mut backlog = filled([run(0..5)]);
    let limits = Limits {
        bytes: 2 * FRAMING_BYTES + 2 * SPAN_BYTES,
        ..NO_LIMIT
    };
    assert_eq!(
        batches(&mut backlog, limits),
        [vec![0, 1], vec![2, 3], vec![4]]
    );
}

#[test]
fn a_resource_takes_its_part_of_the_batch() {
    let mut backlog = filled([run(0..4)]);
    let limits = Limits {
        bytes: 2 * FRAMING_BYTES + 3 * SPAN_BYTES,
        ..NO_LIMIT
    };
    assert_eq!(numbers(&backlog.cut(limits, SPAN_BYTES)), [0, 1]);
}

#[test]
fn an_oversize_span_goes_alone() {
    let spans = vec![span(0, 8), span(1, 1000), span(2, 8), span(3, 8)];
    let mut backlog = filled([run_of(&spans)]);
    let limits = Limits {
        bytes: 100,
        ..NO_LIMIT
    };
    assert_eq!(
        batches(&mut backlog, limits),
        [vec![0], vec![1], vec![2, 3]]
    );
}

#[test]
fn a_run_that_does_not_fit_is_taken_up_to_the_room() {
    let mut backlog = Backlog::default();
    assert_eq!(backlog.push(run(0..10), 3 * SPAN_BYTES + 9), 3);
    assert_eq!(backlog.push(run(3..5), 0), 0);
    assert_eq!(backlog.bytes(), 3 * SPAN_BYTES);
    assert_eq!(batches(&mut backlog, NO_LIMIT), [vec![0, 1, 2]]);
}

#[test]
fn a_cut_shares_the_bytes() {
    let whole = run(0..4);
    let start = whole.spans.as_ptr();
    let mut backlog = filled([whole]);
    let limits = Limits {
        spans: 2,
        ..NO_LIMIT
    };
    let first = backlog.cut(limits, 0);
    let second = backlog.cut(limits, 0);
    assert_eq!(first[0].spans.as_ptr(), start);
    assert_eq!(
        second[0].spans.as_ptr() as usize,
        start as usize + 2 * SPAN_BYTES
    );
}

#[test]
fn bytes_that_are_no_spans_leave_whole() {
    for bytes in [
        &b""[..],
        b"\x12",
        b"\x12\xff\xff",
        b"\x0a\x01x\x12\x01y",
        b"\x12\x7fabc",
    ] {
        let odd = Run {
            spans: bytes::Bytes::from_static(bytes),
            count: 3,
            ..run([])
        };
        let mut backlog = filled([odd]);
        let mut spans = 0;
        while !backlog.is_empty() {
            spans += backlog.cut(Limits { spans: 1, bytes: 1 }, 0)[0].count;
        }
        assert_eq!(
            (spans, backlog.spans, backlog.bytes),
            (3, 0, 0),
            "{bytes:?}"
        );
    }
}

#[test]
fn length_prefixes_of_any_size_are_read() {
    for payload in [4, 127, 128, 16_383, 16_384, 2_100_000] {
        let bytes = span(1, payload);
        let total = bytes.len();
        assert_eq!(first_field_len(&[bytes, span(2, 4)].concat()), total);
    }
}
