//! The local model server: a program of its own, started for the runs of a command and ended with it.
//!
//! `program` finds it. It listens on a port of its choice, and ends when its standard input does, so it does
//! not outlive this process however that ends. It keeps no prefixes of prompts: runs are paired and ask the same
//! questions, so those after the first would find most of the work done, and would look faster for it.

use super::program::model_server;
use crate::Error;
use crate::run::Running;
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

const READY: &str = "listening on ";
/// Between two looks whether the command was stopped.
const TICK: Duration = Duration::from_millis(100);
/// How long reading the models may take.
const LOADING: Duration = Duration::from_secs(120);
/// How many bytes of its last words are told.
const WORDS: usize = 600;

/// A server that runs.
#[derive(Debug)]
pub(super) struct Local {
    child: Child,
    base_url: String,
}

impl Local {
    /// Starts it with the models that are needed.
    ///
    /// # Errors
    /// When there is no such program, or it does not say that it is ready.
    pub(super) fn start(chat: bool, embeddings: bool, running: &Running) -> Result<Local, Error> {
        let program = model_server()?;
        let mut command = Command::new(&program);
        command.args(["serve", "--listen", "127.0.0.1:0", "--until-stdin-closes"]);
        command.arg("--no-prefix-cache");
        match (chat, embeddings) {
            (true, false) => drop(command.args(["--only", "chat"])),
            (false, true) => drop(command.args(["--only", "embeddings"])),
            _ => {}
        }
        // Ctrl-C is for this process, which then saves what there is.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let pipes = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let refused = |error: &dyn std::fmt::Display| {
            Error::Usage(format!("services: cannot start {}: {error}", program.display()))
        };
        let mut child = pipes.spawn().map_err(|error| refused(&error))?;
        let words = child.stderr.take().map(listen);
        let (ready, line) = channel();
        if let Some(out) = child.stdout.take() {
            let read = move || {
                let mut out = BufReader::new(out);
                let mut line = String::new();
                // The end of its output without the line is told by the end of the channel.
                if out.read_line(&mut line).is_ok() && !line.is_empty() {
                    let _ = ready.send(line);
                }
                let _ = std::io::copy(&mut out, &mut std::io::sink()); // lest it blocks
            };
            thread::Builder::new().name("server".into()).spawn(read).map_err(Error::Thread)?;
        }
        let mut local = Local { child, base_url: String::new() };
        let mut waited = Duration::ZERO;
        let said = loop {
            match line.recv_timeout(TICK) {
                Ok(line) => break Some(line),
                Err(RecvTimeoutError::Timeout) if waited < LOADING && !running.stopped() => {
                    waited += TICK;
                }
                Err(_) => break None,
            }
        };
        match said.as_deref().map(str::trim).and_then(|line| line.strip_prefix(READY)) {
            Some(url) => {
                local.base_url = format!("{url}/v1");
                Ok(local)
            }
            None => {
                drop(local);
                let words = words.and_then(|words| words.join().ok()).unwrap_or_default();
                Err(refused(&match words.trim() {
                    "" => "it did not say that it listens",
                    words => words,
                }))
            }
        }
    }

    /// Where it is.
    pub(super) fn base_url(&self) -> &str {
        &self.base_url
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        // Nobody asks it any more, and it has nothing to save.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Keeps the last words of the server, and gives them when it has ended.
fn listen(mut from: ChildStderr) -> JoinHandle<String> {
    thread::spawn(move || {
        let (mut words, mut more) = (Vec::new(), [0; 1024]);
        while let Ok(read @ 1..) = from.read(&mut more) {
            words.extend(&more[..read]);
            let beyond = words.len().saturating_sub(WORDS);
            words.drain(..beyond);
        }
        String::from_utf8_lossy(&words).into_owned()
    })
}
