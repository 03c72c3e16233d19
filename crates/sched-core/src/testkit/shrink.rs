//! Cuts a failing history down to what it fails by.
//!
//! Delta debugging (Zeller and Hildebrandt, Simplifying and Isolating Failure-Inducing
//! Input, 2002), in its simple form: leave out chunks, halving their size when none can
//! go, until no single step can be spared; then the same for the nodes of the groups.

use super::run::History;
use crate::{ClusterSpec, Group};

/// Runs of the history that one search may cost.
const TRIALS: usize = 4_000;

/// A smaller history for which `fails` still holds; `history` itself if there is none.
pub fn shrink(history: &History, mut fails: impl FnMut(&History) -> bool) -> History {
    let mut best = history.clone();
    let mut trials = TRIALS;
    let mut accept = |candidate: &History| {
        trials = trials.saturating_sub(1);
        trials > 0 && fails(candidate)
    };
    loop {
        let before = size(&best);
        drop_steps(&mut best, &mut accept);
        drop_nodes(&mut best, &mut accept);
        if size(&best) == before {
            return best;
        }
    }
}

fn size(history: &History) -> usize {
    history.ops.len() + history.spec.node_count()
}

fn drop_steps(best: &mut History, accept: &mut impl FnMut(&History) -> bool) {
    let mut chunk = best.ops.len().div_ceil(2).max(1);
    loop {
        let mut at = 0;
        while at < best.ops.len() {
            let mut ops = best.ops.clone();
            ops.drain(at..(at + chunk).min(ops.len()));
            let candidate = History { ops, ..best.clone() };
            if accept(&candidate) {
                *best = candidate;
            } else {
                at += chunk;
            }
        }
        if chunk == 1 {
            return;
        }
        chunk = chunk.div_ceil(2);
    }
}

/// Groups may become empty but stay, because calls name groups by their place.
fn drop_nodes(best: &mut History, accept: &mut impl FnMut(&History) -> bool) {
    for group in 0..best.spec.groups().len() {
        for count in [0, best.spec.groups()[group].count / 2] {
            try_count(best, group, count, accept);
        }
        while best.spec.groups()[group].count > 0 {
            let fewer = best.spec.groups()[group].count - 1;
            if !try_count(best, group, fewer, accept) {
                break;
            }
        }
    }
}

fn try_count(
    best: &mut History,
    group: usize,
    count: u32,
    accept: &mut impl FnMut(&History) -> bool,
) -> bool {
    let mut groups: Vec<Group> = best.spec.groups().to_vec();
    if groups[group].count <= count {
        return false;
    }
    groups[group].count = count;
    let Ok(spec) = ClusterSpec::new(groups) else { return false };
    let candidate = History { spec, ops: best.ops.clone() };
    let fails = accept(&candidate);
    if fails {
        *best = candidate;
    }
    fails
}
