//! The `schedulers:` section, and the names of runs.
//!
//! A policy is checked by the registry that will build it, so that users' own policies
//! and their parameters need nothing here. The registry knows no places; the key or value
//! that it complains of is looked up again to blame the right one.

use super::error::SpecError;
use super::reader::Field;
use super::tree::Value;
use sched_core::{PolicyError, PolicySpec, Registry, ResolvedPolicy};

pub(super) fn schedulers(
    field: &Field<'_>,
    registry: &Registry,
) -> Result<Vec<ResolvedPolicy>, SpecError> {
    let items = field.list()?;
    if items.is_empty() {
        let names = registry.names().join(", ");
        return Err(field.error(format!("names no scheduler; valid: {names}")));
    }
    items.iter().map(|item| scheduler(item, registry)).collect()
}

fn scheduler(field: &Field<'_>, registry: &Registry) -> Result<ResolvedPolicy, SpecError> {
    if let Value::Scalar(name) = &field.node.value {
        return registry
            .resolve(&PolicySpec::named(name.as_str()))
            .map_err(|error| field.error(error));
    }
    let mut name = None;
    let mut params = Vec::new();
    for (key, place, value) in field.pairs()? {
        if key == "policy" {
            name = Some(value);
        } else {
            params.push((key, place, value));
        }
    }
    let Some(name) = name else {
        return Err(field.error("no `policy` is named: write for example `{policy: fifo}`"));
    };
    let mut spec = PolicySpec::named(name.text()?);
    for (key, _, value) in &params {
        spec = spec.with(*key, value.text()?);
    }
    registry.resolve(&spec).map_err(|error| {
        let of = |parameter: &String| params.iter().find(|(key, ..)| key == parameter);
        match &error {
            PolicyError::UnknownParameter { parameter, .. } => match of(parameter) {
                Some((_, place, _)) => SpecError::new(place, error.to_string()),
                None => field.error(error),
            },
            PolicyError::BadValue { parameter, .. } => match of(parameter) {
                Some((_, _, value)) => value.error(error),
                None => field.error(error),
            },
            _ => name.error(error),
        }
    })
}

/// Gives each run its name: `<configuration>_<policy>`, or the policy's alone. Where that is
/// taken, the binding is added if it is what differs, and then a number from 2 up.
pub(super) struct RunNames {
    given: Vec<(String, String, ResolvedPolicy)>, // run, configuration, policy
}

impl RunNames {
    pub(super) fn new() -> RunNames {
        RunNames { given: Vec::new() }
    }

    pub(super) fn next(&mut self, configuration: &str, policy: &ResolvedPolicy) -> String {
        let mut stem = match configuration {
            "" => policy.name().to_owned(),
            configuration => format!("{configuration}_{}", policy.name()),
        };
        let first = self
            .given
            .iter()
            .find(|(_, other, first)| other == configuration && first.name() == policy.name());
        if first.is_some_and(|(_, _, first)| first.bind() != policy.bind()) {
            stem = format!("{stem}_{}", policy.bind());
        }
        let numbered = (2..).map(|n: u64| format!("{stem}_{n}"));
        let mut names = std::iter::once(stem.clone()).chain(numbered);
        let free = names.find(|name| self.given.iter().all(|(given, ..)| given != name));
        let name = free.unwrap_or(stem); // the numbers do not end
        self.given.push((name.clone(), configuration.to_owned(), policy.clone()));
        name
    }
}
