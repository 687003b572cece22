//! Arguments and results of traced calls, as values of a log record.
//!
//! What has a counterpart keeps its shape, of everything else the text (`str`) is taken. Objects of
//! any kind and size come here, so everything has a bound, what is cut says so, and what fails is
//! named in its place: nothing raises, and nothing the program holds is changed.

use super::{Encoded, as_dict, text, text_of, type_name};
use crate::cpython::{call_method, str_of};
use crate::object::{each_item_while, int_value, settle};
use pyo3::exceptions::PyKeyboardInterrupt;
use pyo3::prelude::{PyAnyMethods, PyDictMethods, PyListMethods, PyTupleMethods};
use pyo3::types::{
    PyBool, PyBoolMethods, PyByteArray, PyBytes, PyDict, PyFloat, PyFloatMethods, PyFrozenSet,
    PyInt, PyList, PyMappingProxy, PySet, PySlice, PyString, PyTuple,
};
use pyo3::{Bound, PyAny, PyErr, PyResult, Python, ffi, intern};
use std::borrow::Cow;
use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Containers within one another; what is in deeper ones is left out.
const MAX_DEPTH: usize = 16;
/// Values of one record, over all levels.
const MAX_ITEMS: usize = 10_000;
/// Characters of one text: more than most prompts have.
const MAX_CHARS: usize = 65_536;
/// Bytes of all texts of a record, a quarter of what a collector takes in one request.
const MAX_BYTES: usize = 1 << 20;

/// What stands for a container that is being written already.
const CYCLE: &str = "<cycle>";
/// What stands for what is left out.
const CUT: &str = "...";

/// Records being written in the process, by all threads.
static WRITING: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// Whether this thread is writing one.
    static HERE: Cell<bool> = const { Cell::new(false) };
}

/// Whether the code that runs has been called to describe a value: it is no work of the program's,
/// and tracing it would describe values without end.
#[inline]
pub(crate) fn is_describing() -> bool {
    WRITING.load(Ordering::Relaxed) != 0 && HERE.try_with(Cell::get).unwrap_or(false)
}

/// Marks this thread as writing a record.
struct Describing {
    outer: bool,
}

impl Describing {
    fn new() -> Self {
        WRITING.fetch_add(1, Ordering::Relaxed);
        let outer = HERE.try_with(|here| here.replace(true)).unwrap_or(false);
        Self { outer }
    }
}

impl Drop for Describing {
    fn drop(&mut self) {
        HERE.try_with(|here| here.set(self.outer)).ok();
        WRITING.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Writes the values of one log record.
pub(crate) struct Describer<'b> {
    to: &'b mut Encoded,
    items: usize,
    bytes: usize,
    /// The containers that are open, outermost first.
    open: [*mut ffi::PyObject; MAX_DEPTH],
    depth: usize,
    _describing: Describing,
}

impl<'b> Describer<'b> {
    pub(crate) fn new(to: &'b mut Encoded) -> Self {
        Self {
            to,
            items: 0,
            bytes: 0,
            open: [std::ptr::null_mut(); MAX_DEPTH],
            depth: 0,
            _describing: Describing::new(),
        }
    }

    /// Where it writes, for what needs no care.
    pub(crate) fn to(&mut self) -> &mut Encoded {
        self.to
    }

    /// Adds a value of any kind.
    #[inline]
    pub(crate) fn add(&mut self, value: &Bound<'_, PyAny>) {
        self.items = self.items.saturating_add(1);
        if let Ok(text) = value.cast_exact::<PyString>() {
            self.add_str(text);
        } else if value.is_exact_instance_of::<PyInt>() {
            self.add_int(value);
        } else if let Ok(number) = value.cast_exact::<PyFloat>() {
            self.to.add_double(number.value());
        } else if let Ok(truth) = value.cast_exact::<PyBool>() {
            self.to.add_bool(truth.is_true());
        } else if value.is_none() {
            // A value without fields.
        } else if let Ok(map) = value.cast_exact::<PyDict>() {
            self.add_map(value, map);
        } else if let Ok(list) = value.cast_exact::<PyList>() {
            self.add_list(value, list);
        } else if let Ok(tuple) = value.cast_exact::<PyTuple>() {
            self.add_array(value, tuple.len(), tuple.iter());
        } else {
            self.add_other(value);
        }
    }

