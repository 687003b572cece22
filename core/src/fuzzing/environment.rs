//! Environment variables, which anybody may have set.

use super::pairs;
use crate::Config;
use crate::config::env::Env;
use opentelemetry_proto::tonic::trace::v1::ResourceSpans;
use prost::Message;

/// Options that name files of this machine: what is in them is no matter of the environment.
const FILES: [&str; 4] = ["CERTIFICATE", "CLIENT_KEY", "CONFIG_FILE", "FILE_PATH"];

/// A `NAME=VALUE` each line. Nothing that they say is an error, and whatever is wrong with them is
/// told in lines that a person can read.
pub fn environment(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let variables: Vec<(&str, &str)> = pairs(&text, '=')
        .filter(|(name, _)| !FILES.iter().any(|option| name.contains(option)))
        .collect();
    let config = Config::new().load(Env::of(&variables));
    for warning in config.take_warnings() {
        assert!(!warning.chars().any(char::is_control), "{warning:?}");
    }
    assert_eq!(config.check(), Ok(()));
    let pipelines = config.build_pipelines();
    assert!(pipelines.is_ok(), "{pipelines:?}");
    let records = config.build_records();
    assert!(records.is_ok(), "{records:?}");
    assert!(ResourceSpans::decode(&*config.encoded_resource().here()).is_ok());
    let batch = config.batch_in_force();
    assert!(batch.max_export_batch_size > 0);
    // What code says still wins.
    assert!(config.sample_ratio(0.5).console().check().is_ok());
}
