//! The arguments of a fast call.

use pyo3::exceptions::PyTypeError;
use pyo3::ffi::{self, PyObject};
use pyo3::prelude::{PyAnyMethods, PyTupleMethods};
use pyo3::types::{PyString, PyStringMethods, PyTuple};
use pyo3::{Borrowed, Bound, PyAny, PyErr, PyResult, Python};
use std::marker::PhantomData;

/// The arguments of a call by `METH_FASTCALL | METH_KEYWORDS`, borrowed from the caller.
#[derive(Clone, Copy)]
pub(crate) struct Args<'a, 'py> {
    values: *const *mut PyObject,
    positional: usize,
    names: Option<Borrowed<'a, 'py, PyAny>>,
    py: Python<'py>,
    caller: PhantomData<&'a PyAny>,
}

impl<'a, 'py> Args<'a, 'py> {
    /// The arguments of the call that is being made.
    ///
    /// # Safety
    ///
    /// They must be those of a call by `METH_FASTCALL | METH_KEYWORDS`, alive for `'a`.
    #[inline]
    pub(crate) unsafe fn new(
        py: Python<'py>,
        values: *const *mut PyObject,
        count: ffi::Py_ssize_t,
        names: *mut PyObject,
    ) -> Self {
        // SAFETY: NULL or a tuple that the caller keeps alive for the call.
        let names = unsafe { Borrowed::from_ptr_or_opt(py, names) };
        let positional = usize::try_from(count).unwrap_or(0);
        Self {
            values,
            positional,
            names,
            py,
            caller: PhantomData,
        }
    }

    /// The positional argument at `index`.
    #[inline]
    pub(crate) fn get(&self, index: usize) -> Option<Borrowed<'a, 'py, PyAny>> {
        (index < self.positional).then(|| self.value(index))
    }

    /// How many are positional.
    #[inline]
    pub(crate) fn positional(&self) -> usize {
        self.positional
    }

    /// The keyword arguments, names and values.
    pub(crate) fn keywords(
        &self,
    ) -> impl Iterator<Item = (Bound<'py, PyAny>, Borrowed<'a, 'py, PyAny>)> {
        let names = self.names.map(Borrowed::to_owned);
        let names = names.and_then(|names| names.cast_into::<PyTuple>().ok());
        let count = names.as_ref().map_or(0, PyTupleMethods::len);
        let args = *self;
        (0..count).filter_map(move |index| {
            let name = names.as_ref()?.get_item(index).ok()?;
            Some((name, args.value(args.positional.saturating_add(index))))
        })
    }

    #[inline]
    fn value(&self, index: usize) -> Borrowed<'a, 'py, PyAny> {
        // SAFETY: callers stay below the number of values the call came with.
        let place = unsafe { self.values.add(index) };
        // SAFETY: in bounds, as above.
        let object = unsafe { *place };
        // SAFETY: the caller of the method keeps its arguments alive for the call, `'a`.
        unsafe { Borrowed::from_ptr(self.py, object) }
    }

    /// The two arguments of the usual call `f(x, name=y)`, by the identity of the interned name.
    #[inline]
    pub(crate) fn usual(
        &self,
        name: &Bound<'py, PyString>,
    ) -> Option<[Borrowed<'a, 'py, PyAny>; 2]> {
        let names = self.names.filter(|_| self.positional == 1)?;
        let names = names.cast::<PyTuple>().ok()?;
        let is_usual = names.len() == 1 && names.get_borrowed_item(0).ok()?.is(name);
        is_usual.then(|| [self.value(0), self.value(1)])
    }

    /// Assigns the arguments to `names`; of these only the first `by_position` may be positional.
    #[inline]
    pub(crate) fn parse<const N: usize>(
        &self,
        function: &str,
        names: [&str; N],
        by_position: usize,
    ) -> PyResult<[Option<Borrowed<'a, 'py, PyAny>>; N]> {
        let mut found = [None; N];
        if self.positional > by_position {
            return Err(too_many(function, by_position, self.positional));
        }
        for (index, place) in found.iter_mut().enumerate().take(self.positional) {
            *place = Some(self.value(index));
        }
        if let Some(given) = self.names {
            self.parse_keywords(function, &names, &mut found, given)?;
        }
        Ok(found)
    }

    fn parse_keywords(
        &self,
        function: &str,
        names: &[&str],
        found: &mut [Option<Borrowed<'a, 'py, PyAny>>],
        given: Borrowed<'a, 'py, PyAny>,
    ) -> PyResult<()> {
        for (index, name) in given.cast::<PyTuple>()?.iter_borrowed().enumerate() {
            let text = name.cast::<PyString>()?;
            let text = text.to_str()?;
            let place = names.iter().position(|name| *name == text);
            match place.and_then(|place| found.get_mut(place)) {
                None => return Err(unexpected(function, text)),
                Some(Some(_)) => return Err(twice(function, text)),
                Some(empty) => *empty = Some(self.value(self.positional.saturating_add(index))),
            }
        }
        Ok(())
    }
}

#[cold]
fn too_many(function: &str, allowed: usize, given: usize) -> PyErr {
    PyTypeError::new_err(format!(
        "{function}() takes at most {allowed} positional arguments ({given} given)"
    ))
}

#[cold]
fn unexpected(function: &str, name: &str) -> PyErr {
    PyTypeError::new_err(format!(
        "{function}() got an unexpected keyword argument '{name}'"
    ))
}

#[cold]
fn twice(function: &str, name: &str) -> PyErr {
    PyTypeError::new_err(format!(
        "{function}() got multiple values for argument '{name}'"
    ))
}

/// The error for a call without a required argument.
#[cold]
pub(crate) fn missing(function: &str, name: &str) -> PyErr {
    PyTypeError::new_err(format!("{function}() missing required argument: '{name}'"))
}
