//! What an experiment tells of its runs, beside what is told of all runs.
//!
//! A chapter is text, JSON and perhaps a picture, each in a file of its own:
//! `<experiment>_<chapter>.txt`, `.json`, `.png`. The text is also part of the comparison, which is
//! what the command prints. What was interrupted says so in each of them.

use super::experiment::pretty;
use crate::Error;
use crate::output::{Folder, write_file};
use crate::provenance::GIT_COMMIT;
use crate::report::{Comparison, PAGE, table};
use metrics::report::SCHEMA_VERSION;
use serde_json::{Map, Value, json};
use viz::Scene;

/// A chapter of an experiment's report.
#[derive(Debug)]
pub struct Chapter {
    /// Its name in files, as in `scaling`.
    pub name: &'static str,
    /// For a person; whole lines.
    pub text: String,
    /// For a program: the keys that it adds to the head that all such files have.
    pub json: Map<String, Value>,
    /// A picture of it.
    pub picture: Option<Scene>,
}

/// Writes the files of all chapters.
pub(super) fn write_chapters(
    comparison: &Comparison<'_>,
    folder: &Folder,
    plots: bool,
) -> Result<(), Error> {
    let partial = comparison.incomplete.as_ref();
    for chapter in comparison.chapters {
        let experiment = comparison.experiment;
        let file = |ending: &str| folder.file(&format!("{experiment}_{}.{ending}", chapter.name));
        let mark = partial.map(|why| table::wrapped(&format!("PARTIAL: {why}"), PAGE, "  "));
        let doubtful =
            "!: must not be relied on; the certificate in the summary of the run says why.";
        let legend = match chapter.text.contains('!') {
            true => format!("{doubtful}\n"),
            false => String::new(),
        };
        let mark = mark.unwrap_or_default();
        let text = format!("{}\n{mark}\n{}{legend}", comparison.title, chapter.text);
        write_file(&file("txt"), text.as_bytes())?;
        let head = json!({
            "schema_version": SCHEMA_VERSION,
            "experiment": experiment,
            "title": comparison.title,
            "partial": partial.is_some(),
            "version": env!("CARGO_PKG_VERSION"),
            "git_commit": GIT_COMMIT,
            "command": comparison.circumstances.command(),
            "build_profile": comparison.circumstances.build().name(),
        });
        let mut whole = head.as_object().cloned().unwrap_or_default();
        whole.extend(chapter.json.clone());
        write_file(&file("json"), pretty(&Value::Object(whole)).as_bytes())?;
        if let Some(scene) = chapter.picture.as_ref().filter(|_| plots) {
            write_file(&file("png"), &scene.to_png()?)?;
        }
    }
    Ok(())
}
