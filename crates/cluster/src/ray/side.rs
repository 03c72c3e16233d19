//! The Python process on this side of Ray, and what it has said so far.
//!
//! A thread reads its standard output and keeps what matters behind one lock; whoever needs something
//! waits there for it. The end of its standard input tells it that nobody needs it any more, so it does
//! not outlive this process, however that ends; and Ray ends with it what it has started.

use super::words::{Done, Hello, Order, Word};
use crate::{Error, Keys, Program};
use pipeline::Control;
use pipeline::kit::Clock;
use sched_core::{Span, Time};
use std::fs;
use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::net::SocketAddr;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

/// The whole of it.
const SCRIPT: &str = include_str!("../../python/ray_side.py");

/// How long it may take to do what it was told: it gives up by itself before. Importing Ray alone takes
/// seconds on a busy machine.
const PATIENCE: Span = Span::from_secs(180);

/// The longest wait in one go: whether the run is to stop is no news of this process.
const TURN: Span = Span::from_millis(100);

/// How long it may take to end.
const LEAVING: Span = Span::from_secs(10);

/// The process.
#[derive(Debug)]
pub(super) struct Side {
    child: Child,
    input: Option<ChildStdin>, // until it is to end
    heard: Arc<Heard>,
}

/// What it has said.
#[derive(Debug, Default)]
pub(super) struct Heard {
    known: Mutex<Known>,
    news: Condvar,
}

#[derive(Debug, Default)]
struct Known {
    replies: Vec<Result<(), String>>,
    workers: Vec<Result<SocketAddr, String>>, // by node
    done: Vec<Done>,
    warm: Option<(u32, u32)>,
    gone: Option<String>,
}

impl Side {
    /// Starts it, and has it connect to Ray. `program` is what Ray is to ship to its nodes.
    pub(super) fn start(
        python: &Path,
        address: &str,
        program: &Program,
        keys: &Keys,
        control: &Control,
    ) -> Result<Side, Error> {
        let here = |error| Error::Ray(format!("its files cannot be written: {error}"));
        let folder = tempfile::Builder::new().prefix("sage-ray-").tempdir().map_err(here)?;
        let script = folder.path().join("ray_side.py");
        fs::write(&script, SCRIPT).map_err(here)?;
        fs::copy(program.path(), folder.path().join("worker")).map_err(here)?;
        let mut child = Command::new(python)
            .arg(&script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0) // Ctrl-C is for the driver, which then ends this
            .spawn()
            .map_err(|error| {
                let python = python.display();
                Error::Ray(format!(
                    "{python} cannot be started ({error}); `scripts/setup-ray.sh` makes a Python with \
                     Ray, and `python:` in the file of `--cluster` names it"
                ))
            })?;
        let heard = Arc::new(Heard::default());
        let (output, errors) = (child.stdout.take(), child.stderr.take());
        let mut side = Side { input: child.stdin.take(), child, heard: Arc::clone(&heard) };
        let listen = move || {
            let last = errors.map(|errors| thread::spawn(move || last_line(errors)));
            let why = output.map_or(String::new(), |output| heard.listen(output));
            let last = last.and_then(|last| last.join().ok()).unwrap_or_default();
            heard.gone(if why.is_empty() { format!("its Python has ended: {last}") } else { why });
        };
        let builder = thread::Builder::new().name("ray".into());
        builder.spawn(listen).map_err(Error::Socket)?;
        // Ray takes its own copy of the folder before it says that it is ready.
        let path = folder.path().to_string_lossy();
        let Keys { token, certificate, key, .. } = keys;
        side.say(&Hello { address, folder: &path, token, certificate, key })?;
        side.heard.reply(control)?;
        Ok(side)
    }

    pub(super) fn heard(&self) -> &Arc<Heard> {
        &self.heard
    }

    /// Tells it to do something.
    pub(super) fn order(&mut self, order: &Order<'_>) -> Result<(), Error> {
        if let Order::Workers { slots } | Order::Tasks { slots, .. } = order {
            let mut known = self.heard.known();
            known.replies.clear();
            known.workers = vec![Err("it has not started yet".into()); slots.len()];
            (known.done, known.warm) = (Vec::new(), None);
        }
        self.say(order)
    }

    fn say(&mut self, what: &impl serde::Serialize) -> Result<(), Error> {
        let line = serde_json::to_string(what).map_err(|error| Error::Ray(error.to_string()))?;
        let said = self.input.as_mut().map(|input| writeln!(input, "{line}"));
        match said {
            Some(Ok(())) => Ok(()),
            _ => Err(Error::Ray(self.heard.why())),
        }
    }
}

impl Drop for Side {
    fn drop(&mut self) {
        self.input = None;
        let until = Time::ZERO + LEAVING;
        let clock = Clock::start();
        let mut known = self.heard.known();
        while known.gone.is_none() && clock.now() < until {
            let left = until.since(clock.now());
            let waited = self.heard.news.wait_timeout(known, left.into());
            known = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        drop(known);
        // It has ended, or has to; there is nobody to tell of another failure.
        let _ = self.child.kill().and_then(|()| self.child.wait());
    }
}

impl Heard {
    /// Waits for the answer to an order, or until the run is to stop.
    pub(super) fn reply(&self, control: &Control) -> Result<(), Error> {
        let reply = |known: &mut Known| match known.replies.pop() {
            None if control.stopped() => Some(Ok(())),
            reply => reply,
        };
        match self.wait(PATIENCE, reply) {
            Ok(Some(reply)) => reply.map_err(Error::Ray),
            Ok(None) => Err(Error::Ray(format!("no answer within {PATIENCE}"))),
            Err(why) => Err(Error::Ray(why)),
        }
    }

