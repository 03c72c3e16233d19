//! The folder of a run and the files in it.
//!
//! A folder belongs to one command: it is claimed by creating its `spec.yaml`, which only
//! one of several can. Files appear under their names when they are whole; what is
//! still being written ends in `.part`.

mod files;
mod folder;

pub use folder::Home;

pub(crate) use files::{LatencyFile, LatencyPart, write_file};
pub(crate) use folder::{Folder, plan_output};
