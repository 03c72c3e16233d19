//! A generator per thread behind `&self`.
//!
//! One generator for all threads would be the one line that all of them write. Each thread has a stripe
//! of its own instead, found by a number that the thread keeps. The first thread that draws has the
//! generator of the seed itself, so that a host of one thread draws what a simulation draws. Only threads
//! beyond 64 share; then a draw may be made twice, which costs chance a little and correctness nothing.

use crate::padded::Padded;
use sched_core::rng::Rng;
use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

/// How many threads have a stripe of their own.
const STRIPES: usize = 64;

/// The generators.
#[derive(Debug)]
pub(crate) struct Stripes {
    stripes: Box<[Padded<Stripe>; STRIPES]>,
    seed: u64,
    seeded: AtomicU64, // how many stripes have drawn
}

#[derive(Debug, Default)]
struct Stripe {
    state: AtomicU64,
    is_seeded: AtomicBool,
}

impl Stripes {
    pub(crate) fn new(seed: u64) -> Stripes {
        let stripes = Box::new(std::array::from_fn(|_| Padded::default()));
        Stripes { stripes, seed, seeded: AtomicU64::new(0) }
    }

    /// Draws with this thread's generator. What is drawn counts only if `draw` gives something.
    #[inline(always)]
    pub(crate) fn draw<T>(&self, draw: impl FnOnce(&mut Rng) -> Option<T>) -> Option<T> {
        let stripe = &self.stripes[number() % STRIPES];
        if !stripe.is_seeded.load(Ordering::Relaxed) {
            self.seed(stripe);
        }
        let mut rng = Rng::new(stripe.state.load(Ordering::Relaxed));
        let drawn = draw(&mut rng)?;
        stripe.state.store(rng.state(), Ordering::Relaxed);
        Some(drawn)
    }

    /// The n-th stripe to draw starts at the n-th output of a generator of its own.
    #[cold]
    fn seed(&self, stripe: &Stripe) {
        let nth = self.seeded.fetch_add(1, Ordering::Relaxed);
        let mut seeds = Rng::new(!self.seed);
        let state = (0..nth).fold(self.seed, |_, _| seeds.next_u64());
        stripe.state.store(state, Ordering::Relaxed);
        stripe.is_seeded.store(true, Ordering::Relaxed);
    }
}

/// This thread's number, from 0 in the order in which threads first ask.
#[inline(always)]
fn number() -> usize {
    const NONE: usize = usize::MAX;
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static NUMBER: Cell<usize> = const { Cell::new(NONE) };
    }
    NUMBER.with(|number| {
        if number.get() == NONE {
            number.set(NEXT.fetch_add(1, Ordering::Relaxed));
        }
        number.get()
    })
}
