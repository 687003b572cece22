//! OTLP as JSON lines, in a file or on the standard output (OpenTelemetry protocol file exporter):
//! each batch is one line, an `ExportTraceServiceRequest`.
//!
//! Lines are written by the exporter thread while other destinations wait, one write each: a local
//! disk takes milliseconds, a stalled network file system holds up the whole process's export. What
//! cannot be written (no space, no directory, no permission) is tried again until it can.

mod rotated;

use super::Stdout;
use super::{Accepted, Batch, ExportError, ExportFuture, Exporter, ExporterFactory};
use crate::error::ConfigError;
use rotated::Rotated;
use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

/// Of one file; what is kept beside it is as large at most.
const DEFAULT_MAX_BYTES: u64 = 64 * 1024 * 1024;
const DEFAULT_FILES_KEPT: u32 = 4;
/// Each is renamed when the file is full.
const MOST_FILES_KEPT: u32 = 1000;

/// How long a full pipe is given before it is tried again; only if someone made it non-blocking.
const PIPE_PAUSE: Duration = Duration::from_millis(10);

/// A file of OTLP JSON lines (preferred extension: `jsonl`), rotated by size.
///
/// The file is made with mode 0600 and appended to; a symbolic link or anything but a regular file
/// is refused. When a line would make it larger than its limit, it is renamed to `PATH.1`, an older
/// `PATH.1` to `PATH.2` and so on, and the last one goes. Also another program may rename or remove
/// it at any time. Nothing is synced to the disk: a crash of the machine may lose lines.
///
/// Processes may share a file, forked ones too: lines stay whole; it may then be rotated earlier.
///
/// ```
/// use libtracer::OtlpFile;
///
/// let file = OtlpFile::new("/var/log/shop/traces.jsonl")?.rotate(16 * 1024 * 1024, 9)?;
/// let exporter = file.factory();
/// # Ok::<(), libtracer::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
pub struct OtlpFile {
    path: PathBuf,
    max_bytes: u64,
    files_kept: u32,
}

impl OtlpFile {
    /// The file at `path`, rotated at 64 MiB with four older files kept. A relative path counts from
    /// the current directory of this moment.
    ///
    /// # Errors
    ///
    /// If the path does not name a file. Nothing is opened yet.
    pub fn new(path: impl AsRef<Path>) -> Result<Self, ConfigError> {
        let given = path.as_ref();
        let wrong = |what: &str| {
            let cure = "give the path of a file, such as /var/log/traces.jsonl";
            ConfigError::value("otlp file", &given.to_string_lossy(), what, cure)
        };
        let is_directory = given.as_os_str().as_encoded_bytes().ends_with(b"/");
        if given.file_name().is_none() || is_directory {
            return Err(wrong("does not name a file"));
        }
        let path = std::path::absolute(given)
            .map_err(|error| wrong(&format!("cannot be made absolute ({error})")))?;
        Ok(Self {
            path,
            max_bytes: DEFAULT_MAX_BYTES,
            files_kept: DEFAULT_FILES_KEPT,
        })
    }

    /// Rotates at `max_bytes` (a longer line has a file of its own) and keeps `files_kept` older
    /// files, 0 to 1,000.
    ///
    /// # Errors
    ///
    /// If one of them is out of range.
    pub fn rotate(mut self, max_bytes: u64, files_kept: u32) -> Result<Self, ConfigError> {
        Self::check_rotation(max_bytes, files_kept)?;
        self.max_bytes = max_bytes;
        self.files_kept = files_kept;
        Ok(self)
    }

    pub(crate) fn check_rotation(max_bytes: u64, files_kept: u32) -> Result<(), ConfigError> {
        let wrong =
            |option, given: String, what, cure| Err(ConfigError::value(option, &given, what, cure));
        if max_bytes == 0 {
            return wrong(
                "otlp file size",
                "0".to_owned(),
                "holds nothing",
                "use 1 or more",
            );
        }
        if files_kept > MOST_FILES_KEPT {
            let given = files_kept.to_string();
            return wrong("otlp files kept", given, "is too many", "use 0 to 1000");
        }
        Ok(())
    }

    /// Makes the exporter in each process that needs one; the file is opened with the first batch.
    #[must_use]
    pub fn factory(self) -> ExporterFactory {
        Arc::new(move || Ok(Lines::to(Sink::File(Rotated::new(self.clone())))))
    }

    /// Writes the lines on the standard output instead (`otlp/stdout`).
    ///
    /// Whoever reads it must keep up, as with all that a program prints: a full pipe holds up the
    /// export of this process, not its other threads.
    #[must_use]
    pub fn stdout() -> ExporterFactory {
        Arc::new(|| Ok(Lines::to(Sink::Stream(Box::new(Stdout)))))
    }
}

/// Where lines go.
enum Sink {
    File(Rotated),
    Stream(Box<dyn Write>),
}

/// The exporter.
struct Lines {
    sink: Sink,
    /// The stream ends within a line.
    torn: bool,
}

impl Lines {
    fn to(sink: Sink) -> Box<dyn Exporter> {
        Box::new(Self { sink, torn: false })
    }

    async fn append(&mut self, json: Vec<u8>) -> Result<(), ExportError> {
        match &mut self.sink {
            Sink::File(file) => file.append(json).await,
            Sink::Stream(out) => {
                let line = line(json, self.torn);
                // Also when this future is dropped in the middle.
                self.torn = true;
                let written = write_whole(out, &line).await;
                written.map_err(|(_, error)| {
                    ExportError::retryable(format!(
                        "the standard output cannot be written to: {error}"
                    ))
                })?;
                self.torn = false;
                Ok(())
            }
        }
    }
}

impl Exporter for Lines {
    fn export<'a>(&'a mut self, batch: &'a Batch) -> ExportFuture<'a> {
        Box::pin(async move {
            if batch.span_count() > 0 {
                self.append(batch.to_otlp_json()).await?;
            }
            Ok(Accepted::default())
        })
    }
}

/// One line, after what is left of a torn one.
fn line(mut json: Vec<u8>, torn: bool) -> Vec<u8> {
    json.push(b'\n');
    if torn {
        json.insert(0, b'\n');
    }
    json
}

/// Writes everything, in one write where the system takes it so; on failure, with how much it took.
async fn write_whole(out: &mut impl Write, bytes: &[u8]) -> Result<(), (usize, io::Error)> {
    let mut written = 0;
    while let Some(rest) = bytes.get(written..).filter(|rest| !rest.is_empty()) {
        match out.write(rest) {
            Ok(0) => return Err((written, io::ErrorKind::WriteZero.into())),
            Ok(taken) => written += taken,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                tokio::time::sleep(PIPE_PAUSE).await;
            }
            Err(error) => return Err((written, error)),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
