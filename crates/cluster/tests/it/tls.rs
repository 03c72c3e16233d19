//! Workers behind TLS: the same runs as without, and nobody comes in who does not show what he must.

use crate::faults::{each_has_one_result, two_stages};
use crate::remote::{Guest, SECRET, hello, token, worker_on};
use cluster::wire::{Message, Refusal};
use cluster::{
    Cluster, Identity, Keys, Launcher, Remote, Terms, Token, Trust, inquire, no_steps, run_cluster,
};
use pipeline::testkit::{Arm, Log, scheduler};
use pipeline::{Control, Observer, Outcome, RunError, RunSetup};
use sched_core::{Scheduler, Span};
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::OnceLock;
use std::thread;
use tempfile::TempDir;

/// The files of two clusters that have nothing to do with each other.
pub(crate) fn files() -> &'static [TempDir; 2] {
    static FILES: OnceLock<[TempDir; 2]> = OnceLock::new();
    FILES.get_or_init(|| {
        [(); 2].map(|()| {
            let folder = tempfile::tempdir().unwrap();
            let keys = Keys::generate().unwrap();
            let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
            fs::write(folder.path().join("token"), SECRET).unwrap();
            write("ca.pem", &keys.authority);
            write("worker.pem", &keys.certificate);
            write("worker.key", &keys.key);
            folder
        })
    })
}

fn identity(cluster: usize) -> Identity {
    let folder = files()[cluster].path();
    Identity::read(&folder.join("worker.pem"), &folder.join("worker.key")).unwrap()
}

pub(crate) fn trust(cluster: usize) -> Trust {
    Trust::read(&files()[cluster].path().join("ca.pem")).unwrap()
}

fn worker() -> SocketAddr {
    worker_on(Terms { token: Some(token()), identity: Some(identity(0)), slots: None }).0
}

fn launcher(workers: Vec<SocketAddr>) -> Launcher {
    Launcher::Static(Remote::new(workers, Some(token()), Some(trust(0))).unwrap())
}

struct OverTls;

impl Arm for OverTls {
    const VIRTUAL: bool = false;
    const ONE_CLOCK: bool = false;

    fn run(
        setup: &RunSetup,
        scheduler: &mut dyn Scheduler,
        observer: &mut dyn Observer,
        control: &Control,
    ) -> Result<Outcome, RunError> {
        let workers = launcher(setup.cluster.spec.nodes().map(|_| worker()).collect());
        let mut incidents = Vec::new();
        let outcome = run_cluster(setup, &workers, scheduler, observer, control, &mut incidents);
        assert_eq!(incidents, [], "nothing happens to a worker by itself");
        outcome
    }
}

pipeline::conformance! { OverTls }

/// Passes bytes on, and keeps those that go to the worker.
fn eavesdrop(worker: SocketAddr) -> (SocketAddr, thread::JoinHandle<Vec<u8>>) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let heard = thread::spawn(move || {
        let (mut driver, _) = listener.accept().unwrap();
        let mut worker = TcpStream::connect(worker).unwrap();
        let (mut back, mut to) = (worker.try_clone().unwrap(), driver.try_clone().unwrap());
        thread::spawn(move || std::io::copy(&mut back, &mut to));
        let (mut all, mut bytes) = (Vec::new(), [0; 4096]);
        while let Ok(read @ 1..) = driver.read(&mut bytes) {
            all.extend(&bytes[..read]);
            worker.write_all(&bytes[..read]).unwrap();
        }
        all
    });
    (address, heard)
}

#[test]
fn the_token_cannot_be_overheard() {
    let contains = |heard: &[u8]| heard.windows(SECRET.len()).any(|bytes| bytes == SECRET);
    let (address, heard) = eavesdrop(worker());
    inquire(address, Some(&token()), Some(&trust(0)), false).unwrap();
    assert!(!contains(&heard.join().unwrap()));
    let plain = worker_on(Terms { token: Some(token()), ..Terms::default() }).0;
    let (address, heard) = eavesdrop(plain);
    inquire(address, Some(&token()), None, false).unwrap();
    assert!(contains(&heard.join().unwrap()), "the test would not notice it");
}

/// More than the buffers behind the encryption hold, in both directions at once.
#[test]
fn many_calls_at_once_get_through() {
    let mut setup = two_stages(20_000);
    setup.workload.arrivals = pipeline::model::Arrivals::Batch;
    setup.workload.stages.iter_mut().for_each(|stage| {
        stage.service = pipeline::model::ServiceLaw::Constant(Span::ZERO);
    });
    let workers = launcher((0..4).map(|_| worker()).collect());
    let mut log = Log::default();
    let mut policy = scheduler("round_robin", "early", &setup.cluster.spec);
    let (control, mut incidents) = (Control::new(), Vec::new());
    run_cluster(&setup, &workers, &mut *policy, &mut log, &control, &mut incidents).unwrap();
    each_has_one_result(&log, 20_000);
    assert_eq!((log.failures(), incidents), (Vec::new(), Vec::new()));
}

