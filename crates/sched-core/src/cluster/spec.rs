//! The declared cluster: groups of equal nodes.
//!
//! Nodes of a group are alike in capacity and queue limit, so whether a call may
//! run on a node is a question about its group. That turns eligible sets into
//! 64-bit masks, and is why there are at most [`GroupSet::MAX_GROUPS`] groups.

use crate::resources::Resources;
use std::fmt;

/// A node, numbered from 0 in group order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u32);

impl NodeId {
    /// As an index into a `Vec` with one entry per node.
    #[inline]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "node-{}", self.0)
    }
}

impl fmt::Debug for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A set of node groups, by index.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupSet(u64);

impl GroupSet {
    /// The most groups that a cluster can have.
    pub const MAX_GROUPS: usize = 64;
    /// No group.
    pub const NONE: GroupSet = GroupSet(0);
    /// Every group, declared or not: no restriction.
    pub const ALL: GroupSet = GroupSet(u64::MAX);

    /// The set of one group.
    ///
    /// # Panics
    /// If `group` is not below [`Self::MAX_GROUPS`].
    #[inline]
    pub const fn only(group: usize) -> GroupSet {
        assert!(group < Self::MAX_GROUPS, "a cluster has at most 64 groups");
        GroupSet(1 << group)
    }

    /// The first `count` groups.
    #[inline]
    pub const fn first(count: usize) -> GroupSet {
        if count >= Self::MAX_GROUPS { Self::ALL } else { GroupSet((1 << count) - 1) }
    }

    /// Both together.
    #[must_use]
    #[inline]
    pub const fn union(self, other: GroupSet) -> GroupSet {
        GroupSet(self.0 | other.0)
    }

    /// Groups in both.
    #[must_use]
    #[inline]
    pub const fn intersection(self, other: GroupSet) -> GroupSet {
        GroupSet(self.0 & other.0)
    }

    /// The set of a mask, group 0 in the lowest bit.
    #[inline]
    pub const fn from_bits(bits: u64) -> GroupSet {
        GroupSet(bits)
    }

    /// The set as a mask, group 0 in the lowest bit.
    #[inline]
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// Groups of this set that are not in `other`.
    #[must_use]
    #[inline]
    pub const fn minus(self, other: GroupSet) -> GroupSet {
        GroupSet(self.0 & !other.0)
    }

    /// Whether `group` is in the set.
    #[inline]
    pub const fn contains(self, group: usize) -> bool {
        group < Self::MAX_GROUPS && self.0 >> group & 1 == 1
    }

    /// Whether the set is empty.
    #[inline]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The groups of the set, lowest first.
    #[inline]
    pub fn iter(self) -> impl Iterator<Item = usize> {
        let mut left = self.0;
        std::iter::from_fn(move || {
            let group = left.trailing_zeros() as usize;
            left &= left.wrapping_sub(1);
            (group < Self::MAX_GROUPS).then_some(group)
        })
    }
}

impl FromIterator<usize> for GroupSet {
    fn from_iter<I: IntoIterator<Item = usize>>(groups: I) -> GroupSet {
        groups.into_iter().fold(GroupSet::NONE, |set, group| set.union(GroupSet::only(group)))
    }
}

impl fmt::Debug for GroupSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::ALL => f.write_str("all groups"),
            set => f.debug_set().entries(set.iter()).finish(),
        }
    }
}

/// How many calls may wait in a node's own queue.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum QueueLimit {
    /// At most this many. 0 binds late: a call goes only where it starts at once.
    AtMost(u32),
    /// Any number: a call is bound to a node as soon as it is ready.
    Unbounded,
}

impl QueueLimit {
    /// Whether one more may be queued behind `queued`.
    #[inline]
    pub const fn allows(self, queued: u32) -> bool {
        match self {
            QueueLimit::AtMost(limit) => queued < limit,
            QueueLimit::Unbounded => true,
        }
    }
}

/// Nodes that are alike.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Group {
    /// Unique in its cluster.
    pub name: String,
    /// How many nodes.
    pub count: u32,
    /// What each of them has.
    pub capacity: Resources,
    /// How many calls may wait at each of them under early binding.
    pub queue_limit: QueueLimit,
}

impl Group {
    /// `count` nodes of `slots` slots, without gpu, with unlimited memory and unbounded queues.
    pub fn of_slots(name: impl Into<String>, count: u32, slots: u32) -> Group {
        Group {
            name: name.into(),
            count,
            capacity: Resources::slots(slots),
            queue_limit: QueueLimit::Unbounded,
        }
    }
}

