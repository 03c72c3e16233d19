//! So many cycles of one kind and nothing else, for a tool that counts instructions.
//!
//! `cycles KIND COUNT`, where KIND is a policy (16 nodes, half of the slots busy), a policy and
//! `_waiting` (every slot busy, 1000 calls waiting), `vector_` and a policy, `driver` (what is in each of
//! them and no scheduler's), or `reference`: a tournament tree, the loop that the others are
//! compared with. `cargo xtask check --full` runs it.

use benches::baseline::{Counts, Tournament};
use benches::{Steady, Vector};
use sched_core::{Bind, Registry};
use std::process::ExitCode;

const NODES: u32 = 16;
const WAITING: u64 = 1000;
const VECTOR_NODES: u32 = 1000;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [kind, count] = args.as_slice() else { return usage("two arguments are needed") };
    let Ok(count) = count.parse() else { return usage("COUNT is not a number") };
    let policies = Registry::builtin().names();
    let is_policy = |name: &str| policies.contains(&name);
    if kind == "reference" {
        let mut counts: Counts<Tournament> = Counts::half_full(1024);
        repeat(count, || counts.cycle());
    } else if kind == "driver" {
        let mut steady = Steady::driver_alone(NODES);
        repeat(count, || steady.cycle());
    } else if is_policy(kind) {
        let mut steady = Steady::half_full(kind, NODES);
        repeat(count, || steady.cycle());
    } else if let Some(policy) = kind.strip_suffix("_waiting").filter(|name| is_policy(name)) {
        let mut steady = Steady::congested(policy, NODES, WAITING);
        repeat(count, || steady.cycle());
    } else if let Some(policy) = kind.strip_prefix("vector_").filter(|name| is_policy(name)) {
        let mut vector = Vector::new(policy, Bind::Late, VECTOR_NODES);
        repeat(count, || vector.cycle());
    } else {
        return usage("there is no such KIND");
    }
    ExitCode::SUCCESS
}

fn repeat(count: u64, mut cycle: impl FnMut()) {
    (0..count).for_each(|_| cycle());
}

fn usage(what: &str) -> ExitCode {
    eprintln!(
        "cycles: {what}; use `cycles KIND COUNT`, KIND being `reference`, `driver`, POLICY, POLICY_waiting or vector_POLICY"
    );
    ExitCode::from(2)
}
