//! Uniform draws among the candidates of a call.
//!
//! Candidates cannot be counted without a scan, but live nodes can: they are in sorted
//! lists by group that change only with churn. So a node is drawn among the live ones and
//! kept if it is a candidate (rejection sampling: uniform among the candidates). After
//! 16 misses candidates are few, a tree of free capacity walks to each of them, and
//! one is drawn by rank, which is again uniform. The draws are therefore a rule that a
//! scan can follow too, and does in the tests.

use super::{FitIndex, takes};
use crate::cluster::{Cluster, GroupSet, NodeId, NodeState};
use crate::engine::Candidates;
use crate::resources::Resources;
use crate::rng::Rng;
use std::ops::Range;

/// Draws from the live nodes before the candidates themselves are counted.
const TRIES: u32 = 16;

const NOWHERE: u32 = u32::MAX;

/// True as it is: no group, no node.
const NOT_COUNTED: (GroupSet, u64) = (GroupSet::NONE, 0);

/// The index.
#[derive(Clone, Debug)]
pub struct DrawIndex {
    nodes: Vec<Range<u32>>, // by group
    live: Vec<Vec<NodeId>>, // by group, ascending; not read while all are live
    places: Vec<u32>,       // by node: where it stands in that list
    /// By node: live, with room in its queue. Kept apart, because in few cache lines it says of most
    /// nodes that change that nothing of them is new here.
    open: Vec<bool>,
    fit: Option<FitIndex>,
    counted: (GroupSet, u64), // groups of the last draw, and how many live nodes they have
}

impl Default for DrawIndex {
    fn default() -> DrawIndex {
        let (nodes, live, places, open) = Default::default();
        DrawIndex { nodes, live, places, open, fit: None, counted: NOT_COUNTED }
    }
}

impl DrawIndex {
    /// Starts over with the nodes of `cluster`.
    pub fn attach(&mut self, cluster: &Cluster) {
        let spec = cluster.spec();
        *self = DrawIndex {
            nodes: (0..spec.groups().len()).map(|group| spec.nodes_of(group)).collect(),
            live: vec![Vec::new(); spec.groups().len()],
            places: vec![NOWHERE; spec.node_count()],
            open: vec![false; spec.node_count()],
            fit: Some(FitIndex::new(spec.node_count())),
            counted: NOT_COUNTED,
        };
        for node in spec.nodes() {
            self.changed(node, cluster);
        }
    }

    /// Follows a change of `node`. O(log nodes), and O(nodes of the group) when it comes or goes.
    #[inline(always)]
    pub fn changed(&mut self, node: NodeId, cluster: &Cluster) {
        let open = cluster.has_queue_room(node);
        if !std::mem::replace(&mut self.open[node.index()], open) || !open {
            self.update(node, cluster);
        }
    }

    #[inline(never)]
    fn update(&mut self, node: NodeId, cluster: &Cluster) {
        if let Some(fit) = &mut self.fit {
            fit.set(node, takes(cluster, node));
        }
        let live = cluster.state(node) == NodeState::Up;
        if live != (self.places[node.index()] != NOWHERE) {
            self.came_or_went(node, cluster.group(node));
        }
    }

    #[cold]
    #[inline(never)]
    fn came_or_went(&mut self, node: NodeId, group: usize) {
        self.counted = NOT_COUNTED;
        let list = &mut self.live[group];
        let at = list.partition_point(|&other| other < node);
        if self.places[node.index()] == NOWHERE {
            list.insert(at, node);
        } else {
            list.remove(at);
            self.places[node.index()] = NOWHERE;
        }
        for (place, node) in (at as u32..).zip(&list[at..]) {
            self.places[node.index()] = place;
        }
    }

    /// A uniform candidate other than `except`, or `None`, without a draw, if there is none.
    ///
    /// The rule: up to 16 times, a uniform rank among the live nodes of the groups, without
    /// `except`, in id order; the first that is a candidate is taken. Then a uniform rank
    /// among the candidates, in id order.
    #[inline(always)]
    pub fn draw(
        &mut self,
        rng: &mut Rng,
        demand: &Resources,
        candidates: &Candidates<'_>,
        except: Option<NodeId>,
    ) -> Option<NodeId> {
        let (groups, cluster) = (candidates.groups(), candidates.cluster());
        if self.counted.0 != groups {
            self.counted = (groups, self.live_in(groups));
        }
        let live = self.counted.1;
        let (left, skipped) = match except {
            Some(node) => (live.saturating_sub(1), self.rank(groups, cluster.group(node), node)),
            None => (live, u64::MAX),
        };
        let untouched = rng.clone();
        for _ in 0..TRIES {
            let drawn = rng.below(left);
            let rank = drawn + u64::from(drawn >= skipped);
            let Some(node) = self.nth_live(groups, rank) else { break };
            if cluster.takes(node, demand) {
                return Some(node);
            }
        }
        self.draw_counted(rng, untouched, demand, candidates, except)
    }

    /// A uniform candidate, where live nodes drawn at random were none.
    #[inline(never)]
    fn draw_counted(
        &mut self,
        rng: &mut Rng,
        untouched: Rng,
        demand: &Resources,
        candidates: &Candidates<'_>,
        except: Option<NodeId>,
    ) -> Option<NodeId> {
        let mut count = 0;
        self.walk(demand, candidates, except, |_| {
            count += 1;
            false
        });
        if count == 0 {
            *rng = untouched; // a refusal leaves the generator as it was
            return None;
        }
        let mut left = rng.below(count);
        self.walk(demand, candidates, except, |_| {
            let found = left == 0;
            left = left.saturating_sub(1);
            found
        })
    }

    #[inline]
    fn live_in(&self, groups: GroupSet) -> u64 {
        groups.iter().map(|group| self.live[group].len() as u64).sum()
    }

    #[inline(always)]
    fn nth_live(&self, groups: GroupSet, mut nth: u64) -> Option<NodeId> {
        for group in groups.iter() {
            let (nodes, list) = (&self.nodes[group], &self.live[group]);
            if nth < list.len() as u64 {
                let all = list.len() == nodes.len();
                return Some(if all {
                    NodeId(nodes.start + nth as u32)
                } else {
                    list[nth as usize]
                });
            }
            nth -= list.len() as u64;
        }
        None
    }

    #[inline(always)]
    fn rank(&self, groups: GroupSet, group: usize, node: NodeId) -> u64 {
        let before = self.live_in(groups.intersection(GroupSet::first(group)));
        before + u64::from(self.places[node.index()])
    }

    /// Visits the candidates in id order until `visit` says stop, and returns that one.
    fn walk(
        &mut self,
        demand: &Resources,
        candidates: &Candidates<'_>,
        except: Option<NodeId>,
        mut visit: impl FnMut(NodeId) -> bool,
    ) -> Option<NodeId> {
        let fit = self.fit.as_mut()?;
        for group in candidates.groups().iter() {
            let mut range = candidates.cluster().spec().nodes_of(group);
            while let Some(node) = fit.first_in(range.clone(), demand) {
                if Some(node) != except && visit(node) {
                    return Some(node);
                }
                range.start = node.0 + 1;
            }
        }
        None
    }
}
