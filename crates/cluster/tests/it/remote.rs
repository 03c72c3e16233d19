//! Workers that listen, over TCP: they let in who may come in, and survive being cut off.

use crate::faults::{each_has_one_result, two_stages};
use cluster::wire::{Answer, Ask, Hello, Message, Refusal, decode, encode};
use cluster::{
    Cluster, Error, Launcher, Listener, Remote, Terms, Token, inquire, no_steps, run_cluster,
};
use pipeline::drive::drive;
use pipeline::model::ClusterSetup;
use pipeline::testkit::{Arm, Log, scheduler};
use pipeline::{Control, Failure, Observer, Outcome, RunError, RunSetup, TaskEnd};
use sched_core::{ClusterSpec, NodeId, Resources, Scheduler, Span, TaskId, Time};
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

pub(crate) const SECRET: &[u8] = b"a secret of the tests";

pub(crate) fn token() -> Token {
    Token::new(SECRET).unwrap()
}

fn worker(slots: Option<u32>) -> (SocketAddr, Arc<Mutex<Vec<String>>>) {
    worker_on(Terms { token: Some(token()), slots, identity: None })
}

/// A worker in a thread of its own, and what it has told.
pub(crate) fn worker_on(terms: Terms) -> (SocketAddr, Arc<Mutex<Vec<String>>>) {
    let listener = Listener::bind("127.0.0.1:0".parse().unwrap(), terms).unwrap();
    let address = listener.address().unwrap();
    let told = Arc::new(Mutex::new(Vec::new()));
    let book = Arc::clone(&told);
    thread::spawn(move || {
        listener.serve(no_steps, move |line| book.lock().unwrap().push(line.to_owned()))
    });
    (address, told)
}

fn launcher(workers: Vec<SocketAddr>) -> Launcher {
    Launcher::Static(Remote::new(workers, Some(token()), None).unwrap())
}

struct OverTcp;

impl Arm for OverTcp {
    const VIRTUAL: bool = false;
    const ONE_CLOCK: bool = false;

    fn run(
        setup: &RunSetup,
        scheduler: &mut dyn Scheduler,
        observer: &mut dyn Observer,
        control: &Control,
    ) -> Result<Outcome, RunError> {
        let workers = launcher(setup.cluster.spec.nodes().map(|_| worker(None).0).collect());
        let mut incidents = Vec::new();
        let outcome = run_cluster(setup, &workers, scheduler, observer, control, &mut incidents);
        assert_eq!(incidents, [], "nothing happens to a worker by itself");
        outcome
    }
}

pipeline::conformance! { OverTcp }

#[test]
fn workers_serve_one_driver_after_the_other() {
    let setup = two_stages(50);
    let workers = launcher((0..4).map(|_| worker(Some(2)).0).collect());
    for _ in 0..5 {
        let mut log = Log::default();
        let mut policy = scheduler("fifo", "late", &setup.cluster.spec);
        let (control, mut incidents) = (Control::new(), Vec::new());
        run_cluster(&setup, &workers, &mut *policy, &mut log, &control, &mut incidents).unwrap();
        each_has_one_result(&log, 50);
        assert_eq!((log.failures(), incidents), (Vec::new(), Vec::new()));
    }
}

/// Passes bytes on between drivers and a worker, until it is cut: then they vanish, and nobody is told.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    cut: Arc<Mutex<Arc<AtomicBool>>>, // of the connections so far
}

impl Proxy {
    pub(crate) fn before(worker: SocketAddr) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let cut = Arc::new(Mutex::new(Arc::new(AtomicBool::new(false))));
        let present = Arc::clone(&cut);
        thread::spawn(move || {
            for driver in listener.incoming() {
                let driver = driver.unwrap();
                let Ok(worker) = TcpStream::connect(worker) else { continue }; // it is not there now
                let cut = Arc::clone(&present.lock().unwrap());
                pass_on(driver.try_clone().unwrap(), worker.try_clone().unwrap(), Arc::clone(&cut));
                pass_on(worker, driver, cut);
            }
        });
        Proxy { address, cut }
    }

    /// Cuts every connection that there is; later ones are passed on.
    pub(crate) fn cut(&self) {
        let mut cut = self.cut.lock().unwrap();
        cut.store(true, Ordering::Release);
        *cut = Arc::new(AtomicBool::new(false));
    }
}

