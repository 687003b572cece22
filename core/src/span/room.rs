//! Room in a span that holds as much as its limits allow. What is over is dropped and counted:
//! what comes too late, or, where the limits say so, what is oldest.

use super::slot::SpanState;
use super::write::{EVENT, LINK};

/// Whether there is room for one more attribute, after the oldest gave way if it must.
#[cold]
pub(super) fn for_attribute(state: &mut SpanState) -> bool {
    state.dropped_attributes += 1;
    let room = state.limits().keep_newest && state.keys.len() > 0;
    if room {
        state.keys.remove(0, &mut state.body);
    }
    room
}

/// Whether there is room for one more event, after the oldest gave way if it must.
#[cold]
pub(super) fn for_event(state: &mut SpanState) -> bool {
    state.dropped_events += 1;
    let room = state.limits().keep_newest && state.keys.remove_first(EVENT, &mut state.body);
    if room {
        state.events -= 1;
    }
    room
}

/// Whether there is room for one more link, after the oldest gave way if it must.
#[cold]
pub(super) fn for_link(state: &mut SpanState) -> bool {
    state.dropped_links += 1;
    let room = state.limits().keep_newest && state.keys.remove_first(LINK, &mut state.body);
    if room {
        state.links -= 1;
    }
    room
}
