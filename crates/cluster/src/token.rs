//! The shared secret of a driver and its workers.
//!
//! Compared without a hint in the time that it takes; never printed.

use crate::Error;
use crate::wire::MAX_TOKEN;
use std::fmt;
use std::hint::black_box;
#[cfg(unix)]
use std::net::SocketAddr;

/// A shared secret.
#[derive(Clone)]
pub struct Token(Vec<u8>);

impl Token {
    /// From its bytes; white space around them is not part of it.
    ///
    /// # Errors
    /// When it is shorter than 16 bytes, or too long.
    pub fn new(bytes: &[u8]) -> Result<Token, Error> {
        let bytes = bytes.trim_ascii();
        match (16..=MAX_TOKEN).contains(&bytes.len()) {
            true => Ok(Token(bytes.to_vec())),
            false => Err(Error::Token(bytes.len())),
        }
    }

    #[cfg(unix)]
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether they are equal. The time depends on the lengths alone.
    pub(crate) fn is(&self, other: &[u8]) -> bool {
        let different = self.0.iter().zip(other).fold(0, |sum, (a, b)| black_box(sum | (a ^ b)));
        self.0.len() == other.len() && different == 0
    }
}

/// Beyond this host, nothing goes without a token and TLS.
#[cfg(unix)]
pub(crate) fn require_protection(
    address: SocketAddr,
    token: bool,
    encrypted: bool,
) -> Result<(), Error> {
    let missing = match (token, encrypted) {
        (true, true) => return Ok(()),
        (false, true) => "the token is",
        (true, false) => "TLS is",
        (false, false) => "both are",
    };
    match address.ip().to_canonical().is_loopback() {
        true => Ok(()),
        false => Err(Error::Beyond { address, missing }),
    }
}

impl PartialEq for Token {
    fn eq(&self, other: &Token) -> bool {
        self.is(&other.0)
    }
}

impl Eq for Token {}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn beyond_this_host_both_are_needed() {
        let needs = |address: &str, token, encrypted| {
            let error = require_protection(address.parse().unwrap(), token, encrypted).err();
            error.map(|error| error.to_string())
        };
        for here in ["127.0.0.1:1", "127.8.9.1:1", "[::1]:1", "[::ffff:127.0.0.1]:1"] {
            assert_eq!(needs(here, false, false), None, "{here}");
        }
        for beyond in ["192.0.2.1:1", "0.0.0.0:1", "[::]:1", "[2001:db8::1]:1"] {
            assert_eq!(needs(beyond, true, true), None, "{beyond}");
            for (token, encrypted, missing) in
                [(false, true, "the token is"), (true, false, "TLS is"), (false, false, "both are")]
            {
                let error = needs(beyond, token, encrypted).unwrap();
                assert!(error.contains(missing) && error.contains("keygen"), "{error}");
            }
        }
    }

    #[test]
    fn only_the_whole_token_is_it() {
        let token = Token::new(b"  0123456789abcdef\n").unwrap();
        assert!(token.is(b"0123456789abcdef"));
        for other in [&b""[..], b"0123456789abcde", b"0123456789abcdef0", b"0123456789abcdeF"] {
            assert!(!token.is(other), "{other:?}");
        }
        assert!(Token::new(b"short").is_err());
        assert_eq!(format!("{token:?}"), "Token");
    }
}
