//! Files beside a spec: traces and lists of times, good and bad.
//!
//! Each case is a file in a folder of its own, with a spec that names it by a relative path.
//! Messages are held word for word; a program that feeds a trace is debugged by them.

use harness::spec::{Spec, SpecError, arrivals_text};
use pipeline::model::{Arrivals, ServiceLaw, Trace};
use pipeline::{Control, Failure, Observer, RunSetup, TaskEnd, run_sim};
use sched_core::{Level, Registry, Resources, Span, Time};
use std::path::Path;
use tempfile::TempDir;

const AZURE: &str = "../../config/workloads/AzureLLMInferenceTrace_code.csv";

/// A spec of two small nodes in a folder; `{work}` as its only stage, unless lines say otherwise.
fn spec(format: &str, tasks: u64, stages: &str) -> String {
    format!(
        "environment: sim\ncluster: {{nodes: 2, slots: 4}}\nschedulers: [fifo]\n\
         workload: {{tasks: {tasks}, arrivals: {{trace: {{format: {format}, path: jobs.csv}}}}}}\n\
         pipeline: {{stages: [{stages}]}}\n"
    )
}

const WORK: &str = "{name: work, service: {constant: 25ms}}";
const TRACED: &str = "{name: work, service: {trace: {column: service_s}}}";

fn folder(spec: &str, jobs: &[u8]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("spec.yaml"), spec).unwrap();
    std::fs::write(folder.path().join("jobs.csv"), jobs).unwrap();
    folder
}

fn read(folder: &Path) -> Result<Spec, SpecError> {
    Spec::read(&folder.join("spec.yaml"), &Registry::builtin())
}

/// What is said of a file, with the folder taken out.
fn refused(spec: &str, jobs: &[u8]) -> String {
    let folder = folder(spec, jobs);
    let prefix = format!("{}/", folder.path().display());
    match read(folder.path()) {
        Ok(_) => "accepted".to_owned(),
        Err(error) => error.to_string().replace(&prefix, ""),
    }
}

fn trace(spec: &Spec) -> &Trace {
    match &spec.configurations[0].setup.workload.arrivals {
        Arrivals::Trace(trace) => trace,
        other => panic!("{other:?}"),
    }
}