    /// Adds a map of the entries that `write` adds.
    pub(crate) fn map(&mut self, write: impl FnOnce(&mut Self)) {
        let map = self.to.begin_map();
        write(self);
        self.to.close(map);
    }

    /// Adds an array of these.
    pub(crate) fn array<'py>(
        &mut self,
        len: usize,
        values: impl Iterator<Item = Bound<'py, PyAny>>,
    ) {
        let array = self.to.begin_array();
        self.add_items(len, values);
        self.to.close(array);
    }

    /// Adds an entry of a map, whose value `write` adds.
    pub(crate) fn entry(&mut self, key: &Bound<'_, PyAny>, write: impl FnOnce(&mut Self)) {
        let text = match key.cast::<PyString>() {
            Ok(text) => self.cut(text),
            Err(_) => Cow::Owned(self.text_of(key)),
        };
        self.bytes = self.bytes.saturating_add(text.len());
        self.named(&text, write);
    }

    /// Adds an entry of a map under a name of ours.
    pub(crate) fn named(&mut self, name: &str, write: impl FnOnce(&mut Self)) {
        let entry = self.to.begin_entry(name);
        write(self);
        self.to.end_entry(entry);
    }

    fn add_int(&mut self, value: &Bound<'_, PyAny>) {
        match int_value(value) {
            Some(number) => self.to.add_int(number),
            None => self.to.add_string(&text::decimal(value)),
        }
    }

    fn add_str(&mut self, text: &Bound<'_, PyString>) {
        let text = self.cut(text);
        self.bytes = self.bytes.saturating_add(text.len());
        self.to.add_string(&text);
    }

    /// A text within its bound. Of a long one no more than that is ever made UTF-8, which CPython
    /// keeps with the text for good.
    fn cut<'a>(&self, text: &'a Bound<'_, PyString>) -> Cow<'a, str> {
        let len = text.len().unwrap_or(0);
        let most = MAX_CHARS.min(MAX_BYTES.saturating_sub(self.bytes));
        if len <= most {
            return text_of(text);
        }
        let start = text.get_item(PySlice::new(text.py(), 0, most.cast_signed(), 1));
        let start = start.ok();
        let start = start.as_ref().and_then(|start| start.cast().ok());
        let start = start.map(text_of).unwrap_or_default();
        Cow::Owned(format!("{start}{CUT} <{len} characters>"))
    }

    #[cold]
    fn add_other(&mut self, value: &Bound<'_, PyAny>) {
        self.add_foreign(value);
        settle(value.py());
    }

    fn add_foreign(&mut self, value: &Bound<'_, PyAny>) {
        if let Some(said) = own_words(value) {
            return self.within(value, |this| match said {
                Ok(said) => this.add(&said),
                Err(error) => this.add_failure(value, "dump_as_log", error),
            });
        }
        if let Ok(text) = value.cast::<PyString>() {
            self.add_str(text);
        } else if value.is_instance_of::<PyInt>() {
            self.add_int(value);
        } else if let Ok(number) = value.cast::<PyFloat>() {
            self.to.add_double(number.value());
        } else if let Ok(list) = value.cast::<PyList>() {
            self.add_list(value, list);
        } else if let Ok(tuple) = value.cast::<PyTuple>() {
            self.add_array(value, tuple.len(), tuple.iter());
        } else if let Ok(map) = value.cast::<PyDict>() {
            self.add_map(value, map);
        } else if value.is_instance_of::<PyMappingProxy>()
            && let Some(map) = as_dict(value)
        {
            self.add_map(value, &map);
        } else {
            let text = self.text_of(value);
            self.bytes = self.bytes.saturating_add(text.len());
            self.to.add_string(&text);
        }
    }

    fn add_failure(&mut self, value: &Bound<'_, PyAny>, what: &str, error: PyErr) {
        let text = failure(value, what, error);
        self.to.add_string(&text);
    }

    /// Writes a container, unless it is open already, or there are too many around it.
    fn within(&mut self, container: &Bound<'_, PyAny>, write: impl FnOnce(&mut Self)) {
        let known = self.open.get(..self.depth).unwrap_or_default();
        if known.contains(&container.as_ptr()) {
            return self.to.add_string(CYCLE);
        }
        let Some(place) = self.open.get_mut(self.depth) else {
            return self.to.add_string(CUT);
        };
        *place = container.as_ptr();
        self.depth = self.depth.saturating_add(1);
        write(self);
        self.depth = self.depth.saturating_sub(1);
    }

