//! A spec as written: a tree of texts, each with its place.
//!
//! Values stay texts until a reader that knows their kind turns them into numbers:
//! `0.25` cores are exactly 250 thousandths that way, and an error quotes what was
//! written. `parse` makes the tree from YAML, `draft` lays trees over each other,
//! `reader` takes values out of it.

use super::error::Place;

/// A value and its place.
#[derive(Clone, PartialEq, Debug)]
pub struct Node {
    /// Where it begins.
    pub place: Place,
    /// What it is.
    pub value: Value,
}

/// What was written.
#[derive(Clone, PartialEq, Debug)]
pub enum Value {
    /// Nothing: a key without a value, `null`, or `~`.
    Null,
    /// A number, word or quoted text, as written (quotes and escapes resolved).
    Scalar(String),
    /// A list.
    List(Vec<Node>),
    /// A map, in written order, without duplicate keys.
    Map(Vec<Entry>),
}

/// A key with its value.
#[derive(Clone, PartialEq, Debug)]
pub struct Entry {
    /// The key, as written.
    pub key: String,
    /// Where the key is.
    pub place: Place,
    /// The value.
    pub node: Node,
}

impl Node {
    /// A scalar at a place.
    pub fn scalar(place: &Place, text: impl Into<String>) -> Node {
        Node { place: place.clone(), value: Value::Scalar(text.into()) }
    }

    /// A list at a place.
    pub fn list(place: &Place, items: Vec<Node>) -> Node {
        Node { place: place.clone(), value: Value::List(items) }
    }

    /// A map at a place, whose keys are there too. Of equal keys the first counts.
    pub fn map<'k>(place: &Place, entries: impl IntoIterator<Item = (&'k str, Node)>) -> Node {
        let mut map: Vec<Entry> = Vec::new();
        for (key, node) in entries {
            if map.iter().all(|entry| entry.key != key) {
                map.push(Entry { key: key.to_owned(), place: place.clone(), node });
            }
        }
        Node { place: place.clone(), value: Value::Map(map) }
    }

    /// The entries, if this is a map.
    pub fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The value of a key, if this is a map that has it.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entries().iter().find(|entry| entry.key == key).map(|entry| &entry.node)
    }

    /// The value of a key, to be changed.
    pub(crate) fn child_mut(&mut self, key: &str) -> Option<&mut Node> {
        self.entries_mut()?.iter_mut().find(|entry| entry.key == key).map(|entry| &mut entry.node)
    }

    /// The entries, to be changed, if this is a map.
    pub(super) fn entries_mut(&mut self) -> Option<&mut Vec<Entry>> {
        match &mut self.value {
            Value::Map(entries) => Some(entries),
            _ => None,
        }
    }
}
