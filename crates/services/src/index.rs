//! The index: which passages are nearest to a question.
//!
//! Exact search: the product with every vector, best first, ties by the number of the passage. For the tens
//! of thousands of passages that a run here has this is a few milliseconds and finds what is nearest, which
//! an approximate index would have to be shown to do. Cost of a search: O(passages × dimensions).

use crate::corpus::{Corpus, Passage};
use std::cmp::Ordering;

/// A passage that was found.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Hit {
    /// Its number in the corpus.
    pub passage: usize,
    /// Cosine of its vector and that of the question, −1 to 1.
    pub score: f32,
}

/// Passages with their vectors.
#[derive(Debug)]
pub struct Index {
    corpus: Corpus,
    vectors: Vec<f32>, // row by row
    dimension: usize,
    model: String,
}

impl Index {
    /// Vectors of length 1, one for each passage, of one dimension; as [`Store`](crate::Store) hands them out.
    pub(crate) fn new(corpus: Corpus, vectors: Vec<f32>, dimension: usize, model: &str) -> Index {
        debug_assert_eq!(vectors.len(), corpus.passages.len() * dimension);
        Index { corpus, vectors, dimension, model: model.to_owned() }
    }

    /// The corpus that it is of.
    pub fn corpus(&self) -> &Corpus {
        &self.corpus
    }

    /// What it is, in a sentence.
    pub fn description(&self) -> String {
        format!(
            "exact search over {} passages, {} dimensions of {}, corpus {:016x}",
            self.corpus.passages.len(),
            self.dimension,
            self.model,
            self.corpus.checksum()
        )
    }

    /// A passage by its number.
    pub fn passage(&self, number: usize) -> Option<&Passage> {
        self.corpus.passages.get(number)
    }

    /// The `most` passages nearest to a vector, nearest first; none for one of another dimension.
    pub fn search(&self, vector: &[f32], most: usize) -> Vec<Hit> {
        if vector.len() != self.dimension {
            return Vec::new();
        }
        let rows = self.vectors.chunks_exact(self.dimension);
        let product = |row: &[f32]| row.iter().zip(vector).map(|(a, b)| a * b).sum::<f32>();
        let mut hits: Vec<Hit> =
            rows.enumerate().map(|(passage, row)| Hit { passage, score: product(row) }).collect();
        let most = most.min(hits.len());
        if most > 0 && most < hits.len() {
            hits.select_nth_unstable_by(most - 1, nearer);
        }
        hits.truncate(most);
        hits.sort_unstable_by(nearer);
        hits
    }
}

fn nearer(one: &Hit, other: &Hit) -> Ordering {
    other.score.total_cmp(&one.score).then(one.passage.cmp(&other.passage))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(vectors: &[[f32; 2]]) -> Index {
        let passage = |entry| Passage { title: String::new(), text: "x".into(), entry };
        let passages = (0..vectors.len() as u32).map(passage).collect();
        Index::new(Corpus { passages }, vectors.concat(), 2, "m")
    }

    #[test]
    fn the_nearest_come_first_and_ties_by_number() {
        let index = index(&[[0.0, 1.0], [1.0, 0.0], [0.6, 0.8], [1.0, 0.0], [-1.0, 0.0]]);
        let found = |most| index.search(&[1.0, 0.0], most).iter().map(|it| it.passage).collect();
        let all: Vec<usize> = found(9);
        assert_eq!(all, [1, 3, 2, 0, 4]);
        for most in 0..5 {
            let some: Vec<usize> = found(most);
            assert_eq!(some, all[..most]);
        }
        assert!(index.search(&[1.0], 3).is_empty());
    }

    #[test]
    fn it_says_what_it_is() {
        let text = index(&[[0.0, 1.0]]).description();
        assert!(
            text.starts_with("exact search over 1 passages, 2 dimensions of m, corpus "),
            "{text}"
        );
    }
}
