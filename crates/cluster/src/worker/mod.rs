//! The worker: one node of a cluster, as a process of its own.
//!
//! It serves one driver at a time, the process that started it or whoever comes to its `listener` and passes
//! its `door`: a session begins with a hello and ends with the connection, and what was queued or running
//! then is forgotten, so an old call never answers into a new session. One thread owns the socket, the queue
//! and the deadlines; calls that burn CPU have threads beside it (`burn`), so it answers a ping at once
//! whatever runs.
//!
//! It runs what it has: waiting, burning, and the steps of its own program, chosen by number. No code comes
//! over the wire.

mod burn;
mod door;
mod listener;
mod node;
mod session;
mod stats;
mod steps;

pub use door::Terms;
pub use listener::Listener;
pub use steps::{MakeSteps, no_steps};

use crate::Error;
use crate::link::{Link, Stream};
use session::Session;
use stats::Stats;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;

/// Serves the process that started this one, over the socket that it has put in the place of the standard
/// input. Returns when that process is gone or needs it no more.
///
/// `make` makes the steps of a run from the setup that the driver sends.
///
/// On Linux the system is asked to end this process with the thread that started it, which holds even
/// while this process is stopped.
///
/// # Errors
/// When there is no such socket, or what comes over it is no message.
pub fn serve_parent(make: MakeSteps) -> Result<(), Error> {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{Signal, set_parent_process_death_signal};
        // A refusal leaves the end of the connection as the only sign.
        let _ = set_parent_process_death_signal(Some(Signal::KILL));
        // Else lists of processes would call it `exe`, by the path that it was started with.
        let _ = rustix::thread::set_name(c"sage-worker");
    }
    let socket = io::stdin().as_fd().try_clone_to_owned().map_err(Error::Socket)?;
    let link = Link::new(Stream::Unix(UnixStream::from(socket))).map_err(Error::Socket)?;
    // No limit to its silence: as long as it lives the connection does, even while it is stopped.
    Session::new(link, None, Arc::new(Stats::new()), make).run(None)
}
