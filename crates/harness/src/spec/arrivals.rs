//! `arrivals:`, as written.
//!
//! A map of one key. What has a single parameter may be written without its name, so
//! that the flag's `poisson:30` and the file's `{poisson: {rate: 30}}` differ in no check: both
//! end in the same constructor. A trace is only named here: what of its file is needed, the
//! stages say.

use super::error::{BadValue, SpecError};
use super::reader::{Field, unknown};
use super::trace::{self, TraceFile};
use super::units;
use pipeline::RunError;
use pipeline::model::{Arrivals, Mmpp};
use sched_core::Span;
use std::path::Path;

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

/// Poisson arrivals of this many tasks per second.
pub fn poisson(rate: f64) -> Arrivals {
    Arrivals::Poisson { rate }
}

/// The form that [`parse_arrivals`] reads.
pub fn arrivals_text(arrivals: &Arrivals) -> String {
    match arrivals {
        Arrivals::Batch => "batch".to_owned(),
        Arrivals::Closed { in_flight } => format!("closed:{in_flight}"),
        Arrivals::Poisson { rate } => format!("poisson:{rate}"),
        Arrivals::Uniform { rate } => format!("uniform:{rate}"),
        Arrivals::Load(share) => format!("load:{share}"),
        Arrivals::Mmpp(mmpp) => {
            let states = mmpp.states().iter().map(|(rate, sojourn)| format!("{rate}@{sojourn}"));
            format!("mmpp:{}", states.collect::<Vec<_>>().join(","))
        }
        Arrivals::Trace(trace) => {
            let source = trace.source();
            let name = Path::new(&source.path).file_name().unwrap_or_default();
            let speed = match source.speedup {
                1.0 => String::new(),
                speedup => format!(":{speedup}x"),
            };
            format!("trace:{}{speed}", name.to_string_lossy())
        }
    }
}

/// What `arrivals:` says.
pub(super) enum Written<'a> {
    /// All of it.
    Here(Arrivals),
    /// Where it is.
    InFile(TraceFile<'a>),
}

pub(super) fn arrivals<'a>(field: &Field<'a>) -> Result<Written<'a>, SpecError> {
    let short = || Ok(Written::Here(field.read(parse_arrivals)?));
    if field.text().is_ok() {
        return short();
    }
    let (kind, value) = field.variant(&ARRIVALS)?;
    let Some(value) = value else { return short() };
    match kind {
        "batch" => Err(value.error("`batch` takes nothing: write `arrivals: batch`")),
        "mmpp" => Ok(Written::Here(Arrivals::Mmpp(mmpp(&value)?))),
        "trace" => Ok(Written::InFile(trace::file(&value)?)),
        _ => {
            let number = match parameter(kind) {
                Some(name) if value.text().is_err() => {
                    value.map(&[name])?.need(name, &format!("{name}: 30"))?
                }
                _ => value,
            };
            Ok(Written::Here(number.read(|text| one_number(kind, text))?))
        }
    }
}

/// `{rates: [5.0, 100.0], sojourn: [10s, 1s]}`
fn mmpp(field: &Field<'_>) -> Result<Mmpp, SpecError> {
    let fields = field.map(&["rates", "sojourn"])?;
    let rates = fields.need("rates", "rates: [5.0, 100.0]")?;
    let sojourn = fields.need("sojourn", "sojourn: [10s, 1s]")?;
    let (rate_list, sojourn_list) = (rates.list()?, sojourn.list()?);
    let (states, times) = (rate_list.len(), sojourn_list.len());
    if states != times {
        return Err(sojourn.error(format!("one time for each of the {states} rates, not {times}")));
    }
    if states < 2 {
        return Err(rates.error("needs at least two rates; else use `poisson`"));
    }
    let state = |(rate, sojourn): (&Field<'_>, &Field<'_>)| {
        let tasks = match rate.read(units::number)? {
            tasks if tasks >= 0.0 => tasks,
            tasks => return Err(rate.error(format!("a rate of `{tasks}` is below 0"))),
        };
        match sojourn.span()? {
            Span::ZERO => Err(sojourn.error("is not above 0: remove this state")),
            time => Ok((tasks, time)),
        }
    };
    let states = rate_list.iter().zip(&sojourn_list).map(state).collect::<Result<_, _>>()?;
    Mmpp::new(states).map_err(|error| match error {
        RunError::Setup(why) => field.error(why),
        other => field.error(other),
    })
}

/// Tasks at once at most: each takes a few hundred bytes of memory.
pub(super) const MOST_IN_FLIGHT: u64 = 10_000_000;

/// Tasks per second, at most one per nanosecond, the unit of time.
fn rate(text: &str) -> Result<f64, BadValue> {
    units::positive_up_to(text, 1e9)
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
        "closed" => Arrivals::Closed { in_flight: units::whole_up_to(text, 1, MOST_IN_FLIGHT)? },
        "poisson" => Arrivals::Poisson { rate: rate(text)? },
        "uniform" => Arrivals::Uniform { rate: rate(text)? },
        _ => Arrivals::Load(units::positive(text)?),
    })
}
