//! Checked flags, and what they do to a spec.
//!
//! A flag wins over presets and files, in every configuration. Most become values in the
//! draft, before its checks; `--work` changes what was checked, because it needs the mean of each
//! service law.

use super::{RunArgs, choose, parse_policy};
use crate::Error;
use crate::fleet;
use crate::run::{Options, Workers};
use crate::spec::{Configuration, Draft, Environment, Node, Place, Spec, Work, parse_arrivals};
use pipeline::model::Operator;
use sched_core::{Registry, Span};

/// Chained MD5 rounds that stand for a millisecond of nominal service time.
const ROUNDS_PER_MS: f64 = 1_000.0;

/// Flags of a command, checked.
#[derive(Clone, PartialEq, Debug)]
pub struct Flags {
    values: Vec<(&'static [&'static str], Node)>,
    work: Option<Work>,
    options: Options,
}

impl Flags {
    /// Checks flags on their own. Policies are those that `registry` knows.
    ///
    /// # Errors
    /// The first flag that is wrong, with what would be right.
    pub fn check(args: RunArgs, registry: &Registry) -> Result<Flags, Error> {
        let mut values: Vec<(&'static [&'static str], Node)> = Vec::new();
        let mut set = |path, flag: &str, text: &str| {
            values.push((path, Node::scalar(&Place::flag(flag), text)));
        };
        if let Some(text) = &args.env {
            let flag = "--env";
            choose(flag, "environment", text, &[("sim", ()), ("local", ()), ("cluster", ())], &[])?;
            set(&["environment"], flag, text);
        }
        if let Some(text) = &args.arrivals {
            let flag = "--arrivals";
            parse_arrivals(text).map_err(|error| Error::Usage(format!("{flag}: {error}")))?;
            set(&["workload", "arrivals"], flag, text);
        }
        if let Some(text) = &args.tasks {
            set(&["workload", "tasks"], "--tasks", whole("--tasks", text, 1)?);
        }
        if let Some(text) = &args.seed {
            set(&["seed"], "--seed", whole("--seed", text, 0)?);
        }
        if let Some(text) = &args.reps {
            set(&["repetitions"], "--reps", whole("--reps", text, 1)?);
        }
        if !args.schedulers.is_empty() {
            let flag = "--schedulers";
            let parse = |text: &String| parse_policy(flag, text, registry);
            let policies =
                args.schedulers.iter().map(parse).collect::<Result<Vec<Node>, Error>>()?;
            values.push((&["schedulers"], Node::list(&Place::flag(flag), policies)));
        }
        let kinds = [("emulated", Work::Emulated), ("cpu", Work::Cpu), ("real", Work::Real)];
        let work = args.work.as_deref();
        let work = work.map(|text| choose("--work", "kind of work", text, &kinds, &[]));
        let options = Options {
            output: args.output,
            json: args.json,
            plots: !args.no_plots,
            all_latencies: args.all_latencies,
            record: args.record,
            workers: Workers::new(args.cluster.as_deref().map(fleet::origin).transpose()?)?,
        };
        Ok(Flags { values, work: work.transpose()?, options })
    }

    /// Lays the flags over a draft and checks the whole.
    ///
    /// # Errors
    /// At the first place, file or flag, that is wrong.
    pub fn apply(&self, mut draft: Draft, registry: &Registry) -> Result<Spec, Error> {
        for (path, node) in &self.values {
            draft.set(path, node.clone());
        }
        let mut spec = Spec::check(&draft, registry)?;
        if let Some(work) = self.work {
            set_work(&mut spec, work)?;
        }
        Ok(spec)
    }

    /// What is written and printed.
    pub fn options(&self) -> &Options {
        &self.options
    }
}

/// `text` if it is a whole number of at least `least`.
fn whole<'t>(flag: &str, text: &'t str, least: u64) -> Result<&'t str, Error> {
    match text.parse::<u64>() {
        Ok(n) if n >= least => Ok(text),
        _ => Err(Error::Usage(format!(
            "{flag}: `{text}` is not valid; write a whole number of at least {least}"
        ))),
    }
}

