//! Text to tokens and back, with the tokenizer that the GGUF file carries.
//!
//! candle builds the byte-level BPE from tokens and merges. Going back, a letter may be cut between two
//! tokens and a stop text may begin at the end of one: `Writer` holds back what may still change.

use super::gguf::Gguf;
use anyhow::{Result, anyhow};
use candle_core::quantized::tokenizer::TokenizerFromGguf as _;
use std::collections::BTreeSet;
use tokenizers::Tokenizer;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::digits::Digits;
use tokenizers::pre_tokenizers::sequence::Sequence;

/// A tokenizer, with the tokens that end an answer.
pub struct Tokens {
    tokenizer: Tokenizer,
    ends: BTreeSet<u32>,
}

impl Tokens {
    /// From the metadata of the file.
    ///
    /// # Errors
    /// A tokenizer that is no byte-level BPE.
    pub fn new(gguf: &Gguf) -> Result<Tokens> {
        let mut tokenizer = Tokenizer::from_gguf(&gguf.content)?;
        // candle knows no `smollm`: it splits numbers into digits before anything else.
        if gguf.text("tokenizer.ggml.pre") == Some("smollm") {
            let bytes = ByteLevel::new(false, true, true);
            tokenizer.with_pre_tokenizer(Some(Sequence::new(vec![
                Digits::new(true).into(),
                bytes.into(),
            ])));
        }
        let mut ends: BTreeSet<u32> = ["eos", "eot", "eom"]
            .iter()
            .filter_map(|name| gguf.token(&format!("tokenizer.ggml.{name}_token_id")))
            .collect();
        // A text may end before a message does.
        let names = ["<|im_end|>", "<|endoftext|>", "<|eot_id|>", "</s>"];
        ends.extend(names.iter().filter_map(|name| tokenizer.token_to_id(name)));
        Ok(Tokens { tokenizer, ends })
    }

    /// The tokens of a text in which the names of special tokens mean these.
    ///
    /// # Errors
    /// The tokenizer's.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>> {
        let encoding = self.tokenizer.encode_fast(text, false).map_err(|error| anyhow!(error))?;
        Ok(encoding.get_ids().to_vec())
    }

    /// Whether the answer is complete with this token.
    pub fn ends(&self, token: u32) -> bool {
        self.ends.contains(&token)
    }

    /// Text of a token by its number, as the file writes it.
    pub fn name(&self, token: u32) -> Option<String> {
        self.tokenizer.id_to_token(token)
    }

    fn decode(&self, tokens: &[u32]) -> Result<String> {
        self.tokenizer.decode(tokens, true).map_err(|error| anyhow!(error))
    }
}

/// Turns tokens into text as they come.
pub struct Writer {
    /// Tokens since the last place where all letters were whole.
    pending: Vec<u32>,
    /// Text that may be the beginning of a stop text.
    held: String,
    stops: Vec<String>,
}

/// What a token added.
#[derive(PartialEq, Eq, Debug)]
pub enum Written {
    /// Text to pass on, perhaps none yet.
    Text(String),
    /// Text before a stop text: the answer is complete.
    Stopped(String),
}

impl Writer {
    /// With texts that end the answer and are not part of it.
    pub fn new(stops: Vec<String>) -> Writer {
        Writer { pending: Vec::new(), held: String::new(), stops }
    }

    /// Adds a token.
    ///
    /// # Errors
    /// The tokenizer's.
    pub fn push(&mut self, tokens: &Tokens, token: u32) -> Result<Written> {
        self.pending.push(token);
        let text = tokens.decode(&self.pending)?;
        // The last letter is not whole yet; none has more than four bytes.
        if text.ends_with('\u{fffd}') && self.pending.len() < 4 {
            return Ok(Written::Text(String::new()));
        }
        self.pending.clear();
        Ok(self.add(&text))
    }

    /// What is left when no token follows.
    pub fn finish(&mut self, tokens: &Tokens) -> Result<String> {
        let text = tokens.decode(&self.pending)?;
        self.pending.clear();
        Ok(match self.add(&text) {
            Written::Text(text) => text + &std::mem::take(&mut self.held),
            Written::Stopped(text) => text,
        })
    }

    fn add(&mut self, new: &str) -> Written {
        self.held.push_str(new);
        let first = self.stops.iter().filter_map(|stop| self.held.find(stop.as_str())).min();
        if let Some(at) = first {
            self.held.truncate(at);
            return Written::Stopped(std::mem::take(&mut self.held));
        }
        // The longest end that some stop text begins with is held back.
        let keep = (self.held.char_indices().map(|(at, _)| at))
            .find(|at| self.stops.iter().any(|stop| stop.starts_with(&self.held[*at..])))
            .unwrap_or(self.held.len());
        let rest = self.held.split_off(keep);
        Written::Text(std::mem::replace(&mut self.held, rest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(stops: &[&str], texts: &[&str]) -> Vec<Written> {
        let mut writer = Writer::new(stops.iter().map(|it| (*it).to_owned()).collect());
        texts.iter().map(|text| writer.add(text)).collect()
    }

    fn text(it: &str) -> Written {
        Written::Text(it.to_owned())
    }

    #[test]
    fn the_beginning_of_a_stop_text_is_held_back_until_it_is_clear() {
        assert_eq!(
            parts(&["END"], &["a E", "x", "EN", "D b"]),
            [text("a "), text("Ex"), text(""), Written::Stopped(String::new())]
        );
        assert_eq!(
            parts(&["\n\n", "."], &["a\n", "b. c"]),
            [text("a"), Written::Stopped("\nb".to_owned())]
        );
    }

    #[test]
    fn without_stop_texts_nothing_is_held_back() {
        assert_eq!(parts(&[], &["a", " b"]), [text("a"), text(" b")]);
    }
}
