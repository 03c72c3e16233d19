//! Named histories that have tripped schedulers before, or easily could.
//!
//! Random histories meet each of these sooner or later; here they are met always, and
//! under a name that says what went wrong.

use super::op::{Call, Op, Which};
use super::run::History;
use super::script;
use crate::{ClusterSpec, Group, QueueLimit, Resources, Span, TaskId};

/// The histories, with their names.
pub fn histories() -> Vec<(&'static str, History)> {
    let read = |(name, text): &(&'static str, &str)| {
        let text = text.replacen("\n---", "\npolicy any", 1);
        let case = script::parse(&text).ok()?.pop()?;
        Some((*name, case.history()))
    };
    let built = every_set_of_groups().map(|history| ("every set of groups", history));
    HISTORIES.iter().filter_map(read).chain(built).collect()
}

/// Seven groups of a node, and twice a call for each of the 127 sets of them: the same demand
/// with more eligible sets than a cache would remember.
fn every_set_of_groups() -> Option<History> {
    const GROUPS: usize = 7;
    let group = |index| Group {
        queue_limit: QueueLimit::AtMost(2),
        ..Group::of_slots(format!("g{index}"), 1, 1)
    };
    let mut ops = Vec::new();
    for index in 1..2u64 << GROUPS {
        let id = TaskId { index, stage: 0 };
        let on = (0..GROUPS).filter(|group| index >> group & 1 == 1).collect();
        ops.push(Op::Submit(Call { on, ..Call::new(id, Resources::milli_cpu(1000)) }));
        if index % 3 == 0 {
            ops.push(Op::Wait(Span::from_millis(1)));
            ops.push(Op::Finish(Which::Nth(index as u32)));
        }
    }
    let spec = ClusterSpec::new((0..GROUPS).map(group).collect()).ok()?;
    Some(History { spec, ops })
}

