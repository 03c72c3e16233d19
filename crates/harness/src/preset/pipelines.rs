//! The pipelines that `--pipeline` names.
//!
//! `compute` is each preset's own; the others are parts of specs in `config/pipelines`, compiled in, so
//! that they run from any folder. Their times are emulated: no model runs.

use crate::Error;
use crate::cli::{ExperimentArgs, choose};
use crate::spec::{Draft, Node};

/// The preset's own, and the others with their name and text.
const PIPELINES: [(&str, Option<(&str, &str)>); 4] = [
    ("compute", None),
    (
        "rag",
        Some(("config/pipelines/rag.yaml", include_str!("../../../../config/pipelines/rag.yaml"))),
    ),
    (
        "llm",
        Some(("config/pipelines/llm.yaml", include_str!("../../../../config/pipelines/llm.yaml"))),
    ),
    (
        "mixed",
        Some((
            "config/pipelines/mixed.yaml",
            include_str!("../../../../config/pipelines/mixed.yaml"),
        )),
    ),
];

/// What `--pipeline` asks for.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Pipeline {
    /// It is not given: the preset's own, unless a file says otherwise.
    Unsaid,
    /// The preset's own, whatever a file says.
    Own,
    /// This one.
    Other(Node),
}

/// Reads the flag.
///
/// # Errors
/// For an unknown name, and for work that these pipelines cannot do.
pub(super) fn pipeline(flags: &ExperimentArgs) -> Result<Pipeline, Error> {
    let Some(name) = &flags.pipeline else { return Ok(Pipeline::Unsaid) };
    let Some((source, yaml)) = choose("--pipeline", "pipeline", name, &PIPELINES, &[])? else {
        return Ok(Pipeline::Own);
    };
    if flags.run.work.as_deref() == Some("cpu") {
        return Err(Error::Usage(format!(
            "--work: the times of pipeline `{name}` are emulated, no cpu is burnt for them; leave \
             `--work` away, or take `--pipeline compute`"
        )));
    }
    let draft = Draft::parse(yaml, source)?;
    Ok(draft.get(&["pipeline"]).cloned().map_or(Pipeline::Own, Pipeline::Other))
}
