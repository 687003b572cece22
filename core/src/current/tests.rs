//! The rules of the native stack, one by one.

use super::*;

const BELOW: Base = Base::Span(SpanId([1; 8]));
const HERE: Base = Base::Unknown(SpanId([8; 8]));
const ELSEWHERE: Base = Base::Unknown(SpanId([9; 8]));

#[test]
fn a_context_taken_along_is_on_top_of_what_was_below_it() {
    let mut stack = Stack::default();
    stack.push(Current::default(), HERE, Some(SpanId([1; 8])));
    stack.push(Current::default(), HERE, None); // a span started there
    assert!(stack.top(HERE).is_some() && stack.top(BELOW).is_some());
    assert!(stack.top(ELSEWHERE).is_none());
}

#[test]
fn without_one_it_is_on_top_of_nothing_that_is_known() {
    let mut stack = Stack::default();
    stack.push(Current::default(), HERE, None);
    assert!(stack.top(HERE).is_some() && stack.top(BELOW).is_none());
    stack.push(Current::default(), BELOW, None);
    assert!(stack.top(BELOW).is_some() && stack.top(HERE).is_none());
}
