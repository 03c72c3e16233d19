//! What a spec may say that no executor does yet.
//!
//! All of the spec file is known: such keys are checked like the others, and only then
//! refused by name, so that a spec never runs as something else than it says. Whoever
//! builds one deletes its variant here, and the compiler shows the places left.

use super::error::SpecError;
use super::reader::Field;
use super::units;
use sched_core::ClusterSpec;

/// A feature that is not built.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Missing {
    Sim,
    Cluster,
    Network,
    View,
    Mmpp,
    ArrivalTrace,
    Empirical,
    ServiceTrace,
    Faults,
}

impl Missing {
    /// Its name and what to do without it.
    fn text(self) -> (&'static str, &'static str) {
        match self {
            Missing::Sim => ("environment `sim`", "use `local`"),
            Missing::Cluster => ("environment `cluster`", "use `local`"),
            Missing::Network => ("a `network` that takes time", "use `{constant: 0s}`"),
            Missing::View => ("`view`", "remove it"),
            Missing::Mmpp => ("`mmpp`", "use `poisson`, `uniform`, `load`, `closed` or `batch`"),
            Missing::ArrivalTrace => {
                ("`trace`", "use `poisson`, `uniform`, `load`, `closed` or `batch`")
            }
            Missing::Empirical => ("`empirical`", "use a law with a formula, as `lognormal`"),
            Missing::ServiceTrace => ("`trace`", "use a law with a formula, as `lognormal`"),
            Missing::Faults => ("`faults`", "remove it"),
        }
    }

    pub(super) fn refuse(self, field: &Field<'_>) -> SpecError {
        let (name, remedy) = self.text();
        field.error(format!("{name} is not supported yet; {remedy}"))
    }

    fn after(self, check: Result<(), SpecError>, field: &Field<'_>) -> SpecError {
        check.err().unwrap_or_else(|| self.refuse(field))
    }
}

/// `{rates: [5.0, 100.0], sojourn: [10s, 1s]}`
pub(super) fn mmpp(field: &Field<'_>) -> SpecError {
    let check = || {
        let fields = field.map(&["rates", "sojourn"])?;
        let rates = fields.need("rates", "rates: [5.0, 100.0]")?;
        let sojourn = fields.need("sojourn", "sojourn: [10s, 1s]")?;
        rates.list()?.iter().try_for_each(|rate| rate.positive().map(drop))?;
        sojourn.list()?.iter().try_for_each(|time| time.span().map(drop))?;
        match (rates.list()?.len(), sojourn.list()?.len()) {
            (a, b) if a != b => {
                Err(sojourn.error(format!("one time for each of the {a} rates, not {b}")))
            }
            (0 | 1, _) => Err(rates.error("needs at least two rates; else use `poisson`")),
            _ => Ok(()),
        }
    };
    Missing::Mmpp.after(check(), field)
}

/// `{format: azure_llm, path: …, speedup: 10}`
pub(super) fn trace(field: &Field<'_>) -> SpecError {
    let check = || {
        let fields = field.map(&["format", "path", "speedup"])?;
        fields.need("format", "format: csv")?.choice(&[("csv", ()), ("azure_llm", ())])?;
        fields.need("path", "path: jobs.csv")?.text()?;
        fields.get("speedup").map_or(Ok(()), |speedup| speedup.positive().map(drop))
    };
    Missing::ArrivalTrace.after(check(), field)
}

/// A map of one text.
pub(super) fn one_word(
    field: &Field<'_>,
    key: &'static str,
    example: &str,
    missing: Missing,
) -> SpecError {
    let check = || field.map(&[key])?.need(key, example)?.text().map(drop);
    missing.after(check(), field)
}

/// `{refresh: 500ms, own: true}`
pub(super) fn view(field: &Field<'_>) -> SpecError {
    let check = || {
        let fields = field.map(&["refresh", "own"])?;
        let refresh = fields.need("refresh", "refresh: 500ms")?;
        if refresh.span()? == sched_core::Span::ZERO {
            return Err(refresh.error("is not above 0; remove `view` to see everything at once"));
        }
        let own = fields.get("own");
        own.map_or(Ok(()), |own| own.choice(&[("true", ()), ("false", ())]))
    };
    Missing::View.after(check(), field)
}

/// A list of faults; an empty one is nothing to refuse.
pub(super) fn faults(field: &Field<'_>, cluster: &ClusterSpec) -> Result<(), SpecError> {
    let faults = field.list()?;
    for fault in &faults {
        let fields = fault.map(&["at", "kill", "restart", "slow", "factor", "mtbf", "mttr"])?;
        if fields.get("mtbf").is_some() || fields.get("mttr").is_some() {
            let fields = fault.map(&["mtbf", "mttr"])?;
            fields.need("mtbf", "mtbf: 60s")?.span()?;
            fields.need("mttr", "mttr: 5s")?.span()?;
            continue;
        }
        fields.need("at", "at: 2s")?.span()?;
        let actions: Vec<Field<'_>> =
            ["kill", "restart", "slow"].iter().filter_map(|key| fields.get(key)).collect();
        let [action] = &actions[..] else {
            return Err(fault.error("needs exactly one of `kill`, `restart`, `slow`"));
        };
        node(action, cluster)?;
        match (fields.get("slow"), fields.get("factor")) {
            (Some(_), Some(factor)) => factor.read(units::positive).map(drop)?,
            (Some(_), None) => return Err(fault.error("`slow` needs a factor: `factor: 4`")),
            (None, Some(factor)) => return Err(factor.error("only goes with `slow`")),
            (None, None) => {}
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(Missing::Faults.refuse(field)) }
}

fn node(field: &Field<'_>, cluster: &ClusterSpec) -> Result<(), SpecError> {
    let text = field.text()?;
    let count = cluster.node_count();
    let index = text.strip_prefix("node-").and_then(|index| index.parse::<usize>().ok());
    match index {
        Some(index) if index < count && text == format!("node-{index}") => Ok(()),
        _ => Err(field
            .error(format!("no node is called `{text}`; valid: `node-0` to `node-{}`", count - 1))),
    }
}
