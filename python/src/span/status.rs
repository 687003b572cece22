//! The status of a span, in whatever form a program gives it.

use super::object::{Span, option};
use super::write::{given, records};
use crate::decode::Api;
use crate::notice::{Cause, notice};
use crate::object::{Args, missing, settle};
use crate::value;
use pyo3::prelude::PyAnyMethods;
use pyo3::types::PyString;
use pyo3::{Bound, PyAny, PyResult, intern};

/// OTLP's numbers of the status codes.
const UNSET: i32 = 0;
const OK: i32 = 1;
const ERROR: i32 = 2;

/// A status by OTLP's number, with its description.
struct Given<'py> {
    code: i32,
    description: Option<Bound<'py, PyAny>>,
}

/// `set_status(status, description=None)`; takes a `Status`, a `StatusCode`, "ok" or "error".
pub(super) fn set_status<'py>(
    this: Span<'_, 'py>,
    args: Args<'_, 'py>,
) -> PyResult<Bound<'py, PyAny>> {
    const NAME: &str = "set_status";
    let [status, description] = args.parse(NAME, ["status", "description"], 2)?;
    let status = status.ok_or_else(|| missing(NAME, "status"))?.to_owned();
    if records(this, NAME)? {
        let status = read(&status, given(description));
        let text = status
            .description
            .as_ref()
            .map(value::any_text)
            .unwrap_or_default();
        this.handle.get().set_status(status.code, &text);
        if status.code == OK || status.code == ERROR && !text.is_empty() {
            this.mark(option::DESCRIBED);
        }
    }
    Ok(this.to_owned())
}

/// Sets the status of a span that records to ERROR.
pub(super) fn set_error(span: Span<'_, '_>, description: &str) {
    span.handle.get().set_status(ERROR, description);
}

fn read<'py>(status: &Bound<'py, PyAny>, description: Option<Bound<'py, PyAny>>) -> Given<'py> {
    let py = status.py();
    if let Ok(word) = status.cast::<PyString>() {
        let word = value::text_of(word).to_ascii_lowercase();
        let code = match word.as_str() {
            "ok" => OK,
            "error" => ERROR,
            _ => wrong(status),
        };
        return Given { code, description };
    }
    let Ok(code) = status.getattr(intern!(py, "status_code")) else {
        settle(py);
        let code = number(status).unwrap_or_else(|| wrong(status));
        return Given {
            code,
            description: checked(code, description),
        };
    };
    let code = number(&code).unwrap_or_else(|| wrong(status));
    if let Some(description) = description.filter(|_| code != UNSET) {
        notice(py, Cause::Description, &value::any_text(&description));
    }
    let own = status.getattr(intern!(py, "description")).ok();
    Given {
        code,
        description: own.filter(|text| !text.is_none()),
    }
}

/// The description beside a code, as OpenTelemetry's own `Status` takes it, with its complaints.
fn checked(code: i32, description: Option<Bound<'_, PyAny>>) -> Option<Bound<'_, PyAny>> {
    let description = description.filter(|_| code != UNSET)?;
    if code == ERROR && description.is_instance_of::<PyString>() {
        return Some(description);
    }
    let py = description.py();
    let status = Api::get(py).and_then(|api| api.status(py, code, Some(&description)));
    let text = status.and_then(|status| status.getattr(intern!(py, "description")));
    text.ok().filter(|text| !text.is_none())
}

/// OTLP's number of a `StatusCode`.
fn number(code: &Bound<'_, PyAny>) -> Option<i32> {
    let number = code.getattr(intern!(code.py(), "value")).ok()?;
    number
        .extract()
        .ok()
        .filter(|number| (UNSET..=ERROR).contains(number))
}

fn wrong(status: &Bound<'_, PyAny>) -> i32 {
    notice(status.py(), Cause::Status, &value::any_text(status));
    UNSET
}
