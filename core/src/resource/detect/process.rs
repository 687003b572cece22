//! `process.*`.

use crate::finished::OwnedValue;
use crate::resource::Resource;

pub(super) fn detect(found: &mut Resource, language: &str) {
    found.set("process.pid", i64::from(std::process::id()).into());
    #[cfg(unix)]
    found.set(
        "process.parent_pid",
        i64::from(std::os::unix::process::parent_id()).into(),
    );
    if let Ok(path) = std::env::current_exe() {
        if let Some(name) = path.file_name() {
            found.set(
                "process.executable.name",
                name.to_string_lossy().as_ref().into(),
            );
        }
        found.set(
            "process.executable.path",
            path.to_string_lossy().as_ref().into(),
        );
    }
    if language == "rust" {
        found.set("process.runtime.name", "rustc".into());
    }
}

pub(super) fn detect_command(found: &mut Resource) {
    let args: Vec<OwnedValue> = std::env::args_os()
        .map(|arg| arg.to_string_lossy().as_ref().into())
        .collect();
    if let Some(command) = args.first() {
        found.set("process.command", command.clone());
        found.set("process.command_args", OwnedValue::Array(args));
    }
}
