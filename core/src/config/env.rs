//! Environment variables as the specification reads them (configuration, "Parsing empty value" to
//! "Enum"): empty is unset, only "true" is true, and what cannot be used is warned about and ignored.

#[cfg(feature = "otlp-http")]
use crate::error::ConfigError;
use crate::error::quoted;
#[cfg(feature = "otlp-http")]
use crate::export::http::proxy::Proxies;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::str::FromStr;
use std::time::Duration;

/// A time-out of 0 means none; a year is none that clocks can add.
pub(super) const NO_LIMIT: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// A view of environment variables that keeps what is to be said about them.
#[derive(Debug, Default)]
pub(crate) struct Env {
    variables: BTreeMap<String, OsString>,
    warnings: Vec<String>,
}

impl Env {
    /// The variables of this process that concern OpenTelemetry, and the way to a destination.
    pub(crate) fn of_process() -> Self {
        let known = |(name, value): (OsString, OsString)| {
            let name = name.into_string().ok()?;
            let ours = name.starts_with("OTEL_") || concerns_proxies(&name);
            ours.then_some((name, value))
        };
        Self {
            variables: std::env::vars_os().filter_map(known).collect(),
            warnings: Vec::new(),
        }
    }

    /// Variables given, for tests.
    #[cfg(any(test, feature = "fuzzing"))]
    pub(crate) fn of(variables: &[(&str, &str)]) -> Self {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), OsString::from(value));
        Self {
            variables: variables.iter().map(own).collect(),
            warnings: Vec::new(),
        }
    }

    /// Says that a variable, or part of it, is ignored.
    pub(crate) fn warn(&mut self, name: &str, text: &str) {
        self.warnings.push(format!("{name}: {text}"));
    }

    /// Says that a variable, which the error names, is ignored.
    #[cfg(feature = "otlp-http")]
    pub(crate) fn warn_error(&mut self, error: &ConfigError) {
        self.warnings.push(format!("{error}; it is ignored"));
    }

    pub(crate) fn warn_value(&mut self, name: &str, value: &str, wrong: &str) {
        self.warnings
            .push(format!("{name}={} is ignored: {wrong}", quoted(value)));
    }

    pub(crate) fn into_warnings(self) -> Vec<String> {
        self.warnings
    }

    /// A variable that is set to something.
    pub(crate) fn text(&mut self, name: &str) -> Option<String> {
        let value = self.variables.get(name)?;
        let Some(text) = value.to_str() else {
            self.warn(name, "the value is ignored: it is not UTF-8");
            return None;
        };
        let text = text.trim();
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// A variable read by `read`; a value it refuses is ignored, with `wrong` as the reason.
    pub(crate) fn read<T>(
        &mut self,
        name: &str,
        wrong: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let text = self.text(name)?;
        let value = read(&text);
        if value.is_none() {
            self.warn_value(name, &text, wrong);
        }
        value
    }

    /// The proxies, from variables in upper or lower case.
    #[cfg(feature = "otlp-http")]
    pub(crate) fn proxies(&mut self) -> Proxies {
        let no = self.text("NO_PROXY").or_else(|| self.text("no_proxy"));
        Proxies {
            https: self.proxy(["HTTPS_PROXY", "https_proxy"]),
            // A CGI program's caller can set it (the header Proxy), so there it does not count.
            http: if self.variables.contains_key("REQUEST_METHOD") {
                self.proxy(["http_proxy"; 2])
            } else {
                self.proxy(["HTTP_PROXY", "http_proxy"])
            },
            all: self.proxy(["ALL_PROXY", "all_proxy"]),
            no: no.unwrap_or_default(),
        }
    }

    /// A proxy's URL; empty if there is none that can be used.
    #[cfg(feature = "otlp-http")]
    fn proxy(&mut self, names: [&str; 2]) -> String {
        let set = names.iter().find_map(|name| Some((name, self.text(name)?)));
        let Some((name, url)) = set else {
            return String::new();
        };
        if Proxies::is_usable(&url) {
            return url;
        }
        // The value may hold credentials.
        self.warn(
            name,
            "the value is ignored: use a URL such as http://proxy.example:3128",
        );
        String::new()
    }

    /// A switch: anything but "true" is false, and anything but "true" and "false" is warned about.
    pub(crate) fn switch(&mut self, name: &str) -> Option<bool> {
        let text = self.text(name)?;
        if text.eq_ignore_ascii_case("true") {
            return Some(true);
        }
        if !text.eq_ignore_ascii_case("false") {
            self.warn_value(name, &text, "use true or false");
        }
        Some(false)
    }

    fn number<T: FromStr>(&mut self, name: &str, wrong: &str) -> Option<T> {
        self.read(name, wrong, |text| text.parse().ok())
    }

    /// A count that may be 0.
    pub(crate) fn count(&mut self, name: &str) -> Option<usize> {
        self.number(name, "use a whole number, 0 or more")
    }

    /// A count that may not be 0.
    pub(crate) fn positive(&mut self, name: &str) -> Option<usize> {
        let read = |text: &str| text.parse().ok().filter(|count| *count > 0);
        self.read(name, "use a whole number, 1 or more", read)
    }

    /// A span of time in milliseconds.
    pub(crate) fn duration(&mut self, name: &str) -> Option<Duration> {
        let millis: Option<u32> = self.number(name, "use whole milliseconds, 0 or more");
        millis.map(|millis| Duration::from_millis(u64::from(millis)))
    }

    /// A time-out in milliseconds; 0 means none.
    pub(crate) fn timeout(&mut self, name: &str) -> Option<Duration> {
        let timeout = self.duration(name)?;
        Some(if timeout.is_zero() { NO_LIMIT } else { timeout })
    }
}

