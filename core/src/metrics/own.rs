//! Metrics of this library itself (semantic conventions, "OpenTelemetry SDK metrics"), read from the
//! account when they are collected: recording does nothing for them.

use crate::config::PipelineConfig;
use crate::logs::LogStats;
use crate::provider::Provider;
use crate::stats::Stats;
use opentelemetry::metrics::{AsyncInstrument, Meter, MeterProvider};
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_sdk::metrics::SdkMeterProvider;

type Account = &'static Provider;

/// Makes the instruments; they live as long as the provider.
pub(super) fn observe(sdk: &SdkMeterProvider, account: Account) {
    let scope = InstrumentationScope::builder("libtracer").with_version(env!("CARGO_PKG_VERSION"));
    let meter = sdk.meter_with_scope(scope.build());
    observe_spans(&meter, account);
    observe_pipelines(&meter, &SPANS, move || flows_of_spans(account));
    observe_pipelines(&meter, &LOGS, move || flows_of_logs(account));
    counter(&meter, "otel.sdk.log.created", LOGS.unit, move |it| {
        let emitted = account.log_stats().first().map_or(0, |stats| stats.emitted);
        it.observe(emitted, &[]);
    });
}

fn counter(
    meter: &Meter,
    name: &'static str,
    unit: &'static str,
    read: impl Fn(&dyn AsyncInstrument<u64>) + Send + Sync + 'static,
) {
    let builder = meter.u64_observable_counter(name).with_unit(unit);
    builder.with_callback(read).build();
}