fn pass_on(mut from: TcpStream, mut to: TcpStream, cut: Arc<AtomicBool>) {
    thread::spawn(move || {
        let mut bytes = [0; 4096];
        loop {
            let read = from.read(&mut bytes).unwrap_or(0);
            if cut.load(Ordering::Acquire) {
                thread::park(); // the sockets stay open, and silent
            }
            if read == 0 || to.write_all(&bytes[..read]).is_err() {
                let _ = to.shutdown(Shutdown::Both);
                return;
            }
        }
    });
}

/// Cuts a connection when some tasks have ended.
struct Cutter<'a>(Log, &'a [Proxy], Vec<(usize, usize)>);

impl Observer for Cutter<'_> {
    fn task_succeeded(&mut self, task: &TaskEnd<'_>) {
        self.0.task_succeeded(task);
        let Cutter(log, proxies, cuts) = self;
        if let Some((_, proxy)) = cuts.pop_if(|(after, _)| log.tasks.len() >= *after) {
            proxies[proxy].cut();
        }
    }

    fn task_failed(&mut self, task: &TaskEnd<'_>, failure: &Failure) {
        self.0.task_failed(task, failure);
    }

    fn retried(&mut self, task: TaskId) {
        self.0.retried(task);
    }

    fn node_changed(&mut self, node: NodeId, up: bool) {
        self.0.node_changed(node, up);
    }
}

#[test]
fn workers_that_are_cut_off_lose_nothing_and_come_back() {
    let setup = two_stages(9000);
    let proxies: Vec<Proxy> = (0..4).map(|_| Proxy::before(worker(None).0)).collect();
    let workers = launcher(proxies.iter().map(|proxy| proxy.address).collect());
    let mut cluster = Cluster::start(&setup, &workers).unwrap();
    let mut cutter = Cutter(Log::default(), &proxies, vec![(800, 3), (300, 1)]);
    let mut policy = scheduler("load_aware_spread", "early", &setup.cluster.spec);
    let plan = setup.plan().unwrap();
    drive(&plan, &mut cluster, &mut *policy, &mut cutter, &Control::new()).unwrap();
    let log = cutter.0;
    each_has_one_result(&log, 9000);
    assert_eq!(log.failures(), []);
    assert!(!log.retried.is_empty(), "what ran behind the cut ran again");
    for node in [NodeId(1), NodeId(3)] {
        let what = cluster.incidents().iter().find(|incident| incident.node == node).unwrap();
        assert!(what.what.contains("silent for 2s"), "{what:?}");
        let seen: Vec<bool> =
            log.nodes.iter().filter(|(it, _)| *it == node).map(|(_, up)| *up).collect();
        assert!(seen.starts_with(&[false, true]), "{node}: {seen:?}");
    }
}

/// Stands before a worker and welcomes its first drivers itself, only to hang up on them.
fn fickle(worker: SocketAddr, hang_ups: usize) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for (nth, driver) in listener.incoming().enumerate() {
            let driver = driver.unwrap();
            if nth < hang_ups {
                let mut driver = Guest(driver, Vec::new());
                assert!(matches!(driver.hear(), Some(Message::Hello(_))));
                driver.say(&Message::Welcome { window: 8 });
                continue;
            }
            let (worker, cut) = (TcpStream::connect(worker).unwrap(), Arc::default());
            pass_on(driver.try_clone().unwrap(), worker.try_clone().unwrap(), Arc::clone(&cut));
            pass_on(worker, driver, cut);
        }
    });
    address
}

#[test]
fn a_worker_that_is_lost_while_the_others_get_ready_is_brought_back() {
    let setup = two_stages(50);
    let mut workers: Vec<SocketAddr> = (0..4).map(|_| worker(None).0).collect();
    workers[2] = fickle(workers[2], 3);
    let mut cluster = Cluster::start(&setup, &launcher(workers)).unwrap();
    let lost: Vec<_> = cluster.incidents().iter().map(|lost| (lost.node, lost.at)).collect();
    assert_eq!(lost, [(NodeId(2), Time::ZERO); 3]);
    let (mut log, mut policy) = (Log::default(), scheduler("fifo", "late", &setup.cluster.spec));
    let plan = setup.plan().unwrap();
    drive(&plan, &mut cluster, &mut *policy, &mut log, &Control::new()).unwrap();
    each_has_one_result(&log, 50);
    assert_eq!((log.failures(), log.retried.len()), (Vec::new(), 0));
}

