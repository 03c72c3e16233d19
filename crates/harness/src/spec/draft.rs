//! A spec that is put together but not checked yet.
//!
//! Presets, a file and flags are laid over each other here, key by key, before anything
//! is checked: a file that only changes the number of tasks of a preset is complete
//! enough. Every value keeps its place, so the checks blame the right file or flag.

use super::error::{Place, SpecError};
use super::parse::parse;
use super::tree::{Node, Value};
use std::path::Path;
use std::sync::Arc;

/// An unchecked spec. [`Spec::check`](super::Spec::check) makes a spec of it.
#[derive(Clone, PartialEq, Debug)]
pub struct Draft {
    root: Node,
}

impl Draft {
    /// Parses YAML or JSON. `source` is the name that errors give to it.
    ///
    /// # Errors
    /// At the first place that is not YAML, or when there is nothing in it.
    pub fn parse(text: &str, source: &str) -> Result<Draft, SpecError> {
        Draft::parse_bytes(text.as_bytes(), source)
    }

    /// Reads and parses a file.
    ///
    /// # Errors
    /// As [`Draft::parse`], and when the file cannot be read or is not UTF-8.
    pub fn read(path: &Path) -> Result<Draft, SpecError> {
        let source = path.display().to_string();
        let bytes = std::fs::read(path).map_err(|error| {
            SpecError::new(&Place::flag(&source), format!("cannot be read: {error}"))
        })?;
        Draft::parse_bytes(&bytes, &source)
    }

    /// Lays another draft over this one: maps merge, everything else is replaced.
    ///
    /// A map that chooses between alternatives is replaced as well, as half of one choice
    /// means nothing in another: `arrivals`, `priorities`, `network`, and `groups` against
    /// `nodes` and `slots`. So are `configurations`: they would else hide what is laid over.
    pub fn lay_over(&mut self, over: &Draft) {
        lay(&mut self.root, &over.root, &mut Vec::new());
    }

    /// Sets the value at `path` (`["workload", "tasks"]`) whatever is there, and takes it
    /// out of all configurations: a flag wins over every preset.
    pub fn set(&mut self, path: &[&str], value: Node) {
        if let Some(configurations) = self.root.child_mut("configurations") {
            for configuration in configurations.entries_mut().into_iter().flatten() {
                remove(&mut configuration.node, path);
            }
        }
        let mut layer = value;
        for key in path.iter().rev() {
            let place = layer.place.clone();
            layer = Node::map(&place, [(*key, layer)]);
        }
        self.lay_over(&Draft { root: layer });
    }

    /// The value at `path`, if there is one.
    pub fn get(&self, path: &[&str]) -> Option<&Node> {
        path.iter().try_fold(&self.root, |node, key| node.get(key))
    }

    /// The tree.
    pub fn root(&self) -> &Node {
        &self.root
    }

    fn parse_bytes(bytes: &[u8], source: &str) -> Result<Draft, SpecError> {
        let root = parse(bytes, source)?;
        match root.value {
            Value::Map(_) => Ok(Draft { root }),
            _ => Err(SpecError::new(
                &root.place,
                "a spec is a map: write keys like `cluster:`, `workload:`, `schedulers:`",
            )),
        }
    }
}

impl Node {
    /// Takes out of this part of a spec all that `over` sets, so that laying this part over `over`
    /// leaves it as it is.
    pub(crate) fn yield_to(&mut self, over: &Node) {
        yield_to(self, over, &mut Vec::new());
    }
}

fn yield_to<'a>(node: &mut Node, over: &'a Node, path: &mut Vec<&'a str>) {
    for entry in over.entries() {
        path.push(&entry.key);
        let inside = !is_choice(path) && matches!(entry.node.value, Value::Map(_));
        match node.child_mut(&entry.key) {
            Some(own) if inside && matches!(own.value, Value::Map(_)) => {
                yield_to(own, &entry.node, path);
            }
            Some(_) => remove(node, &[&entry.key]),
            None => {}
        }
        path.pop();
    }
}

/// `over` laid over `base`, for configurations.
pub(super) fn laid_over(base: &Node, over: &Node) -> Node {
    let mut node = base.clone();
    lay(&mut node, over, &mut Vec::new());
    node
}

/// Maps that are replaced as a whole.
const CHOICES: [&[&str]; 4] = [
    &["configurations"],
    &["workload", "arrivals"],
    &["workload", "priorities"],
    &["cluster", "network"],
];

/// Whether the map at `path` is replaced rather than merged.
pub(super) fn is_choice(path: &[&str]) -> bool {
    CHOICES.contains(&path)
}

fn lay<'a>(base: &mut Node, over: &'a Node, path: &mut Vec<&'a str>) {
    let merge = !is_choice(path) && matches!(over.value, Value::Map(_));
    let Some(kept) = base.entries_mut().filter(|_| merge) else {
        *base = over.clone();
        return;
    };
    if path[..] == ["cluster"] {
        let short = |key: &str| matches!(key, "nodes" | "slots");
        let has_short = over.entries().iter().any(|entry| short(&entry.key));
        let has_groups = over.get("groups").is_some();
        kept.retain(|entry| {
            !(has_short && entry.key == "groups" || has_groups && short(&entry.key))
        });
    }
    for entry in over.entries() {
        match kept.iter_mut().find(|old| old.key == entry.key) {
            Some(old) => {
                old.place = entry.place.clone();
                path.push(&entry.key);
                lay(&mut old.node, &entry.node, path);
                path.pop();
            }
            None => kept.push(entry.clone()),
        }
    }
}

fn remove(node: &mut Node, path: &[&str]) {
    match path {
        [] => {}
        [key] => {
            if let Some(entries) = node.entries_mut() {
                entries.retain(|entry| entry.key != *key);
            }
        }
        [key, rest @ ..] => {
            if let Some(child) = node.child_mut(key) {
                remove(child, rest);
            }
        }
    }
}

/// The name of the file that a draft begins in, without folder and ending.
pub(super) fn stem(root: &Node) -> Option<Arc<str>> {
    let stem = Path::new(root.place.source()).file_stem()?.to_str()?;
    Some(stem.into())
}
