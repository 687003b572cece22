//! Meters whose callbacks may panic: the one that does is left out of that collection, no other.

use super::state::MetricState;
use opentelemetry::InstrumentationScope;
use opentelemetry::metrics::{
    AsyncInstrument, AsyncInstrumentBuilder, Callback, Counter, Gauge, Histogram, HistogramBuilder,
    InstrumentBuilder, InstrumentProvider, Meter, ObservableCounter, ObservableGauge,
    ObservableUpDownCounter, UpDownCounter,
};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// A provider's meters, for code written for the `opentelemetry` API.
///
/// Clones are the same provider; safe from any thread. Callbacks of observable instruments run in the
/// exporter thread, or in the thread that asks for the text, and should be quick: spans wait for
/// them. A panic in one is contained. Flush and shutdown are those of [`crate::TracerProvider`].
#[derive(Clone)]
pub struct MeterProvider {
    state: &'static MetricState,
}

impl MeterProvider {
    pub(super) fn new(state: &'static MetricState) -> Self {
        Self { state }
    }

    /// All metrics as they are now, in the Prometheus text format (version 0.0.4), collected in this
    /// thread; serve it as `text/plain; version=0.0.4`.
    ///
    /// Empty if an exporter is configured and [`crate::Config::prometheus`] was not asked for: each
    /// reader costs every measurement a little.
    #[must_use]
    pub fn prometheus_text(&self) -> String {
        let registry = self.state.registry.as_ref();
        registry.map(super::text::of_registry).unwrap_or_default()
    }
}

impl fmt::Debug for MeterProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MeterProvider").finish_non_exhaustive()
    }
}

impl opentelemetry::metrics::MeterProvider for MeterProvider {
    fn meter_with_scope(&self, scope: InstrumentationScope) -> Meter {
        let meter = self.state.sdk.meter_with_scope(scope);
        Meter::new(Arc::new(Contained(meter)))
    }
}

/// A meter whose callbacks are called as [`contained`].
struct Contained(Meter);

/// The callback with its panics kept in.
fn contained<T: 'static>(callback: Callback<T>) -> Callback<T> {
    Box::new(move |instrument: &dyn AsyncInstrument<T>| {
        let called = catch_unwind(AssertUnwindSafe(|| callback(instrument)));
        // The panic hook has told of it already.
        drop(called);
    })
}

macro_rules! forward {
    ($($name:ident: $builder:ident => $instrument:ty;)*) => {$(
        fn $name(&self, asked: $builder<'_, $instrument>) -> $instrument {
            let mut builder = self.0.$name(asked.name);
            builder.description = asked.description;
            builder.unit = asked.unit;
            builder.build()
        }
    )*};
}

macro_rules! forward_observable {
    ($($name:ident => $instrument:ident<$number:ty>;)*) => {$(
        fn $name(
            &self,
            asked: AsyncInstrumentBuilder<'_, $instrument<$number>, $number>,
        ) -> $instrument<$number> {
            let mut builder = self.0.$name(asked.name);
            builder.description = asked.description;
            builder.unit = asked.unit;
            builder.callbacks = asked.callbacks.into_iter().map(contained).collect();
            builder.build()
        }
    )*};
}

macro_rules! forward_histogram {
    ($($name:ident => $instrument:ty;)*) => {$(
        fn $name(&self, asked: HistogramBuilder<'_, $instrument>) -> $instrument {
            let mut builder = self.0.$name(asked.name);
            builder.description = asked.description;
            builder.unit = asked.unit;
            builder.boundaries = asked.boundaries;
            builder.build()
        }
    )*};
}

impl InstrumentProvider for Contained {
    forward! {
        u64_counter: InstrumentBuilder => Counter<u64>;
        f64_counter: InstrumentBuilder => Counter<f64>;
        i64_up_down_counter: InstrumentBuilder => UpDownCounter<i64>;
        f64_up_down_counter: InstrumentBuilder => UpDownCounter<f64>;
        u64_gauge: InstrumentBuilder => Gauge<u64>;
        i64_gauge: InstrumentBuilder => Gauge<i64>;
        f64_gauge: InstrumentBuilder => Gauge<f64>;
    }
    forward_observable! {
        u64_observable_counter => ObservableCounter<u64>;
        f64_observable_counter => ObservableCounter<f64>;
        i64_observable_up_down_counter => ObservableUpDownCounter<i64>;
        f64_observable_up_down_counter => ObservableUpDownCounter<f64>;
        u64_observable_gauge => ObservableGauge<u64>;
        i64_observable_gauge => ObservableGauge<i64>;
        f64_observable_gauge => ObservableGauge<f64>;
    }
    forward_histogram! {
        u64_histogram => Histogram<u64>;
        f64_histogram => Histogram<f64>;
    }
}
