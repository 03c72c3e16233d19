//! A folder of text files.
//!
//! Every `.txt` and `.md` below it is an entry, named by its path without the extension. Its paragraphs are
//! put together to passages as long as they may be.

use super::{MAX_PASSAGE, Passage, tidied};
use crate::Error;
use std::fs;
use std::path::{Path, PathBuf};

pub(super) fn read(folder: &Path, files: &[PathBuf]) -> Result<Vec<Passage>, Error> {
    let mut passages = Vec::new();
    let is_text = |path: &&PathBuf| path.extension().is_some_and(|it| it == "txt" || it == "md");
    for (entry, path) in files.iter().filter(is_text).enumerate() {
        let bytes = fs::read(path).map_err(|source| Error::Read { path: path.clone(), source })?;
        let name = path.strip_prefix(folder).unwrap_or(path).with_extension("");
        let title = name.display().to_string();
        let texts = cut(&String::from_utf8_lossy(&bytes));
        let entry = entry as u32;
        passages.extend(texts.into_iter().map(|text| Passage {
            title: title.clone(),
            text,
            entry,
        }));
    }
    Ok(passages)
}

/// Paragraphs put together while they fit; one that is too long alone is cut between words.
fn cut(text: &str) -> Vec<String> {
    let mut passages: Vec<String> = Vec::new();
    let text = text.replace("\r\n", "\n");
    for paragraph in text.split("\n\n") {
        let mut words = paragraph.split_whitespace().peekable();
        let whole: String = tidied(paragraph);
        let fits = |last: &String| last.len() + whole.len() < MAX_PASSAGE;
        if let Some(last) = passages.last_mut().filter(|last| fits(last))
            && whole.split(' ').count() >= paragraph.split_whitespace().count()
        {
            if !whole.is_empty() {
                last.push(' ');
                last.push_str(&whole);
            }
            continue;
        }
        while words.peek().is_some() {
            let mut part = String::new();
            while let Some(word) = words.next_if(|word| part.len() + word.len() < MAX_PASSAGE) {
                if !part.is_empty() {
                    part.push(' ');
                }
                part.push_str(word);
            }
            if part.is_empty() {
                // A word longer than a passage can be: no text.
                words.next();
            } else {
                passages.push(part);
            }
        }
    }
    passages
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Corpus;

    #[test]
    fn paragraphs_are_put_together_and_long_ones_cut() {
        assert_eq!(cut("one\ntwo\n\n\n\nthree\n"), ["one two three"]);
        let long = "word ".repeat(600);
        let parts = cut(&format!("{long}\n\nend"));
        assert_eq!(parts.len(), 3, "{parts:?}");
        assert!(parts.iter().all(|part| part.len() <= MAX_PASSAGE));
        let words = parts.iter().flat_map(|part| part.split(' ')).count();
        assert_eq!(words, 601);
        assert!(cut(&"x".repeat(5_000)).is_empty());
    }

    #[test]
    fn text_files_are_entries_in_the_order_of_their_names() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("b")).unwrap();
        for (name, text) in [("z.txt", "last"), ("b/a.md", "first"), ("c.bin", "none")] {
            fs::write(folder.path().join(name), text).unwrap();
        }
        let corpus = Corpus::read(folder.path()).unwrap();
        let found: Vec<_> = corpus
            .passages
            .iter()
            .map(|it| (it.title.as_str(), it.text.as_str(), it.entry))
            .collect();
        assert_eq!(found, [("b/a", "first", 0), ("z", "last", 1)]);
    }

    #[test]
    fn a_folder_without_text_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let error = Corpus::read(folder.path()).unwrap_err().to_string();
        assert!(
            error.ends_with("there is no text in it: neither `.txt` nor `.md`, nor a dictionary")
        );
        let error = Corpus::read(&folder.path().join("x")).unwrap_err().to_string();
        assert!(error.contains("it is not there; `scripts/fetch-corpus.sh` gets"), "{error}");
    }
}
