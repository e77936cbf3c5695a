//! The bodies of requests and answers. What a host sends is hostile: unknown fields are
//! refused and lengths are checked by [`Checked`] before anything is kept.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use tierdesk_catalogue::{Exit, Facts, Policy, Verdict};
use uuid::Uuid;

use crate::encoding::Blob;
use crate::job::SignedJob;
use crate::{PublicKey, Refusal, Signature};

/// Where a host joins.
pub const ENROL: &str = "/agent/v1/enrol";
/// Where a host asks for work.
pub const CLAIM: &str = "/agent/v1/claim";
/// Where a host says which jobs it is running.
pub const HEARTBEAT: &str = "/agent/v1/heartbeat";
/// Where output goes while a job runs.
pub const CHUNKS: &str = "/agent/v1/chunks";
/// Where a job ends.
pub const RESULT: &str = "/agent/v1/result";
/// Where a host reports facts, policy and catalogue.
pub const REPORT: &str = "/agent/v1/report";

/// The longest a claim waits for work, in seconds.
pub const MAX_WAIT_SECONDS: u32 = 25;
/// The most bytes of one chunk.
pub const MAX_CHUNK: usize = 32 * 1024;
/// The most chunks of one upload.
pub const MAX_CHUNKS: usize = 16;
/// The most jobs a host runs at once.
pub const MAX_RUNNING: usize = 3;

/// A message whose lengths can be wrong.
pub trait Checked {
    /// Whether all lengths are within bounds.
    fn is_within_bounds(&self) -> bool;
}

/// A host asks to join. Signed with its new key, to prove that it has it. It carries the token, so it can be sent and not
/// printed:
///
/// ```compile_fail
/// fn print(request: tierdesk_protocol::message::EnrolRequest) {
///     println!("{request:?}");
/// }
/// ```
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnrolRequest {
    /// Protocol version.
    pub version: u32,
    /// The enrolment token, `tde_…`.
    pub token: String,
    /// The name the host gives itself.
    pub hostname: String,
    /// SHA-256 of the machine id, in hexadecimal.
    pub machine: Option<String>,
    /// The key the host made.
    pub public_key: PublicKey,
    /// The agent's version.
    pub agent_version: String,
    /// Signature over [`EnrolRequest::proof`].
    pub proof: Signature,
}

impl EnrolRequest {
    /// The bytes that prove possession of the key.
    pub fn proof(token: &str, hostname: &str, public_key: &PublicKey) -> Vec<u8> {
        format!("tierdesk-enrol-v1\n{token}\n{hostname}\n{public_key}\n").into_bytes()
    }

    /// Whether the sender has the key it presents.
    pub fn proves_possession(&self) -> bool {
        let bytes = EnrolRequest::proof(&self.token, &self.hostname, &self.public_key);
        self.public_key.verify(&bytes, &self.proof).is_ok()
    }
}

impl Checked for EnrolRequest {
    fn is_within_bounds(&self) -> bool {
        let plain = |text: &str| !text.chars().any(char::is_control);
        self.token.len() <= 100
            && (1..=253).contains(&self.hostname.len())
            && plain(&self.hostname)
            && plain(&self.token)
            && self
                .machine
                .as_deref()
                .is_none_or(|m| m.len() <= 64 && plain(m))
            && self.agent_version.len() <= 40
            && plain(&self.agent_version)
    }
}

/// The answer to [`EnrolRequest`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnrolResponse {
    /// The host's id from now on.
    pub host: Uuid,
    /// Whether an administrator must approve first.
    pub state: HostState,
    /// Keys of the signer; jobs by any other are refused.
    pub signer_keys: Vec<PublicKey>,
}

/// Where a host stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HostState {
    /// Waits for an administrator.
    Pending,
    /// May work.
    Active,
}

/// A host asks for work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClaimRequest {
    /// Protocol version.
    pub version: u32,
    /// How long to wait for work, in seconds.
    pub wait_seconds: u32,
}

impl Checked for ClaimRequest {
    fn is_within_bounds(&self) -> bool {
        self.wait_seconds <= MAX_WAIT_SECONDS
    }
}

/// The answer to [`ClaimRequest`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimResponse {
    /// Where the host stands.
    pub state: HostState,
    /// Work, if there is any.
    pub job: Option<SignedJob>,
    /// Runs to stop now, because somebody asked for it.
    #[serde(default)]
    pub stop: Vec<Uuid>,
}

/// One try of a job, as hosts name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// The job.
    pub job: Uuid,
    /// The try; an older one than the server's is void.
    pub attempt: u32,
}

/// A host says which jobs it is running: this renews their leases.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeartbeatRequest {
    /// Protocol version.
    pub version: u32,
    /// What runs.
    pub running: Vec<Run>,
}

impl Checked for HeartbeatRequest {
    fn is_within_bounds(&self) -> bool {
        self.running.len() <= MAX_RUNNING
    }
}

/// The answer to [`HeartbeatRequest`] and [`ChunksRequest`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeartbeatResponse {
    /// Runs to stop now: cancelled, or no longer this host's.
    pub stop: Vec<Uuid>,
}

/// Which output a chunk belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stream {
    /// What the steps print, and the steps' command lines.
    Stdout,
    /// What they complain.
    Stderr,
}

impl Stream {
    /// The word in messages and tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Stream::Stdout => "stdout",
            Stream::Stderr => "stderr",
        }
    }
}

/// A piece of redacted output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chunk {
    /// Which output.
    pub stream: Stream,
    /// Counts from 0 over both streams, without gaps.
    pub seq: u32,
    /// Where it begins in its stream, in bytes, counting what was dropped.
    pub offset: u64,
    /// The bytes.
    pub bytes: Blob,
}

