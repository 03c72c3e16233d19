//! The chapter for a program: the same numbers as in the text, unrounded.
//!
//! What was not measured is null, never zero; where there is no law, `law_missing` says why in the words of
//! the text.

use super::{Law, Ratio, Row, Series};
use harness::metrics::Estimate;
use serde_json::{Map, Value, json};

pub(super) fn json(all: &[Series<'_>]) -> Map<String, Value> {
    let series: Vec<Value> = all.iter().map(of).collect();
    Map::from_iter([("series".to_owned(), Value::Array(series))])
}

fn of(series: &Series<'_>) -> Value {
    let (law, missing) = match &series.law {
        Law::Fitted(law) => (
            json!({
                "lambda_tasks_per_sec": estimate(&law.lambda),
                "sigma": estimate(&law.sigma),
                "kappa": law.kappa.as_ref().map(estimate),
                "peak_nodes": series.peak(),
                "bent_by_drain": series.drains(),
                "relative_residual": law.residual,
                "sizes": law.sizes,
            }),
            None,
        ),
        _ => (Value::Null, Some(super::text::law(series))),
    };
    json!({
        "label": series.label,
        "rows": series.rows.iter().map(row).collect::<Vec<_>>(),
        "law": law,
        "law_missing": missing,
    })
}

fn row(row: &Row<'_>) -> Value {
    let metrics = &row.run.report().metrics;
    let value = |ratio: Option<Ratio>| ratio.map(|it| it.value);
    let interval = |ratio: Option<Ratio>| ratio.and_then(|it| it.ci95);
    row.run.json(&json!({
        "throughput_tasks_per_sec": metrics.throughput_tasks_per_sec,
        "throughput_ci95": metrics.throughput_ci95,
        "ideal_tasks_per_sec": row.run.ideal().map(|(rate, _)| rate),
        "drain_limited": row.run.ideal().map(|(_, drains)| drains),
        "share_of_ideal": value(row.of_ideal),
        "share_of_ideal_ci95": interval(row.of_ideal),
        "speed_up": value(row.speed_up),
        "speed_up_ci95": interval(row.speed_up),
        "efficiency": value(row.efficiency),
        "efficiency_ci95": interval(row.efficiency),
        "node_balance_score": metrics.node_balance_score,
        "jain_index": metrics.jain_index,
        "node_utilization": metrics.node_utilization,
        "node_distribution": metrics.node_distribution,
    }))
}

fn estimate(estimate: &Estimate) -> Value {
    json!({ "value": estimate.value, "ci95": estimate.ci95 })
}
