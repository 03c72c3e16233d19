//! Service laws, as written: of a stage, and of the network.
//!
//! A law is a map of one key, with named parameters. A column of a trace is no law yet: only the
//! workload knows the trace.

use super::error::{BadValue, SpecError};
use super::lengths::{AZURE_LLM_CODE, azure_llm_code};
use super::lines::{Lines, lasting_path};
use super::reader::{Field, Fields};
use super::units;
use pipeline::RunError;
use pipeline::model::{Mix, ServiceLaw, TokenTimes, Tokens, Values};
use sched_core::Span;
use std::sync::Arc;

/// Phases of an Erlang law at most: with more it is a constant, and a draw takes a draw per phase.
const MOST_PHASES: u64 = 10_000;

/// A coefficient of variation. Above 1,000 no run is long enough to see the mean.
fn most_cv(text: &str) -> Result<f64, BadValue> {
    units::positive_up_to(text, 1000.0)
}

/// Kinds of service laws, in the order in which they are listed to a reader.
const SERVICES: [&str; 11] = [
    "constant",
    "exponential",
    "lognormal",
    "pareto",
    "uniform",
    "erlang",
    "hyperexponential",
    "empirical",
    "trace",
    "tokens",
    "mix",
];

/// What a `service:` says.
pub(super) enum Written<'a> {
    /// All of it.
    Law(ServiceLaw),
    /// Which column of the trace to take.
    Column(Field<'a>),
}

/// A law that stands for itself.
pub(super) fn law(field: &Field<'_>) -> Result<ServiceLaw, SpecError> {
    match service(field)? {
        Written::Law(law) => Ok(law),
        Written::Column(column) => {
            Err(column.error("a trace has times of stages only; write a law, as `{constant: 1ms}`"))
        }
    }
}

pub(super) fn service<'a>(field: &Field<'a>) -> Result<Written<'a>, SpecError> {
    let number = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
    if field.text().is_ok_and(number) {
        return Err(field.error("name the law: write for example `{constant: 25ms}`"));
    }
    let (kind, value) = field.variant(&SERVICES)?;
    let value = match value {
        Some(value) if kind == "constant" || kind == "mix" || value.pairs().is_ok() => value,
        _ => {
            let example = example(kind);
            let message = format!("`{kind}` takes named parameters: write for example `{example}`");
            return Err(field.error(message));
        }
    };
    if kind == "trace" {
        let column = value.map(&["column"])?.need("column", "column: service_s")?;
        column.text()?;
        return Ok(Written::Column(column));
    }
    parameters(kind, &value).map(Written::Law)
}

fn parameters(kind: &str, value: &Field<'_>) -> Result<ServiceLaw, SpecError> {
    let mean = |fields: &Fields<'_>| -> Result<Span, SpecError> {
        let field = fields.need("mean", "mean: 25ms")?;
        above_zero(&field, field.span()?)
    };
    match kind {
        "constant" => Ok(ServiceLaw::Constant(value.span()?)),
        "exponential" => Ok(ServiceLaw::Exponential { mean: mean(&value.map(&["mean"])?)? }),
        "lognormal" => {
            let fields = value.map(&["mean", "cv"])?;
            let cv = fields.need("cv", "cv: 0.3")?.read(most_cv)?;
            Ok(ServiceLaw::Lognormal { mean: mean(&fields)?, cv })
        }
        "pareto" => {
            let fields = value.map(&["mean", "alpha"])?;
            let mean = mean(&fields)?;
            let field = fields.need("alpha", "alpha: 2.5")?;
            match field.positive()? {
                alpha if alpha > 1.0 => Ok(ServiceLaw::Pareto { mean, alpha }),
                alpha => Err(field.error(format!("`{alpha}` is not above 1: no mean exists"))),
            }
        }
        "uniform" => {
            let fields = value.map(&["min", "max"])?;
            let min = fields.need("min", "min: 10ms")?.span()?;
            let field = fields.need("max", "max: 40ms")?;
            match field.span()? {
                max if max >= min => Ok(ServiceLaw::Uniform { min, max }),
                max => Err(field.error(format!("{max} is below `min`, {min}"))),
            }
        }
        "erlang" => {
            let fields = value.map(&["mean", "k"])?;
            let k =
                fields.need("k", "k: 4")?.read(|text| units::whole_up_to(text, 1, MOST_PHASES))?;
            let k = u32::try_from(k).unwrap_or(u32::MAX);
            Ok(ServiceLaw::Erlang { mean: mean(&fields)?, k })
        }
        "hyperexponential" => {
            let fields = value.map(&["mean", "cv"])?;
            let mean = mean(&fields)?;
            let field = fields.need("cv", "cv: 2")?;
            match field.read(most_cv)? {
                cv if cv >= 1.0 => Ok(ServiceLaw::Hyperexponential { mean, cv }),
                cv => Err(field.error(format!("`{cv}` is below 1: use `lognormal` or `erlang`"))),
            }
        }
        "tokens" => tokens(value),
        "mix" => mix(value),
        _ => {
            let path = value.map(&["path"])?.need("path", "path: times.csv")?;
            Ok(ServiceLaw::Empirical(Arc::new(empirical(&path)?)))
        }
    }
}

