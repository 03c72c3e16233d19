//! Differences as sentences: `B is 4.1–9.3 % lower than A in p99`.
//!
//! Numbers have as many digits as tell the ends of the interval apart. What is shown but too small
//! to matter is told like what is not there; the files beside have it all. A measure that a
//! certificate says not to rely on has the mark that its numbers have.

use super::differences::{Cause, Difference};
use super::finding::{Delta, Finding, MOST_TIMES, times_as_long};
use super::number;
use crate::run::Measure;
use metrics::report::{MARK, Method};
use metrics::words::listed;

/// What is told of a difference, without a full stop. `name` is how a run is called.
pub(super) fn sentence(difference: &Difference, name: impl Fn(&str) -> String) -> String {
    let (run, against) = (name(&difference.run), name(&difference.against));
    let told = |wanted: fn(&Delta) -> bool| {
        let deltas = difference.deltas.iter();
        deltas.filter(move |(_, delta)| wanted(delta)).collect::<Vec<_>>()
    };
    let mut parts = Vec::new();
    let shown = told(is_shown);
    for (i, (measure, delta)) in shown.iter().enumerate() {
        let (amount, than) = amount(delta);
        let (is, than) = match i {
            0 => (format!("{run} is "), format!(" {than} {against}")),
            _ => Default::default(),
        };
        parts.push(format!("{is}{amount}{than} in {}", name_of(measure, delta)));
    }
    let mut text = parts.join(", ");
    let mut add = |part: String| {
        let start = match text.is_empty() {
            false => "; ".to_owned(),
            true => format!("{run} against {against}: "),
        };
        text.push_str(&format!("{start}{part}"));
    };
    let alike = told(Delta::is_small);
    if all_alike(difference) && alike.len() > 1 {
        add(format!("less than 1 % apart in every measure{}", save([difference])));
    } else if !alike.is_empty() {
        add(format!("less than 1 % apart in {}", names(&alike)));
    }
    let open = told(|delta| matches!(delta.finding, Finding::Open { .. }));
    if !open.is_empty() {
        add(format!("no difference shown in {}{}", names(&open), more([difference])));
    }
    let correlated = told(|delta| delta.finding == Finding::Correlated);
    if !correlated.is_empty() {
        add(format!("nothing to tell in {}, whose batches correlate", names(&correlated)));
    }
    text
}

/// `, about 30 more repetitions would be needed`: those that the most open of these needs. Of batches:
/// how much longer the run would have to be. What takes [`MOST_TIMES`] as much has no number.
pub(super) fn more<'d>(differences: impl IntoIterator<Item = &'d Difference>) -> String {
    let deltas = differences.into_iter().flat_map(|difference| &difference.deltas);
    let missing = deltas.filter_map(|(_, delta)| match (delta.finding, delta.by) {
        (Finding::Open { missing }, Method::Repetitions) => {
            let missing = missing?;
            Some((missing, times_as_long(delta.pairs(), missing)))
        }
        (Finding::Open { missing }, Method::BatchMeans) => {
            Some((0, times_as_long(delta.pairs(), missing?)))
        }
        _ => None,
    });
    missing.max().map_or_else(String::new, |missing| match missing {
        (1.., times) if times > MOST_TIMES => {
            format!(", and only more than {MOST_TIMES} times as many repetitions could show one")
        }
        (0, times) if times > MOST_TIMES => {
            format!(", and only a run more than {MOST_TIMES} times as long could show one")
        }
        (0, times) => {
            let times = number::count(rounded(times));
            format!(", a run about {times} times as long would be needed")
        }
        (1, _) => ", about 1 more repetition would be needed".to_owned(),
        (n, _) => format!(", about {} more repetitions would be needed", number::count(rounded(n))),
    })
}

/// `, of which p99! must not be relied on`: measures of differences that are not named one by one.
pub(super) fn save<'d>(differences: impl IntoIterator<Item = &'d Difference>) -> String {
    let mut spoilt: Vec<String> = Vec::new();
    for (measure, delta) in differences.into_iter().flat_map(|difference| &difference.deltas) {
        let name = name_of(measure, delta);
        if delta.spoilt && !spoilt.contains(&name) {
            spoilt.push(name);
        }
    }
    match spoilt.is_empty() {
        true => String::new(),
        false => format!(", of which {} must not be relied on", listed(&spoilt)),
    }
}

/// A measure, with the mark if one of its two numbers has it.
fn name_of(measure: &Measure, delta: &Delta) -> String {
    let mut name = measure.name().to_owned();
    if delta.spoilt {
        name.push(MARK);
    }
    name
}