fn times(law: &ServiceLaw) -> Vec<u64> {
    match law {
        ServiceLaw::Trace(values) => values.spans().iter().map(|span| span.as_nanos()).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_table_overrides_what_it_has_columns_for() {
    let jobs = "\u{feff}arrival_s, \"cpu\" ,memory,gpu,priority,service_s.work\r\n\
                0,1,6MiB,0,5,0.025\r\n\
                0.5,0.25,1.5GiB,0,9,1e-3\r\n\
                0.500000001,4,0B,0,0,0.1234567894\r\n\
                7,9,1B,0,0,never read\r\n";
    let folder = folder(
        &spec("csv", 3, &format!("{WORK}, {{name: rest, service: {{constant: 1s}}}}")),
        jobs.as_bytes(),
    );
    let spec = read(folder.path()).unwrap();
    let trace = trace(&spec);
    let arrivals: Vec<u64> = trace.arrivals().iter().map(|at| at.as_nanos()).collect();
    assert_eq!(arrivals, [0, 500_000_000, 500_000_001]);
    let declared = Resources::milli_cpu(1000);
    let demands = [0, 1, 2].map(|row| trace.demand(row, declared));
    assert_eq!(
        demands,
        [
            Resources::milli_cpu(1000).with_memory(6 << 20),
            Resources::milli_cpu(250).with_memory(3 << 29),
            Resources::milli_cpu(4000),
        ]
    );
    let levels = [0, 1, 2].map(|row| trace.priority(row).map(Level::get));
    assert_eq!(levels, [Some(5), Some(9), Some(0)]);
    let stages = &spec.configurations[0].setup.workload.stages;
    assert_eq!(times(&stages[0].service), [25_000_000, 1_000_000, 123_456_789]);
    assert_eq!(stages[1].service, ServiceLaw::Constant(Span::from_secs(1)));
}

#[test]
fn a_table_of_arrivals_alone_overrides_nothing() {
    let folder = folder(&spec("csv", 2, WORK), b"arrival_s\n1\n2\n\n");
    let spec = read(folder.path()).unwrap();
    let declared = Resources::milli_cpu(700).with_milli_gpu(3);
    assert_eq!(trace(&spec).demand(1, declared), declared);
    assert_eq!(trace(&spec).priority(1), None);
    assert!(!trace(&spec).has_demands());
    let work = &spec.configurations[0].setup.workload.stages[0];
    assert_eq!(work.service, ServiceLaw::Constant(Span::from_millis(25)));
}

#[test]
fn times_go_to_the_stages_that_they_are_meant_for() {
    let jobs = b"arrival_s,service_s,service_s.b,late_s\n0,1,2,3\n";
    let laws = |stages: &str, jobs: &[u8]| -> Vec<String> {
        let folder = folder(&spec("csv", 1, stages), jobs);
        let spec = read(folder.path()).unwrap();
        let stages = spec.configurations[0].setup.workload.stages.iter();
        stages
            .map(|stage| match &stage.service {
                ServiceLaw::Trace(values) => format!("{} {}", values.name(), values.mean()),
                other => other.mean().to_string(),
            })
            .collect()
    };
    // No stage names a column: `service_s` is everyone's who has none of its own.
    let plain = "{name: a, service: {constant: 9s}}, {name: b, service: {constant: 9s}}, {name: c}";
    let without = b"arrival_s,service_s,service_s.b\n0,1,2\n";
    assert_eq!(laws(plain, without), ["service_s 1s", "service_s.b 2s", "service_s 1s"]);
    // One stage names it: it is that stage's alone.
    let named = "{name: a, service: {constant: 9s}}, {name: b}, \
                 {name: c, service: {trace: {column: service_s}}}";
    assert_eq!(laws(named, without), ["9s", "service_s.b 2s", "service_s 1s"]);
    // A column of any name, even where there is one of the stage's own.
    let other = "{name: b, service: {trace: {column: late_s}}}, {name: c}";
    assert_eq!(laws(other, jobs), ["late_s 3s", "service_s 1s"]);
}

#[test]
fn the_published_trace_is_what_is_known_of_it() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(AZURE);
    let read = |speedup: &str| {
        let arrivals = format!("{{format: azure_llm, path: {}{speedup}}}", path.display());
        let text = spec("azure_llm", 8819, TRACED)
            .replace("{format: azure_llm, path: jobs.csv}", &arrivals);
        Spec::parse(&text, "spec.yaml", &Registry::builtin()).unwrap()
    };
    let spec = read("");
    let arrivals = trace(&spec).arrivals();
    assert_eq!(arrivals.len(), 8819);
    // 18:17:03.9799600, 18:17:04.0319600, 18:17:04.0781490 … 19:14:19.9280160.
    assert_eq!(arrivals[..3], [0, 52_000_000, 98_189_000].map(Time::from_nanos));
    assert_eq!(arrivals[8818], Time::from_nanos(3_435_948_056_000));
    let gaps: Vec<f64> =
        arrivals.windows(2).map(|pair| pair[1].since(pair[0]).as_secs_f64()).collect();
    let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
    let variance = gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / gaps.len() as f64;
    assert!((variance / mean / mean - 173.0).abs() < 0.5, "{}", variance / mean / mean);
    let mut minutes = [0; 58];
    arrivals.iter().for_each(|at| minutes[(at.as_nanos() / 60_000_000_000) as usize] += 1);
    assert_eq!((minutes.iter().max(), minutes.iter().min()), (Some(&632), Some(&0)));

    // 4808 ÷ 15000 + 0.0095 × 10; 3180 and 8; the last 549 and 173.
    let service = times(&spec.configurations[0].setup.workload.stages[0].service);
    assert_eq!(service[..2], [415_533_333, 288_000_000]);
    assert_eq!(service[8818], 1_680_100_000);
    assert_eq!(service.iter().sum::<u64>(), 3_540_010_266_646);

    // Ten times as fast, with every request kept and none any shorter.
    let fast = read(", speedup: 10");
    assert_eq!(trace(&fast).arrivals().len(), 8819);
    assert_eq!(trace(&fast).arrivals()[8818], Time::from_nanos(343_594_805_600));
    let stage = &fast.configurations[0].setup.workload.stages[0];
    assert_eq!(times(&stage.service), service);
    let text = |spec: &Spec| arrivals_text(&spec.configurations[0].setup.workload.arrivals);
    assert_eq!(text(&spec), "trace:AzureLLMInferenceTrace_code.csv");
    assert_eq!(text(&fast), "trace:AzureLLMInferenceTrace_code.csv:10x");
}

/// What a replay must not change: how many tasks there are, and what they take together.
#[derive(Default)]
struct Sum {
    tasks: u64,
    execution: Span,
    wait: Span,
}

impl Observer for Sum {
    fn task_succeeded(&mut self, task: &TaskEnd<'_>) {
        self.tasks += 1;
        self.execution += task.calls[0].execution();
        self.wait += task.calls[0].scheduling() + task.calls[0].queueing();
    }

    fn task_failed(&mut self, task: &TaskEnd<'_>, failure: &Failure) {
        panic!("task {}: {failure}", task.index);
    }
}

#[test]
fn the_published_trace_replays_at_every_speed_under_every_policy() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(AZURE);
    for policy in Registry::builtin().names() {
        let mut waits = Vec::new();
        for speedup in [1, 10, 100] {
            let file = format!("path: {}, speedup: {speedup}", path.display());
            let text = spec("azure_llm", 8819, TRACED)
                .replace("path: jobs.csv", &file)
                .replace("nodes: 2", "nodes: 32")
                .replace("[fifo]", &format!("[{policy}]"));
            let spec = Spec::parse(&text, "spec.yaml", &Registry::builtin()).unwrap();
            let run = &spec.runs()[0];
            let setup = RunSetup::new(run.setup.cluster.clone(), run.setup.workload.clone(), 1);
            let mut scheduler = run.policy.build(&run.setup.cluster.spec, 1);
            let mut sum = Sum::default();
            run_sim(&setup, &mut *scheduler, &mut sum, &Control::new()).unwrap();
            assert_eq!(sum.tasks, 8819);
            assert_eq!(sum.execution, Span::from_nanos(3_540_010_266_646), "{policy}");
            waits.push(sum.wait);
        }
        // Of 128 slots, 1, 10 and 103 are busy on average, and in bursts many more.
        assert!(waits.is_sorted(), "{policy}: {waits:?}");
        assert!(waits[2] > Span::from_secs(8819 / 2), "{policy}: {waits:?}");
    }
}

