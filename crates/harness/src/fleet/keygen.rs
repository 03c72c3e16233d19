//! `sage cluster keygen`: the files with which workers and drivers on several hosts know each other.
//!
//! All or nothing: a folder that holds one of them already is refused, because half of an old set and half
//! of a new one would refuse each other.

use crate::{Error, Exit};
use cluster::Keys;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::Path;

/// Makes the files in a folder, which may be new.
///
/// # Errors
/// When one of them is there already, or cannot be written.
pub(super) fn keygen(folder: &Path) -> Result<Exit, Error> {
    let keys = Keys::generate().map_err(|error| Error::Usage(error.to_string()))?;
    let files = [
        ("ca.pem", &keys.authority, false),
        ("worker.pem", &keys.certificate, false),
        ("worker.key", &keys.key, true),
        ("token", &keys.token, true),
    ];
    if let Some((name, ..)) = files.iter().find(|(name, ..)| folder.join(name).exists()) {
        return Err(Error::Usage(format!(
            "{} is there already; name another folder, or remove the old files first",
            folder.join(name).display()
        )));
    }
    fs::create_dir_all(folder).map_err(|error| Error::write(folder, error))?;
    for (name, text, secret) in files {
        let path = folder.join(name);
        write(&path, text.trim_end(), secret).map_err(|error| Error::write(&path, error))?;
    }
    print!("{}", told(&folder.display().to_string()));
    Ok(Exit::Done)
}

/// Writes a file that nobody else can read, if it is secret.
pub(super) fn write(path: &Path, text: &str, secret: bool) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(if secret { 0o600 } else { 0o644 });
    }
    let _ = secret; // elsewhere the rights of the folder decide
    let mut file = options.open(path)?;
    writeln!(file, "{text}")
}

fn told(folder: &str) -> String {
    format!(
        "{folder}/worker.pem  the certificate that workers show
{folder}/worker.key  secret: its key, for hosts of workers alone
{folder}/token       secret: what drivers must know, for both sides
{folder}/ca.pem      whom drivers trust

Each worker:
  sage worker --listen 0.0.0.0:7401 --token-file {folder}/token \\
      --tls-cert {folder}/worker.pem --tls-key {folder}/worker.key
In the file that `--cluster` names, beside copies of `token` and `ca.pem`:
  launcher: static
  workers: [192.0.2.1:7401, 192.0.2.2:7401]
  token_file: token
  tls_ca: ca.pem
"
    )
}