/// Whether there is nothing to tell but that the two are alike.
pub(super) fn all_alike(difference: &Difference) -> bool {
    difference.deltas.iter().all(|(_, delta)| delta.is_small())
}

/// Shown, and large enough to be told.
fn is_shown(delta: &Delta) -> bool {
    delta.finding == Finding::Shown && !delta.is_small()
}

/// What priorities do to tasks, where that is shown.
pub(super) fn by_level(difference: &Difference, name: impl Fn(&str) -> String) -> Option<String> {
    let Cause::Level { high, low, p99_ms } = difference.cause else { return None };
    let (_, delta) = difference.deltas.iter().find(|(_, delta)| is_shown(delta))?;
    let (amount, than) = amount(delta);
    let (run, against) = (name(&difference.run), name(&difference.against));
    let p99 = name_of(&Measure::P99, delta);
    let told = match run == against {
        true => {
            format!("under {run} the {p99} of level {high} is {amount} {than} that of level {low}")
        }
        false => format!(
            "the {p99} of level {high}, relative to that of level {low}, is {amount} under {run} \
             {than} under {against}"
        ),
    };
    let [of_high, of_low] = p99_ms.map(number::short);
    Some(format!("{told} ({of_high} and {of_low} ms under {run})"))
}

/// `p50, p95 and p99`
fn names(deltas: &[&(Measure, Delta)]) -> String {
    let names = deltas.iter().map(|(measure, delta)| name_of(measure, delta));
    listed(&names.collect::<Vec<_>>())
}

/// `4.1–9.3 % lower` and `than`; from three times on `3.1–3.4 times as high` and `as`; where the base
/// is nothing, in ms or tasks/s.
pub(super) fn amount(delta: &Delta) -> (String, &'static str) {
    let word = delta.word();
    let Some(share) = delta.share() else {
        let [low, high] = delta.interval().unwrap_or_default().map(f64::abs);
        let range = range(low.min(high), low.max(high), number::short);
        return (format!("{range} {word}"), "than");
    };
    if share[0] >= 2.0 {
        let range = range(share[0] + 1.0, share[1] + 1.0, |x| number::digits(x, 2));
        return (format!("{range} times as high"), "as");
    }
    let [low, high] = share.map(|x| (x * 100.0).abs());
    let (low, high) = (low.min(high), low.max(high));
    // As many digits as tell the ends apart, and the lower one from nothing.
    let decimals = match high - low {
        width if width >= 3.0 && low >= 1.0 => 0,
        width if width >= 0.3 && low >= 0.1 => 1,
        _ => 2,
    };
    let range = range(low, high, |x| number::fixed(Some(x), decimals));
    (format!("{range} % {word}"), "than")
}

fn range(low: f64, high: f64, text: impl Fn(f64) -> String) -> String {
    match (text(low), text(high)) {
        (low, high) if low == high => low,
        (low, high) => format!("{low}–{high}"),
    }
}

/// To two significant digits, upwards: an estimate from a handful of repetitions is no better.
fn rounded(n: u64) -> u64 {
    let mut unit = 1_u64;
    while n / unit >= 100 {
        unit = unit.saturating_mul(10);
    }
    n.div_ceil(unit).saturating_mul(unit)
}

#[cfg(test)]
mod tests {
    use super::super::finding::judge;
    use super::*;

    fn difference(cause: Cause, deltas: &[(Measure, &[(f64, f64)])]) -> Difference {
        let delta =
            |(measure, pairs): &(Measure, &[(f64, f64)])| (*measure, Delta::of_pairs(pairs));
        let mut deltas: Vec<_> = deltas.iter().map(delta).collect();
        judge(&mut deltas.iter_mut().map(|(_, delta)| delta).collect::<Vec<_>>());
        Difference {
            run: "b".into(),
            against: "a".into(),
            part: String::new(),
            cause,
            by: Method::Repetitions,
            pairs: 3,
            same_tasks: true,
            deltas,
        }
    }

    fn told(cause: Cause, deltas: &[(Measure, &[(f64, f64)])]) -> String {
        sentence(&difference(cause, deltas), str::to_owned)
    }

    const LOWER: [(f64, f64); 3] = [(93.0, 100.0), (94.0, 100.0), (95.0, 100.0)];
    const EQUAL: [(f64, f64); 2] = [(7.0, 7.0), (8.0, 8.0)];
    const WIDE: [(f64, f64); 3] = [(90.0, 100.0), (110.0, 100.0), (101.0, 100.0)];

