//! Command lines as text that a shell reads back.
//!
//! Reports name the command that made them, and a run that can decide nothing names one that
//! would; both are meant to be pasted.

/// A command line, quoted for a shell. The program is named without its folder.
pub fn quoted_command(args: impl Iterator<Item = String>) -> String {
    let words = args.enumerate().map(|(i, arg)| match i {
        0 => quote(arg.rsplit(['/', '\\']).next().unwrap_or(&arg)),
        _ => quote(&arg),
    });
    words.collect::<Vec<_>>().join(" ")
}

/// A word as a POSIX shell reads it back.
pub fn quote(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@%+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_where_a_shell_needs_it() {
        for (word, quoted) in [
            ("priority:aging=2s,bind=late", "priority:aging=2s,bind=late"),
            ("my folder", "'my folder'"),
            ("it's", r"'it'\''s'"),
            ("$HOME", "'$HOME'"),
            ("", "''"),
        ] {
            assert_eq!(quote(word), quoted);
        }
        let args = ["target/debug/exp2", "--output", "a b"].map(str::to_owned);
        assert_eq!(quoted_command(args.into_iter()), "exp2 --output 'a b'");
    }
}
