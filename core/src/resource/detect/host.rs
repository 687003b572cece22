//! `host.*` and `os.*`.

use crate::resource::Resource;
use std::env::consts;
use std::fs::read_to_string;

pub(super) fn detect(found: &mut Resource) {
    let file = |path: &str| {
        let text = read_to_string(path).ok()?;
        let text = text.trim();
        (!text.is_empty()).then(|| text.to_owned())
    };
    let name = file("/proc/sys/kernel/hostname").or_else(|| {
        std::env::var("HOSTNAME")
            .ok()
            .filter(|name| !name.is_empty())
    });
    let id = file("/etc/machine-id").or_else(|| file("/var/lib/dbus/machine-id"));
    let release = file("/etc/os-release").or_else(|| file("/usr/lib/os-release"));
    let release = release.unwrap_or_default();
    let facts = [
        ("host.name", name),
        ("host.id", id),
        ("host.arch", Some(arch(consts::ARCH).to_owned())),
        ("os.type", Some(os_type(consts::OS).to_owned())),
        ("os.name", of_release(&release, "NAME")),
        ("os.version", of_release(&release, "VERSION_ID")),
        ("os.description", of_release(&release, "PRETTY_NAME")),
    ];
    for (key, value) in facts {
        if let Some(value) = value {
            found.set(key, value.into());
        }
    }
}

/// The name of the semantic conventions for Rust's.
fn arch(rust: &str) -> &str {
    match rust {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "arm" => "arm32",
        "powerpc" => "ppc32",
        "powerpc64" => "ppc64",
        other => other,
    }
}

/// The name of the semantic conventions for Rust's.
fn os_type(rust: &str) -> &str {
    match rust {
        "macos" => "darwin",
        "dragonfly" => "dragonflybsd",
        other => other,
    }
}

/// A value of os-release(5).
pub(super) fn of_release(text: &str, key: &str) -> Option<String> {
    let value = text
        .lines()
        .find_map(|line| line.trim().strip_prefix(key)?.strip_prefix('='))?;
    let value = value.trim_matches(['"', '\'']);
    (!value.is_empty()).then(|| value.to_owned())
}
