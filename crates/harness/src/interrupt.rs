//! Ctrl-C and SIGTERM.
//!
//! The first one asks the run to end and what there is to be saved; the second ends the
//! process at once. tokio's handlers do the unsafe part; they need a runtime, which lives
//! in a thread of its own and takes no part in any run.

use crate::run::Running;
use crate::{Error, Exit};
use std::process;
use std::sync::Arc;
use std::thread;

/// Stops all runs at the first signal, ends the process at the second.
///
/// # Errors
/// When the system refuses the thread or the handlers.
pub(crate) fn stop_on_signals(running: Arc<Running>) -> Result<(), Error> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Error::Thread)?;
    let mut signals = {
        let _context = runtime.enter();
        Signals::new().map_err(Error::Thread)?
    };
    let listen = move || {
        runtime.block_on(async {
            signals.next().await;
            running.stop();
            eprintln!("\nInterrupted: saving what there is. Once more ends at once.");
            signals.next().await;
            process::exit(i32::from(Exit::Interrupted.code()));
        });
    };
    thread::Builder::new().name("signals".into()).spawn(listen).map_err(Error::Thread)?;
    Ok(())
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> std::io::Result<Signals> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Signals {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) {
        // Written out, because `select!` would need tokio's macros.
        std::future::poll_fn(|context| {
            let interrupted = self.interrupt.poll_recv(context).is_ready();
            let terminated = self.terminate.poll_recv(context).is_ready();
            match interrupted || terminated {
                true => std::task::Poll::Ready(()),
                false => std::task::Poll::Pending,
            }
        })
        .await;
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> std::io::Result<Signals> {
        Ok(Signals)
    }

    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
