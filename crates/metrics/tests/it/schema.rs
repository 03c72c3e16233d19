//! The published schema holds for what is really written, and for nothing else.

use crate::support::{call, facts, fold, shape, succeed, task};
use jsonschema::Validator;
use metrics::report::{Host, METRICS_SCHEMA, Measures, Provenance, RunReport, SCHEMA_VERSION};
use metrics::{AnswerRecord, Fold, Nanos, Recorder, ServiceRecorder};
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn schema() -> Value {
    serde_json::from_str(METRICS_SCHEMA).unwrap()
}

fn validator() -> Validator {
    jsonschema::draft202012::new(&schema()).unwrap()
}

fn report(metrics: Measures) -> Value {
    let host =
        Host { name: "host".into(), platform: "linux x86_64".into(), cpu_model: None, cores: 2 };
    let provenance = Provenance {
        version: "0.1.0".into(),
        git_commit: None,
        seed: 42,
        host,
        command: "exp2 --quick".into(),
        build_profile: "release".into(),
        started_at: "2026-01-01T00:00:00Z".into(),
        spec: json!({"name": "exp2"}),
    };
    let name = "medium_fifo".to_owned();
    let report = RunReport { schema_version: SCHEMA_VERSION, name, provenance, metrics };
    serde_json::to_value(report).unwrap()
}

/// A run that fills every field: two repetitions, two stages, two levels, a failure.
fn full() -> Value {
    let shape = shape(2, 3);
    let mut recorder = Recorder::new(shape.clone());
    for i in 0..100_u64 {
        let calls = [call(0, [i, 2, 3_000, 4]), call((i % 2) as u32, [10, i, 30, 40])];
        succeed(&mut recorder, &task(i * 1_000, (i % 2) as u8 * 9, &calls));
    }
    recorder.task_failed(&task(5, 0, &[]), "boom");
    recorder.decisions(Nanos::new(700), 3);
    recorder.retry();
    let mut folded = Fold::new(shape);
    for _ in 0..2 {
        folded.add(&recorder).unwrap();
        folded.add_services(&services());
    }
    report(folded.finish(facts()))
}

/// Three answers, of which one was not counted and one has a single token; vectors; three questions.
fn services() -> ServiceRecorder {
    let mut recorder = ServiceRecorder::default();
    recorder.calls(5, 1, 2);
    let ns = Nanos::new;
    let answer = |tokens: Option<u64>, first: u64, took: u64| AnswerRecord {
        prompt_tokens: tokens.map(|_| 100),
        cached_tokens: tokens.filter(|&tokens| tokens > 1).map(|_| 30),
        completion_tokens: tokens,
        first_token: Some(ns(first)),
        took: ns(took),
    };
    recorder.answer(&answer(Some(11), 2_000_000, 22_000_000));
    recorder.answer(&answer(Some(1), 4_000_000, 4_000_000));
    recorder.answer(&answer(None, 6_000_000, 9_000_000));
    recorder.embedded(7, ns(1_500_000));
    [true, true, false].into_iter().for_each(|hit| recorder.retrieved(hit));
    recorder
}

#[test]
fn calls_to_services_add_up() {
    let report = full();
    let of = |path: &str| report.pointer(&format!("/services/{path}")).unwrap().clone();
    assert_eq!([of("calls"), of("failed_calls"), of("retries")], [10, 2, 4].map(Value::from));
    assert_eq!([of("llm/answers"), of("llm/uncounted_answers")], [6, 2].map(Value::from));
    assert_eq!([of("llm/prompt_tokens"), of("llm/completion_tokens")], [400, 24].map(Value::from));
    assert_eq!(of("llm/cached_prompt_tokens"), 60);
    let seconds = report["total_duration_sec"].as_f64().unwrap();
    // The sum over two repetitions of 12 tokens each, in twice the mean duration.
    let rate = of("llm/tokens_per_sec").as_f64().unwrap();
    assert!((rate - 12.0 / seconds).abs() < 1e-9 * rate, "{rate}");
    assert_eq!(of("llm/time_to_first_token_ms/mean"), 4.0);
    // 20 ms for the ten tokens after the first; the others have none after it, or no count.
    let per_token = [of("llm/time_per_token_ms/mean"), of("llm/time_per_token_ms/count")];
    assert_eq!(per_token, [Value::from(2.0), Value::from(2)]);
    assert_eq!([of("embedding/texts"), of("embedding/call_ms/count")], [14, 2].map(Value::from));
    assert_eq!([of("retrieval/questions"), of("retrieval/hits")], [6, 4].map(Value::from));
    assert_eq!(of("retrieval/hit_rate"), 4.0 / 6.0);
}

/// A run in which nothing happened: every value that may be null is.
fn empty() -> Value {
    let shape = shape(1, 1);
    report(fold(&shape, &[Recorder::new(shape.clone())]))
}

#[test]
fn the_schema_is_a_schema() {
    assert!(jsonschema::meta::is_valid(&schema()));
}

#[test]
fn real_output_is_valid() {
    let validator = validator();
    for report in [full(), empty()] {
        let errors: Vec<_> = validator.iter_errors(&report).map(|e| e.to_string()).collect();
        assert_eq!(errors, [""; 0]);
    }
}

#[test]
fn real_output_reads_back() {
    for report in [full(), empty()] {
        let text = report.to_string();
        let back: RunReport = serde_json::from_str(&text).unwrap();
        assert_eq!(serde_json::to_value(back).unwrap(), report);
    }
}

