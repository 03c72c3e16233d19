//! Policies on the command line: `priority:aging=2s,bind=late`.
//!
//! They become the same node that a spec file would hold. The registry is asked here once
//! already, only because its message reads better without the path into a spec.

use crate::Error;
use crate::spec::{Node, Place};
use sched_core::{PolicySpec, Registry};
use std::fmt::Write as _;

/// A policy with its parameters, as part of a spec.
///
/// # Errors
/// For an unknown policy or parameter, or a value that is none of it; names what is valid.
pub fn parse_policy(flag: &str, text: &str, registry: &Registry) -> Result<Node, Error> {
    let spec = policy_spec(flag, text, registry)?;
    let place = Place::flag(flag);
    let scalar = |text: &str| Node::scalar(&place, text);
    let params = spec.params.iter().map(|(key, value)| (key.as_str(), scalar(value)));
    Ok(Node::map(&place, std::iter::once(("policy", scalar(&spec.name))).chain(params)))
}

/// A policy with its parameters, which resolves.
///
/// # Errors
/// As [`parse_policy`].
pub fn policy_spec(flag: &str, text: &str, registry: &Registry) -> Result<PolicySpec, Error> {
    let usage = |message: String| Error::Usage(format!("{flag}: {message}"));
    let (name, rest) = match text.split_once(':') {
        Some((name, rest)) => (name, Some(rest)),
        None => (text, None),
    };
    let mut spec = PolicySpec::named(name);
    for pair in rest.into_iter().flat_map(|rest| rest.split(',')) {
        let Some((key, value)) = pair.split_once('=') else {
            return Err(usage(format!(
                "`{pair}` in `{text}` is no parameter: write for example `{name}:bind=late`"
            )));
        };
        if spec.params.contains_key(key) {
            return Err(usage(format!("`{key}` is given twice in `{text}`; remove one")));
        }
        spec = spec.with(key, value);
    }
    registry.resolve(&spec).map_err(|error| usage(error.to_string()))?;
    Ok(spec)
}

/// The known policies with their parameters, for `--help` and `sage policies`.
pub fn policies_help(registry: &Registry) -> String {
    let mut text = String::from("Policies (each also takes bind=late or bind=early):\n");
    let width = registry.names().iter().map(|name| name.len()).max().unwrap_or(0);
    for policy in registry.iter() {
        let aliases = match policy.aliases() {
            [] => String::new(),
            aliases => format!("; also called {}", aliases.join(", ")),
        };
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "  {:<width$}  binds {}; {}{aliases}",
            policy.name(),
            policy.default_bind(),
            policy.summary()
        );
        for param in policy.params() {
            let default =
                param.default.map_or_else(String::new, |value| format!(" (default {value})"));
            let _ = writeln!(
                text,
                "  {:<width$}    {}={}{default}: {}",
                "", param.name, param.kind, param.summary
            );
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, message: &str) {
        let error = parse_policy("--schedulers", text, &Registry::builtin()).unwrap_err();
        assert!(error.to_string().starts_with(message), "{error}");
    }

    #[test]
    fn parameters_follow_a_colon() {
        let node = parse_policy("-s", "priority:aging=2s,bind=early", &Registry::builtin());
        let node = node.unwrap();
        let keys: Vec<&str> = node.entries().iter().map(|entry| entry.key.as_str()).collect();
        assert_eq!(keys, ["policy", "aging", "bind"]);
        assert_eq!(node.get("aging"), Some(&Node::scalar(&Place::flag("-s"), "2s")));
    }

    #[test]
    fn what_is_wrong_is_named_with_what_is_valid() {
        check("fofo", "--schedulers: unknown scheduler `fofo`; did you mean `fifo`? valid: fifo, ");
        check("fifo:aging=2s", "--schedulers: `fifo` has no parameter `aging`; ");
        check("priority:aging=soon", "--schedulers: `soon` is no `aging` of `priority`: expected");
        check(
            "fifo:late",
            "--schedulers: `late` in `fifo:late` is no parameter: write for example",
        );
        check("fifo:bind=late,bind=early", "--schedulers: `bind` is given twice");
    }

    #[test]
    fn the_help_lists_every_policy() {
        let help = policies_help(&Registry::builtin());
        for name in Registry::builtin().names() {
            assert!(help.contains(name), "{help}");
        }
        assert!(help.contains("aging=") && help.contains("also called load_aware"), "{help}");
    }
}
