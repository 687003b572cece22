//! The other side of a call, found among a span's attributes by the specification's ranking.

use super::json::text;
use crate::finished::{FinishedSpan, OwnedValue};
use crate::span::SpanKind;
use std::fmt::{self, Write};
use std::net::IpAddr;

/// Attributes that name the other side, the best first, each with its port's attribute if it is a
/// socket address.
const RANKING: [(&str, Option<&str>); 11] = [
    ("peer.service", None),
    ("server.address", None),
    ("net.peer.name", None),
    ("network.peer.address", Some("network.peer.port")),
    ("server.socket.domain", None),
    ("server.socket.address", Some("server.socket.port")),
    ("net.sock.peer.name", None),
    ("net.sock.peer.addr", Some("net.sock.peer.port")),
    ("peer.hostname", None),
    ("peer.address", None),
    ("db.name", None),
];

/// A Zipkin endpoint.
pub(super) struct Endpoint<'a> {
    service_name: Option<&'a str>,
    address: Option<IpAddr>,
    port: Option<u16>,
}

impl<'a> Endpoint<'a> {
    /// Whom the span calls; only clients and producers call someone.
    pub(super) fn remote(span: &'a FinishedSpan) -> Option<Self> {
        if !matches!(span.kind, SpanKind::Client | SpanKind::Producer) {
            return None;
        }
        RANKING.iter().find_map(|(name, port)| {
            let name = span.attribute(name)?.as_str()?;
            if name.is_empty() {
                return None;
            }
            let address: Option<IpAddr> = port.and_then(|_| name.parse().ok());
            Some(Self {
                service_name: address.is_none().then_some(name),
                address: address.map(|address| address.to_canonical()),
                port: port.and_then(|port| self::port(span.attribute(port)?)),
            })
        })
    }

    pub(super) fn write(&self, out: &mut String) -> fmt::Result {
        let mut before = '{';
        if let Some(name) = self.service_name {
            out.push_str(r#"{"serviceName":"#);
            text(out, name)?;
            before = ',';
        }
        if let Some(address) = self.address {
            let version = if address.is_ipv4() { 4 } else { 6 };
            write!(out, r#"{before}"ipv{version}":"{address}""#)?;
            before = ',';
        }
        if let Some(port) = self.port {
            write!(out, r#"{before}"port":{port}"#)?;
        }
        out.push('}');
        Ok(())
    }
}

/// A port that Zipkin accepts.
fn port(value: &OwnedValue) -> Option<u16> {
    match value {
        OwnedValue::Int(port) => u16::try_from(*port).ok().filter(|port| *port > 0),
        _ => None,
    }
}
