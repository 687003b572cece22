//! Values of a few entries, as most are: their keys are compared where they lie, and nothing is
//! sorted; a map of scalars is not even measured.

use super::builder::{Step, ValueBuilder};

/// Entries that are compared one with the other.
const FEW: usize = 8;

/// Keys that are all different.
#[derive(Default)]
struct Keys<'a> {
    known: [&'a [u8]; FEW],
    count: usize,
}

impl<'a> Keys<'a> {
    /// False if it is there, or there are too many.
    fn add(&mut self, key: &'a [u8]) -> bool {
        let is_known = self
            .known
            .iter()
            .take(self.count)
            .any(|known| *known == key);
        let Some(place) = self.known.get_mut(self.count).filter(|_| !is_known) else {
            return false;
        };
        *place = key;
        self.count += 1;
        true
    }
}

/// The entries of a map, key and value by turns: at most eight scalars, each with a key of its own that
/// is not empty. `None` if the value is anything else.
pub(super) fn plain_entries(builder: &ValueBuilder) -> Option<&[Step]> {
    let (Step::Map, inside) = builder.steps().split_first()? else {
        return None;
    };
    let mut known = Keys::default();
    let mut rest = inside;
    while let [Step::Key(range), value, after @ ..] = rest {
        let key = builder.slice(range);
        if !is_scalar(value) || key.is_empty() || !known.add(key) {
            return None;
        }
        rest = after;
    }
    let entries = inside.get(..inside.len() - rest.len());
    entries.filter(|_| matches!(rest, [] | [Step::End, ..]))
}

fn is_scalar(step: &Step) -> bool {
    !matches!(step, Step::Key(_) | Step::Array | Step::Map | Step::End)
}

/// Whether all keys of a value are different, at whatever depth; false if there are too many to tell.
pub(super) fn keys_differ(builder: &ValueBuilder) -> bool {
    let mut known = Keys::default();
    builder.steps().iter().all(|step| match step {
        Step::Key(range) => known.add(builder.slice(range)),
        _ => true,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Value;

    fn map(entries: &[(&str, Value<'_>)]) -> ValueBuilder {
        ValueBuilder::from_entries(entries)
    }

    fn count(builder: &ValueBuilder) -> Option<usize> {
        plain_entries(builder).map(|entries| entries.len() / 2)
    }

    #[test]
    fn few_scalars_with_keys_of_their_own_are_plain() {
        assert_eq!(count(&map(&[])), Some(0));
        assert_eq!(
            count(&map(&[("a", Value::Null), ("b", Value::Int(1))])),
            Some(2)
        );
        let mut open = ValueBuilder::new();
        open.begin_map();
        open.key("a");
        open.add(Value::Bool(true));
        assert_eq!(count(&open), Some(1));
    }

    #[test]
    fn anything_else_is_not() {
        assert_eq!(count(&ValueBuilder::new()), None);
        assert_eq!(count(&map(&[("", Value::Null)])), None);
        assert_eq!(
            count(&map(&[("a", Value::Null), ("a", Value::Int(1))])),
            None
        );
        assert_eq!(count(&map(&[("a", Value::Array(&[]))])), None);
        let keys: Vec<String> = (0..=FEW).map(|number| number.to_string()).collect();
        let many: Vec<_> = keys.iter().map(|key| (key.as_str(), Value::Null)).collect();
        assert_eq!(count(&map(&many[..FEW])), Some(FEW));
        assert_eq!(count(&map(&many)), None);
        let mut keyless = map(&[]);
        keyless.clear();
        keyless.begin_map();
        keyless.add(Value::Int(1));
        assert_eq!(count(&keyless), None);
        keyless.clear();
        keyless.begin_map();
        keyless.key("a");
        assert_eq!(count(&keyless), None);
    }

    #[test]
    fn equal_keys_are_seen_at_any_depth() {
        let inner = [("a", Value::Null)];
        assert!(keys_differ(&map(&[("b", Value::Map(&inner))])));
        assert!(!keys_differ(&map(&[("a", Value::Map(&inner))])));
    }
}
