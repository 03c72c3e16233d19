//! What the decoder owes for any bytes at all. Held by libFuzzer, and by a test of mutations.
//!
//! It reads no more than there is; what it reads means what the bytes say, so it is written the same way; what
//! it refuses it refuses whatever follows; and what it waits for is not longer than a message may be.

use cluster::wire::{MAX_FRAME, Message, decode, encode};

/// Reads all that is in the bytes; how many messages there were, and whether the last was refused.
pub(crate) fn decoder_keeps_its_promises(mut bytes: &[u8]) -> (usize, bool) {
    let mut read = 0;
    loop {
        match decode(bytes) {
            Ok(Some((message, length))) => {
                assert!((5..=bytes.len()).contains(&length), "{length} of {}", bytes.len());
                assert_eq!(written(&message), bytes[..length], "{message:?}");
                bytes = &bytes[length..];
                read += 1;
            }
            Ok(None) => {
                assert!(bytes.len() < MAX_FRAME + 4, "it waits for more than a message");
                return (read, false);
            }
            Err(error) => {
                let more = [bytes, &[0; 64]].concat();
                assert_eq!(decode(&more), Err(error), "what follows has changed its mind");
                return (read, true);
            }
        }
    }
}

fn written(message: &Message) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode(message, &mut bytes);
    bytes
}
