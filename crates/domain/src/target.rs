//! What a connectivity ticket is about: the web addresses, host names and addresses in its text, best first.
//!
//! An e-mail address names a person, `report.docx` names a file and `2.4.1.0` after "version" a version: none of them is
//! a target. Addresses that only make sense on the machine that asks are found, but marked as not to be probed.

mod ascii;
mod find;
mod lists;
mod punycode;
#[cfg(test)]
mod tests;

pub use ascii::ascii;
pub use find::find;

use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use tierdesk_catalogue::out_of_reach;

/// Why a target is not probed.
pub use tierdesk_catalogue::OutOfReach as Refusal;

/// How a target is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scheme {
    /// Web without encryption.
    Http,
    /// Web with encryption.
    Https,
    /// Another service that begins with a TLS handshake.
    Tls,
    /// A service without one.
    Plain,
}

/// A machine as the ticket names it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Host {
    /// A name, lower case, in ASCII form, without a final dot.
    Name(String),
    /// An address.
    Address(IpAddr),
}

impl std::fmt::Display for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Address(address) => address.fmt(f),
        }
    }
}

/// What is to be reached.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Target {
    /// The machine.
    pub host: Host,
    /// The port, named in the text or following from the scheme.
    pub port: u16,
    /// How it is spoken to.
    pub scheme: Scheme,
    /// Path and query of a web address, beginning with `/`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}

impl Target {
    /// The web address, for a target that is one.
    pub fn url(&self) -> Option<String> {
        let (scheme, usual) = match self.scheme {
            Scheme::Http => ("http", 80),
            Scheme::Https => ("https", 443),
            Scheme::Tls | Scheme::Plain => return None,
        };
        let host = match &self.host {
            Host::Address(IpAddr::V6(address)) => format!("[{address}]"),
            other => other.to_string(),
        };
        let port = if self.port == usual {
            String::new()
        } else {
            format!(":{}", self.port)
        };
        Some(format!(
            "{scheme}://{host}{port}{}",
            self.path.as_deref().unwrap_or("/")
        ))
    }

    /// Why no probe may go there, if so: it would reach the probing machine itself, or nobody in particular. Where a name
    /// leads to only the machine knows that looks it up; it is held to the same addresses ([`crate::job::reach`]).
    pub fn refusal(&self) -> Option<Refusal> {
        match &self.host {
            Host::Name(name) if name == "localhost" || name.ends_with(".localhost") => {
                Some(Refusal::Itself)
            }
            Host::Name(_) => None,
            Host::Address(address) => out_of_reach(*address),
        }
    }
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.url(), &self.host) {
            (Some(url), _) => f.write_str(
                url.strip_suffix('/')
                    .filter(|_| self.path.is_none())
                    .unwrap_or(&url),
            ),
            (None, Host::Address(IpAddr::V6(address))) => write!(f, "[{address}]:{}", self.port),
            (None, host) => write!(f, "{host}:{}", self.port),
        }
    }
}

/// A target and where the text names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// The target.
    pub target: Target,
    /// The words of the text.
    pub words: String,
    /// First byte of them.
    pub start: usize,
    /// How sure it is that this is meant; higher is surer.
    pub score: i32,
    /// Why it must not be probed, if so.
    pub refusal: Option<Refusal>,
}
