//! TLS: what a worker shows, and whom a driver trusts. The connections themselves are in `secure`.
//!
//! A worker proves itself by its certificate and a driver by the token. All workers of a cluster show the
//! name [`NAME`], wherever they listen, so one certificate serves them all: whom a driver trusts is decided
//! by the authority that it was given, not by addresses.

use crate::Error;
use rustls::client::Resumption;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::version::TLS13;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use std::path::Path;
use std::sync::Arc;

/// The name in the certificate of a worker.
pub const NAME: &str = "sage-worker";

/// What a worker shows: its certificate, and the key to it.
#[derive(Clone, Debug)]
#[cfg_attr(not(unix), allow(dead_code, reason = "there are no workers elsewhere"))]
pub struct Identity(pub(crate) Arc<ServerConfig>);

impl Identity {
    /// From PEM files: the certificate, followed by others that lead to the authority if there are any, and
    /// its private key.
    ///
    /// # Errors
    /// When a file cannot be read or holds no such thing, and when the two do not belong together.
    pub fn read(certificate: &Path, key: &Path) -> Result<Identity, Error> {
        let chain = certificates(certificate)?;
        let secret = PrivateKeyDer::from_pem_file(key)
            .map_err(|error| named(key, &format!("no private key in it ({error})")))?;
        let config = ServerConfig::builder_with_provider(default_provider().into())
            .with_protocol_versions(&[&TLS13])
            .and_then(|config| config.with_no_client_auth().with_single_cert(chain, secret));
        let mut config = config.map_err(|error| named(key, &error.to_string()))?;
        config.send_tls13_tickets = 0; // sessions are long, and few
        Ok(Identity(Arc::new(config)))
    }
}

/// Whom a driver trusts: the authority that has signed the certificates of its workers.
#[derive(Clone, Debug)]
pub struct Trust {
    authorities: Vec<CertificateDer<'static>>,
    #[cfg_attr(not(unix), allow(dead_code, reason = "there are no workers elsewhere"))]
    pub(crate) config: Arc<ClientConfig>,
}

impl Trust {
    /// From a PEM file with one certificate or more. Nobody else is trusted, whatever the system does.
    ///
    /// # Errors
    /// When it cannot be read, or one of them is none.
    pub fn read(path: &Path) -> Result<Trust, Error> {
        let authorities = certificates(path)?;
        let mut roots = RootCertStore::empty();
        let fail = |error: rustls::Error| named(path, &error.to_string());
        authorities.iter().try_for_each(|it| roots.add(it.clone())).map_err(fail)?;
        let mut config = ClientConfig::builder_with_provider(default_provider().into())
            .with_protocol_versions(&[&TLS13])
            .map_err(fail)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.resumption = Resumption::disabled();
        Ok(Trust { authorities, config: Arc::new(config) })
    }
}

impl PartialEq for Trust {
    fn eq(&self, other: &Trust) -> bool {
        self.authorities == other.authorities
    }
}

impl Eq for Trust {}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let all = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    match all {
        Ok(all) if all.is_empty() => Err(named(path, "no certificate in it")),
        Ok(all) => Ok(all),
        Err(error) => Err(named(path, &format!("no certificate in it ({error})"))),
    }
}

fn named(path: &Path, why: &str) -> Error {
    let remedy = "`sage cluster keygen DIR` makes such files";
    Error::Keys(format!("{}: {why}; {remedy}", path.display()))
}
