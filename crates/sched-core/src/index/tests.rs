//! The indexes of nodes against a scan, over random histories of one cluster.
//!
//! Three groups with different capacities and queue limits, demands over three
//! resources, finishes in random order, nodes that go, come and drain. After every change
//! each index must answer as a scan over all nodes does.

use super::{DrawIndex, LoadIndex, PackIndex};
use crate::cluster::{Cluster, ClusterSpec, Group, GroupSet, NodeId, QueueLimit};
use crate::engine::{Bind, Candidates};
use crate::resources::Resources;
use crate::rng::Rng;
use crate::task::{Task, TaskId};
use crate::time::Time;
use std::cmp::Reverse;

struct Walk {
    rng: Rng,
    cluster: Cluster,
    held: Vec<(TaskId, NodeId)>,
    calls: u64,
}

impl Walk {
    fn new(seed: u64, bind: Bind) -> Walk {
        let group = |name: &str, count, cpu, gpu, memory, queue_limit| Group {
            name: name.to_owned(),
            count,
            capacity: Resources::milli_cpu(cpu).with_milli_gpu(gpu).with_memory(memory),
            queue_limit,
        };
        let unlimited = Resources::UNLIMITED_MEMORY;
        let spec = ClusterSpec::new(vec![
            group("plain", 9, 4000, 0, unlimited, QueueLimit::Unbounded),
            group("mixed", 7, 8000, 2000, 64, QueueLimit::AtMost(2)),
            group("lone", 1, 1000, 4000, 16, QueueLimit::AtMost(0)),
        ]);
        let cluster = Cluster::new(&spec.unwrap(), bind);
        Walk { rng: Rng::new(seed), cluster, held: Vec::new(), calls: 0 }
    }

    fn task(&mut self) -> Task {
        let id = TaskId { index: self.calls, stage: 0 };
        self.calls += 1;
        let demand = Resources::milli_cpu(250 * self.rng.below(9) as u32)
            .with_milli_gpu(500 * (self.rng.below(6) as u32).saturating_sub(3))
            .with_memory(self.rng.below(12));
        Task::new(id, Time::ZERO, demand)
    }

    /// One random change; the node that changed.
    fn step(&mut self) -> Option<NodeId> {
        let node = NodeId(self.rng.below(self.cluster.spec().node_count() as u64) as u32);
        match self.rng.below(20) {
            0 => self.cluster.node_drain(node),
            1 => {
                self.cluster.node_down(node);
                let cluster = &self.cluster;
                self.held.retain(|(task, _)| cluster.holds(*task));
            }
            2..=4 => self.cluster.node_up(node),
            5..=10 if !self.held.is_empty() => {
                let at = self.rng.below(self.held.len() as u64) as usize;
                let (task, node) = self.held.swap_remove(at);
                assert!(self.cluster.finish(task, node));
                return Some(node);
            }
            _ => {
                let task = self.task();
                if !self.cluster.accepts(node, &task.demand) {
                    return None;
                }
                self.cluster.assign(&task, node);
                self.held.push((task.id, node));
            }
        }
        Some(node)
    }
}

#[test]
fn indexes_answer_as_scans_do() {
    for seed in 0..40 {
        let bind = if seed % 2 == 0 { Bind::Late } else { Bind::Early };
        let mut walk = Walk::new(seed, bind);
        let (mut loads, mut open) = (LoadIndex::default(), LoadIndex::open_only());
        let (mut pack, mut draws) = (PackIndex::default(), DrawIndex::default());
        loads.attach(&walk.cluster);
        open.attach(&walk.cluster);
        pack.attach(&walk.cluster);
        draws.attach(&walk.cluster);
        for _ in 0..3000 {
            if let Some(node) = walk.step() {
                loads.changed(node, &walk.cluster);
                open.changed(node, &walk.cluster);
                pack.changed(node, &walk.cluster);
                draws.changed(node, &walk.cluster);
            }
            let task = walk.task();
            let eligible = walk.cluster.spec().eligible(&task.demand, GroupSet::ALL);
            let kept: GroupSet = (0..3).filter(|_| walk.rng.below(4) == 0).collect();
            let cluster = &walk.cluster;
            let candidates = Candidates::new(cluster, &task, eligible, kept, Time::ZERO);
            let all: Vec<NodeId> = candidates.iter().collect();
            let least = |node: &NodeId| (cluster.load(*node), cluster.since(*node));
            let starts = |node: &NodeId| cluster.can_start(*node, &task.demand);
            let scan = all.iter().copied();

            assert_eq!(loads.lowest(&task.demand, &candidates), scan.clone().min_by_key(least));
            let with_room = scan.clone().filter(|node| cluster.has_queue_room(*node));
            assert_eq!(open.lowest(&task.demand, &candidates), with_room.min_by_key(least));
            let fullest =
                scan.filter(starts).max_by_key(|node| (cluster.load(*node), Reverse(*node)));
            assert_eq!(pack.highest(&task.demand, &candidates), fullest);

            let first = draws.draw(&mut walk.rng, &task.demand, &candidates, None);
            assert_eq!(first.is_some(), !all.is_empty());
            assert!(first.is_none_or(|node| all.contains(&node)));
            let second = draws.draw(&mut walk.rng, &task.demand, &candidates, first);
            assert_eq!(second.is_some(), all.len() > 1);
            assert!(second.is_none_or(|node| Some(node) != first && all.contains(&node)));
        }
    }
}

/// Uniform whether candidates are many (kept from the first draws) or few (counted).
#[test]
fn draws_are_uniform() {
    for busy in [0, 16] {
        let mut cluster = Cluster::new(&ClusterSpec::uniform(20, 1).unwrap(), Bind::Late);
        let task = |index| {
            let id = TaskId { index, stage: 0 };
            Task::new(id, Time::ZERO, Resources::milli_cpu(1000))
        };
        for node in 0..busy {
            cluster.assign(&task(u64::from(node)), NodeId(node));
        }
        let mut draws = DrawIndex::default();
        draws.attach(&cluster);
        let (mut rng, mut seen) = (Rng::new(5), [0f64; 20]);
        let next = task(99);
        let candidates =
            Candidates::new(&cluster, &next, GroupSet::only(0), GroupSet::NONE, Time::ZERO);
        let rounds = 40_000;
        for _ in 0..rounds {
            let node = draws.draw(&mut rng, &next.demand, &candidates, Some(NodeId(19))).unwrap();
            seen[node.index()] += 1.0;
        }
        let cells = 19 - busy as usize;
        let expected = f64::from(rounds) / cells as f64;
        let chi: f64 =
            seen[busy as usize..19].iter().map(|n| (n - expected).powi(2) / expected).sum();
        assert_eq!(seen[19], 0.0);
        assert!(seen[..busy as usize].iter().all(|n| *n == 0.0));
        // The mean of χ² is its degrees of freedom, its deviation √(2 × them); 5 deviations.
        let freedom = (cells - 1) as f64;
        assert!(chi < freedom + 5.0 * (2.0 * freedom).sqrt(), "χ² {chi} over {freedom}");
    }
}
