//! The rate that fills a cluster, against sums done by hand.

use crate::support::stage;
use pipeline::RunError;
use pipeline::model::{ClusterSetup, Operator, ServiceLaw, Stage, full_rate};
use sched_core::{ClusterSpec, Group, GroupSet, Resources, Span};

const GIB: u64 = 1 << 30;

fn constant(ms: u64, demand: Resources, on: GroupSet) -> Stage {
    let service = ServiceLaw::Constant(Span::from_millis(ms));
    Stage { demand, on, service, ..stage("s", 0) }
}

fn rate(cluster: &ClusterSetup, stages: &[Stage]) -> f64 {
    full_rate(cluster, stages).unwrap()
}

fn one() -> Resources {
    Resources::milli_cpu(1000)
}

#[test]
fn equal_nodes() {
    // 16 slots ÷ (3 × 25 ms) = 213.33 tasks/s.
    let cluster = ClusterSetup::of_equal_speed(ClusterSpec::uniform(4, 4).unwrap());
    let stages = vec![constant(25, one(), GroupSet::ALL); 3];
    assert!((rate(&cluster, &stages) - 640.0 / 3.0).abs() < 1e-9);
    // A computing stage counts with the time its author gives it.
    let computing = Stage { operator: Operator::Compute { rounds: 5 }, ..stages[0].clone() };
    assert!((rate(&cluster, &[computing]) - 640.0).abs() < 1e-9);
}

#[test]
fn two_speeds() {
    // 8 × 4 slots at speed 1 and 2 × 4 at 0.5 do the work of 36; a call takes 1 s.
    let spec = ClusterSpec::new(vec![Group::of_slots("fast", 8, 4), Group::of_slots("slow", 2, 4)])
        .unwrap();
    let cluster = ClusterSetup { speeds: vec![1.0, 0.5], ..ClusterSetup::of_equal_speed(spec) };
    let stages = [constant(1000, one(), GroupSet::ALL)];
    assert!((rate(&cluster, &stages) - 36.0).abs() < 1e-9);
}

#[test]
fn disjoint_sets_and_the_tightest_resource() {
    let group = |name: &str, count, capacity| Group { capacity, ..Group::of_slots(name, count, 1) };
    let gpu = Resources::slots(8).with_milli_gpu(2000).with_memory(16 * GIB);
    let spec = ClusterSpec::new(vec![Group::of_slots("cpu", 4, 4), group("gpu", 1, gpu)]).unwrap();
    let cluster = ClusterSetup { speeds: vec![1.0, 2.0], ..ClusterSetup::of_equal_speed(spec) };
    let (cpu_set, gpu_set) = (GroupSet::only(0), GroupSet::only(1));
    let prepare = constant(10, one(), cpu_set); // 16 ÷ 0.01 = 1600/s
    // cpu 8·2 ÷ 0.04 = 400/s; gpu 2·2 ÷ (0.5·0.04) = 200/s; memory 16·2 ÷ (6·0.04) = 133.3/s
    let demand = one().with_milli_gpu(500).with_memory(6 * GIB);
    let infer = constant(40, demand, gpu_set);
    assert!((rate(&cluster, &[prepare.clone(), infer.clone()]) - 400.0 / 3.0).abs() < 1e-9);
    // Without the memory the gpu is tightest; a slow first stage overtakes it.
    let infer = Stage { demand: one().with_milli_gpu(500), ..infer };
    assert!((rate(&cluster, &[prepare, infer.clone()]) - 200.0).abs() < 1e-9);
    let slow = constant(100, one(), cpu_set); // 160/s
    assert!((rate(&cluster, &[slow, infer.clone()]) - 160.0).abs() < 1e-9);
    // A demand for a gpu makes the set: `on:` all groups is the gpu group here.
    let anywhere = Stage { on: GroupSet::ALL, ..infer };
    assert!((rate(&cluster, &[anywhere]) - 200.0).abs() < 1e-9);
}

#[test]
fn what_has_no_rate_is_refused() {
    let spec =
        ClusterSpec::new(vec![Group::of_slots("a", 1, 1), Group::of_slots("b", 1, 1)]).unwrap();
    let cluster = ClusterSetup::of_equal_speed(spec);
    let overlapping = [constant(1, one(), GroupSet::ALL), constant(1, one(), GroupSet::only(1))];
    let too_large = [constant(1, Resources::milli_cpu(1001), GroupSet::ALL)];
    let free = [constant(0, one(), GroupSet::ALL)];
    for (stages, word) in
        [(&overlapping[..], "disjoint"), (&too_large, "no node"), (&free, "`poisson`")]
    {
        match full_rate(&cluster, stages) {
            Err(RunError::Load(why)) => assert!(why.contains(word), "{why}"),
            other => panic!("{other:?}"),
        }
    }
}
