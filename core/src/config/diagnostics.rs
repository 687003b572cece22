//! How much the library says by itself (`OTEL_LOG_LEVEL`).

use super::Config;
use super::env::Env;
use crate::pipeline::diagnose::{self, DiagnosticLevel};

/// A level, or silence.
pub(super) type Level = Option<DiagnosticLevel>;

impl Config {
    /// How much the library says by itself, in this whole process and from the moment a provider is
    /// made of this configuration: as [`set_diagnostic_level`](crate::set_diagnostic_level), and it
    /// wins over `OTEL_LOG_LEVEL`. `None` says nothing.
    pub fn diagnostic_level(mut self, level: Option<DiagnosticLevel>) -> Self {
        self.diagnostic_level = Some(level);
        self
    }

    /// Puts the level in force that code or the environment gave, if one did.
    pub(crate) fn apply_diagnostic_level(&self) {
        if let Some(level) = self.diagnostic_level {
            diagnose::set_diagnostic_level(level);
        }
        if let Some(level) = self.env.diagnostic_level {
            diagnose::set_level_from_env(level);
        }
    }
}

/// What `OTEL_LOG_LEVEL` says.
pub(super) fn from_env(env: &mut Env) -> Option<Level> {
    let wrong = "use none, error, warn, info or debug";
    env.read("OTEL_LOG_LEVEL", wrong, read)
}

fn read(text: &str) -> Option<Level> {
    let level = match text.to_ascii_lowercase().as_str() {
        "none" | "off" => return Some(None),
        "fatal" | "error" => DiagnosticLevel::Error,
        "warn" | "warning" => DiagnosticLevel::Warn,
        "info" => DiagnosticLevel::Info,
        "debug" | "verbose" | "trace" | "all" => DiagnosticLevel::Debug,
        _ => return None,
    };
    Some(Some(level))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conf_109_the_log_level_is_read_and_a_bad_one_is_named_and_ignored() {
        use DiagnosticLevel::{Debug, Error, Info, Warn};
        for (text, level) in [
            ("none", Some(None)),
            ("ERROR", Some(Some(Error))),
            ("warn", Some(Some(Warn))),
            ("Warning", Some(Some(Warn))),
            (" info ", Some(Some(Info))),
            ("debug", Some(Some(Debug))),
            ("verbose", Some(Some(Debug))),
            ("", None),
            ("loud", None),
            ("3", None),
        ] {
            let mut env = Env::of(&[("OTEL_LOG_LEVEL", text)]);
            assert_eq!(from_env(&mut env), level, "{text:?}");
            let warnings = env.into_warnings();
            assert_eq!(
                warnings.len(),
                usize::from(!text.is_empty() && level.is_none())
            );
            assert!(
                warnings
                    .iter()
                    .all(|line| line.starts_with("OTEL_LOG_LEVEL="))
            );
        }
    }
}
