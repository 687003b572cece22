//! The destinations that do not take OTLP over a network: Zipkin, Jaeger, files and streams.

use super::Config;
use super::endpoint::{Endpoint, Reading};
use super::env::Env;
use super::exporters::Destination;
use super::jaeger::Jaeger;
use super::otlp_file::OtlpFile;
use super::zipkin::Zipkin;
use crate::error::ConfigError;
use crate::export::{self, ExporterFactory};
use std::path::PathBuf;

/// A destination that was asked for.
#[derive(Clone)]
pub(super) enum Other {
    Zipkin,
    Jaeger,
    /// At a path given in code, or else the environment's.
    OtlpFile(Option<PathBuf>),
    OtlpStdout,
}

impl Other {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Zipkin => "zipkin",
            Self::Jaeger => "jaeger",
            Self::OtlpFile(_) => "otlp/file",
            Self::OtlpStdout => "otlp/stdout",
        }
    }

    /// The destination of a name in lower case.
    pub(super) fn parse(name: &str) -> Option<Self> {
        match name {
            "zipkin" => Some(Self::Zipkin),
            "jaeger" => Some(Self::Jaeger),
            "otlp/file" | "otlp_file" => Some(Self::OtlpFile(None)),
            "otlp/stdout" | "otlp_stdout" => Some(Self::OtlpStdout),
            _ => None,
        }
    }

    pub(super) fn factory(&self, config: &Config) -> Result<ExporterFactory, ConfigError> {
        let others = &config.others;
        match self {
            Self::Zipkin => others.zipkin.factory(),
            Self::Jaeger => others.jaeger.factory(),
            Self::OtlpFile(path) => Ok(others.otlp_file.settings(path.as_deref())?.factory()),
            Self::OtlpStdout => Ok(export::OtlpFile::stdout()),
        }
    }
}

impl From<Other> for Destination {
    fn from(other: Other) -> Self {
        Self::Other(other)
    }
}

/// Their options.
#[derive(Clone, Debug, Default)]
pub(super) struct Others {
    pub(super) zipkin: Zipkin,
    pub(super) jaeger: Jaeger,
    pub(super) otlp_file: OtlpFile,
}

impl Others {
    /// Takes from the environment what code did not set.
    pub(super) fn load_env(&mut self, env: &mut Env) {
        self.zipkin.load_env(env);
        self.jaeger.load_env(env);
        self.otlp_file.load_env(env);
    }
}

impl Endpoint {
    /// The complete URL in a variable; one that cannot be used is ignored with a warning.
    pub(super) fn from_env(env: &mut Env, name: &'static str, example: &str) -> Option<Self> {
        let text = env.text(name)?;
        match Self::parse_like(example, name, &text, Reading::Code) {
            Ok(endpoint) => Some(endpoint),
            Err(error) => {
                env.warn_error(&error);
                None
            }
        }
    }
}
