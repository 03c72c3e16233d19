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
        let level = i128::from(task.priority.get());
        match self.aging {
            None => i64::from(Level::MAX.get()) - i64::from(task.priority.get()),
            Some(aging) => {
                let key = i128::from(task.submit.as_nanos()) - level * i128::from(aging.as_nanos());
                key.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64
            }
        }
    }
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
