//! A host program with a flight recorder: record now, find out later.
//!
//! The scheduler is wrapped once; the host's loop does not change. In a service the log would be a
//! file, here it is a vector. Afterwards the log replays, decision by decision, and tells
//! where another policy would have gone.
//!
//! Run with `cargo run -p flight --example record`.

use flight::{Header, Log, Recorder, compare, replay};
use sched_core::{ClusterSpec, Decision, Event, PolicySpec, Registry, Resources};
use sched_core::{Scheduler, Span, Task, TaskId, Time};
use std::collections::BTreeMap;

/// Records a run, replays it, and compares it with another policy.
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let cluster = ClusterSpec::uniform(3, 2)?; // three workers, two slots each
    let policy = Registry::builtin().resolve(&PolicySpec::named("power_of_two"))?;
    let seed = 42;

    // Wrap the scheduler: the header holds what a replay needs to build it again.
    let header = Header::of(&policy, &cluster, seed, "job server, nightly batch");
    let mut log = Vec::new(); // in a service: std::fs::File::create("night.flight")?
    let mut scheduler = Recorder::new(policy.build(&cluster, seed), &mut log, &header)?;

    // The host as it was.
    let mut done_at = BTreeMap::new();
    let mut decisions = Vec::new();
    for step in 0..200 {
        let now = Time::ZERO + Span::from_millis(step);
        while let Some((&(at, task), &node)) = done_at.first_key_value()
            && at <= now
        {
            done_at.pop_first();
            scheduler.on_event(now, Event::Finished { task, node });
        }
        if step < 150 {
            let id = TaskId { index: step, stage: 0 };
            let task = Task::new(id, now, Resources::milli_cpu(1000));
            scheduler.on_event(now, Event::Submit(task));
        }
        scheduler.poll(now, &mut decisions);
        for decision in decisions.drain(..) {
            if let Decision::Assign { task, node } = decision {
                done_at.insert((now + Span::from_millis(3 + task.index % 4), task), node);
            }
        }
    }

    // The end of the run: a disk that was full would be told here, and has disturbed nothing.
    let (_, recorded) = scheduler.finish();
    let recorded = recorded?;
    println!("{} facts, {} bytes", recorded.events, recorded.bytes);

    // Later, elsewhere: the same decisions, one by one.
    let mut reader = Log::open(&log[..])?;
    let policy = Registry::builtin().resolve(&reader.header().policy)?;
    let mut again = policy.build(&reader.header().cluster, reader.header().seed);
    let replayed = replay(&mut reader, &mut again)?;
    match replayed.difference {
        None => println!("{} decisions reproduced", replayed.decisions),
        Some(difference) => return Err(difference.to_string().into()),
    }

    // And what another policy would have chosen.
    let mut reader = Log::open(&log[..])?;
    let mut other = Registry::builtin().build("fifo", &cluster)?;
    let told = compare(&mut reader, &mut other, 3)?;
    println!("fifo would have differed on {} of {} calls", told.different(), replayed.decisions);
    Ok(())
}
