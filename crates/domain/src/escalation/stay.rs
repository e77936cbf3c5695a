//! How long a ticket has been at its tier.

use chrono::{DateTime, Utc};

use crate::clock::{Change, History};

/// A stay at a tier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stay {
    /// When it began.
    pub(super) since: DateTime<Utc>,
    /// When it was elsewhere meanwhile: handed over, and sent back.
    pub(super) elsewhere: Vec<(DateTime<Utc>, DateTime<Utc>)>,
}

impl Stay {
    fn new(since: DateTime<Utc>) -> Self {
        let elsewhere = Vec::new();
        Self { since, elsewhere }
    }
}

/// The present stay at a tier, whichever team has it there. One that is sent back goes on with the stay that its hand-over
/// interrupted, as time in tier does: a weak hand-over buys no time. Reopened, it begins anew.
pub(super) fn stay(history: &History) -> Stay {
    let mut tier = history.opened.tier;
    let mut stay = Stay::new(history.opened_at);
    // Those that a hand-over interrupted, with when it did.
    let mut interrupted = Vec::new();
    for moment in &history.moments {
        let at = moment.at;
        match moment.change {
            Change::Queue(_, to) if to != tier => {
                interrupted.push((tier, stay, at));
                (tier, stay) = (to, Stay::new(at));
            }
            Change::Bounced { tier: to, .. } if to != tier => {
                let before = interrupted.pop().filter(|(tier, ..)| *tier == to);
                stay = before.map_or(Stay::new(at), |(_, mut stay, left)| {
                    stay.elsewhere.push((left, at));
                    stay
                });
                tier = to;
            }
            Change::Reopened => {
                interrupted.clear();
                stay = Stay::new(at);
            }
            _ => {}
        }
    }
    stay
}
