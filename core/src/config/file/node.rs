//! Values of a configuration file with the place where they stand, read as what they should be.

use super::yaml::{Node, Value};
use crate::error::{ConfigError, quoted};
use std::cell::RefCell;

/// What the reading of a file collects.
#[derive(Debug, Default)]
pub(super) struct Report {
    /// What messages call the file.
    pub(super) file: String,
    pub(super) warnings: RefCell<Vec<String>>,
}

impl Report {
    pub(super) fn error(&self, line: usize, what: &str) -> ConfigError {
        ConfigError::new(format!("{}:{line}: {what}", self.file))
    }
}

/// A reading that names the place of what it cannot use.
pub(super) type Read<T> = Result<T, ConfigError>;

/// A value and its place.
#[derive(Clone, Debug)]
pub(super) struct At<'a> {
    node: &'a Node,
    path: String,
    report: &'a Report,
}

impl<'a> At<'a> {
    pub(super) fn root(node: &'a Node, report: &'a Report) -> Self {
        Self {
            node,
            path: String::new(),
            report,
        }
    }

    /// An error about this value.
    pub(super) fn error(&self, what: &str) -> ConfigError {
        let path = if self.path.is_empty() {
            "the file"
        } else {
            &self.path
        };
        self.report.error(self.node.line, &format!("{path} {what}"))
    }

    /// An error about this value that another part of the configuration found.
    pub(super) fn because(&self, error: &ConfigError) -> ConfigError {
        self.error(&format!("is not usable: {error}"))
    }

    /// As [`At::error`]; the value is shown: it must not be a secret.
    fn wrong(&self, what: &str) -> ConfigError {
        match &self.node.value {
            Value::Scalar { text, .. } => self.error(&format!("{} {what}", quoted(text))),
            Value::List(_) => self.error(&format!("is a list: {what}")),
            Value::Map(_) => self.error(&format!("is a map: {what}")),
        }
    }

    /// As [`At::error`], about the kind of value alone: text in the wrong place may be a secret.
    fn misplaced(&self, what: &str) -> ConfigError {
        let kind = match &self.node.value {
            Value::Scalar { .. } => "text",
            Value::List(_) => "a list",
            Value::Map(_) => "a map",
        };
        self.error(&format!("is {kind}: {what}"))
    }

    /// Says that this value is ignored.
    pub(super) fn warn(&self, what: &str) {
        let (file, line) = (&self.report.file, self.node.line);
        let text = format!("{file}:{line}: {} {what}", self.path);
        self.report.warnings.borrow_mut().push(text);
    }

    pub(super) fn is_null(&self) -> bool {
        match &self.node.value {
            Value::Scalar { text, plain } => {
                *plain && matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL")
            }
            Value::List(_) | Value::Map(_) => false,
        }
    }

    fn inside(&self, node: &'a Node, step: &str) -> Self {
        let dot = if self.path.is_empty() || step.starts_with('[') {
            ""
        } else {
            "."
        };
        Self {
            node,
            path: format!("{}{dot}{step}", self.path),
            report: self.report,
        }
    }

