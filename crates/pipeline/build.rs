//! Tells this crate how it is optimised.
//!
//! The loop, the timers and the workers run while a clock ticks. How they were compiled is
//! part of every report, and only a build script is told: profiles can differ by package.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let level = std::env::var_os("OPT_LEVEL").unwrap_or_default();
    println!("cargo::rustc-env=PIPELINE_OPT_LEVEL={}", level.to_string_lossy());
}
