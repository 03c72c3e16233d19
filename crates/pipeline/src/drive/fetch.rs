//! Reads ahead what the next ends of calls will be about.
//!
//! With tens of thousands of calls in flight, a task and the account of its node are far away when its call
//! ends, and the loop would wait for each in turn. An executor that can foresee names some dozens of
//! calls at a time; read together, their lines arrive together and are near when they are needed. Nothing
//! is done with what is read, so no result depends on it.

use super::account::Account;
use super::executor::Executor;
use super::items::{Items, Place};
use super::turn::Loop;
use std::hint::black_box;

impl<E: Executor> Loop<'_, E> {
    /// Reads what is known of the calls that will end soon.
    #[cold]
    #[inline(never)]
    pub(super) fn fetch(&mut self) {
        let Some(soon) = self.executor.soon() else { return };
        fetch(soon, &self.items, &self.account);
        soon.clear();
    }
}

fn fetch(slots: &[u32], items: &Items, account: &Account) {
    let nodes = || {
        slots.iter().filter_map(|&slot| match items.get(slot).place {
            Place::Bound(node) => Some(node),
            Place::Waiting | Place::Ended => None,
        })
    };
    // First what names the nodes, then the nodes.
    black_box(nodes().fold(0, |seen, node| seen ^ node.0));
    black_box(nodes().fold(0, |seen, node| seen ^ account.calls_finished(node)));
}
