//! Destinations with a limit on sizes: batches are split, a single span is cut.

use super::*;
use crate::export::{Accepted, ExportError, ExportFuture, Exporter, samples};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use std::sync::Mutex;

/// Takes requests of at most so many bytes.
#[derive(Clone)]
struct Narrow {
    most: Arc<std::sync::atomic::AtomicUsize>,
    names_limit: bool,
    taken: Arc<Mutex<Vec<Span>>>,
    sizes: Arc<Mutex<Vec<usize>>>,
}

impl Narrow {
    fn new(most: usize) -> Self {
        Self {
            most: Arc::new(most.into()),
            names_limit: false,
            taken: Arc::default(),
            sizes: Arc::default(),
        }
    }

    fn widen(&self, most: usize) {
        self.most.store(most, std::sync::atomic::Ordering::Relaxed);
    }

    fn start(&self) -> Rig {
        let narrow = self.clone();
        Rig::start(Destination::default(), |settings| {
            settings.factory = Arc::new(move || Ok(Box::new(narrow.clone())));
        })
    }

    /// The sizes of requests since the last call.
    fn sizes(&self) -> Vec<usize> {
        std::mem::take(&mut *self.sizes.lock().unwrap())
    }
}

impl Exporter for Narrow {
    fn export<'a>(&'a mut self, batch: &'a Batch) -> ExportFuture<'a> {
        let request = batch.to_otlp();
        self.sizes.lock().unwrap().push(request.len());
        let most = self.most.load(std::sync::atomic::Ordering::Relaxed);
        let answer = if request.len() > most {
            Err(ExportError::TooLarge {
                message: "413".into(),
                limit: self.names_limit.then_some(most),
            })
        } else {
            let request = ExportTraceServiceRequest::decode(&*request).unwrap();
            let scopes = request
                .resource_spans
                .into_iter()
                .flat_map(|r| r.scope_spans);
            self.taken
                .lock()
                .unwrap()
                .extend(scopes.flat_map(|s| s.spans));
            Ok(Accepted::default())
        };
        Box::pin(async { answer })
    }
}

fn span_of(name: &str, bytes: usize) -> Span {
    Span {
        name: name.into(),
        attributes: vec![samples::text("text", &"x".repeat(bytes))],
        ..Span::default()
    }
}

fn offer(rig: &Rig, spans: &[Span]) {
    rig.pipeline
        .offer(&samples::run(samples::scope("s", ""), spans));
    rig.pipeline.tick();
}

/// Whether the span says that its text was cut.
fn is_marked(span: &Span) -> bool {
    span.attributes
        .iter()
        .any(|a| a.key == crate::pipeline::shrink::MARK)
}

#[test]
fn spans_of_all_sizes_reach_a_narrow_destination_the_largest_ones_cut() {
    virtually(|| async {
        let narrow = Narrow::new(100_000);
        let rig = narrow.start();
        let sizes = [
            1,
            20 << 20,
            10,
            90_000,
            1000,
            200_000,
            99_000,
            5,
            3 << 20,
            50_000,
        ];
        let spans: Vec<_> = sizes
            .iter()
            .map(|size| span_of(&size.to_string(), *size))
            .collect();
        offer(&rig, &spans);
        rig.until_left(10).await;
        let expected = Exits {
            exported: 10,
            ..Exits::default()
        };
        assert_eq!(rig.counters.exits(), expected);
        let taken = narrow.taken.lock().unwrap().clone();
        for (span, size) in taken.iter().zip(sizes) {
            assert_eq!(span.name, size.to_string(), "order is kept");
            assert_eq!(is_marked(span), size >= 99_990, "{size}");
            if is_marked(span) {
                assert!(
                    span.encoded_len() > 45_000,
                    "{size}: {}",
                    span.encoded_len()
                );
            } else {
                assert_eq!(span, &span_of(&size.to_string(), size));
            }
        }
        assert_eq!(rig.counters.last_error(), "413");
    });
}

#[test]
fn what_is_known_to_be_too_large_is_cut_before_it_is_sent_until_the_limit_is_gone() {
    virtually(|| async {
        let narrow = Narrow::new(100_000);
        let rig = narrow.start();
        offer(&rig, &[span_of("first", 1 << 20)]);
        rig.until_left(1).await;
        assert!(narrow.sizes().len() > 2);
        offer(&rig, &[span_of("second", 1 << 20)]);
        rig.until_left(2).await;
        assert_eq!(narrow.sizes().len(), 1, "it was known");

        narrow.widen(usize::MAX);
        for round in 3..40 {
            tokio::time::sleep(SECOND * 300).await;
            offer(&rig, &[span_of("later", 1 << 20)]);
            rig.until_left(round).await;
        }
        let taken = narrow.taken.lock().unwrap().clone();
        assert!(
            !is_marked(taken.last().unwrap()),
            "it takes more, and gets it"
        );
    });
}

#[test]
fn a_named_limit_is_met_with_the_second_request() {
    virtually(|| async {
        let narrow = Narrow {
            names_limit: true,
            ..Narrow::new(300_000)
        };
        let rig = narrow.start();
        offer(&rig, &[span_of("large", 1 << 20)]);
        rig.until_left(1).await;
        let sizes = narrow.sizes();
        assert_eq!(sizes.len(), 2, "{sizes:?}");
        assert!((299_000..=300_000).contains(&sizes[1]), "{sizes:?}");
    });
}

#[test]
fn a_span_above_sixteen_mebibytes_is_cut_without_being_asked() {
    virtually(|| async {
        let wide = Narrow::new(usize::MAX);
        let rig = wide.start();
        offer(&rig, &[span_of("large", (16 << 20) - 100)]);
        rig.until_left(1).await;
        offer(&rig, &[span_of("huge", 17 << 20), span_of("small", 1)]);
        rig.until_left(3).await;
        let sizes = wide.sizes();
        assert_eq!(sizes.len(), 3, "{sizes:?}");
        assert!(
            (16 << 20..(16 << 20) + 200).contains(&sizes[1]),
            "{sizes:?}"
        );
        let taken = wide.taken.lock().unwrap().clone();
        assert!(!is_marked(&taken[0]) && is_marked(&taken[1]));
    });
}

#[test]
fn conf_078_what_no_cut_makes_small_enough_is_refused_and_counted() {
    virtually(|| async {
        let narrow = Narrow::new(1000);
        let rig = narrow.start();
        let name = "n".repeat(5000);
        offer(
            &rig,
            &[span_of("a", 10), span_of(&name, 2000), span_of("b", 10)],
        );
        rig.until_left(3).await;
        let expected = Exits {
            exported: 2,
            failed: 1,
            ..Exits::default()
        };
        assert_eq!(rig.counters.exits(), expected);
        let taken = narrow.taken.lock().unwrap().clone();
        assert_eq!(taken, [span_of("a", 10), span_of("b", 10)]);
        let requests = narrow.sizes().len();
        assert!(requests < 12, "{requests}");
    });
}
