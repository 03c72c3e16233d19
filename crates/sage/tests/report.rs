//! What a run leaves for a reader: its page and its trace, without a browser.
//!
//! The page is looked at in a real one by the test `browser`, which needs more than Rust.

#![allow(clippy::unwrap_used, reason = "a test that fails panics, in its helpers too")]

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

const SPEC: &str = "
name: queues
environment: sim
repetitions: 5
cluster: {nodes: 2, slots: 2}
workload: {tasks: 3000, warmup: 200, arrivals: {load: 0.7}}
pipeline: {stages: [{name: work, service: {exponential: {mean: 20ms}}}]}
schedulers: [fifo, round_robin, random]
";

fn run(folder: &Path, spec: &str, flags: &str) {
    fs::write(folder.join("queues.yaml"), spec).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_sage"))
        .current_dir(folder)
        .args("run queues.yaml --no-plots --output".split(' '))
        .args(flags.split_whitespace())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn read(folder: &Path, file: &str) -> String {
    fs::read_to_string(folder.join(file)).unwrap()
}

#[test]
fn the_page_stands_alone_and_begins_with_the_verdict() {
    let folder = tempfile::tempdir().unwrap();
    let spec = format!("{SPEC}configurations: {{q: {{part: '<work>'}}}}\n");
    run(folder.path(), &spec, "out");
    let page = read(folder.path(), "out/report.html");
    for from_elsewhere in ["http:", "https:", "src=", "@import", "<link", "<img", "url(http"] {
        assert!(!page.contains(from_elsewhere), "{from_elsewhere}");
    }
    assert!(!page.contains("<work>"), "a name of the spec is not escaped");
    assert!(page.contains("&lt;work&gt;"), "the spec is not there");
    let verdict = page
        .find("<h3>&lt;work&gt;</h3><p class=\"headline\">fifo has the lowest p99 latency")
        .unwrap();
    assert!(verdict < page.find("<table").unwrap());
    // The spec is told once in full, and read back gives the same runs.
    assert!(page.contains("name: queues") && page.contains("-p sage -- run queues.yaml"));
}

#[test]
fn theory_stands_beside_what_was_measured_only_where_it_applies() {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), SPEC, "out");
    let page = read(folder.path(), "out/report.html");
    // M/M/4 at a load of 0.7 waits C ÷ (4 − 2.8) × 20 ms, C = 0.42867 (tables of Erlang C): 7.144
    // ms.
    assert!(page.contains("M/M/4") && page.contains("<td>7.14</td>"));
    // Random splits the arrivals: M/M/2 at 0.7, C = 0.57647 (2ρ² ÷ (1 + ρ)): ÷ 0.6 × 20 ms = 19.22
    // ms.
    assert!(page.contains("M/M/2 at each node") && page.contains("<td>19.2</td>"));
    let theory = &page[page.find("id=\"theory\"").unwrap()..page.find("id=\"notes\"").unwrap()];
    assert!(!theory.contains("round_robin"));
    run(folder.path(), &SPEC.replace("{load: 0.7}", "{closed: {in_flight: 8}}"), "closed");
    assert!(!read(folder.path(), "closed/report.html").contains("id=\"theory\""));
}

#[test]
fn the_page_and_the_trace_are_the_same_on_every_run() {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), SPEC, "one");
    run(folder.path(), SPEC, "two");
    // But for when, by which command, and what the decisions cost this machine.
    let stable = |name: &str| {
        let page = read(folder.path(), &format!("{name}/report.html"));
        let of = |id: &str| {
            let from = page.find(&format!("<section id=\"{id}\"")).unwrap();
            page[from..].split("</section>").next().unwrap().to_owned()
        };
        ["throughput", "latency", "parts", "time", "theory"].map(of)
    };
    assert_eq!(stable("one"), stable("two"));
    assert_eq!(read(folder.path(), "one/trace.json"), read(folder.path(), "two/trace.json"));
}

