//! Headers as carriers: maps of text and `http::HeaderMap`. Upper and lower case are the same.

use super::{Extractor, Injector};
use http::header::{HeaderMap, HeaderName, HeaderValue};
use std::collections::HashMap;
use std::hash::BuildHasher;

impl<S: BuildHasher> Injector for HashMap<String, String, S> {
    fn set(&mut self, key: &str, value: &str) {
        self.insert(key.to_owned(), value.to_owned());
    }
}

/// A key in lower case is found at once, another by looking at all.
impl<S: BuildHasher> Extractor for HashMap<String, String, S> {
    fn get(&self, key: &str) -> Option<&str> {
        let any_case = || {
            let mut pairs = self.iter();
            pairs.find_map(|(known, value)| known.eq_ignore_ascii_case(key).then_some(value))
        };
        HashMap::get(self, key)
            .or_else(any_case)
            .map(String::as_str)
    }

    fn keys(&self) -> Vec<&str> {
        HashMap::keys(self).map(String::as_str).collect()
    }
}

/// What is not allowed in headers is left out.
impl Injector for HeaderMap {
    fn set(&mut self, key: &str, value: &str) {
        let name = HeaderName::from_bytes(key.as_bytes());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(value)) {
            self.insert(name, value);
        }
    }
}

/// Values that are not ASCII are left out.
impl Extractor for HeaderMap {
    fn get(&self, key: &str) -> Option<&str> {
        HeaderMap::get(self, key)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        HeaderMap::keys(self).map(HeaderName::as_str).collect()
    }

    fn visit(&self, key: &str, visit: &mut dyn FnMut(&str)) {
        for value in self.get_all(key) {
            if let Ok(text) = value.to_str() {
                visit(text);
            }
        }
    }
}
