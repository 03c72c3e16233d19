//! Services: what calls to models have cost, of the runs that make any.
//!
//! A run a row. Times are of single calls, from their begin with all attempts in vain; a column in which no
//! run has anything shows a dash, so that runs with and without retrieval can stand in one table.

use super::PageRun;
use super::text::{escaped, shown};
use crate::number::count;
use metrics::report::ServiceMeasures;

/// The body of the section; empty if no run asks a service.
pub(super) fn services(runs: &[PageRun<'_>]) -> String {
    let rows = runs.iter().filter_map(|run| {
        let it = run.report.metrics.services.as_ref()?;
        Some(row(&run.report.name, it))
    });
    let rows: String = rows.collect();
    if rows.is_empty() {
        return rows;
    }
    let head: String = COLUMNS
        .iter()
        .map(|(name, title)| format!("<th scope=\"col\" title=\"{title}\">{name}</th>"))
        .collect();
    format!(
        "<p>Calls to models are a part of the execution latency. Tokens are those that the services count.\
         </p><div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Services\"><table>\
         <caption>Calls to services</caption><thead><tr><th scope=\"col\">run</th>{head}</tr></thead>\
         <tbody>{rows}</tbody></table></div>"
    )
}

/// Name and explanation.
const COLUMNS: [(&str, &str); 11] = [
    ("calls", "requests that were answered or failed for good"),
    ("failed", "of these, those that failed for good"),
    ("repeated", "attempts after the first"),
    ("kept, %", "tokens read that the service had kept from earlier prompts"),
    ("tokens/s", "tokens written, per second of the run"),
    ("first token, ms", "from the begin of a call to the first piece of text, median"),
    ("p95, ms", "the same, 95th percentile"),
    ("per token, ms", "time of a token after the first, median over answers"),
    ("answer, ms", "from the begin of a call to its end, median"),
    ("vector, ms", "time of a call for vectors, median"),
    ("found, %", "answers that were among the passages found"),
];

fn row(name: &str, it: &ServiceMeasures) -> String {
    let (llm, embedding) = (it.llm.as_ref(), it.embedding.as_ref());
    let kept = llm.and_then(|it| match (it.cached_prompt_tokens, it.prompt_tokens) {
        (Some(kept), all @ 1..) => Some(100.0 * kept as f64 / all as f64),
        _ => None,
    });
    let numbers = [
        kept,
        llm.and_then(|it| it.tokens_per_sec),
        llm.and_then(|it| it.time_to_first_token_ms.p50),
        llm.and_then(|it| it.time_to_first_token_ms.p95),
        llm.and_then(|it| it.time_per_token_ms.p50),
        llm.and_then(|it| it.answer_ms.p50),
        embedding.and_then(|it| it.call_ms.p50),
        it.retrieval.as_ref().map(|it| 100.0 * it.hit_rate),
    ];
    let counts = [it.calls, it.failed_calls, it.retries].map(count);
    let cells = counts.into_iter().chain(numbers.map(shown));
    let cells: String = cells.map(|text| format!("<td>{text}</td>")).collect();
    format!("<tr><th scope=\"row\">{}</th>{cells}</tr>", escaped(name))
}
