//! Several threads, one order.
//!
//! Pieces of work are claimed in order, done at once on several threads, and handed over in
//! order on the calling thread: what is made of them does not depend on the number of threads.

use crate::Error;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::thread;

/// Does `work` on 0 to `pieces` − 1, on up to `threads` threads (at least one), and hands what it
/// gave to `take` in order. Work that `go_on` forbids is not begun. On the first error, which is
/// given back, `give_up` is called, so that work which is still being done can be cut short.
///
/// Results wait for their turn: with pieces of one size about as many as there are threads.
pub(crate) fn in_order<T: Send>(
    pieces: u32,
    threads: u32,
    go_on: impl Fn() -> bool + Sync,
    give_up: impl Fn(),
    work: impl Fn(u32) -> Result<T, Error> + Sync,
    mut take: impl FnMut(T) -> Result<(), Error>,
) -> Result<(), Error> {
    let next = AtomicU32::new(0);
    thread::scope(|scope| {
        let (send, receive) = mpsc::channel();
        let mut result = Ok(());
        for _ in 0..threads.clamp(1, pieces.max(1)) {
            let send = send.clone();
            let (next, go_on, work) = (&next, &go_on, &work);
            let worker = move || {
                while go_on() {
                    let piece = next.fetch_add(1, Ordering::Relaxed);
                    // Nobody listens any more after an error.
                    if piece >= pieces || send.send((piece, work(piece))).is_err() {
                        break;
                    }
                }
            };
            let builder = thread::Builder::new().name("repetition".into());
            if let Err(error) = builder.spawn_scoped(scope, worker) {
                result = Err(Error::Thread(error));
                break;
            }
        }
        drop(send);
        let mut waiting = BTreeMap::new();
        let mut turn = 0;
        while result.is_ok()
            && let Ok((piece, done)) = receive.recv()
        {
            waiting.insert(piece, done);
            while result.is_ok()
                && let Some(done) = waiting.remove(&turn)
            {
                result = done.and_then(&mut take);
                turn += 1;
            }
        }
        if result.is_err() {
            next.store(pieces, Ordering::Relaxed); // no more is begun
            give_up();
        }
        result
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicBool;

    fn usage(text: &str) -> Error {
        Error::Usage(text.to_owned())
    }

    #[test]
    fn results_come_in_order_whoever_is_first() {
        for threads in [0, 1, 2, 7, 100] {
            let mut taken = Vec::new();
            let work = |piece: u32| {
                // The first pieces take longest.
                (0..(20 - piece) * 1_000).for_each(|i| assert!(std::hint::black_box(i) < 20_000));
                Ok(piece)
            };
            let take = |piece| {
                taken.push(piece);
                Ok(())
            };
            in_order(20, threads, || true, || (), work, take).unwrap();
            assert_eq!(taken, (0..20).collect::<Vec<_>>());
        }
    }

    #[test]
    fn the_first_error_in_order_ends_it_and_cuts_the_others_short() {
        let given_up = AtomicBool::new(false);
        let mut taken = Vec::new();
        let work = |piece: u32| match piece {
            3 => Err(usage("three")),
            // Would never end by itself.
            4 => {
                while !given_up.load(Ordering::Acquire) {
                    thread::yield_now();
                }
                Ok(piece)
            }
            _ => Ok(piece),
        };
        let take = |piece| {
            taken.push(piece);
            Ok(())
        };
        let give_up = || given_up.store(true, Ordering::Release);
        let error = in_order(1_000, 2, || true, give_up, work, take).unwrap_err();
        assert_eq!((error.to_string().as_str(), &taken[..]), ("three", &[0, 1, 2][..]));
    }

    #[test]
    fn nothing_is_begun_after_a_stop() {
        let stopped = AtomicBool::new(false);
        let mut taken = Vec::new();
        let work = |piece: u32| {
            while piece > 2 && !stopped.load(Ordering::Acquire) {
                thread::yield_now();
            }
            Ok(piece)
        };
        let take = |piece| {
            taken.push(piece);
            stopped.fetch_or(piece == 2, Ordering::AcqRel);
            Ok(())
        };
        let go_on = || !stopped.load(Ordering::Acquire);
        in_order(1_000, 2, go_on, || (), work, take).unwrap();
        assert!((3..=5).contains(&taken.len()), "{taken:?}");
        assert!(taken.iter().copied().eq(0..taken.len() as u32), "no gap: {taken:?}");
    }
}
