//! Builders that the tests share: shapes, tasks, facts of a run, and a small generator.

use metrics::report::{Measures, RunConfig};
use metrics::{CallRecord, Fold, Nanos, Node, Parts, Recorder, RunFacts, Shape, TaskRecord};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Stages `s0`, `s1` … and nodes `node-0` … of 4 slots.
pub(crate) fn shape(stages: usize, nodes: usize) -> Arc<Shape> {
    let node = |i| Node { name: format!("node-{i}"), slots: 4 };
    let stages = (0..stages).map(|i| format!("s{i}")).collect();
    Arc::new(Shape::new(stages, (0..nodes).map(node).collect()).unwrap())
}

/// A call on `node` with these parts, in ns.
pub(crate) fn call(node: u32, [scheduling, queue, execution, transfer]: [u64; 4]) -> CallRecord {
    let [scheduling, queue] = [Nanos::new(scheduling), Nanos::new(queue)];
    let [execution, transfer] = [Nanos::new(execution), Nanos::new(transfer)];
    CallRecord { node: Some(node), parts: Parts { scheduling, queue, execution, transfer } }
}

/// A task of these calls that arrives at `arrival` ns and ends when its parts say.
pub(crate) fn task(arrival: u64, priority: u8, calls: &[CallRecord]) -> TaskRecord<'_> {
    let intended_arrival = Nanos::new(arrival);
    let spent: Nanos = calls.iter().map(|call| call.parts.total()).sum();
    TaskRecord { index: 0, intended_arrival, finish: intended_arrival + spent, priority, calls }
}

/// Tells `recorder` of a successful task and of its calls.
pub(crate) fn succeed(recorder: &mut Recorder, task: &TaskRecord<'_>) {
    for call in task.calls {
        let node = call.node.unwrap();
        recorder.call_finished(node, 1000, call.parts.execution, call.parts.total());
    }
    recorder.task_succeeded(task);
}

/// A complete run without remarks.
pub(crate) fn facts() -> RunFacts {
    let config = RunConfig {
        experiment: "test".into(),
        part: String::new(),
        configuration: String::new(),
        policy: "fifo".into(),
        bind: "late".into(),
        parameters: BTreeMap::from([("aging".into(), "2s".into())]),
        environment: "sim".into(),
        work: "emulated".into(),
        pipeline: "compute".into(),
        stages: 1,
        nodes: 1,
        parallelism: 4,
        tasks: 100,
        view: None,
        arrivals: "batch".into(),
    };
    RunFacts { partial: false, notes: Vec::new(), config, open_arrivals: false }
}

/// These repetitions, folded.
pub(crate) fn fold(shape: &Arc<Shape>, repetitions: &[Recorder]) -> Measures {
    let mut fold = Fold::new(Arc::clone(shape));
    for repetition in repetitions {
        fold.add(repetition).unwrap();
    }
    fold.finish(facts())
}

/// Whether two numbers agree to 12 digits.
pub(crate) fn same(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-12 * a.abs().max(b.abs())
}

/// SplitMix64: enough to draw test data.
pub(crate) struct Draws(pub(crate) u64);

impl Draws {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    /// A duration whose magnitude is uniform from 0 and 1 ns up to `bits` bits.
    pub(crate) fn duration(&mut self, bits: u64) -> u64 {
        let kept = self.below(bits + 1);
        self.next().checked_shr(64 - kept as u32).unwrap_or(0)
    }
}
