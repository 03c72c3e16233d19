//! Lengths of recorded requests that are part of the program.
//!
//! The trace that ships with this repository is compiled in, so that a pipeline which draws its
//! requests from it runs from any folder. Where it comes from and under which licence:
//! `config/workloads/README.md`.

use pipeline::RunError;
use pipeline::model::{Lengths, TokenCount};
use std::sync::{Arc, OnceLock};

/// What the lengths of the Azure trace of requests for code are called in a spec.
pub(super) const AZURE_LLM_CODE: &str = "azure_llm_code";

const TRACE: &str = include_str!("../../../../config/workloads/AzureLLMInferenceTrace_code.csv");

/// Context and generated tokens of each request, in the order of the trace. Read once.
///
/// # Errors
/// When a row of the compiled-in trace is not what it should be.
pub(super) fn azure_llm_code() -> Result<Arc<Lengths>, RunError> {
    static LENGTHS: OnceLock<Arc<Lengths>> = OnceLock::new();
    if let Some(lengths) = LENGTHS.get() {
        return Ok(Arc::clone(lengths));
    }
    let rows = TRACE.lines().skip(1).map(row).collect::<Option<Vec<TokenCount>>>();
    let rows = rows.ok_or_else(|| RunError::Setup(format!("`{AZURE_LLM_CODE}` is damaged")))?;
    let lengths = Arc::new(Lengths::new(AZURE_LLM_CODE, rows)?);
    Ok(Arc::clone(LENGTHS.get_or_init(|| lengths)))
}

/// `2023-11-16 18:17:03.9799600,4808,10`
fn row(line: &str) -> Option<TokenCount> {
    let mut cells = line.split(',').skip(1).map(|cell| cell.trim().parse().ok());
    let (context, generated) = (cells.next()??, cells.next()??);
    cells.next().is_none().then_some(TokenCount { context, generated })
}

#[cfg(test)]
mod tests {
    use super::*;
    use pipeline::model::{TokenTimes, Tokens};
    use sched_core::Span;

    #[test]
    fn the_trace_is_whole_and_its_times_are_those_of_a_replay() {
        let per_generated = Span::from_micros(9_500);
        let times = TokenTimes { base: Span::ZERO, context_rate: 15_000, per_generated };
        let law = Tokens::new(azure_llm_code().unwrap(), times).unwrap();
        let values = law.values();
        assert_eq!(values.spans().len(), 8_819);
        // 4,808 read and 10 written, as the replay of the same file has it.
        assert_eq!(values.spans()[0], Span::from_nanos(415_533_333));
        // What config/workloads/README.md says of it.
        assert_eq!(format!("{:.2}", values.mean().as_secs_f64()), "0.40");
    }
}
