//! Errors in the form of OpenAI's API, which its clients turn into exceptions by status.
//!
//! Each names what is wrong and, where a field is at fault, which. The other files here make them.

use axum::Json;
use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use std::time::Duration;

/// A refusal or failure.
#[derive(Clone, Debug)]
pub struct ApiError {
    pub status: StatusCode,
    kind: &'static str,
    code: Option<&'static str>,
    param: Option<&'static str>,
    message: String,
    retry_after: Option<u64>,
}

impl ApiError {
    /// 400: the request is wrong, perhaps in one field.
    pub fn invalid(param: impl Into<Option<&'static str>>, message: impl Into<String>) -> ApiError {
        ApiError::new(StatusCode::BAD_REQUEST, "invalid_request_error", message).param(param.into())
    }

    /// 400: more tokens than the model takes.
    pub fn too_long(param: &'static str, message: impl Into<String>) -> ApiError {
        ApiError::invalid(param, message).code("context_length_exceeded")
    }

    /// 401: no key or a wrong one.
    pub fn unauthorized() -> ApiError {
        let message = "this server demands its API key, as `Authorization: Bearer KEY`";
        ApiError::new(StatusCode::UNAUTHORIZED, "authentication_error", message)
            .code("invalid_api_key")
    }

    /// 404: a model that is not here.
    pub fn no_model(name: &str, known: &[String]) -> ApiError {
        let message = format!("the model `{name}` is not here, but {}", known.join(", "));
        ApiError::new(StatusCode::NOT_FOUND, "invalid_request_error", message)
            .code("model_not_found")
            .param(Some("model"))
    }

    /// 404 and 405: an address or a method that is not here.
    pub fn no_route(status: StatusCode, message: impl Into<String>) -> ApiError {
        ApiError::new(status, "invalid_request_error", message).code("unknown_url")
    }

    /// 408: a body that did not come in time.
    pub fn too_slow(most: Duration) -> ApiError {
        let message = format!("the body did not come within {} s", most.as_secs());
        ApiError::new(StatusCode::REQUEST_TIMEOUT, "invalid_request_error", message)
    }

    /// 413: a body beyond the bound.
    pub fn too_large(most: usize) -> ApiError {
        let message = format!("the body is longer than {most} bytes");
        ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "invalid_request_error", message)
    }

    /// 429: the queue is full; try again after so many seconds.
    pub fn full(seconds: u64) -> ApiError {
        let message = "the queue is full; try again later, as Retry-After says";
        ApiError {
            retry_after: Some(seconds),
            ..ApiError::new(StatusCode::TOO_MANY_REQUESTS, "rate_limit_error", message)
                .code("queue_full")
        }
    }

    /// 500: our own fault.
    pub fn internal(message: impl Into<String>) -> ApiError {
        ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "server_error", message)
    }

    /// The body.
    pub fn json(&self) -> Value {
        json!({"error": {
            "message": self.message, "type": self.kind, "param": self.param, "code": self.code,
        }})
    }

    fn new(status: StatusCode, kind: &'static str, message: impl Into<String>) -> ApiError {
        let message = message.into();
        ApiError { status, kind, code: None, param: None, message, retry_after: None }
    }

    fn code(self, code: &'static str) -> ApiError {
        ApiError { code: Some(code), ..self }
    }

    fn param(self, param: Option<&'static str>) -> ApiError {
        ApiError { param, ..self }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let after =
            self.retry_after.map(|it| [(HeaderName::from_static("retry-after"), it.to_string())]);
        let mut response = (self.status, Json(self.json())).into_response();
        if let Some(headers) = after {
            response.headers_mut().extend(
                headers.into_iter().filter_map(|(name, value)| Some((name, value.parse().ok()?))),
            );
        }
        response
    }
}
