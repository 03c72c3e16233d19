//! What `render_all` leaves on the disk.
//!
//! Names and order of the files are a contract with the experiments; what is in
//! them is measured in `pixels.rs`.

use crate::{reports, sets};
use viz::{VizError, render_all};

#[test]
fn three_pictures_are_written_under_their_names() {
    let folder = tempfile::tempdir().unwrap();
    for (name, runs) in [("exp2", sets::twelve()), ("empty", vec![]), ("bad", sets::failed())] {
        let written = render_all(folder.path(), name, "Title", &reports(&runs)).unwrap();
        let expected = ["throughput", "latency", "nodes"]
            .map(|chart| folder.path().join(format!("{name}_{chart}.png")));
        assert_eq!(written, expected);
        for path in written {
            let file = std::fs::read(path).unwrap();
            assert_eq!(&file[..8], b"\x89PNG\r\n\x1a\n");
        }
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 9);
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing");
    let error = render_all(&missing, "exp2", "Title", &[]).unwrap_err();
    assert!(matches!(error, VizError::Write { .. }));
    assert!(error.to_string().contains("exp2_throughput.png"), "{error}");
}
