//! Requests and answers over HTTP, with everything that bounds them.
//!
//! A call has one time-out, whatever happens in it: waiting for a place, attempts, pauses, and the last byte
//! of the answer. What failed for a reason that may pass is tried again, a bounded number of times, after a
//! pause that doubles, varies by a factor of three so that clients do not come back together, and is never
//! shorter than the server asks for. Connections are kept and used again.

use crate::clock::{Timer, pause, time_of_day};
use crate::error::shortened;
use crate::gate::Gate;
use crate::{CallError, Endpoint};
use serde::Serialize;
use std::hash::{BuildHasher as _, RandomState};
use std::io::{self, Read};
use std::time::Duration;
use ureq::http::{HeaderMap, Response};
use ureq::{Agent, Body};

/// The mean pause before the second attempt.
const PAUSE: Duration = Duration::from_millis(200);
/// The longest mean pause of our own.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// How long a host may take to accept a connection.
const CONNECT: Duration = Duration::from_secs(10);
/// The most bytes of an answer.
pub(crate) const MAX_BODY: u64 = 64 << 20;
/// The most bytes of a refusal that are read.
const MAX_REFUSAL: u64 = 16 << 10;

/// A client of one service.
#[derive(Debug)]
pub(crate) struct Wire {
    agent: Agent,
    endpoint: Endpoint,
    gate: Gate,
}

/// What a call came to, and how many attempts after the first it took.
pub(crate) struct Called<T> {
    pub(crate) result: Result<T, CallError>,
    pub(crate) retries: u32,
}

impl Wire {
    pub(crate) fn new(endpoint: Endpoint) -> Wire {
        let idle = endpoint.concurrency as usize;
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_idle_connections(idle)
            .max_idle_connections_per_host(idle)
            .timeout_connect(Some(CONNECT.min(endpoint.timeout)))
            .user_agent(concat!("sage/", env!("CARGO_PKG_VERSION")));
        if endpoint.is_here() {
            config = config.proxy(None);
        }
        let gate = Gate::new(endpoint.concurrency);
        Wire { agent: config.build().new_agent(), endpoint, gate }
    }

    pub(crate) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Posts `request` below the base URL, and has `read` make a result of a good answer. Further attempts
    /// begin anew, `read` included.
    pub(crate) fn call<T>(
        &self,
        path: &str,
        request: &impl Serialize,
        timer: &Timer,
        mut read: impl FnMut(&mut dyn Read) -> Result<T, CallError>,
    ) -> Called<T> {
        let mut retries = 0;
        loop {
            let result = self.attempt(path, request, timer, &mut read);
            match &result {
                Err(error) if error.is_transient() && retries < self.endpoint.retries => {
                    let asked = match error {
                        CallError::Status { retry_after, .. } => *retry_after,
                        _ => None,
                    };
                    let rest = own_pause(retries).max(asked.unwrap_or_default());
                    // An attempt that could only begin after the end of the call is none.
                    if timer.left().is_none_or(|left| left <= rest) {
                        return Called { result, retries };
                    }
                    pause(rest);
                    retries += 1;
                }
                _ => return Called { result, retries },
            }
        }
    }

    fn attempt<T>(
        &self,
        path: &str,
        request: &impl Serialize,
        timer: &Timer,
        read: &mut impl FnMut(&mut dyn Read) -> Result<T, CallError>,
    ) -> Result<T, CallError> {
        let _pass = self.gate.enter(timer)?;
        let left = timer.left().ok_or(CallError::TooSlow(timer.most()))?;
        let body = serde_json::to_vec(request)
            .map_err(|error| CallError::Malformed(format!("the request: {error}")))?;
        let mut post = self
            .agent
            .post(format!("{}/{path}", self.endpoint.base_url()))
            .config()
            .timeout_global(Some(left))
            .build()
            .content_type("application/json");
        if let Some(key) = &self.endpoint.key {
            post = post.header("authorization", format!("Bearer {key}"));
        }
        let answer = post.send(&body[..]).map_err(|error| unsent(error, timer))?;
        if !answer.status().is_success() {
            return Err(refusal(answer));
        }
        let mut body = answer.into_body();
        let mut reader = body.with_config().limit(MAX_BODY).reader();
        read(&mut reader).map_err(|error| match (error, timer.left()) {
            (CallError::Cut(_), None) => CallError::TooSlow(timer.most()),
            (error, _) => error,
        })
    }
}

/// Why there is no answer.
fn unsent(error: ureq::Error, timer: &Timer) -> CallError {
    match error {
        ureq::Error::Timeout(ureq::Timeout::Connect | ureq::Timeout::Resolve)
            if timer.left().is_some() =>
        {
            CallError::Unreachable("it accepts no connection".into())
        }
        ureq::Error::Timeout(_) => CallError::TooSlow(timer.most()),
        ureq::Error::Io(error) => match error.kind() {
            io::ErrorKind::ConnectionRefused
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::NotFound => CallError::Unreachable(error.to_string()),
            _ => CallError::Cut(error.to_string()),
        },
        ureq::Error::HostNotFound => CallError::Unreachable("its host has no address".into()),
        ureq::Error::ConnectionFailed => CallError::Unreachable("no connection".into()),
        ureq::Error::Protocol(error) => CallError::Malformed(error.to_string()),
        other => CallError::Unreachable(other.to_string()),
    }
}

