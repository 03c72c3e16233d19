//! `cargo xtask check`: every check in order of cost, each printed with its time.
//!
//! The README's own commands are read from the README and run as written, because a
//! command that users copy must be one that is run. The first failure stops with the
//! name of its step: what follows would only bury the reason.

mod hot_path;
mod outside;
mod readme;
mod results;
mod simulator;

use crate::tidy;
use anyhow::{Context as _, Result, bail};
use results::Results;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// The commands of the README that leave results, and how many folders each makes.
const MAINS: [(&str, usize); 4] =
    [("main-command", 1), ("exp1-command", 1), ("exp3-command", 1), ("all-command", 3)];

/// Runs all checks under `root`. `full` also runs the whole theory suite (a smaller one is in every
/// `cargo test`), the model checker of what many threads share, libFuzzer on the decoder of the wire, the
/// guards of the hot path and of the simulator, the test that reads a report in Chromium, the tests on a Ray
/// cluster of this host, the model server, real models in an experiment and the README's commands that leave
/// results, and refuses a `Cargo.lock` that is not up to date.
///
/// # Errors
/// The first step that fails, by name.
pub(crate) fn run(root: &Path, full: bool) -> Result<()> {
    let mut steps = Steps { root, done: Vec::new() };
    let locked: &[&'static str] = if full { &["--locked"] } else { &[] };
    let cargo =
        |args: &[&'static str], rest: &[&'static str]| [&["cargo"], args, locked, rest].concat();

    steps.step("tidy", || tidy::run(root))?;
    // Read before the long steps, so that a command nobody can run is known at once.
    let readme = root.join("README.md");
    let readme = std::fs::read_to_string(&readme)
        .with_context(|| format!("reading {}", readme.display()))?;
    let test = readme::command(&readme, "test-command")?;
    let mains: Vec<Vec<&str>> =
        MAINS.iter().map(|(marker, _)| readme::command(&readme, marker)).collect::<Result<_>>()?;
    steps.run("format", &["cargo", "fmt", "--all", "--check"], None)?;
    // With the tests that need a browser or Ray, which linting does not.
    let features = "sage/browser,exp1/ray,exp2/ray";
    let clippy = ["clippy", "--workspace", "--all-targets", "--features", features];
    let clippy = cargo(&clippy, &["--", "-D", "warnings"]);
    steps.run("clippy", &clippy, None)?;
    steps.step("embedded outside", || outside::check(root, &readme))?;
    steps.run("test", &test, None)?;
    let deny = Some(("RUSTDOCFLAGS", "-D warnings"));
    steps.run("doc", &cargo(&["doc", "--workspace", "--no-deps"], &[]), deny)?;
    steps.run("bench builds", &cargo(&["bench", "--no-run"], &[]), None)?;
    if full {
        let theory = ["test", "--release", "-p", "pipeline", "--test", "theory"];
        let theory = cargo(&theory, &["--features", "full-theory"]);
        steps.run("theory", &theory, None)?;
        let model = ["clippy", "-p", "sched-shared", "--features", "model", "--all-targets"];
        steps.run("clippy of the model", &cargo(&model, &["--", "-D", "warnings"]), None)?;
        let model = ["test", "-p", "sched-shared", "--features", "model", "--test", "model"];
        steps.run("model", &cargo(&model, &[]), None)?;
        steps.run("fuzz", &["scripts/fuzz.sh", "20"], None)?;
        steps.step("hot path", || hot_path::check(root, locked))?;
        steps.step("simulator", || simulator::check(root, locked))?;
        let browser = ["test", "-p", "sage", "--features", "browser", "--test", "browser"];
        steps.run("report in a browser", &cargo(&browser, &[]), None)?;
        steps.run("set-up of Ray", &["scripts/setup-ray.sh"], None)?;
        let ray = ["test", "-p", "exp1", "-p", "exp2", "--features", "exp1/ray,exp2/ray"];
        let ray = [&["scripts/with-ray.sh", "--"], &cargo(&ray, &["--test", "ray"])[..]].concat();
        steps.run("Ray", &ray, None)?;
        // Nodes as if on other hosts: connections to their workers are encrypted.
        let beyond = cargo(&["test", "-p", "exp1", "--features", "exp1/ray"], &["--test", "ray"]);
        let beyond = [&["scripts/with-ray.sh", "--beyond", "--"], &beyond[..]].concat();
        steps.run("Ray beyond this host", &beyond, None)?;
        steps.run("model server", &["llm/tests/check.sh"], None)?;
        // With the models and the program that the step before has left.
        steps.run("real models", &[".ci/real"], None)?;
        for ((marker, folders), command) in MAINS.into_iter().zip(mains) {
            let before = Results::find(root)?;
            steps.run(marker, &command, None)?;
            steps.step("results", || before.check_new(&Results::find(root)?, folders))?;
        }
    }
    steps.print();
    Ok(())
}

/// The steps done so far, with their times.
struct Steps<'a> {
    root: &'a Path,
    done: Vec<(&'static str, Duration)>,
}

impl Steps<'_> {
    /// Runs one command in the root, with at most one variable added to its environment.
    fn run(
        &mut self,
        name: &'static str,
        words: &[&str],
        variable: Option<(&str, &str)>,
    ) -> Result<()> {
        let [program, args @ ..] = words else { bail!("{name}: empty command") };
        let root = self.root;
        let shown = variable.map(|(key, value)| format!("{key}=\"{value}\" ")).unwrap_or_default();
        self.step(name, || {
            println!("    $ {shown}{}", words.join(" "));
            let status = Command::new(program)
                .args(args)
                .envs(variable)
                .current_dir(root)
                .status()
                .with_context(|| format!("starting {program}"))?;
            if !status.success() {
                bail!("`{}` ended with {status}", words.join(" "));
            }
            Ok(())
        })
    }

    fn step(&mut self, name: &'static str, work: impl FnOnce() -> Result<()>) -> Result<()> {
        println!("==> {name}");
        let start = now();
        work().with_context(|| format!("step `{name}` failed"))?;
        let took = start.elapsed();
        println!("    {name}: ok, {:.1} s", took.as_secs_f64());
        self.done.push((name, took));
        Ok(())
    }

    fn print(&self) {
        println!("==> all checks passed");
        for (name, took) in &self.done {
            println!("{:>10.1} s  {name}", took.as_secs_f64());
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "steps are timed; nothing here is measured")]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_step_is_named_and_stops() {
        let root = crate::root().unwrap();
        let mut steps = Steps { root: &root, done: Vec::new() };
        let failure = steps.run("wrong", &["cargo", "no-such-subcommand"], None).unwrap_err();
        assert_eq!(failure.to_string(), "step `wrong` failed");
        assert!(format!("{failure:#}").contains("`cargo no-such-subcommand` ended with"));
        assert!(steps.done.is_empty());
    }
}
