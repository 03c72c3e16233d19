//! `sage cluster start`: workers of this host that nobody waits for.
//!
//! They are in process groups of their own, with nothing of the terminal but a log file each. The command
//! ends when all listen; if one cannot, none is left. What it has started is written down at once, so that
//! `stop` finds it even if this command is killed.

use super::StartArgs;
use super::home::{FILE, Home, State, TOKEN, Worker};
use crate::{Error, Exit};
use pipeline::kit::Clock;
use sched_core::{Span, Time};
use std::fs::{self, File};
use std::net::SocketAddr;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

/// How long workers may take until they listen.
const PATIENCE: Span = Span::from_secs(20);

/// Starts them.
///
/// # Errors
/// When there is a cluster of this name already, or a worker does not come up.
pub(super) fn start(args: &StartArgs) -> Result<Exit, Error> {
    let home = Home::named(&args.name)?;
    if args.port.is_some_and(|first| u32::from(first) + u32::from(args.nodes) > 65_536) {
        return Err(Error::Usage(format!(
            "--port: there are not {} ports from there on",
            args.nodes
        )));
    }
    if home.exists() {
        make_room(&home)?;
    }
    if !home.claim()? {
        return Err(Error::Usage(taken(&home, "is being started by another command")));
    }
    let mut children = Vec::new();
    let started = bring_up(&home, args, &mut children);
    if started.is_err() {
        for child in &mut children {
            let _ = child.kill().and_then(|()| child.wait()); // it may have ended by itself
        }
        home.remove()?;
    }
    print!("{}", told(&home, args.slots, &started?));
    Ok(Exit::Done)
}

fn taken(home: &Home, how: &str) -> String {
    let name = &home.name;
    format!(
        "cluster `{name}` {how}; `sage cluster stop {name}` ends it, and another `--name` leaves it be"
    )
}

/// Removes what a cluster that is gone has left behind.
fn make_room(home: &Home) -> Result<(), Error> {
    let Some(State { workers }) = home.state() else {
        return Err(Error::Usage(taken(home, "is being started, or that was cut off")));
    };
    let alive = workers.iter().filter(|worker| worker.is_alive()).count();
    if alive > 0 {
        let how = format!("is running, with {alive} of {} workers", workers.len());
        return Err(Error::Usage(taken(home, &how)));
    }
    eprintln!("note: cluster `{}` was not stopped and is gone; it is started anew", home.name);
    home.remove()
}

fn bring_up(home: &Home, args: &StartArgs, children: &mut Vec<Child>) -> Result<State, Error> {
    let usage = |error: String| Error::Usage(format!("cannot start a worker: {error}"));
    let token = cluster::secret().map_err(|error| usage(error.to_string()))?;
    home.write(TOKEN, &token)?;
    let program = std::env::current_exe().map_err(|error| usage(error.to_string()))?;
    let mut state = State::default();
    for node in 0..args.nodes {
        let port = args.port.map_or(0, |first| first + node);
        let log = home.file(&log_of(node.into()));
        let file = File::create_new(&log).map_err(|error| Error::write(&log, error))?;
        let child = Command::new(&program)
            .args(["worker", "--listen", &format!("127.0.0.1:{port}")])
            .args(["--slots", &args.slots.to_string(), "--token-file"])
            .arg(home.file(TOKEN))
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(file)
            .process_group(0)
            .spawn()
            .map_err(|error| usage(error.to_string()))?;
        state.workers.push(Worker::of(child.id()));
        children.push(child);
        home.save(&state)?;
    }
    let clock = Clock::start();
    for (node, (worker, child)) in state.workers.iter_mut().zip(children).enumerate() {
        let log = home.file(&log_of(node));
        worker.address = Some(loop {
            let ended = child.try_wait().ok().flatten();
            match heard(&log) {
                Ok(address) => break address,
                Err(said) if ended.is_some() || clock.now() > Time::ZERO + PATIENCE => {
                    return Err(Error::Usage(format!("node-{node} does not come up: {said}")));
                }
                Err(_) => thread::park_timeout(Duration::from_millis(5)),
            }
        });
    }
    home.save(&state)?;
    let list: Vec<String> =
        state.workers.iter().filter_map(|it| it.address).map(|at| at.to_string()).collect();
    let list = list.join(", ");
    home.write(FILE, &format!("launcher: static\nworkers: [{list}]\ntoken_file: {TOKEN}"))?;
    Ok(state)
}

fn log_of(node: usize) -> String {
    format!("node-{node}.log")
}

/// Where a worker listens, by its log, or what it has said instead.
fn heard(log: &Path) -> Result<SocketAddr, String> {
    let text = fs::read_to_string(log).map_err(|error| error.to_string())?;
    let (whole, _) = text.rsplit_once('\n').unwrap_or_default();
    let address = whole.lines().find_map(|line| line.strip_prefix("worker: listening on "));
    address.and_then(|address| address.parse().ok()).ok_or_else(|| {
        let last = whole.lines().last().unwrap_or("it said nothing");
        last.trim_start_matches("error: ").to_owned()
    })
}

fn told(home: &Home, slots: u32, state: &State) -> String {
    let name = &home.name;
    let mut text =
        format!("cluster `{name}`: {} workers, {slots} slots each\n", state.workers.len());
    for (node, worker) in state.workers.iter().enumerate() {
        let address = worker.address.map_or_else(String::new, |it| it.to_string());
        text.push_str(&format!("  node-{node}  {address}  process {}\n", worker.process));
    }
    let folder = home.folder().display();
    format!(
        "{text}run on it:  sage run SPEC --env cluster --cluster {name}\n\
         end it:     sage cluster stop {name}\n\
         logs:       {folder}\n"
    )
}
