//! Logs that are not as the recorder wrote them.

use crate::support::{SEED, policies, policy, read, record};
use flight::{End, Log, LogError, Recorder, compare, observe, replay};
use sched_core::rng::Rng;
use sched_core::testkit::history::random;
use sched_core::{Event, NodeId, Resources, Scheduler, Task, TaskId, Time};

fn message(bytes: &[u8]) -> String {
    Log::open(bytes).unwrap_err().to_string()
}

/// Where the header of a log ends, found by cutting.
fn head(bytes: &[u8]) -> usize {
    (0..bytes.len()).find(|&cut| Log::open(&bytes[..cut]).is_ok()).expect("a sound header")
}

#[test]
fn a_log_cut_anywhere_reads_up_to_its_last_whole_record() {
    for seed in [3, 8, 14, 21] {
        for policy in [policy("fifo"), policy("round_robin")] {
            let (bytes, ..) = record(&policy, &random(seed));
            let (whole, end) = read(&bytes);
            assert_eq!(end, End::Whole);
            let head = head(&bytes);
            let mut before = 0;
            for cut in 0..bytes.len() {
                let mut log = match Log::open(&bytes[..cut]) {
                    Ok(log) => log,
                    Err(error) => {
                        let nothing = matches!(error, LogError::NotALog) && cut == 0;
                        assert!(nothing || matches!(error, LogError::NoHeader), "{cut}: {error}");
                        assert!(cut < head);
                        continue;
                    }
                };
                let records = log.by_ref().collect::<Result<Vec<_>, _>>().unwrap();
                let Some(End::CutOff { lost }) = log.end() else { panic!("{:?}", log.end()) };
                assert_eq!(records, whole[..records.len()]);
                assert!(records.len() == before || records.len() == before + 1 && lost == 0);
                assert_eq!(log.bytes() + lost, cut as u64);
                before = records.len();
                let mut log = Log::open(&bytes[..cut]).unwrap();
                let mut again = policy.build(&log.header().cluster, SEED);
                assert_eq!(replay(&mut log, &mut again).unwrap().difference, None);
            }
            assert_eq!(before, whole.len());
        }
    }
}

#[test]
fn other_versions_and_other_files_are_named() {
    let (bytes, ..) = record(&policy("fifo"), &random(1));
    let with = |at: usize, value: u8| {
        let mut bytes = bytes.clone();
        bytes[at] = value;
        bytes
    };
    assert_eq!(
        message(&with(8, 1)),
        "the log has format version 1, this program knows 2: read it with the version that wrote it"
    );
    assert_eq!(
        message(&with(9, 7)),
        "the log was recorded with version 7 of the scheduler's facts and decisions, this program \
         has 2: replay it with the version that recorded it"
    );
    for other in [&b""[..], b"name: two-speeds\n", b"\x89PNG\r\n\x1a\n0000", &with(0, 0)] {
        let what = "this is not a flight log: its first bytes are not those of one";
        assert_eq!(message(other), what);
    }
    let damaged = "the log's header is damaged: its checksum is wrong";
    assert_eq!(message(&with(16, bytes[16] ^ 1)), damaged);
    let nothing = "the log ends within its header: nothing was recorded";
    assert_eq!(message(&bytes[..20]), nothing);
    assert_eq!(
        message(&[&bytes[..10], &[0xFF; 9], &[0x01]].concat()),
        "the log's header is damaged: it is longer than 1 MiB"
    );
}

#[test]
fn what_follows_the_end_is_refused() {
    let (mut bytes, ..) = record(&policy("fifo"), &random(1));
    bytes.push(0);
    let last = Log::open(&bytes[..]).unwrap().last().unwrap();
    let at = bytes.len() - 1;
    let what = "something follows the end of the log; what is before it can be trusted";
    assert_eq!(last.unwrap_err().to_string(), format!("the log is damaged at byte {at}: {what}"));
}

/// A whole log in which any one bit is wrong is never taken for a sound one.
#[test]
fn no_flipped_bit_goes_unnoticed() {
    for seed in [2, 5] {
        let (bytes, ..) = record(&policy("priority"), &random(seed));
        let (whole, _) = read(&bytes);
        for at in 0..bytes.len() {
            for bit in 0..8 {
                let mut flipped = bytes.clone();
                flipped[at] ^= 1 << bit;
                let Ok(mut log) = Log::open(&flipped[..]) else { continue };
                let records: Result<Vec<_>, _> = log.by_ref().collect();
                let sound = records.is_ok() && log.end() == Some(End::Whole);
                assert!(!sound, "byte {at}, bit {bit}, of {} records", whole.len());
            }
        }
    }
}

