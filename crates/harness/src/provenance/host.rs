//! The machine of a run.
//!
//! Only what the system tells without a C library: what it does not tell is left out,
//! never guessed.

use metrics::report::Host;
use std::thread;

/// This machine.
pub(super) fn host() -> Host {
    Host {
        name: name().unwrap_or_else(|| "unknown".to_owned()),
        platform: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        cpu_model: cpu_model(),
        cores: cores(),
    }
}

/// Processors that this process may use; 1 if the system does not tell.
pub(crate) fn cores() -> u32 {
    thread::available_parallelism().map_or(1, |n| u32::try_from(n.get()).unwrap_or(u32::MAX))
}

#[cfg(unix)]
fn name() -> Option<String> {
    rustix::system::uname().nodename().to_str().ok().map(str::to_owned)
}

#[cfg(not(unix))]
fn name() -> Option<String> {
    None
}

/// As Linux tells it.
fn cpu_model() -> Option<String> {
    let text = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}
