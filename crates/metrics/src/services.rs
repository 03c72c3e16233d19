//! What calls to services have cost: recorded per repetition, folded over all.
//!
//! Stage calls are measured by the loop; this is about what happens inside of those that ask a model. A call
//! is counted when its stage call ends, whatever becomes of its task later. Tokens are those that services
//! count; answers without a count are told apart and never guessed.

use crate::pool::{MS, Pool};
use crate::report::{EmbeddingMeasures, LlmMeasures, RetrievalMeasures, ServiceMeasures};
use crate::{Distribution, Nanos};

/// An answer of a language model.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AnswerRecord {
    /// Tokens read, if counted.
    pub prompt_tokens: Option<u64>,
    /// Of these, those that the service had kept from an earlier prompt, if it tells.
    pub cached_tokens: Option<u64>,
    /// Tokens written, if counted.
    pub completion_tokens: Option<u64>,
    /// From the begin of the call to the first piece of text.
    pub first_token: Option<Nanos>,
    /// From the begin of the call to its end.
    pub took: Nanos,
}

/// The calls to services of one repetition.
#[derive(Clone, Debug, Default)]
pub struct ServiceRecorder {
    calls: u64,
    failed: u64,
    retries: u64,
    answers: u64,
    uncounted: u64,
    prompt_tokens: u64,
    cached_tokens: Option<u64>,
    completion_tokens: u64,
    first_token: Distribution,
    per_token: Distribution,
    answer: Distribution,
    texts: u64,
    embedding: Distribution,
    asked: u64,
    hits: u64,
}

impl ServiceRecorder {
    /// Calls of a step: all, those that failed for good, and attempts after the first.
    pub fn calls(&mut self, calls: u64, failed: u64, retries: u64) {
        self.calls += calls;
        self.failed += failed;
        self.retries += retries;
    }

    /// An answer of a language model.
    pub fn answer(&mut self, answer: &AnswerRecord) {
        self.answers += 1;
        self.answer.record(answer.took);
        if let Some(first) = answer.first_token {
            self.first_token.record(first);
        }
        self.prompt_tokens += answer.prompt_tokens.unwrap_or(0);
        self.cached_tokens = either(self.cached_tokens, answer.cached_tokens);
        let Some(tokens) = answer.completion_tokens else {
            self.uncounted += 1;
            return;
        };
        self.completion_tokens += tokens;
        // The first token is the prompt's: the others share the time after it.
        if let (Some(first), Some(others @ 1..)) = (answer.first_token, tokens.checked_sub(1)) {
            let after = answer.took.get().saturating_sub(first.get());
            self.per_token.record(Nanos::new(after / others));
        }
    }

    /// Vectors of this many texts.
    pub fn embedded(&mut self, texts: u64, took: Nanos) {
        self.texts += texts;
        self.embedding.record(took);
    }

    /// A question whose answer is known, and whether it was found.
    pub fn retrieved(&mut self, hit: bool) {
        self.asked += 1;
        self.hits += u64::from(hit);
    }
}

/// The sum of what is known.
fn either(sum: Option<u64>, more: Option<u64>) -> Option<u64> {
    sum.map_or(more, |sum| Some(sum + more.unwrap_or(0)))
}

/// The calls of several repetitions.
#[derive(Clone, Debug, Default)]
pub(crate) struct ServicePool {
    sums: ServiceRecorder, // its counts alone
    first_token: Pool,
    per_token: Pool,
    answer: Pool,
    embedding: Pool,
}

impl ServicePool {
    pub(crate) fn add(&mut self, more: &ServiceRecorder) {
        let sums = &mut self.sums;
        sums.calls(more.calls, more.failed, more.retries);
        sums.answers += more.answers;
        sums.uncounted += more.uncounted;
        sums.prompt_tokens += more.prompt_tokens;
        sums.cached_tokens = either(sums.cached_tokens, more.cached_tokens);
        sums.completion_tokens += more.completion_tokens;
        sums.texts += more.texts;
        sums.asked += more.asked;
        sums.hits += more.hits;
        self.first_token.add(&more.first_token);
        self.per_token.add(&more.per_token);
        self.answer.add(&more.answer);
        self.embedding.add(&more.embedding);
    }

    /// The report's view; `seconds` is the duration of all repetitions together.
    pub(crate) fn measures(&self, seconds: f64) -> ServiceMeasures {
        let sums = &self.sums;
        let llm = (sums.answers > 0).then(|| LlmMeasures {
            answers: sums.answers,
            uncounted_answers: sums.uncounted,
            prompt_tokens: sums.prompt_tokens,
            cached_prompt_tokens: sums.cached_tokens,
            completion_tokens: sums.completion_tokens,
            tokens_per_sec: (seconds > 0.0 && sums.uncounted < sums.answers)
                .then(|| sums.completion_tokens as f64 / seconds),
            time_to_first_token_ms: self.first_token.summary(MS),
            time_per_token_ms: self.per_token.summary(MS),
            answer_ms: self.answer.summary(MS),
        });
        let embedding = (self.embedding.all().count() > 0)
            .then(|| EmbeddingMeasures { texts: sums.texts, call_ms: self.embedding.summary(MS) });
        let retrieval = (sums.asked > 0).then(|| RetrievalMeasures {
            questions: sums.asked,
            hits: sums.hits,
            hit_rate: sums.hits as f64 / sums.asked as f64,
        });
        let (calls, failed_calls, retries) = (sums.calls, sums.failed, sums.retries);
        ServiceMeasures { calls, failed_calls, retries, llm, embedding, retrieval }
    }
}
