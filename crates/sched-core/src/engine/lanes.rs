//! The waiting calls, and which of them may be asked for now.
//!
//! The head-of-line rule: a node may take a call only if no call ahead of it in the
//! policy's order is waiting and eligible for that node. So two calls with the same
//! eligible set never overtake each other, whatever their demands, and one queue per
//! distinct eligible set (a *lane*) is enough. Of a lane only the head can be placed.
//! Lanes are as many as distinct sets of groups in use, a handful, however many calls,
//! nodes and shapes of demand there are.
//!
//! A lane whose head was refused is not asked again until something was gained for it.
//!
//! A call that comes when nobody waits is next, whatever its rank, so it stands apart as the
//! *newcomer* and joins its lane only if it is refused or another call comes before the next poll.
//! Where nothing is scarce, no call ever passes through a queue.

use super::run_queue::{Entry, RunQueue};
use crate::cluster::{ClusterSpec, GroupSet};
use crate::resources::Resources;
use crate::task::Task;

#[derive(Clone, Debug)]
struct Lane {
    eligible: GroupSet,
    queue: RunQueue,
    refused: bool, // the head; not to be asked again before something was gained
    keeping: bool, // some head was refused since the last one left: calls behind it may have been held up
}

/// The lanes of a scheduler.
#[derive(Clone, Debug)]
pub(crate) struct Lanes {
    lanes: Vec<Lane>,
    eligible: GroupSet, // for some lane
    memo: Box<[Memo; MEMOS]>,
    newcomer: Option<Newcomer>,
    waiting: usize,    // over all lanes, the newcomer among them
    any_refused: bool, // by some lane
}

/// The only call that waits.
#[derive(Clone, Debug)]
struct Newcomer {
    lane: usize,
    eligible: GroupSet,
    call: Entry,
}

/// What one demand was found eligible for; a direct-mapped cache, so that the groups
/// are compared once per shape and not once per call.
#[derive(Clone, Copy, Debug)]
struct Memo {
    demand: Resources,
    on: GroupSet,
    eligible: GroupSet, // none: no declared node could ever run it
    lane: u32,
}

const MEMOS: usize = 64;

impl Lanes {
    pub(crate) fn new() -> Lanes {
        // True as it is: on no group, nothing is eligible.
        let (demand, on, eligible) = (Resources::NONE, GroupSet::NONE, GroupSet::NONE);
        let unused = Memo { demand, on, eligible, lane: 0 };
        Lanes {
            lanes: Vec::new(),
            eligible: GroupSet::NONE,
            memo: Box::new([unused; MEMOS]),
            newcomer: None,
            waiting: 0,
            any_refused: false,
        }
    }

