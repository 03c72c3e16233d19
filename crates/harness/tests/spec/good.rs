//! What specs mean.

use crate::{SMALL, parse, small_with};
use harness::spec::{Environment, Spec, Until, Work};
use pipeline::model::{Arrivals, Fault, FaultKind, Operator, ServiceLaw, Spontaneous};
use sched_core::{
    Bind, GroupSet, Level, NodeId, QueueLimit, Registry, Resources, Span, Time, View,
};

/// Everything of the format that runs today, in its long form.
const FULL: &str = "\
name: two-speeds
environment: local
seed: 7
repetitions: 3
cluster:
  groups:
    - {name: fast, count: 8, slots: 4, speed: 1.0, memory: 32GiB, gpu: 0.5}
    - {name: slow, count: 2, slots: 2, speed: 0.5, queue_limit: unbounded}
  queue_limit: 3
  network: {constant: 0us}
workload:
  tasks: 1000
  warmup: 50
  arrivals: {poisson: {rate: 30.0}}
  priorities: {0: 0.8, 9: 0.2}
pipeline:
  name: two-steps
  stages:
    - {name: work, service: {exponential: {mean: 1s}}, demand: {cpu: 0.25, memory: 6MiB}, on: [fast]}
    - name: burn
      service: {lognormal: {mean: 10ms, cv: 0.3}}
      operator: {compute: {rounds: 1000}}
schedulers: [fifo, {policy: load_aware, bind: late}, {policy: priority, aging: 2s}]
faults: []
";

