//! Enrolled machines.

use chrono::{DateTime, TimeDelta, Utc};

use crate::names::named;

/// A host that was not heard of for so long counts as offline (heartbeat: dead after 75 s).
pub const OFFLINE_AFTER: TimeDelta = TimeDelta::seconds(75);
/// A host that names other hosts' things so often is suspended (AT-ENR-2).
pub const MISMATCHES_ALLOWED: i32 = 3;
/// The longest an enrolment token lives (AT-ENR-1).
pub const TOKEN_LIFE: TimeDelta = TimeDelta::hours(1);
/// The most hosts that one token may bring in.
pub const TOKEN_USES: i32 = 50;
/// The label of agents that stand beside the server and give its view (decision 28).
pub const SERVER_VANTAGE: &str = "vantage=server";
/// The label of demo hosts whose facts were recorded elsewhere; they are never online (decision 38).
pub const RECORDED: &str = "demo-recorded";

named! {
    /// Where a host stands.
    HostState, "state of a host" {
        /// Waits for an administrator.
        Pending = "pending",
        /// May work.
        Active = "active",
        /// Stopped by Tierdesk itself, because it named other hosts' things.
        Suspended = "suspended",
        /// Sent away by an administrator.
        Revoked = "revoked",
    }
}

/// Whether a host is there: judged by the server's clock alone.
pub fn is_online(last_seen_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> bool {
    last_seen_at.is_some_and(|at| now - at <= OFFLINE_AFTER)
}

/// A label as administrators may write it: `key` or `key=value`, at most 60 characters.
pub fn is_label(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_.=".contains(&b);
    (1..=60).contains(&text.len()) && text.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_online_for_75_seconds_after_it_was_heard_of() {
        let now = DateTime::from_timestamp(1_790_000_000, 0).unwrap();
        assert!(is_online(Some(now - TimeDelta::seconds(75)), now));
        assert!(!is_online(Some(now - TimeDelta::seconds(76)), now));
        assert!(!is_online(None, now));
    }

    #[test]
    fn labels_are_plain_words() {
        assert!(is_label(SERVER_VANTAGE) && is_label(RECORDED) && is_label("hall3"));
        for bad in ["", "Hall 3", "a\n", "<b>", "ü"] {
            assert!(!is_label(bad), "{bad:?}");
        }
    }
}
