//! A connection with a buffer on either side.
//!
//! Neither reading nor writing ever waits: what cannot be written stays in the buffer until the socket
//! takes more, so a peer that is stopped stops nobody else. Both buffers are bounded: the one for
//! reading by its size, the one for writing by the window of calls that may be without an answer.
//!
//! The socket is a Unix one to a process that this one has started, which nobody else can reach, or a
//! TCP one, encrypted or not.

use crate::secure::Secure;
use crate::wire::{Message, WireError, decode, encode};
use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::ops::Range;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;

/// Bytes that are read at most before they are looked at.
const READ: usize = 64 * 1024;

/// A stream of bytes to a peer.
#[derive(Debug)]
pub(crate) enum Stream {
    Unix(UnixStream),
    Tcp(TcpStream),
    Tls(Box<Secure>),
}

/// A connection.
#[derive(Debug)]
pub(crate) struct Link {
    stream: Stream,
    incoming: Box<[u8]>,
    unread: Range<usize>, // of `incoming`: read, and not looked at
    outgoing: Vec<u8>,
    written: usize, // of `outgoing`
}

/// What reading came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Filled {
    /// There is more than before.
    Some,
    /// There is nothing new.
    Nothing,
    /// The peer has closed, or is gone.
    Closed,
}

impl Link {
    pub(crate) fn new(stream: Stream) -> io::Result<Link> {
        if let Stream::Unix(stream) = &stream {
            stream.set_nonblocking(true)?;
        }
        if let Some(socket) = stream.tcp() {
            socket.set_nonblocking(true)?;
            socket.set_nodelay(true)?; // what is worth a write is worth a packet
        }
        let incoming = vec![0; READ].into_boxed_slice();
        Ok(Link { stream, incoming, unread: 0..0, outgoing: Vec::new(), written: 0 })
    }

    /// Reads what is there, once. Whole messages of before must have been taken with [`Link::next`]: then
    /// less than one is left, and there is room.
    pub(crate) fn fill(&mut self) -> Filled {
        self.incoming.copy_within(self.unread.clone(), 0);
        self.unread = 0..self.unread.len();
        loop {
            return match self.stream.read(&mut self.incoming[self.unread.end..]) {
                Ok(0) => Filled::Closed,
                Ok(read) => {
                    self.unread.end += read;
                    Filled::Some
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == ErrorKind::WouldBlock => Filled::Nothing,
                Err(_) => Filled::Closed,
            };
        }
    }

    /// The next message of what was read.
    ///
    /// # Errors
    /// When it is none. The connection is of no use any more.
    pub(crate) fn next(&mut self) -> Result<Option<Message>, WireError> {
        let Some((message, length)) = decode(&self.incoming[self.unread.clone()])? else {
            return Ok(None);
        };
        self.unread.start += length;
        Ok(Some(message))
    }

    /// Puts a message into the buffer.
    pub(crate) fn push(&mut self, message: &Message) {
        encode(message, &mut self.outgoing);
    }

    /// Writes as much as the socket takes. A peer that is gone is noticed by reading.
    pub(crate) fn flush(&mut self) {
        while self.written < self.outgoing.len() {
            match self.stream.write(&self.outgoing[self.written..]) {
                Ok(written) => self.written += written,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    if self.written > READ {
                        self.outgoing.drain(..self.written);
                        self.written = 0;
                    }
                    return;
                }
                Err(_) => break,
            }
        }
        self.outgoing.clear();
        self.written = 0;
        // What is left behind the encryption is written when the socket takes more.
        let _ = self.stream.flush();
    }

    /// Whether there is something to write that the socket has not taken yet.
    pub(crate) fn is_blocked(&self) -> bool {
        let behind = match &self.stream {
            Stream::Tls(stream) => stream.is_blocked(),
            Stream::Unix(_) | Stream::Tcp(_) => false,
        };
        behind || self.written < self.outgoing.len()
    }
}

impl Stream {
    /// The socket below, if it is one to another host or might be.
    pub(crate) fn tcp(&self) -> Option<&TcpStream> {
        match self {
            Stream::Unix(_) => None,
            Stream::Tcp(socket) => Some(socket),
            Stream::Tls(stream) => Some(&stream.socket),
        }
    }
}

impl AsFd for Link {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match &self.stream {
            Stream::Unix(stream) => stream.as_fd(),
            Stream::Tcp(stream) => stream.as_fd(),
            Stream::Tls(stream) => stream.socket.as_fd(),
        }
    }
}

impl Read for Stream {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Unix(stream) => stream.read(into),
            Stream::Tcp(stream) => stream.read(into),
            Stream::Tls(stream) => stream.read(into),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Stream::Unix(stream) => stream.write(bytes),
            Stream::Tcp(stream) => stream.write(bytes),
            Stream::Tls(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Stream::Unix(_) | Stream::Tcp(_) => Ok(()),
            Stream::Tls(stream) => stream.flush(),
        }
    }
}
