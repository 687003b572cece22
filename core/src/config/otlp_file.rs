//! Which file OTLP is written to, from code and environment.
//!
//! The specification names no variables for a file; these follow its pattern.

use super::Config;
use super::env::Env;
use super::others::Other;
use crate::error::ConfigError;
use crate::export;
use std::path::{Path, PathBuf};

const VARIABLES: [&str; 2] = [
    "OTEL_EXPORTER_OTLP_TRACES_FILE_PATH",
    "OTEL_EXPORTER_OTLP_FILE_PATH",
];

/// Where nobody says, as other SDKs do.
const DEFAULT: &str = "traces.jsonl";

/// Options of the exporter to a file.
#[derive(Clone, Debug, Default)]
pub(super) struct OtlpFile {
    env_path: Option<PathBuf>,
    /// Bytes of a file, and files kept beside it.
    rotation: Option<(u64, u32)>,
}

impl OtlpFile {
    /// Takes the path from the environment; the traces' own variable wins.
    pub(super) fn load_env(&mut self, env: &mut Env) {
        self.env_path = VARIABLES.iter().find_map(|name| {
            let path = env.text(name)?;
            match export::OtlpFile::new(&path) {
                Ok(_) => Some(path.into()),
                Err(error) => {
                    env.warn(name, &format!("{error}; it is ignored"));
                    None
                }
            }
        });
    }

    /// The file at the path that code chose, else the environment, else in the current directory.
    pub(super) fn settings(&self, path: Option<&Path>) -> Result<export::OtlpFile, ConfigError> {
        let path = path.or(self.env_path.as_deref());
        let path = path.unwrap_or(Path::new(DEFAULT));
        let file = export::OtlpFile::new(path)?;
        match self.rotation {
            Some((max_bytes, files_kept)) => file.rotate(max_bytes, files_kept),
            None => Ok(file),
        }
    }
}

impl Config {
    /// Exports to the file at `path`, one line of OTLP JSON a batch ([`crate::OtlpFile`]).
    ///
    /// ```
    /// use libtracer::Config;
    ///
    /// let config = Config::new()
    ///     .otlp_file("/var/log/shop/traces.jsonl")
    ///     .otlp_file_rotation(16 * 1024 * 1024, 9);
    /// config.check()?;
    /// # Ok::<(), libtracer::ConfigError>(())
    /// ```
    pub fn otlp_file(mut self, path: impl AsRef<Path>) -> Self {
        match export::OtlpFile::new(path.as_ref()) {
            Ok(_) => self.add(Other::OtlpFile(Some(path.as_ref().to_owned())).into()),
            Err(error) => {
                self.refuse(error);
                self
            }
        }
    }

    /// The size at which a file of OTLP is rotated, and how many older ones are kept (default 64 MiB
    /// and 4).
    pub fn otlp_file_rotation(mut self, max_bytes: u64, files_kept: u32) -> Self {
        if let Err(error) = export::OtlpFile::check_rotation(max_bytes, files_kept) {
            self.refuse(error);
        }
        self.others.otlp_file.rotation = Some((max_bytes, files_kept));
        self
    }

    /// Writes one line of OTLP JSON a batch on the standard output
    /// ([`crate::OtlpFile::stdout`]).
    pub fn otlp_stdout(self) -> Self {
        self.add(Other::OtlpStdout.into())
    }
}
