//! The whole handle under the model: both ways, through lines, losses and those who give up.
//!
//! A call that is forgotten in line blocks its thread for ever, which loom reports as a deadlock.

use super::model;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicU64, Ordering};
use loom::thread;
use sched_core::{ClusterSpec, NodeId, PolicySpec, Registry};
use sched_shared::{Call, Shared};

/// The handle of a policy, bound late, and a witness that only one who has the only slot may touch.
fn host(policy: &str, nodes: u32) -> Arc<(Shared, AtomicU64)> {
    let policy = PolicySpec::named(policy).with("bind", "late");
    let policy = Registry::builtin().resolve(&policy).unwrap();
    let shared = Shared::new(&policy, &ClusterSpec::uniform(nodes, 1).unwrap(), 1);
    Arc::new((shared, AtomicU64::new(0)))
}

/// Counts itself by a load and a store.
fn touch(witness: &AtomicU64) {
    let before = witness.load(Ordering::Relaxed);
    witness.store(before + 1, Ordering::Relaxed);
}

/// So many slots can be had, and no more.
fn has(shared: &Shared, slots: usize) {
    let seats: Vec<_> =
        (0..slots).map(|_| shared.try_place(&Call::slot()).expect("lost")).collect();
    assert!(shared.try_place(&Call::slot()).is_err(), "given twice");
    drop(seats);
}

/// Both ways: each kind of rule, and the combiner.
const POLICIES: [&str; 3] = ["round_robin", "power_of_two", "fifo"];

#[test]
fn two_wait_for_one_slot_and_both_get_it() {
    for policy in POLICIES {
        model(2, move || {
            let all = host(policy, 1);
            let other = Arc::clone(&all);
            let thread = thread::spawn(move || {
                let seat = other.0.place(&Call::slot()).wait().unwrap();
                touch(&other.1);
                drop(seat);
            });
            let seat = all.0.place(&Call::slot()).wait().unwrap();
            touch(&all.1);
            drop(seat);
            thread.join().unwrap();
            assert_eq!(all.1.load(Ordering::Relaxed), 2, "two had the slot at once");
            has(&all.0, 1);
        });
    }
}

#[test]
fn two_try_for_two_slots_and_one_does_not_take_the_others() {
    for policy in POLICIES {
        model(2, move || {
            let all = host(policy, 2);
            let other = Arc::clone(&all);
            let thread = thread::spawn(move || {
                let seat = other.0.try_place(&Call::slot()).expect("there are two");
                let node = seat.node();
                (seat.into_ticket(), node)
            });
            let seat = all.0.try_place(&Call::slot()).expect("there are two");
            let (ticket, node) = thread.join().unwrap();
            assert_ne!(seat.node(), node);
            assert!(seat.done() && all.0.done(ticket));
            has(&all.0, 2);
        });
    }
}

/// Whoever finds the combiner's lock taken looks whether it is free soon, and then has it or leaves a request. Each
/// thread has freed a slot before it tries, and decisions come one after the other: both get one. (Counters may refuse
/// here: a thread looks at one node while it is full yet, and at the other when it is taken again.)
#[test]
fn two_finish_and_try_again_at_once_and_both_get_a_slot() {
    model(2, || {
        let all = host("fifo", 2);
        let mine = all.0.try_place(&Call::slot()).unwrap().into_ticket();
        let theirs = all.0.try_place(&Call::slot()).unwrap().into_ticket();
        let other = Arc::clone(&all);
        let thread = thread::spawn(move || {
            assert!(other.0.done(theirs));
            other.0.try_place(&Call::slot()).expect("one is free").into_ticket()
        });
        assert!(all.0.done(mine));
        let mine = all.0.try_place(&Call::slot()).expect("one is free");
        let theirs = thread.join().unwrap();
        assert_ne!(mine.node(), theirs.node(), "given twice");
        assert!(mine.done() && all.0.done(theirs));
        has(&all.0, 2);
    });
}

#[test]
fn who_gives_up_takes_nothing_along() {
    for policy in POLICIES {
        model(2, move || {
            let all = host(policy, 1);
            let ticket = all.0.try_place(&Call::slot()).unwrap().into_ticket();
            let other = Arc::clone(&all);
            let thread = thread::spawn(move || drop(other.0.place(&Call::slot())));
            all.0.done(ticket);
            thread.join().unwrap();
            has(&all.0, 1);
        });
    }
}

#[test]
fn a_node_is_lost_and_returns_while_its_slot_comes_back() {
    for policy in POLICIES {
        model(2, move || {
            let all = host(policy, 1);
            let ticket = all.0.try_place(&Call::slot()).unwrap().into_ticket();
            let other = Arc::clone(&all);
            let thread = thread::spawn(move || {
                other.0.node_down(NodeId(0));
                other.0.node_up(NodeId(0));
                // Whatever came of the old seat, the node has its one slot.
                other.0.place(&Call::slot()).wait().unwrap().into_ticket()
            });
            all.0.done(ticket);
            let new = thread.join().unwrap();
            assert!(all.0.try_place(&Call::slot()).is_err(), "the old seat freed the new one's");
            assert!(all.0.done(new));
            has(&all.0, 1);
        });
    }
}

#[test]
fn a_call_in_line_gets_the_node_that_returns() {
    for policy in POLICIES {
        model(2, move || {
            let all = host(policy, 1);
            all.0.node_down(NodeId(0));
            let other = Arc::clone(&all);
            let thread = thread::spawn(move || other.0.node_up(NodeId(0)));
            drop(all.0.place(&Call::slot()).wait().unwrap());
            thread.join().unwrap();
            has(&all.0, 1);
        });
    }
}
