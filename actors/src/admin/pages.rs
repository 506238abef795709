//! Which pages there are. What they say is made elsewhere.

use super::metrics::Format;
use super::page::{KeyQuery, PageError};
use super::permission::Reader;
use super::{AdminSettings, health, metrics, page, permission};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};
use std::sync::Arc;

/// The paths, for those who look for another one.
const PATHS: &[&str] =
    &["/", "/status.json", "/keys.json", "/metrics", "/health/live", "/health/ready"];

/// All pages of a node.
pub(super) fn router(settings: Arc<AdminSettings>) -> Router {
    Router::new()
        .route("/", get(document))
        .route("/status.json", get(status))
        .route("/keys.json", get(keys))
        .route("/metrics", get(measured))
        .route("/health/live", get(live))
        .route("/health/ready", get(ready))
        .fallback(unknown)
        .layer(middleware::from_fn_with_state(settings.clone(), permission::admit))
        .with_state(settings)
}

/// The one answer to whoever speaks HTTP to a port for HTTPS.
pub(super) fn tls_only() -> Router {
    let answer = || async { (StatusCode::BAD_REQUEST, "this port speaks TLS: use https\n") };
    Router::new().fallback(answer)
}

async fn document() -> Response {
    let (page, policy) = page::document();
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8".to_owned()),
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::REFERRER_POLICY, "no-referrer".to_owned()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    (headers, page).into_response()
}

async fn status(State(settings): State<Arc<AdminSettings>>) -> Response {
    for_page(page::status(&settings).await)
}

async fn keys(
    State(settings): State<Arc<AdminSettings>>,
    Extension(Reader(user)): Extension<Reader>,
    query: Result<Query<KeyQuery>, QueryRejection>,
) -> Response {
    for_page(match query {
        Ok(Query(query)) => page::keys(&settings, query, user).await,
        Err(_) => Err(PageError::Query),
    })
}

/// What the status page asks for, or why it does not get it.
fn for_page(answer: Result<String, PageError>) -> Response {
    let (status, body) = match answer {
        Ok(body) => (StatusCode::OK, body),
        Err(error) => {
            let status = match error {
                PageError::NoStore => StatusCode::SERVICE_UNAVAILABLE,
                PageError::Query => StatusCode::BAD_REQUEST,
            };
            (status, serde_json::json!({ "error": error.to_string() }).to_string())
        }
    };
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    (status, headers, body).into_response()
}

async fn measured(State(settings): State<Arc<AdminSettings>>, headers: HeaderMap) -> Response {
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    let format = Format::accepted_by(accept);
    match metrics::page(&settings, format).await {
        Ok(page) => ([(header::CONTENT_TYPE, format.content_type())], page).into_response(),
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, format!("{error}\n")).into_response(),
    }
}

async fn live(State(settings): State<Arc<AdminSettings>>) -> Response {
    json(health::live(&settings).await)
}

async fn ready(State(settings): State<Arc<AdminSettings>>) -> Response {
    json(health::ready(&settings).await)
}

async fn unknown() -> Response {
    let text = format!("no such page; there are {}\n", PATHS.join(", "));
    (StatusCode::NOT_FOUND, text).into_response()
}

fn json(health: health::Health) -> Response {
    let status = if health.is_well() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, [(header::CONTENT_TYPE, "application/json")], health.to_json()).into_response()
}
