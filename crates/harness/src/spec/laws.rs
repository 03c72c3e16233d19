//! Laws of service and arrival, as written.
//!
//! A law is a map of one key. What has a single parameter may be written without its
//! name, so that the flag's `poisson:30` and the file's `{poisson: {rate: 30}}` differ
//! in no check: both end in the same constructor.

use super::error::{BadValue, SpecError};
use super::reader::{Field, Fields, unknown};
use super::units;
use super::unsupported::{self, Missing};
use pipeline::model::{Arrivals, ServiceLaw};
use sched_core::Span;

/// Kinds of arrivals, in the order in which they are listed to a reader.
const ARRIVALS: [&str; 7] = ["batch", "closed", "poisson", "uniform", "load", "mmpp", "trace"];

/// Reads the form of flags: `batch`, `closed:64`, `poisson:30`, `uniform:30`, `load:0.8`.
///
/// # Errors
/// An unknown kind, a missing or superfluous number, or one that is out of range.
pub fn parse_arrivals(text: &str) -> Result<Arrivals, BadValue> {
    let (kind, number) = match text.split_once(':') {
        Some((kind, number)) => (kind.trim(), Some(number.trim())),
        None => (text.trim(), None),
    };
    match (kind, number) {
        ("batch", None) => Ok(Arrivals::Batch),
        ("batch", Some(_)) => Err(BadValue(format!("`{text}`: `batch` takes no number"))),
        ("mmpp" | "trace", _) => Err(BadValue(format!(
            "`{text}`: `{kind}` can only be written in a spec file, as a map"
        ))),
        (_, Some(number)) if parameter(kind).is_some() => {
            one_number(kind, number).map_err(|error| BadValue(format!("`{kind}`: {error}")))
        }
        (_, None) if parameter(kind).is_some() => {
            let example = if kind == "load" { "0.8" } else { "30" };
            Err(BadValue(format!("`{kind}` needs a number: write for example `{kind}:{example}`")))
        }
        _ => Err(BadValue(unknown("arrivals", kind, &ARRIVALS[..5]))),
    }
}

/// The form that [`parse_arrivals`] reads.
pub fn arrivals_text(arrivals: &Arrivals) -> String {
    match arrivals {
        Arrivals::Batch => "batch".to_owned(),
        Arrivals::Closed { in_flight } => format!("closed:{in_flight}"),
        Arrivals::Poisson { rate } => format!("poisson:{rate}"),
        Arrivals::Uniform { rate } => format!("uniform:{rate}"),
        Arrivals::Load(share) => format!("load:{share}"),
    }
}

pub(super) fn arrivals(field: &Field<'_>) -> Result<Arrivals, SpecError> {
    if field.text().is_ok() {
        return field.read(parse_arrivals);
    }
    let (kind, value) = field.variant(&ARRIVALS)?;
    let Some(value) = value else { return field.read(parse_arrivals) };
    match kind {
        "batch" => Err(value.error("`batch` takes nothing: write `arrivals: batch`")),
        "mmpp" => Err(unsupported::mmpp(&value)),
        "trace" => Err(unsupported::trace(&value)),
        _ => {
            let number = match parameter(kind) {
                Some(name) if value.text().is_err() => {
                    value.map(&[name])?.need(name, &format!("{name}: 30"))?
                }
                _ => value,
            };
            number.read(|text| one_number(kind, text))
        }
    }
}

/// Name of the only parameter of a kind of arrivals.
fn parameter(kind: &str) -> Option<&'static str> {
    match kind {
        "closed" => Some("in_flight"),
        "poisson" | "uniform" => Some("rate"),
        "load" => Some("share"),
        _ => None,
    }
}

fn one_number(kind: &str, text: &str) -> Result<Arrivals, BadValue> {
    Ok(match kind {
        "closed" => Arrivals::Closed { in_flight: units::whole(text, 1)? },
        "poisson" => Arrivals::Poisson { rate: units::positive(text)? },
        "uniform" => Arrivals::Uniform { rate: units::positive(text)? },
        _ => Arrivals::Load(units::positive(text)?),
    })
}

/// Kinds of service laws, in the order in which they are listed to a reader.
const SERVICES: [&str; 9] = [
    "constant",
    "exponential",
    "lognormal",
    "pareto",
    "uniform",
    "erlang",
    "hyperexponential",
    "empirical",
    "trace",
];

pub(super) fn service(field: &Field<'_>) -> Result<ServiceLaw, SpecError> {
    let number = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
    if field.text().is_ok_and(number) {
        return Err(field.error("name the law: write for example `{constant: 25ms}`"));
    }
    let (kind, value) = field.variant(&SERVICES)?;
    let value = match value {
        Some(value) if kind == "constant" || value.pairs().is_ok() => value,
        _ => {
            let example = example(kind);
            let message = format!("`{kind}` takes named parameters: write for example `{example}`");
            return Err(field.error(message));
        }
    };
    let mean = |fields: &Fields<'_>| -> Result<Span, SpecError> {
        let field = fields.need("mean", "mean: 25ms")?;
        above_zero(&field, field.span()?)
    };
    match kind {
        "constant" => Ok(ServiceLaw::Constant(value.span()?)),
        "exponential" => Ok(ServiceLaw::Exponential { mean: mean(&value.map(&["mean"])?)? }),
        "lognormal" => {
            let fields = value.map(&["mean", "cv"])?;
            let cv = fields.need("cv", "cv: 0.3")?.positive()?;
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
            let k = fields.need("k", "k: 4")?.whole_u32(1)?;
            Ok(ServiceLaw::Erlang { mean: mean(&fields)?, k })
        }
        "hyperexponential" => {
            let fields = value.map(&["mean", "cv"])?;
            let mean = mean(&fields)?;
            let field = fields.need("cv", "cv: 2")?;
            match field.positive()? {
                cv if cv >= 1.0 => Ok(ServiceLaw::Hyperexponential { mean, cv }),
                cv => Err(field.error(format!("`{cv}` is below 1: use `lognormal` or `erlang`"))),
            }
        }
        "empirical" => {
            Err(unsupported::one_word(&value, "path", "path: times.csv", Missing::Empirical))
        }
        _ => {
            Err(unsupported::one_word(&value, "column", "column: service_s", Missing::ServiceTrace))
        }
    }
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
        _ => "{exponential: {mean: 25ms}}",
    }
}
