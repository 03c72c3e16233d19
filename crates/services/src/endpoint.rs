//! Where a service is, and how patient its clients are.
//!
//! One time-out for a whole call, not one for each phase of it: what a caller can plan with is when it is
//! over. The key is kept out of everything that is printed.

use crate::Error;
use std::fmt;
use std::time::Duration;

/// The most further attempts that can be asked for.
pub const MAX_RETRIES: u32 = 10;

/// An OpenAI-compatible service and one of its models.
#[derive(Clone, PartialEq)]
pub struct Endpoint {
    base_url: String,
    /// The model, as the server calls it.
    pub model: String,
    /// What proves that it may be used.
    pub key: Option<String>,
    /// The most that a call may take, with all its attempts and the pauses between them.
    pub timeout: Duration,
    /// Attempts after the first, at most [`MAX_RETRIES`].
    pub retries: u32,
    /// Calls of this process that are under way at once, at least 1.
    pub concurrency: u32,
}

impl Endpoint {
    /// A service below `base_url`, to which `/chat/completions` and so on are added; without a key, with
    /// calls of up to 120 s, 3 retries, and 32 calls at once.
    ///
    /// # Errors
    /// When it is no `http` or `https` URL.
    pub fn new(base_url: &str, model: &str) -> Result<Endpoint, Error> {
        let trimmed = base_url.trim_end_matches('/');
        let host = trimmed.strip_prefix("http://").or_else(|| trimmed.strip_prefix("https://"));
        let is_url = host.is_some_and(|host| {
            !host.is_empty()
                && !host.starts_with([':', '/'])
                && !host.contains(['?', '#', ' ', '@'])
                && trimmed.parse::<ureq::http::Uri>().is_ok()
        });
        if !is_url {
            return Err(Error::Url(base_url.to_owned()));
        }
        Ok(Endpoint {
            base_url: trimmed.to_owned(),
            model: model.to_owned(),
            key: None,
            timeout: Duration::from_secs(120),
            retries: 3,
            concurrency: 32,
        })
    }

    /// Where it is, without a slash at its end.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Whether it is on this host, where no proxy is asked.
    pub(crate) fn is_here(&self) -> bool {
        let host = self.base_url.split_once("://").map_or("", |(_, rest)| rest);
        ["127.", "localhost", "[::1]"].iter().any(|here| host.starts_with(here))
    }
}

impl fmt::Debug for Endpoint {
    /// Without the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = self.key.as_ref().map(|_| "…");
        f.debug_struct("Endpoint")
            .field("base_url", &self.base_url)
            .field("model", &self.model)
            .field("key", &key)
            .field("timeout", &self.timeout)
            .field("retries", &self.retries)
            .field("concurrency", &self.concurrency)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_urls_of_services_are_accepted() {
        for url in ["http://127.0.0.1:8080/v1", "https://api.example.org/v1/", "http://[::1]:1"] {
            let endpoint = Endpoint::new(url, "m").unwrap();
            assert_eq!(endpoint.base_url(), url.trim_end_matches('/'));
        }
        for url in
            ["", "127.0.0.1:80", "ftp://x/v1", "http://", "http:///v1", "http://a b", "http://a?b"]
        {
            let error = Endpoint::new(url, "m").unwrap_err().to_string();
            assert!(error.starts_with(&format!("`{url}` is no base URL")), "{error}");
        }
    }

    #[test]
    fn a_key_is_not_shown() {
        let mut endpoint = Endpoint::new("http://localhost/v1", "m").unwrap();
        endpoint.key = Some("secret".into());
        assert!(!format!("{endpoint:?}").contains("secret"));
    }
}