/// As the file of results is: it lies elsewhere, and is read from elsewhere.
#[test]
fn the_effective_spec_finds_its_files_from_anywhere() {
    let jobs = "arrival_s,cpu,service_s,priority\n0,1,0.5,3\n1,2,0.25,4\n";
    for stages in [
        WORK.to_owned(),
        TRACED.to_owned(),
        format!("{WORK}, {{name: more, service: {{empirical: {{path: times.txt}}}}}}"),
    ] {
        let text =
            spec("csv", 2, &stages).replace("path: jobs.csv", "path: ./jobs.csv, speedup: 3");
        let folder = folder(&text, jobs.as_bytes());
        std::fs::write(folder.path().join("times.txt"), "service_s\n1\n2.5\n").unwrap();
        let spec = read(folder.path()).unwrap();
        let results = tempfile::tempdir().unwrap();
        let yaml = spec.to_yaml().unwrap();
        std::fs::write(results.path().join("spec.yaml"), &yaml).unwrap();
        let again = read(results.path()).unwrap();
        assert_eq!(again, spec, "{yaml}");
        assert_eq!(again.to_yaml().unwrap(), yaml);
        for run in spec.runs() {
            let alone = run.to_json().to_string();
            let alone = Spec::parse(&alone, "spec.yaml", &Registry::builtin()).unwrap();
            assert_eq!(alone.runs()[0].setup, run.setup);
        }
    }
}

