//! The highest arrival rate that meets an objective: searched for, then checked.
//!
//! The check is a run as any other, at the lower end of the interval and with seeds that the search has
//! not seen: what was found by looking at some repetitions must hold in others.

use harness::metrics::report::Summary;
use harness::sched_core::Span;
use harness::slo::{Found, HIGHEST, Objective, STEP, can_search, search};
use harness::spec::{Configuration, RunSpec, Spec};
use harness::table::Table;
use harness::{Chapter, Error, Measured, Piece, Running, number};
use serde_json::{Map, Value, json};

/// The first tasks are counted nowhere: the system is not empty for long.
const WARMUP: u64 = 10;
/// Digits of a rate that is checked.
const DIGITS: i32 = 4;

/// Searches with each run of `spec`. What is run then are the checks.
///
/// # Errors
/// When the objective cannot be met, or a run breaks off.
pub(crate) fn prepare(
    objective: &str,
    spec: &Spec,
    running: &Running,
    all: &mut Vec<(String, Found)>,
) -> Result<Option<Spec>, Error> {
    let objective = Objective::parse("--slo", objective)?;
    let runs = spec.runs();
    runs.iter().try_for_each(can_search)?;
    let mut checks = Spec { configurations: Vec::new(), ..spec.clone() };
    for (i, mut run) in runs.iter().cloned().enumerate() {
        if run.setup.workload.warmup == 0 {
            run.setup.workload.warmup = run.setup.workload.tasks / WARMUP;
        }
        eprintln!(
            "[{}/{}] searching for the highest rate with {objective}: {}",
            i + 1,
            runs.len(),
            run.name
        );
        let Some(found) = search(&run, objective, running)? else { return Ok(None) };
        let name = if runs.len() == 1 { "slo".to_owned() } else { format!("slo_{}", i + 1) };
        checks.configurations.push(check(&run, name, &found));
        all.push((String::new(), found));
    }
    // Names are given by the spec, to all of its runs together.
    for (run, (name, _)) in checks.runs().into_iter().zip(all) {
        *name = run.name;
    }
    Ok(Some(checks))
}

fn check(run: &RunSpec, name: String, found: &Found) -> Configuration {
    let mut setup = run.setup.clone();
    let rate = found.ci95.map_or(found.rate, |[low, _]| low).max(found.full * STEP);
    setup.workload.arrivals = harness::spec::poisson(rounded_down(rate));
    setup.seed = setup.seed.wrapping_add(u64::from(setup.repetitions));
    Configuration {
        name,
        part: "objective".to_owned(),
        setup,
        schedulers: vec![run.policy.clone()],
    }
}

/// To a few digits, so that a person can type it.
fn rounded_down(rate: f64) -> f64 {
    let decimals = DIGITS - 1 - rate.log10().floor() as i32;
    let unit = 10_f64.powi(decimals.abs());
    let down = |x: f64| (x + 1e-9).floor();
    if decimals >= 0 { down(rate * unit) / unit } else { down(rate / unit) * unit }
}

/// The quantile of the objective, and its interval if the report has one.
fn quantile(summary: &Summary, objective: Objective) -> (Option<f64>, Option<[f64; 2]>) {
    match objective.permille {
        500 => (summary.p50, summary.p50_ci95),
        900 => (summary.p90, None),
        950 => (summary.p95, summary.p95_ci95),
        990 => (summary.p99, summary.p99_ci95),
        _ => (summary.p999, None),
    }
}

/// Whether the check met the objective, if that can be told.
fn met(limit: Span, (value, ci95): (Option<f64>, Option<[f64; 2]>)) -> Option<bool> {
    let limit = limit.as_secs_f64() * 1e3;
    match ci95 {
        Some([_, high]) if high <= limit => Some(true),
        Some([low, _]) if low > limit => Some(false),
        Some(_) => None,
        None => value.map(|value| value <= limit),
    }
}

/// The chapter about what was found, and the checks of it that there are.
pub(crate) fn chapter(all: &[(String, Found)], runs: &[Measured]) -> Chapter {
    let check = |name: &str| runs.iter().find(|run| run.report().name == name);
    let rows = all.iter().map(|(name, found)| row_json(found, check(name))).collect();
    Chapter {
        name: "slo",
        headlines: all.iter().filter_map(|found| headline(found, runs)).collect(),
        pieces: pieces(all, runs),
        json: Map::from_iter([("policies".to_owned(), Value::Array(rows))]),
        picture: None,
        plane: None,
    }
}

/// What was found of a policy, and what became of the check.
fn headline((name, found): &(String, Found), runs: &[Measured]) -> Option<String> {
    let run = runs.iter().find(|run| run.report().name == *name)?;
    let metrics = &run.report().metrics;
    let value = quantile(&metrics.latency_ms.end_to_end, found.objective);
    let interval = found
        .ci95
        .map_or_else(String::new, |ci| format!(" (95 %: {})", ci.map(number::short).join(" to ")));
    Some(format!(
        "{}, {} binding, meets {} up to {} tasks/s{interval}, {:.1} % of the full rate; the check with \
         other seeds {}.",
        metrics.config.policy,
        metrics.config.bind,
        found.objective,
        number::short(found.rate),
        found.rate / found.full * 100.0,
        match met(found.objective.limit, value) {
            Some(true) => "met it",
            Some(false) => "missed it",
            None => "does not tell",
        }
    ))
}

