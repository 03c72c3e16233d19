//! Waiting for all workers at once.
//!
//! `poll` is asked for all connections every time. That is linear in the nodes, and cheaper than keeping a
//! kernel's list up to date for the tens of them that there are.

use super::node::Node;
use crate::link::Link;
use crate::{Error, poll};
use rustix::event::{PollFd, PollFlags};
use sched_core::Span;

/// Waits until a worker has said something, or `timeout` is over; puts the indices of those that have into
/// `ready`. Writes what was left over to those that take more again.
pub(super) fn wait(nodes: &mut [Node], timeout: Span, ready: &mut Vec<usize>) -> Result<(), Error> {
    ready.clear();
    let connected = |node: &Node| node.link.is_some();
    let mut sockets: Vec<PollFd<'_>> = nodes
        .iter()
        .filter_map(|node| node.link.as_ref())
        .map(|link| PollFd::new(link, interest(link)))
        .collect();
    poll::wait(&mut sockets, Some(timeout))?;
    let news: Vec<PollFlags> = sockets.into_iter().map(|socket| socket.revents()).collect();
    let connected = nodes.iter_mut().enumerate().filter(|(_, node)| connected(node));
    for ((at, node), news) in connected.zip(news) {
        if news.contains(PollFlags::OUT) {
            node.flush();
        }
        if !news.difference(PollFlags::OUT).is_empty() {
            ready.push(at);
        }
    }
    Ok(())
}

fn interest(link: &Link) -> PollFlags {
    match link.is_blocked() {
        true => PollFlags::IN | PollFlags::OUT,
        false => PollFlags::IN,
    }
}
