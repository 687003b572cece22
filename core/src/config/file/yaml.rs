//! YAML as a tree of scalars, lists and maps that know their lines.
//!
//! `saphyr-parser` reads the text: of the YAML crates that are looked after it is the one that tells
//! `"1"` from `1` before types are decided, as substitution needs it, and that brings least along.

use super::substitute::{Variables, substitute};
use saphyr_parser::{Event, Parser, ScalarStyle, Tag};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Lists and maps inside each other.
const MAX_DEPTH: usize = 64;
/// Nodes of a file, aliases written out.
const MAX_NODES: usize = 65_536;

/// A value and the line it begins in.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Node {
    pub(super) line: usize,
    pub(super) value: Value,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    /// Text, which means a number, a switch or nothing only where it stands without quotes.
    Scalar {
        text: String,
        plain: bool,
    },
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

impl Node {
    fn count(&self) -> usize {
        1 + match &self.value {
            Value::Scalar { .. } => 0,
            Value::List(items) => items.iter().map(Self::count).sum(),
            Value::Map(entries) => entries.iter().map(|(_, node)| node.count()).sum(),
        }
    }
}

/// What is wrong with a file, and the line.
pub(super) type Wrong = (usize, String);

/// The tree of a file with one document; nothing if it has none.
pub(super) fn parse(text: &str, variables: Variables<'_>) -> Result<Option<Node>, Wrong> {
    let mut loader = Loader {
        variables,
        open: Vec::new(),
        anchors: BTreeMap::new(),
        document: None,
        nodes: 0,
    };
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| {
            let line = error.marker().line();
            (line, format!("this is no YAML: {}", error.info()))
        })?;
        let line = span.start.line();
        loader.take(event, line).map_err(|wrong| (line, wrong))?;
    }
    Ok(loader.document)
}

/// A list or map that has begun.
struct Open {
    node: Node,
    anchor: usize,
    /// The key whose value comes next.
    key: Option<String>,
}

struct Loader<'a> {
    variables: Variables<'a>,
    open: Vec<Open>,
    anchors: BTreeMap<usize, Node>,
    document: Option<Node>,
    nodes: usize,
}

impl Loader<'_> {
    fn take(&mut self, event: Event<'_>, line: usize) -> Result<(), String> {
        match event {
            Event::Scalar(text, style, anchor, tag) => self.scalar(&text, style, tag, anchor, line),
            Event::SequenceStart(anchor, _) => self.begin(Value::List(Vec::new()), anchor, line),
            Event::MappingStart(anchor, _) => self.begin(Value::Map(Vec::new()), anchor, line),
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(done) => self.put(done.node, done.anchor),
                None => Ok(()),
            },
            Event::Alias(anchor) => match self.anchors.get(&anchor).cloned() {
                Some(node) => self.put(node, 0),
                None => Err("an alias of nothing: give the anchor before it".to_owned()),
            },
            Event::DocumentStart(_) if self.document.is_some() => {
                Err("a second document: use one".to_owned())
            }
            _ => Ok(()),
        }
    }

    fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        tag: Option<Cow<'_, Tag>>,
        anchor: usize,
        line: usize,
    ) -> Result<(), String> {
        if self.awaits_key() {
            return self.key(text);
        }
        let text = substitute(text, self.variables)?;
        let plain = style == ScalarStyle::Plain && tag.is_none_or(|tag| tag.suffix != "str");
        let value = Value::Scalar { text, plain };
        self.put(Node { line, value }, anchor)
    }

    fn awaits_key(&self) -> bool {
        let top = self.open.last();
        top.is_some_and(|top| top.key.is_none() && matches!(top.node.value, Value::Map(_)))
    }

    fn key(&mut self, text: &str) -> Result<(), String> {
        let Some(top) = self.open.last_mut() else {
            return Ok(());
        };
        if let Value::Map(entries) = &top.node.value
            && entries.iter().any(|(known, _)| known == text)
        {
            return Err(format!("{text:?} comes twice: say it once"));
        }
        top.key = Some(text.to_owned());
        Ok(())
    }

    fn begin(&mut self, value: Value, anchor: usize, line: usize) -> Result<(), String> {
        if self.awaits_key() {
            return Err("a list or map as a name: use text".to_owned());
        }
        if self.open.len() >= MAX_DEPTH {
            return Err(format!(
                "more than {MAX_DEPTH} lists and maps inside each other"
            ));
        }
        let node = Node { line, value };
        self.open.push(Open {
            node,
            anchor,
            key: None,
        });
        Ok(())
    }

    /// A complete value comes into what is open.
    fn put(&mut self, node: Node, anchor: usize) -> Result<(), String> {
        let size = node.count();
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        let Some(top) = self.open.last_mut() else {
            self.document = Some(node);
            return Ok(());
        };
        // What is inside has been counted when it was put, except where it comes from an alias.
        self.nodes += if anchor == 0 { size } else { 1 };
        if self.nodes > MAX_NODES {
            return Err(format!("more than {MAX_NODES} values"));
        }
        match (&mut top.node.value, top.key.take()) {
            (Value::List(items), _) => items.push(node),
            (Value::Map(entries), Some(key)) => entries.push((key, node)),
            (Value::Map(_), None) => return Err("an alias as a name: use text".to_owned()),
            (Value::Scalar { .. }, _) => {}
        }
        Ok(())
    }
}