/// A cluster that cannot be.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum ClusterError {
    /// There is no node at all.
    NoNodes,
    /// More groups than [`GroupSet::MAX_GROUPS`].
    TooManyGroups(usize),
    /// More nodes than [`ClusterSpec::MAX_NODES`].
    TooManyNodes(u64),
    /// Two groups of one name.
    DuplicateGroup(String),
    /// A group whose nodes have no capacity in any limited resource.
    NoCapacity(String),
}

impl fmt::Display for ClusterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ClusterError::NoNodes => f.write_str("the cluster has no node; declare at least one"),
            ClusterError::TooManyGroups(n) => write!(
                f,
                "{n} node groups; at most {} are possible, merge equal ones",
                GroupSet::MAX_GROUPS
            ),
            ClusterError::TooManyNodes(n) => {
                write!(f, "{n} nodes; at most {} are possible", ClusterSpec::MAX_NODES)
            }
            ClusterError::DuplicateGroup(name) => {
                write!(f, "two node groups are called `{name}`; names must differ")
            }
            ClusterError::NoCapacity(name) => {
                write!(f, "nodes of group `{name}` have neither cpu nor gpu; give them slots")
            }
        }
    }
}

impl std::error::Error for ClusterError {}

/// The declared cluster. Immutable; nodes are numbered in group order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ClusterSpec {
    groups: Vec<Group>,
    first_node: Vec<u32>, // of each group, and one past the end
}

impl ClusterSpec {
    /// The most nodes that a cluster can have.
    pub const MAX_NODES: u32 = 1 << 20;

    /// A cluster of these groups.
    ///
    /// # Errors
    /// [`ClusterError`] says what cannot be, and the remedy.
    pub fn new(groups: Vec<Group>) -> Result<ClusterSpec, ClusterError> {
        if groups.len() > GroupSet::MAX_GROUPS {
            return Err(ClusterError::TooManyGroups(groups.len()));
        }
        let total: u64 = groups.iter().map(|group| u64::from(group.count)).sum();
        if total == 0 {
            return Err(ClusterError::NoNodes);
        }
        if total > u64::from(Self::MAX_NODES) {
            return Err(ClusterError::TooManyNodes(total));
        }
        let mut first_node = vec![0];
        for (i, group) in groups.iter().enumerate() {
            if groups[..i].iter().any(|other| other.name == group.name) {
                return Err(ClusterError::DuplicateGroup(group.name.clone()));
            }
            if group.capacity.cpu() == 0 && group.capacity.gpu() == 0 {
                return Err(ClusterError::NoCapacity(group.name.clone()));
            }
            first_node.push(first_node[i] + group.count);
        }
        Ok(ClusterSpec { groups, first_node })
    }

    /// One group of `nodes` nodes of `slots` slots.
    ///
    /// # Errors
    /// As [`ClusterSpec::new`].
    pub fn uniform(nodes: u32, slots: u32) -> Result<ClusterSpec, ClusterError> {
        ClusterSpec::new(vec![Group::of_slots("nodes", nodes, slots)])
    }

    /// The groups, in declared order.
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// How many nodes are declared.
    #[inline]
    pub fn node_count(&self) -> usize {
        self.first_node[self.groups.len()] as usize
    }

    /// Every declared node, lowest first.
    pub fn nodes(&self) -> impl Iterator<Item = NodeId> + use<> {
        (0..self.first_node[self.groups.len()]).map(NodeId)
    }

    /// The nodes of a group, lowest first.
    #[inline]
    pub fn nodes_of(&self, group: usize) -> std::ops::Range<u32> {
        self.first_node[group]..self.first_node[group + 1]
    }

    /// The group of a node. O(log groups).
    pub fn group_of(&self, node: NodeId) -> usize {
        self.first_node.partition_point(|&first| first <= node.0) - 1
    }

    /// What a node has.
    pub fn capacity(&self, node: NodeId) -> Resources {
        self.groups[self.group_of(node)].capacity
    }

    /// Whole slots of all nodes together: the `parallelism` of reports.
    pub fn total_slots(&self) -> u64 {
        let slots = |g: &Group| u64::from(g.count) * u64::from(g.capacity.whole_slots());
        self.groups.iter().map(slots).sum()
    }

    /// The eligible set: groups among `on` whose nodes could hold `demand` when empty.
    pub fn eligible(&self, demand: &Resources, on: GroupSet) -> GroupSet {
        let holds = |(_, group): &(usize, &Group)| group.count > 0 && demand.fits(&group.capacity);
        let holding = self.groups.iter().enumerate().filter(holds).map(|(i, _)| i);
        on.intersection(holding.collect())
    }
}
