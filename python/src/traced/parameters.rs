//! The names of a function's parameters, and the arguments of a call by them.

use crate::object::Args;
use crate::value::Describer;
use pyo3::prelude::{PyAnyMethods, PyTupleMethods};
use pyo3::types::{PyString, PyTuple};
use pyo3::{Borrowed, Bound, Py, PyAny, Python, intern, pyclass, pymethods};

/// What a function can be called with; taken once, when it is decorated.
#[pyclass(frozen, module = "libtracer")]
pub(crate) struct Parameters {
    /// Those that a position can give.
    by_position: Py<PyTuple>,
    /// How many of these have no name for the caller.
    nameless: usize,
    /// What takes further positions.
    rest: Option<Py<PyString>>,
    /// Those that only a name can give.
    by_name: Py<PyTuple>,
    /// What takes further names.
    others: Option<Py<PyString>>,
}

#[pymethods]
impl Parameters {
    #[new]
    #[pyo3(signature = (by_position, nameless, rest, by_name, others))]
    fn new(
        by_position: Py<PyTuple>,
        nameless: usize,
        rest: Option<Py<PyString>>,
        by_name: Py<PyTuple>,
        others: Option<Py<PyString>>,
    ) -> Self {
        Self {
            by_position,
            nameless,
            rest,
            by_name,
            others,
        }
    }
}

impl Parameters {
    /// Adds the arguments that were given, by the names of the parameters. What fits none, which is
    /// the function's to complain of, has the name that such parameters usually have.
    pub(super) fn describe(&self, args: &Args<'_, '_>, to: &mut Describer<'_>, py: Python<'_>) {
        let by_position = self.by_position.bind(py);
        let given = args.positional().min(by_position.len());
        for (index, name) in by_position.iter_borrowed().take(given).enumerate() {
            entry(to, &name, args.get(index));
        }
        if args.positional() > given {
            let rest = name_or(self.rest.as_ref(), intern!(py, "args"));
            rest_of(to, &rest, args, given);
        }
        let mut left = false;
        for (name, value) in args.keywords() {
            match self.named(&name) {
                Some(index) if index < given => {}
                Some(_) => entry(to, &name, Some(value)),
                None => left = true,
            }
        }
        if left {
            let others = name_or(self.others.as_ref(), intern!(py, "kwargs"));
            to.entry(&others, |to| {
                to.map(|to| {
                    for (name, value) in args.keywords() {
                        if self.named(&name).is_none() {
                            entry(to, &name, Some(value));
                        }
                    }
                });
            });
        }
    }

    /// The place of a parameter that a name can give: among those by position, or after all.
    fn named(&self, name: &Bound<'_, PyAny>) -> Option<usize> {
        // Names are interned, with rare exceptions.
        let same = |known: &Bound<'_, PyAny>| known.is(name);
        let equal = |known: &Bound<'_, PyAny>| known.eq(name).unwrap_or(false);
        let py = name.py();
        self.place(py, same).or_else(|| self.place(py, equal))
    }

    fn place(&self, py: Python<'_>, is: impl Fn(&Bound<'_, PyAny>) -> bool) -> Option<usize> {
        let by_position = self.by_position.bind(py).iter_borrowed().enumerate();
        let found = by_position
            .skip(self.nameless)
            .find(|(_, known)| is(known))
            .map(|(index, _)| index);
        let by_name = || {
            self.by_name
                .bind(py)
                .iter_borrowed()
                .any(|known| is(&known))
        };
        found.or_else(|| by_name().then_some(usize::MAX))
    }
}

/// Adds the arguments of a function that does not tell its parameters.
pub(super) fn describe_unknown(args: &Args<'_, '_>, to: &mut Describer<'_>, py: Python<'_>) {
    if args.positional() > 0 {
        rest_of(to, intern!(py, "args"), args, 0);
    }
    if args.keywords().next().is_some() {
        to.entry(intern!(py, "kwargs"), |to| {
            to.map(|to| {
                for (name, value) in args.keywords() {
                    entry(to, &name, Some(value));
                }
            });
        });
    }
}

fn name_or<'py>(name: Option<&Py<PyString>>, usual: &Bound<'py, PyString>) -> Bound<'py, PyString> {
    name.map_or_else(|| usual.clone(), |name| name.bind(usual.py()).clone())
}

fn entry(to: &mut Describer<'_>, name: &Bound<'_, PyAny>, value: Option<Borrowed<'_, '_, PyAny>>) {
    if let Some(value) = value {
        to.entry(name, |to| to.add(&value));
    }
}

/// Adds the positional arguments from `first` on as an array.
fn rest_of(to: &mut Describer<'_>, name: &Bound<'_, PyAny>, args: &Args<'_, '_>, first: usize) {
    let rest = (first..args.positional()).filter_map(|index| args.get(index));
    let count = args.positional().saturating_sub(first);
    to.entry(name, |to| to.array(count, rest.map(Borrowed::to_owned)));
}
