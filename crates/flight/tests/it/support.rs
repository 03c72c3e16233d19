//! Recorded runs to read.

use flight::{End, Header, Log, Record, Recorded, Recorder};
use sched_core::testkit::Promises;
use sched_core::testkit::run::{Entry, History, Run};
use sched_core::{PolicySpec, Registry, ResolvedPolicy, Scheduler};

pub(crate) const SEED: u64 = 7;

/// Every built-in policy, bound late and early.
pub(crate) fn policies() -> Vec<ResolvedPolicy> {
    let registry = Registry::builtin();
    let names = registry.names().into_iter();
    let both = names.flat_map(|name| ["late", "early"].map(|bind| (name, bind)));
    both.map(|(name, bind)| {
        registry.resolve(&PolicySpec::named(name).with("bind", bind)).expect("built in")
    })
    .collect()
}

pub(crate) fn policy(name: &str) -> ResolvedPolicy {
    Registry::builtin().resolve(&PolicySpec::named(name)).expect("built in")
}

/// A run on paper of this policy, recorded: the log, what the recorder counted, and what the paper
/// host saw.
pub(crate) fn record(
    policy: &ResolvedPolicy,
    history: &History,
) -> (Vec<u8>, Recorded, Vec<Entry>) {
    let header = Header::of(policy, &history.spec, SEED, "a run on paper");
    let mut bytes = Vec::new();
    let inner = policy.build(&history.spec, SEED);
    let mut recorder = Recorder::new(inner, &mut bytes, &header).expect("a Vec takes all");
    let mut seen = Vec::new();
    play(policy, history, &mut recorder, &mut seen);
    let (_, recorded) = recorder.finish();
    (bytes, recorded.expect("a Vec takes all"), seen)
}

pub(crate) fn play(
    policy: &ResolvedPolicy,
    history: &History,
    scheduler: &mut dyn Scheduler,
    seen: &mut Vec<Entry>,
) {
    let promises = Promises::default();
    let mut run = Run::new(&history.spec, policy.bind(), &promises, scheduler, None, seen);
    run.play(history).expect("a built-in policy keeps its promises");
}

/// All records of a sound log, and how it ends.
pub(crate) fn read(bytes: &[u8]) -> (Vec<Record>, End) {
    let mut log = Log::open(bytes).expect("a sound header");
    let records = log.by_ref().collect::<Result<Vec<_>, _>>().expect("sound records");
    (records, log.end().expect("it was read to its end"))
}