/// Output while a job runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChunksRequest {
    /// Protocol version.
    pub version: u32,
    /// Whose output.
    pub run: Run,
    /// The pieces, by rising sequence.
    pub chunks: Vec<Chunk>,
}

impl Checked for ChunksRequest {
    fn is_within_bounds(&self) -> bool {
        self.chunks.len() <= MAX_CHUNKS
            && self
                .chunks
                .iter()
                .all(|chunk| chunk.bytes.0.len() <= MAX_CHUNK)
            && self.chunks.windows(2).all(|pair| pair[0].seq < pair[1].seq)
    }
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Outcome {
    /// The command ran and was judged (the verdict may be *problem*).
    Succeeded {
        /// The host's verdict.
        verdict: Verdict,
        /// Its sentence.
        summary: String,
        /// Its facts.
        facts: Facts,
        /// How the last command ended.
        exit: Exit,
    },
    /// It could not run.
    Failed {
        /// Why, for engineers.
        reason: String,
    },
    /// It was killed at its limit.
    TimedOut,
    /// It was killed because somebody stopped it.
    Cancelled,
    /// The agent was restarted meanwhile.
    Interrupted,
    /// The host did not run it.
    Refused {
        /// Why.
        refusal: Refusal,
    },
}

/// A run has ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResultRequest {
    /// Protocol version.
    pub version: u32,
    /// Which run.
    pub run: Run,
    /// How it ended.
    pub outcome: Outcome,
    /// When it began, by the host's clock.
    pub started_at: DateTime<Utc>,
    /// When it ended, by the host's clock.
    pub ended_at: DateTime<Utc>,
    /// Bytes of output between head and tail that were not kept.
    pub dropped_bytes: u64,
    /// How many secrets were removed.
    pub redactions: u32,
}

impl Checked for ResultRequest {
    fn is_within_bounds(&self) -> bool {
        match &self.outcome {
            Outcome::Succeeded { summary, .. } => {
                summary.len() <= 2000 && !summary.chars().any(char::is_control)
            }
            Outcome::Failed { reason } => reason.len() <= 2000,
            _ => true,
        }
    }
}

/// A host describes itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReportRequest {
    /// Protocol version.
    pub version: u32,
    /// The agent's version.
    pub agent_version: String,
    /// The name the host gives itself.
    pub hostname: String,
    /// What is known about it: `os`, `kernel`, `addresses`, …
    pub facts: Facts,
    /// What its owner allows.
    pub policy: Policy,
    /// Entry ids and hashes of this build.
    pub catalogue: BTreeMap<String, String>,
}

impl Checked for ReportRequest {
    fn is_within_bounds(&self) -> bool {
        let plain = |text: &str| !text.chars().any(char::is_control);
        self.agent_version.len() <= 40
            && plain(&self.agent_version)
            && (1..=253).contains(&self.hostname.len())
            && plain(&self.hostname)
            && self.facts.len() <= 100
            && self.catalogue.len() <= 500
            && self
                .catalogue
                .iter()
                .all(|(id, hash)| id.len() <= 64 && plain(id) && hash.len() == 64 && plain(hash))
            && self.policy.denied_entries.len() <= 500
            && self.policy.allowed_targets.len() + self.policy.denied_targets.len() <= 500
    }
}

/// The answer to [`ReportRequest`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportResponse {
    /// Where the host stands.
    pub state: HostState,
}

/// The body of every refusal by the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// What is wrong.
    pub error: ProblemText,
}

/// A refusal in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProblemText {
    /// A stable word.
    pub code: String,
    /// What is wrong.
    pub title: String,
    /// What to do.
    pub advice: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SecretKey;

    #[test]
    fn unknown_fields_from_a_host_are_refused() {
        let text = r#"{"version":1,"wait_seconds":5,"host":"x"}"#;
        assert!(serde_json::from_str::<ClaimRequest>(text).is_err());
    }

    #[test]
    fn enrolment_proves_that_the_host_has_its_key() {
        let (key, _) = SecretKey::generate().unwrap();
        let (other, _) = SecretKey::generate().unwrap();
        let request = |public: PublicKey, signer: &SecretKey| EnrolRequest {
            version: crate::VERSION,
            token: "tde_x".into(),
            hostname: "web01".into(),
            machine: None,
            public_key: public,
            agent_version: "0.1.0".into(),
            proof: signer.sign(&EnrolRequest::proof("tde_x", "web01", &public)),
        };
        assert!(request(key.public(), &key).proves_possession());
        assert!(!request(key.public(), &other).proves_possession());
        let mut moved = request(key.public(), &key);
        moved.hostname = "web02".into();
        assert!(!moved.proves_possession());
    }

    #[test]
    fn too_much_of_anything_is_out_of_bounds() {
        let run = Run {
            job: Uuid::nil(),
            attempt: 1,
        };
        let chunk = |seq: u32, size: usize| Chunk {
            stream: Stream::Stdout,
            seq,
            offset: 0,
            bytes: Blob(vec![0; size]),
        };
        let request = |chunks: Vec<Chunk>| ChunksRequest {
            version: 1,
            run,
            chunks,
        };
        assert!(request(vec![chunk(0, MAX_CHUNK), chunk(1, 1)]).is_within_bounds());
        assert!(!request(vec![chunk(0, MAX_CHUNK + 1)]).is_within_bounds());
        assert!(!request(vec![chunk(1, 1), chunk(1, 1)]).is_within_bounds());
        assert!(!request((0..17).map(|seq| chunk(seq, 1)).collect()).is_within_bounds());
        let claim = ClaimRequest {
            version: 1,
            wait_seconds: 26,
        };
        assert!(!claim.is_within_bounds());
    }
}