/// What the Perfetto UI asks of a trace, checked by rules of its format.
#[test]
fn the_trace_has_a_track_for_each_slot_and_no_calls_that_overlap() {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), SPEC, "out");
    let trace: Value = serde_json::from_str(&read(folder.path(), "out/trace.json")).unwrap();
    let events = trace["traceEvents"].as_array().unwrap();
    let (mut processes, mut threads) = (BTreeMap::new(), BTreeMap::new());
    let mut tracks: BTreeMap<u64, Vec<(f64, f64)>> = BTreeMap::new();
    let mut waits: BTreeMap<(String, u64), f64> = BTreeMap::new();
    for event in events {
        let process = event["pid"].as_u64().filter(|pid| *pid > 0).unwrap();
        let name = event["args"]["name"].as_str();
        match (event["ph"].as_str().unwrap(), event["name"].as_str().unwrap()) {
            ("M", "process_name") => {
                assert_eq!(processes.insert(process, name.unwrap().to_owned()), None);
            }
            ("M", "thread_name") => {
                let thread = event["tid"].as_u64().filter(|tid| *tid > 0).unwrap();
                assert_eq!(threads.insert(thread, (process, name.unwrap().to_owned())), None);
            }
            ("M", "process_sort_index" | "thread_sort_index") => {}
            ("X", "work") => {
                let thread = event["tid"].as_u64().unwrap();
                assert_eq!(threads[&thread].0, process, "a track of another node");
                let (start, length) =
                    (event["ts"].as_f64().unwrap(), event["dur"].as_f64().unwrap());
                assert!(start >= 0.0 && length >= 0.0);
                tracks.entry(thread).or_default().push((start, start + length));
                let args = &event["args"];
                assert_eq!(args["stage"], "work");
                let policy = args["policy"].as_str().unwrap().to_owned();
                let wait = args["wait_us"].as_f64().unwrap();
                assert_eq!(waits.insert((policy, args["task"].as_u64().unwrap()), wait), None);
            }
            other => panic!("an event of an unknown kind: {other:?}"),
        }
    }
    // Three runs, two nodes, two slots each; every track is used.
    let names: BTreeSet<&str> = processes.values().map(String::as_str).collect();
    let expected = ["fifo · node-0", "fifo · node-1", "random · node-0", "random · node-1"];
    assert!(expected.iter().all(|name| names.contains(name)) && names.len() == 6, "{names:?}");
    assert_eq!((threads.len(), tracks.len()), (12, 12));
    assert!(threads.values().all(|(_, name)| name == "slot 0" || name == "slot 1"));
    for spans in tracks.values_mut() {
        spans.sort_by(|one, other| one.partial_cmp(other).unwrap());
        let apart = |pair: &[(f64, f64)]| pair[0].1 <= pair[1].0 + 1e-6; // sums of decimals in f64
        assert!(spans.windows(2).all(apart));
    }
    // All 2,800 tasks of the first repetition fit, and wait as the rows beside say.
    assert_eq!(waits.len(), 3 * 2_800);
    let rows = read(folder.path(), "out/random_latencies.csv");
    for row in rows.lines().skip(1).take(2_800) {
        let cells: Vec<&str> = row.split(',').collect();
        let [scheduling, queue] = [4, 5].map(|i: usize| cells[i].parse::<f64>().unwrap());
        let wait = waits[&("random".to_owned(), cells[1].parse().unwrap())];
        assert!((wait - 1e3 * (scheduling + queue)).abs() < 1e-2, "{row}: {wait}");
    }
}

