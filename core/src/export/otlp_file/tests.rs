use super::*;
use crate::export::samples;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use std::{
    cell::RefCell,
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    rc::Rc,
};

/// A directory that goes with the test.
struct Directory(PathBuf);

impl Directory {
    fn new() -> Self {
        let name = format!("libtracer-{:016x}", getrandom::u64().unwrap());
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn file(&self) -> PathBuf {
        self.0.join("traces.jsonl")
    }

    /// Names and lengths of lines of what is in it, by name.
    fn lines(&self) -> Vec<(String, Vec<usize>)> {
        let mut files: Vec<_> = fs::read_dir(&self.0)
            .unwrap()
            .map(|entry| {
                let entry = entry.unwrap();
                let text = fs::read_to_string(entry.path()).unwrap();
                let lines = text.lines().map(str::len).collect();
                (entry.file_name().into_string().unwrap(), lines)
            })
            .collect();
        files.sort();
        files
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::set_permissions(&self.0, fs::Permissions::from_mode(0o700));
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn run<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(future)
}

fn exporter(file: &OtlpFile) -> Box<dyn Exporter> {
    file.clone().factory()().unwrap()
}

fn export(exporter: &mut dyn Exporter) -> Result<Accepted, ExportError> {
    let (batch, _) = samples::batch();
    run(exporter.export(&batch))
}

fn append(file: &OtlpFile, text: &str) -> Result<(), ExportError> {
    run(Rotated::new(file.clone()).append(text.into()))
}

fn read(line: &str) -> ExportTraceServiceRequest {
    serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
}

#[test]
fn conf_071_each_batch_is_a_line_of_otlp_json() {
    let directory = Directory::new();
    let file = OtlpFile::new(directory.file()).unwrap();
    let mut exporter = exporter(&file);
    for _ in 0..2 {
        assert_eq!(export(&mut *exporter), Ok(Accepted::default()));
    }
    let text = fs::read_to_string(directory.file()).unwrap();
    assert!(text.ends_with("}\n"));
    let (_, expected) = samples::batch();
    let lines: Vec<_> = text.lines().map(read).collect();
    assert_eq!(lines, [expected.clone(), expected]);
}

#[test]
fn a_batch_without_spans_is_no_line() {
    let directory = Directory::new();
    let file = OtlpFile::new(directory.file()).unwrap();
    let (mut batch, _) = samples::batch();
    batch.runs.clear();
    assert!(run(exporter(&file).export(&batch)).is_ok());
    assert!(directory.lines().is_empty());
}

#[test]
fn only_the_owner_reads_it() {
    let directory = Directory::new();
    let file = OtlpFile::new(directory.file())
        .unwrap()
        .rotate(5, 1)
        .unwrap();
    for _ in 0..2 {
        append(&file, "line").unwrap();
    }
    for name in [directory.file(), directory.0.join("traces.jsonl.1")] {
        let mode = fs::metadata(name).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[test]
fn what_is_no_regular_file_is_refused_for_good() {
    let directory = Directory::new();
    let elsewhere = directory.0.join("elsewhere");
    fs::write(&elsewhere, "precious\n").unwrap();
    symlink(&elsewhere, directory.file()).unwrap();
    for (path, why) in [
        (directory.file(), "is a symbolic link"),
        ("/dev/null".into(), "is not a regular file"),
    ] {
        let file = OtlpFile::new(&path).unwrap();
        let error = export(&mut *exporter(&file)).unwrap_err();
        assert!(matches!(&error, ExportError::Permanent { .. }), "{error:?}");
        assert!(error.message().contains(why), "{error}");
    }
    assert_eq!(fs::read_to_string(elsewhere).unwrap(), "precious\n");
}

#[test]
fn a_pipe_that_nobody_reads_does_not_hang() {
    let directory = Directory::new();
    let made = std::process::Command::new("mkfifo")
        .arg(directory.file())
        .status();
    assert!(made.unwrap().success());
    let file = OtlpFile::new(directory.file()).unwrap();
    assert!(append(&file, "line").is_err());
}

#[test]
fn a_full_file_is_renamed_and_the_oldest_goes() {
    let directory = Directory::new();
    let file = OtlpFile::new(directory.file()).unwrap();
    let file = file.rotate(10, 2).unwrap();
    let mut rotated = Rotated::new(file);
    // Two of four bytes (and their ends) fit; a longer line has a file of its own.
    for len in [4, 4, 4, 20, 3, 3, 3] {
        run(rotated.append(vec![b'x'; len])).unwrap();
    }
    let name = |suffix: &str| format!("traces.jsonl{suffix}");
    let expected = [
        (name(""), vec![3]),
        (name(".1"), vec![3, 3]),
        (name(".2"), vec![20]),
    ];
    assert_eq!(directory.lines(), expected);
}

#[test]
fn nothing_is_kept_if_nothing_is_to_be() {
    let directory = Directory::new();
    let file = OtlpFile::new(directory.file()).unwrap();
    let file = file.rotate(10, 0).unwrap();
    for len in [5, 5, 4] {
        append(&file, &"x".repeat(len)).unwrap();
    }
    assert_eq!(directory.lines(), [("traces.jsonl".to_owned(), vec![4])]);
}

#[test]
fn a_line_follows_what_is_there_already() {
    let directory = Directory::new();
    let file = OtlpFile::new(directory.file()).unwrap();
    fs::write(directory.file(), "before\ntorn").unwrap();
    append(&file, "{}").unwrap();
    append(&file, "{}").unwrap();
    let text = fs::read_to_string(directory.file()).unwrap();
    assert_eq!(text, "before\ntorn\n{}\n{}\n");
}

#[test]
fn what_others_rename_or_remove_is_made_anew() {
    let directory = Directory::new();
    let mut rotated = Rotated::new(OtlpFile::new(directory.file()).unwrap());
    run(rotated.append(vec![b'1'])).unwrap();
    fs::rename(directory.file(), directory.0.join("moved")).unwrap();
    run(rotated.append(vec![b'2'])).unwrap();
    fs::remove_file(directory.file()).unwrap();
    run(rotated.append(vec![b'3'])).unwrap();
    assert_eq!(fs::read_to_string(directory.file()).unwrap(), "3\n");
    assert_eq!(
        fs::read_to_string(directory.0.join("moved")).unwrap(),
        "1\n"
    );
}

#[test]
fn a_directory_that_is_gone_is_waited_for() {
    let directory = Directory::new();
    let file = OtlpFile::new(directory.file()).unwrap();
    let mut exporter = exporter(&file);
    assert!(export(&mut *exporter).is_ok());
    fs::remove_dir_all(&directory.0).unwrap();
    let error = export(&mut *exporter).unwrap_err();
    assert!(matches!(&error, ExportError::Retryable { .. }), "{error:?}");
    assert!(error.message().contains("traces.jsonl cannot be opened"));
    fs::create_dir(&directory.0).unwrap();
    assert!(export(&mut *exporter).is_ok());
    assert_eq!(directory.lines()[0].1.len(), 1);
}

/// A stream that takes so many bytes, then fails; `None` is a pipe that is full for the moment.
struct Stream {
    taken: Rc<RefCell<Vec<u8>>>,
    script: Vec<Option<usize>>,
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.script.is_empty() {
            self.taken.borrow_mut().extend_from_slice(bytes);
            return Ok(bytes.len());
        }
        match self.script.remove(0) {
            None => Err(io::ErrorKind::WouldBlock.into()),
            Some(0) => Err(io::ErrorKind::BrokenPipe.into()),
            Some(room) => {
                self.taken.borrow_mut().extend_from_slice(&bytes[..room]);
                Ok(room)
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn stream(script: &[Option<usize>]) -> (Box<dyn Exporter>, Rc<RefCell<Vec<u8>>>) {
    let taken = Rc::default();
    let stream = Stream {
        taken: Rc::clone(&taken),
        script: script.to_vec(),
    };
    (Lines::to(Sink::Stream(Box::new(stream))), taken)
}

#[test]
fn conf_071_a_stream_gets_the_same_lines() {
    let (mut exporter, taken) = stream(&[None, Some(10), None, Some(1)]);
    for _ in 0..2 {
        assert!(export(&mut *exporter).is_ok());
    }
    let text = String::from_utf8(taken.take()).unwrap();
    let (_, expected) = samples::batch();
    let lines: Vec<_> = text.lines().map(read).collect();
    assert_eq!(lines, [expected.clone(), expected]);
}

#[test]
fn a_line_that_broke_does_not_spoil_the_next() {
    let (mut exporter, taken) = stream(&[Some(10), Some(0)]);
    let error = export(&mut *exporter).unwrap_err();
    assert!(matches!(&error, ExportError::Retryable { .. }), "{error:?}");
    assert!(export(&mut *exporter).is_ok());
    let text = String::from_utf8(taken.take()).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!((lines.len(), lines[0].len()), (2, 10));
    assert_eq!(read(lines[1]), samples::batch().1);
}

#[test]
fn a_path_that_names_no_file_is_refused() {
    for path in ["", "/", "..", "/tmp/", "/tmp/.."] {
        let error = OtlpFile::new(path).unwrap_err().to_string();
        assert!(error.contains("give the path of a file"), "{path}: {error}");
    }
    let file = OtlpFile::new("traces.jsonl").unwrap();
    assert!(file.path.is_absolute());
    assert!(file.clone().rotate(0, 1).is_err());
    assert!(file.clone().rotate(1, 1001).is_err());
    assert!(file.rotate(1, 1000).is_ok());
}
