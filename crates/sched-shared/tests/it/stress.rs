//! Real threads, every policy: no slot given twice, none lost, nobody forgotten in line.
//!
//! The node itself is the witness: a counter per node of the calls that are on it now, in the
//! present life of the node, must never exceed its slots. At the end all slots can be had again.

use sched_core::{ClusterSpec, NodeId, PolicySpec, Registry, rng::Rng};
use sched_shared::{Call, Refusal, Shared};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::thread;

const NODES: u32 = 6;
const SLOTS: u32 = 2;
const THREADS: u64 = 4;

fn shared(policy: &str) -> Arc<Shared> {
    let policy = PolicySpec::named(policy).with("bind", "late");
    let policy = Registry::builtin().resolve(&policy).unwrap();
    Arc::new(Shared::new(&policy, &ClusterSpec::uniform(NODES, SLOTS).unwrap(), 9))
}

/// Every slot can be had, and no more.
fn all_there(shared: &Shared) {
    let seats: Vec<_> =
        (0..NODES * SLOTS).map(|_| shared.try_place(&Call::slot()).unwrap()).collect();
    assert_eq!(shared.try_place(&Call::slot()).err(), Some(Refusal::NotNow));
    for node in (0..NODES).map(NodeId) {
        assert_eq!(seats.iter().filter(|seat| seat.node() == node).count(), SLOTS as usize);
    }
}

#[test]
fn no_slot_is_given_twice_and_none_is_lost() {
    for policy in Registry::builtin().names() {
        let shared = shared(policy);
        let on: Vec<AtomicI64> = (0..NODES).map(|_| AtomicI64::new(0)).collect();
        let (on, shared_ref) = (&on, &shared);
        thread::scope(|scope| {
            for thread in 0..THREADS {
                scope.spawn(move || {
                    let mut held = Vec::new();
                    let mut rng = Rng::new(thread);
                    for _ in 0..20_000 {
                        if rng.below(2) == 0 {
                            if let Ok(seat) = shared_ref.try_place(&Call::slot()) {
                                let now = on[seat.node().index()].fetch_add(1, Ordering::SeqCst);
                                assert!(now < i64::from(SLOTS), "{policy}: given twice");
                                held.push(seat);
                            }
                        } else if let Some(seat) = held.pop() {
                            on[seat.node().index()].fetch_sub(1, Ordering::SeqCst);
                            assert!(seat.done());
                        }
                    }
                    for seat in held {
                        on[seat.node().index()].fetch_sub(1, Ordering::SeqCst);
                        drop(seat);
                    }
                });
            }
        });
        all_there(&shared);
    }
}

#[test]
fn nobody_is_forgotten_in_line() {
    // More threads than slots, all waiting in turn; some leave. A lost wake-up would hang the test.
    for policy in Registry::builtin().names() {
        let policy = PolicySpec::named(policy).with("bind", "late");
        let policy = Registry::builtin().resolve(&policy).unwrap();
        let shared = Shared::new(&policy, &ClusterSpec::uniform(1, 2).unwrap(), 9);
        let (on, served) = (AtomicI64::new(0), AtomicU64::new(0));
        thread::scope(|scope| {
            for thread in 0..THREADS {
                let (shared, on, served) = (&shared, &on, &served);
                scope.spawn(move || {
                    let mut rng = Rng::new(thread);
                    for _ in 0..3_000 {
                        let placing = shared.place(&Call::slot());
                        if rng.below(8) == 0 {
                            continue;
                        }
                        let seat = placing.wait().unwrap();
                        assert!(on.fetch_add(1, Ordering::SeqCst) < 2, "given twice");
                        served.fetch_add(1, Ordering::Relaxed);
                        on.fetch_sub(1, Ordering::SeqCst);
                        drop(seat);
                    }
                });
            }
        });
        assert!(served.into_inner() > 8_000);
        let both = [shared.try_place(&Call::slot()), shared.try_place(&Call::slot())];
        assert!(both.iter().all(Result::is_ok), "lost");
        assert!(shared.try_place(&Call::slot()).is_err());
    }
}

#[test]
fn nodes_leave_drain_and_return_while_in_use() {
    for policy in Registry::builtin().names() {
        let shared = shared(policy);
        let over = AtomicBool::new(false);
        let placed = AtomicU64::new(0);
        thread::scope(|scope| {
            for _ in 0..THREADS {
                let (shared, placed) = (&shared, &placed);
                scope.spawn(move || {
                    let mut held = Vec::new();
                    for turn in 0..10_000 {
                        if let Ok(seat) = shared.try_place(&Call::slot()) {
                            placed.fetch_add(1, Ordering::Relaxed);
                            held.push(seat);
                        }
                        if turn % 3 == 0 || held.len() > 4 {
                            held.pop();
                        }
                    }
                });
            }
            let (shared, over) = (&shared, &over);
            let churn = scope.spawn(move || {
                let mut rng = Rng::new(77);
                while !over.load(Ordering::Relaxed) {
                    let node = NodeId(rng.below(u64::from(NODES)) as u32);
                    match rng.below(4) {
                        0 => shared.node_down(node),
                        1 => shared.node_drain(node),
                        _ => shared.node_up(node),
                    }
                    thread::yield_now();
                }
            });
            while placed.load(Ordering::Relaxed) < 2_000 {
                thread::yield_now();
            }
            over.store(true, Ordering::Relaxed);
            churn.join().unwrap();
            (0..NODES).for_each(|node| shared.node_up(NodeId(node)));
        });
        all_there(&shared);
    }
}
