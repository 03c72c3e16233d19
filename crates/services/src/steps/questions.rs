//! The questions: item by item, the same whatever runs them.
//!
//! An item's question and kind depend on the seed and its index alone, so that two policies are asked the
//! same, and a question about an entry of the corpus knows its answer.

use crate::state::{Kind, State};
use crate::{Corpus, corpus::Fnv};

/// What is asked where there is no corpus.
const TOPICS: [&str; 12] = [
    "a hash table",
    "a compiler",
    "virtual memory",
    "a race condition",
    "packet switching",
    "garbage collection",
    "a finite state machine",
    "public-key cryptography",
    "a file system",
    "a relational database",
    "a load balancer",
    "recursion",
];

/// The state in which the item of this index begins. With a corpus it asks for one of its entries; `mix` has
/// the shares of items that compute and that ask with retrieval, else all are of `kind`.
pub fn question(
    (seed, index): (u64, u64),
    corpus: Option<&Corpus>,
    kind: Kind,
    mix: Option<(f64, f64)>,
) -> State {
    let kind = mix.map_or(kind, |(compute, rag)| match unit(seed, index, b"kind") {
        x if x < compute => Kind::Compute,
        x if x < compute + rag => Kind::Rag,
        _ => Kind::Llm,
    });
    if kind == Kind::Compute {
        return State { kind, ..State::default() };
    }
    let drawn = unit(seed, index, b"question");
    let pick = |n: usize| (drawn * n as f64) as usize; // < n, since drawn < 1
    match corpus.filter(|_| kind == Kind::Rag) {
        Some(corpus) => {
            let passage = &corpus.passages[pick(corpus.passages.len())];
            let question = format!("What is {}?", passage.title);
            State { kind, question, truth: Some(passage.entry), ..State::default() }
        }
        None => {
            let question = format!("What is {}?", TOPICS[pick(TOPICS.len())]);
            State { kind, question, ..State::default() }
        }
    }
}

/// A number from 0 to below 1 that depends on its arguments alone.
fn unit(seed: u64, index: u64, purpose: &[u8]) -> f64 {
    let mut sum = Fnv::default();
    for part in [&seed.to_le_bytes()[..], &index.to_le_bytes(), purpose] {
        sum.add(part);
    }
    // The finaliser of SplitMix64 spreads what FNV leaves in the low bits.
    let mut x = sum.0;
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((x ^ (x >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Passage;

    fn corpus() -> Corpus {
        let passage =
            |entry: u32| Passage { title: format!("word{entry}"), text: "text".into(), entry };
        Corpus { passages: (0..100).map(passage).collect() }
    }

    #[test]
    fn a_question_names_its_answer_and_all_are_asked_for() {
        let corpus = corpus();
        let mut asked = vec![0; 100];
        for index in 0..5_000 {
            let state = question((42, index), Some(&corpus), Kind::Rag, None);
            let truth = state.truth.unwrap();
            assert_eq!(state.question, format!("What is word{truth}?"));
            assert_eq!(state, question((42, index), Some(&corpus), Kind::Rag, None));
            asked[truth as usize] += 1;
        }
        assert!(asked.iter().all(|n| (20..90).contains(n)), "{asked:?}");
    }

    #[test]
    fn kinds_have_their_shares() {
        let corpus = corpus();
        let kinds =
            (0..10_000).map(|i| question((1, i), Some(&corpus), Kind::Rag, Some((0.7, 0.2))).kind);
        let kinds: Vec<Kind> = kinds.collect();
        let share = |kind| kinds.iter().filter(|it| **it == kind).count() as f64 / 1e4;
        // Four standard deviations of a share among 10,000.
        assert!((share(Kind::Compute) - 0.7).abs() < 0.019);
        assert!((share(Kind::Rag) - 0.2).abs() < 0.016);
        assert!((share(Kind::Llm) - 0.1).abs() < 0.012);
    }
}
