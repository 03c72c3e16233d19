//! Attention of single rows over the keys and values of their own sequences, and the turning of
//! positions (RoPE).
//!
//! Written out over slices instead of as products of tensors: sequences in a step have different
//! lengths, and sums run in one order however many rows there are. `llama` calls it per layer.

use super::gguf::Shape;
use super::llama::Piece;
use rayon::prelude::*;

/// Sines and cosines by position, for pairs of neighbouring dimensions (llama's order in GGUF files).
pub struct Rope {
    head: usize,
    table: Vec<(f32, f32)>,
}

impl Rope {
    /// For every position of the context. `factors` divide the frequencies (llama 3's scaling).
    pub fn new(shape: &Shape, factors: Option<&[f32]>) -> Rope {
        let half = shape.head / 2;
        let mut table = Vec::with_capacity(shape.context * half);
        for position in 0..shape.context {
            for pair in 0..half {
                let exponent = 2.0 * pair as f64 / shape.head as f64;
                let factor = factors.and_then(|it| it.get(pair)).copied().unwrap_or(1.0);
                let frequency = f64::from(shape.rope_base).powf(-exponent) / f64::from(factor);
                let angle = position as f64 / f64::from(shape.rope_factor) * frequency;
                table.push((angle.cos() as f32, angle.sin() as f32));
            }
        }
        Rope { head: shape.head, table }
    }

    /// Turns all heads of each row by the row's position.
    pub fn turn(&self, rows: &mut [f32], positions: &[usize]) {
        let half = self.head / 2;
        let width = rows.len() / positions.len().max(1);
        for (row, position) in rows.chunks_exact_mut(width).zip(positions) {
            let turns = &self.table[position * half..(position + 1) * half];
            for head in row.chunks_exact_mut(self.head) {
                for (pair, (cos, sin)) in head.chunks_exact_mut(2).zip(turns) {
                    let (a, b) = (pair[0], pair[1]);
                    pair[0] = a * cos - b * sin;
                    pair[1] = a * sin + b * cos;
                }
            }
        }
    }
}

/// Below so many multiplications, threads cost more than they bring.
const SMALL: usize = 1 << 17;

/// What each row attends to: for each head, values weighted by the softmax of scaled products with all
/// keys up to and including the row's own.
pub fn mix(
    shape: &Shape,
    layer: usize,
    q: &[f32],
    pieces: &[Piece<'_>],
    positions: &[usize],
) -> Vec<f32> {
    let head = shape.head;
    let mut out = vec![0.0; q.len()];
    let owners: Vec<usize> = pieces
        .iter()
        .enumerate()
        .flat_map(|(index, piece)| std::iter::repeat_n(index, piece.tokens.len()))
        .collect();
    let one = |(index, out): (usize, &mut [f32])| {
        let (row, of) = (index / shape.heads, index % shape.heads);
        let (keys, values) = pieces[owners[row]].kv.layer(layer);
        let at = of / (shape.heads / shape.kv_heads) * head;
        let width = shape.kv_heads * head;
        let length = positions[row] + 1;
        attend(&q[index * head..(index + 1) * head], keys, values, (at, width, length), out);
    };
    let work: usize = positions.iter().map(|it| it + 1).sum::<usize>() * shape.heads * head;
    match work < SMALL {
        true => out.chunks_exact_mut(head).enumerate().for_each(one),
        false => out.par_chunks_exact_mut(head).enumerate().for_each(one),
    }
    out
}

/// One head of one row. Keys and values of a position lie `width` apart, this head's begin `at`.
fn attend(
    q: &[f32],
    keys: &[f32],
    values: &[f32],
    (at, width, length): (usize, usize, usize),
    out: &mut [f32],
) {
    let head = q.len();
    let part = |of: usize| of * width + at..of * width + at + head;
    let scale = 1.0 / (head as f32).sqrt();
    let mut weights: Vec<f32> = (0..length).map(|of| dot(q, &keys[part(of)]) * scale).collect();
    let most = weights.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sum = 0.0;
    for weight in &mut weights {
        *weight = (*weight - most).exp();
        sum += *weight;
    }
    for (of, weight) in weights.iter().enumerate() {
        let weight = weight / sum;
        out.iter_mut().zip(&values[part(of)]).for_each(|(out, value)| *out += weight * value);
    }
}

/// The scalar product, summed in eight lanes so that the compiler may use vector instructions.
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0.0_f32; 8];
    let (a8, b8) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f32 = a8.remainder().iter().zip(b8.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in a8.zip(b8) {
        for lane in 0..8 {
            lanes[lane] += a[lane] * b[lane];
        }
    }
    lanes.iter().sum::<f32>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_keys_give_the_mean_and_a_strong_one_its_value() {
        // Two positions, one head of two dimensions.
        let values = [1.0, 2.0, 3.0, 6.0];
        let mut out = [0.0; 2];
        attend(&[1.0, 1.0], &[0.5, 0.5, 0.5, 0.5], &values, (0, 2, 2), &mut out);
        assert_eq!(out, [2.0, 4.0]);
        let mut out = [0.0; 2];
        attend(&[1.0, 0.0], &[0.0, 0.0, 200.0, 0.0], &values, (0, 2, 2), &mut out);
        assert_eq!(out, [3.0, 6.0]);
        // What comes later is not looked at.
        let mut out = [0.0; 2];
        attend(&[1.0, 0.0], &[0.0, 0.0, 200.0, 0.0], &values, (0, 2, 1), &mut out);
        assert_eq!(out, [1.0, 2.0]);
    }

    #[test]
    fn products_of_turned_rows_depend_on_their_distance_alone() {
        let shape = Shape {
            layers: 1,
            width: 4,
            heads: 1,
            kv_heads: 1,
            head: 4,
            context: 64,
            rms_epsilon: 1e-5,
            rope_base: 10_000.0,
            rope_factor: 1.0,
        };
        let rope = Rope::new(&shape, None);
        let product = |m: usize, n: usize| {
            let (mut a, mut b) = ([0.3, -1.0, 0.7, 0.2], [1.1, 0.4, -0.6, 0.9]);
            rope.turn(&mut a, &[m]);
            rope.turn(&mut b, &[n]);
            dot(&a, &b)
        };
        assert!((product(3, 10) - product(40, 47)).abs() < 1e-5);
        assert!((product(3, 10) - product(3, 11)).abs() > 1e-3);
    }

    #[test]
    fn a_scalar_product_counts_every_element() {
        let ones = [1.0; 19];
        assert_eq!(dot(&ones, &ones), 19.0);
    }
}
