//! What a spec may say that no executor does yet.
//!
//! All of the spec file is known: such keys are checked like the others, and only then
//! refused by name, so that a spec never runs as something else than it says. Whoever
//! builds one deletes its variant here, and the compiler shows the places left.

use super::error::SpecError;
use super::reader::Field;

/// A feature that is not built.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Missing {
    Cluster,
}

impl Missing {
    /// Its name and what to do without it.
    fn text(self) -> (&'static str, &'static str) {
        match self {
            Missing::Cluster => ("environment `cluster`", "use `local` or `sim`"),
        }
    }

    pub(super) fn refuse(self, field: &Field<'_>) -> SpecError {
        let (name, remedy) = self.text();
        field.error(format!("{name} is not supported yet; {remedy}"))
    }
}
