//! Workers behind TLS that are killed, restarted, stopped and cut off at random: twenty runs of 2,000 tasks, and
//! each task has exactly one result.
//!
//! They are cut off by a proxy that swallows bytes; and, where this user may make network namespaces, also
//! by taking down the link to the namespace that a worker is in, which the sockets notice in their own way.

use crate::faults::{each_has_one_result, signal, two_stages};
use crate::remote::{Proxy, token};
use crate::tls::{files, trust};
use cluster::{Cluster, Launcher, Remote};
use pipeline::drive::drive;
use pipeline::model::{Purpose, Stream};
use pipeline::testkit::{Log, scheduler};
use pipeline::{Control, Failure, Observer, RunSetup, TaskEnd};
use rustix::process::Signal;
use sched_core::{NodeId, TaskId};
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::thread::{self, Scope};
use std::time::Duration;

const PROGRAM: &str = env!("CARGO_BIN_EXE_worker-process");

/// How many workers a run has.
const WORKERS: usize = 4;

/// Longer than a driver waits for a worker that says nothing.
const ABSENT: Duration = Duration::from_millis(2500);

/// What befalls a worker.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Evil {
    /// Ended, and started again after a while.
    Kill,
    /// Ended, and started again at once.
    Restart,
    /// Stopped, and continued after a while.
    Stop,
    /// Out of reach for a while.
    Cut,
}
use Evil::{Cut, Kill, Restart, Stop};

/// How a worker is reached.
enum Way {
    Proxy(Proxy),
    /// A link to a network namespace, both with this number.
    Link(usize),
}

/// A worker that is started again at the address that it had.
struct Victim {
    child: Mutex<Child>,
    address: SocketAddr,
    way: Way,
}

impl Victim {
    fn new(way: impl FnOnce(SocketAddr) -> Way, link: Option<usize>) -> Victim {
        let at = link.map_or("127.0.0.1:0".to_owned(), |link| format!("10.77.{link}.2:0"));
        let (child, address) = spawn(&at, link);
        Victim { child: Mutex::new(child), address, way: way(address) }
    }

    /// Where a driver finds it.
    fn door(&self) -> SocketAddr {
        match &self.way {
            Way::Proxy(proxy) => proxy.address,
            Way::Link(_) => self.address,
        }
    }

