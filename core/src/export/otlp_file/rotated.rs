//! The file itself: opened when it is needed, checked before each line, renamed when it is full.
//!
//! Nothing is remembered between two lines but the open file, so that what other processes do to it
//! is seen: they may append, rotate, rename and remove.

use super::{OtlpFile, line, write_whole};
use crate::export::ExportError;
use std::{
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

/// A file that is appended to.
pub(super) struct Rotated {
    settings: OtlpFile,
    file: Option<File>,
}

impl Rotated {
    pub(super) fn new(settings: OtlpFile) -> Self {
        Self {
            settings,
            file: None,
        }
    }

    /// Appends one line; one that could be written only in part is taken back.
    pub(super) async fn append(&mut self, json: Vec<u8>) -> Result<(), ExportError> {
        let path = self.settings.path.clone();
        let failed = |what: &str, error: &io::Error| {
            ExportError::retryable(format!("{} cannot be {what}: {error}", path.display()))
        };
        let added = u64::try_from(json.len()).map_or(u64::MAX, |len| len.saturating_add(1));
        let mut file = self.open()?;
        let mut size = length(&file).map_err(|error| failed("read", &error))?;
        if size > 0 && size.saturating_add(added) > self.settings.max_bytes {
            self.rotate().map_err(|error| failed("rotated", &error))?;
            file = self.open()?;
            size = length(&file).map_err(|error| failed("read", &error))?;
        }
        let torn = ends_within_a_line(&file, size).map_err(|error| failed("read", &error))?;
        let line = line(json, torn);
        let written = write_whole(&mut file, &line).await;
        if let Err((written, error)) = written {
            take_back(&file, size, written);
            self.file = None;
            return Err(failed("written to", &error));
        }
        self.file = Some(file);
        Ok(())
    }

    /// The file at the path: the one that is open, or what has taken its place.
    fn open(&mut self) -> Result<File, ExportError> {
        let path = &self.settings.path;
        if let Some(file) = self.file.take()
            && is_at(&file, path)
        {
            return Ok(file);
        }
        // Not blocking, for one that turns out to be a pipe.
        let file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .mode(0o600)
            .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK)
            .open(path);
        let file = file.map_err(|error| {
            let path = path.display();
            if error.raw_os_error() == Some(libc::ELOOP) {
                ExportError::permanent(format!(
                    "{path} is a symbolic link, which is not followed; name the file itself"
                ))
            } else {
                ExportError::retryable(format!("{path} cannot be opened: {error}"))
            }
        })?;
        match file.metadata() {
            Ok(metadata) if metadata.is_file() => Ok(file),
            _ => Err(ExportError::permanent(format!(
                "{} is not a regular file",
                path.display()
            ))),
        }
    }

    /// Renames the file and those before it; the one that is too many goes.
    fn rotate(&mut self) -> io::Result<()> {
        let Self { settings, .. } = self;
        if settings.files_kept == 0 {
            return gone_is_fine(fs::remove_file(&settings.path));
        }
        for number in (1..settings.files_kept).rev() {
            gone_is_fine(fs::rename(
                numbered(&settings.path, number),
                numbered(&settings.path, number + 1),
            ))?;
        }
        gone_is_fine(fs::rename(&settings.path, numbered(&settings.path, 1)))
    }
}

fn numbered(path: &Path, number: u32) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{number}"));
    name.into()
}

/// What another process has renamed or removed already needs no more.
fn gone_is_fine(outcome: io::Result<()>) -> io::Result<()> {
    match outcome {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        outcome => outcome,
    }
}

fn length(file: &File) -> io::Result<u64> {
    Ok(file.metadata()?.len())
}

fn is_at(file: &File, path: &Path) -> bool {
    let identity = |metadata: fs::Metadata| (metadata.dev(), metadata.ino());
    let here = fs::symlink_metadata(path).map(identity);
    matches!((here, file.metadata().map(identity)), (Ok(here), Ok(open)) if here == open)
}

fn ends_within_a_line(file: &File, size: u64) -> io::Result<bool> {
    let Some(last) = size.checked_sub(1) else {
        return Ok(false);
    };
    let mut byte = [0];
    file.read_exact_at(&mut byte, last)?;
    Ok(byte != *b"\n")
}

/// Cuts off the first `written` bytes of a line that began at `size`, unless another process has
/// appended since: then they stay, as a line that is no JSON. Only now is there room again.
fn take_back(file: &File, size: u64, written: usize) {
    let end = u64::try_from(written).map(|written| size.saturating_add(written));
    if end.is_ok_and(|end| length(file).is_ok_and(|now| now == end)) {
        // What cannot be cut is seen as a torn line next time.
        let _ = file.set_len(size);
    }
}