/// Why a body cannot be read on.
pub(crate) fn broken(error: &io::Error) -> CallError {
    CallError::Cut(shortened(&error.to_string()))
}

/// A refusal in the server's words: those of the interface's error object if there is one.
fn refusal(answer: Response<Body>) -> CallError {
    let code = answer.status().as_u16();
    let retry_after = retry_after(answer.headers());
    let mut body = answer.into_body();
    let mut text = String::new();
    // A refusal that cannot be read is one all the same.
    let read = body.with_config().limit(MAX_REFUSAL).reader().read_to_string(&mut text);
    let message = match read {
        Ok(_) => message(&text).unwrap_or(text),
        Err(_) => "without words".to_owned(),
    };
    CallError::Status { code, message: shortened(&message), retry_after }
}

/// The message in an error object.
pub(crate) fn message(text: &str) -> Option<String> {
    let value: serde_json::Value = serde_json::from_str(text).ok()?;
    let error = value.get("error")?;
    let words = error.get("message").unwrap_or(error);
    words.as_str().map(str::to_owned)
}

/// Seconds, milliseconds by the name that some servers use, or a date: that far from the server's own `Date`, or
/// from this host's where it tells none. A date that has passed asks for no pause.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let number = |name: &str| text(name)?.parse::<f64>().ok();
    let date = |name: &str| httpdate::parse_http_date(text(name)?).ok();
    if let Some(then) = date("retry-after") {
        let now = date("date").unwrap_or_else(time_of_day);
        return Some(then.duration_since(now).unwrap_or_default());
    }
    let seconds = number("retry-after-ms").map(|ms| ms / 1e3).or_else(|| number("retry-after"))?;
    Duration::try_from_secs_f64(seconds).ok()
}

/// A pause that doubles with every retry, times 0.5 to 1.5.
fn own_pause(retries: u32) -> Duration {
    let mean = PAUSE.saturating_mul(1 << retries.min(16)).min(LONGEST_PAUSE);
    // The seeds of hash maps differ from each other, which is all that is wanted here.
    let drawn = RandomState::new().hash_one(retries) >> 11;
    mean.mul_f64(0.5 + drawn as f64 / (1_u64 << 53) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_and_differ_and_are_bounded() {
        for retries in 0..40 {
            let mean = PAUSE.as_secs_f64() * 2_f64.powi(retries.min(16));
            let mean = mean.min(LONGEST_PAUSE.as_secs_f64());
            let drawn: Vec<f64> =
                (0..20).map(|_| own_pause(retries as u32).as_secs_f64()).collect();
            assert!(drawn.iter().all(|x| (0.49 * mean..1.51 * mean).contains(x)), "{drawn:?}");
            assert!(drawn.iter().any(|x| *x != drawn[0]));
        }
    }

    #[test]
    fn servers_say_how_long_to_wait_in_three_ways() {
        let after = |name: &'static str, value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(name, value.parse().unwrap());
            retry_after(&headers)
        };
        assert_eq!(after("retry-after", "2"), Some(Duration::from_secs(2)));
        assert_eq!(after("retry-after", "0.5"), Some(Duration::from_millis(500)));
        assert_eq!(after("retry-after-ms", "20"), Some(Duration::from_millis(20)));
        let date = "Fri, 31 Dec 1999 23:59:59 GMT";
        for (now, pause) in
            [("Fri, 31 Dec 1999 23:59:40 GMT", 19), ("Sat, 01 Jan 2000 00:00:00 GMT", 0)]
        {
            let mut headers = HeaderMap::new();
            headers.insert("retry-after", date.parse().unwrap());
            headers.insert("date", now.parse().unwrap());
            assert_eq!(retry_after(&headers), Some(Duration::from_secs(pause)), "{now}");
        }
        assert_eq!(after("retry-after", date), Some(Duration::ZERO), "by the clock of this host");
        let later = time_of_day() + Duration::from_secs(3600);
        let pause = after("retry-after", &httpdate::fmt_http_date(later)).unwrap();
        assert!(pause > Duration::from_secs(60), "{pause:?}");
        for odd in ["-1", "soon", "Fri, 31 Dec 1999", "NaN", "1e300"] {
            assert_eq!(after("retry-after", odd), None, "{odd}");
        }
    }

    #[test]
    fn the_words_of_an_error_object_are_found() {
        assert_eq!(message(r#"{"error":{"message":"no such model"}}"#).unwrap(), "no such model");
        assert_eq!(message(r#"{"error":"no such model"}"#).unwrap(), "no such model");
        assert_eq!(message("<html>"), None);
    }
}
