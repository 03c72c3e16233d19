//! Random histories, each a function of its seed.
//!
//! A history first draws its own character (how large, how busy, how broken, which few
//! demands), then its steps. So some histories are one node under a flood, others many
//! unlike nodes that come and go; a uniform mixture would be neither. Amounts are drawn
//! from short lists, so that equal loads, exact fits and equal instants are common.

use super::op::{Call, Op, Which};
use super::run::History;
use crate::rng::Rng;
use crate::{ClusterSpec, Group, GroupSet, Level, NodeId, QueueLimit, Resources, Span, TaskId};

const GIB: u64 = 1 << 30;

/// The history of this seed.
///
/// One in 32 has a cluster of hundreds of nodes, the others 1 to 8 nodes.
pub fn random(seed: u64) -> History {
    let mut draw = Draw(Rng::new(seed ^ 0x7465_7374_6b69_7421));
    let spec = loop {
        if let Ok(spec) = ClusterSpec::new(draw.groups()) {
            break spec;
        }
    };
    let ops = draw.ops(&spec);
    History { spec, ops }
}

struct Draw(Rng);

impl Draw {
    fn below(&mut self, n: u64) -> u64 {
        self.0.below(n)
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    fn among<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u64) as usize]
    }

    fn groups(&mut self) -> Vec<Group> {
        let large = self.one_in(32);
        let count = 1 + self.below(4);
        let mut left = 8;
        let mut groups: Vec<Group> = Vec::new();
        for index in 0..count {
            let count = if large {
                20 + self.below(80)
            } else {
                let most = 1 + left - (count - index);
                1 + self.below(most.min(4))
            };
            let count = if index > 0 && self.one_in(24) { 0 } else { count };
            left = left.saturating_sub(count);
            let alike = groups.last().filter(|_| self.0.below(3) == 0).cloned();
            let fresh = Group {
                name: String::new(),
                count: 0,
                capacity: self.capacity(),
                queue_limit: self.among(&[
                    QueueLimit::AtMost(0),
                    QueueLimit::AtMost(1),
                    QueueLimit::AtMost(3),
                    QueueLimit::Unbounded,
                ]),
            };
            groups.push(Group {
                name: format!("g{index}"),
                count: count as u32,
                ..alike.unwrap_or(fresh)
            });
        }
        groups
    }

    fn capacity(&mut self) -> Resources {
        let gpu = self.among(&[0, 0, 0, 1000, 2000]);
        let cpu = self.among(&[1000, 1000, 2000, 3000, 4000, 4500, 0]);
        let memory = self.among(&[Resources::UNLIMITED_MEMORY, 4 * GIB, 6 * GIB, 0]);
        Resources::milli_cpu(cpu).with_milli_gpu(gpu).with_memory(memory)
    }

    /// The few demands of a history, each with the groups it names. The first fits nearly everywhere.
    fn shapes(&mut self, spec: &ClusterSpec) -> Vec<(Resources, GroupSet)> {
        let mut shapes = vec![(Resources::milli_cpu(1000), GroupSet::ALL)];
        if self.one_in(4) {
            shapes.clear();
        }
        for _ in 0..=self.below(4) {
            let of = self.below(spec.groups().len() as u64) as usize;
            let all = spec.groups()[of].capacity;
            let bytes =
                if all.memory() == Resources::UNLIMITED_MEMORY { GIB } else { all.memory() };
            let demand = match self.below(12) {
                0 => Resources::NONE,
                1 => all.with_memory(bytes), // a whole node
                2 => Resources::milli_cpu(all.cpu() / 2).with_memory(bytes / 2),
                3 => Resources::milli_cpu(all.cpu() / 3 + 1).with_milli_gpu(all.gpu() / 2),
                4 => Resources::milli_cpu(250).with_memory(bytes / 4),
                5 => Resources::milli_cpu(500).with_milli_gpu(500),
                6 => Resources::milli_cpu(2000),
                7 => Resources::NONE.with_milli_gpu(1000),
                8 => Resources::milli_cpu(all.cpu()),
                9 => Resources::milli_cpu(all.cpu() / 8).with_memory(bytes / 4 * 3),
                10 => Resources::milli_cpu(all.cpu() / 2).with_memory(bytes / 8),
                _ => Resources::milli_cpu(self.among(&[4001, 100_000])), // few nodes, or none
            };
            shapes.push((demand, self.groups_named(spec)));
        }
        shapes
    }

    fn groups_named(&mut self, spec: &ClusterSpec) -> GroupSet {
        let count = spec.groups().len();
        match self.below(24) {
            0..=9 => GroupSet::ALL,
            10 => GroupSet::only(9), // declared nowhere
            _ => (0..count).filter(|_| self.0.below(2) == 0).collect(),
        }
    }

    fn ops(&mut self, spec: &ClusterSpec) -> Vec<Op> {
        let shapes = self.shapes(spec);
        let nodes = spec.node_count() as u64;
        let count = self.among(&[12, 40, 40, 120]) * if nodes > 8 { 5 } else { 1 };
        let (submits, finishes) = self.among(&[(4, 4), (6, 3), (3, 5), (8, 8)]);
        let churn = self.among(&[0, 0, 1, 3]);
        let wait_every = self.among(&[1, 2, 4]);
        let (levels, scramble) = (self.among(&[1, 3, 10]), self.among(&[0, 1, 3]));
        let spans = [Span::from_nanos(1), Span::from_millis(5), Span::from_secs(1)];
        let mut submitted = 0u64;
        let mut ops = Vec::new();
        while ops.len() < count {
            if self.one_in(wait_every) {
                ops.push(Op::Wait(self.among(&spans)));
            }
            let kind = self.below(submits + finishes + churn);
            if kind < submits {
                // Stages of an item share its index; arrival order is not the order of ids.
                let number = submitted ^ scramble;
                let id = TaskId { index: number / 2, stage: (number % 2) as u32 };
                submitted += 1;
                let (demand, on) = self.among(&shapes);
                let level = Level::new((9 - self.below(levels)) as u8).unwrap_or_default();
                let late = if self.one_in(8) { self.among(&spans) } else { Span::ZERO };
                ops.push(Op::Submit(Call { id, demand, on, level, late }));
            } else if kind < submits + finishes {
                ops.push(Op::Finish(Which::Nth(self.below(64) as u32)));
            } else {
                let node = NodeId(self.below(nodes) as u32);
                ops.push(self.among(&[
                    Op::Down(node),
                    Op::Up(node),
                    Op::Up(node),
                    Op::Drain(node),
                ]));
            }
        }
        ops
    }
}
