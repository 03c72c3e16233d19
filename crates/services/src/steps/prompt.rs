//! What is said to the model: the passages, and the question.
//!
//! Passages come first, as most models are taught, and are cut to what a small model reads in reasonable
//! time; which of them are there `rerank` has decided.

use crate::chat::Message;
use crate::state::{Kind, State};
use std::fmt::Write as _;

/// Bytes of a passage in a prompt: a small model on a CPU reads a few hundred words in a second.
const EXCERPT: usize = 400;

/// Makes the prompt of what was found; nothing that was found is kept.
pub(super) fn prompt(state: &mut State) {
    let system = match state.kind {
        Kind::Rag => {
            "Answer the question in one or two sentences, from the passages alone. If they do not \
             tell, say so."
        }
        _ => "Answer the question in one or two sentences.",
    };
    let mut user = String::new();
    for (i, it) in std::mem::take(&mut state.found).iter().enumerate() {
        let text = &it.text[..it.text.floor_char_boundary(EXCERPT)];
        // Writing to a string cannot fail.
        let _ = writeln!(user, "[{}] {}: {text}\n", i + 1, it.title);
    }
    user.push_str(&state.question);
    let message = |role: &str, content: String| Message { role: role.into(), content };
    state.prompt = vec![message("system", system.into()), message("user", user)];
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::Found;

    #[test]
    fn passages_come_before_the_question_and_are_cut() {
        let found = Found { entry: 0, title: "Rust".into(), text: "é".repeat(400) };
        let question = "What is Rust?".to_owned();
        let mut state = State { question, found: vec![found], ..State::default() };
        prompt(&mut state);
        let [system, user] = &state.prompt[..] else { panic!("{:?}", state.prompt) };
        assert_eq!((system.role.as_str(), user.role.as_str()), ("system", "user"));
        assert_eq!(user.content, format!("[1] Rust: {}\n\nWhat is Rust?", "é".repeat(200)));
        assert!(state.found.is_empty());
    }
}
