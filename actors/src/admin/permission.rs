//! Decides whether a request is answered at all, and for whom. The one place where that is decided,
//! before any page is made.
//!
//! Health and metrics are for whoever reaches the port: they name no key and no address. The status
//! page and what it asks for are for who may read, where there are users: by HTTP's own Basic
//! authentication, with the names and passwords that clients log in with.

use super::AdminSettings;
use crate::store::ReadUsers;
use axum::body::HttpBody;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use merkle_kv_core::access::{User, Users};
use merkle_kv_core::execute::Login;
use merkle_kv_core::protocol::{Access, ClientError, Credentials};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

/// Paths that take no permission.
const OPEN: &[&str] = &["/metrics", "/health/live", "/health/ready"];

/// What a browser is told to ask a person for.
const CHALLENGE: &str = "Basic realm=\"MerkleKV\", charset=\"UTF-8\"";

/// The other end of the connection. An extension of each request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Client(pub(super) SocketAddr);

/// Whose keys are shown; all of them if there are no users. An extension of each request.
#[derive(Clone, Debug)]
pub(super) struct Reader(pub(super) Option<Arc<User>>);

/// Why a request is not answered with a page.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Refusal {
    /// No page takes one, so none is read.
    HasBody,
    /// Nobody has said who asks.
    Unknown,
    /// Somebody has, and it is not true, or may not be tried now.
    NotTrue(ClientError),
    /// It is true, and takes a permission that the user does not have.
    NotPermitted,
    /// It is for a name that somebody outside may have made up.
    OtherHost,
    /// The node is about to stop.
    Stopping,
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let log_in = [(header::WWW_AUTHENTICATE, CHALLENGE)];
        match self {
            Refusal::HasBody => {
                let text = "a request has no body here; send GET or HEAD without one\n";
                (StatusCode::PAYLOAD_TOO_LARGE, text).into_response()
            }
            Refusal::Unknown => {
                let text = "this page is for users who may read: log in\n";
                (StatusCode::UNAUTHORIZED, log_in, text).into_response()
            }
            Refusal::NotTrue(ClientError::TooManyFailures { seconds }) => {
                let text = format!("too many failed logins; try again in {seconds} s\n");
                (StatusCode::TOO_MANY_REQUESTS, text).into_response()
            }
            Refusal::NotTrue(_) => {
                let text = "this user is unknown, or the password is wrong\n";
                (StatusCode::UNAUTHORIZED, log_in, text).into_response()
            }
            Refusal::NotPermitted => {
                let text =
                    "this page takes the permission to read, which this user does not have\n";
                (StatusCode::FORBIDDEN, text).into_response()
            }
            Refusal::OtherHost => {
                let text = "without users this page is shown under an address or a name without \
                            dots only; open it so, or set security.users_file\n";
                (StatusCode::FORBIDDEN, text).into_response()
            }
            Refusal::Stopping => {
                (StatusCode::SERVICE_UNAVAILABLE, "the store does not answer\n").into_response()
            }
        }
    }
}

/// Passes a request on to its page, if it may.
pub(super) async fn admit(
    State(settings): State<Arc<AdminSettings>>,
    mut request: Request,
    next: Next,
) -> Response {
    if !request.body().is_end_stream() {
        return Refusal::HasBody.into_response();
    }
    let reader = if OPEN.contains(&request.uri().path()) {
        Ok(None)
    } else {
        let client = request.extensions().get().copied();
        reader(&settings, client, request.headers()).await
    };
    match reader {
        Ok(user) => {
            request.extensions_mut().insert(Reader(user));
            next.run(request).await
        }
        Err(refusal) => refusal.into_response(),
    }
}

/// Who asks; nobody in particular if there are no users.
async fn reader(
    settings: &AdminSettings,
    client: Option<Client>,
    headers: &HeaderMap,
) -> Result<Option<Arc<User>>, Refusal> {
    let users = settings.store.send(ReadUsers).await.map_err(|_| Refusal::Stopping)?;
    let (Some(users), Some(Client(client))) = (users, client) else {
        return if is_asked_for_here(headers) { Ok(None) } else { Err(Refusal::OtherHost) };
    };
    let user = match credentials(headers) {
        Some(credentials) => log_in(settings, client, credentials, &users).await?,
        None => users.before_login().cloned().ok_or(Refusal::Unknown)?,
    };
    if user.permissions.allow(Access::Read) { Ok(Some(user)) } else { Err(Refusal::NotPermitted) }
}

async fn log_in(
    settings: &AdminSettings,
    client: SocketAddr,
    credentials: Credentials,
    users: &Arc<Users>,
) -> Result<Arc<User>, Refusal> {
    if let Some(user) = settings.known.find(&credentials, users) {
        return Ok(user);
    }
    let login = Login::new(credentials, users.clone());
    let user = settings.gate.log_in(client, &login).await.map_err(Refusal::NotTrue)?;
    settings.known.note(&login.credentials, users, &user);
    Ok(user)
}

/// Whether the request is for an address, or a name of the local network. A page of a stranger can
/// have its own name lead to this node, and the browser would let it read what the node answers; but
/// the name stands in the request.
fn is_asked_for_here(headers: &HeaderMap) -> bool {
    let Some(host) = headers.get(header::HOST).and_then(|host| host.to_str().ok()) else {
        // No browser leaves it out.
        return true;
    };
    let is_address = host.parse::<SocketAddr>().is_ok() || host.parse::<IpAddr>().is_ok();
    let is_bracketed = host.starts_with('[');
    is_address || is_bracketed || !host.contains('.')
}

/// Of the header, if it is one of Basic authentication.
fn credentials(headers: &HeaderMap) -> Option<Credentials> {
    let text = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = text.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = Bytes::from(STANDARD.decode(encoded.trim()).ok()?);
    let colon = decoded.iter().position(|byte| *byte == b':')?;
    Some(Credentials::new(Some(decoded.slice(..colon)), decoded.slice(colon + 1..)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn a_name_that_a_stranger_may_own_is_not_here() {
        let is_here = |host: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_static(host));
            is_asked_for_here(&headers)
        };
        for host in ["127.0.0.1:9379", "10.0.0.7", "[::1]:9379", "[::1]", "localhost:1", "edge-7"] {
            assert!(is_here(host), "{host}");
        }
        for host in ["evil.example", "evil.example:9379", "127.0.0.1.evil.example", "localhost."] {
            assert!(!is_here(host), "{host}");
        }
        assert!(is_asked_for_here(&HeaderMap::new()));
    }

    #[test]
    fn a_name_ends_at_the_first_colon_and_a_password_may_hold_others() {
        let of = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, HeaderValue::from_static(value));
            credentials(&headers)
        };
        // printf 'ada:a:b' | base64
        for value in ["Basic YWRhOmE6Yg==", "basic YWRhOmE6Yg=="] {
            let credentials = of(value).unwrap();
            assert_eq!(credentials.user().map(|user| &user[..]), Some(&b"ada"[..]));
            assert_eq!(&credentials.password()[..], b"a:b");
        }
        for value in ["Basic", "Basic !", "Basic YWRh", "Bearer YWRhOmE6Yg=="] {
            assert_eq!(of(value), None, "{value}");
        }
    }
}
