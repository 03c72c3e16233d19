//! Rust text to tokens, just far enough to tell code from comments and strings.
//!
//! [`super::source`] builds on it. A full parser would know more and cost a dependency
//! that builds for half a minute; the rules need identifiers, paths and brackets only.

/// An identifier, `::`, one punctuation character, or `""` for any literal in quotes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Token<'a> {
    pub(super) text: &'a str,
    /// One-based.
    pub(super) line: usize,
}

impl Token<'_> {
    /// Whether this is an identifier or a keyword.
    pub(super) fn is_word(&self) -> bool {
        self.text.starts_with(|c: char| c.is_alphabetic() || c == '_')
    }
}

/// The tokens of `text`, comments left out. Never fails: an unclosed literal or comment
/// ends with the text, and the compiler has the last word on it.
pub(super) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut lexer = Lexer { text, at: 0, line: 1, out: Vec::new() };
    while let Some(c) = lexer.peek(0) {
        lexer.step(c);
    }
    lexer.out
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    line: usize,
    out: Vec<Token<'a>>,
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn peek(&self, ahead: usize) -> Option<char> {
        self.rest().chars().nth(ahead)
    }

    /// Passes over `length` bytes, counting their lines.
    fn skip(&mut self, length: usize) {
        let passed = &self.text[self.at..self.at + length];
        self.line += passed.matches('\n').count();
        self.at += length;
    }

    fn push(&mut self, text: &'a str) {
        self.out.push(Token { text, line: self.line });
    }

    fn step(&mut self, c: char) {
        let rest = self.rest();
        if c.is_whitespace() {
            self.skip(c.len_utf8());
        } else if rest.starts_with("//") {
            self.skip(rest.find('\n').unwrap_or(rest.len()));
        } else if rest.starts_with("/*") {
            self.skip(block_comment(rest));
        } else if c == '"' {
            self.literal(quoted(rest, '"'));
        } else if c == '\'' {
            self.quote(rest);
        } else if c.is_alphabetic() || c == '_' {
            self.word(rest);
        } else if rest.starts_with("::") {
            self.push("::");
            self.skip(2);
        } else {
            self.push(&rest[..c.len_utf8()]);
            self.skip(c.len_utf8());
        }
    }

    fn literal(&mut self, length: usize) {
        self.push("\"\"");
        self.skip(length);
    }

    /// A character, or a lifetime or label, whose name is passed over with its quote.
    fn quote(&mut self, rest: &'a str) {
        let is_char = self.peek(1) == Some('\\') || self.peek(2) == Some('\'');
        if is_char {
            self.literal(quoted(rest, '\''));
        } else {
            let name = rest[1..].find(|c: char| !is_part(c)).unwrap_or(rest.len() - 1);
            self.skip(1 + name);
        }
    }

    /// An identifier, or a literal with a prefix: `r"…"`, `b'…'`, `br#"…"#`, `c"…"`.
    fn word(&mut self, rest: &'a str) {
        let length = rest.find(|c: char| !is_part(c)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(length);
        let hashes = after.len() - after.trim_start_matches('#').len();
        let raw = matches!(word, "r" | "br" | "cr") && after[hashes..].starts_with('"');
        if raw {
            let end = format!("\"{}", "#".repeat(hashes));
            let body = &after[hashes + 1..];
            let closed = body.find(&end).map_or(body.len(), |found| found + end.len());
            self.literal(length + hashes + 1 + closed);
        } else if matches!(word, "b" | "c") && after.starts_with('"') {
            self.literal(length + quoted(after, '"'));
        } else if word == "b" && after.starts_with('\'') {
            self.literal(length + quoted(after, '\''));
        } else if word == "r" && hashes == 1 {
            // A raw identifier is the same name as without its prefix.
            self.skip(2);
        } else {
            self.push(word);
            self.skip(length);
        }
    }
}

fn is_part(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Bytes of the literal that `rest` opens with, both quotes included.
fn quoted(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// Bytes of the comment that `rest` opens with; block comments nest.
fn block_comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < rest.len() {
        let here = &rest.as_bytes()[at..];
        if here.starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if here.starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[(&str, usize)]) {
        let found: Vec<_> = tokens(text).iter().map(|token| (token.text, token.line)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn paths_and_lines() {
        check(
            "use std::fs;\na",
            &[("use", 1), ("std", 1), ("::", 1), ("fs", 1), (";", 1), ("a", 2)],
        );
    }

    #[test]
    fn comments_are_left_out_and_their_lines_counted() {
        check("a // std::fs\n/* b /* c */\n d */ e /// f", &[("a", 1), ("e", 3)]);
        check("//! \"unclosed\na", &[("a", 2)]);
    }

    #[test]
    fn literals_hide_their_text() {
        check(r#"a "x \" // y" b"#, &[("a", 1), ("\"\"", 1), ("b", 1)]);
        check("r#\"x \" \n y\"# b", &[("\"\"", 1), ("b", 2)]);
        check("b\"x\" br\"\\\" c", &[("\"\"", 1), ("\"\"", 1), ("c", 1)]);
    }

    #[test]
    fn characters_are_told_from_lifetimes() {
        check(
            "'\"' 'a' '\\'' b'\"' x",
            &[("\"\"", 1); 4].into_iter().chain([("x", 1)]).collect::<Vec<_>>(),
        );
        check("<'a> 'static x", &[("<", 1), (">", 1), ("x", 1)]);
    }

    #[test]
    fn a_raw_identifier_is_its_name() {
        check("r#async r", &[("async", 1), ("r", 1)]);
    }
}
