//! Embeddings of texts by a sentence-transformers model of the BERT family, and the thread that makes
//! them.
//!
//! The model is candle's; here are mean pooling and the normalisation, as all-MiniLM-L6-v2 was trained
//! with. Texts of about the same length share a batch, so that little of it is padding.

use crate::chat::id;
use anyhow::{Context as _, Result, anyhow, bail, ensure};
use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use candle_transformers::models::bert::{BertModel, Config, DTYPE};
use std::path::Path;
use std::sync::{Arc, mpsc};
use tokenizers::Tokenizer;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

/// A loaded model.
pub struct Embedder {
    /// The name that requests call it by: the folder's, in small letters.
    pub id: String,
    /// Longest text, in tokens.
    pub longest: usize,
    /// Numbers in an embedding.
    pub width: usize,
    model: BertModel,
    tokenizer: Tokenizer,
}

/// Texts to embed.
pub struct Request {
    /// Their tokens, by `Embedder::tokens`.
    pub texts: Vec<Vec<u32>>,
    /// Where the embeddings go, in the order of the texts.
    pub answer: oneshot::Sender<Result<Vec<Vec<f32>>>>,
    /// The request's place in the queue.
    pub permit: OwnedSemaphorePermit,
}

/// Tokens in a batch at most, padding included (a single longer text is a batch of its own).
const BATCH: usize = 2048;

impl Embedder {
    /// Loads `model.safetensors`, `tokenizer.json` and `config.json` of the folder.
    ///
    /// # Errors
    /// A file that is missing or holds something else, with its path.
    pub fn load(folder: &Path) -> Result<Embedder> {
        let path = |name: &str| folder.join(name);
        let read = |name: &str| {
            std::fs::read(path(name)).with_context(|| format!("{}", path(name).display()))
        };
        let config = read("config.json")?;
        let fields: serde_json::Value = serde_json::from_slice(&config)
            .with_context(|| format!("{}", path("config.json").display()))?;
        if fields["model_type"] != "bert" {
            bail!("{}: `model_type` is not `bert`", path("config.json").display());
        }
        let config: Config = serde_json::from_slice(&config)
            .with_context(|| format!("{}", path("config.json").display()))?;
        let weights =
            VarBuilder::from_buffered_safetensors(read("model.safetensors")?, DTYPE, &Device::Cpu)
                .with_context(|| format!("{}", path("model.safetensors").display()))?;
        let model = BertModel::load(weights, &config)
            .with_context(|| format!("{}", path("model.safetensors").display()))?;
        let mut tokenizer = Tokenizer::from_bytes(read("tokenizer.json")?)
            .map_err(|error| anyhow!("{}: {error}", path("tokenizer.json").display()))?;
        // What is too long is refused, not cut, and batches are padded here.
        tokenizer
            .with_truncation(None)
            .map_err(|error| anyhow!("{}: {error}", path("tokenizer.json").display()))?;
        tokenizer.with_padding(None);
        Ok(Embedder {
            id: id(folder),
            longest: config.max_position_embeddings,
            width: config.hidden_size,
            model,
            tokenizer,
        })
    }

    /// The tokens of a text, those that mark its ends included.
    ///
    /// # Errors
    /// The tokenizer's.
    pub fn tokens(&self, text: &str) -> Result<Vec<u32>> {
        let encoding = self.tokenizer.encode_fast(text, true).map_err(|error| anyhow!(error))?;
        Ok(encoding.get_ids().to_vec())
    }

    /// The embeddings of texts, each of length 1. `gone` is asked between batches.
    ///
    /// # Errors
    /// candle's, or that `gone` said yes.
    pub fn embed(&self, texts: &[Vec<u32>], gone: impl Fn() -> bool) -> Result<Vec<Vec<f32>>> {
        let mut order: Vec<usize> = (0..texts.len()).collect();
        order.sort_by_key(|index| texts[*index].len());
        let mut out = vec![Vec::new(); texts.len()];
        let mut rest = order.as_slice();
        while !rest.is_empty() {
            ensure!(!gone(), "nobody waits for it");
            let fits = |count: &usize| count * texts[rest[count - 1]].len() <= BATCH;
            let count = (1..=rest.len()).take_while(fits).last().unwrap_or(1);
            let (batch, later) = rest.split_at(count);
            let tokens: Vec<&[u32]> = batch.iter().map(|index| texts[*index].as_slice()).collect();
            for (index, embedding) in batch.iter().zip(self.batch(&tokens)?) {
                out[*index] = embedding;
            }
            rest = later;
        }
        Ok(out)
    }

    fn batch(&self, texts: &[&[u32]]) -> Result<Vec<Vec<f32>>> {
        let longest = texts.iter().map(|text| text.len()).max().unwrap_or(0);
        let padded = |value: fn(u32) -> u32| -> Vec<u32> {
            let row = |text: &&[u32]| {
                let padding = std::iter::repeat_n(0, longest - text.len());
                text.iter().map(|token| value(*token)).chain(padding).collect::<Vec<u32>>()
            };
            texts.iter().flat_map(row).collect()
        };
        let shape = (texts.len(), longest);
        let tokens = Tensor::from_vec(padded(|token| token), shape, &Device::Cpu)?;
        let mask = Tensor::from_vec(padded(|_| 1), shape, &Device::Cpu)?;
        let hidden = self.model.forward(&tokens, &tokens.zeros_like()?, Some(&mask))?;
        let mask = mask.to_dtype(DType::F32)?.unsqueeze(2)?;
        let mean = hidden.broadcast_mul(&mask)?.sum(1)?.broadcast_div(&mask.sum(1)?)?;
        let length = mean.sqr()?.sum_keepdim(1)?.sqrt()?;
        Ok(mean.broadcast_div(&length)?.to_vec2()?)
    }
}

/// Starts the thread. Requests are answered in turn; one whose client has left is dropped.
///
/// # Errors
/// The system's, when it starts no thread.
pub fn start(model: Arc<Embedder>) -> Result<mpsc::Sender<Request>> {
    let (sender, receiver) = mpsc::channel::<Request>();
    std::thread::Builder::new().name("embed".to_owned()).spawn(move || {
        for Request { texts, answer, permit } in receiver {
            let embeddings = model.embed(&texts, || answer.is_closed());
            drop(permit);
            let _ = answer.send(embeddings);
        }
    })?;
    Ok(sender)
}
