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
    View,
}

impl Missing {
    /// Its name and what to do without it.
    fn text(self) -> (&'static str, &'static str) {
        match self {
            Missing::View => ("`view`", "remove it"),
        }
    }

    pub(super) fn refuse(self, field: &Field<'_>) -> SpecError {
        let (name, remedy) = self.text();
        field.error(format!("{name} is not supported yet; {remedy}"))
    }

    fn after(self, check: Result<(), SpecError>, field: &Field<'_>) -> SpecError {
        check.err().unwrap_or_else(|| self.refuse(field))
    }
}

/// `{refresh: 500ms, own: true}`
pub(super) fn view(field: &Field<'_>) -> SpecError {
    let check = || {
        let fields = field.map(&["refresh", "own"])?;
        let refresh = fields.need("refresh", "refresh: 500ms")?;
        if refresh.span()? == sched_core::Span::ZERO {
            return Err(refresh.error("is not above 0; remove `view` to see everything at once"));
        }
        let own = fields.get("own");
        own.map_or(Ok(()), |own| own.choice(&[("true", ()), ("false", ())]))
    };
    Missing::View.after(check(), field)
}
