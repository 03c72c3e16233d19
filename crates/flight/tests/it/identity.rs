//! Every built-in policy, recorded over random histories and played again.

use crate::support::{SEED, policies, policy, read, record};
use flight::{End, Header, Log, Record, Recorder, replay};
use sched_core::Scheduler;
use sched_core::testkit::history::random;
use sched_core::testkit::run::Entry;
use sched_core::{Decision, Event, Span, StaleView, View};

const HISTORIES: u64 = 150;

#[test]
fn every_policy_decides_again_what_was_recorded() {
    for policy in policies() {
        for seed in 0..HISTORIES {
            let history = random(seed);
            let (bytes, recorded, _) = record(&policy, &history);
            let mut log = Log::open(&bytes[..]).unwrap();
            let header = Header::of(&policy, &history.spec, SEED, "a run on paper");
            assert_eq!(*log.header(), header);
            let mut scheduler = policy.build(&history.spec, SEED);
            let replayed = replay(&mut log, &mut scheduler).unwrap();
            assert_eq!(replayed.difference, None, "{} on history {seed}", policy.name());
            assert_eq!(log.end(), Some(End::Whole));
            let counts = (replayed.events, replayed.polls, replayed.decisions);
            assert_eq!(counts, (recorded.events, recorded.polls, recorded.decisions));
            assert_eq!(recorded.bytes, bytes.len() as u64);
            assert_eq!(log.bytes(), bytes.len() as u64);
        }
    }
}

/// Recorded outside of the view, a log holds what was true; inside of it, what the policy knew. Both
/// hold every decision. The facts are those of another run: it is enough that they are made of all kinds.
#[test]
fn a_stale_view_replays_from_its_header() {
    let views = [(1, false), (5_000_000, true), (5_000_000, false)];
    for (policy, (refresh, own)) in
        policies().into_iter().flat_map(|p| views.map(|v| (p.clone(), v)))
    {
        let view = View::new(Span::from_nanos(refresh), own).unwrap();
        let mut refreshes = 0;
        for seed in 0..HISTORIES / 5 {
            let history = random(seed);
            let header = Header::of(&policy, &history.spec, SEED, "").with_view(Some(view));
            let (mut outside, mut inside) = (Vec::new(), Vec::new());
            let inner = Recorder::new(policy.build(&history.spec, SEED), &mut inside, &header);
            let stale = StaleView::new(view, inner.unwrap());
            let mut recorder = Recorder::new(stale, &mut outside, &header).unwrap();
            for record in read(&record(&policy, &history).0).0 {
                match record {
                    Record::Event { at, event } => recorder.on_event(at, event),
                    Record::Poll { at } => recorder.poll(at, &mut Vec::new()),
                    Record::Decision(_) => {}
                }
            }
            recorder.finish().1.unwrap();
            let mut log = Log::open(&outside[..]).unwrap();
            assert_eq!(*log.header(), header);
            let mut again = StaleView::new(view, policy.build(&history.spec, SEED));
            assert_eq!(replay(&mut log, &mut again).unwrap().difference, None);
            let mut log = Log::open(&inside[..]).unwrap();
            let mut again = policy.build(&history.spec, SEED);
            assert_eq!(replay(&mut log, &mut again).unwrap().difference, None);
            let told = read(&inside).0.into_iter();
            let refresh = |r: &Record| matches!(r, Record::Event { event: Event::Refresh, .. });
            refreshes += told.filter(refresh).count();
        }
        assert_eq!(refreshes > 100, !own, "{refreshes}");
    }
}

/// The paper host keeps a log of its own, which shares nothing with ours.
#[test]
fn the_log_holds_what_the_host_saw() {
    for policy in policies() {
        for seed in 0..HISTORIES {
            let (bytes, _, seen) = record(&policy, &random(seed));
            let (records, _) = read(&bytes);
            let decided = records.iter().filter_map(|record| match record {
                Record::Decision(decision) => Some(*decision),
                _ => None,
            });
            let expected = seen.iter().filter_map(|entry| match entry {
                Entry::Decided(decision) => Some(*decision),
                _ => None,
            });
            assert!(decided.eq(expected), "{} on history {seed}", policy.name());
            let told = records.iter().filter(|record| matches!(record, Record::Event { .. }));
            let happened =
                seen.iter().filter(|entry| matches!(entry, Entry::Did(_) | Entry::Back(_)));
            assert_eq!(told.count(), happened.count());
            let back = records.iter().filter_map(|record| match record {
                Record::Event { event: Event::Submit(task), .. } if task.attempt > 1 => Some(*task),
                _ => None,
            });
            let lost = seen.iter().filter_map(|entry| match entry {
                Entry::Back(task) if task.attempt > 1 => Some(*task),
                _ => None,
            });
            assert!(back.eq(lost));
        }
    }
}

/// The check that passes above can fail: another seed, and another policy, are found out.
#[test]
fn another_scheduler_is_found_out() {
    let mut found = [0, 0];
    for seed in 0..HISTORIES {
        let history = random(seed);
        let (bytes, ..) = record(&policy("random"), &history);
        let others = [(policy("random"), SEED + 1), (policy("round_robin"), SEED)];
        for (at, (other, seed)) in others.iter().enumerate() {
            let mut log = Log::open(&bytes[..]).unwrap();
            let replayed = replay(&mut log, &mut other.build(&history.spec, *seed)).unwrap();
            let Some(difference) = replayed.difference else { continue };
            assert_ne!(difference.expected, difference.got);
            found[at] += 1;
        }
    }
    // Histories of one node leave no choice.
    assert!(found.iter().all(|&found| found > HISTORIES / 2), "{found:?}");
}

#[test]
fn histories_of_the_test_hold_all_kinds_of_records() {
    let mut kinds = [0; 7];
    for seed in 0..HISTORIES {
        for record in read(&record(&policy("fifo"), &random(seed)).0).0 {
            kinds[match record {
                Record::Event { event: Event::Submit(_), .. } => 0,
                Record::Event { event: Event::Finished { .. }, .. } => 1,
                Record::Event { event: Event::NodeUp(_), .. } => 2,
                Record::Event { event: Event::NodeDown(_), .. } => 3,
                Record::Event { .. } => 4,
                Record::Decision(Decision::Assign { .. }) | Record::Poll { .. } => 5,
                Record::Decision(_) => 6,
            }] += 1;
        }
    }
    assert!(kinds.iter().all(|&count| count > 10), "{kinds:?}");
}
