//! How a host signs a request, so that it works behind any reverse proxy.
//!
//! Four headers carry host, time, nonce and signature; the signature covers them together
//! with method, path and the body's hash. The server remembers nonces for as long as the
//! clock skew lets a request live.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::encoding::hex;
use crate::{CLOCK_SKEW_SECONDS, PublicKey, SecretKey, Signature};

/// Header with the host's id.
pub const HOST: &str = "tierdesk-host";
/// Header with the host's time, in seconds since 1970.
pub const TIME: &str = "tierdesk-time";
/// Header with 16 random bytes in hexadecimal.
pub const NONCE: &str = "tierdesk-nonce";
/// Header with the signature in base64.
pub const SIGNATURE: &str = "tierdesk-signature";

/// The four headers, parsed but not yet believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestHead {
    /// Who says to be asking.
    pub host: Uuid,
    /// When, in seconds since 1970, by the host's clock.
    pub time: i64,
    /// 32 lower-case hexadecimal digits, never used twice by this host.
    pub nonce: String,
    /// Signature over the canonical bytes.
    pub signature: Signature,
}

/// Why a request is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// A header is missing or malformed.
    #[error("the request is not signed as the protocol demands")]
    Malformed,
    /// The clocks differ too much, or the request is old.
    #[error("the request's time is more than two minutes off: set the host's clock")]
    Clock,
    /// The signature is not this host's over this request.
    #[error("the request's signature does not match")]
    Signature,
}

impl RequestHead {
    /// Signs a request. `nonce` must be fresh.
    pub fn sign(
        key: &SecretKey,
        host: Uuid,
        now: DateTime<Utc>,
        nonce: [u8; 16],
        method: &str,
        path: &str,
        body: &[u8],
    ) -> RequestHead {
        let (time, nonce) = (now.timestamp(), hex(&nonce));
        let signature = key.sign(&canonical(host, time, &nonce, method, path, body));
        RequestHead {
            host,
            time,
            nonce,
            signature,
        }
    }

    /// The headers to send.
    pub fn headers(&self) -> [(&'static str, String); 4] {
        [
            (HOST, self.host.to_string()),
            (TIME, self.time.to_string()),
            (NONCE, self.nonce.clone()),
            (SIGNATURE, self.signature.to_string()),
        ]
    }

    /// Reads the headers through a look-up by (lower-case) name.
    pub fn read<'a>(header: impl Fn(&str) -> Option<&'a str>) -> Result<RequestHead, RequestError> {
        let get = |name: &str| header(name).ok_or(RequestError::Malformed);
        let nonce = get(NONCE)?;
        let hexadecimal = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        if nonce.len() != 32 || !nonce.bytes().all(hexadecimal) {
            return Err(RequestError::Malformed);
        }
        Ok(RequestHead {
            host: get(HOST)?.parse().map_err(|_| RequestError::Malformed)?,
            time: get(TIME)?.parse().map_err(|_| RequestError::Malformed)?,
            nonce: nonce.to_owned(),
            signature: get(SIGNATURE)?
                .parse()
                .map_err(|_| RequestError::Malformed)?,
        })
    }

    /// Believes the request, or not. That the nonce is fresh is the caller's to check.
    pub fn verify(
        &self,
        key: &PublicKey,
        now: DateTime<Utc>,
        method: &str,
        path: &str,
        body: &[u8],
    ) -> Result<(), RequestError> {
        if now.timestamp().abs_diff(self.time) > CLOCK_SKEW_SECONDS.unsigned_abs() {
            return Err(RequestError::Clock);
        }
        key.verify(
            &canonical(self.host, self.time, &self.nonce, method, path, body),
            &self.signature,
        )
        .map_err(|_| RequestError::Signature)
    }
}

/// Lines without any ambiguity: none of the parts can contain a line feed.
fn canonical(host: Uuid, time: i64, nonce: &str, method: &str, path: &str, body: &[u8]) -> Vec<u8> {
    let digest = ring::digest::digest(&ring::digest::SHA256, body);
    format!(
        "tierdesk-request-v1\n{method}\n{path}\n{host}\n{time}\n{nonce}\n{}\n",
        hex(digest.as_ref())
    )
    .into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_790_000_000 + seconds, 0).unwrap()
    }

    fn signed(key: &SecretKey) -> RequestHead {
        RequestHead::sign(
            key,
            Uuid::from_u128(7),
            at(0),
            [9; 16],
            "POST",
            "/agent/v1/claim",
            b"{}",
        )
    }

    #[test]
    fn a_signed_request_survives_its_headers() {
        let (key, _) = SecretKey::generate().unwrap();
        let head = signed(&key);
        let headers = head.headers();
        let read = RequestHead::read(|name| {
            headers
                .iter()
                .find(|(n, _)| *n == name)
                .map(|(_, v)| v.as_str())
        })
        .unwrap();
        assert_eq!(read, head);
        read.verify(&key.public(), at(119), "POST", "/agent/v1/claim", b"{}")
            .unwrap();
    }

    #[test]
    fn every_changed_part_is_refused() {
        let (key, _) = SecretKey::generate().unwrap();
        let public = key.public();
        let good = signed(&key);
        let refused = |head: &RequestHead, method: &str, path: &str, body: &[u8]| {
            head.verify(&public, at(0), method, path, body) == Err(RequestError::Signature)
        };
        assert!(refused(&good, "GET", "/agent/v1/claim", b"{}"));
        assert!(refused(&good, "POST", "/agent/v1/claim?x", b"{}"));
        assert!(refused(&good, "POST", "/agent/v1/claim", b"{ }"));
        let mut other = good.clone();
        other.host = Uuid::from_u128(8);
        assert!(refused(&other, "POST", "/agent/v1/claim", b"{}"));
        let mut other = good.clone();
        other.time += 1;
        assert!(refused(&other, "POST", "/agent/v1/claim", b"{}"));
        let mut other = good.clone();
        other.nonce = "0".repeat(32);
        assert!(refused(&other, "POST", "/agent/v1/claim", b"{}"));
        let (stranger, _) = SecretKey::generate().unwrap();
        assert_eq!(
            good.verify(&stranger.public(), at(0), "POST", "/agent/v1/claim", b"{}"),
            Err(RequestError::Signature)
        );
    }

    #[test]
    fn a_clock_more_than_two_minutes_off_is_named() {
        let (key, _) = SecretKey::generate().unwrap();
        let head = signed(&key);
        for seconds in [-121, 121, 3600] {
            let result = head.verify(&key.public(), at(seconds), "POST", "/agent/v1/claim", b"{}");
            assert_eq!(result, Err(RequestError::Clock));
        }
    }

    #[test]
    fn malformed_headers_are_refused_before_any_work() {
        for (name, value) in [
            (HOST, "x"),
            (TIME, "1.5"),
            (NONCE, "ABC"),
            (SIGNATURE, "AAAA"),
        ] {
            let (key, _) = SecretKey::generate().unwrap();
            let headers = signed(&key).headers();
            let read = RequestHead::read(|wanted| {
                if wanted == name {
                    return Some(value);
                }
                headers
                    .iter()
                    .find(|(n, _)| *n == wanted)
                    .map(|(_, v)| v.as_str())
            });
            assert_eq!(read, Err(RequestError::Malformed), "{name}");
        }
    }
}
