//! Indexes that keep a decision from growing with the cluster.
//!
//! Built-in placements scan nothing: [`FitIndex`] finds nodes by id, [`LoadIndex`] by lowest
//! load, [`PackIndex`] by highest; a ladder over a trie is under the latter two, with the last
//! answer for each demand, and
//! [`DrawIndex`] draws uniformly. Each has a naive oracle in its tests.
//! [`IdTable`] finds calls by id. They are public: a placement of yours may keep one, updated in
//! [`Placement::changed`](crate::Placement::changed).

mod answers;
mod draw;
mod fit;
mod id_table;
mod ladder;
mod load;
mod pack;
mod trie;

#[cfg(test)]
mod tests;

pub use draw::DrawIndex;
pub use fit::FitIndex;
pub use id_table::IdTable;
pub use load::LoadIndex;
pub use pack::PackIndex;

use crate::cluster::{Cluster, NodeId};
use crate::resources::Resources;

/// What a node can be given now, as [`FitIndex::set`] takes it: with room in its queue anything that
/// it could hold when empty, else what is free if it has no queue.
pub(crate) fn takes(cluster: &Cluster, node: NodeId) -> Option<Resources> {
    if cluster.has_queue_room(node) { Some(cluster.capacity(node)) } else { cluster.ready(node) }
}
