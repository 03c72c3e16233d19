//! `/v1/models` and `/health`: what is here, and that it is.
//!
//! Names are those of the models' files. `/health` is answered without a key, for those who watch.

use super::Server;
use super::error::ApiError;
use axum::Json;
use axum::extract::{Path, State};
use serde_json::{Value, json};
use std::sync::Arc;

/// All models.
pub async fn list(State(server): State<Arc<Server>>) -> Json<Value> {
    let data: Vec<Value> = server.models().iter().map(|id| entry(&server, id)).collect();
    Json(json!({"object": "list", "data": data}))
}

/// One of them.
pub async fn one(
    State(server): State<Arc<Server>>,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let models = server.models();
    match models.contains(&id) {
        true => Ok(Json(entry(&server, &id))),
        false => Err(ApiError::no_model(&id, &models)),
    }
}

/// That the server answers, and with which models.
pub async fn health(State(server): State<Arc<Server>>) -> Json<Value> {
    Json(json!({"status": "ok", "models": server.models()}))
}

fn entry(server: &Server, id: &str) -> Value {
    json!({"id": id, "object": "model", "created": server.created, "owned_by": "local"})
}
