//! What a GGUF file says about its model: sizes, tokenizer, chat template.
//!
//! `llama` takes the tensors, `tokens` and `template` the rest. Every number is checked here, once, so
//! that a file of another architecture ends in one sentence and not in a matrix of the wrong shape.

use anyhow::{Context as _, Result, bail, ensure};
use candle_core::quantized::gguf_file::{Content, Value};
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

/// An open GGUF file, its header read.
pub struct Gguf {
    pub content: Content,
    pub reader: BufReader<File>,
}

/// The sizes of a model of the llama architecture.
#[derive(Clone, Debug)]
pub struct Shape {
    pub layers: usize,
    /// Width of the residual stream.
    pub width: usize,
    pub heads: usize,
    /// Heads of keys and values; several query heads share one (grouped-query attention).
    pub kv_heads: usize,
    pub head: usize,
    /// Longest sequence that the model was trained for, in tokens.
    pub context: usize,
    pub rms_epsilon: f32,
    pub rope_base: f32,
    /// Positions are divided by this (linear scaling), 1 for none.
    pub rope_factor: f32,
}

impl Gguf {
    /// Reads the header.
    ///
    /// # Errors
    /// A file that cannot be read or is no GGUF; the caller adds its path.
    pub fn open(path: &Path) -> Result<Gguf> {
        let file = File::open(path)?;
        let mut reader = BufReader::with_capacity(1 << 20, file);
        let content = Content::read(&mut reader).context("not a readable GGUF file")?;
        Ok(Gguf { content, reader })
    }

    /// The sizes of the model.
    ///
    /// # Errors
    /// Another architecture, mixture of experts, a scaling of positions that is not implemented, or a
    /// number that is missing or impossible.
    pub fn shape(&self) -> Result<Shape> {
        let architecture = self.text("general.architecture").unwrap_or("unknown");
        ensure!(
            architecture == "llama",
            "architecture `{architecture}`: only `llama` is implemented"
        );
        if self.content.metadata.contains_key("llama.expert_count")
            && self.number("llama.expert_count")? > 0
        {
            bail!("a mixture of experts: only dense llama models are implemented");
        }
        let scaling = self.text("llama.rope.scaling.type").unwrap_or("none");
        let rope_factor = match scaling {
            "none" => 1.0,
            "linear" => self.float("llama.rope.scaling.factor")?,
            other => bail!("positions scaled by `{other}`: only `linear` is implemented"),
        };
        let (width, heads) =
            (self.number("llama.embedding_length")?, self.number("llama.attention.head_count")?);
        ensure!(heads > 0 && width > 0, "a model of {heads} heads and width {width}");
        let head = match self.number("llama.attention.key_length") {
            Ok(head) => head,
            Err(_) => width / heads,
        };
        let shape = Shape {
            layers: self.number("llama.block_count")?,
            width,
            heads,
            kv_heads: self.number("llama.attention.head_count_kv").unwrap_or(heads),
            head,
            context: self.number("llama.context_length")?,
            rms_epsilon: self.float("llama.attention.layer_norm_rms_epsilon")?,
            rope_base: self.float("llama.rope.freq_base").unwrap_or(10_000.0),
            rope_factor,
        };
        ensure!(
            shape.kv_heads > 0 && heads.is_multiple_of(shape.kv_heads) && head.is_multiple_of(2),
            "{heads} heads of {head} over {} heads of keys do not divide",
            shape.kv_heads
        );
        if let Ok(rotated) = self.number("llama.rope.dimension_count") {
            ensure!(rotated == head, "only {rotated} of {head} dimensions are rotated");
        }
        Ok(shape)
    }

    /// A text of the metadata.
    pub fn text(&self, key: &str) -> Option<&str> {
        match self.content.metadata.get(key) {
            Some(Value::String(text)) => Some(text),
            _ => None,
        }
    }

    /// A whole number of the metadata that is a token, where it is there.
    pub fn token(&self, key: &str) -> Option<u32> {
        self.number(key).ok().and_then(|number| u32::try_from(number).ok())
    }

    fn number(&self, key: &str) -> Result<usize> {
        let number = match self.content.metadata.get(key) {
            Some(Value::U8(it)) => u64::from(*it),
            Some(Value::U16(it)) => u64::from(*it),
            Some(Value::U32(it)) => u64::from(*it),
            Some(Value::U64(it)) => *it,
            Some(Value::I32(it)) => u64::try_from(*it).with_context(|| format!("`{key}`: {it}"))?,
            Some(other) => bail!("`{key}` is no whole number: {other:?}"),
            None => bail!("the metadata has no `{key}`"),
        };
        Ok(usize::try_from(number)?)
    }

    fn float(&self, key: &str) -> Result<f32> {
        match self.content.metadata.get(key) {
            Some(Value::F32(it)) if it.is_finite() => Ok(*it),
            Some(other) => bail!("`{key}` is no finite number: {other:?}"),
            None => bail!("the metadata has no `{key}`"),
        }
    }
}