    #[test]
    fn what_is_shown_is_told_with_its_interval() {
        // Logarithm of 0.94; without one of the pairs 0.945, 0.94, 0.935, so the deviation is 0.01064 and the
        // interval −0.0619 ± 4.302653 × 0.01064 ÷ √3: −0.0883 to −0.0354.
        let text = told(Cause::Policy, &[(Measure::P99, &LOWER)]);
        assert_eq!(text, "b is 3–8 % lower than a in p99");
        let levels = difference(
            Cause::Level { high: 9, low: 0, p99_ms: [40.0, 50.5] },
            &[(Measure::P99, &LOWER)],
        );
        assert_eq!(
            by_level(&levels, str::to_owned).unwrap(),
            "the p99 of level 9, relative to that of level 0, is 3–8 % lower under b than under a \
             (40 and 50.5 ms under b)"
        );
        let alone = Difference { against: "b".into(), ..levels };
        assert_eq!(
            by_level(&alone, str::to_owned).unwrap(),
            "under b the p99 of level 9 is 3–8 % lower than that of level 0 (40 and 50.5 ms under b)"
        );
        // Equal differences have an interval of no width.
        let fixed = [(110.0, 100.0), (110.0, 100.0)];
        let text = told(Cause::Policy, &[(Measure::Mean, &fixed)]);
        assert_eq!(text, "b is 10.00 % higher than a in mean latency");
        let barely = [(105.1, 100.0), (103.0, 100.0), (101.0, 100.0), (104.0, 100.0)];
        let text = told(Cause::Policy, &[(Measure::P50, &barely)]);
        assert_eq!(text, "b is 0.5–6.1 % higher than a in p50");
        let from_nothing = [(2.0, 0.0), (2.0, 0.0)];
        let text = told(Cause::Policy, &[(Measure::Wait, &from_nothing)]);
        assert_eq!(text, "b is 2 higher than a in wait");
        let high = [(1.0, 0.01), (1.1, 0.01), (1.2, 0.01)];
        let text = told(Cause::Policy, &[(Measure::Mean, &high), (Measure::P99, &LOWER)]);
        assert_eq!(text, "b is 88–138 times as high as a in mean latency, 3–8 % lower in p99");
    }

    #[test]
    fn what_must_not_be_relied_on_is_marked() {
        let all: [(Measure, &[(f64, f64)]); 2] = [(Measure::P50, &EQUAL), (Measure::P99, &LOWER)];
        let mut two = difference(Cause::Policy, &all);
        two.deltas[1].1.spoilt = true;
        let text = sentence(&two, str::to_owned);
        assert_eq!(text, "b is 3–8 % lower than a in p99!; less than 1 % apart in p50");
        two.deltas[0].1.spoilt = true;
        assert!(sentence(&two, str::to_owned).ends_with("apart in p50!"));
        let mut alike = difference(Cause::Policy, &[all[0], (Measure::P99, &EQUAL)]);
        alike.deltas[1].1.spoilt = true;
        assert_eq!(
            sentence(&alike, str::to_owned),
            "b against a: less than 1 % apart in every measure, of which p99! must not be relied on"
        );
    }

    #[test]
    fn what_is_shown_but_small_is_not_told_as_a_difference() {
        let small = [(100.5, 100.0), (100.5, 100.0)];
        let difference =
            difference(Cause::Policy, &[(Measure::P99, &small), (Measure::P50, &LOWER)]);
        assert_eq!(difference.deltas[0].1.finding, Finding::Shown);
        let text = sentence(&difference, str::to_owned);
        assert_eq!(text, "b is 3–8 % lower than a in p50; less than 1 % apart in p99");
    }

    #[test]
    fn what_is_not_shown_is_told_too() {
        let all: [(Measure, &[(f64, f64)]); 3] =
            [(Measure::P50, &EQUAL), (Measure::P99, &LOWER), (Measure::Wait, &WIDE)];
        assert_eq!(
            told(Cause::Policy, &all),
            "b is 3–8 % lower than a in p99; less than 1 % apart in p50; no difference shown in \
             wait, and only more than 100 times as many repetitions could show one"
        );
        // Deviation 0.0102, level 0.05: (1.9600 + 0.8416)² × (0.0102 ÷ 0.00995)² + 1.92 = 10.1.
        let near = [(99.0, 100.0), (101.0, 100.0), (100.3, 100.0)];
        assert_eq!(
            told(Cause::Policy, &[(Measure::Wait, &near)]),
            "b against a: no difference shown in wait, about 8 more repetitions would be needed"
        );
        assert_eq!(
            told(Cause::Binding, &[(Measure::P50, &EQUAL), (Measure::P95, &EQUAL)]),
            "b against a: less than 1 % apart in every measure"
        );
    }
}
