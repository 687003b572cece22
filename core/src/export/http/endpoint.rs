//! The URL of a destination, checked, and fit to be shown.

use crate::{error::ConfigError, export::text::one_line, finished::Base64};
use http::{HeaderValue, Uri, uri::Authority};
use percent_encoding::percent_decode_str;

/// A URL that a request can be sent to: `http` or `https`, a host, no user information.
#[derive(Clone)]
pub(super) struct Endpoint {
    uri: Uri,
}

impl Endpoint {
    /// The endpoint, and the `Authorization` that its user information asks for.
    pub(super) fn parse(text: &str) -> Result<(Self, Option<HeaderValue>), ConfigError> {
        let bad = |why: &str| {
            ConfigError::new(format!(
                "endpoint: \"{}\" {why}, as in http://localhost:4318/v1/traces",
                shown(text)
            ))
        };
        let uri: Uri = text
            .trim()
            .parse()
            .map_err(|_| bad("is not a URL; give a complete one"))?;
        match uri.scheme_str() {
            Some("http" | "https") => {}
            Some(_) => return Err(bad("has a scheme that is not supported; use http or https")),
            None => return Err(bad("has no scheme; begin it with http:// or https://")),
        }
        let authority = uri
            .authority()
            .ok_or_else(|| bad("names no host; give one"))?;
        if authority.host().is_empty() {
            return Err(bad("names no host; give one"));
        }
        let (user, address) = authority.as_str().rsplit_once('@').unzip();
        let address = address.unwrap_or(authority.as_str());
        if address != authority.host() && authority.port_u16().is_none_or(|port| port == 0) {
            return Err(bad(
                "has a port that is no number from 1 to 65535; correct it",
            ));
        }
        let credentials = user.map(|user| basic(user).ok_or(user)).transpose();
        let credentials = credentials.map_err(|_| bad("has credentials that cannot be sent"))?;
        let plain: Authority = address.parse().map_err(|_| bad("names no usable host"))?;
        let mut parts = uri.into_parts();
        parts.authority = Some(plain);
        let uri = Uri::from_parts(parts).map_err(|_| bad("is not a URL; give a complete one"))?;
        Ok((Self { uri }, credentials))
    }

    pub(super) fn uri(&self) -> &Uri {
        &self.uri
    }

    pub(super) fn is_https(&self) -> bool {
        self.uri.scheme_str() == Some("https")
    }

    /// The URL without what may be secret.
    pub(super) fn shown(&self) -> String {
        shown(&self.uri.to_string())
    }
}

/// `user:password` of a URL as HTTP Basic credentials.
fn basic(user: &str) -> Option<HeaderValue> {
    let plain: Vec<u8> = percent_decode_str(user).collect();
    let mut value = HeaderValue::try_from(format!("Basic {}", Base64(&plain))).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// Any URL, well formed or not, without query, fragment and user information.
pub(super) fn shown(url: &str) -> String {
    let end = url.find(['?', '#']).unwrap_or(url.len());
    let url = url.get(..end).unwrap_or_default();
    let (scheme, rest) = url
        .split_once("://")
        .map_or(("", url), |(scheme, rest)| (scheme, rest));
    let rest = rest.rsplit_once('@').map_or(rest, |(_, rest)| rest);
    let colon = if scheme.is_empty() { "" } else { "://" };
    one_line(&format!("{scheme}{colon}{rest}"), 200)
}
