//! What an experiment tells of its runs, beside what is told of all runs.
//!
//! A chapter is blocks of text, JSON and perhaps a picture, each in a file of its own:
//! `<experiment>_<chapter>.txt`, `.json`, `.png`. The text is also part of the comparison, which is
//! what the command prints; the page has the same blocks as HTML, and the document of `--json` the same
//! JSON. What was interrupted says so in each of them.

use super::experiment::pretty;
use crate::Error;
use crate::output::{Folder, write_file};
use crate::provenance::GIT_COMMIT;
use crate::report::table::{Table, wrapped};
use crate::report::{Comparison, PAGE};
use metrics::report::SCHEMA_VERSION;
use serde_json::{Map, Value, json};
use viz::Scene;
use viz::html::{Block, Plane};

/// A chapter of an experiment's report.
#[derive(Debug)]
pub struct Chapter {
    /// Its name in files, as in `scaling`.
    pub name: &'static str,
    /// What it says in a sentence or two, for the very top; none if that cannot be said.
    pub headlines: Vec<String>,
    /// For a person.
    pub pieces: Vec<Piece>,
    /// For a program: the keys that it adds to the head that all such files have.
    pub json: Map<String, Value>,
    /// A picture of it, as a file.
    pub picture: Option<Scene>,
    /// The same for the page.
    pub plane: Option<Plane>,
}

/// A piece of the text of a chapter.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Piece {
    /// What those after it are about.
    Heading(String),
    /// A table; the first cell of a row names it, and an empty one belongs to the row above.
    Table(Table),
    /// A finding, set in.
    Sentence(String),
    /// How it is to be read.
    Legend(String),
}

impl Chapter {
    /// The text, in whole lines of at most `width` characters.
    pub(crate) fn text(&self, width: usize) -> String {
        let line = |piece: &Piece| match piece {
            Piece::Heading(text) => format!("{text}\n"),
            Piece::Table(table) => table.render(width),
            Piece::Sentence(text) => wrapped(&format!("  {text}"), width, "    "),
            Piece::Legend(text) => wrapped(text, width, ""),
        };
        self.pieces.iter().map(line).collect()
    }

    /// The same for the page.
    pub(crate) fn blocks(&self) -> Vec<Block> {
        let block = |piece: &Piece| match piece {
            Piece::Heading(text) => Block::Heading(text.clone()),
            Piece::Table(table) => {
                Block::Table { head: table.head().to_vec(), rows: table.rows().to_vec() }
            }
            Piece::Sentence(text) => Block::Sentence(text.clone()),
            Piece::Legend(text) => Block::Legend(text.clone()),
        };
        self.pieces.iter().map(block).collect()
    }
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
        let mark = partial.map(|why| wrapped(&format!("PARTIAL: {why}"), PAGE, "  "));
        let doubtful =
            "!: must not be relied on; the certificate in the summary of the run says why.";
        let text = chapter.text(PAGE);
        let legend = match text.contains('!') {
            true => format!("{doubtful}\n"),
            false => String::new(),
        };
        let mark = mark.unwrap_or_default();
        let text = format!("{}\n{mark}\n{text}{legend}", comparison.title);
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
