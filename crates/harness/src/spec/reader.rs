//! Values out of the tree, each with its path.
//!
//! A [`Field`] knows the way to it (`cluster.groups[0].slots`) and its place, so that
//! every message of the checks above says both without any effort of theirs. A map
//! is opened with the list of its keys, which is where unknown ones are found.

use super::error::{BadValue, Place, SpecError};
use super::tree::{Node, Value};
use super::units;
use sched_core::Span;

/// A value and the way to it.
#[derive(Clone, Debug)]
pub(super) struct Field<'a> {
    pub(super) node: &'a Node,
    path: String,
}

impl<'a> Field<'a> {
    pub(super) fn root(node: &'a Node) -> Field<'a> {
        Field { node, path: String::new() }
    }

    /// An error about this value.
    pub(super) fn error(&self, message: impl std::fmt::Display) -> SpecError {
        let message = match self.path.as_str() {
            "" => message.to_string(),
            path => format!("`{path}`: {message}"),
        };
        SpecError::new(&self.node.place, message)
    }

    /// The value as text; not of a list or map.
    pub(super) fn text(&self) -> Result<&'a str, SpecError> {
        match &self.node.value {
            Value::Scalar(text) => Ok(text),
            _ => Err(self.error(format!("expected a single value, found {}", self.kind()))),
        }
    }

    /// The value as whatever `read` makes of its text.
    pub(super) fn read<T>(
        &self,
        read: impl FnOnce(&str) -> Result<T, BadValue>,
    ) -> Result<T, SpecError> {
        read(self.text()?).map_err(|error| self.error(error))
    }

    pub(super) fn whole(&self, min: u64) -> Result<u64, SpecError> {
        self.read(|text| units::whole(text, min))
    }

    pub(super) fn whole_u32(&self, min: u32) -> Result<u32, SpecError> {
        let number = self.whole(min.into())?;
        u32::try_from(number)
            .map_err(|_| self.error(format!("`{number}` is too large: at most {}", u32::MAX)))
    }

    pub(super) fn span(&self) -> Result<Span, SpecError> {
        self.read(units::span)
    }

    pub(super) fn positive(&self) -> Result<f64, SpecError> {
        self.read(units::positive)
    }

    /// A name that can be part of a file name and of a column name.
    pub(super) fn name(&self) -> Result<String, SpecError> {
        let text = self.text()?;
        check_name(text).map_err(|error| self.error(error))?;
        Ok(text.to_owned())
    }

    /// One of some words.
    pub(super) fn choice<T: Copy>(&self, choices: &[(&str, T)]) -> Result<T, SpecError> {
        let text = self.text()?;
        match choices.iter().find(|(name, _)| *name == text) {
            Some((_, choice)) => Ok(*choice),
            None => {
                let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
                Err(self.error(unknown("value", text, &names)))
            }
        }
    }

    /// An error about a key that this map lacks. The example shows how to write it.
    pub(super) fn missing(&self, key: &str, example: &str) -> SpecError {
        let message = format!("`{}` is missing: write for example `{example}`", self.join(key));
        SpecError::new(&self.node.place, message)
    }

