//! A request with its spans, log records and metrics, sent by OTLP to where the environment says:
//!
//!     OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318 cargo run -p libtracer --example signals
//!
//! `OTEL_EXPORTER_OTLP_PROTOCOL` chooses `http/protobuf`, `http/json` or `grpc`. With the argument
//! `console` all three are printed instead. Prints the trace id, so that it can be looked for.

use libtracer::{Config, Severity, Status, TracerProvider, Value};
use opentelemetry::KeyValue;
use opentelemetry::metrics::MeterProvider;
use std::error::Error;
use std::io::Write;
use std::time::Duration;

fn main() -> Result<(), Box<dyn Error>> {
    let to = match std::env::args().nth(1).as_deref() {
        Some("console") => "console",
        _ => "otlp",
    };
    let config = Config::from_env()
        .service_name("shop")
        .exporters(to)
        .logs_exporters(to)
        .metrics_exporters(to)
        .self_metrics(true);
    let provider = TracerProvider::new(&config)?;
    let (tracer, logger) = (provider.tracer("checkout"), provider.logger("checkout"));
    let meter = provider.meter_provider().meter("checkout");
    let orders = meter
        .u64_counter("shop.orders")
        .with_unit("{order}")
        .build();
    let duration = meter.f64_histogram("shop.duration").with_unit("s").build();

    let order = tracer.start("order").enter();
    order.set("items", 3);
    logger
        .record(Severity::Info, "order received")
        .event_name("shop.order")
        .attribute("customer", "ada")
        .attribute("items", Value::Array(&["book".into(), 2.into()]))
        .emit();
    {
        let payment = tracer.start("payment").enter();
        payment.set_status(Status::Error("declined"));
        logger.record(Severity::Error, "card declined").emit();
    }
    orders.add(1, &[KeyValue::new("paid", false)]);
    duration.record(0.125, &[]);
    let trace = order.context().trace_id;
    drop(order);

    provider.shutdown(Duration::from_secs(10))?;
    let (spans, logs) = (provider.stats().remove(0), provider.log_stats().remove(0));
    writeln!(
        std::io::stdout(),
        "trace {trace}: {} spans, {} log records",
        spans.exported,
        logs.exported
    )?;
    if spans.dropped() + logs.dropped() > 0 {
        return Err(format!("lost: {} {}", spans.last_error, logs.last_error).into());
    }
    Ok(())
}