/// Objects of the report whose fields are fixed, each with its place in the schema.
const OBJECTS: [(&str, &str); 18] = [
    ("/provenance", "/$defs/provenance"),
    ("/provenance/host", "/$defs/host"),
    ("", "/$defs/measures"),
    ("/latency_ms", "/$defs/latencies"),
    ("/latency_ms/queue", "/$defs/summary"),
    ("/interval", "/$defs/interval_method"),
    ("/latency_parts_ms", "/$defs/quantile_parts"),
    ("/latency_parts_ms/p99", "/$defs/parts"),
    ("/by_priority/9", "/$defs/latencies"),
    ("/stages/s1", "/$defs/latencies"),
    ("/nodes/2", "/$defs/node"),
    ("/certificate", "/$defs/certificate"),
    ("/certificate/checks/0", "/$defs/check"),
    ("/services", "/$defs/services"),
    ("/services/llm", "/$defs/llm"),
    ("/services/embedding", "/$defs/embedding"),
    ("/services/retrieval", "/$defs/retrieval"),
    ("/config", "/$defs/config"),
];

fn keys(object: &Value) -> BTreeSet<String> {
    object.as_object().unwrap().keys().cloned().collect()
}

#[test]
fn the_schema_has_every_field_required_and_described_and_no_other() {
    let (schema, report) = (schema(), full());
    for (object, definition) in OBJECTS {
        let mut fields = keys(report.pointer(object).unwrap());
        let definition = schema.pointer(definition).unwrap();
        if object.is_empty() {
            // The top has the measures' keys and its own.
            let own = keys(&schema["properties"]);
            assert_eq!(schema["required"].as_array().unwrap().len(), own.len());
            assert!(own.is_subset(&fields) && schema["unevaluatedProperties"] == false);
            fields.retain(|key| !own.contains(key));
        } else {
            assert_eq!(definition["additionalProperties"], false, "{object}");
        }
        assert_eq!(fields, keys(&definition["properties"]), "{object}");
        let required = definition["required"].as_array().unwrap().iter();
        let required: BTreeSet<_> = required.map(|key| key.as_str().unwrap().to_owned()).collect();
        assert_eq!(fields, required, "{object}");
        for (key, property) in definition["properties"].as_object().unwrap() {
            let described = property.get("description").or_else(|| {
                let target = property["$ref"].as_str()?.strip_prefix('#')?;
                schema.pointer(target)?.get("description")
            });
            assert!(described.is_some(), "{object}/{key} has no description");
        }
    }
    assert_eq!(schema["properties"]["schema_version"]["const"], SCHEMA_VERSION);
}

#[test]
fn no_definition_is_left_out_of_the_comparison() {
    let schema = schema();
    let definitions = schema["$defs"].as_object().unwrap().iter();
    let objects = definitions.filter(|(_, definition)| definition.get("properties").is_some());
    let compared: BTreeSet<_> = OBJECTS.iter().map(|(_, definition)| *definition).collect();
    for (name, _) in objects {
        assert!(compared.contains(format!("/$defs/{name}").as_str()), "{name}");
    }
}

#[test]
fn a_missing_and_a_renamed_field_are_refused() {
    let (validator, report) = (validator(), full());
    for (object, _) in OBJECTS {
        for key in keys(report.pointer(object).unwrap()) {
            let mut missing = report.clone();
            let fields = missing.pointer_mut(object).unwrap().as_object_mut().unwrap();
            let value = fields.remove(&key).unwrap();
            assert!(!validator.is_valid(&missing), "{object}/{key} may be missing");
            let mut added = report.clone();
            let fields = added.pointer_mut(object).unwrap().as_object_mut().unwrap();
            fields.insert(format!("{key}_"), value);
            assert!(!validator.is_valid(&added), "{object}/{key}_ is accepted");
        }
    }
}

/// The measures alone, as `--json` prints them for each run.
#[test]
fn measures_have_a_schema_of_their_own() {
    let mut alone = schema();
    let root = alone.as_object_mut().unwrap();
    for key in ["allOf", "properties", "required", "unevaluatedProperties"] {
        root.remove(key);
    }
    root.insert("$ref".into(), json!("#/$defs/measures_only"));
    let validator = jsonschema::draft202012::new(&alone).unwrap();
    let (whole, mut measures) = (full(), full());
    for key in ["schema_version", "name", "provenance"] {
        measures.as_object_mut().unwrap().remove(key);
    }
    assert!(validator.is_valid(&measures) && !validator.is_valid(&whole));
    measures["total_tasks_"] = json!(1);
    assert!(!validator.is_valid(&measures));
}

#[test]
fn values_out_of_range_are_refused() {
    let (validator, report) = (validator(), full());
    for (place, wrong) in [
        ("/schema_version", json!(SCHEMA_VERSION + 1)),
        ("/node_balance_score", json!(1.5)),
        ("/total_tasks", json!(-1)),
        ("/total_tasks", json!(null)),
        ("/avg_latency_ms", json!("1 ms")),
        ("/latency_ms/wait/ci95", json!([1.0])),
        ("/config/bind", json!("sometimes")),
        ("/certificate/verdict", json!("fine")),
        ("/certificate/checks/0/name", json!("luck")),
    ] {
        let mut changed = report.clone();
        *changed.pointer_mut(place).unwrap() = wrong;
        assert!(!validator.is_valid(&changed), "{place}");
    }
    assert!(facts().notes.is_empty() && validator.is_valid(&report));
}
