//! What is going on, on stderr.
//!
//! On a terminal one line is redrawn five times a second by a thread of its own, which only
//! reads counters of the repetitions. Elsewhere nothing is redrawn: a log gets one line
//! per finished run.

use crate::Error;
use crate::clock::Stopwatch;
use crate::report::number;
use crate::run::Running;
use std::io::{IsTerminal as _, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Between two redraws.
const TICK: Duration = Duration::from_millis(200);
/// Columns of the line; wider terminals are not asked for.
const COLUMNS: usize = 79;
/// Back to the first column, and clear the line.
const CLEAR: &str = "\r\x1b[K";

/// The line, and the thread that redraws it. Dropping it clears the line.
#[derive(Debug)]
pub(crate) struct Progress {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    running: Arc<Running>,
    ended: AtomicBool,
    current: Mutex<Option<Current>>,
}

#[derive(Debug)]
struct Current {
    label: String,
    since: Stopwatch,
}

impl Progress {
    /// For a command whose repetitions are all under `running`.
    ///
    /// # Errors
    /// When the system refuses the thread.
    pub(crate) fn start(running: &Arc<Running>) -> Result<Progress, Error> {
        let shared = Arc::new(Shared {
            running: Arc::clone(running),
            ended: AtomicBool::new(false),
            current: Mutex::new(None),
        });
        let mut progress = Progress { shared: Arc::clone(&shared), thread: None };
        if std::io::stderr().is_terminal() {
            let redraw = move || {
                while !shared.ended.load(Ordering::Acquire) {
                    shared.redraw();
                    thread::park_timeout(TICK);
                }
            };
            let thread = thread::Builder::new().name("progress".into()).spawn(redraw);
            progress.thread = Some(thread.map_err(Error::Thread)?);
        }
        Ok(progress)
    }

    /// A run begins.
    pub(crate) fn begin(&self, label: String) {
        *self.shared.lock() = Some(Current { label, since: Stopwatch::start() });
    }

    /// A run is through; `line` says so.
    pub(crate) fn finished(&self, line: &str) {
        let mut current = self.shared.lock(); // so that no redraw comes in between
        *current = None;
        eprintln!("{}{line}", if self.thread.is_some() { CLEAR } else { "" });
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            if thread.join().is_ok() && self.shared.lock().is_some() {
                eprint!("{CLEAR}");
            }
        }
    }
}

impl Shared {
    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Current>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn redraw(&self) {
        let current = self.lock();
        let Some(Current { label, since }) = &*current else { return };
        let pipeline::Progress { done, total } = self.running.progress();
        let line = line(label, done, total, since.elapsed());
        // Nobody reads a terminal that is gone.
        let _ = write!(std::io::stderr(), "{CLEAR}{line}");
    }
}

/// `[3/14] name  1,234/2,000 tasks  512/s  2 s left`
fn line(label: &str, done: u64, total: u64, elapsed: Duration) -> String {
    let seconds = elapsed.as_secs_f64();
    let mut line = format!("{label}  {}/{} tasks", number::count(done), number::count(total));
    if done > 0 && seconds > 0.0 {
        let rate = done as f64 / seconds;
        let left = total.saturating_sub(done) as f64 / rate;
        line.push_str(&format!("  {}/s  {} left", number::short(rate), number::seconds(left)));
    }
    number::elided(&line, COLUMNS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_says_how_far_and_how_long() {
        let elapsed = Duration::from_secs(2);
        let line = |done| line("[3/14] policies_fifo", done, 2_000, elapsed);
        assert_eq!(line(0), "[3/14] policies_fifo  0/2,000 tasks");
        assert_eq!(line(500), "[3/14] policies_fifo  500/2,000 tasks  250/s  6 s left");
    }
}
