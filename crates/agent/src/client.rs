//! Signed requests to the server.

use std::time::Duration;

use anyhow::bail;
use chrono::Utc;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tierdesk_protocol::message::{EnrolRequest, EnrolResponse, Problem};
use tierdesk_protocol::request::RequestHead;
use tierdesk_protocol::{MAX_BODY, SecretKey};
use uuid::Uuid;

use crate::backoff::random_bytes;
use crate::visible;

/// Why a request brought nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClientError {
    /// No connection, or no whole answer.
    #[error("cannot reach the server: {0}")]
    Unreachable(String),
    /// The server is there and asks to come later.
    #[error("the server is busy")]
    Busy(Option<Duration>),
    /// The server says no: {0} is the status, {1} its words.
    #[error("the server refuses ({0}): {1}")]
    Refused(u16, String),
}

/// A connection to the server as one host.
pub(crate) struct Client {
    http: ureq::Agent,
    server: String,
    host: Uuid,
    key: SecretKey,
}

impl Client {
    pub(crate) fn new(server: &str, host: Uuid, key: SecretKey) -> anyhow::Result<Self> {
        Ok(Client {
            http: http(server)?,
            server: server.to_owned(),
            host,
            key,
        })
    }

    /// Sends a message and reads the answer; `patience` bounds the whole exchange.
    pub(crate) fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        message: &impl Serialize,
        patience: Duration,
    ) -> Result<T, ClientError> {
        let body = serde_json::to_vec(message)
            .map_err(|error| ClientError::Unreachable(error.to_string()))?;
        let head = RequestHead::sign(
            &self.key,
            self.host,
            Utc::now(),
            random_bytes(),
            "POST",
            path,
            &body,
        );
        let mut request = self
            .http
            .post(format!("{}{path}", self.server))
            .content_type("application/json");
        for (name, value) in head.headers() {
            request = request.header(name, value);
        }
        let answer = request
            .config()
            .timeout_global(Some(patience))
            .build()
            .send(&body[..]);
        read(answer)
    }
}

/// Asks to join; the only request that is not signed by a known host.
pub(crate) fn enrol(
    server: &str,
    message: &EnrolRequest,
) -> anyhow::Result<Result<EnrolResponse, ClientError>> {
    let body = serde_json::to_vec(message)?;
    let answer = http(server)?
        .post(format!("{server}{}", tierdesk_protocol::message::ENROL))
        .content_type("application/json")
        .config()
        .timeout_global(Some(Duration::from_secs(30)))
        .build()
        .send(&body[..]);
    Ok(read(answer))
}

fn read<T: DeserializeOwned>(
    answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
) -> Result<T, ClientError> {
    let mut answer = answer.map_err(|error| ClientError::Unreachable(error.to_string()))?;
    let status = answer.status().as_u16();
    let retry_after = answer
        .headers()
        .get("retry-after")
        .and_then(|value| value.to_str().ok()?.parse().ok())
        .map(Duration::from_secs);
    let body = answer
        .body_mut()
        .with_config()
        .limit(MAX_BODY as u64)
        .read_to_vec()
        .map_err(|error| ClientError::Unreachable(error.to_string()))?;
    match status {
        200..300 => serde_json::from_slice(&body).map_err(|error| {
            ClientError::Unreachable(format!("the answer makes no sense: {error}"))
        }),
        429 | 500..600 => Err(ClientError::Busy(retry_after)),
        _ => {
            let words = serde_json::from_slice::<Problem>(&body).map_or_else(
                |_| "no reason was given".to_owned(),
                |problem| format!("{}. {}", problem.error.title, problem.error.advice),
            );
            Err(ClientError::Refused(
                status,
                visible(
                    &words
                        .chars()
                        .filter(|c| !c.is_control())
                        .take(300)
                        .collect::<String>(),
                ),
            ))
        }
    }
}

/// Checks a server address: https, or http to this very machine (decision 31). Returns it
/// without a final slash.
pub(crate) fn check_server(url: &str) -> anyhow::Result<String> {
    let url = url.trim().trim_end_matches('/');
    let Ok(uri) = url.parse::<ureq::http::Uri>() else {
        bail!("{url:?} is not an address; write one such as https://desk.example.org");
    };
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    let loopback = host == "localhost"
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|ip| ip.is_loopback());
    match uri.scheme_str() {
        Some("https") if !host.is_empty() => {}
        Some("http") if loopback => {}
        Some("http") => {
            bail!("without TLS the agent talks only to this very machine; use https://")
        }
        _ => bail!("{url:?} is not an address; write one such as https://desk.example.org"),
    }
    if uri.path() != "/" || uri.query().is_some() || url.contains('@') {
        bail!("give only the server's address, such as https://{host}");
    }
    Ok(url.to_owned())
}

fn http(server: &str) -> anyhow::Result<ureq::Agent> {
    let server = check_server(server)?;
    let mut config = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .timeout_connect(Some(Duration::from_secs(10)))
        .max_idle_connections(4)
        .user_agent(format!("tierdesk-agent/{}", crate::VERSION));
    if server.starts_with("http://") {
        config = config.proxy(None);
    } else {
        let roots: Vec<_> = rustls_native_certs::load_native_certs()
            .certs
            .iter()
            .map(|certificate| ureq::tls::Certificate::from_der(certificate).to_owned())
            .collect();
        config = config.tls_config(
            ureq::tls::TlsConfig::builder()
                .root_certs(ureq::tls::RootCerts::from(roots))
                .build(),
        );
    }
    Ok(config.build().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_tls_only_this_machine_is_talked_to() {
        for good in [
            "https://desk.example.org",
            "https://desk.example.org:8443/",
            "http://localhost:8080",
            "http://127.0.0.1:1",
            "http://[::1]:80",
        ] {
            assert!(check_server(good).is_ok(), "{good}");
        }
        for bad in [
            "http://desk.example.org",
            "http://10.0.0.1",
            "http://localhost.example.org",
            "ftp://localhost",
            "desk.example.org",
            "",
            "https://",
            "https://user:pw@desk.example.org",
            "https://desk.example.org/path",
            "https://desk.example.org/?x=1",
        ] {
            assert!(check_server(bad).is_err(), "{bad}");
        }
    }
}