    /// The items of a list.
    pub(super) fn list(&self) -> Result<Vec<Field<'a>>, SpecError> {
        match &self.node.value {
            Value::List(items) => Ok(items
                .iter()
                .enumerate()
                .map(|(i, node)| Field { node, path: format!("{}[{i}]", self.path) })
                .collect()),
            Value::Scalar(text) => {
                Err(self.error(format!("expected a list, found a single value: write `[{text}]`")))
            }
            _ => Err(self.error(format!("expected a list, found {}", self.kind()))),
        }
    }

    /// The entries of a map of any keys.
    pub(super) fn pairs(&self) -> Result<Vec<(&'a str, &'a Place, Field<'a>)>, SpecError> {
        match &self.node.value {
            Value::Map(entries) => Ok(entries
                .iter()
                .map(|entry| {
                    let field = Field { node: &entry.node, path: self.join(&entry.key) };
                    (entry.key.as_str(), &entry.place, field)
                })
                .collect()),
            _ => Err(self.error(format!("expected a map, found {}", self.kind()))),
        }
    }

    /// This value as a map that has no other keys than `keys`.
    pub(super) fn map(&self, keys: &[&str]) -> Result<Fields<'a>, SpecError> {
        for (key, place, _) in self.pairs()? {
            if !keys.contains(&key) {
                return Err(self.unknown_key(key, place, keys));
            }
        }
        Ok(Fields { map: self.clone() })
    }

    /// One of several alternatives: a word (`batch`), or a map of one key (`{load: 0.8}`).
    pub(super) fn variant(
        &self,
        kinds: &[&str],
    ) -> Result<(&'a str, Option<Field<'a>>), SpecError> {
        if let Value::Scalar(word) = &self.node.value {
            if !kinds.contains(&word.as_str()) {
                return Err(self.error(unknown("value", word, kinds)));
            }
            return Ok((word, None));
        }
        let expected = || format!("expected one of {}", list_of(kinds));
        let Ok(pairs) = self.pairs() else {
            return Err(self.error(format!("{}, found {}", expected(), self.kind())));
        };
        for (key, place, _) in &pairs {
            if !kinds.contains(key) {
                return Err(self.unknown_key(key, place, kinds));
            }
        }
        match <[_; 1]>::try_from(pairs) {
            Ok([(key, _, field)]) => Ok((key, Some(field))),
            Err(pairs) => {
                let found = if pairs.is_empty() { "none" } else { "several" };
                Err(self.error(format!("{}, found {found}", expected())))
            }
        }
    }

    fn unknown_key(&self, key: &str, place: &Place, keys: &[&str]) -> SpecError {
        let kind = if self.path.is_empty() {
            "key".to_owned()
        } else {
            format!("key in `{}`:", self.path)
        };
        SpecError::new(place, unknown(&kind, key, keys))
    }

    fn join(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    fn kind(&self) -> &'static str {
        match &self.node.value {
            Value::Null => "nothing; give a value or remove the key",
            Value::Scalar(_) => "a single value",
            Value::List(_) => "a list",
            Value::Map(_) => "a map",
        }
    }
}

/// A map whose keys are known.
#[derive(Debug)]
pub(super) struct Fields<'a> {
    map: Field<'a>,
}

impl<'a> Fields<'a> {
    /// The value of a key, if it is there.
    pub(super) fn get(&self, key: &str) -> Option<Field<'a>> {
        let node = self.map.node.get(key)?;
        Some(Field { node, path: self.map.join(key) })
    }

    /// The value of a key that must be there. The example shows how to write it.
    pub(super) fn need(&self, key: &str, example: &str) -> Result<Field<'a>, SpecError> {
        self.get(key).ok_or_else(|| self.map.missing(key, example))
    }
}

/// Whether `text` can be a name: part of a file name on every system.
///
/// # Errors
/// Says what is allowed.
pub(super) fn check_name(text: &str) -> Result<(), BadValue> {
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let first = text.chars().next().is_some_and(|c| c.is_ascii_alphanumeric() || c == '_');
    if first && text.len() <= 64 && text.chars().all(good) {
        return Ok(());
    }
    Err(BadValue(format!(
        "`{text}` cannot be a name: write at most 64 letters, digits, `-`, `_` and `.`, \
         beginning with a letter, digit or `_`"
    )))
}

/// What to say of a name that is not valid: the nearest valid one, if one is near, and all of
/// them. `kind` says what it should have been a name of.
pub fn unknown(kind: &str, text: &str, valid: &[&str]) -> String {
    let hint = nearest(text, valid).map(|name| format!("did you mean `{name}`? "));
    format!("unknown {kind} `{text}`; {}valid: {}", hint.unwrap_or_default(), valid.join(", "))
}

/// The valid name that `text` most probably means, if any is near: the only one that it begins, or
/// the one with the fewest letters to change.
fn nearest<'v>(text: &str, valid: &[&'v str]) -> Option<&'v str> {
    let text = text.to_lowercase();
    let mut begun = valid.iter().filter(|name| !text.is_empty() && name.starts_with(&text));
    if let (Some(only), None) = (begun.next(), begun.next()) {
        return Some(only);
    }
    let limit = (text.chars().count() / 3).max(1);
    valid
        .iter()
        .map(|name| (strsim::osa_distance(&text, name), *name))
        .filter(|(distance, name)| {
            *distance <= limit || (text.len() > 2 && name.starts_with(&text))
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

fn list_of(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