#[test]
fn a_trace_is_bounded_and_stops_at_whole_tasks() {
    let folder = tempfile::tempdir().unwrap();
    let stages = "[{name: a, service: {constant: 1ms}, demand: {cpu: 0.5}}, {name: b, service: \
                  {constant: 1ms}}, \
                  {name: c, service: {constant: 1ms}}]";
    let long = SPEC
        .replace("tasks: 3000", "tasks: 9000")
        .replace("[{name: work, service: {exponential: {mean: 20ms}}}]", stages)
        .replace("repetitions: 5", "repetitions: 1");
    run(folder.path(), &long, "out");
    let trace: Value = serde_json::from_str(&read(folder.path(), "out/trace.json")).unwrap();
    let calls = trace["traceEvents"].as_array().unwrap().iter().filter(|event| event["ph"] == "X");
    let mut tasks: BTreeMap<String, u32> = BTreeMap::new();
    for call in calls {
        let args = &call["args"];
        *tasks.entry(format!("{} {}", args["policy"], args["task"])).or_default() += 1;
    }
    // 20,000 over three runs are 6,666 calls each: 2,222 tasks of three.
    assert_eq!(tasks.len(), 3 * 2_222);
    assert!(tasks.values().all(|calls| *calls == 3));
    // Calls that hold half a slot are on lanes: there are more of them than slots.
    assert!(read(folder.path(), "out/trace.json").contains("\"lane 0\""));
}

/// The page's own data, which hovering and saving show: whole per cents, and hundredths of calls.
#[test]
fn load_and_waiting_over_time_add_up_to_what_was_measured() {
    let folder = tempfile::tempdir().unwrap();
    let once = SPEC.replace("repetitions: 5", "repetitions: 1").replace("warmup: 200, ", "");
    run(folder.path(), &once, "out");
    let page = read(folder.path(), "out/report.html");
    let blocks = page.split("<script type=\"application/json\" class=\"series\">").skip(1);
    let mut seen = 0;
    for block in blocks {
        let series: Value = serde_json::from_str(block.split("</script>").next().unwrap()).unwrap();
        let name = series["run"].as_str().unwrap();
        let file = read(folder.path(), &format!("out/{name}_metrics.json"));
        let metrics: Value = serde_json::from_str(&file).unwrap();
        let [width, end] = ["width", "end"].map(|key| series[key].as_f64().unwrap());
        let integral = |means: &Value| -> f64 {
            let means = means.as_array().unwrap().iter().enumerate();
            let spans = means
                .map(|(bin, mean)| mean.as_f64().unwrap() * (end - bin as f64 * width).min(width));
            spans.sum()
        };
        let about = |one: f64, other: f64| (one - other).abs() <= 0.01 * other + 1e-9;
        for (node, busy) in series["busy"].as_array().unwrap().iter().enumerate() {
            let measured = metrics["nodes"][node]["busy_sec"].as_f64().unwrap();
            let drawn = integral(busy) / 100.0 * 2.0; // two slots
            assert!(about(drawn, measured), "{name}, node {node}: {drawn} of {measured} s");
        }
        for (key, mean) in
            [("scheduler", "avg_scheduling_latency_ms"), ("nodes", "avg_queue_latency_ms")]
        {
            let measured = 3_000.0 * metrics[mean].as_f64().unwrap() / 1e3;
            let drawn = integral(&series[key]);
            assert!(about(drawn, measured), "{name}, {key}: {drawn} of {measured} s");
        }
        seen += 1;
    }
    assert_eq!(seen, 3);
}

/// Node by node, a cluster that is lost at `at`.
fn lost(at: &str, tasks: u32, schedulers: &str) -> String {
    let kills: Vec<String> = (0..4).map(|n| format!("{{at: {at}, kill: node-{n}}}")).collect();
    format!(
        "name: queues\nenvironment: sim\nrepetitions: 2\ncluster: {{nodes: 4, slots: 4}}\n\
         workload: {{tasks: {tasks}, arrivals: {{load: 0.5}}}}\n\
         pipeline: {{stages: [{{name: work, service: {{exponential: {{mean: 10ms}}}}}}]}}\n\
         schedulers: [{schedulers}]\nfaults: [{}]\n",
        kills.join(", ")
    )
}

