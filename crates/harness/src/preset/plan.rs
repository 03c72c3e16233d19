//! From the preset and the flags of an experiment to the draft of a spec.
//!
//! The preset is a spec file like any other. Its configurations are taken out first: an experiment
//! says which of them are run, or makes others, and everything else is the same for all.

use super::pipelines::{Pipeline, pipeline};
use crate::Error;
use crate::cli::ExperimentArgs;
use crate::spec::{Draft, Entry, Node, Place, Value};

/// `--quick` runs this part of the tasks.
const QUICK: u64 = 4;

/// A preset whose configurations are being chosen.
#[derive(Clone, PartialEq, Debug)]
pub struct Plan {
    draft: Draft,
    parts: Vec<Entry>,
    file: Option<Draft>,
    source: &'static str,
    quick: bool,
    pipeline: Pipeline,
}

impl Plan {
    /// The preset `yaml`, called `source`, with what the flags name read and checked.
    ///
    /// # Errors
    /// When `--config` cannot be read, or a pipeline is not known or cannot do such work.
    pub fn new(yaml: &str, source: &'static str, flags: &ExperimentArgs) -> Result<Plan, Error> {
        let pipeline = pipeline(flags)?;
        let mut draft = Draft::parse(yaml, source)?;
        let parts = draft.get(&["configurations"]).map(|node| node.entries().to_vec());
        draft.set(&["configurations"], map(source, Vec::new()));
        Ok(Plan {
            draft,
            parts: parts.unwrap_or_default(),
            file: flags.config.as_deref().map(Draft::read).transpose()?,
            source,
            quick: flags.quick,
            pipeline,
        })
    }

    /// The configurations of the preset.
    pub fn parts(&self) -> &[Entry] {
        &self.parts
    }

    /// Whether another pipeline than the preset's own is run, so that nothing which varies that one has a
    /// meaning.
    pub fn has_other_pipeline(&self) -> bool {
        matches!(self.pipeline, Pipeline::Other(..)) || self.file_has(&["pipeline"])
    }

    /// Whether the preset's configurations still make sense: `--config` names neither a cluster nor
    /// configurations of its own.
    pub fn stands(&self) -> bool {
        !self.file_has(&["cluster"]) && !self.file_has(&["configurations"])
    }

    /// Whether `--config` says something at `path`.
    pub fn file_has(&self, path: &[&str]) -> bool {
        self.file.as_ref().is_some_and(|file| file.get(path).is_some())
    }

    /// The value at `path`, of the file if it has one there, else of the preset.
    pub fn value(&self, path: &[&str]) -> Option<&Node> {
        let of_file = self.file.as_ref().and_then(|file| file.get(path));
        of_file.or_else(|| self.draft.get(path))
    }

    /// Configurations written as the map `yaml`, for the values of `flag`.
    ///
    /// # Errors
    /// When it is no YAML.
    pub fn written(&self, flag: &str, yaml: &str) -> Result<Vec<Entry>, Error> {
        Ok(Draft::parse(yaml, flag)?.root().entries().to_vec())
    }

    /// `parts` without what the file sets, so that it holds in all of them; but for `kept`, keys that
    /// are what the parts are about.
    pub fn below_file(&self, mut parts: Vec<Entry>, kept: &[&str]) -> Vec<Entry> {
        let over = self.file.iter().flat_map(|file| file.root().entries());
        let over: Vec<Entry> =
            over.filter(|it| !kept.contains(&it.key.as_str())).cloned().collect();
        let over = map(self.source, over);
        parts.iter_mut().for_each(|part| part.node.yield_to(&over));
        parts
    }

    /// The draft: the preset, the file, and `parts`; without any, the file's own configurations.
    pub fn draft(self, mut parts: Vec<Entry>) -> Draft {
        let Plan { mut draft, file, source, quick, pipeline, .. } = self;
        if quick {
            if let Some(mut workload) = draft.get(&["workload"]).cloned() {
                quicken(&mut workload);
                draft.set(&["workload"], workload);
            }
            let workloads = parts.iter_mut().filter_map(|part| part.node.child_mut("workload"));
            workloads.for_each(quicken);
        }
        if let Some(file) = file {
            let own = draft.get(&["pipeline"]).cloned();
            draft.lay_over(&file);
            if let (Pipeline::Own, Some(own)) = (&pipeline, own) {
                draft.set(&["pipeline"], own);
            }
        }
        if let Pipeline::Other(other, repetitions) = pipeline {
            draft.set(&["pipeline"], other);
            if let Some(repetitions) = repetitions {
                draft.set(&["repetitions"], repetitions);
            }
        }
        if !parts.is_empty() {
            draft.set(&["configurations"], map(source, parts));
        }
        draft
    }
}

fn map(source: &str, entries: Vec<Entry>) -> Node {
    Node { place: Place::flag(source), value: Value::Map(entries) }
}

/// Fewer tasks. A number that is none is left to the checks.
fn quicken(workload: &mut Node) {
    if let Some(tasks) = workload.child_mut("tasks")
        && let Value::Scalar(text) = &mut tasks.value
        && let Ok(all) = text.parse::<u64>()
    {
        *text = all.div_ceil(QUICK).to_string();
    }
}