/// Whether a variable decides how a destination is reached.
fn concerns_proxies(name: &str) -> bool {
    let kinds = ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY"];
    name == "REQUEST_METHOD" || kinds.iter().any(|kind| kind.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conf_101_empty_is_unset_and_only_true_is_true() {
        for (value, switch, warns) in [
            ("true", Some(true), false),
            ("TRUE", Some(true), false),
            (" true ", Some(true), false),
            ("false", Some(false), false),
            ("1", Some(false), true),
            ("yes", Some(false), true),
            ("", None, false),
            ("  ", None, false),
        ] {
            let mut env = Env::of(&[("OTEL_X", value)]);
            assert_eq!(env.switch("OTEL_X"), switch, "{value:?}");
            assert_eq!(!env.into_warnings().is_empty(), warns, "{value:?}");
        }
        assert_eq!(Env::default().switch("OTEL_X"), None);
    }

    #[test]
    fn conf_101_bad_numbers_are_named_and_ignored() {
        for bad in [
            "x",
            "-1",
            "1.5",
            "0x10",
            "99999999999999999999999",
            "1 2",
            "\u{1b}[2J",
        ] {
            let mut env = Env::of(&[("OTEL_N", bad)]);
            assert_eq!(env.count("OTEL_N"), None, "{bad}");
            assert_eq!(env.positive("OTEL_N"), None, "{bad}");
            assert_eq!(env.timeout("OTEL_N"), None, "{bad}");
            let warnings = env.into_warnings();
            assert_eq!(warnings.len(), 3, "{bad}");
            assert!(warnings[0].starts_with("OTEL_N=\""), "{warnings:?}");
            assert!(warnings[0].ends_with("is ignored: use a whole number, 0 or more"));
            assert!(!warnings[0].contains('\u{1b}'));
        }
    }

    #[test]
    fn numbers_and_times_are_read() {
        let mut env = Env::of(&[("OTEL_N", " 17 "), ("OTEL_ZERO", "0")]);
        assert_eq!(env.count("OTEL_N"), Some(17));
        assert_eq!(env.count("OTEL_ZERO"), Some(0));
        assert_eq!(env.positive("OTEL_ZERO"), None);
        assert_eq!(env.duration("OTEL_N"), Some(Duration::from_millis(17)));
        assert_eq!(env.duration("OTEL_ZERO"), Some(Duration::ZERO));
        assert_eq!(env.timeout("OTEL_ZERO"), Some(NO_LIMIT));
    }

    #[cfg(unix)]
    #[test]
    fn a_value_that_is_not_utf8_is_ignored() {
        use std::os::unix::ffi::OsStringExt;
        let mut env = Env::default();
        env.variables
            .insert("OTEL_X".into(), OsString::from_vec(vec![0xff]));
        assert_eq!(env.text("OTEL_X"), None);
        assert_eq!(env.into_warnings().len(), 1);
    }
}