#[test]
fn that_tasks_failed_comes_before_who_is_ahead() {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), &lost("500ms", 2_000, "fifo, round_robin"), "out");
    let text = read(folder.path(), "out/queues_comparison.txt").replace("\n  ", " ");
    let lines: Vec<&str> = text.lines().filter(|line| !line.is_empty()).collect();
    // Seed by seed both lose as many but for one: the numbers differ, and what happened does not.
    let failed = "In each run, 3,217–3,218 of 4,000 tasks failed (every node that could run it is \
                  down, and none will come back); latencies and throughput are of the others only.";
    assert_eq!(lines[..2], ["queues", failed]);
    let winner = "Tasks failed in each of these runs: of those, this compares only what succeeded.";
    assert!(lines[2].starts_with("No winner") && lines[2].ends_with(winner), "{}", lines[2]);
    let all = text.replace('\n', " ");
    assert!(all.contains("782–783 successful tasks are few: fewer than 10 lie beyond p99"));
    let down = "node-0, node-1, node-2 and node-3 were down at the end of 2 of 2 repetitions";
    assert!(all.contains(down), "{text}");
    let page = read(folder.path(), "out/report.html");
    let told = page.find("3,217–3,218 of 4,000 tasks failed").unwrap();
    assert!(told < page.find("No winner in p99").unwrap() && page.contains(winner));
}

#[test]
fn a_run_without_a_success_is_not_sound() {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), &lost("1ms", 100, "fifo"), "out");
    let text = read(folder.path(), "out/queues_comparison.txt");
    assert!(text.contains("200 of 200 tasks failed (every node"), "{text}");
    assert!(text.contains("Certificate: samples fails in every run"), "{text}");
    assert!(!text.contains("sound"), "{text}");
    let report: Value =
        serde_json::from_str(&read(folder.path(), "out/fifo_metrics.json")).unwrap();
    assert_eq!((&report["successful_tasks"], &report["failed_tasks"]), (&0.into(), &200.into()));
    assert_eq!(report["certificate"]["verdict"], "marked");
}

#[test]
fn notes_of_runs_that_differ_in_numbers_reach_the_page_and_the_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let spec = SPEC.replace("repetitions: 5", "repetitions: 2").replace(", warmup: 200", "")
        + "configurations:\n\
           \x20 small: {part: p, workload: {tasks: 40, arrivals: 'closed:8'}}\n\
           \x20 large: {part: p, workload: {tasks: 80, arrivals: 'closed:8'}}\n\
           \x20 steep: {part: p, workload: {tasks: 6000, arrivals: {load: 1.6}}, schedulers: [fifo]}\n";
    run(folder.path(), &spec, "out");
    let text = read(folder.path(), "out/queues_comparison.txt").replace('\n', " ");
    let page = read(folder.path(), "out/report.html");
    let cautions = &page[page.find("What not to conclude").unwrap()..];
    let cautions = &cautions[..cautions.find("</ul>").unwrap()];
    for told in [text.as_str(), cautions] {
        for note in [
            "6 of 7 runs: 40–80 tasks are less than 50 per slot",
            "small_fifo, small_round_robin, small_random: 80 successful tasks are few",
            "steep_fifo: Still growing: the number of tasks in the system went from",
        ] {
            assert!(told.contains(note), "no `{note}` in {told}");
        }
    }
    assert!(
        text.contains("Certificate: samples fails in 6 of 7 runs; stationary fails in steep_fifo")
    );
    // About files and no number: for who looks for them, not for who concludes.
    let many =
        SPEC.replace("tasks: 3000", "tasks: 400000").replace("repetitions: 5", "repetitions: 3");
    run(folder.path(), &many, "many");
    let unwritten = "The latencies of single tasks were not written";
    let page = read(folder.path(), "many/report.html");
    let cautions = &page[page.find("What not to conclude").unwrap()..];
    assert!(!cautions[..cautions.find("</ul>").unwrap()].contains(unwritten));
    assert!(read(folder.path(), "many/queues_comparison.txt").contains(unwritten));
}
