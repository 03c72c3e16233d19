//! What can be wrong with a policy's name or parameters.
//!
//! Every message lists what is valid and, where one is near, the name that was meant.

use std::fmt;

/// A policy that cannot be built.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum PolicyError {
    /// No policy of this name.
    Unknown {
        /// As written.
        name: String,
        /// Valid names.
        known: Vec<String>,
        /// The valid name or alias nearest to it, if one is near.
        nearest: Option<String>,
    },
    /// The policy has no such parameter.
    UnknownParameter {
        /// The policy.
        policy: String,
        /// As written.
        parameter: String,
        /// Valid parameters.
        known: Vec<String>,
        /// The valid one nearest to it, if one is near.
        nearest: Option<String>,
    },
    /// A parameter's value is not of its type.
    BadValue {
        /// The policy.
        policy: String,
        /// The parameter.
        parameter: String,
        /// As written.
        value: String,
        /// What would be valid.
        expected: String,
    },
    /// A policy of this name or alias is registered already.
    Duplicate {
        /// The name.
        name: String,
    },
}

impl PolicyError {
    pub(super) fn unknown(name: &str, known: &[&str], aliases: &[&str]) -> PolicyError {
        PolicyError::Unknown {
            name: name.to_owned(),
            known: owned(known),
            nearest: nearest(name, known.iter().chain(aliases)),
        }
    }

    pub(super) fn unknown_parameter(policy: &str, parameter: &str, known: &[&str]) -> PolicyError {
        PolicyError::UnknownParameter {
            policy: policy.to_owned(),
            parameter: parameter.to_owned(),
            known: owned(known),
            nearest: nearest(parameter, known.iter()),
        }
    }
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let meant = |nearest: &Option<String>| {
            nearest.as_ref().map_or(String::new(), |name| format!("did you mean `{name}`? "))
        };
        match self {
            PolicyError::Unknown { name, known, nearest } => {
                let (meant, known) = (meant(nearest), known.join(", "));
                write!(f, "unknown scheduler `{name}`; {meant}valid: {known}")
            }
            PolicyError::UnknownParameter { policy, parameter, known, nearest } => {
                let (meant, known) = (meant(nearest), known.join(", "));
                write!(f, "`{policy}` has no parameter `{parameter}`; {meant}valid: {known}")
            }
            PolicyError::BadValue { policy, parameter, value, expected } => {
                write!(f, "`{value}` is no `{parameter}` of `{policy}`: expected {expected}")
            }
            PolicyError::Duplicate { name } => {
                write!(f, "a policy called `{name}` is registered already; choose another name")
            }
        }
    }
}

impl std::error::Error for PolicyError {}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// The name with the fewest edits, if they are at most a third of its letters.
fn nearest<'a>(name: &str, valid: impl Iterator<Item = &'a &'a str>) -> Option<String> {
    let near = valid.map(|valid| (edits(name, valid), *valid)).min()?;
    (near.0 * 3 <= near.1.len().max(3)).then(|| near.1.to_owned())
}

/// Levenshtein distance, `-` and `_` and the case of letters being equal.
fn edits(a: &str, b: &str) -> usize {
    let letters = |s: &str| s.to_lowercase().replace('-', "_").chars().collect::<Vec<_>>();
    let (a, b) = (letters(a), letters(b));
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.iter().enumerate() {
            let substitute = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = substitute.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_the_one_meant() {
        let names = ["fifo", "round_robin", "load_aware_spread"];
        let near = |name| nearest(name, names.iter());
        assert_eq!(near("fofo").as_deref(), Some("fifo"));
        assert_eq!(near("Round-Robin").as_deref(), Some("round_robin"));
        assert_eq!(near("roundrobin").as_deref(), Some("round_robin"));
        assert_eq!(near("banana"), None);
        assert_eq!(edits("kitten", "sitting"), 3);
    }
}
