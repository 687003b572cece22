//! Headers of OTLP requests: from code one by one, from the environment as a list in W3C baggage form.
//!
//! Values are secrets: they appear in no message and no `Debug`.

use super::percent;
use crate::error::{ConfigError, quoted};
use http::header::{HeaderName, HeaderValue};
use std::fmt;

/// Request headers in order; names are lower-case and unique, the last value wins.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Headers(Vec<(String, String)>);

impl Headers {
    /// Sets a header after checking that HTTP can carry it.
    pub(crate) fn set(&mut self, name: &str, value: &str) -> Result<(), ConfigError> {
        let (name, value) = (name.trim(), value.trim());
        let Ok(checked) = HeaderName::from_bytes(name.as_bytes()) else {
            let cure = "a name has letters, digits and - only, such as x-api-key";
            return Err(ConfigError::value(
                "header name",
                name,
                "is not valid",
                cure,
            ));
        };
        if HeaderValue::from_bytes(value.as_bytes()).is_err() {
            return Err(ConfigError::new(format!(
                "the value of header {} is not valid: remove line breaks and control characters",
                quoted(name)
            )));
        }
        self.0.retain(|(known, _)| known != checked.as_str());
        self.0.push((checked.as_str().to_owned(), value.to_owned()));
        Ok(())
    }

    /// Reads `name=value,name=value`; tells `warn` about each member that cannot be used.
    pub(crate) fn parse(list: &str, mut warn: impl FnMut(&str)) -> Self {
        let mut headers = Self::default();
        for member in list.split(',').filter(|member| !member.trim().is_empty()) {
            let Some((name, value)) = member.split_once('=') else {
                warn("a member without \"=\" is ignored: give name=value,name=value");
                continue;
            };
            // Plain values with a stray % are common; such a value is taken as it stands.
            let name = percent::decode(name).unwrap_or_else(|| name.to_owned());
            let value = percent::decode(value.trim()).unwrap_or_else(|| value.to_owned());
            if let Err(error) = headers.set(&name, &value) {
                warn(&format!("{error}; it is ignored"));
            }
        }
        headers
    }

    /// These headers, with those of `stronger` added or in place of equal names.
    pub(crate) fn merged(&self, stronger: &Self) -> Self {
        let mut merged = self.clone();
        merged
            .0
            .retain(|(name, _)| stronger.0.iter().all(|(other, _)| other != name));
        merged.0.extend(stronger.0.iter().cloned());
        merged
    }

    pub(crate) fn into_pairs(self) -> Vec<(String, String)> {
        self.0
    }
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.0.iter().map(|(name, _)| name))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(list: &str) -> (Vec<(String, String)>, Vec<String>) {
        let mut warnings = Vec::new();
        let headers = Headers::parse(list, |text| warnings.push(text.to_owned()));
        (headers.into_pairs(), warnings)
    }

    fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        expected
            .iter()
            .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
            .collect()
    }

    #[test]
    fn conf_077_lists_are_read_in_w3c_baggage_form_and_plain() {
        let cases: &[(&str, &[(&str, &str)])] = &[
            ("api-key=secret", &[("api-key", "secret")]),
            (
                "Authorization=Bearer%20abc",
                &[("authorization", "Bearer abc")],
            ),
            (
                "authorization=Basic dTpw==",
                &[("authorization", "Basic dTpw==")],
            ),
            (" a = 1 , b=2 ,", &[("a", "1"), ("b", "2")]),
            ("a=1,A=2", &[("a", "2")]),
            ("a=x%2Cy", &[("a", "x,y")]),
            ("a=50%", &[("a", "50%")]),
            ("a=", &[("a", "")]),
        ];
        for (list, expected) in cases {
            assert_eq!(parse(list), (pairs(expected), Vec::new()), "{list}");
        }
    }

    #[test]
    fn members_that_cannot_be_used_are_named_without_their_value() {
        let (headers, warnings) = parse("good=1,nothing,sp ace=s3cret,x=s3c%0Aret,=s3cret");
        assert_eq!(headers, pairs(&[("good", "1")]));
        assert_eq!(warnings.len(), 4);
        assert!(
            warnings.iter().all(|text| !text.contains("s3c")),
            "{warnings:?}"
        );
        assert!(warnings[1].contains("\"sp ace\""), "{warnings:?}");
        assert!(warnings[2].contains("header \"x\""), "{warnings:?}");
    }

    #[test]
    fn debug_shows_names_only() {
        let mut headers = Headers::default();
        headers.set("X-Api-Key", "s3cret").unwrap();
        assert_eq!(format!("{headers:?}"), "[\"x-api-key\"]");
    }

    #[test]
    fn code_wins_over_the_environment() {
        let (mut code, mut env) = (Headers::default(), Headers::default());
        env.set("a", "env").unwrap();
        env.set("b", "env").unwrap();
        code.set("A", "code").unwrap();
        let merged = env.merged(&code).into_pairs();
        assert_eq!(merged, pairs(&[("b", "env"), ("a", "code")]));
    }
}
