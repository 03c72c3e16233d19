//! `sage cluster stop`: ends what `start` has started.
//!
//! Workers are asked over their own protocol, with the token, so that no process is ended that is not one of
//! them; one that does not answer, because it is stopped or hangs, is killed, if it is still the process that
//! was started.

use super::home::{Home, State, Worker};
use super::status::Fleet;
use crate::{Error, Exit};
use pipeline::kit::Clock;
use sched_core::{Span, Time};
use std::thread;
use std::time::Duration;

/// How long a worker may take to end after it has said so.
const PATIENCE: Span = Span::from_secs(2);

/// Ends them, and what is left of them.
///
/// # Errors
/// When one cannot be ended, or its files cannot be removed.
pub(super) fn stop(name: &str) -> Result<Exit, Error> {
    let home = Home::named(name)?;
    if !home.exists() {
        println!("cluster `{name}` is not running");
        return Ok(Exit::Done);
    }
    let asked = Fleet::of_home(&home).map_or_else(Vec::new, |fleet| fleet.ask(true));
    let State { workers } = home.state().unwrap_or_default();
    let clock = Clock::start();
    let mut killed = 0;
    while let Some(alive) = workers.iter().position(Worker::is_alive) {
        let told = asked.get(alive).is_some_and(Result::is_ok);
        if !told || clock.now() > Time::ZERO + PATIENCE {
            workers[alive].kill();
            killed += 1;
        }
        if killed > 10 * workers.len() {
            let process = workers[alive].process;
            let why =
                format!("process {process} of cluster `{name}` cannot be ended; end it by hand");
            return Err(Error::Usage(why));
        }
        thread::park_timeout(Duration::from_millis(20));
    }
    home.remove()?;
    let ended = asked.iter().filter(|it| it.is_ok()).count();
    println!("cluster `{name}`: {ended} of {} workers have ended as asked", workers.len());
    Ok(Exit::Done)
}
