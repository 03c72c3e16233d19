//! `p99:200ms`: what is to be met, and what is heard of it in a table.
//!
//! A quantile is kept in thousandths, as the histograms are asked, so that p99.9 is a whole number too.

use crate::Error;
use crate::spec::span;
use sched_core::Span;
use std::fmt;

/// A quantile of the end-to-end latency, and the most that it may be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Objective {
    /// The quantile, in thousandths: one of those that reports have.
    pub permille: u16,
    /// The most that it may be.
    pub limit: Span,
}

impl Objective {
    /// Reads `p99:200ms`.
    ///
    /// # Errors
    /// Names the flag and the form.
    pub fn parse(flag: &str, text: &str) -> Result<Objective, Error> {
        let wrong = |why: &str| {
            Error::Usage(format!("{flag}: `{text}`: {why}; write for example `p99:200ms`"))
        };
        let (quantile, limit) =
            text.split_once(':').ok_or_else(|| wrong("a quantile and a time are expected"))?;
        let permille = quantile.strip_prefix('p').and_then(permille);
        let permille =
            permille.ok_or_else(|| wrong("the quantile is one of p50, p90, p95, p99, p99.9"))?;
        let limit = span(limit).map_err(|error| wrong(&error.to_string()))?;
        match limit {
            Span::ZERO => Err(wrong("nothing takes no time")),
            limit => Ok(Objective { permille, limit }),
        }
    }

    /// The quantile as it is written, `p99.9`.
    pub fn quantile(&self) -> String {
        match (self.permille / 10, self.permille % 10) {
            (whole, 0) => format!("p{whole}"),
            (whole, tenth) => format!("p{whole}.{tenth}"),
        }
    }
}

impl fmt::Display for Objective {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ≤ {}", self.quantile(), self.limit)
    }
}

/// Thousandths of `99` and `99.9`; also of `999`, as the reports call it.
fn permille(text: &str) -> Option<u16> {
    let reported =
        [("50", 500), ("90", 900), ("95", 950), ("99", 990), ("99.9", 999), ("999", 999)];
    reported.into_iter().find(|(name, _)| *name == text).map(|(_, permille)| permille)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objectives_are_read_and_shown() {
        for (text, permille, shown) in [
            ("p99:200ms", 990, "p99 ≤ 200ms"),
            ("p99.9:1s", 999, "p99.9 ≤ 1s"),
            ("p999:1s", 999, "p99.9 ≤ 1s"),
            ("p50:1.5ms", 500, "p50 ≤ 1500us"),
        ] {
            let objective = Objective::parse("--slo", text).unwrap();
            assert_eq!((objective.permille, objective.to_string().as_str()), (permille, shown));
        }
    }

    #[test]
    fn what_is_no_objective_is_refused() {
        for text in
            ["p99", "99:200ms", "p0:1s", "p97:1s", "p99.99:1s", "p99:200", "p99:0s", ":", "p:1s"]
        {
            let error = Objective::parse("--slo", text).unwrap_err();
            let message = error.to_string();
            assert!(message.starts_with(&format!("--slo: `{text}`: ")), "{message}");
            assert!(message.ends_with("write for example `p99:200ms`"), "{message}");
            assert_eq!(error.exit().code(), 2);
        }
    }
}