fn pieces(all: &[(String, Found)], runs: &[Measured]) -> Vec<Piece> {
    let Some((_, first)) = all.first() else { return Vec::new() };
    let objective = first.objective;
    let key = objective.quantile().replace('.', "");
    let measured = format!("{} there, ms", objective.quantile());
    let mut table = Table::new(&[
        "policy",
        "bind",
        "highest tasks/s",
        "95 %",
        "of full",
        "checked at",
        &measured,
        "95 %",
        "objective",
    ]);
    let range =
        |ci: Option<[f64; 2]>| ci.map_or("-".to_owned(), |ci| ci.map(number::short).join("–"));
    for (name, found) in all {
        let Some(run) = runs.iter().find(|run| run.report().name == *name) else { continue };
        let metrics = &run.report().metrics;
        let value = quantile(&metrics.latency_ms.end_to_end, objective);
        table.row(vec![
            metrics.config.policy.clone(),
            metrics.config.bind.clone(),
            number::short(found.rate),
            range(found.ci95),
            number::fixed(Some(found.rate / found.full * 100.0), 1) + " %",
            metrics.config.arrivals.clone(),
            run.marked(number::cell(value.0), &format!("latency_ms.end_to_end.{key}")),
            range(value.1),
            match met(objective.limit, value) {
                Some(true) => "met",
                Some(false) => "missed",
                None => "not told",
            }
            .to_owned(),
        ]);
    }
    let repetitions = first.repetitions.len();
    let mut method = format!(
        "Virtual time, Poisson arrivals. Each of {repetitions} repetitions is bisected by itself to {} % of \
         the full rate ({} tasks/s, where the first resource is full): at every rate it has the same gaps, \
         scaled, and the same service times. 95 %: Student's t over the repetitions. Checked with further \
         seeds, at the lower end of the interval; not told: the limit lies within the interval of the check.",
        STEP * 100.0,
        number::short(first.full),
    );
    let capped: usize = all.iter().map(|(_, found)| found.capped).sum();
    if capped > 0 {
        method.push_str(&format!(
            " {capped} repetitions meet the objective even at {} % of the full rate: the capacity is their \
             bound, and a longer run might miss it.",
            HIGHEST * 100.0
        ));
    }
    vec![
        Piece::Heading(format!("objective: {objective}")),
        Piece::Table(table),
        Piece::Legend(method),
    ]
}

fn row_json(found: &Found, check: Option<&Measured>) -> Value {
    let objective = found.objective;
    let check = check.map(|run| {
        let report = run.report();
        let value = quantile(&report.metrics.latency_ms.end_to_end, objective);
        json!({
            "run": report.name,
            "policy": report.metrics.config.policy,
            "bind": report.metrics.config.bind,
            "arrivals": report.metrics.config.arrivals,
            "latency_ms": value.0,
            "latency_ci95": value.1,
            "met": met(objective.limit, value),
            "partial": report.metrics.partial,
        })
    });
    let repetitions = found.repetitions.iter();
    let repetitions = repetitions.map(|(seed, rate)| json!({"seed": seed, "tasks_per_sec": rate}));
    json!({
        "objective": objective.to_string(),
        "quantile": objective.quantile(),
        "limit_ms": objective.limit.as_secs_f64() * 1e3,
        "method": "bisection of each repetition in virtual time, common random numbers, Student's t",
        "tasks_per_sec": found.rate,
        "ci95": found.ci95,
        "full_tasks_per_sec": found.full,
        "share_of_full": found.rate / found.full,
        "repetitions": repetitions.collect::<Vec<_>>(),
        "repetitions_at_capacity": found.capped,
        "runs": found.runs,
        "check": check,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_rounded_down_to_four_digits() {
        for (rate, rounded) in [
            (431.27, 431.2),
            (9.99999, 9.999),
            (12_345.6, 12_340.0),
            (0.056_789, 0.056_78),
            (100.0, 100.0),
        ] {
            assert!(
                (rounded_down(rate) / rounded - 1.0).abs() < 1e-12,
                "{rate}: {}",
                rounded_down(rate)
            );
        }
    }

    #[test]
    fn an_objective_is_met_only_by_all_of_the_interval() {
        let limit = Span::from_millis(200);
        let at = |ci95| met(limit, (Some(195.0), ci95));
        assert_eq!(at(Some([190.0, 199.0])), Some(true));
        assert_eq!(at(Some([190.0, 201.0])), None);
        assert_eq!(at(Some([201.0, 209.0])), Some(false));
        assert_eq!(at(None), Some(true));
        assert_eq!(met(limit, (None, None)), None);
    }
}
