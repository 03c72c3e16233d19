//! Where the time of the chat model goes: reading, writing one answer and several at once, and what a
//! kept beginning saves. `cargo run --release --example measure`, figures in docs/llm.md.
//!
//! Prints wall-clock and processor time per token; the second is right on a busy machine too.

use anyhow::{Context as _, Result};
use sage_llm::chat::Model;
use sage_llm::chat::kv::{Kv, Prefixes};
use sage_llm::chat::llama::Piece;
use std::path::Path;
use std::time::Instant;

/// User and system time of this process in milliseconds, in steps of 10 (Linux).
fn processor() -> Result<f64> {
    let text = std::fs::read_to_string("/proc/self/stat")?;
    let fields = text.rsplit(')').next().context("no stat")?;
    let ticks =
        fields.split_whitespace().skip(11).take(2).map(|it| it.parse::<f64>().unwrap_or(0.0));
    Ok(ticks.sum::<f64>() * 10.0)
}

fn measured(name: &str, tokens: usize, work: impl FnOnce() -> Result<()>) -> Result<()> {
    let (wall, spent) = (Instant::now(), processor()?);
    work()?;
    let each = |ms: f64| ms / tokens as f64;
    let wall = each(wall.elapsed().as_secs_f64() * 1e3);
    println!("{name:<44} {wall:>8.2} {:>8.2}", each(processor()? - spent));
    Ok(())
}

fn read(model: &Model, kv: &mut Kv, tokens: &[u32], chunk: usize) -> Result<()> {
    for tokens in tokens.chunks(chunk) {
        model.llama.step(&mut [Piece { kv, tokens, scores: false }])?;
    }
    Ok(())
}

fn main() -> Result<()> {
    let path = std::env::args().nth(1);
    let path = path.unwrap_or_else(|| "models/smollm2-135m-instruct.gguf".to_owned());
    let model = Model::load(Path::new(&path))?;
    let prompt: Vec<u32> = (0..512).map(|it| 1000 + it * 37 % 40_000).collect();
    println!("{:<44} {:>8} {:>8}", "ms per token", "wall", "cpu");
    for chunk in [1, 4, 16, 64, 256] {
        let mut kv = Kv::new(&model.llama.shape);
        let name = format!("read 512 tokens, {chunk} in a step");
        measured(&name, prompt.len(), || read(&model, &mut kv, &prompt, chunk))?;
    }
    for count in [1, 2, 4, 8, 16] {
        let mut kvs = vec![Kv::new(&model.llama.shape); count];
        for kv in &mut kvs {
            read(&model, kv, &prompt[..64], 64)?;
        }
        let steps = 64;
        measured(&format!("write {count} at once, {steps} tokens each"), count * steps, || {
            for token in &prompt[..steps] {
                let token = [*token];
                let pieces = kvs.iter_mut().map(|kv| Piece { kv, tokens: &token, scores: true });
                model.llama.step(&mut pieces.collect::<Vec<_>>())?;
            }
            Ok(())
        })?;
    }
    // The second turn: 480 tokens said before, 32 new ones.
    let mut kv = Kv::new(&model.llama.shape);
    read(&model, &mut kv, &prompt[..480], 64)?;
    let mut prefixes = Prefixes::new();
    prefixes.keep(kv);
    measured("second turn of 512 tokens, 480 kept: in all", 1, || {
        let mut kv = prefixes.take(&prompt).context("nothing kept")?;
        let rest = prompt[kv.len()..].to_vec();
        read(&model, &mut kv, &rest, 64)
    })?;
    measured("second turn of 512 tokens, none kept: in all", 1, || {
        read(&model, &mut Kv::new(&model.llama.shape), &prompt, 64)
    })
}