    /// Where the worker of a node listens, as soon as it does and it is not `old`.
    pub(super) fn worker(
        &self,
        node: u32,
        old: Option<SocketAddr>,
        patience: Span,
    ) -> Result<SocketAddr, String> {
        let is_new = |known: &mut Known| match known.workers.get(node as usize) {
            Some(Ok(address)) if Some(*address) != old => Some(*address),
            _ => None,
        };
        if let Some(address) = self.wait(patience, is_new)? {
            return Ok(address);
        }
        let known = self.known();
        let why = known.workers.get(node as usize).and_then(|worker| worker.as_ref().err());
        let why = why.map_or("", String::as_str);
        Err(format!("Ray has no worker for it after {patience}: {why}"))
    }

    /// Calls that have ended, as soon as there is one.
    pub(super) fn done(&self, patience: Span) -> Result<Vec<Done>, String> {
        let some =
            |known: &mut Known| (!known.done.is_empty()).then(|| std::mem::take(&mut known.done));
        Ok(self.wait(patience, some)?.unwrap_or_default())
    }

    /// Processes for tasks that are there, and slots.
    pub(super) fn warm(&self) -> Option<(u32, u32)> {
        self.known().warm
    }

    /// Why it is of no use any more, if so.
    pub(super) fn is_gone(&self) -> Option<String> {
        self.known().gone.clone()
    }

    /// Waits for something; an error when it cannot come any more.
    fn wait<T>(
        &self,
        patience: Span,
        mut found: impl FnMut(&mut Known) -> Option<T>,
    ) -> Result<Option<T>, String> {
        let clock = Clock::start();
        let until = Time::ZERO + patience;
        let mut known = self.known();
        loop {
            if let Some(found) = found(&mut known) {
                return Ok(Some(found));
            }
            if let Some(why) = &known.gone {
                return Err(why.clone());
            }
            let left = until.since(clock.now());
            if left == Span::ZERO {
                return Ok(None);
            }
            let waited = self.news.wait_timeout(known, left.min(TURN).into());
            known = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Why nobody listens: it may take a moment until that is known.
    fn why(&self) -> String {
        let gone = self.wait(Span::from_secs(1), |known| known.gone.clone());
        gone.ok().flatten().unwrap_or_else(|| "its Python does not listen".into())
    }

    /// Takes note of all that it says, to its end; says why there is no more to be expected.
    fn listen(&self, output: impl Read) -> String {
        for line in BufReader::new(output).lines() {
            let Ok(line) = line else { break };
            match serde_json::from_str(&line) {
                Ok(Word::Gone { why }) => return why,
                Ok(word) => self.hear(word),
                Err(error) => return format!("its Python said `{line}` ({error})"),
            }
        }
        String::new()
    }

    fn hear(&self, word: Word) {
        let mut known = self.known();
        let mut note = |node: u32, what| {
            if let Some(worker) = known.workers.get_mut(node as usize) {
                *worker = what;
            }
        };
        match word {
            Word::Ready {} => known.replies.push(Ok(())),
            Word::Refused { why } => known.replies.push(Err(why)),
            Word::Worker { node, address } => note(node, Ok(address)),
            Word::Lost { node, why } => note(node, Err(why)),
            Word::Warm { processes, slots } => known.warm = Some((processes, slots)),
            Word::Done { calls } => known.done.extend(calls),
            Word::Gone { why } => known.gone = Some(why),
        }
        drop(known);
        self.news.notify_all();
    }

    fn gone(&self, why: String) {
        self.known().gone.get_or_insert(why);
        self.news.notify_all();
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The last line of what a process complains of, which with Python is the one that names the error.
fn last_line(errors: impl Read) -> String {
    let mut last = String::new();
    for line in BufReader::new(errors).lines().map_while(Result::ok) {
        if !line.trim().is_empty() {
            last = line;
        }
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_it_says_is_known_until_it_says_nonsense() {
        let heard = Heard::default();
        heard.known().workers = vec![Err("not yet".into()), Err("not yet".into())];
        let said = "{\"say\": \"ready\"}\n\
                    {\"say\": \"worker\", \"node\": 1, \"address\": \"127.0.0.1:7\"}\n\
                    {\"say\": \"lost\", \"node\": 0, \"why\": \"killed\"}\n\
                    {\"say\": \"worker\", \"node\": 9, \"address\": \"127.0.0.1:7\"}\n\
                    {\"say\": \"done\", \"calls\": [[1, 0, 9, null]]}\nTraceback\n";
        let why = heard.listen(said.as_bytes());
        assert!(why.starts_with("its Python said `Traceback`"), "{why}");
        heard.reply(&Control::new()).unwrap();
        let address = "127.0.0.1:7".parse().unwrap();
        assert_eq!(heard.worker(1, None, Span::ZERO), Ok(address));
        let nothing_new = heard.worker(1, Some(address), Span::ZERO).unwrap_err();
        assert!(nothing_new.starts_with("Ray has no worker for it"), "{nothing_new}");
        assert!(heard.worker(0, None, Span::ZERO).unwrap_err().ends_with(": killed"));
        assert_eq!(heard.done(Span::ZERO).unwrap(), [(1, Some(0), 9, None)]);
        assert_eq!(heard.done(Span::ZERO).unwrap(), []);
        heard.gone(why.clone());
        assert_eq!(heard.done(Span::ZERO), Err(why.clone()));
        assert_eq!(heard.reply(&Control::new()).unwrap_err().to_string(), format!("Ray: {why}"));
    }
}
