//! Draws every picture of made-up runs into a folder, to be looked at after a change.
//!
//! `cargo run -p viz --example gallery -- FOLDER`
//!
//! The folder is created. The runs are in `sets.rs`; no experiment stands behind them.

mod sets;
mod synthetic;

use std::error::Error;
use std::path::PathBuf;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args_os().nth(1).ok_or("usage: gallery FOLDER")?;
    let folder = PathBuf::from(folder);
    std::fs::create_dir_all(&folder)?;
    for (name, runs) in sets::sets() {
        let reports: Vec<_> = runs.iter().map(synthetic::Run::report).collect();
        for path in viz::render_all(&folder, name, "A gallery of made-up runs", &reports)? {
            println!("{}", path.display());
        }
    }
    Ok(())
}