/// `{base: 5ms, context_rate: 15000, per_generated: 9500us, lengths: azure_llm_code}`
fn tokens(value: &Field<'_>) -> Result<ServiceLaw, SpecError> {
    let fields = value.map(&["base", "context_rate", "per_generated", "lengths"])?;
    let span = |key: &str| fields.get(key).map_or(Ok(Span::ZERO), |field| field.span());
    let times = TokenTimes {
        base: span("base")?,
        context_rate: fields.get("context_rate").map_or(Ok(0), |field| field.whole_u32(1))?,
        per_generated: span("per_generated")?,
    };
    let lengths = fields.need("lengths", "lengths: azure_llm_code")?;
    lengths.choice(&[(AZURE_LLM_CODE, ())])?;
    let law = azure_llm_code().and_then(|lengths| Tokens::new(lengths, times));
    Ok(ServiceLaw::Tokens(Arc::new(law.map_err(|error| value.error(error))?)))
}

/// `[{share: 0.7, service: {constant: 1ms}}, {share: 0.3, service: …}]`
fn mix(value: &Field<'_>) -> Result<ServiceLaw, SpecError> {
    let mut parts = Vec::new();
    for part in value.list()? {
        let fields = part.map(&["share", "service"])?;
        let share = fields.need("share", "share: 0.5")?.positive()?;
        let service = fields.need("service", "service: {constant: 25ms}")?;
        parts.push((share, law(&service)?));
    }
    let mix = Mix::new(parts).map_err(|error| match error {
        RunError::Setup(why) => value.error(format!("{why}; write shares that sum to 1")),
        other => value.error(other),
    })?;
    Ok(ServiceLaw::Mix(Arc::new(mix)))
}

/// Most values of an empirical law: beyond, more of them change nothing.
const MOST_VALUES: usize = 10_000_000;

/// A time on each line: a number of seconds, or one with a unit, as `25ms`. The first line may be the
/// name of the column, `service_s`.
fn empirical(path: &Field<'_>) -> Result<Values, SpecError> {
    let mut lines = Lines::open(path)?;
    let mut spans = Vec::new();
    while let Some(line) = lines.next()? {
        let mut cells = line.cells();
        let (Some(cell), None) = (cells.next(), cells.next()) else {
            return Err(line.error("expected one time on each line, and no commas"));
        };
        if line.is_first() && cell.text == "service_s" {
            continue;
        }
        let number = cell.text.parse::<f64>().is_ok();
        spans.push(cell.read(if number { units::seconds } else { units::span })?);
        if spans.len() > MOST_VALUES {
            return Err(line.error(format!("more than {MOST_VALUES} values; use a part of them")));
        }
    }
    if spans.is_empty() {
        return Err(lines.error("the file holds no times; write one on each line, as `25ms`"));
    }
    Values::new(lasting_path(path)?, spans).map_err(|error| path.error(error))
}

fn above_zero(field: &Field<'_>, span: Span) -> Result<Span, SpecError> {
    if span == Span::ZERO {
        return Err(field.error("is not above 0: use `{constant: 0s}` for no time at all"));
    }
    Ok(span)
}

fn example(kind: &str) -> &'static str {
    match kind {
        "constant" => "{constant: 25ms}",
        "lognormal" => "{lognormal: {mean: 25ms, cv: 0.3}}",
        "pareto" => "{pareto: {mean: 25ms, alpha: 2.5}}",
        "uniform" => "{uniform: {min: 10ms, max: 40ms}}",
        "erlang" => "{erlang: {mean: 25ms, k: 4}}",
        "hyperexponential" => "{hyperexponential: {mean: 25ms, cv: 2}}",
        "empirical" => "{empirical: {path: times.csv}}",
        "trace" => "{trace: {column: service_s}}",
        "tokens" => "{tokens: {context_rate: 15000, lengths: azure_llm_code}}",
        "mix" => {
            "{mix: [{share: 0.7, service: {constant: 1ms}}, {share: 0.3, service: {constant: 9ms}}]}"
        }
        _ => "{exponential: {mean: 25ms}}",
    }
}