/// Bytes that somebody else made up: whatever they hold, there is a result or an error.
#[test]
fn made_up_logs_do_no_harm() {
    let mut rng = Rng::new(20);
    let policies = policies();
    let logs: Vec<(Vec<u8>, usize)> = (0..24)
        .map(|seed| record(&policies[seed as usize % 14], &random(seed)).0)
        .map(|bytes| (bytes.clone(), head(&bytes)))
        .collect();
    let (mut opened, mut records) = (0u64, 0u64);
    for _ in 0..3_000 {
        let of = rng.below(logs.len() as u64) as usize;
        let (mut bytes, head) = logs[of].clone();
        for _ in 0..=rng.below(6) {
            // Half of the damage is in records alone, where the header lets the reader pass.
            let from = if rng.below(2) == 0 { head as u64 } else { 0 };
            let at = (from + rng.below(bytes.len() as u64 - from)) as usize;
            let byte = [0, 0x7F, 0x80, 0xFF, rng.next_u64() as u8][rng.below(5) as usize];
            match rng.below(4) {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                2 if bytes.len() > head + 1 => drop(bytes.remove(at)),
                _ => {
                    let copied = bytes[at..bytes.len().min(at + 9)].to_vec();
                    bytes.splice(at..at, copied);
                }
            }
        }
        reseal(&mut bytes);
        let policy = &policies[rng.below(14) as usize];
        let Ok(log) = Log::open(&bytes[..]) else { continue };
        let cluster = log.header().cluster.clone();
        opened += 1;
        records += log.take_while(Result::is_ok).count() as u64;
        if cluster.node_count() > 1_000 {
            continue; // sound, but slow to build so often
        }
        let open = || Log::open(&bytes[..]).unwrap();
        let _ = replay(&mut open(), &mut policy.build(&cluster, 1));
        let _ = compare(&mut open(), &mut policy.build(&cluster, 1), 5);
        let _ = observe(&mut open(), |_| ());
    }
    assert!(opened > 1_500 && records > 50_000, "{opened} opened, {records} records");
}

/// Writes the checksum that a made-up header needs to be believed.
fn reseal(bytes: &mut [u8]) {
    let mut at = 10;
    let mut length = 0usize;
    for shift in (0..21).step_by(7) {
        let Some(&byte) = bytes.get(at) else { return };
        at += 1;
        length |= usize::from(byte & 0x7F) << shift;
        if byte < 0x80 {
            break;
        }
    }
    let Some(body) = bytes.get(at..at + length) else { return };
    let sum = body
        .iter()
        .fold(0x811C_9DC5_u32, |sum, &byte| (sum ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    if let Some(place) = bytes.get_mut(at + length..at + length + 4) {
        place.copy_from_slice(&sum.to_le_bytes());
    }
}

/// Facts at the limits of their types, and a host that breaks its contract: kept as they were.
#[test]
fn extreme_facts_come_back() {
    let policy = policy("load_aware_spread");
    let cluster = sched_core::ClusterSpec::uniform(2, 2).unwrap();
    let header = flight::Header::of(&policy, &cluster, SEED, "");
    let mut bytes = Vec::new();
    let mut recorder = Recorder::new(policy.build(&cluster, SEED), &mut bytes, &header).unwrap();
    let huge = Resources::milli_cpu(u32::MAX).with_milli_gpu(u32::MAX).with_memory(u64::MAX);
    let id = TaskId { index: u64::MAX, stage: u32::MAX };
    let task = Task { attempt: u32::MAX, ..Task::new(id, Time::MAX, huge) };
    let none = Task { on: sched_core::GroupSet::NONE, attempt: 0, ..task };
    let facts = [
        (Time::MAX, Event::Submit(task)),
        (Time::ZERO, Event::Submit(none)), // time goes back
        (Time::from_nanos(5), Event::Finished { task: id, node: NodeId(u32::MAX) }),
        (Time::from_nanos(5), Event::NodeDown(NodeId(u32::MAX))),
        (Time::from_nanos(5), Event::Refresh),
        (Time::from_nanos(7), Event::Refresh),
    ];
    let mut decisions = Vec::new();
    for (at, fact) in facts {
        recorder.on_event(at, fact);
        recorder.poll(at, &mut decisions);
    }
    recorder.finish().1.unwrap();
    let told: Vec<(Time, Event)> = read(&bytes)
        .0
        .into_iter()
        .filter_map(|record| match record {
            flight::Record::Event { at, event } => Some((at, event)),
            _ => None,
        })
        .collect();
    assert_eq!(told, facts);
    assert_eq!(decisions.len(), 2); // both are rejected, each with its reason
    let mut log = Log::open(&bytes[..]).unwrap();
    let replayed = replay(&mut log, &mut policy.build(&cluster, SEED)).unwrap();
    assert_eq!((replayed.difference, replayed.decisions), (None, 2));
}
