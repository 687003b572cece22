//! Ranking, in Rust: how close together a text has the words of a query, and where.
//!
//! Called through `search.h`. Its spans go through libtracer's C ABI, so this library holds no copy
//! of the runtime and shares the one of the process.

mod tracer;

use std::collections::HashMap;
use std::ffi::{CStr, c_char};
use std::slice;
use tracer::Span;

/// `search_text` of `search.h`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Text {
    data: *const c_char,
    len: usize,
}

impl Text {
    /// The bytes; `'a` is the call that lent them.
    unsafe fn bytes<'a>(self) -> &'a [u8] {
        if self.data.is_null() {
            return &[];
        }
        // SAFETY: as `search.h` says, `len` bytes are there for the length of the call.
        unsafe { slice::from_raw_parts(self.data.cast(), self.len) }
    }
}

/// A word and where it is, in bytes.
struct Word<'a> {
    text: &'a str,
    start: usize,
    end: usize,
}

fn words(text: &str) -> impl Iterator<Item = Word<'_>> {
    text.split(|letter: char| !letter.is_alphanumeric())
        .filter(|text| !text.is_empty())
        .map(move |word| {
            let start = word.as_ptr().addr() - text.as_ptr().addr();
            Word {
                text: word,
                start,
                end: start + word.len(),
            }
        })
}

fn asked(query: &CStr) -> Vec<String> {
    let mut found: Vec<String> = words(&query.to_string_lossy())
        .map(|word| word.text.to_lowercase())
        .collect();
    found.sort();
    found.dedup();
    found
}

/// A stretch of a text that has `distinct` of the words asked for.
#[derive(Clone, Copy, Default)]
struct Window {
    distinct: usize,
    start: usize,
    end: usize,
}

impl Window {
    fn better_than(self, other: Self) -> bool {
        let width = |window: Self| window.end - window.start;
        self.distinct > other.distinct
            || (self.distinct == other.distinct && width(self) < width(other))
    }
}

/// The shortest stretch, not wider than `width` bytes, with the most distinct words of the query.
fn best_window(asked: &[String], text: &str, width: usize) -> Window {
    let hits: Vec<(usize, Word<'_>)> = words(text)
        .filter_map(|word| {
            asked
                .binary_search(&word.text.to_lowercase())
                .ok()
                .map(|at| (at, word))
        })
        .collect();
    let mut inside: HashMap<usize, usize> = HashMap::new();
    let mut best = Window::default();
    let mut first = hits.iter().peekable();
    for (which, last) in &hits {
        *inside.entry(*which).or_default() += 1;
        // Give up words at the front that are too far away or come again later.
        while let Some((front, word)) = first.peek() {
            let again = inside.get(front).is_some_and(|times| *times > 1);
            if !again && last.end - word.start <= width {
                break;
            }
            if let Some(times) = inside.get_mut(front) {
                *times -= 1;
            }
            first.next();
        }
        inside.retain(|_, times| *times > 0);
        let Some((_, front)) = first.peek() else {
            continue;
        };
        let window = Window {
            distinct: inside.len(),
            start: front.start,
            end: last.end,
        };
        if best.distinct == 0 || window.better_than(best) {
            best = window;
        }
    }
    best
}

/// `rank_score` of `search.h`.
///
/// # Safety
///
/// `query` ends with NUL; `texts` and `out_scores` have `count` elements.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rank_score(
    query: *const c_char,
    texts: *const Text,
    out_scores: *mut f64,
    count: usize,
) {
    let span = Span::enter(c"rank.score");
    span.set_int(c"texts", count);
    if query.is_null() || texts.is_null() || out_scores.is_null() {
        return;
    }
    // SAFETY: as the caller promises.
    let asked = asked(unsafe { CStr::from_ptr(query) });
    // SAFETY: as the caller promises.
    let texts = unsafe { slice::from_raw_parts(texts, count) };
    // SAFETY: as the caller promises.
    let scores = unsafe { slice::from_raw_parts_mut(out_scores, count) };
    let mut highest = 0.0_f64;
    for (text, score) in texts.iter().zip(scores) {
        // SAFETY: as the caller promises.
        let text = String::from_utf8_lossy(unsafe { text.bytes() });
        let window = best_window(&asked, &text, text.len());
        *score = closeness(window, asked.len());
        highest = highest.max(*score);
    }
    span.set_double(c"highest", highest);
}

/// From 0 to 2: the share of the words that are there, and how little else is between them.
#[expect(
    clippy::cast_precision_loss,
    reason = "counts of words and bytes of a paragraph"
)]
fn closeness(window: Window, asked: usize) -> f64 {
    if window.distinct == 0 {
        return 0.0;
    }
    let share = window.distinct as f64 / asked as f64;
    let bytes_a_word = (window.end - window.start) as f64 / window.distinct as f64;
    share + share / (1.0 + bytes_a_word / 10.0)
}

/// The last place at or before `at` where a character begins.
fn boundary_before(text: &str, at: usize) -> usize {
    (0..=at)
        .rev()
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(0)
}

/// `rank_excerpt` of `search.h`.
///
/// # Safety
///
/// `query` ends with NUL; `text` is as long as it says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rank_excerpt(
    query: *const c_char,
    text: Text,
    width: usize,
    out_start: *mut usize,
) -> usize {
    let span = Span::enter(c"rank.excerpt");
    if query.is_null() || out_start.is_null() {
        return 0;
    }
    // SAFETY: as the caller promises.
    let Ok(text) = str::from_utf8(unsafe { text.bytes() }) else {
        return 0;
    };
    // SAFETY: as the caller promises.
    let asked = asked(unsafe { CStr::from_ptr(query) });
    let window = best_window(&asked, text, width);
    let around = width.saturating_sub(window.end - window.start) / 2;
    let start = boundary_before(text, window.start.saturating_sub(around));
    let end = boundary_before(text, (start + width).min(text.len()));
    span.set_int(c"words", window.distinct);
    // SAFETY: not NULL, and the caller's to write.
    unsafe { *out_start = start };
    end - start
}