fn good(text: &str) -> Spec {
    parse(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

#[test]
fn every_key_arrives() {
    let spec = good(FULL);
    assert_eq!(spec.name, "two-speeds");
    let setup = &spec.configurations[0].setup;
    assert_eq!((setup.environment, setup.seed, setup.repetitions), (Environment::Local, 7, 3));
    assert_eq!(setup.work(), Work::Cpu);
    assert_eq!(setup.pipeline, "two-steps");

    let groups = setup.cluster.spec.groups();
    assert_eq!(setup.cluster.speeds, [1.0, 0.5]);
    assert_eq!((groups[0].name.as_str(), groups[0].count), ("fast", 8));
    assert_eq!(groups[0].capacity, Resources::slots(4).with_milli_gpu(500).with_memory(32 << 30));
    assert_eq!(groups[0].queue_limit, QueueLimit::AtMost(3));
    assert_eq!(groups[1].capacity, Resources::slots(2));
    assert_eq!(groups[1].queue_limit, QueueLimit::Unbounded);

    let workload = &setup.workload;
    assert_eq!((workload.tasks, workload.warmup), (1000, 50));
    assert_eq!(workload.arrivals, Arrivals::Poisson { rate: 30.0 });
    let level = |n| Level::new(n).unwrap();
    assert_eq!(workload.priorities.0, [(level(0), 0.8), (level(9), 0.2)]);

    let [work, burn] = &workload.stages[..] else { panic!("two stages") };
    assert_eq!(work.service, ServiceLaw::Exponential { mean: Span::from_secs(1) });
    assert_eq!(work.demand, Resources::milli_cpu(250).with_memory(6 << 20));
    assert_eq!(work.on, GroupSet::only(0));
    assert_eq!(work.operator, Operator::Emulate);
    assert_eq!(burn.service, ServiceLaw::Lognormal { mean: Span::from_millis(10), cv: 0.3 });
    assert_eq!(burn.demand, Resources::milli_cpu(1000));
    assert_eq!(burn.on, GroupSet::ALL);
    assert_eq!(burn.operator, Operator::Compute { rounds: 1000 });

    let policies: Vec<(&str, Bind)> =
        spec.configurations[0].schedulers.iter().map(|p| (p.name(), p.bind())).collect();
    let expected =
        [("fifo", Bind::Late), ("load_aware_spread", Bind::Late), ("priority", Bind::Late)];
    assert_eq!(policies, expected);
}

/// What only virtual time has: a network, and nodes that fail.
const VIRTUAL: &str = "\
environment: sim
cluster: {nodes: 4, slots: 2, network: {lognormal: {mean: 500us, cv: 0.5}}}
workload: {tasks: 100, arrivals: {mmpp: {rates: [5.0, 0], sojourn: [10s, 500ms]}}}
pipeline: {stages: [{name: work, service: {constant: 25ms}}]}
schedulers: [fifo]
faults:
  - {at: 2s, kill: node-3}
  - {mtbf: 60s, mttr: 5s}
  - {at: 1.5s, slow: node-0, factor: 0.5}
  - {at: 5s, restart: node-3}
  - {at: 5s, drain: node-1}
";

#[test]
fn virtual_time_has_faults_and_a_network() {
    let setup = &good(VIRTUAL).configurations[0].setup;
    assert_eq!(setup.environment, Environment::Sim);
    let mean = Span::from_micros(500);
    assert_eq!(setup.cluster.network, ServiceLaw::Lognormal { mean, cv: 0.5 });
    let Arrivals::Mmpp(mmpp) = &setup.workload.arrivals else { panic!("mmpp") };
    assert_eq!(mmpp.states(), [(5.0, Span::from_secs(10)), (0.0, Span::from_millis(500))]);
    let fault =
        |ms, node, kind| Fault { at: Time::ZERO + Span::from_millis(ms), node: NodeId(node), kind };
    let expected = [
        fault(2000, 3, FaultKind::Kill),
        fault(1500, 0, FaultKind::Slow { factor: 0.5 }),
        fault(5000, 3, FaultKind::Restart),
        fault(5000, 1, FaultKind::Drain),
    ];
    assert_eq!(setup.faults.scheduled, expected);
    let spontaneous = Spontaneous { mtbf: Span::from_secs(60), mttr: Span::from_secs(5) };
    assert_eq!(setup.faults.spontaneous, Some(spontaneous));
}

#[test]
fn defaults_and_short_forms() {
    let spec = good(SMALL);
    assert_eq!(spec.name, "spec"); // the file's
    let setup = &spec.configurations[0].setup;
    assert_eq!((setup.environment, setup.seed, setup.repetitions), (Environment::Local, 42, 1));
    assert_eq!(setup.work(), Work::Emulated);
    assert_eq!(setup.cluster.spec.node_count(), 2);
    assert_eq!(setup.cluster.spec.total_slots(), 8);
    assert_eq!(setup.cluster.spec.groups()[0].queue_limit, QueueLimit::Unbounded);
    assert_eq!(setup.workload.priorities.0, [(Level::new(5).unwrap(), 1.0)]);
    assert_eq!(setup.workload.warmup, 0);
}

#[test]
fn arrivals_have_many_spellings() {
    for (text, expected) in [
        ("batch", Arrivals::Batch),
        ("closed:64", Arrivals::Closed { in_flight: 64 }),
        ("{closed: 64}", Arrivals::Closed { in_flight: 64 }),
        ("{closed: {in_flight: 64}}", Arrivals::Closed { in_flight: 64 }),
        ("poisson:30", Arrivals::Poisson { rate: 30.0 }),
        ("{poisson: {rate: 30.5}}", Arrivals::Poisson { rate: 30.5 }),
        ("uniform:30", Arrivals::Uniform { rate: 30.0 }),
        ("{uniform: {rate: 30.0}}", Arrivals::Uniform { rate: 30.0 }),
        ("load:0.8", Arrivals::Load(0.8)),
        ("{load: 0.8}", Arrivals::Load(0.8)),
        ("{load: {share: 1.2}}", Arrivals::Load(1.2)),
    ] {
        let spec = good(&small_with(&format!("workload: {{tasks: 9, arrivals: {text}}}")));
        assert_eq!(spec.configurations[0].setup.workload.arrivals, expected, "{text}");
        if !text.contains('{') {
            assert_eq!(harness::spec::arrivals_text(&expected), text);
            assert_eq!(harness::spec::parse_arrivals(text), Ok(expected));
        }
    }
}

#[test]
fn json_is_valid_too() {
    let json = r#"{
	"cluster": {"nodes": 2, "slots": 4},
	"workload": {"tasks": 100, "arrivals": "batch", "priorities": {"0": 0.5, "9": 0.5}},
	"pipeline": {"stages": [{"name": "work", "service": {"constant": "25ms"}}]},
	"schedulers": ["fifo"]
}"#;
    let yaml = small_with("workload: {tasks: 100, arrivals: batch, priorities: {0: 0.5, 9: 0.5}}");
    assert_eq!(good(json), good(&yaml));
}

#[test]
fn aliases_stand_for_what_they_refer_to() {
    let yaml = small_with(
        "pipeline: {stages: [{name: a, service: &s {constant: 25ms}}, {name: b, service: *s}]}",
    );
    let stages = &good(&yaml).configurations[0].setup.workload.stages;
    assert_eq!(stages[0].service, stages[1].service);
}

#[test]
fn all_groups_are_no_restriction() {
    let stages = |on: &str| {
        let yaml = small_with(&format!(
            "cluster: {{groups: [{{name: a, count: 1, slots: 1}}, {{name: b, count: 1, slots: 1}}]}}\n\
             pipeline: {{stages: [{{name: w, service: {{constant: 1ms}}{on}}}]}}"
        ));
        good(&yaml).configurations[0].setup.workload.stages[0].on
    };
    assert_eq!(stages(", on: [b, a]"), GroupSet::ALL);
    assert_eq!(stages(", on: [b]"), GroupSet::only(1));
    assert_eq!(stages(""), GroupSet::ALL);
}

#[test]
fn a_demand_that_only_some_nodes_hold_is_fine() {
    let yaml = small_with(
        "cluster: {groups: [{name: a, count: 1, slots: 1}, {name: b, count: 1, slots: 8}]}\n\
         pipeline: {stages: [{name: w, service: {constant: 1ms}, demand: {cpu: 6}}]}",
    );
    let setup = &good(&yaml).configurations[0].setup;
    let stage = &setup.workload.stages[0];
    assert_eq!(setup.cluster.spec.eligible(&stage.demand, stage.on), GroupSet::only(1));
}

#[test]
fn run_names_are_unique_and_say_the_difference() {
    let yaml = small_with(
        "schedulers: [fifo, load_aware, {policy: load_aware_spread, bind: late}, {policy: fifo}, \
         {policy: fifo, bind: early}, {policy: priority, aging: 2s}, {policy: priority, aging: none}, \
         {policy: load_aware, bind: late}]",
    );
    let names: Vec<String> = good(&yaml).runs().into_iter().map(|run| run.name).collect();
    let expected = [
        "fifo",
        "load_aware_spread",
        "load_aware_spread_late",
        "fifo_2",
        "fifo_early",
        "priority",
        "priority_2",
        "load_aware_spread_late_2",
    ];
    assert_eq!(names, expected);
}

const CONFIGURED: &str = "\
cluster: {groups: [{name: g, count: 1, slots: 4}], queue_limit: 2}
workload: {tasks: 100, arrivals: {load: 0.5}, priorities: {5: 1.0}}
pipeline: {stages: [{name: work, service: {constant: 25ms}}]}
schedulers: [fifo, random]
configurations:
  small: {cluster: {nodes: 2, slots: 4}}
  large:
    cluster: {nodes: 20, slots: 4}
    workload: {arrivals: {closed: 8}, priorities: {0: 0.5, 9: 0.5}}
    schedulers: [priority]
";

#[test]
fn configurations_lie_over_the_rest() {
    let spec = good(CONFIGURED);
    let names: Vec<String> = spec.runs().into_iter().map(|run| run.name).collect();
    assert_eq!(names, ["small_fifo", "small_random", "large_priority"]);
    let [small, large] = &spec.configurations[..] else { panic!("two") };
    assert_eq!(small.setup.cluster.spec.node_count(), 2);
    assert_eq!(large.setup.cluster.spec.node_count(), 20);
    // What the partial spec does not name stays.
    assert_eq!(large.setup.cluster.spec.groups()[0].queue_limit, QueueLimit::AtMost(2));
    assert_eq!(large.setup.workload.tasks, 100);
    assert_eq!(small.setup.workload.arrivals, Arrivals::Load(0.5));
    assert_eq!(large.setup.workload.arrivals, Arrivals::Closed { in_flight: 8 });
    assert_eq!(large.setup.workload.priorities.0.len(), 2);
}

#[test]
fn a_stale_view_is_read_and_laid_over() {
    let view =
        |text: &str| good(text).configurations.iter().map(|c| c.setup.view).collect::<Vec<_>>();
    let stale = |ms, own| View::new(Span::from_millis(ms), own);
    assert_eq!(view(SMALL), [None]);
    assert_eq!(
        view(&small_with("cluster: {nodes: 2, slots: 4, view: {refresh: 500ms}}")),
        [stale(500, true)]
    );
    let yaml = small_with(
        "cluster: {nodes: 2, slots: 4, view: {refresh: 0.5s, own: false}}\n\
         configurations: {a: {}, b: {cluster: {view: {refresh: 3ms}}}, c: {cluster: {view: none}}, \
         d: {cluster: {view: {own: true}}}}",
    );
    assert_eq!(view(&yaml), [stale(500, false), stale(3, false), None, stale(500, true)]);
}

#[test]
fn names_of_runs_do_not_collide_across_configurations() {
    let yaml = small_with(
        "schedulers: [fifo, {policy: fifo, bind: early}]\n\
         configurations: {a: {}, a_fifo: {}}",
    );
    let mut names: Vec<String> = good(&yaml).runs().into_iter().map(|run| run.name).collect();
    assert_eq!(names, ["a_fifo", "a_fifo_early", "a_fifo_fifo", "a_fifo_fifo_early"]);
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 4);
}

