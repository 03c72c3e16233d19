//! Indexes that keep a decision from growing with the cluster.
//!
//! Built-in placements scan nothing: [`FitIndex`] finds nodes by id, [`LoadIndex`] by lowest
//! load, [`PackIndex`] by highest; [`Trie`] is the sorted map under the latter two, and
//! [`DrawIndex`] draws uniformly. Each has a naive oracle in its tests.
//! [`IdTable`] finds calls by id. They are public: a placement of yours may keep one, updated in
//! [`Placement::changed`](crate::Placement::changed).

mod draw;
mod fit;
mod id_table;
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
pub use trie::Trie;

use crate::cluster::{Cluster, Dominant, NodeId, share};
use crate::resources::Resources;

/// The highest load at which a node of `capacity`, dominated by `resource` and without a queue, can
/// still have `demand` free. `None` if the demand is above the capacity.
///
/// With `u` held of capacity `c`, `u + d ≤ c` gives `u/c ≤ (c − d)/c`, and rounding down keeps
/// the order, so a higher load rules the node out.
fn load_bound(capacity: &Resources, resource: Dominant, demand: &Resources) -> Option<u64> {
    let left = capacity.minus(*demand)?;
    Some(match resource {
        Dominant::Cpu => share(u64::from(left.cpu()), u64::from(capacity.cpu())),
        Dominant::Gpu => share(u64::from(left.gpu()), u64::from(capacity.gpu())),
        Dominant::Memory => share(left.memory(), capacity.memory()),
    })
}

/// What a node can be given now, as [`FitIndex::set`] takes it: with room in its queue anything that
/// it could hold when empty, else what is free if it has no queue.
pub(crate) fn takes(cluster: &Cluster, node: NodeId) -> Option<Resources> {
    if cluster.has_queue_room(node) { Some(cluster.capacity(node)) } else { cluster.ready(node) }
}
