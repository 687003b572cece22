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
/// Nodes of a file and bytes of their text, variables and aliases written out.
const MAX_NODES: usize = 65_536;
const MAX_BYTES: usize = 16 * 1024 * 1024;

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

/// How much a node is.
#[derive(Clone, Copy, Default)]
struct Size {
    nodes: usize,
    bytes: usize,
}

impl Size {
    const ONE: Self = Self { nodes: 1, bytes: 0 };

    fn and(self, other: Self) -> Self {
        Self {
            nodes: self.nodes + other.nodes,
            bytes: self.bytes + other.bytes,
        }
    }
}

impl Node {
    /// With all that is in it.
    fn size(&self) -> Size {
        match &self.value {
            Value::Scalar { text, .. } => Size {
                bytes: text.len(),
                ..Size::ONE
            },
            Value::List(items) => items
                .iter()
                .fold(Size::ONE, |sum, item| sum.and(item.size())),
            Value::Map(entries) => entries.iter().fold(Size::ONE, |sum, (key, node)| {
                let bytes = sum.bytes + key.len();
                Size { bytes, ..sum }.and(node.size())
            }),
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
        size: Size::default(),
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
    /// Of all that was read.
    size: Size,
}

impl Loader<'_> {
    fn take(&mut self, event: Event<'_>, line: usize) -> Result<(), String> {
        match event {
            Event::Scalar(text, style, anchor, tag) => self.scalar(&text, style, tag, anchor, line),
            Event::SequenceStart(anchor, _) => self.begin(Value::List(Vec::new()), anchor, line),
            Event::MappingStart(anchor, _) => self.begin(Value::Map(Vec::new()), anchor, line),
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(done) => self.put(done.node, done.anchor, Size::ONE),
                None => Ok(()),
            },
            Event::Alias(anchor) => self.alias(anchor),
            Event::DocumentStart(_) if self.document.is_some() => {
                Err("a second document: use one".to_owned())
            }
            _ => Ok(()),
        }
    }

    /// What an alias stands for, counted before it is copied.
    fn alias(&mut self, anchor: usize) -> Result<(), String> {
        let size = self.anchors.get(&anchor).map(Node::size);
        self.count(size.ok_or("an alias of nothing: give the anchor before it")?)?;
        match self.anchors.get(&anchor).cloned() {
            Some(node) => self.put(node, 0, Size::default()),
            None => Ok(()),
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
        let node = Node { line, value };
        let size = node.size();
        self.put(node, anchor, size)
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
        let bytes = text.len();
        self.count(Size { nodes: 0, bytes })
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

    /// Counts what is read.
    fn count(&mut self, more: Size) -> Result<(), String> {
        self.size = self.size.and(more);
        if self.size.nodes > MAX_NODES {
            return Err(format!("more than {MAX_NODES} values"));
        }
        if self.size.bytes > MAX_BYTES {
            return Err(format!("more than {} MiB of text", MAX_BYTES >> 20));
        }
        Ok(())
    }

    /// A complete value comes into what is open. Of `size` is what is not counted yet: the parts of a
    /// list or map were when they came.
    fn put(&mut self, node: Node, anchor: usize, size: Size) -> Result<(), String> {
        self.count(size)?;
        if anchor != 0 {
            self.count(node.size())?;
            self.anchors.insert(anchor, node.clone());
        }
        let Some(top) = self.open.last_mut() else {
            self.document = Some(node);
            return Ok(());
        };
        match (&mut top.node.value, top.key.take()) {
            (Value::List(items), _) => items.push(node),
            (Value::Map(entries), Some(key)) => entries.push((key, node)),
            (Value::Map(_), None) => return Err("an alias as a name: use text".to_owned()),
            (Value::Scalar { .. }, _) => {}
        }
        Ok(())
    }
}
