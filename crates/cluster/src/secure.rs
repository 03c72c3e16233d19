//! Encrypted connections.
//!
//! rustls does no I/O of its own, so its stream stands where the bare socket does, in front of the driver's
//! one `poll`. Hands are shaken in the threads that connect and greet anyway, which may wait; what comes
//! after never does.

use crate::tls::{Identity, NAME, Trust};
use pipeline::kit::Clock;
use rustls::pki_types::ServerName;
use rustls::{CertificateError, ClientConnection, Connection, ServerConnection};
use sched_core::{Span, Time};
use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

/// The first byte of whoever begins to speak TLS. No first message of ours begins with it: it would be the
/// length of a hello without its fields, or of an inquiry with a token too short for one.
pub(crate) const FIRST_BYTE: u8 = 0x16;

/// A connection that nobody on the way can read or change.
#[derive(Debug)]
pub(crate) struct Secure {
    pub(crate) socket: TcpStream,
    session: Connection,
}

impl Secure {
    /// Shakes hands with a driver.
    ///
    /// # Errors
    /// When it takes longer than `within`, or the other side wants something else.
    pub(crate) fn accept(
        socket: TcpStream,
        identity: &Identity,
        within: Span,
    ) -> Result<Secure, String> {
        let session = ServerConnection::new(Arc::clone(&identity.0)).map_err(|e| e.to_string())?;
        Secure { socket, session: session.into() }.greeted(within)
    }

    /// Shakes hands with a worker.
    ///
    /// # Errors
    /// When it takes longer than `within`, or the other side is not who it must be.
    pub(crate) fn connect(
        socket: TcpStream,
        trust: &Trust,
        within: Span,
    ) -> Result<Secure, String> {
        let name = ServerName::try_from(NAME).map_err(|error| error.to_string())?;
        let session = ClientConnection::new(Arc::clone(&trust.config), name);
        let session = session.map_err(|error| error.to_string())?;
        Secure { socket, session: session.into() }.greeted(within)
    }

    fn greeted(mut self, within: Span) -> Result<Secure, String> {
        let clock = Clock::start();
        let lost = |error: io::Error| format!("the connection ended in the TLS handshake: {error}");
        let late = || format!("no TLS handshake within {within}");
        for limit in [TcpStream::set_read_timeout, TcpStream::set_write_timeout] {
            limit(&self.socket, Some(within.into())).map_err(lost)?;
        }
        while self.session.is_handshaking() || self.session.wants_write() {
            if self.session.wants_write() {
                self.session.write_tls(&mut self.socket).map_err(lost)?;
                continue;
            }
            match self.session.read_tls(&mut self.socket) {
                Ok(0) => return Err(lost(ErrorKind::UnexpectedEof.into())),
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Err(late()),
                Err(error) => return Err(lost(error)),
            }
            if clock.now() > Time::ZERO + within {
                return Err(late()); // a byte at a time is no way to shake hands
            }
            if let Err(error) = self.session.process_new_packets() {
                // The other side is told what was wrong, if it still listens.
                let _ = self.session.write_tls(&mut self.socket);
                return Err(explained(&error));
            }
        }
        Ok(self)
    }

    /// Whether there is something to write that the socket has not taken yet.
    pub(crate) fn is_blocked(&self) -> bool {
        self.session.wants_write()
    }
}

/// What went wrong in a handshake, with the remedy.
fn explained(error: &rustls::Error) -> String {
    use rustls::Error::{AlertReceived, InvalidCertificate, InvalidMessage};
    match error {
        InvalidCertificate(CertificateError::NotValidForNameContext { .. }) => {
            format!("its certificate is not for the name `{NAME}`; use one that is")
        }
        InvalidCertificate(why) => {
            let remedy = "give both sides the files of one `sage cluster keygen`";
            format!("its certificate is not from the authority of `tls_ca` ({why}); {remedy}")
        }
        InvalidMessage(_) => "it does not speak TLS; start it with `--tls-cert` and `--tls-key`, \
                              or leave `tls_ca` away"
            .into(),
        AlertReceived(alert) => format!("the other side has ended the TLS handshake: {alert:?}"),
        other => format!("TLS: {other}"),
    }
}

impl Read for Secure {
    /// All that is there, up to the size of `into`. If it is not filled, there is nothing left but what
    /// the socket still has, so waiting for the socket misses nothing.
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.session.reader().read(into) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                done => return done,
            }
            if self.session.read_tls(&mut self.socket)? == 0 {
                return Ok(0); // cut off or closed: the end of a session either way
            }
            let processed = self.session.process_new_packets();
            processed.map_err(|error| io::Error::new(ErrorKind::InvalidData, error))?;
        }
    }
}

impl Write for Secure {
    /// Takes up to what its own bounded buffer holds; how much of that is on its way is for
    /// [`Secure::is_blocked`] to say.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.flush()?;
        let taken = self.session.writer().write(bytes)?;
        match self.flush() {
            Err(error) if error.kind() != ErrorKind::WouldBlock => Err(error),
            _ => Ok(taken),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        while self.session.wants_write() {
            self.session.write_tls(&mut self.socket)?;
        }
        Ok(())
    }
}
