//! YAML text to a tree.
//!
//! Built on the parser's events instead of serde: only events tell where each key and
//! value begins and how it was written. JSON is a subset. Left out on purpose are tags,
//! merge keys and keys that are not scalars; aliases work, within the bounds below,
//! which keep a hostile file from filling the memory or the stack.

use super::error::{Place, SpecError};
use super::tree::{Entry, Node, Value};
use serde_yaml::granit_parser::{ErrorKind, Event, Parser, ScalarStyle, ScanError, Span};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Lists and maps inside each other; every spec needs less than ten.
const MAX_DEPTH: usize = 32;
/// Values in the tree, aliases expanded.
const MAX_NODES: usize = 50_000;
/// Bytes in a file.
const MAX_BYTES: usize = 4 << 20;

/// Reads `bytes` of the file called `source`.
///
/// # Errors
/// At the first place that is not YAML, or not of the kind that a spec is written in.
pub(super) fn parse(bytes: &[u8], source: &str) -> Result<Node, SpecError> {
    let source: Arc<str> = source.into();
    let start = Place::in_file(&source, 1, 1);
    if bytes.len() > MAX_BYTES {
        let message = format!("{} bytes are too long for a spec; at most {MAX_BYTES}", bytes.len());
        return Err(SpecError::new(&start, message));
    }
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text.strip_prefix('\u{feff}').unwrap_or(text),
        Err(error) => {
            let before = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
            let line = before.matches('\n').count() + 1;
            let column = before.chars().rev().take_while(|&c| c != '\n').count() + 1;
            let place = Place::in_file(&source, count(line), count(column));
            return Err(SpecError::new(&place, "not UTF-8 text; save the file as UTF-8"));
        }
    };
    let mut builder = Builder {
        source,
        open: Vec::new(),
        root: None,
        anchors: BTreeMap::new(),
        nodes: 0,
        documents: 0,
    };
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| builder.not_yaml(&error, text))?;
        builder.take(event, &span)?;
    }
    match builder.root {
        None | Some(Node { value: Value::Null, .. }) => {
            Err(SpecError::new(&start, "the file is empty; it must hold a spec"))
        }
        Some(root) => Ok(root),
    }
}

/// A list or map whose end has not come yet.
struct Open {
    node: Node,
    anchor: usize,
    key: Option<(String, Place)>,
}

struct Builder {
    source: Arc<str>,
    open: Vec<Open>,
    root: Option<Node>,
    anchors: BTreeMap<usize, (Node, usize)>, // with the number of values in it
    nodes: usize,
    documents: usize,
}