    /// The properties of a map; none if there is nothing.
    pub(super) fn fields(&self) -> Read<Fields<'a>> {
        let entries: &[(String, Node)] = match &self.node.value {
            Value::Map(entries) => entries,
            _ if self.is_null() => &[],
            _ => return Err(self.misplaced("use a map of properties")),
        };
        Ok(Fields {
            at: self.clone(),
            entries,
            used: vec![false; entries.len()],
        })
    }

    /// The values of a list; none if there is nothing.
    pub(super) fn list(&self) -> Read<Vec<Self>> {
        match &self.node.value {
            Value::List(items) => {
                let items = items.iter().enumerate();
                let inside = |(i, node)| self.inside(node, &format!("[{i}]"));
                Ok(items.map(inside).collect())
            }
            _ if self.is_null() => Ok(Vec::new()),
            _ => Err(self.misplaced("use a list")),
        }
    }

    /// The one property of a map that says which kind of thing it is.
    pub(super) fn kind(&self) -> Read<(&'a str, Self)> {
        match &self.node.value {
            Value::Map(entries) => match entries.as_slice() {
                [(key, node)] => Ok((key, self.inside(node, key))),
                _ => Err(self.misplaced("name one thing here")),
            },
            _ => Err(self.misplaced("use a map with one name")),
        }
    }

    /// Text; a plain number or switch is taken as it is written.
    pub(super) fn text(&self) -> Read<Option<&'a str>> {
        match &self.node.value {
            Value::Scalar { .. } if self.is_null() => Ok(None),
            Value::Scalar { text, .. } => Ok(Some(text)),
            Value::List(_) | Value::Map(_) => Err(self.misplaced("use text")),
        }
    }

    /// A plain scalar.
    fn plain(&self) -> Option<&'a str> {
        match &self.node.value {
            Value::Scalar { text, plain: true } => Some(text),
            _ => None,
        }
    }

    pub(super) fn switch(&self) -> Read<Option<bool>> {
        match self.plain() {
            Some("true" | "True" | "TRUE") => Ok(Some(true)),
            Some("false" | "False" | "FALSE") => Ok(Some(false)),
            Some(_) if self.is_null() => Ok(None),
            _ => Err(self.wrong("is no switch: use true or false, without quotes")),
        }
    }

    pub(super) fn integer(&self) -> Read<Option<i64>> {
        if self.is_null() {
            return Ok(None);
        }
        let read = |text: &str| match text.get(..2) {
            Some("0x") => i64::from_str_radix(text.get(2..)?, 16).ok(),
            Some("0o") => i64::from_str_radix(text.get(2..)?, 8).ok(),
            _ => text.parse().ok(),
        };
        let integer = self.plain().and_then(read);
        let wrong = || self.wrong("is no whole number: use one, without quotes");
        integer.map(Some).ok_or_else(wrong)
    }

    /// A whole number that is not negative.
    pub(super) fn count(&self) -> Read<Option<usize>> {
        let Some(integer) = self.integer()? else {
            return Ok(None);
        };
        let count = usize::try_from(integer);
        count
            .map(Some)
            .map_err(|_| self.wrong("is too low: use 0 or more"))
    }

    /// A whole number above 0.
    pub(super) fn positive(&self) -> Read<Option<usize>> {
        match self.count()? {
            Some(0) => Err(self.wrong("is too low: use 1 or more")),
            count => Ok(count),
        }
    }

    pub(super) fn number(&self) -> Read<Option<f64>> {
        if self.is_null() {
            return Ok(None);
        }
        let read = |text: &str| match text {
            ".inf" | "+.inf" => Some(f64::INFINITY),
            "-.inf" => Some(f64::NEG_INFINITY),
            ".nan" => Some(f64::NAN),
            _ => text
                .parse()
                .ok()
                .filter(|_| text.ends_with(|last: char| last.is_ascii_digit() || last == '.')),
        };
        let wrong = || self.wrong("is no number: use one, without quotes");
        self.plain().and_then(read).map(Some).ok_or_else(wrong)
    }
}

/// The properties of a map; those that nobody asked for are warned about in the end.
#[derive(Debug)]
pub(super) struct Fields<'a> {
    at: At<'a>,
    entries: &'a [(String, Node)],
    used: Vec<bool>,
}

impl<'a> Fields<'a> {
    /// A property that is there, be it with nothing.
    pub(super) fn present(&mut self, name: &str) -> Option<At<'a>> {
        let place = self.entries.iter().position(|(known, _)| known == name)?;
        if let Some(used) = self.used.get_mut(place) {
            *used = true;
        }
        let (_, node) = self.entries.get(place)?;
        Some(self.at.inside(node, name))
    }

    /// A property that is there with something.
    pub(super) fn get(&mut self, name: &str) -> Option<At<'a>> {
        self.present(name).filter(|at| !at.is_null())
    }

    /// A property that has to be there.
    pub(super) fn need(&mut self, name: &str) -> Read<At<'a>> {
        let at = self.present(name);
        at.ok_or_else(|| self.at.error(&format!("lacks {name}: add it")))
    }

    /// Says that a property is known and not used here.
    pub(super) fn unsupported(&mut self, name: &str, why: &str) {
        if let Some(at) = self.present(name) {
            at.warn(why);
        }
    }
}

impl Drop for Fields<'_> {
    fn drop(&mut self) {
        let entries = self.entries.iter().zip(&self.used);
        for ((name, node), _) in entries.filter(|(_, used)| !**used) {
            self.at
                .inside(node, name)
                .warn("is not known here: it is ignored");
        }
    }
}
