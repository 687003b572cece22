//! What detectors find, from texts given and in this very process.

use super::*;
use crate::finished::OwnedValue;
use crate::resource::EncodedResource;
use opentelemetry_proto::tonic::trace::v1::ResourceSpans;
use prost::Message;
use std::collections::BTreeMap;

const ID: &str = "7be92808767a667f35c8505cbf40d14e931ef6db5b0210329cf193b15ba9d605";

fn found(detector: Detector) -> BTreeMap<String, OwnedValue> {
    detector.detect("rust").attributes.into_iter().collect()
}

fn text<'a>(found: &'a BTreeMap<String, OwnedValue>, key: &str) -> &'a str {
    match &found[key] {
        OwnedValue::String(text) => text,
        other => panic!("{key}: {other:?}"),
    }
}

#[test]
fn a_forked_child_asks_detectors_with_nothing_locked() {
    use crate::config::Config;
    use crate::provider::Provider;
    use crate::runtime::runtime;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::{Duration, Instant};

    let free = Arc::new(AtomicBool::new(false));
    let seen = free.clone();
    let mut detectors = Detectors::default();
    detectors.add(Detector::Process);
    detectors.keep = Some(Arc::new(move |_| {
        // Other tests' threads hold it for moments.
        let soon = Instant::now() + Duration::from_secs(5);
        let is_free = || runtime().providers.try_lock().is_ok();
        while !seen.load(Ordering::Relaxed) && Instant::now() < soon {
            seen.store(is_free(), Ordering::Relaxed);
            std::thread::yield_now();
        }
        true
    }));
    let resource = EncodedResource::new("rust", &detectors, Resource::default());
    free.store(false, Ordering::Relaxed);
    let mut provider = Provider::new(&Config::new().disabled(true)).unwrap();
    provider.resource = resource.of_parent();
    provider.leak().state();
    assert!(
        free.load(Ordering::Relaxed),
        "the list of providers is locked"
    );
}

#[test]
fn conf_093_the_process_detector_knows_this_process() {
    let process = found(Detector::Process);
    let pid = i64::from(std::process::id());
    assert_eq!(process["process.pid"], OwnedValue::Int(pid));
    let path = std::env::current_exe().unwrap();
    assert_eq!(
        text(&process, "process.executable.path"),
        path.to_str().unwrap()
    );
    assert!(text(&process, "process.executable.name").starts_with("libtracer-"));
    assert_eq!(text(&process, "process.runtime.name"), "rustc");
    assert!(!process.keys().any(|key| key.contains("command")));
    let of_c = Detector::Process.detect("cpp");
    assert!(
        !of_c
            .attributes
            .iter()
            .any(|(key, _)| key.contains("runtime"))
    );
    let command = found(Detector::ProcessCommand);
    let OwnedValue::Array(args) = &command["process.command_args"] else {
        panic!("{command:?}");
    };
    assert_eq!(args.len(), std::env::args().count());
    assert_eq!(args[0], command["process.command"]);
}

#[test]
fn conf_093_the_host_detector_knows_this_host() {
    let host = found(Detector::Host);
    assert!(["amd64", "arm64"].contains(&text(&host, "host.arch")));
    #[cfg(target_os = "linux")]
    {
        let uname = std::process::Command::new("uname")
            .arg("-n")
            .output()
            .unwrap();
        let name = String::from_utf8(uname.stdout).unwrap();
        assert_eq!(text(&host, "host.name"), name.trim());
        assert_eq!(text(&host, "os.type"), "linux");
    }
    let release = "NAME=\"Debian GNU/Linux\"\nVERSION_ID='12'\nID=debian\nPRETTY_NAME=\"\"\n";
    let of = |key| host::of_release(release, key);
    assert_eq!(of("NAME").as_deref(), Some("Debian GNU/Linux"));
    assert_eq!(of("VERSION_ID").as_deref(), Some("12"));
    assert_eq!((of("PRETTY_NAME"), of("VERSION")), (None, None));
}

