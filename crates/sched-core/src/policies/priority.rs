//! `priority`: most urgent first, lowest load.
//!
//! Urgency ages: the call with the least `submit − level × aging` is next, so a call that
//! has waited `aging` longer counts as one level more urgent, and none waits for ever.
//! The key does not change while a call waits, which is why no queue is ever sorted
//! anew. `aging: none` makes levels strict: a steady stream of urgent calls then
//! starves the others.

use crate::engine::{Bind, Order};
use crate::policies::load_aware_spread::Spread;
use crate::registry::{ParamInfo, ParamKind, PolicyInfo};
use crate::task::{Level, Task};
use crate::time::Span;

/// Most urgent first.
#[derive(Clone, Copy, Debug)]
pub struct Urgency {
    /// The waiting time that outweighs one level; `None` for strict levels.
    pub aging: Option<Span>,
}

impl Order for Urgency {
    #[inline(always)]
    fn rank(&self, task: &Task) -> i64 {
        let level = task.priority.get();
        let Some(aging) = self.aging else {
            return i64::from(Level::MAX.get()) - i64::from(level);
        };
        let (submit, aging) = (task.submit.as_nanos(), aging.as_nanos());
        let credit = u64::from(level).checked_mul(aging);
        match (i64::try_from(submit), credit.map(i64::try_from)) {
            (Ok(submit), Some(Ok(credit))) => submit - credit, // neither is negative
            _ => far(submit, level, aging),
        }
    }
}

/// The key where 64 bits do not hold it, after centuries: cut to what they hold.
#[cold]
#[inline(never)]
fn far(submit: u64, level: u8, aging: u64) -> i64 {
    let key = i128::from(submit) - i128::from(level) * i128::from(aging);
    key.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64
}

const AGING: ParamInfo = ParamInfo {
    name: "aging",
    kind: ParamKind::SpanOrNone,
    default: Some("1s"),
    summary: "the waiting time that outweighs one level; `none` for strict levels",
};

pub(crate) fn info() -> PolicyInfo {
    let summary = "most urgent first, aging with waiting; the node with the lowest load";
    PolicyInfo::new("priority", summary, Bind::Late, |context| {
        context.list(Urgency { aging: context.span("aging") }, Spread::default())
    })
    .param(AGING)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resources::Resources;
    use crate::task::TaskId;
    use crate::time::Time;

    /// The formula in numbers that hold anything, cut to 64 bits.
    #[test]
    fn ranks_are_exact_and_then_cut() {
        let (most, half) = (u64::MAX, i64::MAX as u64);
        let edges = [0, 1, 999, half / 9, half / 9 + 1, half, half + 1, most / 9 + 1, most];
        for (submit, aging) in edges.into_iter().flat_map(|s| edges.map(|aging| (s, aging))) {
            for level in (0..=9).filter_map(Level::new) {
                let id = TaskId { index: 0, stage: 0 };
                let task = Task::new(id, Time::from_nanos(submit), Resources::NONE);
                let task = Task { priority: level, ..task };
                let exact = i128::from(submit) - i128::from(level.get()) * i128::from(aging);
                let cut = exact.clamp(i128::from(i64::MIN), i128::from(i64::MAX));
                let urgency = Urgency { aging: Some(Span::from_nanos(aging)) };
                assert_eq!(i128::from(urgency.rank(&task)), cut, "{submit} {level:?} {aging}");
            }
        }
    }
}
