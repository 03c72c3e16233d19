//! The forward pass of a llama model over rows of many sequences at once.
//!
//! `gguf` says the sizes, `kv` keeps what was computed, `engine` decides which tokens go into a step.
//! Matrices are candle's, quantised as they are in the file; what is between them is written out over
//! slices here. A row's numbers depend on nothing but its own sequence: not on what else is in the
//! step, nor on how its prompt was cut into steps. So an answer does not depend on the load of the
//! server, and a kept prefix is worth exactly what computing it again would be.

use super::attention::{self, Rope};
use super::gguf::{Gguf, Shape};
use super::kv::Kv;
use anyhow::{Context as _, Result};
use candle_core::quantized::{GgmlDType, QMatMul, QTensor};
use candle_core::{Device, Module as _, Tensor};
use std::sync::Arc;

/// A model of the llama architecture in memory.
pub struct Llama {
    pub shape: Shape,
    embeddings: QMatMul,
    output: QMatMul,
    norm: Vec<f32>,
    layers: Vec<Layer>,
    rope: Rope,
}

struct Layer {
    attention_norm: Vec<f32>,
    q: QMatMul,
    k: QMatMul,
    v: QMatMul,
    o: QMatMul,
    feed_norm: Vec<f32>,
    gate: QMatMul,
    up: QMatMul,
    down: QMatMul,
}

/// Tokens of one sequence that a step appends to what `kv` holds.
pub struct Piece<'a> {
    pub kv: &'a mut Kv,
    pub tokens: &'a [u32],
    /// Whether the scores of the token after the last one are wanted.
    pub scores: bool,
}

impl Llama {
    /// Takes the tensors out of the file.
    ///
    /// Formats that candle multiplies without vector instructions become 8-bit ones (`quick`): a
    /// 4-bit block has 16 values, which 255 steps hold to a 500th of its range.
    ///
    /// # Errors
    /// A tensor that is missing or cannot be read.
    pub fn load(gguf: &mut Gguf) -> Result<Llama> {
        let shape = gguf.shape()?;
        let mut take = |name: &str| -> Result<QTensor> {
            let Gguf { content, reader } = &mut *gguf;
            content.tensor(reader, name, &Device::Cpu).with_context(|| format!("tensor `{name}`"))
        };
        let embeddings = Arc::new(quick(take("token_embd.weight")?)?);
        // Small models use the table of embeddings as the last matrix too.
        let output = match take("output.weight") {
            Ok(output) => QMatMul::from_qtensor(quick(output)?)?,
            Err(_) => QMatMul::from_arc(Arc::clone(&embeddings))?,
        };
        let factors = take("rope_freqs.weight").ok().map(vector).transpose()?;
        let mut layers = Vec::with_capacity(shape.layers);
        for index in 0..shape.layers {
            let mut matrix = |name: &str| -> Result<QMatMul> {
                Ok(QMatMul::from_qtensor(quick(take(&format!("blk.{index}.{name}.weight"))?)?)?)
            };
            let (q, k, v) = (matrix("attn_q")?, matrix("attn_k")?, matrix("attn_v")?);
            let (o, gate) = (matrix("attn_output")?, matrix("ffn_gate")?);
            let (up, down) = (matrix("ffn_up")?, matrix("ffn_down")?);
            let attention_norm = vector(take(&format!("blk.{index}.attn_norm.weight"))?)?;
            let feed_norm = vector(take(&format!("blk.{index}.ffn_norm.weight"))?)?;
            layers.push(Layer { attention_norm, q, k, v, o, feed_norm, gate, up, down });
        }
        Ok(Llama {
            embeddings: QMatMul::from_arc(embeddings)?,
            output,
            norm: vector(take("output_norm.weight")?)?,
            layers,
            rope: Rope::new(&shape, factors.as_deref()),
            shape,
        })
    }

