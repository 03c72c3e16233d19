//! Passages in a better order: nearness of vectors and words in common, put together.
//!
//! A vector knows what a text is about, and little of rare names; words know names. The two orders are
//! combined by reciprocal rank fusion (Cormack, Clarke and Büttcher, SIGIR 2009), which needs no scale in
//! common: a passage scores 1 ÷ (60 + rank) in each. Words are scored by Okapi BM25 (k₁ = 1.2, b = 0.75)
//! over the passages that were found, titles counted as text.

use crate::state::State;
use std::collections::{BTreeMap, BTreeSet};

const K1: f64 = 1.2;
const B: f64 = 0.75;
const FUSION: f64 = 60.0;

/// Puts what was found in order, and keeps the best `keep`.
pub(super) fn rerank(state: &mut State, keep: usize) {
    let texts: Vec<Vec<String>> =
        state.found.iter().map(|it| words(&format!("{} {}", it.title, it.text))).collect();
    let scores = bm25(&words(&state.question), &texts);
    let mut by_words: Vec<usize> = (0..texts.len()).collect();
    by_words.sort_by(|a, b| scores[*b].total_cmp(&scores[*a])); // stable: equal ones as they were
    let mut fused: Vec<f64> =
        (0..texts.len()).map(|rank| 1.0 / (FUSION + rank as f64 + 1.0)).collect();
    for (rank, passage) in by_words.into_iter().enumerate() {
        fused[passage] += 1.0 / (FUSION + rank as f64 + 1.0);
    }
    let mut found: Vec<_> = std::mem::take(&mut state.found).into_iter().zip(fused).collect();
    found.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    state.found = found.into_iter().map(|(found, _)| found).take(keep).collect();
}

fn bm25(question: &[String], texts: &[Vec<String>]) -> Vec<f64> {
    let n = texts.len() as f64;
    let mean = texts.iter().map(Vec::len).sum::<usize>() as f64 / n.max(1.0);
    let terms: BTreeSet<&String> = question.iter().collect();
    let mut scores = vec![0.0; texts.len()];
    let counts: Vec<BTreeMap<&String, f64>> = texts.iter().map(|text| count(text)).collect();
    for term in terms {
        let with = counts.iter().filter(|counts| counts.contains_key(term)).count() as f64;
        let idf = ((n - with + 0.5) / (with + 0.5) + 1.0).ln();
        for ((score, counts), text) in scores.iter_mut().zip(&counts).zip(texts) {
            let f = counts.get(term).copied().unwrap_or(0.0);
            let length = 1.0 - B + B * text.len() as f64 / mean;
            *score += idf * f * (K1 + 1.0) / (f + K1 * length);
        }
    }
    scores
}

fn count(text: &[String]) -> BTreeMap<&String, f64> {
    let mut counts = BTreeMap::new();
    for word in text {
        *counts.entry(word).or_insert(0.0) += 1.0;
    }
    counts
}

/// Words in small letters; what stands between letters and digits separates them.
fn words(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::Found;

    fn state(question: &str, texts: &[&str]) -> State {
        let found = (0..).zip(texts).map(|(entry, text)| Found {
            entry,
            title: String::new(),
            text: (*text).to_owned(),
        });
        State { question: question.into(), found: found.collect(), ..State::default() }
    }

    fn order(question: &str, texts: &[&str], keep: usize) -> Vec<u32> {
        let mut state = state(question, texts);
        rerank(&mut state, keep);
        state.found.iter().map(|it| it.entry).collect()
    }

    #[test]
    fn a_rare_word_of_the_question_lifts_a_passage() {
        let texts = ["what is a tree", "what is a list", "what is a quux"];
        // Ranks 1, 2, 3 by vector and 2, 3, 1 by words: 0 has 1/61 + 1/62, 2 has 1/63 + 1/61, 1 the least.
        assert_eq!(order("What is QUUX?", &texts, 9), [0, 2, 1]);
        assert_eq!(order("What is QUUX?", &texts, 2), [0, 2]);
    }

    #[test]
    fn without_words_in_common_the_order_of_vectors_stays() {
        assert_eq!(order("zzz", &["a", "b", "c"], 3), [0, 1, 2]);
        assert!(order("zzz", &[], 3).is_empty());
    }

    #[test]
    fn scores_are_those_of_the_formula() {
        let texts: Vec<Vec<String>> = ["a b", "a a a a"].map(words).to_vec();
        let scores = bm25(&words("b"), &texts);
        // idf = ln(1.5 / 1.5 + 1), f = 1, |d| = 2 of a mean of 3: 2.2 / (1 + 1.2 × 0.75).
        assert!((scores[0] - 2_f64.ln() * 2.2 / 1.9).abs() < 1e-12);
        assert_eq!(scores[1], 0.0);
    }
}
