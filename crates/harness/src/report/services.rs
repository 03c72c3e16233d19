//! What calls to services have cost, as the summary of a run tells it.
//!
//! Only of runs that make such calls. Times are of single calls, from their begin with all attempts in vain,
//! so what a busy service costs shows here and not only in its own figures.

use super::number;
use super::table::Table;
use metrics::report::{Measures, ServiceMeasures, Summary};

/// Columns of a page.
const PAGE: usize = 100;

/// The block; empty for a run without services.
pub(super) fn services(metrics: &Measures) -> String {
    let Some(it) = &metrics.services else { return String::new() };
    let ServiceMeasures { calls, failed_calls, retries, llm, embedding, retrieval } = it;
    let mut text = format!(
        "Services: {} calls, {} failed, {} attempts repeated\n",
        number::count(*calls),
        number::count(*failed_calls),
        number::count(*retries)
    );
    let mut table = Table::new(&["ms", "samples", "mean", "p50", "p95", "p99", "max"]);
    let mut row = |name: &str, summary: &Summary| {
        let Summary { count, mean, p50, p95, p99, max, .. } = *summary;
        let cells = [mean, p50, p95, p99, max].map(|x| number::fixed(x, 1));
        let row = [name.to_owned(), number::count(count)].into_iter().chain(cells);
        table.row(row.collect());
    };
    if let Some(embedding) = embedding {
        row("embedding", &embedding.call_ms);
    }
    if let Some(llm) = llm {
        row("first token", &llm.time_to_first_token_ms);
        row("token after it", &llm.time_per_token_ms);
        row("answer", &llm.answer_ms);
        let uncounted = match llm.uncounted_answers {
            0 => String::new(),
            n => format!(", {} answers without a count", number::count(n)),
        };
        let kept = match llm.cached_prompt_tokens {
            None | Some(0) => String::new(),
            Some(n) => format!(" (of them {} kept from earlier prompts)", number::count(n)),
        };
        text.push_str(&format!(
            "Tokens      {} read{kept}, {} written, {} tokens/s{uncounted}\n",
            number::count(llm.prompt_tokens),
            number::count(llm.completion_tokens),
            number::fixed(llm.tokens_per_sec, 1)
        ));
    }
    if let Some(found) = retrieval {
        text.push_str(&format!(
            "Retrieval   {} of {} answers were among the passages found: {} %\n",
            number::count(found.hits),
            number::count(found.questions),
            number::fixed(Some(100.0 * found.hit_rate), 1)
        ));
    }
    text + &table.render(PAGE)
}