    /// Appends the tokens of all pieces to their sequences and returns, in the order of the pieces that
    /// asked, the scores of every token of the vocabulary to come next.
    ///
    /// Costs two multiplications per weight and row, and an attention of O(length) per row.
    ///
    /// # Errors
    /// candle's, for a token beyond the vocabulary.
    pub fn step(&self, pieces: &mut [Piece<'_>]) -> Result<Vec<Vec<f32>>> {
        let width = self.shape.width;
        let tokens: Vec<u32> = pieces.iter().flat_map(|piece| piece.tokens).copied().collect();
        let rows = tokens.len();
        let ids = Tensor::from_vec(tokens, rows, &Device::Cpu)?;
        let mut stream = values(&self.embeddings.embedding(&ids)?)?;
        let positions: Vec<usize> = pieces
            .iter()
            .flat_map(|piece| (0..piece.tokens.len()).map(|offset| piece.kv.len() + offset))
            .collect();
        for (index, layer) in self.layers.iter().enumerate() {
            let normed = self.normed(&stream, &layer.attention_norm)?;
            let (mut q, mut k) = (multiply(&layer.q, &normed)?, multiply(&layer.k, &normed)?);
            let v = multiply(&layer.v, &normed)?;
            self.rope.turn(&mut q, &positions);
            self.rope.turn(&mut k, &positions);
            let kv_width = self.shape.kv_heads * self.shape.head;
            let mut row = 0;
            for piece in &mut *pieces {
                let part = row * kv_width..(row + piece.tokens.len()) * kv_width;
                piece.kv.extend(index, &k[part.clone()], &v[part]);
                row += piece.tokens.len();
            }
            let mixed = attention::mix(&self.shape, index, &q, pieces, &positions);
            let mixed =
                Tensor::from_vec(mixed, (rows, self.shape.heads * self.shape.head), &Device::Cpu)?;
            add(&mut stream, &multiply(&layer.o, &mixed)?);

            let normed = self.normed(&stream, &layer.feed_norm)?;
            let mut gate = multiply(&layer.gate, &normed)?;
            let up = multiply(&layer.up, &normed)?;
            gate.iter_mut().zip(&up).for_each(|(gate, up)| *gate = silu(*gate) * up);
            let inner = gate.len() / rows;
            let gate = Tensor::from_vec(gate, (rows, inner), &Device::Cpu)?;
            add(&mut stream, &multiply(&layer.down, &gate)?);
        }
        let mut wanted = Vec::new();
        let mut row = 0;
        for piece in &mut *pieces {
            row += piece.tokens.len();
            piece.kv.advance(piece.tokens);
            if piece.scores {
                wanted.extend_from_slice(&stream[(row - 1) * width..row * width]);
            }
        }
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let scores = multiply(&self.output, &self.normed(&wanted, &self.norm)?)?;
        let vocabulary = scores.len() / (wanted.len() / width);
        Ok(scores.chunks_exact(vocabulary).map(<[f32]>::to_vec).collect())
    }

    /// Each row divided by its root mean square, times the weights.
    fn normed(&self, stream: &[f32], weights: &[f32]) -> Result<Tensor> {
        let width = self.shape.width;
        let mut out = Vec::with_capacity(stream.len());
        for row in stream.chunks_exact(width) {
            let scale =
                1.0 / (attention::dot(row, row) / width as f32 + self.shape.rms_epsilon).sqrt();
            out.extend(row.iter().zip(weights).map(|(it, weight)| it * scale * weight));
        }
        Ok(Tensor::from_vec(out, (stream.len() / width, width), &Device::Cpu)?)
    }
}

/// In a format that candle multiplies with vector instructions.
fn quick(tensor: QTensor) -> Result<QTensor> {
    match tensor.dtype() {
        GgmlDType::Q4_1 | GgmlDType::Q5_0 | GgmlDType::Q5_1 => {
            Ok(QTensor::quantize(&tensor.dequantize(&Device::Cpu)?, GgmlDType::Q8_0)?)
        }
        _ => Ok(tensor),
    }
}

fn vector(tensor: QTensor) -> Result<Vec<f32>> {
    Ok(tensor.dequantize(&Device::Cpu)?.flatten_all()?.to_vec1()?)
}

fn multiply(matrix: &QMatMul, rows: &Tensor) -> Result<Vec<f32>> {
    values(&matrix.forward(rows)?)
}

fn values(tensor: &Tensor) -> Result<Vec<f32>> {
    Ok(tensor.flatten_all()?.to_vec1()?)
}

fn add(stream: &mut [f32], change: &[f32]) {
    stream.iter_mut().zip(change).for_each(|(it, change)| *it += change);
}

fn silu(x: f32) -> f32 {
    x / (1.0 + (-x).exp())
}
