//! The pictures from outside: their layout, their pixels, their files.
//!
//! The runs are those of the gallery, so that what a person looks at is what the
//! tests hold.

mod files;
mod layout;
#[cfg(test)] // as `pixels`
mod page;
#[cfg(test)] // always so here; it tells clippy that helpers too may unwrap
mod pixels;
mod plots;
#[path = "../../examples/gallery/sets.rs"]
mod sets;
#[path = "../../examples/gallery/synthetic.rs"]
mod synthetic;

use metrics::report::RunReport;
use synthetic::Run;

fn reports(runs: &[Run]) -> Vec<RunReport> {
    runs.iter().map(Run::report).collect()
}

/// The three pictures of `runs`.
fn scenes(runs: &[Run]) -> [viz::Scene; 3] {
    let runs = reports(runs);
    [viz::throughput("T", &runs), viz::latency("T", &runs), viz::nodes("T", &runs)]
        .map(Result::unwrap)
}

/// What a picture says, text by text.
fn words(scene: &viz::Scene) -> Vec<&str> {
    scene.texts().map(|text| text.content.as_str()).collect()
}
