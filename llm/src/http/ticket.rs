//! Counts a request once, however it ends.
//!
//! A handler whose client leaves is dropped in the middle, and its ticket with it: that is the one way
//! to end without a status, and counts as 499 (as in nginx's logs).

use crate::metrics::Metrics;
use std::sync::Arc;
use std::time::Instant;

/// A request that is being answered.
pub struct Ticket {
    /// When it came.
    pub since: Instant,
    endpoint: &'static str,
    metrics: Arc<Metrics>,
    status: Option<u16>,
}

impl Ticket {
    /// Of a request that comes now.
    pub fn new(endpoint: &'static str, metrics: &Arc<Metrics>) -> Ticket {
        Ticket { since: Instant::now(), endpoint, metrics: Arc::clone(metrics), status: None }
    }

    /// The request ends with this status.
    pub fn end(&mut self, status: u16) {
        self.status = Some(status);
    }

    /// Where it is counted.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let status = self.status.unwrap_or(499).to_string();
        self.metrics.requests.with_label_values(&[self.endpoint, &status]).inc();
        let took = self.since.elapsed().as_secs_f64();
        self.metrics.duration.with_label_values(&[self.endpoint]).observe(took);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_without_an_end_is_one_whose_client_left() {
        let metrics = Arc::new(Metrics::new().unwrap());
        let mut answered = Ticket::new("chat", &metrics);
        answered.end(200);
        drop(answered);
        drop(Ticket::new("chat", &metrics));
        let text = metrics.text().unwrap();
        for status in ["200", "499"] {
            let line = format!("requests_total{{endpoint=\"chat\",status=\"{status}\"}} 1");
            assert!(text.contains(&line), "{text}");
        }
    }
}
