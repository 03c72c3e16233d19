//! The certificate of a run: what it has checked of itself, as it stands in the JSON.
//!
//! Plain data; `certify` makes the checks of a repetition, and [`Fold`](crate::Fold) puts those of
//! all repetitions together. Laws that hold exactly are apart from judgements of statistics: a
//! broken law means that the tool is wrong, a mark that a number says less than it seems to.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Stands behind a number that must not be relied on, wherever numbers are shown.
pub const MARK: char = '!';

/// What a run has checked of itself.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    /// The checks together.
    pub verdict: Verdict,
    /// Every check, in the order of [`CheckName`].
    pub checks: Vec<Check>,
}

/// What the checks say together.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Nothing fails.
    Sound,
    /// The account is right; some numbers say less than they seem to, and are named.
    Marked,
    /// The account contradicts itself: no number may be relied on.
    Broken,
}

/// One check.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// What was checked.
    pub name: CheckName,
    /// What came of it. With several repetitions it fails if it fails in one of them.
    pub verdict: CheckVerdict,
    /// What was found, in plain words.
    pub detail: String,
    /// Names of the measures that must not be relied on, as in `p99_latency_ms` or
    /// `latency_ms.*.p99`: keys of the report, with dots down to what lies deeper and `*` for any
    /// key. A name stands for all that lies below it too.
    pub spoils: Vec<String>,
}

/// What can be checked.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckName {
    /// Submitted = completed + failed + in flight, everywhere.
    Conservation,
    /// The time integral of the number in the system, L·T, is the sum of the latencies, ΣW.
    LittlesLaw,
    /// The busy time of the nodes is the sum of the execution latencies.
    UtilisationLaw,
    /// End-to-end latency is the sum of its parts.
    EndToEnd,
    /// Arrivals were made when they were due.
    GeneratorLag,
    /// Emulated calls ran as long as they were drawn to.
    Overrun,
    /// Enough samples lie beyond each quantile that is shown.
    Samples,
    /// Tasks do not pile up for as long as they arrive.
    Stationary,
}

/// What came of a check.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckVerdict {
    /// As it must be.
    Holds,
    /// Not as it must be.
    Fails,
    /// There is nothing to check in such a run; the detail says why.
    NotApplicable,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Verdict::Sound => "sound",
            Verdict::Marked => "marked",
            Verdict::Broken => "broken",
        })
    }
}

impl CheckName {
    /// Whether it is a law of accounting. If one fails, nothing may be relied on.
    pub fn is_law(self) -> bool {
        matches!(
            self,
            CheckName::Conservation
                | CheckName::LittlesLaw
                | CheckName::UtilisationLaw
                | CheckName::EndToEnd
        )
    }

    /// Its name in files.
    pub fn key(self) -> &'static str {
        match self {
            CheckName::Conservation => "conservation",
            CheckName::LittlesLaw => "littles_law",
            CheckName::UtilisationLaw => "utilisation_law",
            CheckName::EndToEnd => "end_to_end",
            CheckName::GeneratorLag => "generator_lag",
            CheckName::Overrun => "overrun",
            CheckName::Samples => "samples",
            CheckName::Stationary => "stationary",
        }
    }

    /// Its name for a person.
    pub fn title(self) -> &'static str {
        match self {
            CheckName::Conservation => "conservation",
            CheckName::LittlesLaw => "Little's law",
            CheckName::UtilisationLaw => "utilisation law",
            CheckName::EndToEnd => "end to end",
            CheckName::GeneratorLag => "generator lag",
            CheckName::Overrun => "overrun",
            CheckName::Samples => "samples",
            CheckName::Stationary => "stationary",
        }
    }
}

impl Check {
    /// It holds.
    pub fn holds(name: CheckName, detail: String) -> Check {
        Check { name, verdict: CheckVerdict::Holds, detail, spoils: Vec::new() }
    }

    /// It fails, and spoils these measures.
    pub fn fails(name: CheckName, detail: String, spoils: &[&str]) -> Check {
        let spoils = spoils.iter().map(|&measure| measure.to_owned()).collect();
        Check { name, verdict: CheckVerdict::Fails, detail, spoils }
    }

    /// There is nothing to check.
    pub fn not_applicable(name: CheckName, why: impl Into<String>) -> Check {
        let verdict = CheckVerdict::NotApplicable;
        Check { name, verdict, detail: why.into(), spoils: Vec::new() }
    }

    /// Whether it fails.
    pub fn has_failed(&self) -> bool {
        self.verdict == CheckVerdict::Fails
    }

    /// Whether it fails and spoils this measure, or all that it is part of.
    pub fn has_spoilt(&self, measure: &str) -> bool {
        let covers = |name: &String| {
            let mut keys = measure.split('.');
            name.split('.').all(|part| keys.next().is_some_and(|key| part == "*" || part == key))
        };
        self.has_failed() && self.spoils.iter().any(covers)
    }
}

impl Certificate {
    /// The verdict on these checks, and they.
    pub fn new(checks: Vec<Check>) -> Certificate {
        let mut failed = checks.iter().filter(|check| check.has_failed());
        let verdict = match failed.next() {
            None => Verdict::Sound,
            Some(first) if first.name.is_law() || failed.any(|check| check.name.is_law()) => {
                Verdict::Broken
            }
            Some(_) => Verdict::Marked,
        };
        Certificate { verdict, checks }
    }

    /// The checks that fail.
    pub fn failed(&self) -> impl Iterator<Item = &Check> {
        self.checks.iter().filter(|check| check.has_failed())
    }

    /// Whether a check that fails spoils this measure, or all that it is part of.
    pub fn spoils(&self, measure: &str) -> bool {
        self.checks.iter().any(|check| check.has_spoilt(measure))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_law_outweighs_a_mark() {
        let law = || Check::fails(CheckName::LittlesLaw, String::new(), &[]);
        let mark = || Check::fails(CheckName::Samples, String::new(), &["p99_latency_ms"]);
        let well = || Check::holds(CheckName::Conservation, String::new());
        let verdict = |checks| Certificate::new(checks).verdict;
        assert_eq!(verdict(vec![]), Verdict::Sound);
        assert_eq!(verdict(vec![well()]), Verdict::Sound);
        assert_eq!(verdict(vec![well(), mark()]), Verdict::Marked);
        assert_eq!(verdict(vec![law(), mark(), well()]), Verdict::Broken);
        assert_eq!(verdict(vec![mark(), law()]), Verdict::Broken);
    }

    #[test]
    fn a_measure_is_spoilt_by_its_name_or_by_what_holds_it() {
        let failed = Check::fails(
            CheckName::Samples,
            String::new(),
            &["p99_latency_ms", "stages", "a.*.p99"],
        );
        let certificate = Certificate::new(vec![failed]);
        for (measure, spoilt) in [
            ("p99_latency_ms", true),
            ("p99_latency", false),
            ("p95_latency_ms", false),
            ("stages", true),
            ("stages.one.wait.p50", true),
            ("stages_of", false),
            ("a.wait.p99", true),
            ("a.wait.p95", false),
            ("a.wait", false),
        ] {
            assert_eq!(certificate.spoils(measure), spoilt, "{measure}");
        }
    }
}
