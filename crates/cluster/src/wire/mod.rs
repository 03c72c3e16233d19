//! The protocol between driver and worker: frames, and what they say.
//!
//! A frame is a length (`u32`, of what follows), a kind (`u8`) and fields of fixed size, all little
//! endian; one call or one answer each. Batching is not part of the format: whoever has much to say
//! fills a buffer and writes once. Written by hand, because a dozen flat records need no library, and
//! a decoder without lengths that nest can be read in one go and bounded at one place.
//!
//! Nothing that is decoded is trusted: a frame longer than [`MAX_FRAME`], an unknown kind, a field
//! missing or left over, a number out of its range, each is a [`WireError`].

mod message;
mod record;
mod refusal;

pub use message::{Answer, Ask, Hello, Inquiry, Message, Status};
pub use refusal::Refusal;

/// Version of the protocol. Peers of different versions refuse each other by name.
pub const VERSION: u16 = 3;

/// The longest frame, without its length. Bytes.
pub const MAX_FRAME: usize = MAX_DATA + 1024;

/// The longest token. Bytes.
pub const MAX_TOKEN: usize = 256;

/// The longest reason or refusal; longer ones are cut. Bytes.
pub const MAX_TEXT: usize = 1024;

/// The most bytes of a task's data, and of a setup of steps.
pub use pipeline::model::MAX_DATA;

/// Why bytes are no message.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WireError {
    /// Longer than any message is.
    #[error("a frame of {0} bytes, and none is longer than {MAX_FRAME}")]
    TooLong(u64),
    /// No message is of this kind.
    #[error("a message of the unknown kind {0}")]
    Kind(u8),
    /// Fields are missing.
    #[error("a message that ends too early")]
    Short,
    /// There is more than its fields.
    #[error("a message with bytes left over")]
    LeftOver,
    /// The other side speaks another version of the protocol.
    #[error("version {0} of the protocol, and here it is {VERSION}; use one build on both sides")]
    Version(u16),
    /// A number out of its range, or text that is none.
    #[error("a message whose `{0}` cannot be")]
    Field(&'static str),
}

/// Appends a message as a frame.
pub fn encode(message: &Message, out: &mut Vec<u8>) {
    let start = out.len();
    out.extend([0; 4]);
    message.write(out);
    let length = (out.len() - start - 4) as u32; // MAX_FRAME at most: texts are cut
    out[start..start + 4].copy_from_slice(&length.to_le_bytes());
}

/// The first message in `bytes` and its length with the frame around it; `None` if it is not whole yet.
///
/// # Errors
/// When no message can begin like this, whatever follows.
pub fn decode(bytes: &[u8]) -> Result<Option<(Message, usize)>, WireError> {
    let Some((length, rest)) = bytes.split_first_chunk::<4>() else { return Ok(None) };
    let length = u32::from_le_bytes(*length) as usize;
    if length > MAX_FRAME {
        return Err(WireError::TooLong(length as u64));
    }
    let Some(body) = rest.get(..length) else { return Ok(None) };
    Ok(Some((Message::read(body)?, length + 4)))
}
