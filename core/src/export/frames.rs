//! A batch as one OTLP `ExportTraceServiceRequest`, without copying a span.
//!
//! The request is a list of frames: small heads written here (tags and lengths, which must be known
//! before what they enclose) and the runs' own bytes, shared. A scope has one `ScopeSpans`, and what
//! is empty is left out.

use super::Batch;
use crate::scope::Scope;
use bytes::{Bytes, BytesMut};
use prost::encoding::{WireType, encode_key, encode_varint, encoded_len_varint};

/// `ExportTraceServiceRequest.resource_spans`.
const RESOURCE_SPANS: u32 = 1;
/// `ResourceSpans.scope_spans`.
const SCOPE_SPANS: u32 = 2;

/// All runs of one scope.
struct Group<'a> {
    scope: &'static Scope,
    spans: Vec<&'a Bytes>,
    len: usize,
}

impl Batch {
    /// The request in pieces that follow each other, and their total length; nothing if no span is
    /// in the batch.
    pub(crate) fn otlp_frames(&self) -> (Vec<Bytes>, usize) {
        let groups = self.groups();
        if groups.is_empty() {
            return (Vec::new(), 0);
        }
        let scopes: usize = groups.iter().map(|group| field_len(group.len)).sum();
        let body = self.resource.len() + scopes;
        let pieces: usize = groups.iter().map(|group| 1 + group.spans.len()).sum();

        let mut frames = Vec::with_capacity(pieces);
        let mut heads = BytesMut::with_capacity(2 * MAX_HEAD + self.resource.len());
        put_head(&mut heads, RESOURCE_SPANS, body);
        heads.extend_from_slice(&self.resource);
        for group in groups {
            put_head(&mut heads, SCOPE_SPANS, group.len);
            heads.extend_from_slice(&group.scope.header);
            frames.push(heads.split().freeze());
            frames.extend(group.spans.into_iter().cloned());
        }
        (frames, field_len(body))
    }

    /// The batch as one OTLP `ExportTraceServiceRequest`; empty if it has no span.
    #[must_use]
    pub fn to_otlp(&self) -> Vec<u8> {
        let (frames, len) = self.otlp_frames();
        let mut request = Vec::with_capacity(len);
        for frame in frames {
            request.extend_from_slice(&frame);
        }
        request
    }

    fn groups(&self) -> Vec<Group<'_>> {
        let mut groups: Vec<Group<'_>> = Vec::new();
        for run in self.runs.iter().filter(|run| !run.spans.is_empty()) {
            let known = groups
                .iter_mut()
                .find(|group| std::ptr::eq(group.scope, run.scope));
            if let Some(group) = known {
                group.len += run.spans.len();
                group.spans.push(&run.spans);
            } else {
                let len = run.scope.header.len() + run.spans.len();
                groups.push(Group {
                    scope: run.scope,
                    spans: vec![&run.spans],
                    len,
                });
            }
        }
        groups
    }
}

/// The most bytes of a tag below 16 and a length.
const MAX_HEAD: usize = 11;

fn put_head(out: &mut BytesMut, field: u32, len: usize) {
    encode_key(field, WireType::LengthDelimited, out);
    encode_varint(len as u64, out);
}

fn field_len(payload: usize) -> usize {
    1 + encoded_len_varint(payload as u64) + payload
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::{Run, samples};
    use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
    use prost::Message;

    #[test]
    fn frames_are_what_prost_encodes() {
        let (batch, reference) = samples::batch();
        assert_eq!(batch.to_otlp(), reference.encode_to_vec());
    }

    #[test]
    fn spans_are_shared_not_copied() {
        let (batch, _) = samples::batch();
        let (frames, len) = batch.otlp_frames();
        assert_eq!(frames.iter().map(Bytes::len).sum::<usize>(), len);
        for run in &batch.runs {
            assert!(
                frames
                    .iter()
                    .any(|frame| frame.as_ptr() == run.spans.as_ptr())
            );
        }
    }

    #[test]
    fn runs_of_a_scope_share_one_envelope_wherever_they_stand() {
        let (mut batch, _) = samples::batch();
        let first = batch.runs[0].clone();
        batch.runs.push(first.clone());
        let request = ExportTraceServiceRequest::decode(&batch.to_otlp()[..]).unwrap();
        let scopes = &request.resource_spans[0].scope_spans;
        assert_eq!(scopes.len(), 2);
        assert_eq!(scopes[0].spans.len(), 2 * first.count);
    }

    #[test]
    fn nothing_empty_is_enclosed() {
        let (mut batch, _) = samples::batch();
        let empty = Run {
            spans: Bytes::new(),
            count: 0,
            ..batch.runs[0].clone()
        };
        batch.runs = vec![empty.clone()];
        assert_eq!(batch.otlp_frames(), (Vec::new(), 0));
        assert_eq!(batch.to_otlp(), Vec::<u8>::new());

        let (mut batch, reference) = samples::batch();
        batch.runs.insert(
            0,
            Run {
                scope: samples::scope("unused", ""),
                ..empty
            },
        );
        assert_eq!(batch.to_otlp(), reference.encode_to_vec());
    }
}
