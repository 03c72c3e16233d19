//! Calls of 20 shapes of cpu, gpu and memory, on five kinds of nodes that are 90 % full.
//!
//! Which call finishes is drawn, so free amounts are as scattered as they get. Cpu is the scarcest
//! resource over all nodes, memory that of some kinds and gpu that of others.

use sched_core::rng::Rng;
use sched_core::{
    Bind, ClusterSpec, Decision, Event, Group, NodeId, PolicySpec, QueueLimit, Registry, Resources,
    Scheduler, Span, Task, TaskId, Time,
};

const SHAPES: u64 = 20;
const FULL: f64 = 0.9;

/// A scheduler of vector demands in a steady state.
pub struct Vector {
    scheduler: Box<dyn Scheduler>,
    now: Time,
    index: u64,
    shapes: Vec<Resources>,
    running: Vec<(TaskId, NodeId)>,
    decisions: Vec<Decision>,
    rng: Rng,
}

impl Vector {
    /// `policy`, bound so, on about `nodes` nodes.
    ///
    /// # Panics
    /// If there is no such policy.
    pub fn new(policy: &str, bind: Bind, nodes: u32) -> Vector {
        let cluster = cluster(nodes);
        let policy = PolicySpec::named(policy).with("bind", bind.to_string());
        let resolved = Registry::builtin().resolve(&policy).expect("a built-in policy");
        let mut vector = Vector {
            scheduler: resolved.build(&cluster, 1),
            now: Time::ZERO,
            index: 0,
            shapes: shapes(),
            running: Vec::new(),
            decisions: Vec::new(),
            rng: Rng::new(5),
        };
        for _ in 0..vector.calls(&cluster) {
            vector.submit();
        }
        vector
    }

    /// Finishes a call drawn at random, submits one of a shape drawn at random, and decides.
    #[inline]
    pub fn cycle(&mut self) {
        let drawn = self.rng.below(self.running.len() as u64) as usize;
        let (task, node) = self.running.swap_remove(drawn);
        self.scheduler.on_event(self.now, Event::Finished { task, node });
        self.submit();
    }

    #[inline]
    fn submit(&mut self) {
        self.now = self.now + Span::from_nanos(100);
        let id = TaskId { index: self.index, stage: 0 };
        self.index += 1;
        let shape = self.shapes[self.rng.below(SHAPES) as usize];
        self.scheduler.on_event(self.now, Event::Submit(Task::new(id, self.now, shape)));
        self.scheduler.poll(self.now, &mut self.decisions);
        for decision in &self.decisions {
            if let Decision::Assign { task, node } = *decision {
                self.running.push((task, node));
            }
        }
        self.decisions.clear();
    }

    /// How many calls of mean shape take 90 % of the scarcest resource.
    fn calls(&self, cluster: &ClusterSpec) -> u64 {
        let mean =
            |of: fn(&Resources) -> f64| self.shapes.iter().map(of).sum::<f64>() / SHAPES as f64;
        let total = |of: fn(&Resources) -> f64| {
            let groups = cluster.groups().iter();
            groups.map(|group| f64::from(group.count) * of(&group.capacity)).sum::<f64>()
        };
        let of: [fn(&Resources) -> f64; 3] =
            [|r| f64::from(r.cpu()), |r| f64::from(r.gpu()), |r| r.memory() as f64];
        of.into_iter().map(|of| FULL * total(of) / mean(of)).fold(f64::INFINITY, f64::min) as u64
    }
}

fn cluster(nodes: u32) -> ClusterSpec {
    let group = |name: &str, share: u32, cpu: u32, gpu: u32, gib: u64| Group {
        name: name.to_owned(),
        count: (nodes * share).div_ceil(100),
        capacity: Resources::milli_cpu(cpu * 1000)
            .with_milli_gpu(gpu * 1000)
            .with_memory(gib << 30),
        queue_limit: QueueLimit::Unbounded,
    };
    let groups = vec![
        group("small", 40, 16, 0, 32),
        group("fat", 20, 16, 0, 64),
        group("lean", 20, 32, 0, 32),
        group("gpu", 15, 32, 4, 64),
        group("big", 5, 48, 8, 128),
    ];
    ClusterSpec::new(groups).expect("a valid cluster")
}

fn shapes() -> Vec<Resources> {
    let mut rng = Rng::new(3);
    let mut shape = |i: u64| {
        let cpu = [250, 500, 1000, 1500, 2000, 4000, 8000][rng.below(7) as usize];
        let gpu = if i % 10 == 9 { [500, 1000][rng.below(2) as usize] } else { 0 };
        let memory = (1 + rng.below(32)) << 28;
        Resources::milli_cpu(cpu).with_milli_gpu(gpu).with_memory(memory)
    };
    (0..SHAPES).map(&mut shape).collect()
}
