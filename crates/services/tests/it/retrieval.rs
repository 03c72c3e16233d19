//! A corpus on disk, its vectors in a store, and what is found with them.

use crate::embedder;
use services::testkit::{Act, Fake};
use services::{Corpus, Error, Store, build};
use std::fs;
use std::path::PathBuf;
use tempfile::TempDir;

/// A corpus of so many files, each about its own word.
pub(crate) fn corpus(files: usize) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("texts");
    fs::create_dir(&path).unwrap();
    for i in 0..files {
        fs::write(path.join(format!("word{i}.txt")), format!("The word{i} is thing {i}.")).unwrap();
    }
    (folder, path)
}

#[test]
fn a_corpus_is_embedded_once_and_only_what_changed_again() {
    let (_folder, path) = corpus(150);
    let fake = Fake::well().unwrap();
    let embedder = embedder(&fake.url());
    let store = Store::beside(&path);
    let read = || Corpus::read(&path).unwrap();
    let mut seen = Vec::new();
    let built = build(&store, &read(), &embedder, |done, all| {
        seen.push((done, all));
        true
    });
    assert_eq!(built.unwrap(), 150);
    assert_eq!(seen, [(0, 150), (64, 150), (128, 150), (150, 150)]);
    assert_eq!(fake.requests(), 1 + 3); // the probe, and three batches

    assert_eq!(build(&store, &read(), &embedder, |_, _| true).unwrap(), 0);
    assert_eq!(fake.requests(), 5); // the probe again
    fs::write(path.join("word7.txt"), "Another text.").unwrap();
    assert_eq!(build(&store, &read(), &embedder, |_, _| true).unwrap(), 1);

    let index = store.index(read(), "model").unwrap();
    let again = store.index(read(), "model").unwrap(); // several may read at once
    for (i, passage) in
        index.corpus().passages.iter().enumerate().filter(|(_, it)| it.title != "word7")
    {
        let question = format!("What is {}?", passage.title);
        let vector = &embedder.embed(&[question]).unwrap().vectors[0];
        // Words share the places of the vector, so the right one need not be alone at the top.
        let hits = index.search(vector, 5);
        assert!(hits.iter().any(|hit| hit.passage == i), "{}: {hits:?}", passage.title);
        assert_eq!(hits, again.search(vector, 5));
    }
}

#[test]
fn what_was_embedded_before_a_stop_or_a_failure_is_kept() {
    let (_folder, path) = corpus(200);
    let corpus = Corpus::read(&path).unwrap();
    let store = Store::beside(&path);
    let fake = Fake::well().unwrap();
    let stopped = build(&store, &corpus, &embedder(&fake.url()), |done, _| done < 64);
    assert!(matches!(stopped, Err(Error::Stopped)));
    let error = store.index(corpus.clone(), "model").unwrap_err().to_string();
    assert!(error.ends_with("not all of the corpus is in them; begin the run again"), "{error}");

    // The probe and one batch are answered, then it is refused.
    let refuse = |n, _: &str| if n < 2 { Act::Well } else { Act::Status(400, "", None) };
    let fake = Fake::start(refuse).unwrap();
    let failed = build(&store, &corpus, &embedder(&fake.url()), |_, _| true);
    assert!(matches!(failed, Err(Error::Embedding(_))));

    let fake = Fake::well().unwrap();
    assert_eq!(build(&store, &corpus, &embedder(&fake.url()), |_, _| true).unwrap(), 200 - 128);
}

#[test]
fn another_model_under_the_same_name_is_noticed() {
    let (_folder, path) = corpus(3);
    let corpus = Corpus::read(&path).unwrap();
    let store = Store::beside(&path);
    let fake = Fake::well().unwrap();
    build(&store, &corpus, &embedder(&fake.url()), |_, _| true).unwrap();
    let other =
        Fake::start(|_, _| Act::Body(r#"{"data":[{"index":0,"embedding":[1,0]}]}"#)).unwrap();
    let error = build(&store, &corpus, &embedder(&other.url()), |_, _| true).unwrap_err();
    assert!(error.to_string().contains("another model answered to `model` when"), "{error}");
}

#[test]
fn a_file_that_is_no_store_is_named() {
    let (_folder, path) = corpus(3);
    fs::write(Store::beside(&path).path(), "no store").unwrap();
    let fake = Fake::well().unwrap();
    let corpus = Corpus::read(&path).unwrap();
    let error = build(&Store::beside(&path), &corpus, &embedder(&fake.url()), |_, _| true);
    let error = error.unwrap_err().to_string();
    assert!(error.contains("texts.vectors.redb: ") && error.ends_with("or remove it"), "{error}");
}