    /// A list may change under us: its length is asked for again at each item.
    fn add_list(&mut self, value: &Bound<'_, PyAny>, list: &Bound<'_, PyList>) {
        let mut index = 0;
        let items = std::iter::from_fn(|| {
            let item = (index < list.len()).then(|| list.get_item(index).ok());
            index = index.saturating_add(1);
            item.flatten()
        });
        self.add_array(value, list.len(), items);
    }

    fn add_array<'py>(
        &mut self,
        value: &Bound<'_, PyAny>,
        len: usize,
        items: impl Iterator<Item = Bound<'py, PyAny>>,
    ) {
        self.within(value, |this| {
            this.array(len, items);
        });
    }

    fn add_items<'py>(&mut self, len: usize, items: impl Iterator<Item = Bound<'py, PyAny>>) {
        for (index, item) in items.enumerate() {
            let place = self.to.begin_item();
            if self.is_full() {
                let left = len.saturating_sub(index);
                self.to.add_string(&format!("{CUT} {left} more"));
                return self.to.close(place);
            }
            self.add(&item);
            self.to.close(place);
        }
    }

    fn add_map(&mut self, value: &Bound<'_, PyAny>, map: &Bound<'_, PyDict>) {
        self.within(value, |this| {
            let place = this.to.begin_map();
            let mut index = 0_usize;
            each_item_while(map, |key, value| {
                if this.is_full() {
                    let left = map.len().saturating_sub(index);
                    this.named(CUT, |this| this.to.add_string(&format!("{left} more")));
                    return false;
                }
                index = index.saturating_add(1);
                this.entry(&key, |this| this.add(&value));
                true
            });
            this.to.close(place);
        });
    }

    fn is_full(&self) -> bool {
        self.items >= MAX_ITEMS || self.bytes >= MAX_BYTES
    }

    /// The text of an object, within its bound.
    fn text_of(&self, value: &Bound<'_, PyAny>) -> String {
        let text = match summary(value) {
            Some(text) => return text,
            None => str_of(value),
        };
        match text {
            Ok(text) => self.cut(&text).into_owned(),
            Err(error) => failure(value, "str", error),
        }
    }
}

/// What an object wants to be logged as, if its class says so.
fn own_words<'py>(value: &Bound<'py, PyAny>) -> Option<PyResult<Bound<'py, PyAny>>> {
    let name = intern!(value.py(), "dump_as_log");
    // Of the class: an object that answers to every name has none of these.
    value.get_type().getattr(name).ok()?;
    Some(call_method(value, name, []))
}

/// What stands for an object whose text is not to be had. An interrupt that came meanwhile is due
/// as soon as we are out of the way.
#[cold]
fn failure(value: &Bound<'_, PyAny>, what: &str, error: PyErr) -> String {
    let py = value.py();
    if error.is_instance_of::<PyKeyboardInterrupt>(py) {
        interrupt(py);
    }
    drop(error);
    format!("<{} without a usable {what}>", type_name(value))
}

fn interrupt(_py: Python<'_>) {
    // SAFETY: the GIL is held; the call only notes that the interrupt is due.
    unsafe { ffi::PyErr_SetInterrupt() }
}

/// The text of what would make too long a one.
fn summary(value: &Bound<'_, PyAny>) -> Option<String> {
    if value.is_instance_of::<PyBytes>() || value.is_instance_of::<PyByteArray>() {
        let len = value.len().ok().filter(|len| *len > MAX_CHARS)?;
        let start = PySlice::new(value.py(), 0, MAX_CHARS.cast_signed(), 1);
        let text = value.get_item(start).and_then(|start| start.repr()).ok()?;
        return Some(format!("{}{CUT} <{len} bytes>", text_of(&text)));
    }
    let is_set = value.is_instance_of::<PySet>() || value.is_instance_of::<PyFrozenSet>();
    let len = value.len().ok().filter(|_| is_set)?;
    (len > MAX_ITEMS).then(|| format!("<{} of {len} items>", type_name(value)))
}