    /// Waiting calls over all lanes.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting
    }

    /// Takes a call in. False if no declared node could ever run it.
    #[inline(always)]
    pub(crate) fn push(&mut self, spec: &ClusterSpec, rank: i64, task: &Task) -> bool {
        let Memo { lane, eligible, .. } = *self.memo_of(spec, &task.demand, task.on);
        if eligible.is_empty() {
            return false;
        }
        let lane = lane as usize;
        if self.waiting == 0 {
            self.newcomer = Some(Newcomer { lane, eligible, call: Entry { rank, task: *task } });
            self.waiting = 1;
        } else {
            self.push_behind(lane, rank, task);
        }
        true
    }

    /// Puts a call into its lane; others wait.
    #[inline(never)]
    fn push_behind(&mut self, lane: usize, rank: i64, task: &Task) {
        if self.newcomer.is_some() {
            self.queue_newcomer();
        }
        self.queue(lane, rank, task);
        self.waiting += 1;
    }

    /// The newcomer and its eligible set. While there is one, nobody else waits.
    #[inline(always)]
    pub(crate) fn newcomer(&self) -> Option<(&Task, GroupSet)> {
        let Newcomer { eligible, call, .. } = self.newcomer.as_ref()?;
        Some((&call.task, *eligible))
    }

    /// The newcomer has found a node and leaves.
    #[inline(always)]
    pub(crate) fn pop_newcomer(&mut self) {
        self.newcomer = None;
        self.waiting = 0;
    }

    /// The newcomer was refused: it waits as the head of its lane.
    #[cold]
    #[inline(never)]
    pub(crate) fn refuse_newcomer(&mut self) {
        if let Some(lane) = self.queue_newcomer() {
            self.refuse(lane);
        }
    }

    /// Puts the newcomer, if there is one, into its lane, and returns that.
    fn queue_newcomer(&mut self) -> Option<usize> {
        let Newcomer { lane, call, .. } = self.newcomer.take()?;
        self.queue(lane, call.rank, &call.task);
        Some(lane)
    }

    #[inline(always)]
    fn queue(&mut self, lane: usize, rank: i64, task: &Task) {
        let lane = &mut self.lanes[lane];
        if lane.queue.push(rank, task) {
            lane.refused = false; // a new head, not asked yet
        }
    }

    /// These groups have gained something: their lanes are worth asking again.
    #[inline(always)]
    pub(crate) fn gained(&mut self, groups: GroupSet) {
        if self.any_refused && !groups.is_empty() {
            self.ask_again(groups);
        }
    }

    #[inline(never)]
    fn ask_again(&mut self, groups: GroupSet) {
        self.any_refused = false;
        for lane in &mut self.lanes {
            lane.refused &= lane.eligible.intersection(groups).is_empty();
            self.any_refused |= lane.refused;
        }
    }

    /// The lane whose head is next in order among those that have groups left.
    /// `kept` collects the groups that heads ahead of it keep.
    #[inline(always)]
    pub(crate) fn next(&self, kept: &mut GroupSet) -> Option<usize> {
        let lanes = self.lanes.as_slice();
        // Mostly the head of the last lane that has any was just refused.
        while !self.eligible.minus(*kept).is_empty() && self.waiting > 0 {
            let mut next = lanes.len();
            for (i, lane) in lanes.iter().enumerate() {
                if !lane.queue.is_empty()
                    && !lane.eligible.minus(*kept).is_empty()
                    && (next == lanes.len() || self.is_ahead(i, next))
                {
                    next = i;
                }
            }
            let lane = lanes.get(next)?;
            if !lane.refused {
                return Some(next);
            }
            *kept = kept.union(lane.eligible);
        }
        None
    }

    /// Whether the head of a lane goes before that of another. Not inlined, because most clusters have
    /// one lane, and registers would be saved for the comparison that they never make.
    #[inline(never)]
    fn is_ahead(&self, lane: usize, other: usize) -> bool {
        self.lanes[lane].queue.peek() < self.lanes[other].queue.peek()
    }

    /// The call that is next in a lane, and the lane's eligible set.
    #[inline(always)]
    pub(crate) fn head(&self, lane: usize) -> Option<(&Task, GroupSet)> {
        let lane = &self.lanes[lane];
        lane.queue.peek().map(|entry| (&entry.task, lane.eligible))
    }

    /// The head has found a node and leaves. What it kept meanwhile is worth asking for again.
    #[inline(always)]
    pub(crate) fn pop(&mut self, lane: usize) {
        let lane = &mut self.lanes[lane];
        lane.queue.pop();
        self.waiting -= 1;
        if std::mem::replace(&mut lane.keeping, false) {
            let eligible = lane.eligible;
            self.gained(eligible);
        }
    }

    /// The head was refused: it waits, and keeps its groups.
    pub(crate) fn refuse(&mut self, lane: usize) -> GroupSet {
        self.any_refused = true;
        let lane = &mut self.lanes[lane];
        (lane.refused, lane.keeping) = (true, true);
        lane.eligible
    }

    #[inline(always)]
    fn memo_of(&mut self, spec: &ClusterSpec, demand: &Resources, on: GroupSet) -> &Memo {
        let at = memo_index(demand, on);
        let memo = &self.memo[at];
        if memo.demand != *demand || memo.on != on {
            self.new_memo(spec, demand, on, at);
        }
        &self.memo[at]
    }

    #[cold]
    #[inline(never)]
    fn new_memo(&mut self, spec: &ClusterSpec, demand: &Resources, on: GroupSet, at: usize) {
        let eligible = spec.eligible(demand, on);
        let lane = match self.lanes.iter().position(|lane| lane.eligible == eligible) {
            Some(lane) => lane,
            None if eligible.is_empty() => 0, // none is needed
            None => {
                let queue = RunQueue::default();
                self.eligible = self.eligible.union(eligible);
                self.lanes.push(Lane { eligible, queue, refused: false, keeping: false });
                self.lanes.len() - 1
            }
        };
        self.memo[at] = Memo { demand: *demand, on, eligible, lane: lane as u32 };
    }
}

#[inline]
fn memo_index(demand: &Resources, on: GroupSet) -> usize {
    let mixed = u64::from(demand.cpu())
        ^ u64::from(demand.gpu()).rotate_left(20)
        ^ demand.memory().rotate_left(36)
        ^ on.bits().rotate_left(52);
    (mixed.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 58) as usize
}
