//! Nothing is allocated on the hot path once a scheduler is warm.
//!
//! Every built-in policy through `dyn Scheduler`, with nobody waiting and with a thousand calls
//! waiting, and vector demands, on an allocator that counts.

#![allow(
    unsafe_code,
    reason = "an allocator that counts is an unsafe trait, and only this test has one"
)]

use benches::{Steady, Vector};
use sched_core::{Bind, Registry};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

struct Counting;

thread_local! {
    /// Of this thread: the test's harness allocates in its own, when it likes.
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

fn count() {
    ALLOCATIONS.with(|so_far| so_far.set(so_far.get() + 1));
}

// SAFETY: it hands every request on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: the caller's promise is passed on.
        unsafe { System.realloc(at, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Allocations of so many cycles, after so many that are not counted.
fn allocations(warm_up: u64, cycles: u64, mut cycle: impl FnMut()) -> u64 {
    (0..warm_up).for_each(|_| cycle());
    let before = ALLOCATIONS.get();
    (0..cycles).for_each(|_| cycle());
    ALLOCATIONS.get() - before
}

#[test]
fn a_warm_scheduler_allocates_nothing() {
    let counted = allocations(0, 10, || drop(std::hint::black_box(Box::new(1))));
    assert_eq!(counted, 10, "the allocator counts");
    for policy in Registry::builtin().names() {
        for nodes in [16, 300] {
            let mut steady = Steady::half_full(policy, nodes);
            assert_eq!(allocations(5_000, 20_000, || steady.cycle()), 0, "{policy}, {nodes} nodes");
            let mut steady = Steady::congested(policy, nodes, 1000);
            let counted = allocations(5_000, 20_000, || steady.cycle());
            assert_eq!(counted, 0, "{policy}, {nodes} nodes, calls waiting");
        }
    }
    for policy in ["load_aware_spread", "load_aware_pack"] {
        for bind in [Bind::Late, Bind::Early] {
            let mut vector = Vector::new(policy, bind, 100);
            let counted = allocations(500_000, 20_000, || vector.cycle());
            assert_eq!(counted, 0, "{policy}, {bind}, vector demands");
        }
    }
}
