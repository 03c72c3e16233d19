//! A value with cache lines of its own.
//!
//! Two values that different threads write must not share a line, or each write takes the line away
//! from the other thread (false sharing). 128 bytes, because x86 prefetches lines in pairs and Apple's
//! cores have lines that long.

use std::ops::Deref;

/// Alone on its lines.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(crate) struct Padded<T>(pub(crate) T);

impl<T> Deref for Padded<T> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        &self.0
    }
}
