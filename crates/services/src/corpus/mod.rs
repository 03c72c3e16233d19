//! Texts to find passages in.
//!
//! A folder is a corpus: with a dictionary in the format of `dictd` (`NAME.index` and `NAME.dict`), whose
//! entries are the passages; or with files of text, cut into passages at empty lines. The order of passages
//! depends on names and contents alone.

mod dictd;
mod folder;

use crate::Error;
use std::fs;
use std::path::Path;

/// The longest text of a passage, in bytes; what is beyond is left out of dictionaries' entries.
pub const MAX_PASSAGE: usize = 1_200;

/// A piece of a corpus.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Passage {
    /// What it is about: a headword, or the name of a file.
    pub title: String,
    /// What it says, at most [`MAX_PASSAGE`] bytes.
    pub text: String,
    /// The entry or file that it is a part of.
    pub entry: u32,
}

/// All passages, in order; at least one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Corpus {
    /// The passages.
    pub passages: Vec<Passage>,
}

impl Corpus {
    /// Reads a folder.
    ///
    /// # Errors
    /// When it is not there, cannot be read, or has no text.
    pub fn read(folder: &Path) -> Result<Corpus, Error> {
        let wrong = |what: &str| Error::Corpus { path: folder.into(), what: what.into() };
        if !folder.is_dir() {
            return Err(wrong(
                "it is not there; `scripts/fetch-corpus.sh` gets the one that runs look for first, \
                 or name a folder of text files",
            ));
        }
        let files = files(folder)?;
        let index = files.iter().find(|path| path.extension().is_some_and(|it| it == "index"));
        let passages = match index {
            Some(index) => dictd::read(index)?,
            None => folder::read(folder, &files)?,
        };
        match passages.is_empty() {
            true => {
                Err(wrong("there is no text in it: neither `.txt` nor `.md`, nor a dictionary"))
            }
            false => Ok(Corpus { passages }),
        }
    }

    /// The passage of every entry that comes first: what can be asked for.
    pub fn entries(&self) -> Vec<&Passage> {
        let mut entries: Vec<&Passage> = Vec::new();
        for passage in &self.passages {
            if entries.last().is_none_or(|last| last.entry != passage.entry) {
                entries.push(passage);
            }
        }
        entries
    }

    /// What tells it from others: FNV-1a over all that is embedded, in order.
    pub fn checksum(&self) -> u64 {
        let mut sum = Fnv::default();
        for passage in &self.passages {
            sum.add(passage.embedded().as_bytes());
        }
        sum.0
    }
}

impl Passage {
    /// The text whose vector stands for it: the question that it answers, and its begin, where an entry says
    /// what it is about. Questions and texts lie apart in most models, and a text with its question is near
    /// others of that kind. The time to embed a corpus follows the length of its texts.
    pub fn embedded(&self) -> String {
        const MOST: usize = 160;
        let text = &self.text[..self.text.floor_char_boundary(MOST)];
        format!("What is {}? {text}", self.title)
    }
}

/// FNV-1a, 64 bits; the end of each piece counts.
pub(crate) struct Fnv(pub(crate) u64);

impl Default for Fnv {
    fn default() -> Fnv {
        Fnv(0xcbf2_9ce4_8422_2325)
    }
}

impl Fnv {
    pub(crate) fn add(&mut self, bytes: &[u8]) {
        for byte in bytes.iter().chain(&[0xff]) {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3);
        }
    }
}

/// All files below a folder, in the order of their paths.
fn files(folder: &Path) -> Result<Vec<std::path::PathBuf>, Error> {
    let failed = |source| Error::Read { path: folder.into(), source };
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        match path.is_dir() && !path.is_symlink() {
            true => found.extend(files(&path)?),
            false => found.push(path),
        }
    }
    found.sort();
    Ok(found)
}

/// Cut to [`MAX_PASSAGE`], with runs of white space as one blank.
fn tidied(text: &str) -> String {
    let mut out = String::new();
    for word in text.split_whitespace() {
        if out.len() + word.len() + 1 > MAX_PASSAGE {
            break;
        }
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}
