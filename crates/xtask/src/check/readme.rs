//! Commands of the README that are run as they stand there.
//!
//! A comment marks each: `<!-- test-command -->`, then a fenced block whose first line is
//! the command. No shell is involved, so that what runs is what every shell would run.

use anyhow::{Context as _, Result, bail};

/// The words of the command after `<!-- MARKER -->`.
///
/// # Errors
/// When the marker or its block is missing, or when the command needs a shell.
pub(super) fn command<'a>(readme: &'a str, marker: &str) -> Result<Vec<&'a str>> {
    let comment = format!("<!-- {marker} -->");
    let missing = || {
        format!("README.md: needs a line `{comment}` and below it a fenced block with the command")
    };
    let mut lines = readme.lines().map(str::trim).skip_while(|line| *line != comment).skip(1);
    let fence = lines.find(|line| !line.is_empty());
    if !fence.is_some_and(|line| line.starts_with("```")) {
        bail!(missing());
    }
    let line = lines.next().filter(|line| !line.is_empty() && !line.starts_with("```"));
    let line = line.with_context(missing)?;
    let line = line.strip_prefix("$ ").unwrap_or(line);
    if line.contains(['|', '&', ';', '<', '>', '$', '"', '\'', '`', '\\', '*']) {
        bail!("README.md: `{line}` needs a shell; write one plain command");
    }
    Ok(line.split_whitespace().collect())
}

/// The whole block after `<!-- MARKER -->`, without its fences.
///
/// # Errors
/// When the marker or its block is missing.
pub(super) fn block(readme: &str, marker: &str) -> Result<String> {
    let comment = format!("<!-- {marker} -->");
    let mut lines = readme.lines().skip_while(|line| line.trim() != comment).skip(1);
    if !lines.next().is_some_and(|line| line.starts_with("```")) {
        bail!("README.md: needs a line `{comment}` and below it a fenced block");
    }
    Ok(lines.take_while(|line| *line != "```").map(|line| format!("{line}\n")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const README: &str = "# a\n<!-- test-command -->\n\n```sh\n$ cargo test -p a\nok\n```\n\
        <!-- main-command -->\ncargo run\n";

    #[test]
    fn the_first_line_of_the_block_is_the_command() {
        assert_eq!(command(README, "test-command").unwrap(), ["cargo", "test", "-p", "a"]);
    }

    #[test]
    fn a_block_is_read_whole() {
        let readme = "<!-- a -->\n```rust\nfn a() {\n\n}\n```\nb\n";
        assert_eq!(block(readme, "a").unwrap(), "fn a() {\n\n}\n");
        assert!(block(readme, "b").is_err() && block("<!-- a -->\n\n", "a").is_err());
    }

    #[test]
    fn a_missing_marker_or_block_is_an_error() {
        for marker in ["other-command", "main-command"] {
            let error = command(README, marker).unwrap_err().to_string();
            assert!(error.contains(&format!("<!-- {marker} -->")), "{error}");
        }
        assert!(command("<!-- a -->\n```\n```\n", "a").is_err());
    }

    #[test]
    fn a_command_that_needs_a_shell_is_an_error() {
        let error = command("<!-- a -->\n```\nmake && cargo test\n```", "a").unwrap_err();
        assert!(error.to_string().contains("needs a shell"), "{error}");
    }
}