/// A cluster, `---`, and what happens on it.
const HISTORIES: &[(&str, &str)] = &[
    (
        "burst",
        "cluster a 3 cpu=2 queue=2
---
submit 0.0..40.0 cpu=1
@1ms; finish #0; finish #0; finish #3
@2ms; submit 40.0..45.0 cpu=2; finish #1
@3ms; finish #0; finish #0; finish #0; finish #0; finish #0",
    ),
    (
        "node lost with its queue",
        "cluster a 2 cpu=1
---
submit 0.0..6.0 cpu=1
@1ms; submit 6.0 cpu=1; down node-0
@2ms; finish #0
@3ms; up node-0; finish #0
@4ms; finish #0; finish #0",
    ),
    (
        "all nodes lost",
        "cluster a 2 cpu=1 queue=1
---
submit 0.0..5.0 cpu=1
@1ms; down node-0; down node-1
@2ms; submit 5.0 cpu=1
@3ms; up node-1
@4ms; finish #0; up node-0",
    ),
    (
        "node gone and back in one instant",
        "cluster a 2 cpu=2 queue=1
---
submit 0.0..6.0 cpu=1
@1ms; down node-0; up node-0
@2ms; finish #0; down node-1; up node-1; finish #0",
    ),
    (
        "drain and take back",
        "cluster a 2 cpu=1 queue=2
---
submit 0.0..6.0 cpu=1
@1ms; drain node-0
@2ms; finish #0; finish #1
@3ms; submit 6.0..9.0 cpu=1; finish #0
@4ms; up node-0
@5ms; drain node-1; finish #0
@6ms; down node-1; up node-1",
    ),
    (
        "head of line with mixed demands",
        "cluster a 1 cpu=4
cluster b 1 cpu=2
---
submit 0.0 cpu=3; submit 1.0 cpu=2; submit 2.0 cpu=4; submit 3.0 cpu=1; submit 4.0..8.0 cpu=1 on=b
@1ms; finish #0
@2ms; finish #0; submit 8.0 cpu=1; submit 9.0 cpu=4
@3ms; finish #0; finish #0",
    ),
    (
        "only some nodes hold it",
        "cluster small 3 cpu=1
cluster large 1 cpu=4
cluster gpu 1 cpu=2 gpu=1
---
submit 0.0..3.0 cpu=4; submit 3.0..9.0 cpu=1; submit 9.0..12.0 gpu=0.5; submit 12.0 cpu=1 gpu=1
@1ms; finish #0; finish #0; finish #0; finish #0
@2ms; down node-3; submit 13.0 cpu=3
@3ms; up node-3; finish #0",
    ),
    (
        "allowed groups overlap",
        "cluster a 1 cpu=1 queue=1
cluster b 1 cpu=1 queue=1
cluster c 1 cpu=1 queue=1
---
submit 0.0..3.0 cpu=1 on=a+b; submit 3.0..6.0 cpu=1 on=b+c; submit 6.0..9.0 cpu=1 on=c; submit 9.0..14.0 cpu=1
@1ms; finish #1
@2ms; finish #0; finish #1
@3ms; down node-1; finish #0",
    ),
    (
        "no node can ever hold it",
        "cluster a 2 cpu=2 gpu=1
cluster b 1 cpu=4
---
submit 0.0 cpu=4.001; submit 1.0 cpu=1; submit 2.0 cpu=1 on=none; submit 3.0 cpu=3 gpu=1
@1ms; submit 4.0 cpu=4 on=a; submit 5.0 gpu=1 on=b; submit 6.0 gpu=1.001
@2ms; down node-2; submit 7.0 cpu=4",
    ),
    (
        "many facts of one instant",
        "cluster a 3 cpu=1 queue=1
---
submit 5.1 cpu=1; submit 5.0 cpu=1; submit 2.1 cpu=1; submit 9.0 cpu=1 late=3ms; submit 1.0 cpu=1; submit 0.0 cpu=1; submit 3.0 cpu=1
@5ms; submit 10.0 cpu=1; submit 4.0 cpu=1 late=4ms; finish #2; submit 7.0 cpu=1 late=5ms; finish #0; drain node-1
@5.000001ms; submit 6.0 cpu=1; finish #0; up node-1; submit 8.0 cpu=1 level=9; submit 11.0 cpu=1 level=0
@6ms; finish #0; finish #0; finish #0",
    ),
    (
        "resources of capacity zero",
        "cluster cpu 1 cpu=2 memory=0GiB
cluster gpu 2 gpu=2 queue=1
cluster both 1 cpu=1 gpu=1 memory=4GiB
---
submit 0.0..4.0 gpu=1; submit 4.0..8.0 cpu=1; submit 8.0..10.0 cpu=0.5 memory=3GiB; submit 10.0..13.0 cpu=0.5 gpu=0.5
@1ms; finish #0; finish #0; finish #2
@2ms; submit 13.0..16.0 gpu=2; finish #0; finish #1",
    ),
    (
        "calls that need nothing",
        "cluster a 2 cpu=1 queue=1
---
submit 0.0..3.0 cpu=1; submit 3.0..9.0; submit 9.0 cpu=1
@1ms; finish #0; submit 10.0..12.0
@2ms; down node-0; finish #0",
    ),
    (
        "memory is what runs out",
        "cluster a 2 cpu=8 memory=8GiB
cluster b 1 cpu=8
---
submit 0.0..3.0 cpu=1 memory=5GiB; submit 3.0..6.0 cpu=1 memory=3GiB; submit 6.0 cpu=8 memory=8GiB on=a
@1ms; submit 7.0..12.0 cpu=1 memory=64GiB; submit 12.0..14.0 memory=4096MiB
@2ms; finish #0; finish #0; finish #0; finish #0",
    ),
    (
        "little load and yet no memory",
        "cluster a 3 cpu=4 memory=8GiB
---
submit 0.0 cpu=2 memory=3GiB; submit 1.0..3.0 cpu=3; submit 3.0..6.0 cpu=0.5 memory=6GiB
@1ms; finish #0; submit 6.0 cpu=0.25 memory=7GiB; finish #2
@2ms; submit 7.0..9.0 cpu=0.5 memory=2GiB; finish #0",
    ),
    (
        "a group without nodes",
        "cluster lost 0 cpu=8 gpu=4
cluster some 2 cpu=2
---
submit 0.0 cpu=1; submit 1.0 cpu=4; submit 2.0 cpu=1 on=lost; submit 3.0..7.0 cpu=1 on=some; submit 7.0 gpu=1
@1ms; finish #0",
    ),
    (
        "unlimited memory has no end",
        "cluster a 1 cpu=4
cluster b 1 cpu=4 memory=1024GiB
---
submit 0.0..3.0 cpu=1 memory=9223372036854775808; submit 3.0..5.0 cpu=1 memory=1GiB
@1ms; finish #0; submit 5.0..8.0 cpu=1 memory=9223372036854775808; submit 8.0..12.0 memory=600GiB
@2ms; finish #0; finish #0",
    ),
    (
        "urgent and old",
        "cluster a 1 cpu=1 queue=1
---
submit 0.0 cpu=1; submit 1.0 cpu=1 level=0; submit 2.0 cpu=1 level=9
@500ms; finish #0; submit 3.0 cpu=1 level=1; submit 4.0 cpu=1 level=9
@9s; finish #0; submit 5.0 cpu=1 level=9; submit 6.0 cpu=1 level=0 late=9s
@10s; finish #0; submit 7.0 cpu=1 level=9; down node-0; up node-0
@30s; finish #0; finish #0",
    ),
    (
        "equal loads of unequal nodes",
        "cluster a 2 cpu=1
cluster b 2 cpu=3
---
submit 0.0..3.0 cpu=1; submit 3.0..6.0 cpu=1.5 on=b; submit 6.0..12.0 cpu=0.333
@1ms; finish #0; finish #0; submit 12.0..15.0 cpu=0.001
@2ms; finish #0; submit 15.0..18.0 cpu=3",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_named_history_can_be_read() {
        for (name, text) in HISTORIES {
            let text = text.replacen("\n---", "\npolicy any", 1);
            let cases = script::parse(&text).map_err(|error| format!("{name}: {error}"));
            assert_eq!(cases.unwrap().len(), 1, "{name}");
        }
        assert_eq!(histories().len(), HISTORIES.len() + 1);
    }
}