#[test]
fn every_mistake_in_a_table_has_its_message() {
    let long = format!("arrival_s\n0\n{}\n", "1".repeat(70_000));
    let cases: [(&str, &[u8], &str); 30] = [
        (
            WORK,
            b"",
            "line 1, column 1: the file is empty; its first line must name the columns: `arrival_s,service_s`, and each further line is a task",
        ),
        (
            WORK,
            b"\n",
            "line 1, column 1: the file is empty; its first line must name the columns: `arrival_s,service_s`, and each further line is a task",
        ),
        (
            WORK,
            b"arrival_s\n",
            "line 1, column 1: no rows follow: 0 of the 3 that `workload.tasks` asks for; ask for fewer tasks, or name a longer trace",
        ),
        (
            WORK,
            b"arrival_s\n0\n1\n",
            "line 3, column 1: this is the last row: 2 of the 3 that `workload.tasks` asks for; ask for fewer tasks, or name a longer trace",
        ),
        (
            WORK,
            b"service_s,cpu\n1,1\n",
            "line 1, column 1: no column is called `arrival_s`, the seconds at which tasks arrive; the first line names the columns, and it has: service_s, cpu",
        ),
        (
            TRACED,
            b"arrival_s,cpu\n1,1\n",
            "line 1, column 1: no column is called `service_s`, from which stage `work` takes its time; the first line names the columns, and it has: arrival_s, cpu",
        ),
        (
            WORK,
            b"arrival_s,prioritty\n1,1\n",
            "line 1, column 11: unknown column `prioritty`; did you mean `priority`? valid: arrival_s, service_s, cpu, memory, gpu, priority; remove it, or let a stage take its time from it by `service: {trace: {column: prioritty}}`",
        ),
        (
            WORK,
            b"0,0.5\n1,0.5\n",
            "line 1, column 1: unknown column `0`; valid: arrival_s, service_s, cpu, memory, gpu, priority; remove it, or let a stage take its time from it by `service: {trace: {column: 0}}`",
        ),
        (
            WORK,
            b"arrival_s,service_s.wrk\n1,1\n",
            "line 1, column 11: unknown stage `wrk`; did you mean `work`? valid: work",
        ),
        (WORK, b"arrival_s,cpu,cpu\n1,1,1\n", "line 1, column 15: a second column is called `cpu`"),
        (
            WORK,
            b"arrival_s\n0\n-1\n2\n",
            "line 3, column 1: `-1` is negative; a time is at least 0",
        ),
        (
            WORK,
            b"arrival_s,service_s\n0,1\n1,-0.5\n",
            "line 3, column 3: `-0.5` is negative; a time is at least 0",
        ),
        (
            WORK,
            b"arrival_s\n0\nNaN\n2\n",
            "line 3, column 1: `NaN` is not a number: write for example `0.8`",
        ),
        (
            WORK,
            b"arrival_s\n0\ninf\n2\n",
            "line 3, column 1: `inf` is not a number: write for example `0.8`",
        ),
        (
            WORK,
            b"arrival_s\n0\n1e300\n2\n",
            "line 3, column 1: `1e300` seconds are too long: at most 10000000000",
        ),
        (
            WORK,
            b"arrival_s\n0\n25ms\n2\n",
            "line 3, column 1: `25ms` is not a number: write for example `0.8`",
        ),
        (
            WORK,
            b"cpu,arrival_s\n1,2\n1, 1.5\n1,3\n",
            "line 3, column 4: `1.5` is earlier than the row before; sort the rows by this column",
        ),
        (
            WORK,
            b"arrival_s,cpu\n0,1\n1\n2,1\n",
            "line 3, column 1: 1 values, where the first line names 2 columns; give each column a value",
        ),
        (
            WORK,
            b"arrival_s,cpu\n0,1\n1,1,1\n2,1\n",
            "line 3, column 1: 3 values, where the first line names 2 columns; give each column a value",
        ),
        (
            WORK,
            b"arrival_s,cpu\n0,1\n1,\n2,1\n",
            "line 3, column 3: a value is missing; write one, or leave the column out",
        ),
        (WORK, b"arrival_s\n0\n\n2\n", "line 3, column 1: an empty line; remove it"),
        (
            WORK,
            b"arrival_s,cpu\n0,0.0001\n",
            "line 2, column 3: `0.0001` is not an amount: write a number with at most three decimals, for example `1` or `0.25`",
        ),
        (
            WORK,
            b"arrival_s,memory\n0,6\n",
            "line 2, column 3: `6` is not an amount of memory: write a number and a unit (B, KB, MB, GB, TB, KiB, MiB, GiB, TiB), for example `6MiB`",
        ),
        (
            WORK,
            b"arrival_s,priority\n0,10\n",
            "line 2, column 3: `10` is not a priority level: write 0 to 9, 9 is most urgent",
        ),
        (
            WORK,
            b"arrival_s,cpu\n0,1\n0,4\n0,5\n",
            "line 4, column 1: no node can hold stage `work`, which asks for cpu 5; the largest that it may run on: `nodes` with cpu 4, unlimited memory. Ask for less, or declare a larger node",
        ),
        (
            WORK,
            b"arrival_s,gpu\n0,0\n0,1\n0,0\n",
            "line 3, column 1: no node can hold stage `work`, which asks for cpu 1, gpu 1; the largest that it may run on: `nodes` with cpu 4, unlimited memory. Ask for less, or declare a larger node",
        ),
        (
            WORK,
            b"arrival_s,cpu\n0,1\n0,0\n0,1\n",
            "line 3, column 1: asks for nothing at stage `work`: give it some `cpu`",
        ),
        (
            WORK,
            b"arrival_s\n0\n\xff\n1\n",
            "line 3, column 1: not UTF-8 text; save the file as UTF-8",
        ),
        (
            WORK,
            "arrival_s,ä\n".as_bytes(),
            "line 1, column 11: unknown column `ä`; valid: arrival_s, service_s, cpu, memory, gpu, priority; remove it, or let a stage take its time from it by `service: {trace: {column: ä}}`",
        ),
        (
            WORK,
            long.as_bytes(),
            "line 3, column 1: the line is longer than 65536 bytes; end each row with a line break, or name another file",
        ),
    ];
    for (stages, jobs, expected) in cases {
        let expected = format!("jobs.csv: {expected}");
        assert_eq!(refused(&spec("csv", 3, stages), jobs), expected);
    }
}