impl Builder {
    fn take(&mut self, event: Event<'_>, span: &Span) -> Result<(), SpecError> {
        let place = self.place(span.start.line(), span.start.col());
        match event {
            Event::DocumentStart(..) => {
                self.documents += 1;
                if self.documents > 1 {
                    let message = "a second document begins; a file holds one spec, remove `---`";
                    return Err(SpecError::new(&place, message));
                }
            }
            Event::Scalar(text, style, anchor, tag) => {
                no_tag(tag.is_some(), &place)?;
                let null = style == ScalarStyle::Plain && matches!(&*text, "" | "~" | "null");
                let value = if null { Value::Null } else { Value::Scalar(text.into_owned()) };
                self.count_nodes(1, &place)?;
                self.done(Node { place, value }, anchor)?;
            }
            Event::SequenceStart(_, anchor, tag) => {
                no_tag(tag.is_some(), &place)?;
                self.begin(Node { place, value: Value::List(Vec::new()) }, anchor)?;
            }
            Event::MappingStart(_, anchor, tag) => {
                no_tag(tag.is_some(), &place)?;
                self.begin(Node { place, value: Value::Map(Vec::new()) }, anchor)?;
            }
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some(Open { node, anchor, .. }) = self.open.pop() {
                    self.done(node, anchor)?;
                }
            }
            Event::Alias(id) => {
                let Some((node, size)) = self.anchors.get(&id).cloned() else {
                    return Err(SpecError::new(&place, "this alias is inside what it refers to"));
                };
                self.count_nodes(size, &place)?;
                let depth = self.open.len() + depth_of(&node);
                check_depth(depth, &place)?;
                self.done(node, 0)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn begin(&mut self, node: Node, anchor: usize) -> Result<(), SpecError> {
        self.count_nodes(1, &node.place)?;
        check_depth(self.open.len() + 1, &node.place)?;
        if let Some(parent) = self.open.last()
            && matches!(parent.node.value, Value::Map(_))
            && parent.key.is_none()
        {
            return Err(SpecError::new(&node.place, "a key must be a word or a number"));
        }
        self.open.push(Open { node, anchor, key: None });
        Ok(())
    }

    /// A complete value goes into its parent.
    fn done(&mut self, node: Node, anchor: usize) -> Result<(), SpecError> {
        if anchor != 0 {
            self.anchors.insert(anchor, (node.clone(), size_of(&node)));
        }
        let Some(parent) = self.open.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        match (&mut parent.node.value, parent.key.take()) {
            (Value::Map(entries), Some((key, place))) => entries.push(Entry { key, place, node }),
            (Value::Map(entries), None) => {
                let key = match node.value {
                    Value::Scalar(key) => key,
                    Value::Null => {
                        return Err(SpecError::new(&node.place, "a key is missing before `:`"));
                    }
                    _ => {
                        return Err(SpecError::new(
                            &node.place,
                            "a key must be a word or a number",
                        ));
                    }
                };
                if key == "<<" {
                    let message = "merge keys (`<<`) are not supported; use `configurations`";
                    return Err(SpecError::new(&node.place, message));
                }
                if let Some(first) = entries.iter().find(|entry| entry.key == key) {
                    let line = first.place.line_and_column().map_or(0, |(line, _)| line);
                    let message =
                        format!("key `{key}` is here a second time (first in line {line})");
                    return Err(SpecError::new(&node.place, message));
                }
                parent.key = Some((key, node.place));
            }
            (Value::List(items), _) => items.push(node),
            (Value::Null | Value::Scalar(_), _) => {} // never opened
        }
        Ok(())
    }

    fn count_nodes(&mut self, more: usize, place: &Place) -> Result<(), SpecError> {
        self.nodes = self.nodes.saturating_add(more);
        if self.nodes > MAX_NODES {
            let message = format!("more than {MAX_NODES} values (aliases expanded)");
            return Err(SpecError::new(place, message));
        }
        Ok(())
    }

    fn place(&self, line: usize, column_from_0: usize) -> Place {
        Place::in_file(&self.source, count(line.max(1)), count(column_from_0 + 1))
    }

    fn not_yaml(&self, error: &ScanError, text: &str) -> SpecError {
        let mark = error.marker();
        let place = self.place(mark.line(), mark.col());
        if matches!(error.kind(), ErrorKind::RecursionLimitExceeded) {
            return too_deep(&place); // the parser looks ahead, and has a limit of its own
        }
        let tab = text
            .lines()
            .nth(mark.line().saturating_sub(1))
            .is_some_and(|line| line.chars().take_while(|c| c.is_whitespace()).any(|c| c == '\t'));
        if tab {
            return SpecError::new(&place, "a tab indents this line; YAML wants spaces");
        }
        SpecError::new(&place, format!("not YAML: {}", error.info()))
    }
}

fn no_tag(tagged: bool, place: &Place) -> Result<(), SpecError> {
    if tagged {
        return Err(SpecError::new(place, "tags (`!…`) are not supported; remove it"));
    }
    Ok(())
}

fn check_depth(depth: usize, place: &Place) -> Result<(), SpecError> {
    if depth > MAX_DEPTH {
        return Err(too_deep(place));
    }
    Ok(())
}

fn too_deep(place: &Place) -> SpecError {
    SpecError::new(place, format!("more than {MAX_DEPTH} lists and maps inside each other"))
}

fn children(node: &Node) -> Box<dyn Iterator<Item = &Node> + '_> {
    match &node.value {
        Value::List(items) => Box::new(items.iter()),
        Value::Map(entries) => Box::new(entries.iter().map(|entry| &entry.node)),
        Value::Null | Value::Scalar(_) => Box::new(std::iter::empty()),
    }
}

fn size_of(node: &Node) -> usize {
    1 + children(node).map(size_of).sum::<usize>()
}

fn depth_of(node: &Node) -> usize {
    match node.value {
        Value::Null | Value::Scalar(_) => 0,
        _ => 1 + children(node).map(depth_of).max().unwrap_or(0),
    }
}

/// Lines and columns beyond 2³² do not occur in [`MAX_BYTES`].
fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
