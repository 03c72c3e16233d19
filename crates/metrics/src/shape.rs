//! The shape of a run: what its recorders are indexed by.
//!
//! Records carry indices of stages and nodes; names come back only in the report. All
//! repetitions of a run share one shape, which is checked here once.

use crate::MetricsError;
use std::collections::BTreeSet;

/// A declared node.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Node {
    /// Unique in its cluster, as in `node-0`.
    pub name: String,
    /// Its whole slots. A node without a whole slot counts as one slot where things are
    /// compared per slot, and has no utilisation.
    pub slots: u32,
}

/// The stages of the pipeline and the nodes of the cluster, both in order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Shape {
    stages: Vec<String>,
    nodes: Vec<Node>,
}

impl Shape {
    /// A shape of these stages and nodes.
    ///
    /// # Errors
    /// [`MetricsError::DuplicateName`] if two stages or two nodes share a name: they would be
    /// one entry in the report.
    pub fn new(stages: Vec<String>, nodes: Vec<Node>) -> Result<Shape, MetricsError> {
        unique("stages", stages.iter())?;
        unique("nodes", nodes.iter().map(|node| &node.name))?;
        Ok(Shape { stages, nodes })
    }

    /// Names of the stages, in pipeline order.
    pub fn stages(&self) -> &[String] {
        &self.stages
    }

    /// The nodes, by index.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }
}

fn unique<'a>(
    what: &'static str,
    names: impl Iterator<Item = &'a String>,
) -> Result<(), MetricsError> {
    let mut seen = BTreeSet::new();
    for name in names {
        if !seen.insert(name) {
            return Err(MetricsError::DuplicateName { what, name: name.clone() });
        }
    }
    Ok(())
}
