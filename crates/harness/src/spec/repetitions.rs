//! `repetitions: 10`, or as many as a precision needs.
//!
//! A precision is decided on at fixed numbers of repetitions only. What a spec gives then depends
//! neither on the number of cores nor on which repetition ends first. Whether a run is precise
//! enough is not decided here but from its report.

use super::checked::Environment;
use super::error::{BadValue, SpecError};
use super::reader::Field;
use super::units;
use serde_json::{Value, json};

/// Repetitions before the first look at the intervals: fewer give intervals that say little.
const FIRST: u32 = 5;
const DEFAULT_MOST: u32 = 200;

/// Repeat until the headline intervals are narrow.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Until {
    /// Half of the width that a 95 % interval may have, in percent of its value; above 0, at
    /// most 100.
    pub percent: f64,
    /// Repetitions after which it ends in any case; at least 2.
    pub at_most: u32,
}

impl Until {
    /// The number of repetitions at which to look first.
    pub fn first(&self) -> u32 {
        FIRST.min(self.at_most)
    }

    /// The number at which to look next after `done`: 5, 10, 20, 40, … `at_most`. Those at which
    /// intervals that narrow as 1 ÷ √n will still be twice as wide in n, seen from the `needed`
    /// number that the last look foretells, are passed over. None after `at_most`.
    pub fn next(&self, done: u32, needed: f64) -> Option<u32> {
        let mut next = self.first();
        while next < self.at_most && (next <= done || f64::from(next) * 2.0 < needed) {
            next = next.saturating_mul(2).min(self.at_most);
        }
        (next > done).then_some(next)
    }

    /// As it stands in a spec file.
    pub(super) fn json(self) -> Value {
        json!({ "until": format!("{}%", self.percent), "at_most": self.at_most })
    }
}

/// The most repetitions, and the precision at which fewer are enough.
pub(super) fn repetitions(
    field: &Field<'_>,
    environment: Environment,
    seed: u64,
) -> Result<(u32, Option<Until>), SpecError> {
    let (most, until) = match field.pairs() {
        Err(_) => (field.whole_u32(1)?, None),
        Ok(_) => {
            let until = until(field, environment)?;
            (until.at_most, Some(until))
        }
    };
    match seed.checked_add(u64::from(most) - 1) {
        Some(_) => Ok((most, until)),
        None => Err(field.error(format!("the seeds from {seed} on are not that many"))),
    }
}

/// `{until: 1%, at_most: 200}`
fn until(field: &Field<'_>, environment: Environment) -> Result<Until, SpecError> {
    let fields = field.map(&["until", "at_most"])?;
    let percent = fields.need("until", "until: 1%")?.read(percent)?;
    let at_most = fields.get("at_most").map_or(Ok(DEFAULT_MOST), |most| most.whole_u32(2))?;
    if environment != Environment::Sim {
        return Err(field.error(format!(
            "`until` exists in `environment: sim` only, where repetitions are exact and cheap to \
             repeat; in `{environment}` write how many, as `repetitions: 10`"
        )));
    }
    Ok(Until { percent, at_most })
}

fn percent(text: &str) -> Result<f64, BadValue> {
    let Some(number) = text.trim().strip_suffix('%') else {
        return Err(BadValue(format!("`{text}` is no percentage: write for example `1%`")));
    };
    units::positive_up_to(number, 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn looks(at_most: u32, needed: f64) -> Vec<u32> {
        let until = Until { percent: 1.0, at_most };
        let next = |done: &u32| until.next(*done, needed);
        std::iter::successors(Some(until.first()), next).collect()
    }

    #[test]
    fn looks_double_and_end_at_the_most() {
        assert_eq!(looks(200, 0.0), [5, 10, 20, 40, 80, 160, 200]);
        assert_eq!(looks(40, 0.0), [5, 10, 20, 40]);
        assert_eq!((looks(3, 0.0), looks(5, 0.0), looks(6, 0.0)), (vec![3], vec![5], vec![5, 6]));
        let most = looks(u32::MAX, 0.0);
        assert_eq!((most.len(), most.last()), (31, Some(&u32::MAX)));
    }

    #[test]
    fn looks_that_come_far_too_early_are_passed_over() {
        // 41 foretold: 20 is less than half of it, 40 may do.
        assert_eq!(looks(200, 41.0), [5, 40, 80, 160, 200]);
        assert_eq!(looks(200, f64::INFINITY), [5, 200]);
        // An interval that is not there foretells nothing.
        assert_eq!(looks(20, f64::NAN), [5, 10, 20]);
    }
}