/// But not for ever.
#[test]
fn a_worker_that_is_always_lost_before_the_run_is_named() {
    let setup = two_stages(50);
    let mut workers: Vec<SocketAddr> = (0..4).map(|_| worker(None).0).collect();
    workers[1] = fickle(workers[1], usize::MAX);
    let error = Cluster::start(&setup, &launcher(workers)).unwrap_err().to_string();
    assert!(error.contains("node-1 is not there: its connection ended"), "{error}");
}

/// A connection that is spoken over by hand.
pub(crate) struct Guest(pub(crate) TcpStream, Vec<u8>);

impl Guest {
    pub(crate) fn at(address: SocketAddr) -> Guest {
        let socket = TcpStream::connect(address).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        Guest(socket, Vec::new())
    }

    pub(crate) fn say(&mut self, message: &Message) {
        let mut bytes = Vec::new();
        encode(message, &mut bytes);
        self.0.write_all(&bytes).unwrap();
    }

    pub(crate) fn hear(&mut self) -> Option<Message> {
        loop {
            if let Some((message, length)) = decode(&self.1).unwrap() {
                self.1.drain(..length);
                return Some(message);
            }
            let mut more = [0; 4096];
            match self.0.read(&mut more).unwrap_or(0) {
                0 => return None,
                read => self.1.extend(&more[..read]),
            }
        }
    }

    #[track_caller]
    pub(crate) fn refused(mut self, why: &str) {
        match self.hear() {
            Some(Message::Refused(reason)) => assert!(reason.contains(why), "{reason}"),
            other => panic!("{other:?} is no refusal"),
        }
        assert_eq!(self.hear(), None);
    }
}

pub(crate) fn hello(token: &[u8], driver: u64, slots: u32) -> Message {
    let capacity = Resources::slots(slots);
    Message::Hello(Hello { token: token.to_vec(), driver, capacity, speed: 1.0 })
}

#[test]
fn who_may_not_come_in_is_refused_and_harms_nothing() {
    let (address, told) = worker(Some(4));
    let mut driver = Guest::at(address);
    driver.say(&hello(SECRET, 1, 4));
    assert!(matches!(driver.hear(), Some(Message::Welcome { .. })));
    let say = |message: &Message| {
        let mut guest = Guest::at(address);
        guest.say(message);
        guest
    };
    say(&hello(b"a secret of the testS", 1, 4)).refused("its token is not that of this worker");
    say(&hello(b"", 1, 4)).refused("its token is not that of this worker");
    say(&hello(SECRET, 1, 5)).refused("a node of 5 slots, and this worker has 4");
    say(&hello(SECRET, 2, 4)).refused("serves another driver");
    say(&Message::Bye).refused("did not begin with a hello");
    let mut loud = Guest::at(address);
    loud.0.write_all(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n").unwrap();
    loud.refused("a frame of");
    let mut old = Guest::at(address);
    let mut bytes = Vec::new();
    encode(&hello(SECRET, 1, 4), &mut bytes);
    bytes[9] = 7; // behind the length, the kind and the magic number
    old.0.write_all(&bytes).unwrap();
    old.refused("version 7 of the protocol");
    let eager: Vec<u8> =
        [hello(SECRET, 1, 4), Message::Bye].iter().fold(Vec::new(), |mut all, it| {
            encode(it, &mut all);
            all
        });
    let mut both = Guest::at(address);
    both.0.write_all(&eager).unwrap();
    both.refused("did not begin with a hello");
    let mut slow = Guest::at(address);
    slow.0.write_all(&[4]).unwrap();
    slow.refused("did not say hello within 2s");
    assert_eq!(told.lock().unwrap().len(), 9, "each refusal is told");
    let status = inquire(address, Some(&token()), None, false).unwrap();
    let counted: Vec<(&str, u64)> =
        Refusal::ALL.iter().map(|kind| kind.name()).zip(status.refused).collect();
    let kinds = [("malformed", 2), ("oversized", 1), ("replayed", 0), ("unauthenticated", 2)];
    assert_eq!(counted[..4], kinds);
    assert_eq!(counted[4..], [("version", 1), ("unwelcome", 3)]);

    let (service, demand) = (Span::ZERO, Resources::milli_cpu(1000));
    driver.say(&Message::Call(Ask { number: 0, ticket: 5, index: 0, rounds: 0, service, demand }));
    assert!(matches!(driver.hear(), Some(Message::Answer(answer)) if answer.ticket == 5));
    // Its own driver may come again, and takes the place of its old connection.
    let mut again = say(&hello(SECRET, 1, 4));
    assert!(matches!(again.hear(), Some(Message::Welcome { .. })));
    assert_eq!(driver.hear(), None);
}

/// A worker that takes part until it has a call, and then answers with `lie`; again and again.
fn liar(lie: fn(u64) -> Vec<u8>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for driver in listener.incoming() {
            let mut driver = Guest(driver.unwrap(), Vec::new());
            while let Some(message) = driver.hear() {
                match message {
                    Message::Hello(_) => driver.say(&Message::Welcome { window: 100 }),
                    Message::Ping { nonce } => {
                        driver.say(&Message::Pong { nonce, clock: Time::ZERO });
                    }
                    Message::Call(ask) => drop(driver.0.write_all(&lie(ask.ticket))),
                    _ => {}
                }
            }
        }
    });
    address
}

