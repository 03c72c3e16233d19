//! The example, as a person runs it.

use std::path::Path;
use std::process::Command;

#[test]
fn the_example_records_and_replays() {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let run = ["run", "--quiet", "--example", "record"];
    let output = Command::new(env!("CARGO")).args(run).current_dir(package).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("150 decisions reproduced"), "{text}");
    assert!(text.contains("fifo would have differed on "), "{text}");
}
