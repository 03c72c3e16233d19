//! Recall of retrieval: how often the entry that is asked for is among the first five passages found.
//!
//! `cargo run --release -p services --example recall -- URL MODEL CORPUS [PASSAGES]`: asks "What is HEADWORD?"
//! for 500 entries, spread evenly over the first PASSAGES of the corpus (default: all). Fails below 0.9.

use services::{Corpus, Embedder, Endpoint, Store, build};
use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

const QUESTIONS: usize = 500;
const FOUND: usize = 5;
const LEAST: f64 = 0.9;
/// Questions in one request.
const BATCH: usize = 50;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let ([url, model, folder], rest) = arguments
        .split_first_chunk::<3>()
        .ok_or("usage: recall URL MODEL CORPUS [PASSAGES], as in http://127.0.0.1:8080/v1")?;
    let mut corpus = Corpus::read(Path::new(folder))?;
    if let Some(most) = rest.first() {
        corpus.passages.truncate(most.parse()?);
    }
    let embedder = Embedder::new(Endpoint::new(url, model)?);
    let store = Store::beside(Path::new(folder));
    let embedded = build(&store, &corpus, &embedder, |done, all| {
        eprint!("\rembedding: {done} of {all} passages");
        true
    })?;
    if embedded > 0 {
        eprintln!();
    }
    let index = store.index(corpus, model)?;
    let entries = index.corpus().entries();
    let asked = entries.len().min(QUESTIONS);
    let entries: Vec<_> = (0..asked).map(|i| entries[i * entries.len() / asked]).collect();
    let (mut first, mut hits) = (0, 0);
    for batch in entries.chunks(BATCH) {
        let questions: Vec<String> =
            batch.iter().map(|entry| format!("What is {}?", entry.title)).collect();
        let vectors = embedder.embed(&questions).map_err(|(error, _)| error)?.vectors;
        for (entry, vector) in batch.iter().zip(&vectors) {
            let found = index.search(vector, FOUND);
            let rank = found.iter().position(|hit| {
                index.passage(hit.passage).is_some_and(|passage| passage.entry == entry.entry)
            });
            first += usize::from(rank == Some(0));
            hits += usize::from(rank.is_some());
        }
    }
    let share = |n: usize| n as f64 / asked as f64;
    println!("{}", index.description());
    println!("{asked} questions: recall@1 {:.3}, recall@{FOUND} {:.3}", share(first), share(hits));
    if share(hits) < LEAST {
        eprintln!("recall@{FOUND} is below {LEAST}");
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}