fn answer(ticket: u64, arrived: u64, started: u64) -> Vec<u8> {
    let [arrived, started] = [arrived, started].map(Time::from_nanos);
    let answer = Answer { ticket, arrived, started, ended: started, failure: None };
    let mut bytes = Vec::new();
    encode(&Message::Answer(answer), &mut bytes);
    bytes
}

#[test]
fn a_worker_that_lies_is_ended_and_costs_nothing() {
    type Lie = fn(u64) -> Vec<u8>;
    let lies: [(Refusal, Lie); 5] = [
        // Of a use of the slot that never was; of a call that it was never sent; twice.
        (Refusal::Replayed, |ticket| answer(ticket ^ 1 << 40, 0, 0)),
        (Refusal::Replayed, |ticket| answer(ticket + 1000, 0, 0)),
        (Refusal::Replayed, |ticket| [answer(ticket, 0, 0), answer(ticket, 0, 0)].concat()),
        // Started before it arrived; and no message at all.
        (Refusal::Malformed, |ticket| answer(ticket, 5, 0)),
        (Refusal::Oversized, |_| b"HTTP/1.1 200 OK\r\n\r\n".to_vec()),
    ];
    for (kind, lie) in lies {
        let cluster = ClusterSpec::uniform(2, 2).unwrap();
        let setup = RunSetup { cluster: ClusterSetup::of_equal_speed(cluster), ..two_stages(100) };
        let workers = launcher(vec![worker(None).0, liar(lie)]);
        let mut log = Log::default();
        let mut policy = scheduler("round_robin", "early", &setup.cluster.spec);
        let (control, mut incidents) = (Control::new(), Vec::new());
        run_cluster(&setup, &workers, &mut *policy, &mut log, &control, &mut incidents).unwrap();
        each_has_one_result(&log, 100);
        assert_eq!(log.failures(), []);
        assert!(!incidents.is_empty());
        for incident in incidents {
            let said = incident.what.starts_with("it was ended, because it sent ");
            assert!(incident.node == NodeId(1) && said, "{incident:?}");
            assert_eq!(incident.refused, Some(kind), "{incident:?}");
        }
    }
}

#[test]
fn what_is_wrong_with_addresses_is_named() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap(); // and closed again
    let setup = two_stages(10);
    let error = |workers: Vec<SocketAddr>| {
        Cluster::start(&setup, &launcher(workers)).unwrap_err().to_string()
    };
    let unreachable = error(vec![free; 4]);
    assert!(unreachable.contains(&format!("{free} cannot be reached (")), "{unreachable}");
    let few = error(vec![free; 3]);
    assert!(few.starts_with("the run has 4 nodes and there are 3 workers"), "{few}");
    let wrong = Some(Token::new(&[b'x'; 16]).unwrap());
    let wrong = Remote::new(vec![worker(None).0; 4], wrong, None);
    let wrong = Cluster::start(&setup, &Launcher::Static(wrong.unwrap())).unwrap_err().to_string();
    assert!(wrong.contains("node-0 is not there: it refuses this driver: "), "{wrong}");
    assert!(wrong.contains("its token is not that of this worker"), "{wrong}");

    let beyond: SocketAddr = "192.0.2.1:7401".parse().unwrap();
    let refused = [
        Remote::new(vec![beyond], Some(token()), None).unwrap_err(),
        Listener::bind("0.0.0.0:0".parse().unwrap(), Terms::default()).unwrap_err(),
        inquire(beyond, None, None, false).unwrap_err(),
    ];
    for error in refused {
        assert!(matches!(error, Error::Beyond { .. }), "{error}");
    }
    let (taken, _) = worker(None);
    let error = Listener::bind(taken, Terms::default()).unwrap_err().to_string();
    assert!(error.starts_with(&format!("cannot listen on {taken}: ")), "{error}");
}
