//! One Rust file as the rules see it: the paths its code names, without test code.
//!
//! Built on [`super::lexer`]. Use trees are flattened, so that `use std::{io, fs as f};`
//! names `std::io` and `std::fs`; a rule that looked for text would miss both.

use super::lexer::{Token, tokens};

/// A path, a single word, or a macro's name with its `!`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Named {
    pub(super) path: String,
    /// One-based.
    pub(super) line: usize,
    /// Whether a `use` declaration names it.
    pub(super) imported: bool,
}

/// What is left of a file when comments, literals and test code are taken away.
#[derive(Debug)]
pub(super) struct Source {
    /// In the order of the text.
    pub(super) named: Vec<Named>,
    /// Lines of items under `#[cfg(test)]`.
    pub(super) test_lines: usize,
    /// Modules declared by `#[cfg(test)] mod name;`: their files are test code as well.
    pub(super) test_modules: Vec<String>,
}

impl Source {
    pub(super) fn parse(text: &str) -> Source {
        let tokens = tokens(text);
        let mut code = Vec::with_capacity(tokens.len());
        let (mut test_lines, mut test_modules, mut at) = (0, Vec::new(), 0);
        while at < tokens.len() {
            if starts_with(&tokens[at..], "# ! [ cfg ( test )") {
                test_lines = text.lines().count();
                code.clear();
                break;
            }
            if starts_with(&tokens[at..], "# [ cfg ( test )")
                || starts_with(&tokens[at..], "# [ cfg ( all ( test")
            {
                let end = item_end(&tokens, at);
                test_lines += tokens[end - 1].line - tokens[at].line + 1;
                test_modules.extend(declared_module(&tokens[at..end]));
                at = end;
            } else {
                code.push(tokens[at]);
                at += 1;
            }
        }
        Source { named: named(&code), test_lines, test_modules }
    }
}

fn starts_with(tokens: &[Token<'_>], pattern: &str) -> bool {
    let mut found = tokens.iter().map(|token| token.text);
    pattern.split(' ').all(|wanted| found.next() == Some(wanted))
}

/// One past the last token of the item at `start`, its attributes included: the first
/// `;` outside all brackets, or the `}` that closes a brace.
fn item_end(tokens: &[Token<'_>], start: usize) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate().skip(start) {
        match token.text {
            "{" | "(" | "[" => depth += 1,
            "}" | ")" | "]" => {
                depth = depth.saturating_sub(1);
                if depth == 0 && token.text == "}" {
                    return at + 1;
                }
            }
            ";" if depth == 0 => return at + 1,
            _ => {}
        }
    }
    tokens.len()
}

/// The name in an item that ends with `mod name;`.
fn declared_module(item: &[Token<'_>]) -> Option<String> {
    match item {
        [.., keyword, name, end] if keyword.text == "mod" && end.text == ";" => {
            Some(name.text.to_owned())
        }
        _ => None,
    }
}

fn named(code: &[Token<'_>]) -> Vec<Named> {
    let mut out = Vec::new();
    let mut at = 0;
    while at < code.len() {
        let token = code[at];
        // `use<…>` in a type captures lifetimes and imports nothing.
        let next = code.get(at + 1).map_or("", |token| token.text);
        if token.text == "use" && next != "<" {
            at = use_tree(code, at + 1, &mut out);
        } else if token.is_word() {
            at = plain_path(code, at, &mut out);
        } else {
            at += 1;
        }
    }
    out
}

/// Reads `a::b::c` or `name!` at `at`; gives the place after it.
fn plain_path(code: &[Token<'_>], mut at: usize, out: &mut Vec<Named>) -> usize {
    let line = code[at].line;
    let mut path = code[at].text.to_owned();
    at += 1;
    while let [separator, word, ..] = &code[at..]
        && separator.text == "::"
        && word.is_word()
    {
        path.push_str("::");
        path.push_str(word.text);
        at += 2;
    }
    let follows = |ahead: usize| code.get(at + ahead).map_or("", |token| token.text);
    if follows(0) == "!" && follows(1) != "=" {
        path.push('!');
    }
    out.push(Named { path, line, imported: false });
    at
}

/// Reads a use tree up to its `;`; gives the place after it.
fn use_tree(code: &[Token<'_>], mut at: usize, out: &mut Vec<Named>) -> usize {
    let mut prefixes: Vec<Vec<&str>> = Vec::new();
    let mut current: Vec<&str> = Vec::new();
    let mut line = code.get(at).map_or(0, |token| token.line);
    while let Some(token) = code.get(at) {
        at += 1;
        match token.text {
            "{" => prefixes.push(current.clone()),
            "," | "}" | ";" => {
                let prefix = prefixes.last().cloned().unwrap_or_default();
                if !current.is_empty() && current != prefix {
                    out.push(Named { path: current.join("::"), line, imported: true });
                }
                match token.text {
                    "," => current = prefix,
                    "}" => {
                        prefixes.pop();
                        current.clear();
                    }
                    _ => return at,
                }
            }
            "as" => at += 1,
            "::" => {}
            text => {
                current.push(text);
                line = token.line;
            }
        }
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[(&str, usize)]) {
        let source = Source::parse(text);
        let found: Vec<_> = source.named.iter().map(|it| (it.path.as_str(), it.line)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn use_trees_are_flattened() {
        check(
            "use std::{fs as f,\n io::{self, Read},};",
            &[("std::fs", 1), ("std::io::self", 2), ("std::io::Read", 2)],
        );
        check("use ::std::time::*;\nuse a;", &[("std::time::*", 1), ("a", 2)]);
    }

    #[test]
    fn paths_macros_and_comparisons() {
        check(
            "std::fs::read(p); print!(); a != b",
            &[("std::fs::read", 1), ("p", 1), ("print!", 1), ("a", 1), ("b", 1)],
        );
        check("x.collect::<Vec<u8>>()", &[("x", 1), ("collect", 1), ("Vec", 1), ("u8", 1)]);
        check("impl Sized + use<T>", &[("impl", 1), ("Sized", 1), ("use", 1), ("T", 1)]);
    }

    #[test]
    fn test_items_are_left_out() {
        let text = "a\n#[cfg(test)]\n#[derive(B)]\nmod tests {\n  fn f() { x }\n}\nb";
        check(text, &[("a", 1), ("b", 7)]);
        assert_eq!(Source::parse(text).test_lines, 5);
        check("#[cfg(test)]\nfn f(x: [u8; 3]) -> u8 { y }\nb", &[("b", 3)]);
        check("#[cfg(all(test, unix))] use x::y;\nb", &[("b", 2)]);
        check("#![cfg(test)]\nb", &[]);
        check("#[cfg(unix)] b", &[("cfg", 1), ("unix", 1), ("b", 1)]);
    }

    #[test]
    fn test_modules_in_files_of_their_own_are_named() {
        let source = Source::parse("mod a;\n#[cfg(test)]\npub(crate) mod oracle;");
        assert_eq!(source.test_modules, ["oracle"]);
    }
}
