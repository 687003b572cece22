//! `OTEL_PROPAGATORS` and its setters: in which formats contexts travel.

use super::Config;
use super::env::Env;
use crate::error::ConfigError;
use crate::propagate::{
    B3, BaggagePropagator, CompositePropagator, Jaeger, Propagator, TraceContext,
};
use std::sync::Arc;

const VARIABLE: &str = "OTEL_PROPAGATORS";
const DEFAULT: &str = "tracecontext,baggage";
const NAMES: &str = "use tracecontext, baggage, b3, b3multi, jaeger or none";
const ELSEWHERE: &str = "it is not part of this library: set a Propagator in code, or \
                         use tracecontext, baggage, b3, b3multi, jaeger or none";

impl Config {
    /// The formats that contexts travel in, while this is the configuration of the default provider:
    /// a comma list of `tracecontext`, `baggage`, `b3`, `b3multi`, `jaeger`; or `none`.
    ///
    /// `tracecontext,baggage` unless said here or in `OTEL_PROPAGATORS`. A disabled SDK still
    /// propagates.
    pub fn propagators(mut self, names: impl AsRef<str>) -> Self {
        let mut error = None;
        let parsed = parse(names.as_ref(), |name, cure| {
            error = Some(ConfigError::value(
                "propagator",
                name,
                "is not usable",
                cure,
            ));
        });
        if let Some(error) = error {
            self.refuse(error);
        }
        self.propagator = Some(Arc::new(parsed));
        self
    }

    /// As [`Config::propagators`], with a propagator that is already made.
    pub fn propagator(mut self, propagator: Arc<dyn Propagator>) -> Self {
        self.propagator = Some(propagator);
        self
    }

    /// One more propagator, behind those that are chosen here, in the environment or by default; what it
    /// reads wins.
    pub fn add_propagator(mut self, propagator: Arc<dyn Propagator>) -> Self {
        self.more_propagators.push(propagator);
        self
    }

    pub(crate) fn propagator_in_force(&self) -> Arc<dyn Propagator> {
        let chosen = self.propagator.as_ref();
        let chosen = match chosen.or(self.env.propagator.as_ref()) {
            Some(propagator) => Arc::clone(propagator),
            None => Arc::new(parse(DEFAULT, |_, _| {})),
        };
        if self.more_propagators.is_empty() {
            return chosen;
        }
        let more = self.more_propagators.iter().cloned();
        let all = std::iter::once(chosen).chain(more);
        Arc::new(CompositePropagator::new(all.collect()))
    }
}

/// The propagators that the environment names; a list without a usable name counts as not given.
pub(super) fn from_env(env: &mut Env) -> Option<Arc<dyn Propagator>> {
    let list = env.text(VARIABLE)?;
    let mut refused = false;
    let parsed = parse(&list, |name, cure| {
        refused = true;
        env.warn_value(VARIABLE, name, cure);
    });
    let empty = parsed.fields().is_empty();
    (!(empty && refused)).then(|| Arc::new(parsed) as _)
}

/// The propagators of a comma list, each once; calls `refuse` for names that are not usable.
fn parse(list: &str, refuse: impl FnMut(&str, &str)) -> CompositePropagator {
    CompositePropagator::new(parse_all(list, refuse))
}

pub(super) fn parse_all(
    list: &str,
    mut refuse: impl FnMut(&str, &str),
) -> Vec<Arc<dyn Propagator>> {
    let names: Vec<String> = list
        .split(',')
        .map(|name| name.trim().to_ascii_lowercase())
        .filter(|name| !name.is_empty())
        .collect();
    let mut propagators: Vec<Arc<dyn Propagator>> = Vec::new();
    for (place, name) in names.iter().enumerate() {
        if names.iter().take(place).any(|known| known == name) {
            continue;
        }
        match name.as_str() {
            "tracecontext" => propagators.push(Arc::new(TraceContext)),
            "baggage" => propagators.push(Arc::new(BaggagePropagator)),
            "b3" => propagators.push(Arc::new(B3::single())),
            "b3multi" => propagators.push(Arc::new(B3::multi())),
            "jaeger" => propagators.push(Arc::new(Jaeger)),
            "none" if names.iter().all(|name| name == "none") => {}
            "none" => refuse(name, "use none alone, or leave it out"),
            "xray" | "ottrace" => refuse(name, ELSEWHERE),
            _ => refuse(name, NAMES),
        }
    }
    propagators
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(config: &Config) -> Vec<String> {
        let propagator = config.propagator_in_force();
        propagator.fields().into_iter().map(String::from).collect()
    }

    const W3C: [&str; 3] = ["traceparent", "tracestate", "baggage"];

    #[test]
    fn conf_103_propagators_come_from_the_environment_each_once() {
        for (list, expected, warnings) in [
            ("", &W3C[..], 0),
            ("tracecontext,baggage", &W3C, 0),
            (" Baggage , BAGGAGE", &W3C[2..], 0),
            ("b3,b3", &["b3"], 0),
            (
                "jaeger,b3multi",
                &[
                    "uber-trace-id",
                    "x-b3-traceid",
                    "x-b3-spanid",
                    "x-b3-sampled",
                    "x-b3-flags",
                ],
                0,
            ),
            ("none", &[], 0),
            ("none,b3", &["b3"], 1),
            ("xray,b3,ottrace", &["b3"], 2),
            ("w3c", &W3C, 1),
            (",", &[], 0),
        ] {
            let config = Config::new().load(Env::of(&[(VARIABLE, list)]));
            assert_eq!(fields(&config), expected, "{list}");
            let said = config.take_warnings();
            assert_eq!(said.len(), warnings, "{said:?}");
            assert!(
                said.iter()
                    .all(|text| text.starts_with("OTEL_PROPAGATORS=\""))
            );
        }
    }

    #[test]
    fn conf_103_code_wins_and_its_unknown_names_are_refused() {
        let env = || Env::of(&[(VARIABLE, "jaeger")]);
        assert_eq!(fields(&Config::new()), W3C);
        let config = Config::new().propagators("b3").load(env());
        assert_eq!(fields(&config), ["b3"]);
        let config = Config::new().load(env()).propagators("none");
        assert!(fields(&config).is_empty() && config.check().is_ok());
        let config = Config::new().load(env()).propagator(Arc::new(TraceContext));
        assert_eq!(fields(&config), W3C[..2]);
        let config = config.add_propagator(Arc::new(B3::single()));
        assert_eq!(fields(&config), ["traceparent", "tracestate", "b3"]);
        assert_eq!(fields(&config.propagators("none")), ["b3"]);
        for (names, part) in [
            ("b3,x-ray", "propagator \"x-ray\" is not usable"),
            ("xray", "set a Propagator"),
            ("none,b3", "use none alone"),
        ] {
            let error = Config::new().propagators(names).check().unwrap_err();
            assert!(error.to_string().contains(part), "{error}");
        }
    }
}
