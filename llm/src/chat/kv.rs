//! Keys and values of one sequence, and the store of those that may be continued.
//!
//! `llama` appends to them, `engine` owns them. The next turn of a conversation begins with everything
//! said so far, so what a finished answer leaves is kept until memory is needed.

use super::gguf::Shape;

/// Keys and values of all layers for the tokens so far.
#[derive(Clone)]
pub struct Kv {
    tokens: Vec<u32>,
    layers: Vec<(Vec<f32>, Vec<f32>)>,
    width: usize,
}

impl Kv {
    /// Of no token yet.
    pub fn new(shape: &Shape) -> Kv {
        Kv {
            tokens: Vec::new(),
            layers: vec![(Vec::new(), Vec::new()); shape.layers],
            width: shape.kv_heads * shape.head,
        }
    }

    /// How many tokens it holds.
    pub fn len(&self) -> usize {
        self.tokens.len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.tokens.is_empty()
    }

    /// Keys and values of a layer, a row per token.
    pub fn layer(&self, index: usize) -> (&[f32], &[f32]) {
        let (keys, values) = &self.layers[index];
        (keys, values)
    }

    /// Rows for the tokens of the step under way; `advance` ends it.
    pub fn extend(&mut self, layer: usize, keys: &[f32], values: &[f32]) {
        self.layers[layer].0.extend_from_slice(keys);
        self.layers[layer].1.extend_from_slice(values);
    }

    /// All layers have the rows of these tokens.
    pub fn advance(&mut self, tokens: &[u32]) {
        self.tokens.extend_from_slice(tokens);
    }

    /// The first tokens only.
    fn truncated(mut self, length: usize) -> Kv {
        self.tokens.truncate(length);
        for (keys, values) in &mut self.layers {
            keys.truncate(length * self.width);
            values.truncate(length * self.width);
        }
        self
    }

    /// A copy of the first tokens, without copying the others.
    fn copy(&self, length: usize) -> Kv {
        let rows = length * self.width;
        Kv {
            tokens: self.tokens[..length].to_vec(),
            layers: self
                .layers
                .iter()
                .map(|(keys, values)| (keys[..rows].to_vec(), values[..rows].to_vec()))
                .collect(),
            width: self.width,
        }
    }
}

/// Kept sequences, the longest unused first.
#[derive(Default)]
pub struct Prefixes {
    kept: Vec<Kv>,
}

/// Shorter common beginnings are cheaper to compute than to look after.
const LEAST: usize = 8;

impl Prefixes {
    /// None.
    pub fn new() -> Prefixes {
        Prefixes { kept: Vec::new() }
    }

    /// Tokens in all kept sequences.
    pub fn tokens(&self) -> usize {
        self.kept.iter().map(Kv::len).sum()
    }

    /// Takes the longest beginning that `prompt` has in common with a kept sequence, one token short of
    /// the prompt at most, since the last one must be computed to know what follows. A sequence that the
    /// prompt continues is moved out; of one that goes another way, the common part is copied.
    pub fn take(&mut self, prompt: &[u32]) -> Option<Kv> {
        let most = prompt.len().saturating_sub(1);
        let common =
            |kv: &Kv| kv.tokens.iter().zip(&prompt[..most]).take_while(|(a, b)| a == b).count();
        let (index, length) = (self.kept.iter().map(common).enumerate())
            .filter(|(_, length)| *length >= LEAST)
            .max_by_key(|(_, length)| *length)?;
        // A closed answer often ends in tokens that the next prompt writes differently by one or two.
        if length + LEAST >= self.kept[index].len() {
            return Some(self.kept.remove(index).truncated(length));
        }
        let kv = self.kept[index].copy(length);
        let used = self.kept.remove(index);
        self.kept.push(used);
        Some(kv)
    }

    /// Keeps a sequence, unless another that is kept begins with it.
    pub fn keep(&mut self, kv: Kv) {
        if kv.len() < LEAST || self.kept.iter().any(|it| it.tokens.starts_with(&kv.tokens)) {
            return;
        }
        self.kept.retain(|it| !kv.tokens.starts_with(&it.tokens));
        self.kept.push(kv);
    }

    /// Drops what was not used for longest until at most so many tokens are kept.
    pub fn shrink(&mut self, tokens: usize) {
        while self.tokens() > tokens {
            self.kept.remove(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kv(tokens: std::ops::Range<u32>) -> Kv {
        let tokens: Vec<u32> = tokens.collect();
        let rows: Vec<f32> = tokens.iter().map(|it| *it as f32).collect();
        Kv { layers: vec![(rows.clone(), rows)], tokens, width: 1 }
    }

    #[test]
    fn a_continued_sequence_is_moved_and_a_branch_is_copied() {
        let mut prefixes = Prefixes::new();
        prefixes.keep(kv(0..20));
        let prompt: Vec<u32> = (0..30).collect();
        let taken = prefixes.take(&prompt).unwrap();
        assert_eq!((taken.len(), prefixes.tokens()), (20, 0));

        prefixes.keep(kv(0..100));
        let branch = prefixes.take(&prompt).unwrap();
        // Of the prompt's 30 tokens the last is left to compute.
        assert_eq!((branch.len(), prefixes.tokens()), (29, 100));
        assert_eq!(branch.layer(0).0.len(), 29);
        assert!(prefixes.take(&[7; 20]).is_none());
    }

    #[test]
    fn the_longest_unused_goes_first() {
        let mut prefixes = Prefixes::new();
        prefixes.keep(kv(0..50));
        prefixes.keep(kv(100..150));
        assert!(prefixes.take(&(0..20).collect::<Vec<u32>>()).is_some());
        prefixes.shrink(60);
        assert!(prefixes.take(&(100..120).collect::<Vec<u32>>()).is_none());
        assert!(prefixes.take(&(0..20).collect::<Vec<u32>>()).is_some());
    }

    #[test]
    fn what_another_begins_with_is_not_kept_twice() {
        let mut prefixes = Prefixes::new();
        prefixes.keep(kv(0..50));
        prefixes.keep(kv(0..20));
        prefixes.keep(kv(0..60));
        assert_eq!(prefixes.tokens(), 60);
    }
}
