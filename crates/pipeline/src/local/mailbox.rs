//! Batches from many threads to one.
//!
//! A vector behind a lock that is held only to append or to swap, a flag that can be looked at
//! without the lock, and the reader's parking token as the bell. Posting to a reader that is
//! awake costs no system call, and vectors go round instead of being allocated.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::Thread;

/// Letters of type `T` to the thread that reads them.
#[derive(Debug)]
pub(super) struct Mailbox<T> {
    letters: Mutex<Vec<T>>,
    any: AtomicBool,
    closed: AtomicBool,
    reader: OnceLock<Thread>,
}

impl<T> Mailbox<T> {
    pub(super) fn new() -> Mailbox<T> {
        Mailbox {
            letters: Mutex::new(Vec::new()),
            any: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            reader: OnceLock::new(),
        }
    }

    /// Names the thread to wake. The first call counts.
    pub(super) fn read_by(&self, reader: Thread) {
        self.reader.get_or_init(|| reader);
    }

    /// Posts all of `letters`, in order, and empties it.
    pub(super) fn post(&self, letters: &mut Vec<T>) {
        if letters.is_empty() {
            return;
        }
        let mut box_ = self.lock();
        if box_.is_empty() {
            std::mem::swap(&mut *box_, letters);
        } else {
            box_.append(letters);
        }
        self.ring(box_);
    }

    /// Posts one letter.
    pub(super) fn post_one(&self, letter: T) {
        let mut box_ = self.lock();
        box_.push(letter);
        self.ring(box_);
    }

    /// Whether there is mail. One load.
    #[inline]
    pub(super) fn has_mail(&self) -> bool {
        self.any.load(Ordering::Acquire)
    }

    /// Takes all letters, appending them to `into`; says whether there were any.
    pub(super) fn take(&self, into: &mut Vec<T>) -> bool {
        if !self.has_mail() {
            return false;
        }
        let mut box_ = self.lock();
        self.any.store(false, Ordering::Relaxed);
        if into.is_empty() {
            std::mem::swap(&mut *box_, into);
        } else {
            into.append(&mut box_);
        }
        true
    }

    /// Whether nobody will post any more.
    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Closes the box when the guard is dropped, by a panic too, so that no reader waits for ever.
    pub(super) fn close_on_drop(self: &Arc<Self>) -> CloseOnDrop<T> {
        CloseOnDrop(Arc::clone(self))
    }

    fn ring(&self, box_: MutexGuard<'_, Vec<T>>) {
        self.any.store(true, Ordering::Release);
        drop(box_);
        if let Some(reader) = self.reader.get() {
            reader.unpark();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<T>> {
        self.letters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// See [`Mailbox::close_on_drop`].
pub(super) struct CloseOnDrop<T>(Arc<Mailbox<T>>);

impl<T> Drop for CloseOnDrop<T> {
    fn drop(&mut self) {
        self.0.closed.store(true, Ordering::Release);
        if let Some(reader) = self.0.reader.get() {
            reader.unpark();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    #[test]
    fn every_letter_arrives_once_and_in_its_senders_order() {
        let mail = Arc::new(Mailbox::new());
        mail.read_by(thread::current());
        let (senders, each) = (4, 20_000);
        let threads: Vec<_> = (0..senders)
            .map(|sender| {
                let mail = Arc::clone(&mail);
                thread::spawn(move || {
                    let mut batch = Vec::new();
                    for n in 0..each {
                        match n % 7 {
                            0 => mail.post_one((sender, n)),
                            _ => batch.push((sender, n)),
                        }
                        if n % 7 == 6 || n + 1 == each {
                            mail.post(&mut batch);
                        }
                    }
                })
            })
            .collect();
        let mut next = vec![0; senders];
        let mut got = Vec::new();
        while next.iter().sum::<usize>() < senders * each {
            if !mail.take(&mut got) {
                thread::park();
            }
            for (sender, n) in got.drain(..) {
                assert_eq!(next[sender], n);
                next[sender] += 1;
            }
        }
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert!(!mail.has_mail());
    }
}