fn level(
    meter: &Meter,
    name: &'static str,
    unit: &'static str,
    read: impl Fn(&dyn AsyncInstrument<i64>) + Send + Sync + 'static,
) {
    let builder = meter.i64_observable_up_down_counter(name).with_unit(unit);
    builder.with_callback(read).build();
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn observe_spans(meter: &Meter, account: Account) {
    let result = |result: &'static str| [KeyValue::new("otel.span.sampling_result", result)];
    let first = move || account.stats().into_iter().next().unwrap_or_default();
    counter(meter, "otel.sdk.span.started", SPANS.unit, move |it| {
        let stats = first();
        it.observe(stats.started, &result("RECORD_AND_SAMPLE"));
        it.observe(stats.record_only, &result("RECORD_ONLY"));
        it.observe(stats.unsampled, &result("DROP"));
    });
    level(meter, "otel.sdk.span.live", SPANS.unit, move |it| {
        it.observe(signed(first().open), &result("RECORD_AND_SAMPLE"));
    });
}

/// The names of one signal.
struct Names {
    unit: &'static str,
    queue_size: &'static str,
    queue_capacity: &'static str,
    processed: &'static str,
    exported: &'static str,
    inflight: &'static str,
}

const SPANS: Names = Names {
    unit: "{span}",
    queue_size: "otel.sdk.processor.span.queue.size",
    queue_capacity: "otel.sdk.processor.span.queue.capacity",
    processed: "otel.sdk.processor.span.processed",
    exported: "otel.sdk.exporter.span.exported",
    inflight: "otel.sdk.exporter.span.inflight",
};

const LOGS: Names = Names {
    unit: "{log_record}",
    queue_size: "otel.sdk.processor.log.queue.size",
    queue_capacity: "otel.sdk.processor.log.queue.capacity",
    processed: "otel.sdk.processor.log.processed",
    exported: "otel.sdk.exporter.log.exported",
    inflight: "otel.sdk.exporter.log.inflight",
};

/// A pipeline as the semantic conventions see it: a processor and an exporter.
struct Facts {
    processor_type: String,
    processor_name: String,
    exporter_type: String,
    exporter_name: String,
    max_queue_size: Option<usize>,
}

impl Facts {
    /// Of the pipelines that the worker serves, in their order; `kind` is `span` or `log`.
    fn of(pipelines: &[PipelineConfig], kind: &str) -> Vec<Self> {
        let exporters = pipelines.iter().filter(|pipeline| pipeline.is_exporter());
        let mut facts: Vec<Self> = Vec::new();
        for pipeline in exporters {
            let way = match pipeline.batch.max_export_batch_size {
                0 | 1 => "simple",
                _ => "batching",
            };
            let processor_type = format!("{way}_{kind}_processor");
            let exporter_type = pipeline.component.clone();
            let alike = |of: fn(&Self) -> &String, name: &String| {
                facts.iter().filter(|known| of(known) == name).count()
            };
            let place = alike(|known| &known.processor_type, &processor_type);
            let exporter_place = alike(|known| &known.exporter_type, &exporter_type);
            facts.push(Self {
                processor_name: format!("{processor_type}/{place}"),
                processor_type,
                exporter_name: format!("{exporter_type}/{exporter_place}"),
                exporter_type,
                max_queue_size: pipeline.batch.max_queue_size,
            });
        }
        facts
    }

    fn processor(&self, error: Option<&'static str>) -> Vec<KeyValue> {
        component(&self.processor_type, &self.processor_name, error)
    }

    fn exporter(&self, error: Option<&'static str>) -> Vec<KeyValue> {
        component(&self.exporter_type, &self.exporter_name, error)
    }
}

/// What went through one pipeline, whatever it carries.
struct Flow {
    facts: Facts,
    /// With a batch that is being exported.
    queued: u64,
    in_flight: u64,
    exported: u64,
    rejected: u64,
    failed: u64,
    full: u64,
    shut_down: u64,
}

fn flows_of_spans(account: Account) -> Vec<Flow> {
    let facts = Facts::of(account.pipelines.get(), "span");
    let in_flight = account.state().in_flight();
    let parts = facts.into_iter().zip(account.stats()).zip(in_flight);
    let flow = |((facts, stats), in_flight): ((_, Stats), _)| Flow {
        facts,
        queued: stats.queued,
        in_flight,
        exported: stats.exported,
        rejected: stats.dropped_rejected,
        failed: stats.dropped_export_failed,
        full: stats.dropped_queue_full + stats.dropped_open_limit,
        shut_down: stats.dropped_shutdown,
    };
    parts.map(flow).collect()
}

fn flows_of_logs(account: Account) -> Vec<Flow> {
    let facts = Facts::of(account.records.pipelines.get(), "log");
    let in_flight = account.state().logs_in_flight();
    let parts = facts.into_iter().zip(account.log_stats()).zip(in_flight);
    let flow = |((facts, stats), in_flight): ((_, LogStats), _)| Flow {
        facts,
        queued: stats.queued,
        in_flight,
        exported: stats.exported,
        rejected: stats.dropped_rejected,
        failed: stats.dropped_export_failed,
        full: stats.dropped_queue_full,
        shut_down: stats.dropped_shutdown,
    };
    parts.map(flow).collect()
}

/// The attributes of a component, and the cause of a failure if it is about one.
fn component(kind: &str, name: &str, error: Option<&'static str>) -> Vec<KeyValue> {
    let mut attributes = vec![
        KeyValue::new("otel.component.type", kind.to_owned()),
        KeyValue::new("otel.component.name", name.to_owned()),
    ];
    attributes.extend(error.map(|cause| KeyValue::new("error.type", cause)));
    attributes
}

fn observe_pipelines(
    meter: &Meter,
    names: &'static Names,
    flows: impl Fn() -> Vec<Flow> + Copy + Send + Sync + 'static,
) {
    level(meter, names.queue_size, names.unit, move |it| {
        for flow in flows() {
            let waiting = flow.queued.saturating_sub(flow.in_flight);
            it.observe(signed(waiting), &flow.facts.processor(None));
        }
    });
    level(meter, names.queue_capacity, names.unit, move |it| {
        for flow in flows() {
            // Usually bytes bound a queue, not a number.
            if let Some(most) = flow.facts.max_queue_size {
                it.observe(signed(most as u64), &flow.facts.processor(None));
            }
        }
    });
    counter(meter, names.processed, names.unit, move |it| {
        for flow in flows() {
            let handed_over = flow.exported + flow.rejected + flow.failed + flow.in_flight;
            it.observe(handed_over, &flow.facts.processor(None));
            it.observe(flow.full, &flow.facts.processor(Some("queue_full")));
            let late = flow.facts.processor(Some("already_shutdown"));
            it.observe(flow.shut_down, &late);
        }
    });
    counter(meter, names.exported, names.unit, move |it| {
        for flow in flows() {
            it.observe(flow.exported, &flow.facts.exporter(None));
            it.observe(flow.rejected, &flow.facts.exporter(Some("rejected")));
            it.observe(flow.failed, &flow.facts.exporter(Some("_OTHER")));
        }
    });
    level(meter, names.inflight, names.unit, move |it| {
        for flow in flows() {
            it.observe(signed(flow.in_flight), &flow.facts.exporter(None));
        }
    });
}
