//! Embeddings: texts to vectors of length 1.
//!
//! Vectors are asked for as numbers, which every server can give. They are normalised here, so that a
//! product of two is their cosine whatever the server does.

use crate::chat::{malformed, parsed};
use crate::clock::Timer;
use crate::wire::{Called, Wire, broken};
use crate::{CallError, Endpoint};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Vectors of texts.
#[derive(Clone, PartialEq, Debug)]
pub struct Embedded {
    /// One for each text, in their order; all of one dimension, of length 1.
    pub vectors: Vec<Vec<f32>>,
    /// Tokens of the texts, if the server counts them.
    pub tokens: Option<u64>,
    /// From the begin of the call to its last byte.
    pub took: Duration,
    /// Attempts after the first.
    pub retries: u32,
}

/// A client of embeddings. Threads may share it.
#[derive(Debug)]
pub struct Embedder(Wire);

impl Embedder {
    /// A client; connects when it is used.
    pub fn new(endpoint: Endpoint) -> Embedder {
        Embedder(Wire::new(endpoint))
    }

    /// Where it is, and with which model.
    pub fn endpoint(&self) -> &Endpoint {
        self.0.endpoint()
    }

    /// The vectors of texts, at least one.
    ///
    /// # Errors
    /// Why there are none, and the attempts after the first.
    pub fn embed(&self, texts: &[String]) -> Result<Embedded, (CallError, u32)> {
        let endpoint = self.0.endpoint();
        let timer = Timer::start(endpoint.timeout);
        let body = Body { model: &endpoint.model, input: texts, encoding_format: "float" };
        let Called { result, retries } = self.0.call("embeddings", &body, &timer, |from| {
            let mut text = String::new();
            from.read_to_string(&mut text).map_err(|error| broken(&error))?;
            vectors(&text, texts.len())
        });
        match result {
            Ok((vectors, tokens)) => {
                Ok(Embedded { vectors, tokens, took: timer.elapsed(), retries })
            }
            Err(error) => Err((error, retries)),
        }
    }
}

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    input: &'a [String],
    encoding_format: &'a str,
}

#[derive(Deserialize)]
struct Answer {
    data: Vec<Item>,
    usage: Option<Usage>,
}

#[derive(Deserialize)]
struct Item {
    index: usize,
    embedding: Vec<f32>,
}

#[derive(Deserialize)]
struct Usage {
    prompt_tokens: Option<u64>,
}

/// Every text has a vector, all have one dimension, and each has a direction.
fn vectors(text: &str, texts: usize) -> Result<(Vec<Vec<f32>>, Option<u64>), CallError> {
    let answer: Answer = parsed(text)?;
    let mut vectors = vec![Vec::new(); texts];
    for Item { index, mut embedding } in answer.data {
        let place = vectors.get_mut(index).filter(|place| place.is_empty());
        let place = place.ok_or_else(|| malformed("a vector of no text, or two of one"))?;
        if !normalise(&mut embedding) {
            return Err(malformed("a vector without a direction"));
        }
        *place = embedding;
    }
    let dimension = vectors.first().map_or(0, Vec::len);
    if dimension == 0 || vectors.iter().any(|vector| vector.len() != dimension) {
        return Err(malformed("not every text has a vector of the same dimension"));
    }
    Ok((vectors, answer.usage.and_then(|usage| usage.prompt_tokens)))
}

/// Scales to length 1; false if that cannot be.
fn normalise(vector: &mut [f32]) -> bool {
    let square: f64 = vector.iter().map(|x| f64::from(*x) * f64::from(*x)).sum();
    let length = square.sqrt();
    if !(length.is_finite() && length > 0.0) {
        return false;
    }
    vector.iter_mut().for_each(|x| *x = (f64::from(*x) / length) as f32);
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(data: &str, texts: usize) -> Result<Vec<Vec<f32>>, String> {
        let text = format!(r#"{{"data":[{data}]}}"#);
        vectors(&text, texts).map(|(vectors, _)| vectors).map_err(|error| error.to_string())
    }

    #[test]
    fn vectors_are_put_in_order_and_scaled() {
        let data = r#"{"index":1,"embedding":[0,2]},{"index":0,"embedding":[3,4]}"#;
        assert_eq!(of(data, 2), Ok(vec![vec![0.6, 0.8], vec![0.0, 1.0]]));
    }

    #[test]
    fn what_is_not_one_vector_for_each_text_is_malformed() {
        for (data, texts) in [
            ("", 1),
            (r#"{"index":0,"embedding":[]}"#, 1),
            (r#"{"index":0,"embedding":[0,0]}"#, 1),
            (r#"{"index":1,"embedding":[1]}"#, 1),
            (r#"{"index":0,"embedding":[1]},{"index":0,"embedding":[1]}"#, 2),
            (r#"{"index":0,"embedding":[1]},{"index":1,"embedding":[1,2]}"#, 2),
            (r#"{"index":0,"embedding":[1e39]}"#, 1),
            (r#"{"index":0,"embedding":["1"]}"#, 1),
        ] {
            let error = of(data, texts).unwrap_err();
            assert!(error.starts_with("a malformed answer: "), "{data}: {error}");
        }
    }
}