#[test]
fn who_shows_the_wrong_thing_is_refused_with_the_remedy() {
    let (address, told) =
        worker_on(Terms { token: Some(token()), identity: Some(identity(0)), slots: None });
    let setup = two_stages(10);
    let start = |token: Token, trust: Option<Trust>, address: SocketAddr| {
        let remote = Remote::new(vec![address; 4], Some(token), trust).unwrap();
        Cluster::start(&setup, &Launcher::Static(remote)).unwrap_err().to_string()
    };
    let says = |error: String, what: &str| assert!(error.contains(what), "{error}");
    let other = start(token(), Some(trust(1)), address);
    says(other.clone(), "node-0 is not there: 127.0.0.1:");
    says(other, "its certificate is not from the authority of `tls_ca` (");
    let plain = start(token(), None, address);
    says(plain, "this worker demands TLS; set `tls_ca` in the file of the cluster");
    let stranger = Token::new(&[b'x'; 16]).unwrap();
    says(start(stranger, Some(trust(0)), address), "its token is not that of this worker");
    let bare = worker_on(Terms { token: Some(token()), ..Terms::default() }).0;
    says(
        start(token(), Some(trust(0)), bare),
        "it does not speak TLS; start it with `--tls-cert` and `--tls-key`",
    );

    // By hand: no encryption, and what only looks like it.
    let mut open = Guest::at(address);
    open.say(&hello(SECRET, 1, 4));
    open.refused("this worker demands TLS");
    let mut noise = Guest::at(address);
    noise.0.write_all(&[0x16; 300]).unwrap();
    let mut rest = Vec::new();
    let _ = noise.0.read_to_end(&mut rest); // an alert, or a reset
    let status = inquire(address, Some(&token()), Some(&trust(0)), false).unwrap();
    let count = |kind: Refusal| status.refused[kind as usize];
    let refused = told.lock().unwrap().len() as u64;
    assert!(count(Refusal::Unauthenticated) >= 6, "{status:?}");
    assert_eq!(status.refused.iter().sum::<u64>(), refused, "each is told, and counted");
}

#[test]
fn files_that_are_no_keys_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let [ours, others] = files();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("empty"), "").unwrap();
    fs::write(path("noise"), "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n")
        .unwrap();
    let trust = |path: &Path| Trust::read(path).unwrap_err().to_string();
    for name in ["empty", "noise", "none"] {
        let error = trust(&path(name));
        let said = error.starts_with(&format!("{}: no certificate in it", path(name).display()));
        assert!(said && error.ends_with("`sage cluster keygen DIR` makes such files"), "{error}");
    }
    let certificate = ours.path().join("worker.pem");
    let error = Identity::read(&certificate, &path("empty")).unwrap_err().to_string();
    assert!(error.contains("no private key in it"), "{error}");
    let error = Identity::read(&certificate, &others.path().join("worker.key")).unwrap_err();
    assert!(error.to_string().contains("worker.key: keys may not be consistent"), "{error}");
}

#[test]
fn a_worker_says_how_it_is_and_ends_when_it_is_told() {
    let terms = Terms { token: Some(token()), identity: Some(identity(0)), slots: Some(8) };
    let listener = cluster::Listener::bind("127.0.0.1:0".parse().unwrap(), terms).unwrap();
    let address = listener.address().unwrap();
    let serving = thread::spawn(move || listener.serve(no_steps, |_| ()));
    let ask = |stop: bool| inquire(address, Some(&token()), Some(&trust(0)), stop);
    let idle = ask(false).unwrap();
    assert_eq!((idle.process, idle.slots, idle.heard), (std::process::id(), 8, None));
    assert_eq!((idle.running, idle.queued, idle.completed), (0, 0, 0));

    let mut setup = two_stages(1);
    setup.cluster = pipeline::model::ClusterSetup::of_equal_speed(
        sched_core::ClusterSpec::uniform(1, 2).unwrap(),
    );
    setup.workload.tasks = 5;
    setup.workload.arrivals = pipeline::model::Arrivals::Batch;
    setup.workload.stages.truncate(1);
    setup.workload.stages[0].service = pipeline::model::ServiceLaw::Constant(Span::from_secs(3600));
    let control = Control::new();
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut policy = scheduler("fifo", "early", &setup.cluster.spec);
            let (mut log, mut incidents) = (Log::default(), Vec::new());
            let workers = launcher(vec![address]);
            run_cluster(&setup, &workers, &mut *policy, &mut log, &control, &mut incidents).unwrap()
        });
        let busy = loop {
            let status = ask(false).unwrap();
            if status.queued > 0 {
                break status;
            }
            thread::yield_now();
        };
        assert_eq!((busy.running, busy.queued), (2, 3));
        assert!(busy.heard.is_some() && busy.uptime > idle.uptime);
        let wrong = Token::new(&[b'x'; 16]).unwrap();
        let refused = inquire(address, Some(&wrong), Some(&trust(0)), true).unwrap_err();
        assert!(refused.to_string().contains("its token is not"), "{refused}");
        ask(true).unwrap();
        serving.join().unwrap().unwrap();
        control.stop();
    });
}

#[test]
fn a_stranger_learns_nothing() {
    let address = worker();
    let mut guest = Guest::at(address);
    guest.say(&Message::Ping { nonce: 1 });
    guest.refused("this worker demands TLS");
}