#[test]
fn conf_093_the_container_detector_reads_groups_and_mounts() {
    for line in [
        format!("13:name=systemd:/docker/{ID}"),
        format!("1:cpu:/kubepods/burstable/pod1f1c/{ID}"),
        format!("0::/system.slice/docker-{ID}.scope"),
        format!("9:memory:/kubepods.slice/cri-containerd-{ID}.scope"),
        format!("2:freezer:/a:cri-containerd:{ID}"),
    ] {
        let groups = format!("0::/\n{line}\n");
        assert_eq!(container::of_cgroup(&groups).as_deref(), Some(ID), "{line}");
    }
    for none in [
        "",
        "0::/",
        "1:cpu:/user.slice",
        &format!("0::/{}", &ID[1..]),
    ] {
        assert_eq!(container::of_cgroup(none), None, "{none}");
    }
    let mount = |source: &str, at: &str| format!("615 605 254:1 {source} {at} rw - ext4 x rw\n");
    for source in [
        format!("/docker/containers/{ID}/hostname"),
        format!("/var/lib/containers/storage/overlay-containers/{ID}/userdata/hostname"),
    ] {
        let mounts = mount("/", "/") + &mount(&source, "/etc/hostname");
        assert_eq!(
            container::of_mounts(&mounts).as_deref(),
            Some(ID),
            "{source}"
        );
    }
    for source in [
        "/",
        "/docker/containers/x",
        &format!("/overlay/{ID}/merged"),
    ] {
        assert_eq!(
            container::of_mounts(&mount(source, "/etc")),
            None,
            "{source}"
        );
    }
}

#[test]
fn conf_093_the_service_detector_names_this_instance() {
    let (one, two) = (found(Detector::Service), found(Detector::Service));
    let id = text(&one, "service.instance.id");
    assert_ne!(id, text(&two, "service.instance.id"));
    let parts: Vec<usize> = id.split('-').map(str::len).collect();
    assert_eq!(parts, [8, 4, 4, 4, 12]);
    assert_eq!(
        service::uuid([0xff; 16]),
        "ffffffff-ffff-4fff-bfff-ffffffffffff"
    );
    assert_eq!(
        service::uuid([0; 16]),
        "00000000-0000-4000-8000-000000000000"
    );
}

#[test]
fn conf_093_what_is_detected_has_its_schema_and_gives_way_to_what_is_configured() {
    let mut configured = Resource::default();
    configured.set("host.name", "mine".into());
    let mut detectors = Detectors::default();
    for detector in [Detector::Host, Detector::Process, Detector::Host] {
        detectors.add(detector);
    }
    let encoded = EncodedResource::new("rust", &detectors, configured);
    let head = ResourceSpans::decode(&encoded.here()[..]).unwrap();
    assert_eq!(head.schema_url, SCHEMA_URL);
    let attributes = head.resource.unwrap().attributes;
    let names: Vec<_> = attributes
        .iter()
        .filter(|pair| pair.key == "host.name")
        .collect();
    assert_eq!(names.len(), 1);
    assert!(format!("{names:?}").contains("mine"));
    assert_eq!(encoded.here(), encoded.here());

    let plain = EncodedResource::new("rust", &Detectors::default(), Resource::default());
    let head = ResourceSpans::decode(&plain.here()[..]).unwrap();
    assert_eq!(head.schema_url, "");
    assert_eq!(head.resource.unwrap().attributes.len(), 4);
}

#[test]
fn detectors_have_names() {
    for (name, detector) in [
        ("container", Some(Detector::Container)),
        ("host", Some(Detector::Host)),
        ("process", Some(Detector::Process)),
        ("process_command", Some(Detector::ProcessCommand)),
        ("service", Some(Detector::Service)),
        ("Host", None),
        ("", None),
    ] {
        assert_eq!(Detector::from_name(name), detector, "{name}");
    }
}
