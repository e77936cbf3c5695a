//! What the agent saw, in types: the input of the verdict code.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::CertificateSummary;

/// Everything one run of an entry brought to light.
#[derive(Debug, Clone, PartialEq)]
pub enum Observation {
    /// Outputs of the steps, in order.
    Steps(Vec<StepOutput>),
    /// A TCP probe.
    Tcp(TcpObservation),
    /// A TLS probe.
    Tls(TlsObservation),
    /// An HTTP probe.
    Http(HttpObservation),
}

/// What one step brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepOutput {
    /// How it ended.
    pub exit: Exit,
    /// Standard output, or the file's contents.
    pub stdout: Vec<u8>,
    /// Standard error.
    pub stderr: Vec<u8>,
}

/// How a step ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exit {
    /// It ended with this code; files end with 0.
    Code(i32),
    /// A signal killed it.
    Signal(i32),
    /// The program is not on this host; this package brings it.
    NotInstalled(String),
    /// The file cannot be read.
    Unreadable,
    /// Its condition did not hold.
    Skipped,
}

/// One try to connect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TcpAttempt {
    /// The address tried.
    pub address: IpAddr,
    /// What happened.
    pub outcome: TcpOutcome,
    /// How long it took, in milliseconds.
    pub millis: u64,
}

/// What a try to connect met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TcpOutcome {
    /// The connection was made.
    Connected,
    /// The host answered that nothing listens there.
    Refused,
    /// Nobody answered in time.
    TimedOut,
    /// No way there.
    Unreachable,
    /// Something else.
    Failed,
}

/// A TCP probe: name resolution, then tries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TcpObservation {
    /// Why the name could not be resolved.
    pub resolve_error: Option<String>,
    /// The tries, in order.
    pub attempts: Vec<TcpAttempt>,
}

/// A TLS probe. Name, dates and chain are judged one by one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TlsObservation {
    /// The connection underneath.
    pub tcp: TcpObservation,
    /// Why the handshake failed.
    pub handshake_error: Option<String>,
    /// Protocol version, such as `TLSv1_3`.
    pub version: Option<String>,
    /// The server's own certificate.
    pub certificate: Option<CertificateSummary>,
    /// How many certificates the server sent.
    pub chain_length: usize,
    /// Whether the certificate is for the name asked for.
    pub name_matches: bool,
    /// What is wrong with the chain apart from name and dates; `None` means trusted.
    pub chain_error: Option<String>,
}

/// An HTTP probe.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HttpObservation {
    /// Why there was no answer.
    pub error: Option<String>,
    /// The status code.
    pub status: Option<u16>,
    /// Where a redirect points.
    pub location: Option<String>,
    /// The `Server` header.
    pub server: Option<String>,
    /// Time until the answer's head, in milliseconds.
    pub millis: u64,
}