/// The full spec says everything, in YAML and in JSON, and means the same.
#[test]
fn the_effective_spec_reads_back_to_the_same() {
    let laws = [
        "{constant: 0s}",
        "{constant: 1.5ms}",
        "{exponential: {mean: 1s}}",
        "{lognormal: {mean: 10ms, cv: 0.3}}",
        "{pareto: {mean: 1m, alpha: 1.1}}",
        "{uniform: {min: 0s, max: 12345ns}}",
        "{erlang: {mean: 1h, k: 4}}",
        "{hyperexponential: {mean: 7us, cv: 1.7320508075688772}}",
        "{tokens: {lengths: azure_llm_code}}",
        "{tokens: {base: 5ms, context_rate: 15000, per_generated: 9.5ms, lengths: azure_llm_code}}",
        "{mix: [{share: 0.7, service: {erlang: {mean: 1s, k: 2}}}, {share: 0.3, service: {tokens: \
         {base: 1ms, lengths: azure_llm_code}}}]}",
    ];
    let mut texts = vec![
        SMALL.to_owned(),
        FULL.to_owned(),
        CONFIGURED.to_owned(),
        VIRTUAL.to_owned(),
        format!(
            "{VIRTUAL}configurations: {{a: {{}}, b: {{faults: [{{at: 1s, kill: node-0}}], \
                 cluster: {{network: {{constant: 1ms}}}}}}}}\n"
        ),
        small_with("configurations: {only: {}}"),
        small_with("cluster: {nodes: 2, slots: 4, view: {refresh: 1.5ms, own: false}}"),
        small_with(
            "cluster: {nodes: 2, slots: 4, view: {refresh: 1s}}\n\
             configurations: {a: {}, b: {cluster: {view: none}}, c: {cluster: {view: {own: false}}}}",
        ),
        small_with("configurations: {a: {seed: 18446744073709551615}, b: {repetitions: 2}}"),
        small_with("name: '007'\nseed: 3\nschedulers: [{policy: random, seed: 5}, power_of_two]"),
        small_with("schedulers: [{policy: priority, aging: none, bind: early}]"),
        small_with(
            "cluster: {groups: [{name: on, count: 1, slots: 0, gpu: 1.25, memory: 1.5GiB, \
             speed: 1e-3, queue_limit: 0}, {name: 'null', count: 3, slots: 1}]}\n\
             pipeline: {stages: [{name: 'true', operator: compute, on: [on], \
             demand: {cpu: 0, gpu: 0.001, memory: 3B}}, {name: '1', service: {constant: 1ns}, on: ['null']}]}",
        ),
    ];
    for law in laws {
        texts.push(small_with(&format!("pipeline: {{stages: [{{name: a, service: {law}}}]}}")));
    }
    for arrivals in ["batch", "closed:1", "poisson:1e9", "uniform:0.1", "load:0.30000000000000004"]
    {
        texts.push(small_with(&format!("workload: {{tasks: 9, arrivals: {arrivals}}}")));
    }
    for text in &texts {
        let spec = good(text);
        let yaml = spec.to_yaml().unwrap();
        assert_eq!(good(&yaml), spec, "{text}\nbecame\n{yaml}");
        assert_eq!(good(&yaml).to_yaml().unwrap(), yaml, "the full form is its own full form");
        assert_eq!(good(&spec.to_json().to_string()), spec);
        for run in spec.runs() {
            let alone = good(&run.to_json().to_string()).runs();
            let [alone] = &alone[..] else { panic!("one run") };
            let same = (&alone.setup, &alone.policy, &alone.configuration, &alone.experiment);
            assert_eq!(same, (&run.setup, &run.policy, &run.configuration, &run.experiment));
        }
    }
}

