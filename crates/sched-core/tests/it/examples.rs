//! Every example runs to its end.

use std::fs;
use std::path::Path;
use std::process::Command;

#[test]
fn the_examples_run() {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut names = Vec::new();
    for entry in fs::read_dir(package.join("examples")).expect("the crate has examples") {
        let path = entry.unwrap().path();
        names.push(path.file_stem().unwrap().to_str().unwrap().to_owned());
    }
    assert!(!names.is_empty());
    for name in names {
        let run = ["run", "--quiet", "--example", &name];
        let output = Command::new(env!("CARGO")).args(run).current_dir(package).output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "example {name} failed: {text}");
        assert!(!output.stdout.is_empty(), "example {name} says nothing");
    }
}
