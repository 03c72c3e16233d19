//! Recording alone: what the simulator's observer pays per task.
//!
//! One task of one stage is a call that finished on its node and a task that succeeded. Latencies are
//! those of a run (exponential, half of the tasks wait), because recording the same number again and
//! again would stay in the nearest cache, where real ones do not.

use pipeline::model::{ClusterSetup, Purpose, Sampler, ServiceLaw, Streams};
use pipeline::{CallTimes, Observer, Recording, TaskEnd};
use sched_core::{ClusterSpec, Level, NodeId, Span, Time};
use std::io::Sink;

const NODES: u32 = 16;
const KINDS: u64 = 1 << 14;

/// A recorder of everything but rows, and tasks to record.
#[derive(Debug)]
pub struct Recorded {
    recording: Recording<'static, Sink>,
    calls: Vec<CallTimes>,
    index: u64,
}

impl Recorded {
    /// Nothing recorded yet.
    pub fn new() -> Recorded {
        let spec = ClusterSpec::uniform(NODES, 1).expect("a valid cluster");
        let cluster = ClusterSetup::of_equal_speed(spec);
        let stage = super::simulated::stage();
        let stages = [stage];
        let shape = Recording::<Sink>::shape(&cluster, &stages).expect("distinct names");
        let law = Sampler::new(&ServiceLaw::Exponential { mean: Span::from_millis(100) });
        let streams = Streams::new(1, Purpose::Service);
        let call = |index| {
            let [waited, ran] = [0, 1].map(|part| law.sample(&mut streams.stream(index, part)));
            let submit = Time::from_nanos(index);
            let assign = if index % 2 == 0 { submit } else { submit + waited };
            let ended = assign + ran;
            let (arrived, started, finish) = (assign, assign, ended);
            let node = NodeId(index as u32 % NODES);
            CallTimes { node, cpu: 1000, submit, assign, arrived, started, ended, finish }
        };
        Recorded {
            recording: Recording::new(shape, &stages, None),
            calls: (0..KINDS).map(call).collect(),
            index: 0,
        }
    }

    /// Records one more task.
    #[inline]
    pub fn task(&mut self) {
        let call = self.calls[(self.index % KINDS) as usize];
        self.recording.call_finished(0, &call);
        self.recording.task_succeeded(&TaskEnd {
            index: self.index,
            intended: call.submit,
            finish: call.finish,
            priority: Level::default(),
            calls: &[call],
            unplaced: None,
        });
        self.index += 1;
    }

    /// The number of tasks recorded.
    pub fn finish(self) -> u64 {
        self.recording.finish().0.successful_tasks()
    }
}

impl Default for Recorded {
    fn default() -> Recorded {
        Recorded::new()
    }
}