#[test]
fn the_effective_spec_spells_defaults_out_and_shares_what_is_common() {
    let yaml = good(CONFIGURED).to_yaml().unwrap();
    assert_eq!(yaml.matches("tasks: 100").count(), 1, "{yaml}");
    for line in ["seed: 42", "warmup: 0", "repetitions: 1", "environment: local", "bind: early"] {
        assert!(yaml.contains(line), "no `{line}` in\n{yaml}");
    }
}

#[test]
fn a_policy_of_ones_own_is_known_by_name() {
    use sched_core::{PolicyInfo, PolicySpec};
    let mut registry = Registry::builtin();
    let fifo = registry.resolve(&PolicySpec::named("fifo")).unwrap();
    let mine = PolicyInfo::new("mine", "fifo again", Bind::Late, move |context| {
        fifo.build(context.cluster(), context.seed())
    });
    registry.register(mine).unwrap();
    let text = small_with("schedulers: [mine]");
    assert!(Spec::parse(&text, "spec.yaml", &registry).is_ok());
    assert!(parse(&text).is_err());
}

#[test]
fn expectations_and_a_precision_are_read_and_written_back() {
    let lines = "environment: sim\nrepetitions: {until: 0.5%, at_most: 60}\n\
                 expect: ['p99(small_fifo) < 0.9 * p99(large_fifo)', throughput(small_fifo) > 2]\n\
                 configurations: {small: {}, large: {cluster: {nodes: 9}, repetitions: 3}}";
    let spec = good(&small_with(lines));
    let claims: Vec<&str> = spec.expect.iter().map(harness::Expectation::text).collect();
    assert_eq!(claims, ["p99(small_fifo) < 0.9 * p99(large_fifo)", "throughput(small_fifo) > 2"]);
    let until = Until { percent: 0.5, at_most: 60 };
    let repeated = spec.configurations.iter().map(|it| (it.setup.repetitions, it.setup.until));
    assert_eq!(repeated.collect::<Vec<_>>(), [(60, Some(until)), (3, None)]);
    let yaml = spec.to_yaml().unwrap();
    let again = good(&yaml);
    assert_eq!(again, spec, "{yaml}");
    // The spec of one run cannot name the others.
    let alone = serde_json::to_string(&spec.runs()[0].to_json()).unwrap();
    assert!(alone.contains("0.5%") && good(&alone).expect.is_empty(), "{alone}");
    let defaults = good(&small_with("environment: sim\nrepetitions: {until: 2%}"));
    assert_eq!(defaults.configurations[0].setup.repetitions, 200);
}

