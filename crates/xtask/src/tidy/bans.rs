//! What each crate never knows, as paths its code must not name.
//!
//! Manifests cannot hold this alone: `std` is everywhere, and pipeline's tokio could
//! open sockets. Comments, literals, test code, `tests/`, `examples/` and `benches/` are
//! free. A parent module of a banned path must not be imported either
//! (`use std::time;`), or the ban could be walked around.

use super::Finding;
use super::repo::Repo;
use super::source::Named;

const RULE: &str = "never knows";

/// One thing that a crate must not name.
#[derive(Clone, Copy)]
enum Ban {
    /// This item, and everything below it.
    Path(&'static str),
    /// Another crate: any path into it.
    Crate(&'static str),
    /// A keyword, or a macro with its `!`.
    Word(&'static str),
}
use Ban::{Crate, Path, Word};

const CLOCK: &str = "it reads no clock: time is an argument";
const RANDOM: &str = "it has no source of chance but the seed it is given";
const IO: &str = "it does no I/O";
const HASH: &str = "its order may reach a decision, and its seed is chance: use a BTreeMap, or the \
                    map of ids that nobody iterates";
const THREADS: &str = "it never waits and starts no threads: the host owns both";

/// Crate, what it must not name, and why.
const BANS: &[(&str, &[(Ban, &str)])] = &[
    (
        "sched-core",
        &[
            (Path("std::time::Instant"), CLOCK),
            (Path("std::time::SystemTime"), CLOCK),
            (Path("std::thread"), THREADS),
            (Path("std::sync::mpsc"), THREADS),
            (Path("std::sync::Condvar"), THREADS),
            (Path("std::sync::Barrier"), THREADS),
            (Word("async"), THREADS),
            (Word("await"), THREADS),
            (Path("std::future"), THREADS),
            (Path("std::fs"), IO),
            (Path("std::io"), IO),
            (Path("std::net"), IO),
            (Path("std::os"), IO),
            (Path("std::process"), IO),
            (Path("std::env"), "a decision depends on the history alone, never on the environment"),
            (Word("print!"), IO),
            (Word("println!"), IO),
            (Word("eprint!"), IO),
            (Word("eprintln!"), IO),
            (Path("std::collections::HashMap"), HASH),
            (Path("std::collections::HashSet"), HASH),
            (Path("std::collections::hash_map"), HASH),
            (Path("std::collections::hash_set"), HASH),
            (Path("std::hash::RandomState"), RANDOM),
        ],
    ),
    (
        "metrics",
        &[
            (Crate("plotters"), "it measures, viz draws"),
            (Crate("serde_yaml"), "it writes JSON and CSV; YAML is the harness's"),
            (Path("std::time::Instant"), CLOCK),
            (Path("std::time::SystemTime"), CLOCK),
            (Path("std::net"), "it opens no sockets"),
        ],
    ),
    (
        "pipeline",
        &[
            (Path("std::net"), "sockets belong to an executor in a crate of its own"),
            (Path("std::os"), "it knows no particular system"),
            (Path("std::process"), "it starts and ends no processes"),
            (Path("tokio::net"), "sockets belong to an executor in a crate of its own"),
            (Path("tokio::process"), "it starts and ends no processes"),
            (Path("rustix::net"), "sockets belong to an executor in a crate of its own"),
            (Path("rustix::process"), "it starts and ends no processes"),
            (Crate("clap"), "flags are the harness's"),
            (Crate("serde_yaml"), "spec files are the harness's"),
        ],
    ),
    (
        "flight",
        &[
            (Path("std::time::Instant"), CLOCK),
            (Path("std::time::SystemTime"), CLOCK),
            (Path("std::thread"), "it runs inside the host's calls and never waits"),
            (Path("std::fs"), "it reads and writes what it is given; files are its caller's"),
            (Path("std::net"), "it opens no sockets"),
            (Path("std::env"), "what a log says depends on the history alone"),
            (Path("std::process"), "it starts and ends no processes"),
            (Word("print!"), "it tells its caller; printing is the harness's"),
            (Word("println!"), "it tells its caller; printing is the harness's"),
            (Path("std::collections::HashMap"), HASH),
            (Path("std::collections::HashSet"), HASH),
        ],
    ),
    (
        "cluster",
        &[
            (Path("std::time::Instant"), "instants are those of pipeline's clock"),
            (Path("std::time::SystemTime"), CLOCK),
            (Crate("harness"), "it runs what it is given and knows no experiment"),
            (Crate("metrics"), "it measures nothing: it tells the loop instants"),
            (Crate("clap"), "flags are the harness's"),
            (Crate("serde_yaml"), "files are the harness's"),
            (Path("std::collections::HashMap"), HASH),
        ],
    ),
    (
        "services",
        &[
            (Crate("pipeline"), "it serves whoever calls it and knows no stage"),
            (Crate("sched_core"), "it never knows scheduling"),
            (Crate("harness"), "it never knows an experiment"),
            (Path("std::process"), "it starts no server; the harness does"),
            (Path("std::env"), "keys are found by whoever makes the clients"),
            (Crate("tokio"), "its calls block, on threads of their callers"),
            (Path("std::collections::HashMap"), HASH),
        ],
    ),
    (
        "viz",
        &[
            (Crate("pipeline"), "it draws reports and never knows how a run was made"),
            (Crate("sched_core"), "it draws reports and never knows how a run was made"),
            (Crate("harness"), "it draws reports and never knows how a run was made"),
            (Crate("serde_yaml"), "it draws reports; YAML is the harness's"),
            (Path("std::time::Instant"), CLOCK),
            (Path("std::time::SystemTime"), CLOCK),
            (Path("std::net"), "it opens no sockets"),
            (Path("std::process"), "it starts and ends no processes"),
        ],
    ),
];

/// Every place where a crate's own code names what the crate never knows.
pub(super) fn check(repo: &Repo) -> Vec<Finding> {
    let mut out = Vec::new();
    for (file, source) in repo.sources() {
        let Some((owner, bans)) = BANS.iter().find(|(owner, _)| {
            file.path.strip_prefix("crates/").is_some_and(|rest| {
                rest.strip_prefix(owner).is_some_and(|rest| rest.starts_with('/'))
            })
        }) else {
            continue;
        };
        for named in &source.named {
            if let Some((_, reason)) = bans.iter().find(|(ban, _)| ban.hits(named)) {
                let message = format!("`{owner}` must not name `{}`: {reason}", named.path);
                out.push(Finding::new(RULE, &file.path, named.line, message));
            }
        }
    }
    out
}

impl Ban {
    fn hits(self, named: &Named) -> bool {
        let path = named.path.as_str();
        match self {
            Word(word) => path == word,
            Crate(name) => (path == name && named.imported) || is_below(path, name),
            Path(banned) => {
                // A glob imports what lies beside it, a module leads to what lies below.
                let opened = path.trim_end_matches("::*").trim_end_matches("::self");
                path == banned
                    || is_below(path, banned)
                    || (named.imported && is_below(banned, opened) && opened != "std")
                    || (named.imported && opened == "std" && path != "std")
            }
        }
    }
}

/// Whether `path` lies strictly below `module`.
fn is_below(path: &str, module: &str) -> bool {
    path.strip_prefix(module).is_some_and(|rest| rest.starts_with("::"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_in(path: &str, text: &str, expected: &[&str]) {
        let found = check(&Repo::of(&[(path, text)]));
        let found: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert_eq!(found.len(), expected.len(), "{found:#?}");
        for (found, expected) in found.iter().zip(expected) {
            assert!(found.contains(expected), "{found}");
        }
    }

    const CORE: &str = "crates/sched-core/src/a.rs";

    /// Each ban of each crate, written as code in that crate, is found.
    #[test]
    fn every_ban_can_fail() {
        for (owner, bans) in BANS {
            for (ban, reason) in *bans {
                let code = match ban {
                    Path(path) => format!("\nuse {path};"),
                    Crate(name) => format!("\nuse {name}::x;"),
                    Word(word) => format!("\n{word} {{}}"),
                };
                check_in(&format!("crates/{owner}/src/a.rs"), &code, &[reason]);
            }
        }
    }

    #[test]
    fn place_and_reason_are_named() {
        let place = "crates/sched-core/src/a.rs:3: [never knows]";
        let what = "`sched-core` must not name `std::thread::spawn`: it never waits";
        let text = "//! a\nfn f() {\n    std::thread::spawn(f);\n}";
        check_in(CORE, text, &[&format!("{place} {what}")]);
    }

    #[test]
    fn a_ban_cannot_be_walked_around() {
        check_in(CORE, "use std::time;", &["std::time"]);
        check_in(CORE, "use std::time::*;", &["std::time::*"]);
        check_in(CORE, "use std::{fmt, collections::{self, BTreeMap}};", &["collections::self"]);
        check_in(CORE, "use std::*;", &["std::*"]);
        check_in(CORE, "use std::{thread as t};", &["std::thread"]);
    }

    #[test]
    fn what_is_allowed_passes() {
        check_in(CORE, "use std::time::Duration; use std::collections::BTreeMap;", &[]);
        check_in(CORE, "/// std::thread\nfn f() { \"std::thread\"; }", &[]);
        check_in(CORE, "#[cfg(test)]\nmod tests { use std::thread; }", &[]);
        check_in("crates/sched-core/tests/a.rs", "use std::thread;", &[]);
        check_in("crates/sched-core/examples/a.rs", "fn main() { println!(); }", &[]);
        check_in("crates/harness/src/a.rs", "use std::fs;", &[]);
        check_in("crates/viz/src/a.rs", "let pipeline = 1; use crate::pipeline::x;", &[]);
    }
}
