//! Noise at the door of a worker, and in sessions: refused, counted, and harmless.

use crate::faults::{each_has_one_result, two_stages};
use crate::remote::{Guest, SECRET, hello, token, worker_on};
use crate::wire::{damaged, frame, samples};
use cluster::wire::{Ask, Message, Refusal, decode};
use cluster::{Launcher, Remote, Terms, inquire, run_cluster};
use pipeline::Control;
use pipeline::model::{ClusterSetup, Purpose, Stream};
use pipeline::testkit::{Log, scheduler};
use sched_core::{ClusterSpec, Resources, Span};
use std::io::{Read as _, Write as _};
use std::net::Shutdown;

/// What would keep a worker busy or end it: drawn by chance, it is no noise.
fn asks_for_much(mut bytes: &[u8]) -> bool {
    while let Ok(Some((message, length))) = decode(bytes) {
        match message {
            Message::Call(Ask { rounds, .. }) if rounds > 10 => return true,
            Message::Inquiry(inquiry) if inquiry.stop => return true,
            _ => bytes = &bytes[length..],
        }
    }
    false
}

#[test]
fn a_worker_outlives_noise_and_counts_it() {
    let (address, told) = worker_on(Terms { token: Some(token()), ..Terms::default() });
    let ask = |number: u64| {
        let (service, demand) = (Span::ZERO, Resources::slots(1));
        Message::Call(Ask { number, ticket: number, index: 0, rounds: 0, service, demand })
    };
    let greeting = frame(&hello(SECRET, 1, 4));
    let mut samples: Vec<Vec<u8>> = samples().iter().map(frame).collect();
    samples.extend([0, 1, 2].map(|number| frame(&ask(number))));
    samples.push(greeting.clone());
    let mut luck = Stream::new(2, Purpose::Policy, 0, 0);
    for round in 0..600 {
        let noise = damaged(&samples, &mut luck);
        if asks_for_much(&noise) {
            continue;
        }
        let mut guest = Guest::at(address);
        // Half of it before a session has begun, half of it within one.
        if round % 2 == 1 {
            guest.0.write_all(&greeting).unwrap();
            assert!(matches!(guest.hear(), Some(Message::Welcome { .. })), "round {round}");
        }
        // It may be refused, and closed, before all was said or heard.
        let _ = guest.0.write_all(&noise).and_then(|()| guest.0.shutdown(Shutdown::Write));
        let _ = guest.0.read_to_end(&mut Vec::new());
    }
    let ask = || inquire(address, Some(&token()), None, false).unwrap();
    let told = || told.lock().unwrap().len() as u64;
    // The last session says why it has ended when it has ended.
    while ask().refused.iter().sum::<u64>() != told() {
        std::thread::yield_now();
    }
    let status = ask();
    let count = |kind: Refusal| status.refused[kind as usize];
    assert!(count(Refusal::Malformed) > 50 && count(Refusal::Oversized) > 5, "{status:?}");
    assert!(count(Refusal::Replayed) > 5 && count(Refusal::Unauthenticated) > 0, "{status:?}");

    let cluster = ClusterSpec::uniform(1, 2).unwrap();
    let setup =
        pipeline::RunSetup { cluster: ClusterSetup::of_equal_speed(cluster), ..two_stages(200) };
    let workers = Launcher::Static(Remote::new(vec![address], Some(token()), None).unwrap());
    let mut policy = scheduler("fifo", "late", &setup.cluster.spec);
    let (control, mut log, mut incidents) = (Control::new(), Log::default(), Vec::new());
    run_cluster(&setup, &workers, &mut *policy, &mut log, &control, &mut incidents).unwrap();
    each_has_one_result(&log, 200);
    assert_eq!((log.failures(), incidents), (Vec::new(), Vec::new()));
}