    fn suffer(&self, evil: Evil) {
        match evil {
            Kill | Restart => {
                let mut child = self.child.lock().unwrap();
                child.kill().unwrap();
                child.wait().unwrap();
                if evil == Kill {
                    thread::park_timeout(ABSENT);
                }
                let link = if let Way::Link(link) = self.way { Some(link) } else { None };
                *child = spawn(&self.address.to_string(), link).0;
            }
            Stop => {
                let process = self.child.lock().unwrap().id();
                signal(process, Signal::STOP);
                thread::park_timeout(ABSENT);
                signal(process, Signal::CONT);
            }
            Cut => match &self.way {
                Way::Proxy(proxy) => proxy.cut(),
                Way::Link(link) => {
                    ip(&format!("link set v{link} down"));
                    thread::park_timeout(ABSENT);
                    ip(&format!("link set v{link} up"));
                }
            },
        }
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        let child = self.child.get_mut().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

fn spawn(at: &str, link: Option<usize>) -> (Child, SocketAddr) {
    let folder = files()[0].path();
    let mut command = match link {
        None => Command::new(PROGRAM),
        Some(link) => {
            let mut command = Command::new("ip");
            command.args(["netns", "exec", &format!("w{link}"), PROGRAM]);
            command
        }
    };
    command.arg(at).args(["token", "worker.pem", "worker.key"].map(|name| folder.join(name)));
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim().parse().unwrap_or_else(|_| panic!("it said {line:?} at {at}"));
    (child, address)
}

fn ip(what: &str) {
    assert!(Command::new("ip").args(what.split(' ')).status().unwrap().success(), "ip {what}");
}

/// Does evil whenever a few more tasks have ended.
struct Saboteur<'scope, 'env> {
    log: Log,
    victims: &'env [Victim],
    scope: &'scope Scope<'scope, 'env>,
    luck: Stream,
    next: usize,
    done: Vec<Evil>,
}

impl Observer for Saboteur<'_, '_> {
    fn task_succeeded(&mut self, task: &TaskEnd<'_>) {
        self.log.task_succeeded(task);
        if self.log.tasks.len() == self.next {
            let victim = &self.victims[self.luck.next_u64() as usize % WORKERS];
            let evil = [Kill, Restart, Stop, Cut][self.luck.next_u64() as usize % 4];
            self.scope.spawn(move || victim.suffer(evil));
            self.done.push(evil);
            self.next += 250 + self.luck.next_u64() as usize % 200;
        }
    }

    fn task_failed(&mut self, task: &TaskEnd<'_>, failure: &Failure) {
        self.log.task_failed(task, failure);
    }

    fn retried(&mut self, task: TaskId) {
        self.log.retried(task);
    }

    fn node_changed(&mut self, node: NodeId, up: bool) {
        self.log.node_changed(node, up);
    }
}

/// What was done in a run, how many workers were lost, and how many calls ran again.
fn run(seed: u64, victims: &[Victim]) -> (Vec<Evil>, usize, usize) {
    let (policy, bind) = [
        ("load_aware_spread", "early"),
        ("fifo", "late"),
        ("round_robin", "early"),
        ("power_of_two", "early"),
    ][seed as usize % 4];
    let setup = RunSetup { seed, ..two_stages(2000) };
    let workers = victims.iter().map(Victim::door).collect();
    let remote = Remote::new(workers, Some(token()), Some(trust(0))).unwrap();
    let mut cluster = Cluster::start(&setup, &Launcher::Static(remote)).unwrap();
    let mut policy = scheduler(policy, bind, &setup.cluster.spec);
    let plan = setup.plan().unwrap();
    thread::scope(|scope| {
        let luck = Stream::new(seed, Purpose::Failure, 0, 0);
        let (log, done) = (Log::default(), Vec::new());
        let mut saboteur = Saboteur { log, victims, scope, luck, next: 50, done };
        let outcome = drive(&plan, &mut cluster, &mut *policy, &mut saboteur, &Control::new());
        let Saboteur { log, done, .. } = saboteur;
        each_has_one_result(&log, 2000);
        assert_eq!((log.failures(), outcome.unwrap().unfinished), (Vec::new(), 0), "seed {seed}");
        let lost = cluster.incidents().len();
        assert!(lost >= 1 && done.len() >= 4, "seed {seed}: {lost} lost, {done:?}");
        (done, lost, log.retried.len())
    })
}

/// Runs of these seeds, some at once, and what must be true of them all together.
fn all(groups: u64, each: u64, victims: impl Fn(u64) -> Vec<Victim> + Sync) {
    let results = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for group in 0..groups {
            let (results, victims) = (&results, &victims);
            scope.spawn(move || {
                let victims = victims(group);
                for seed in group * each..(group + 1) * each {
                    let result = run(seed, &victims);
                    results.lock().unwrap().push(result);
                }
            });
        }
    });
    let results = results.into_inner().unwrap();
    assert_eq!(results.len() as u64, groups * each);
    for evil in [Kill, Restart, Stop, Cut] {
        assert!(results.iter().any(|(done, ..)| done.contains(&evil)), "{evil:?} was not tried");
    }
    let retried: usize = results.iter().map(|(.., retried)| retried).sum();
    assert!(retried > 0, "what ran on a worker that was lost ran again");
}

#[test]
fn sabotaged_workers_lose_nothing() {
    let victim = || Victim::new(|worker| Way::Proxy(Proxy::before(worker)), None);
    all(5, 4, |_| (0..WORKERS).map(|_| victim()).collect());
}

/// Says that this process is inside of the namespaces that the test has made.
const INSIDE: &str = "SAGE_TEST_INSIDE";

/// Starts this very test again in namespaces of its own, with a link to one more for each worker. They end
/// with it.
#[test]
fn sabotaged_workers_behind_links_lose_nothing() {
    if std::env::var_os(INSIDE).is_some() {
        return all(1, 4, |_| {
            (0..WORKERS).map(|link| Victim::new(|_| Way::Link(link), Some(link))).collect()
        });
    }
    let links: String = (0..WORKERS)
        .map(|link| {
            format!(
                "ip netns add w{link}
                 ip link add v{link} type veth peer name p{link} netns w{link}
                 ip addr add 10.77.{link}.1/30 dev v{link}
                 ip link set v{link} up
                 ip -n w{link} addr add 10.77.{link}.2/30 dev p{link}
                 ip -n w{link} link set p{link} up\n"
            )
        })
        .collect();
    let enter = |script: &str| {
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--net", "--mount", "sh", "-euc", script]);
        command
    };
    let prepare = format!("mount -t tmpfs none /run\nip link set lo up\n{links}");
    let possible = enter(&prepare).stderr(Stdio::null()).status();
    if !possible.is_ok_and(|status| status.success()) {
        let why = "this user cannot make network namespaces; proxies stand for them";
        assert!(std::env::var_os("CI").is_none(), "where CI is set, nothing is left out: {why}");
        return eprintln!("left out: {why}");
    }
    let again = "exec \"$0\" --exact sabotage::sabotaged_workers_behind_links_lose_nothing";
    let status = enter(&format!("{prepare}{again}"))
        .arg(std::env::current_exe().unwrap())
        .env(INSIDE, "1")
        .status();
    assert!(status.unwrap().success());
}
