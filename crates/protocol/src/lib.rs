//! What server and agent say to each other: messages, canonical bytes, verification.
//!
//! Both directions are signed with Ed25519. A host signs each request with its own key
//! ([`request`]); the server's signer signs each job for one host and a short time
//! ([`job`]). Bytes are verified before they are parsed.
#![warn(missing_docs)]

mod code;
mod encoding;
pub mod job;
mod key;
pub mod message;
mod refusal;
pub mod request;

pub use code::enrolment_code;
pub use encoding::{BadEncoding, Blob};
pub use key::{PublicKey, SecretKey, Signature, SignatureMismatch};
pub use refusal::Refusal;

/// The version of the protocol this build speaks.
pub const VERSION: u32 = 1;

/// The largest body that either side reads, in bytes.
pub const MAX_BODY: usize = 1024 * 1024;

/// How far clocks may differ (decision 24), in seconds.
pub const CLOCK_SKEW_SECONDS: i64 = 120;
