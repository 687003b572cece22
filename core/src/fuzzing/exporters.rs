//! Encoded spans, as they are read back and written in other formats.

use crate::FinishedSpan;
use crate::export::{Batch, Run, Signal, jaeger, zipkin};
use crate::scope::{Scope, ScopeParts, ScopeTable};
use opentelemetry_proto::tonic::trace::v1::ScopeSpans;
use prost::Message;
use serde_json::Value;
use std::sync::OnceLock;
use thrift::protocol::{TBinaryInputProtocol, TInputProtocol, TType};

/// The `ScopeSpans` of a batch: whatever is OTLP is valid in each format.
pub fn exporters(data: &[u8]) {
    let _ = FinishedSpan::decode(data);
    let Ok(decoded) = ScopeSpans::decode(data) else {
        return;
    };
    if decoded.spans.is_empty() {
        return;
    }
    let only_spans = ScopeSpans {
        spans: decoded.spans,
        ..ScopeSpans::default()
    };
    let batch = Batch {
        resource: Vec::new().into(),
        runs: vec![Run {
            scope: scope(),
            spans: only_spans.encode_to_vec().into(),
            count: only_spans.spans.len(),
            refused: 0,
        }],
        signal: Signal::Traces,
    };
    assert_eq!(batch.to_spans().len(), only_spans.spans.len());
    json(&batch.to_otlp_json());
    if let Ok(Some(body)) = zipkin::body(&batch) {
        json(&body);
        assert!(!body.windows(13).any(|bytes| bytes == b"yAnnotations\""));
    }
    let body = jaeger::body(&batch);
    assert!(body.is_ok(), "{body:?}");
    if let Ok(Some(body)) = body {
        let mut rest = &*body;
        let mut input = TBinaryInputProtocol::new(&mut rest, true);
        assert!(input.skip(TType::Struct).is_ok());
        assert!(rest.is_empty());
    }
}

fn json(text: &[u8]) {
    if let Err(error) = serde_json::from_slice::<Value>(text) {
        // The reader's own limit, not the format's.
        let error = error.to_string();
        assert!(error.contains("recursion limit"), "{error}");
    }
}

fn scope() -> &'static Scope {
    static SCOPES: OnceLock<ScopeTable> = OnceLock::new();
    let scopes = SCOPES.get_or_init(ScopeTable::default);
    scopes.get(&ScopeParts::default(), 0, None)
}
