//! The rules of the native stack, one by one.

use super::*;
use crate::baggage::Baggage;

const BELOW: Base = Base::Span(SpanId([1; 8]));
const HERE: Base = Base::Unknown(SpanId([8; 8]));
const ELSEWHERE: Base = Base::Unknown(SpanId([9; 8]));

fn span() -> Pushed {
    Pushed::Span(Current::default())
}

fn with_baggage() -> Pushed {
    Pushed::Whole(Context::new().with_baggage(Baggage::new().with("a", "1")))
}

#[test]
fn a_span_keeps_the_baggage_of_what_was_current() {
    let mut stack = Stack::default();
    stack.push(with_baggage(), BELOW, None, 0);
    stack.push(span(), BELOW, None, 0);
    assert!(stack.top(BELOW).unwrap().extras.is_some());
    stack.push(span(), HERE, None, 0); // another context of the language: nothing known was current
    assert!(stack.top(HERE).unwrap().extras.is_none());
    stack.push(Pushed::Whole(Context::new()), HERE, None, 0);
    assert!(stack.top(HERE).unwrap().extras.is_none());
}

#[test]
fn a_context_taken_along_is_on_top_of_what_was_below_it() {
    let mut stack = Stack::default();
    stack.push(span(), HERE, Some(SpanId([1; 8])), 0);
    stack.push(span(), HERE, None, 0); // a span started there
    assert!(stack.top(HERE).is_some() && stack.top(BELOW).is_some());
    assert!(stack.top(ELSEWHERE).is_none());
}

#[test]
fn without_one_it_is_on_top_of_nothing_that_is_known() {
    let mut stack = Stack::default();
    stack.push(span(), HERE, None, 0);
    assert!(stack.top(HERE).is_some() && stack.top(BELOW).is_none());
    stack.push(span(), BELOW, None, 0);
    assert!(stack.top(BELOW).is_some() && stack.top(HERE).is_none());
}

#[test]
fn what_moves_to_another_stack_is_on_top_of_what_is_there() {
    let (mut from, mut to) = (Stack::default(), Stack::default());
    from.push(span(), BELOW, None, 0);
    let token = from.push(with_baggage(), BELOW, None, 0);
    let mut kept = Vec::new();
    from.take_above(1, &mut kept);
    from.take_above(1, &mut kept);
    assert_eq!((from.len(), kept.len()), (1, 1));
    assert_ne!(to.push(span(), ELSEWHERE, None, 0), token);
    to.put(&mut kept, HERE, Some(SpanId([1; 8])));
    assert!(kept.is_empty() && to.top(HERE).unwrap().extras.is_some());
    assert!(to.top(BELOW).is_some() && to.top(ELSEWHERE).is_none());
    assert!(to.take(|entry| entry.token == token).unwrap().1);
}
