//! A host program that drives a scheduler by hand: a tiny job server with three workers.
//!
//! The scheduler decides, the host acts. It tells the scheduler what happened, polls once
//! per instant, and carries out the decisions. Here time is a counter and work is
//! pretended; a service would pass its clock's reading and send the calls to its workers.
//!
//! Run with `cargo run -p sched-core --example embed`.

use sched_core::{ClusterSpec, Decision, Event, Level, NodeId, PolicySpec, Registry};
use sched_core::{Resources, Scheduler, Span, Task, TaskId, Time};
use std::collections::BTreeMap;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let cluster = ClusterSpec::uniform(3, 2)?; // three workers, two slots each
    let policy = PolicySpec::named("priority").with("aging", "50ms");
    let mut scheduler = Registry::builtin().resolve(&policy)?.build(&cluster, 42);

    let mut done_at: BTreeMap<(Time, TaskId), NodeId> = BTreeMap::new(); // what runs, by its end
    let mut decisions = Vec::new();
    let mut next_job = 0;
    let mut now = Time::ZERO;
    loop {
        // 1. What happened: finished calls first, then a burst of ten jobs every 20 ms.
        while let Some((&(at, task), &node)) = done_at.first_key_value()
            && at <= now
        {
            done_at.pop_first();
            scheduler.on_event(now, Event::Finished { task, node });
            println!("{now:>6}  {task} done on {node}");
        }
        if next_job < 30 && now.as_nanos().is_multiple_of(20_000_000) {
            for _ in 0..10 {
                scheduler.on_event(now, Event::Submit(job(next_job, now)));
                next_job += 1;
            }
        }
        // 2. What to do about it: one poll for the instant.
        scheduler.poll(now, &mut decisions);
        for decision in decisions.drain(..) {
            match decision {
                Decision::Assign { task, node } => {
                    println!("{now:>6}  {task} -> {node}");
                    done_at.insert((now + Span::from_millis(5 + task.index % 3), task), node);
                }
                Decision::Reject { task, reason } => println!("{now:>6}  {task} refused: {reason}"),
                _ => {}
            }
        }
        if next_job == 30 && done_at.is_empty() {
            break; // nothing runs, and with all workers free nothing can be waiting
        }
        now = now + Span::from_millis(1);
    }
    println!("all {next_job} jobs done after {now}");
    Ok(())
}

/// A job of one slot; every fifth is urgent.
fn job(index: u64, now: Time) -> Task {
    let id = TaskId { index, stage: 0 };
    let mut task = Task::new(id, now, Resources::milli_cpu(Resources::MILLI_PER_SLOT));
    if index.is_multiple_of(5) {
        task.priority = Level::MAX;
    }
    task
}