const ASKING: &str = "\
cluster: {nodes: 2, slots: 4}
workload: {tasks: 100, arrivals: batch}
pipeline:
  name: rag
  stages:
    - {name: a, operator: embed}
    - {name: b, operator: retrieve}
    - {name: c, operator: rerank}
    - {name: d, operator: prompt}
    - {name: e, operator: generate}
schedulers: [fifo]
";

#[test]
fn stages_that_ask_services_say_whom() {
    let services = |text: &str| good(text).configurations[0].setup.services.clone();
    assert_eq!(good(ASKING).configurations[0].setup.work(), Work::Real);
    let local = services(ASKING).unwrap();
    assert_eq!(
        (local.llm.base_url.as_deref(), local.llm.model.as_str()),
        (None, "smollm2-135m-instruct")
    );
    assert_eq!(
        (local.max_tokens, local.temperature, local.corpus.as_str()),
        (48, 0.0, "corpus/foldoc")
    );
    assert_eq!(services(&format!("services: local\n{ASKING}")), Some(local.clone()));
    let written = "services:\n  llm: {base_url: 'https://x.org/v1', model: m, max_tokens: 9, temperature: 0.5, \
                   api_key_env: KEY, timeout: 30s, retries: 0, concurrency: 2}\n  embedding: local\n  \
                   corpus: texts\n  retrieve: 8\n  keep: 2\n";
    let elsewhere = services(&format!("{written}{ASKING}")).unwrap();
    let llm = &elsewhere.llm;
    assert_eq!(
        (llm.base_url.as_deref(), llm.key_env.as_deref()),
        (Some("https://x.org/v1"), Some("KEY"))
    );
    assert_eq!((llm.timeout, llm.retries, llm.concurrency), (Span::from_secs(30), 0, 2));
    assert_eq!((elsewhere.max_tokens, elsewhere.temperature), (9, 0.5));
    assert_eq!(elsewhere.embedding, local.embedding);
    assert_eq!((elsewhere.corpus.as_str(), elsewhere.retrieve, elsewhere.keep), ("texts", 8, 2));
    // Where nobody asks, nobody is there.
    assert_eq!(services(&small_with("services: local")), None);
    for text in [ASKING, &format!("{written}{ASKING}")] {
        let spec = good(text);
        assert_eq!(good(&spec.to_yaml().unwrap()).configurations, spec.configurations);
    }
}
