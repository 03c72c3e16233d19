//! What `/metrics` tells, in the text format of Prometheus.
//!
//! The engines set and observe as they go; `http` counts requests. One registry per server and none
//! that is global, so that tests can have several.

use anyhow::Result;
use prometheus::{
    Encoder as _, Histogram, HistogramOpts, HistogramVec, IntCounterVec, IntGauge, Opts, Registry,
    TextEncoder,
};

/// All measures of a server.
pub struct Metrics {
    registry: Registry,
    /// Chat requests admitted and not yet in a slot.
    pub queue_length: IntGauge,
    /// Chat requests in a slot.
    pub answering: IntGauge,
    /// Embedding requests admitted and not yet answered.
    pub embedding: IntGauge,
    /// Tokens of the sequences in slots.
    pub used_tokens: IntGauge,
    /// Tokens of finished sequences that are kept.
    pub kept_tokens: IntGauge,
    /// Requests by endpoint and status, 499 for a client that left.
    pub requests: IntCounterVec,
    /// Tokens by kind: `prompt`, `cached` (part of these), `completion`, `embedding`.
    pub tokens: IntCounterVec,
    /// From the request to the slot.
    pub queue_wait: Histogram,
    /// From the request to the first token.
    pub first_token: Histogram,
    /// Between two tokens of an answer, on average over the answer.
    pub per_token: Histogram,
    /// From the request to its last byte, by endpoint.
    pub duration: HistogramVec,
    /// Rows in a step of the chat model.
    pub step_rows: Histogram,
}

impl Metrics {
    /// All at zero.
    ///
    /// # Errors
    /// A name that is registered twice, which would be a mistake in here.
    pub fn new() -> Result<Metrics> {
        let registry = Registry::new();
        let gauge = |name: &str, help: &str| -> Result<IntGauge> {
            let gauge = IntGauge::new(format!("sage_llm_{name}"), help)?;
            registry.register(Box::new(gauge.clone()))?;
            Ok(gauge)
        };
        let counter = |name: &str, help: &str, labels: &[&str]| -> Result<IntCounterVec> {
            let counter = IntCounterVec::new(Opts::new(format!("sage_llm_{name}"), help), labels)?;
            registry.register(Box::new(counter.clone()))?;
            Ok(counter)
        };
        let options = |name: &str, help: &str, buckets: Vec<f64>| {
            HistogramOpts::new(format!("sage_llm_{name}"), help).buckets(buckets)
        };
        let histogram = |name: &str, help: &str, buckets: Vec<f64>| -> Result<Histogram> {
            let histogram = Histogram::with_opts(options(name, help, buckets))?;
            registry.register(Box::new(histogram.clone()))?;
            Ok(histogram)
        };
        // Powers of two from 1 ms to 2 minutes.
        let seconds = || prometheus::exponential_buckets(0.001, 2.0, 18);
        let duration = HistogramVec::new(
            options("request_duration_seconds", "From a request to its last byte", seconds()?),
            &["endpoint"],
        )?;
        registry.register(Box::new(duration.clone()))?;
        Ok(Metrics {
            queue_length: gauge("queue_length", "Chat requests that wait for a slot")?,
            answering: gauge("answers_in_flight", "Chat requests in a slot")?,
            embedding: gauge("embeddings_in_flight", "Embedding requests not yet answered")?,
            used_tokens: gauge("kv_tokens_used", "Tokens in memory of answers under way")?,
            kept_tokens: gauge("kv_tokens_kept", "Tokens in memory of finished answers")?,
            requests: counter(
                "requests_total",
                "Requests; 499: the client left",
                &["endpoint", "status"],
            )?,
            tokens: counter("tokens_total", "Tokens; `cached` are part of `prompt`", &["kind"])?,
            queue_wait: histogram(
                "queue_wait_seconds",
                "From a chat request to its slot",
                seconds()?,
            )?,
            first_token: histogram(
                "time_to_first_token_seconds",
                "From a chat request to its first token",
                seconds()?,
            )?,
            per_token: histogram(
                "time_per_output_token_seconds",
                "Between two tokens of an answer, on average over the answer",
                seconds()?,
            )?,
            duration,
            step_rows: histogram(
                "step_rows",
                "Rows in a step of the chat model",
                prometheus::exponential_buckets(1.0, 2.0, 9)?,
            )?,
            registry,
        })
    }

    /// The text for Prometheus.
    ///
    /// # Errors
    /// The encoder's.
    pub fn text(&self) -> Result<String> {
        let mut out = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut out)?;
        Ok(String::from_utf8(out)?)
    }
}
