//! Which span stands under which, and how deep: the shape of the tree, drawn with box characters.

use super::line;
use crate::finished::{FinishedSpan, OwnedValue};
use std::{
    collections::{HashMap, HashSet},
    fmt::Write,
};

/// Deeper spans are drawn at this depth: a recursion of thousands must not draw megabytes of space.
const MAX_DEPTH: usize = 48;

/// Finished spans as text for a person to read: a tree for each trace, with durations, attributes,
/// errors and events. Children stand under their parent by start time; a span whose parent is not
/// among `spans` stands at the top.
#[must_use]
pub fn render_tree(spans: &[FinishedSpan]) -> String {
    let mut order: Vec<&FinishedSpan> = spans.iter().collect();
    order.sort_by_key(|span| span.start_unix_ns);
    let mut traces: Vec<Vec<&FinishedSpan>> = Vec::new();
    let mut places = HashMap::new();
    for span in order {
        let place = *places.entry(span.trace_id).or_insert(traces.len());
        match traces.get_mut(place) {
            Some(trace) => trace.push(span),
            None => traces.push(vec![span]),
        }
    }
    let mut out = String::new();
    for trace in traces {
        if !out.is_empty() {
            out.push('\n');
        }
        header(&mut out, &trace);
        Tree::of(&trace).draw(&mut out);
    }
    out
}

/// `trace <id>  <service>  <count>  <duration>`.
fn header(out: &mut String, trace: &[&FinishedSpan]) {
    let Some(first) = trace.first() else { return };
    let root = trace
        .iter()
        .find(|span| span.is_local_root())
        .unwrap_or(first);
    let service = root
        .resource
        .attribute("service.name")
        .and_then(OwnedValue::as_str);
    let end = trace.iter().map(|span| span.end_unix_ns).max().unwrap_or(0);
    // Writing to a String cannot fail, here and below.
    let _ = writeln!(
        out,
        "trace {}  {}  {}  {}",
        line::hex(&first.trace_id),
        line::label(service.unwrap_or("unknown_service")),
        line::count(trace.len(), "span"),
        line::duration(end.saturating_sub(first.start_unix_ns)),
    );
}

/// The spans of one trace, by start time, and who is whose child (places in `spans`).
struct Tree<'a> {
    spans: &'a [&'a FinishedSpan],
    roots: Vec<usize>,
    children: HashMap<[u8; 8], Vec<usize>>,
}

/// A span about to be drawn.
struct Next {
    place: usize,
    indent: String,
    depth: usize,
    is_last: bool,
}

impl<'a> Tree<'a> {
    fn of(spans: &'a [&'a FinishedSpan]) -> Self {
        let known: HashSet<[u8; 8]> = spans.iter().map(|span| span.span_id).collect();
        let mut children: HashMap<[u8; 8], Vec<usize>> = HashMap::new();
        let mut roots = Vec::new();
        for (place, span) in spans.iter().enumerate() {
            match span.parent_span_id.filter(|parent| known.contains(parent)) {
                Some(parent) => children.entry(parent).or_default().push(place),
                None => roots.push(place),
            }
        }
        Self {
            spans,
            roots,
            children,
        }
    }

    /// Draws every span once, whatever their parents claim: who is in a circle of parents, which no
    /// root leads to, is drawn after the rest.
    fn draw(mut self, out: &mut String) {
        let mut drawn = vec![false; self.spans.len()];
        let roots = std::mem::take(&mut self.roots);
        self.draw_from(out, &roots, &mut drawn);
        for place in 0..self.spans.len() {
            if drawn.get(place) == Some(&false) {
                self.draw_from(out, &[place], &mut drawn);
            }
        }
    }

    fn draw_from(&mut self, out: &mut String, roots: &[usize], drawn: &mut [bool]) {
        let mut stack = Vec::new();
        push_siblings(&mut stack, roots, "", 0);
        while let Some(next) = stack.pop() {
            let (Some(span), Some(seen)) = (self.spans.get(next.place), drawn.get_mut(next.place))
            else {
                continue;
            };
            if std::mem::replace(seen, true) {
                continue;
            }
            // Taken out: a second span of the same id has no claim to the same children.
            let children = self.children.remove(&span.span_id).unwrap_or_default();
            let is_top = next.depth == 0;
            let deep = next.depth >= MAX_DEPTH;
            let [branch, below] = match (deep, next.is_last) {
                (true, _) => ["· ", ""],
                (false, true) => ["└─ ", "   "],
                (false, false) => ["├─ ", "│  "],
            };
            let inner = format!("{}{below}", next.indent);
            let details = format!("{inner}{}", if children.is_empty() { "   " } else { "│  " });
            line::write(
                out,
                span,
                &format!("{}{branch}", next.indent),
                &details,
                is_top,
            );
            push_siblings(&mut stack, &children, &inner, next.depth + 1);
        }
    }
}

/// Pushes spans so that the first is popped first.
fn push_siblings(stack: &mut Vec<Next>, places: &[usize], indent: &str, depth: usize) {
    for (distance, place) in places.iter().rev().enumerate() {
        let is_last = distance == 0;
        stack.push(Next {
            place: *place,
            indent: indent.to_owned(),
            depth,
            is_last,
        });
    }
}