fn set_work(spec: &mut Spec, work: Work) -> Result<(), Error> {
    let virtual_time = |it: &Configuration| it.setup.environment == Environment::Sim;
    let real = |it: &Configuration| it.setup.work() == Work::Real;
    match work {
        Work::Real if spec.configurations.iter().all(real) => return Ok(()),
        Work::Real => {
            return Err(Error::Usage(
                "--work: the stages ask no service; take `--pipeline rag`, `llm` or `mixed`, or a spec \
                 whose stages have operators like `embed` and `generate`"
                    .to_owned(),
            ));
        }
        _ if spec.configurations.iter().any(real) => {
            return Err(Error::Usage(format!(
                "--work: the stages ask services, which cannot be `{work}`; leave `--work` away"
            )));
        }
        _ => {}
    }
    if work == Work::Cpu && spec.configurations.iter().any(virtual_time) {
        let message = "--work: virtual time cannot hold real work; run it with `--env local`";
        return Err(Error::Usage(message.to_owned()));
    }
    let configurations = spec.configurations.iter_mut();
    for stage in configurations.flat_map(|it| &mut it.setup.workload.stages) {
        let mean = stage.service.mean();
        let timed = match (work, &stage.operator) {
            (Work::Cpu, Operator::Emulate) | (Work::Emulated, Operator::Compute { .. }) => {
                mean > Span::ZERO
            }
            _ => continue,
        };
        if !timed {
            return Err(Error::Usage(format!(
                "--work: stage `{}` has no service time that could become other work; give it a \
                 `service`, or leave `--work` away",
                stage.name
            )));
        }
        stage.operator = match work {
            Work::Emulated | Work::Real => Operator::Emulate,
            Work::Cpu => {
                let rounds = (mean.as_secs_f64() * 1e3 * ROUNDS_PER_MS).round();
                Operator::Compute { rounds: (rounds as u32).max(1) } // `as` saturates
            }
        };
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPEC: &str = "
cluster: {nodes: 2, slots: 2}
workload: {tasks: 100, arrivals: batch}
pipeline: {stages: [{name: a, service: {constant: 10ms}}, {name: b, service: {constant: 1ms}}]}
schedulers: [fifo]
configurations:
  small: {workload: {tasks: 5}}
  large: {workload: {tasks: 500}, schedulers: [random]}
";

    fn apply(args: RunArgs) -> Result<Spec, Error> {
        let registry = Registry::builtin();
        let flags = Flags::check(args, &registry)?;
        flags.apply(Draft::parse(SPEC, "spec.yaml").unwrap(), &registry)
    }

    #[test]
    fn flags_win_in_every_configuration() {
        let args = RunArgs {
            tasks: Some("7".into()),
            reps: Some("3".into()),
            seed: Some("9".into()),
            arrivals: Some("closed:4".into()),
            schedulers: vec!["round_robin".into()],
            ..RunArgs::default()
        };
        for run in apply(args).unwrap().runs() {
            assert_eq!(run.setup.workload.tasks, 7);
            assert_eq!((run.setup.repetitions, run.setup.seed), (3, 9));
            assert_eq!(run.policy.name(), "round_robin");
        }
    }

    #[test]
    fn cpu_work_burns_what_the_service_time_stands_for() {
        let spec = apply(RunArgs { work: Some("cpu".into()), ..RunArgs::default() }).unwrap();
        let stages = &spec.configurations[0].setup.workload.stages;
        let operators: Vec<&Operator> = stages.iter().map(|stage| &stage.operator).collect();
        let compute = |rounds| Operator::Compute { rounds };
        assert_eq!(operators, [&compute(10_000), &compute(1_000)]);
    }

    #[track_caller]
    fn refused(args: RunArgs, message: &str) {
        let error = apply(args).unwrap_err();
        assert_eq!((error.to_string().as_str(), error.exit().code()), (message, 2));
    }

    #[test]
    fn wrong_values_name_their_flag() {
        let base = RunArgs::default;
        refused(
            RunArgs { tasks: Some("0".into()), ..base() },
            "--tasks: `0` is not valid; write a whole number of at least 1",
        );
        refused(
            RunArgs { env: Some("lokal".into()), ..base() },
            "--env: unknown environment `lokal`; did you mean `local`? valid: sim, local, cluster",
        );
        refused(
            RunArgs { reps: Some("-1".into()), ..base() },
            "--reps: `-1` is not valid; write a whole number of at least 1",
        );
    }
}