#[test]
fn every_mistake_in_a_published_trace_has_its_message() {
    let head = "TIMESTAMP,ContextTokens,GeneratedTokens\n";
    let row = "2023-11-16 18:17:03.9799600,4808,10\n";
    for (stages, jobs, expected) in [
        (
            TRACED,
            String::new(),
            "line 1, column 1: the file is empty; its first line must name the columns: `TIMESTAMP,ContextTokens,GeneratedTokens`, and each further line is a task",
        ),
        (
            TRACED,
            format!("TIMESTAMP,ContextTokens\n{row}"),
            "line 1, column 1: no column is called `GeneratedTokens`; the first line names the columns, and it has: TIMESTAMP, ContextTokens",
        ),
        (
            TRACED,
            format!("{head}{row}"),
            "line 2, column 1: this is the last row: 1 of the 2 that `workload.tasks` asks for; ask for fewer tasks, or name a longer trace",
        ),
        (
            TRACED,
            format!("{head}{row}2023-11-16 18:17:02.0,1,1\n"),
            "line 3, column 1: earlier than the first row; sort the rows by `TIMESTAMP`",
        ),
        (
            TRACED,
            format!("{head}16.11.2023 18:17:03,1,1\n"),
            "line 2, column 1: `16.11.2023 18:17:03` is no instant of the form `2023-11-16 18:17:03.9799600`, from 1970 on",
        ),
        (
            TRACED,
            format!("{head}{row}2023-11-16 18:17:04.0,1.5,1\n"),
            "line 3, column 23: `1.5` is not a whole number of at least 0",
        ),
        (
            TRACED,
            format!("{head}{row}2023-11-16 18:17:04.0,1,-1\n"),
            "line 3, column 25: `-1` is not a whole number of at least 0",
        ),
        (
            TRACED,
            format!("{head}{row}2023-11-16 18:17:04.0,1,9999999999\n"),
            "line 3, column 25: `9999999999` tokens are too many: at most 1000000000",
        ),
        (
            TRACED,
            format!("{head}{row}2023-11-16 18:17:04.0,1\n"),
            "line 3, column 1: no `GeneratedTokens`; give a value",
        ),
        (
            "{name: work, service: {trace: {column: GeneratedTokens}}}",
            format!("{head}{row}"),
            "line 1, column 1: stage `work` takes its time from `GeneratedTokens`; a trace of this format gives times by the name `service_s`",
        ),
    ] {
        let expected = format!("jobs.csv: {expected}");
        assert_eq!(refused(&spec("azure_llm", 2, stages), jobs.as_bytes()), expected);
    }
    // Without a column named, arrivals are all that is taken from it.
    let folder = folder(&spec("azure_llm", 1, WORK), format!("{head}{row}").as_bytes());
    let work = &read(folder.path()).unwrap().configurations[0].setup.workload.stages[0];
    assert_eq!(work.service, ServiceLaw::Constant(Span::from_millis(25)));
}

