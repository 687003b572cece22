//! `container.id`: in Linux's control groups of version 1, or among its mounts.

use crate::resource::Resource;
use std::fs::read_to_string;

pub(super) fn detect(found: &mut Resource) {
    let read = |path: &str| read_to_string(path).unwrap_or_default();
    let id = of_cgroup(&read("/proc/self/cgroup"));
    if let Some(id) = id.or_else(|| of_mounts(&read("/proc/self/mountinfo"))) {
        found.set("container.id", id.into());
    }
}

/// The last part of a group's path, between what runtimes put around the id.
pub(super) fn of_cgroup(text: &str) -> Option<String> {
    text.lines().find_map(|line| {
        let part = line.rsplit('/').next()?;
        let part = part.rsplit(':').next()?;
        let part = part.strip_suffix(".scope").unwrap_or(part);
        id(part.rsplit('-').next()?)
    })
}

/// The part after `containers` in the source of a mount: the host's files that a runtime mounts.
pub(super) fn of_mounts(text: &str) -> Option<String> {
    text.lines().find_map(|line| {
        let source = line.split(' ').nth(3)?;
        let mut parts = source.split('/');
        parts.find(|part| part.ends_with("containers"))?;
        parts.find_map(id)
    })
}

fn id(part: &str) -> Option<String> {
    let hex = part.bytes().all(|digit| digit.is_ascii_hexdigit());
    (part.len() == 64 && hex).then(|| part.to_owned())
}
