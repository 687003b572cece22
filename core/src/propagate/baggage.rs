//! W3C Baggage: the header `baggage`.
//!
//! `opentelemetry_sdk`'s propagator is not used: it decodes names and metadata, which the format
//! does not encode, leaves `%` in values unencoded, and drops every pair of a header that is too
//! long.

use super::{Extractor, Injector, Propagator};
use crate::baggage::{Baggage, Entry};
use crate::context::Context;
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

const BAGGAGE: &str = "baggage";
/// What W3C Baggage asks to be carried at least; more is left out.
const MAX_MEMBERS: usize = 64;
const MAX_BYTES: usize = 8192;

/// What is no `baggage-octet`, the escape itself, and `=`, at which some readers end the value.
const VALUE: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b',')
    .add(b';')
    .add(b'=')
    .add(b'\\')
    .add(b'%');
/// What would end the member, or the header.
const METADATA: &AsciiSet = &CONTROLS.add(b',');

/// The header `baggage` of W3C Baggage.
///
/// At most 64 pairs and 8,192 bytes are written and read; pairs beyond are left out, as are those
/// whose name is no token of HTTP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BaggagePropagator;

impl Propagator for BaggagePropagator {
    fn inject(&self, context: &Context, carrier: &mut dyn Injector) {
        if context.baggage().is_empty() {
            return;
        }
        let header = context.baggage().to_header();
        if !header.is_empty() {
            carrier.set(BAGGAGE, &header);
        }
    }

    fn extract(&self, context: &Context, carrier: &dyn Extractor) -> Context {
        let mut header = String::new();
        carrier.visit(BAGGAGE, &mut |text| {
            if header.len() <= MAX_BYTES {
                header.push_str(if header.is_empty() { "" } else { "," });
                header.push_str(text);
            }
        });
        let baggage = Baggage::from_header(&header);
        if baggage.is_empty() {
            return context.clone();
        }
        context.with_baggage(baggage)
    }

    fn fields(&self) -> Vec<&str> {
        vec![BAGGAGE]
    }
}

impl Baggage {
    /// The baggage of a W3C `baggage` header; several are one when joined by commas.
    ///
    /// Members that are malformed are left out, as is what lies beyond 64 members and 8,192 bytes.
    /// Never panics; linear in the part of `text` that counts.
    #[must_use]
    pub fn from_header(text: &str) -> Self {
        let mut len = 0;
        let within = |member: &&str| {
            len += member.len() + 1;
            len <= MAX_BYTES + 1
        };
        let members = text.split(',').take_while(within);
        let members = members.filter(|member| !member.trim().is_empty());
        Self::of(members.take(MAX_MEMBERS).filter_map(member))
    }

    /// The W3C `baggage` header; empty if there is nothing that it can carry.
    #[must_use]
    pub fn to_header(&self) -> String {
        let mut header = String::new();
        let mut members = 0;
        for entry in self.entries().iter().filter(|entry| is_token(&entry.name)) {
            let start = header.len();
            if start > 0 {
                header.push(',');
            }
            header.push_str(&entry.name);
            header.push('=');
            header.extend(utf8_percent_encode(&entry.value, VALUE));
            if !entry.metadata.is_empty() {
                header.push(';');
                header.extend(utf8_percent_encode(&entry.metadata, METADATA));
            }
            if header.len() > MAX_BYTES {
                header.truncate(start);
                continue;
            }
            members += 1;
            if members == MAX_MEMBERS {
                break;
            }
        }
        header
    }
}

/// `name=value;property;property`.
fn member(text: &str) -> Option<Entry> {
    let (pair, metadata) = text.split_once(';').unwrap_or((text, ""));
    let (name, value) = pair.split_once('=')?;
    let name = name.trim_matches([' ', '\t']);
    // Escapes that are not UTF-8 become U+FFFD, as the format wants it.
    let value = percent_decode_str(value.trim_matches([' ', '\t'])).decode_utf8_lossy();
    is_token(name).then(|| Entry {
        name: name.into(),
        value: value.as_ref().into(),
        metadata: metadata.trim_matches([' ', '\t']).into(),
    })
}

/// A token of HTTP (RFC 9110, section 5.6.2).
pub(super) fn is_token(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(allowed)
}
