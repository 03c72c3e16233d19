//! The checks of repetitions, folded into those of the run.
//!
//! A run's check fails if it fails in one repetition: the pooled numbers hold that one's too. The
//! first failure is told in full, and in how many repetitions there was one.

use crate::report::{Check, CheckVerdict};

/// One check, over the repetitions so far.
#[derive(Clone, Debug)]
struct Folded {
    check: Check,
    applied: u32,
    failed: u32,
}

/// All checks, over the repetitions so far. Every repetition has the same ones.
#[derive(Clone, Debug, Default)]
pub(crate) struct Checks {
    checks: Vec<Folded>,
    repetitions: u32,
}

impl Checks {
    /// Folds in those of a repetition.
    pub(crate) fn add(&mut self, checks: Vec<Check>) {
        self.repetitions += 1;
        for check in checks {
            let (failed, applies) =
                (check.has_failed(), check.verdict != CheckVerdict::NotApplicable);
            let found = self.checks.iter_mut().find(|it| it.check.name == check.name);
            let Some(before) = found else {
                let (applied, failed) = (u32::from(applies), u32::from(failed));
                self.checks.push(Folded { check, applied, failed });
                continue;
            };
            // The first that fails stays, else the first that applies.
            if (failed && before.failed == 0) || (applies && before.applied == 0) {
                before.check = check;
            }
            before.applied += u32::from(applies);
            before.failed += u32::from(failed);
        }
    }

    /// The checks of the run.
    pub(crate) fn finish(self) -> Vec<Check> {
        let all = self.repetitions;
        let checks = self.checks.into_iter().map(|Folded { mut check, applied, failed }| {
            if all > 1 && failed > 0 {
                check.detail =
                    format!("In {failed} of {all} repetitions; the first: {}", check.detail);
            } else if all > 1 && applied > 0 {
                let which = if applied == all { "all" } else { "those it applies to of" };
                check.detail = format!("In {which} {all} repetitions; the first: {}", check.detail);
            }
            check
        });
        checks.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::CheckName;

    fn folded(verdicts: &[CheckVerdict]) -> Check {
        let mut checks = Checks::default();
        for (i, verdict) in verdicts.iter().enumerate() {
            let (name, spoils) = (CheckName::Conservation, Vec::new());
            checks.add(vec![Check { name, verdict: *verdict, detail: i.to_string(), spoils }]);
        }
        checks.finish().remove(0)
    }

    #[test]
    fn one_failure_fails_the_run_and_is_counted() {
        use CheckVerdict::{Fails, Holds, NotApplicable};
        let check = folded(&[Holds, Fails, Holds, Fails]);
        assert_eq!(check.verdict, Fails);
        assert_eq!(check.detail, "In 2 of 4 repetitions; the first: 1");
        assert_eq!(folded(&[Holds]).detail, "0");
        assert_eq!(folded(&[Fails]).detail, "0");
        let check = folded(&[Holds, Holds]);
        assert_eq!((check.verdict, &*check.detail), (Holds, "In all 2 repetitions; the first: 0"));
        assert_eq!(folded(&[NotApplicable, Holds]).verdict, Holds);
        assert_eq!(folded(&[NotApplicable; 2]).detail, "0");
    }
}
