//! The keys of a cluster: an authority, a certificate for all workers, and the shared token.
//!
//! The authority signs this one certificate, and its own key is thrown away: nobody can make further
//! workers of this cluster, and a cluster whose key has leaked gets new files altogether. For the same reason
//! nothing expires: the files are the cluster's as long as they are on its hosts.

use crate::Error;
use crate::tls::NAME;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose,
};
use rustls::crypto::ring::default_provider;
use std::fmt::Write as _;

/// What the files of a cluster hold, each as text.
pub struct Keys {
    /// For drivers: the certificate of the authority, PEM.
    pub authority: String,
    /// For workers: their certificate, PEM.
    pub certificate: String,
    /// For workers, and secret: the key to it, PEM.
    pub key: String,
    /// For both, and secret: the token, 64 hexadecimal digits.
    pub token: String,
}

impl Keys {
    /// New ones.
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub fn generate() -> Result<Keys, Error> {
        let (authority, certificate, key) =
            certificates().map_err(|error| Error::Keys(error.to_string()))?;
        let token = secret()?;
        Ok(Keys { authority, certificate, key, token })
    }
}

/// A new token alone, 64 hexadecimal digits.
///
/// # Errors
/// When the system gives no randomness.
pub fn secret() -> Result<String, Error> {
    let mut bytes = [0; 32];
    let filled = default_provider().secure_random.fill(&mut bytes);
    filled.map_err(|_| Error::Keys("the system gives no randomness".into()))?;
    let mut text = String::new();
    for byte in bytes {
        let _ = write!(text, "{byte:02x}"); // a text takes all
    }
    Ok(text)
}

fn certificates() -> Result<(String, String, String), rcgen::Error> {
    let mut authority = named(Vec::new(), "SAGE cluster authority")?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;
    let mut worker = named(vec![NAME.to_owned()], "SAGE worker")?;
    worker.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    worker.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    worker.use_authority_key_identifier_extension = true;
    let key = KeyPair::generate()?;
    let worker = worker.signed_by(&key, &authority)?;
    Ok((authority.pem(), worker.pem(), key.serialize_pem()))
}

fn named(names: Vec<String>, title: &str) -> Result<CertificateParams, rcgen::Error> {
    let mut parameters = CertificateParams::new(names)?;
    parameters.distinguished_name.push(DnType::CommonName, title);
    Ok(parameters)
}
