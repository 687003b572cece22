//! Environment variables as carriers (OpenTelemetry, "environment variables as context propagation
//! carriers"): `TRACEPARENT`, `TRACESTATE`, `BAGGAGE`.

use super::{Extractor, Injector};
use std::collections::BTreeMap;
use std::fmt;
use std::process::Command;

/// Environment variables, to read what the parent process passed on or to pass on to a child.
///
/// Keys become names of variables: upper case, `_` for everything but letters and digits. Others on
/// the system may be able to read them: nothing secret belongs there. [`Command`] can be injected
/// into directly.
///
/// ```
/// use libtracer::{Context, Environment, Propagator, TraceContext};
///
/// let parent = TraceContext.extract(&Context::current(), &Environment::of_process()); // at start
/// let mut child = std::process::Command::new("true");
/// TraceContext.inject(&parent, &mut child);
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Environment {
    variables: BTreeMap<String, String>,
}

impl Environment {
    /// No variables.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A copy of this process's variables, as they are now.
    #[must_use]
    pub fn of_process() -> Self {
        let text = std::env::vars_os();
        text.filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect()
    }

    /// Names and values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let pairs = self.variables.iter();
        pairs.map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

impl FromIterator<(String, String)> for Environment {
    /// Keeps the variables whose names keys can become.
    fn from_iter<I: IntoIterator<Item = (String, String)>>(variables: I) -> Self {
        let variables = variables.into_iter();
        Self {
            variables: variables
                .filter(|(name, _)| normalized(name) == *name)
                .collect(),
        }
    }
}

impl Injector for Environment {
    fn set(&mut self, key: &str, value: &str) {
        self.variables.insert(normalized(key), value.to_owned());
    }
}

impl Extractor for Environment {
    fn get(&self, key: &str) -> Option<&str> {
        self.variables.get(&normalized(key)).map(String::as_str)
    }

    fn keys(&self) -> Vec<&str> {
        self.variables.keys().map(String::as_str).collect()
    }
}

/// The variables of the process to be started; this process's own stay as they are.
impl Injector for Command {
    fn set(&mut self, key: &str, value: &str) {
        self.env(normalized(key), value);
    }
}

impl fmt::Debug for Environment {
    /// Names only: values may be anything.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.variables.keys()).finish()
    }
}

/// A key as the name of a variable.
fn normalized(key: &str) -> String {
    let digit_first = key.starts_with(|first: char| first.is_ascii_digit());
    let prefix = (digit_first || key.is_empty()).then_some('_');
    let letters = key.chars().map(|letter| match letter {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '_' => letter.to_ascii_uppercase(),
        _ => '_',
    });
    prefix.into_iter().chain(letters).collect()
}
