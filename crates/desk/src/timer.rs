//! Deadlines that passed: each is taken, acted on and taken away in one transaction; one that fails is tried again later.
//!
//! To act on another kind: add its word to [`KINDS`] and its arm to [`act`].

use chrono::{DateTime, TimeDelta, Utc};
use tierdesk_domain::actor::Actor;
use tierdesk_domain::backoff::pause;
use tierdesk_domain::id::{DocumentId, TicketId};
use tierdesk_domain::ticket::Status;
use tierdesk_store::timer::{self, Timer};

use crate::caught::caught;
use crate::clock;
use crate::error::Result;
use crate::report::REPORT;
use crate::rulebook::IN_FORCE;
use crate::{Caller, Desk, Work};

/// The kinds of deadlines that are acted on here.
pub const KINDS: &[&str] = &[
    "auto_close",
    "certificate",
    clock::TIMER,
    "routing",
    crate::routing::ROOM,
    IN_FORCE,
    crate::in_charge::TIMER,
    REPORT,
];

/// How long a deadline that cannot be acted on rests at most.
pub(crate) const LONGEST_PAUSE: TimeDelta = TimeDelta::minutes(64);

/// What is left to do in transactions of their own.
type After = Option<(TicketId, Vec<DocumentId>)>;

impl Desk {
    /// Acts on the earliest deadline that passed. False if there is none.
    ///
    /// # Errors
    /// When the database does not answer. What goes wrong with one deadline puts that one off and is logged.
    pub async fn act_on_next_deadline(&self, now: DateTime<Utc>) -> Result<bool> {
        let caller = Caller::machine(Actor::system());
        let mut work = self.begin(&caller, now).await?;
        let Some(timer) = timer::take_due(work.conn(), KINDS, now).await? else {
            return Ok(false);
        };
        let acted = caught(act(&mut work, &timer)).await;
        let done = match work.commit_if(acted).await {
            Ok(None) => Ok(()),
            Ok(Some((ticket, rules))) => self.fire_rules(ticket, &rules, now).await,
            Err(error) => Err(error),
        };
        if let Err(error) = done {
            let failures = timer.attempts.unsigned_abs() + 1;
            let wait = pause(TimeDelta::seconds(30), failures, LONGEST_PAUSE);
            tracing::error!(%error, timer.kind, timer.object = %timer.object_id, "a deadline could not be acted on");
            let mut conn = self.acquire().await?;
            timer::retry(&mut conn, &timer, now + wait).await?;
        }
        Ok(true)
    }

    async fn fire_rules(
        &self,
        ticket: TicketId,
        rules: &[DocumentId],
        now: DateTime<Utc>,
    ) -> Result<()> {
        // A rule that cannot act must not keep the others from it.
        let mut done = Ok(());
        for rule in rules {
            if let Err(error) = caught(self.fire_rule(ticket, *rule, now)).await {
                done = Err(error);
            }
        }
        done
    }
}

async fn act(work: &mut Work<'_>, timer: &Timer) -> Result<After> {
    match timer.kind.as_str() {
        clock::TIMER => look_at_clocks(work, timer).await,
        IN_FORCE => {
            crate::rulebook::comes_into_force(work, timer).await?;
            Ok(None)
        }
        REPORT => crate::report::fire(work, timer).await.map(|()| None),
        "auto_close" => {
            timer::done(work.conn(), timer).await?;
            let ticket =
                tierdesk_store::ticket::lock(work.conn(), TicketId(timer.object_id)).await?;
            if let Some(mut ticket) = ticket
                && ticket.status == Status::Resolved
                && ticket.cycle == timer.cycle
            {
                crate::ticket::close(work, &mut ticket, "time").await?;
            }
            Ok(None)
        }
        "routing" => {
            timer::done(work.conn(), timer).await?;
            crate::routing::again(work, TicketId(timer.object_id)).await?;
            Ok(None)
        }
        crate::routing::ROOM => {
            timer::done(work.conn(), timer).await?;
            crate::routing::room(work, timer).await?;
            Ok(None)
        }
        "certificate" => {
            timer::done(work.conn(), timer).await?;
            crate::skill::remind(work, timer.object_id).await?;
            Ok(None)
        }
        crate::in_charge::TIMER => {
            crate::in_charge::act(work, timer).await?;
            Ok(None)
        }
        other => Err(crate::DeskError::Broken(format!(
            "nobody acts on deadlines of the kind {other}"
        ))),
    }
}

/// A promise came close or was broken, or a rule holds: the clocks are computed anew, which sets the next deadline.
async fn look_at_clocks(work: &mut Work<'_>, timer: &Timer) -> Result<After> {
    timer::done(work.conn(), timer).await?;
    let Some(mut ticket) =
        tierdesk_store::ticket::lock(work.conn(), TicketId(timer.object_id)).await?
    else {
        return Ok(None);
    };
    work.save(&mut ticket, false).await?;
    let rules = work.rules_that_hold(&ticket).await?;
    Ok(Some((ticket.id, rules)).filter(|(_, rules)| !rules.is_empty()))
}
