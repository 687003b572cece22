//! Proxies: what the environment names, and the one that a destination is reached through.

use http::{HeaderValue, Uri};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use std::fmt;
use std::net::IpAddr;

/// The proxies of the environment, as curl and most programs read them. Their values may hold
/// credentials.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Proxies {
    /// `HTTPS_PROXY`: for `https` destinations.
    pub(crate) https: String,
    /// `HTTP_PROXY`: for `http` destinations.
    pub(crate) http: String,
    /// `ALL_PROXY`: for those that neither of these names one for.
    pub(crate) all: String,
    /// `NO_PROXY`: destinations that are reached directly.
    pub(crate) no: String,
}

impl Proxies {
    /// The proxy for a destination. This machine itself is always reached directly.
    pub(crate) fn of(&self, destination: &Uri) -> Option<Proxy> {
        let host = destination.host().unwrap_or_default();
        // The matcher below takes the star for names only.
        let none = self.no.split(',').any(|part| part.trim() == "*");
        if none || is_loopback(host) {
            return None;
        }
        let matcher = Matcher::builder()
            .https(&self.https)
            .http(&self.http)
            .all(&self.all)
            .no(&self.no)
            .build();
        matcher.intercept(destination).and_then(Proxy::new)
    }

    /// Whether a value names a proxy that can be used.
    pub(crate) fn is_usable(value: &str) -> bool {
        let anywhere = Uri::from_static("http://destination.example/");
        let matcher = Matcher::builder().all(value).build();
        matcher.intercept(&anywhere).and_then(Proxy::new).is_some()
    }
}

impl fmt::Debug for Proxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let set = |value: &str| !value.is_empty();
        f.debug_struct("Proxies")
            .field("https", &set(&self.https))
            .field("http", &set(&self.http))
            .field("all", &set(&self.all))
            .field("no", &self.no)
            .finish()
    }
}

fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let address = host.parse::<IpAddr>();
    address.map_or_else(
        |_| host.eq_ignore_ascii_case("localhost"),
        |address| address.is_loopback(),
    )
}

/// How a proxy is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Http,
    Https,
    Socks,
}

/// A proxy, with its credentials.
#[derive(Clone)]
pub(crate) struct Proxy {
    kind: Kind,
    intercept: Intercept,
}

impl Proxy {
    fn new(intercept: Intercept) -> Option<Self> {
        let kind = match intercept.uri().scheme_str() {
            Some("http") => Kind::Http,
            Some("https") => Kind::Https,
            Some("socks5" | "socks5h") => Kind::Socks,
            _ => return None,
        };
        let host = intercept.uri().host().unwrap_or_default();
        (!host.is_empty()).then_some(Self { kind, intercept })
    }

    pub(super) fn uri(&self) -> &Uri {
        self.intercept.uri()
    }

    /// Whether the proxy itself is reached by TLS.
    pub(super) fn is_https(&self) -> bool {
        self.kind == Kind::Https
    }

    pub(super) fn is_socks(&self) -> bool {
        self.kind == Kind::Socks
    }

    /// The value of `proxy-authorization`.
    pub(super) fn authorization(&self) -> Option<&HeaderValue> {
        self.intercept.basic_auth()
    }

    /// Name and password for SOCKS.
    pub(super) fn login(&self) -> Option<(&str, &str)> {
        self.intercept.raw_auth()
    }

    /// The proxy fit for a message.
    pub(super) fn shown(&self) -> String {
        super::endpoint::shown(&self.uri().to_string())
            .trim_end_matches('/')
            .to_owned()
    }

    pub(super) fn secrets(&self) -> impl Iterator<Item = &str> {
        let basic = self.authorization().and_then(|value| value.to_str().ok());
        let password = self.login().map(|(_, password)| password);
        basic.into_iter().chain(password)
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown())
    }
}