#[test]
fn every_mistake_in_a_list_of_times_has_its_message() {
    let text = spec("csv", 1, "{name: work, service: {empirical: {path: jobs.csv}}}")
        .replace("{trace: {format: csv, path: jobs.csv}}", "batch");
    for (times, expected) in [
        ("", "line 1, column 1: the file holds no times; write one on each line, as `25ms`"),
        (
            "service_s\n",
            "line 1, column 1: the file holds no times; write one on each line, as `25ms`",
        ),
        (
            "seconds\n1\n",
            "line 1, column 1: `seconds` is not a length of time: write a number and a unit (ns, us, ms, s, m, h), for example `25ms` or `1.5s`",
        ),
        ("1\n-2\n", "line 2, column 1: `-2` is negative; a time is at least 0"),
        (
            "1\n25 parsec\n",
            "line 2, column 1: `25 parsec` is not a length of time: write a number and a unit (ns, us, ms, s, m, h), for example `25ms` or `1.5s`",
        ),
        ("1\nNaN\n", "line 2, column 1: `NaN` is not a number: write for example `0.8`"),
        ("1\n2,3\n", "line 2, column 1: expected one time on each line, and no commas"),
        ("1\n\n2\n", "line 2, column 1: an empty line; remove it"),
    ] {
        assert_eq!(refused(&text, times.as_bytes()), format!("jobs.csv: {expected}"));
    }
    let good = folder(&text, b"service_s\n500ms\n1.5\n");
    let law = read(good.path()).unwrap().configurations[0].setup.workload.stages[0].service.clone();
    assert_eq!((law.mean(), law.cv()), (Span::from_secs(1), 0.5));
}

#[test]
fn a_file_that_cannot_be_read_is_named_with_its_place() {
    let text = spec("csv", 1, WORK).replace("path: jobs.csv", "path: no/such.csv");
    let message = refused(&text, b"");
    let start = "spec.yaml: line 4, column 60: `workload.arrivals.trace.path`: no/such.csv cannot be \
                 read: ";
    assert!(message.starts_with(start), "{message}");
    assert!(message.ends_with("a path is relative to the file that it is written in"), "{message}");
    let text = spec("csv", 1, WORK).replace("path: jobs.csv", "path: .");
    let message = refused(&text, b"");
    assert!(message.contains("cannot be read on from here: "), "{message}");
}

/// A file without an end is refused after a bounded part of it.
#[cfg(target_os = "linux")]
#[test]
fn an_endless_line_is_refused() {
    let text = spec("csv", 1, WORK).replace("path: jobs.csv", "path: /dev/zero");
    assert_eq!(
        refused(&text, b""),
        "/dev/zero: line 1, column 1: the line is longer than 65536 bytes; end each row with a line \
         break, or name another file"
    );
}

#[test]
fn a_speedup_that_leaves_no_time_is_refused() {
    let text = spec("csv", 2, WORK).replace("path: jobs.csv", "path: jobs.csv, speedup: 1e-12");
    assert_eq!(
        refused(&text, b"arrival_s\n0\n1\n"),
        "spec.yaml: line 4, column 60: `workload.arrivals.trace.path`: at a speedup of \
         0.000000000001 the last task comes after more than 300 years"
    );
}

/// Whatever one change makes of a file, it is read or refused with a place in it.
#[test]
fn damaged_files_are_read_or_placed() {
    let table =
        "arrival_s,service_s,cpu,memory,gpu,priority\n0,0.25,1,6MiB,0,5\n1.5,1,0.5,1B,0,9\n";
    let azure = "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:17:03.97,48,10\n\
                 2023-11-16 18:17:04.0,31,8\n";
    for (format, file) in [("csv", table), ("azure_llm", azure)] {
        let folder = folder(&spec(format, 2, TRACED), file.as_bytes());
        let jobs = folder.path().join("jobs.csv");
        let (mut good, mut bad) = (0, 0);
        for at in 0..file.len() {
            let damages = [",", "\n", "-", "e", "9", "\"", "\0", "ä", ".", " ", ""];
            for damage in damages.map(str::as_bytes).into_iter().chain([&b"\xff"[..]]) {
                let bytes = [&file.as_bytes()[..at], damage, &file.as_bytes()[at + 1..]].concat();
                std::fs::write(&jobs, &bytes).unwrap();
                match read(folder.path()) {
                    Ok(spec) => {
                        assert!(trace(&spec).arrivals().is_sorted());
                        assert_eq!(trace(&spec).arrivals().len(), 2);
                        good += 1;
                    }
                    Err(error) => {
                        let (line, column) = error.place().line_and_column().expect("a place");
                        assert!(error.place().source().ends_with("jobs.csv"), "{error}");
                        let lines: Vec<&[u8]> = bytes.split(|&byte| byte == b'\n').collect();
                        let length = lines[line as usize - 1].len();
                        assert!(column as usize <= length + 1, "{error}");
                        bad += 1;
                    }
                }
            }
        }
        assert!(good > 50 && bad > 200, "damage that finds both: {good} good, {bad} bad");
    }
}
