//! Why a host does not run a job. Typed, so that pages can say what to do about it.

use serde::{Deserialize, Serialize};

/// A host's refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// No pinned key of the signer made this signature over these bytes.
    #[error("the job's signature is not the signer's")]
    BadSignature,
    /// The bytes are signed, but are no job in canonical form.
    #[error("the signed bytes are not a job")]
    Malformed,
    /// The job speaks another version of the protocol.
    #[error("the job has a version this agent does not know")]
    UnknownVersion,
    /// The job is for another host.
    #[error("the job is for another host")]
    WrongHost,
    /// Its time is over.
    #[error("the job came too late")]
    Expired,
    /// Its time has not come, or a clock is wrong.
    #[error("the job is not valid yet; compare the clocks")]
    NotYetValid,
    /// It claims to live longer than 15 minutes.
    #[error("the job claims to live longer than a job may")]
    LivesTooLong,
    /// The agent does not know the entry.
    #[error("this agent does not know the diagnostic; update it")]
    UnknownEntry,
    /// The agent's entry means something else.
    #[error("this agent knows another version of the diagnostic; update it")]
    EntryChanged,
    /// The parameters do not parse on the host.
    #[error("the parameters are not valid on this host")]
    BadParameters,
    /// The host's owner does not allow it.
    #[error("this host's own policy does not allow it")]
    HostPolicy,
    /// It would reach the host itself, or what only the host can reach, and no person asked for that.
    #[error("only a person may ask for probes of this host itself or of its own link")]
    OutOfReach,
    /// It was taken before.
    #[error("this job was taken before")]
    AlreadyTaken,
    /// The agent has enough to do.
    #[error("the agent is running as many jobs as it may")]
    Busy,
}

impl Refusal {
    /// All refusals.
    pub const ALL: [Refusal; 14] = [
        Refusal::BadSignature,
        Refusal::Malformed,
        Refusal::UnknownVersion,
        Refusal::WrongHost,
        Refusal::Expired,
        Refusal::NotYetValid,
        Refusal::LivesTooLong,
        Refusal::UnknownEntry,
        Refusal::EntryChanged,
        Refusal::BadParameters,
        Refusal::HostPolicy,
        Refusal::OutOfReach,
        Refusal::AlreadyTaken,
        Refusal::Busy,
    ];

    /// The word in messages and tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Refusal::BadSignature => "bad_signature",
            Refusal::Malformed => "malformed",
            Refusal::UnknownVersion => "unknown_version",
            Refusal::WrongHost => "wrong_host",
            Refusal::Expired => "expired",
            Refusal::NotYetValid => "not_yet_valid",
            Refusal::LivesTooLong => "lives_too_long",
            Refusal::UnknownEntry => "unknown_entry",
            Refusal::EntryChanged => "entry_changed",
            Refusal::BadParameters => "bad_parameters",
            Refusal::HostPolicy => "host_policy",
            Refusal::OutOfReach => "out_of_reach",
            Refusal::AlreadyTaken => "already_taken",
            Refusal::Busy => "busy",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_is_the_same_in_messages_and_in_tables() {
        for refusal in Refusal::ALL {
            assert_eq!(serde_json::to_value(refusal).unwrap(), refusal.as_str());
        }
    }
}
