//! Whatever is in the file, there is a spec or an error with a place.
//!
//! Valid specs are damaged by deleting, doubling, swapping and cutting lines and single
//! characters, exhaustively for one change and by seed for several.

use crate::parse;

const SPECS: [&str; 4] = [
    "\
name: a
seed: 1
cluster:
  groups:
    - {name: fast, count: 8, slots: 4, speed: 1.0, memory: 32GiB, gpu: 1}
    - name: slow
      count: 2
      slots: 4
  queue_limit: 4
  network: {constant: 0us}
workload:
  tasks: 1000
  warmup: 10
  arrivals: {poisson: {rate: 30.0}}
  priorities:
    0: 0.8
    9: 0.2
pipeline:
  stages:
    - name: work
      service: &law
        lognormal:
          mean: 10ms
          cv: 0.3
      demand: {cpu: 0.5, memory: 6MiB}
      on: [fast]
    - {name: burn, operator: compute, service: *law}
schedulers:
  - fifo
  - {policy: load_aware_spread, bind: late}
  - policy: priority
    aging: 2s
configurations:
  small: {cluster: {nodes: 2, slots: 4}, pipeline: {stages: [{name: a, service: {constant: 0s}}]}}
  other:
    workload: {arrivals: batch}
",
    "cluster: {nodes: 2, slots: 4}
workload: {tasks: 100, arrivals: load:0.8}
pipeline: {stages: [{name: work, service: {constant: 25ms}}]}
schedulers: [fifo]
",
    "environment: sim
cluster: {nodes: 2, slots: 4, network: {constant: 1ms}}
workload: {tasks: 9, arrivals: {mmpp: {rates: [5, 0], sojourn: [1s, 2s]}}}
pipeline: {stages: [{name: a, service: {constant: 0s}}]}
schedulers: [fifo]
faults: [{at: 1s, slow: node-1, factor: 2}, {mtbf: 9s, mttr: 1s}]
",
    "{\"cluster\": {\"nodes\": 2, \"slots\": 4},
\"workload\": {\"tasks\": 100, \"arrivals\": \"batch\"},
\"pipeline\": {\"stages\": [{\"name\": \"work\", \"service\": {\"constant\": \"25ms\"}}]},
\"schedulers\": [\"fifo\"]}
",
];

/// Neither panics nor leaves the reader without a place. Returns whether it is a spec.
fn probe(text: &str) -> bool {
    match parse(text) {
        Ok(spec) => {
            let yaml = spec.to_yaml().unwrap();
            assert_eq!(parse(&yaml).as_ref(), Ok(&spec), "{text}\nbecame\n{yaml}");
            true
        }
        Err(error) => {
            let (line, column) = error.place().line_and_column().expect("a place");
            assert!(line >= 1 && column >= 1, "{error}");
            assert!(line as usize <= text.lines().count() + 1, "{error}\n{text}");
            assert!(!error.message().is_empty());
            false
        }
    }
}

#[test]
fn one_change_to_a_line() {
    let (mut good, mut bad) = (0, 0);
    for spec in SPECS {
        assert!(probe(spec), "{spec}");
        let lines: Vec<&str> = spec.lines().collect();
        for i in 0..lines.len() {
            let mut variants = vec![lines.clone(), lines.clone(), lines[..i].to_vec()];
            variants[0].remove(i);
            variants[1].insert(i, lines[i]);
            if i > 0 {
                let mut swapped = lines.clone();
                swapped.swap(i - 1, i);
                variants.push(swapped);
            }
            for variant in variants {
                if probe(&(variant.join("\n") + "\n")) { good += 1 } else { bad += 1 }
            }
        }
    }
    assert!(good > 10 && bad > 50, "damage that finds both: {good} good, {bad} bad");
}

#[test]
fn one_change_to_a_character() {
    for spec in SPECS {
        for (i, c) in spec.char_indices() {
            let (before, after) = (&spec[..i], &spec[i + c.len_utf8()..]);
            probe(&format!("{before}{after}"));
            for new in ['\t', '{', ']', '&', '-', '"', 'ä', '0', '\u{feff}', '\0'] {
                probe(&format!("{before}{new}{after}"));
            }
        }
    }
}

#[test]
fn many_changes() {
    let mut state = 1_u64;
    let mut below = |n: usize| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % n
    };
    for round in 0..2_000 {
        let mut lines: Vec<&str> = SPECS[round % SPECS.len()].lines().collect();
        for _ in 0..below(6) + 1 {
            let (i, j) = (below(lines.len()), below(lines.len()));
            match below(3) {
                0 if lines.len() > 1 => drop(lines.remove(i)),
                1 => lines.insert(i, lines[j]),
                _ => lines.swap(i, j),
            }
        }
        probe(&lines.join("\n"));
    }
}
