//! The pipelines that `--pipeline` names.
//!
//! `compute` is each preset's own; the others are parts of specs in `config/pipelines`, compiled in, so
//! that they run from any folder. Their times are emulated, unless `--work real` asks for models: then each
//! has other stages, and one repetition, because models are slow.

use crate::Error;
use crate::cli::{ExperimentArgs, choose};
use crate::spec::{Draft, Node};

/// Name and text of a part of a spec.
type Part = (&'static str, &'static str);

macro_rules! part {
    ($path:literal) => {
        ($path, include_str!(concat!("../../../../", $path)))
    };
}

/// The preset's own, and the others, emulated and real.
const PIPELINES: [(&str, Option<[Part; 2]>); 4] = [
    ("compute", None),
    ("rag", Some([part!("config/pipelines/rag.yaml"), part!("config/pipelines/rag-real.yaml")])),
    ("llm", Some([part!("config/pipelines/llm.yaml"), part!("config/pipelines/llm-real.yaml")])),
    (
        "mixed",
        Some([part!("config/pipelines/mixed.yaml"), part!("config/pipelines/mixed-real.yaml")]),
    ),
];

/// What `--pipeline` asks for.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Pipeline {
    /// It is not given: the preset's own, unless a file says otherwise.
    Unsaid,
    /// The preset's own, whatever a file says.
    Own,
    /// This one, and its repetitions where it has a word on them.
    Other(Node, Option<Node>),
}

/// Reads the flag.
///
/// # Errors
/// For an unknown name, and for work that these pipelines cannot do.
pub(super) fn pipeline(flags: &ExperimentArgs) -> Result<Pipeline, Error> {
    let Some(name) = &flags.pipeline else { return Ok(Pipeline::Unsaid) };
    let Some([emulated, real]) = choose("--pipeline", "pipeline", name, &PIPELINES, &[])? else {
        return Ok(Pipeline::Own);
    };
    let (source, yaml) = match flags.run.work.as_deref() {
        Some("real") => real,
        Some("cpu") => {
            return Err(Error::Usage(format!(
                "--work: the times of pipeline `{name}` are emulated, no cpu is burnt for them; leave \
                 `--work` away, take `--work real`, or `--pipeline compute`"
            )));
        }
        _ => emulated,
    };
    let draft = Draft::parse(yaml, source)?;
    let repetitions = draft.get(&["repetitions"]).cloned();
    let stages = draft.get(&["pipeline"]).cloned();
    Ok(stages.map_or(Pipeline::Own, |stages| Pipeline::Other(stages, repetitions)))
}
