//! Deadlines that passed: each is taken, acted on and taken away in one transaction; one that fails is tried again later.
//!
//! To act on another kind: add its word and its arm below, with those of tickets or with the others. The bot's are in `bot`.

use chrono::{DateTime, TimeDelta, Utc};
use tierdesk_domain::actor::Actor;
use tierdesk_domain::backoff::pause;
use tierdesk_domain::id::TicketId;
use tierdesk_domain::ticket::Status;
use tierdesk_store::timer::{self, Timer};

use crate::caught::caught;
use crate::clock;
use crate::error::Result;
use crate::escalation::fire_first;
use crate::password::help;
use crate::report::REPORT;
use crate::rulebook::IN_FORCE;
use crate::skill::REMINDER;
use crate::{Caller, Desk, DeskError, Work};

/// The kinds of deadlines of tickets that are acted on here.
pub(crate) const OF_TICKETS: &[&str] = &[
    crate::ticket::CLOSES,
    clock::TIMER,
    crate::routing::AGAIN,
    crate::routing::ROOM,
    crate::in_charge::TIMER,
];

/// The kind of those that come of a saved version, for every open ticket at once.
pub(crate) const AFTER_A_VERSION: &[&str] = &[clock::AGAIN];

/// The kinds of those that wait for working time beside clocks and rules: whoever acts on one counts that anew.
const IN_WORKING_TIME: &[&str] = &[crate::routing::AGAIN, crate::in_charge::TIMER];

/// The kinds of those that belong to something else.
pub(crate) const OF_OTHERS: &[&str] = &[
    REMINDER,
    IN_FORCE,
    REPORT,
    help::TIMER,
    crate::routing::SOMEBODY,
    crate::routing::NEEDS,
];

/// How long a deadline that cannot be acted on rests at first.
const FIRST_PAUSE: TimeDelta = TimeDelta::seconds(30);
/// And at most.
const LONGEST_PAUSE: TimeDelta = TimeDelta::minutes(64);

impl Desk {
    /// Acts on the earliest deadline that passed. False if there is none, or others are at work on the tickets of those.
    ///
    /// # Errors
    /// When the database does not answer. What goes wrong with one deadline puts that one off and is logged.
    pub async fn act_on_next_deadline(&self, now: DateTime<Utc>) -> Result<bool> {
        // The others first: they are few, and many tickets' deadlines must not keep them waiting.
        Ok(self.act_on_next_of_others(now).await?
            || self.act_on_next_of_tickets(OF_TICKETS, now).await?)
    }

    /// Looks at the next ticket that waits for that since a version was saved. False if there is none.
    ///
    /// # Errors
    /// As [`Desk::act_on_next_deadline`].
    pub async fn look_at_next_again(&self, now: DateTime<Utc>) -> Result<bool> {
        self.act_on_next_of_tickets(AFTER_A_VERSION, now).await
    }

    async fn act_on_next_of_others(&self, now: DateTime<Utc>) -> Result<bool> {
        let caller = Caller::machine(Actor::system());
        let mut work = self.begin(&caller, now).await?;
        let Some(timer) = timer::take(work.conn(), OF_OTHERS, now).await? else {
            return Ok(false);
        };
        let acted = caught(act_on_other(&mut work, &timer)).await;
        let done = work.commit_if(acted).await;
        self.put_off_if(done, &timer, FIRST_PAUSE, now).await?;
        Ok(true)
    }

    async fn act_on_next_of_tickets(&self, kinds: &[&str], now: DateTime<Utc>) -> Result<bool> {
        let caller = Caller::machine(Actor::system());
        let mut work = self.begin(&caller, now).await?;
        let Some(timer) = timer::take_of_ticket(work.conn(), kinds, now).await? else {
            return Ok(false);
        };
        let acted = caught(act_on_ticket(&mut work, &timer)).await;
        // What went well is kept, also where a rule could not act.
        let done = work.commit_if(acted).await.flatten();
        self.put_off_if(done, &timer, FIRST_PAUSE, now).await?;
        Ok(true)
    }

    /// Puts off a deadline that could not be acted on: by `first`, and the longer the more often that happened.
    pub(crate) async fn put_off_if(
        &self,
        done: Result<()>,
        timer: &Timer,
        first: TimeDelta,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let Err(error) = done else {
            return Ok(());
        };
        let failures = timer.attempts.saturating_add(1);
        let wait = pause(first, failures.unsigned_abs(), LONGEST_PAUSE);
        tracing::error!(%error, timer.kind, timer.object = %timer.object_id, "a deadline could not be acted on");
        let mut conn = self.acquire().await?;
        timer::retry(&mut conn, timer, failures, now + wait).await?;
        Ok(())
    }
}

async fn act_on_ticket(work: &mut Work<'_>, timer: &Timer) -> Result<Result<()>> {
    let id = TicketId(timer.object_id);
    match timer.kind.as_str() {
        clock::TIMER => return look_at_clocks(work, id).await,
        clock::AGAIN => return look_again(work, id).await,
        crate::ticket::CLOSES => {
            let ticket = work.lock(id).await?;
            if let Some(mut ticket) = ticket
                && ticket.status == Status::Resolved
                && ticket.cycle == timer.cycle
                && !crate::ticket::closes_later(work, &mut ticket).await?
            {
                crate::ticket::close(work, &mut ticket, "time").await?;
            }
        }
        crate::routing::AGAIN => crate::routing::again(work, id).await?,
        crate::routing::ROOM => crate::routing::room(work, timer).await?,
        crate::in_charge::TIMER => crate::in_charge::act(work, id).await?,
        other => return Err(nobody_acts_on(other)),
    }
    Ok(Ok(()))
}

async fn act_on_other(work: &mut Work<'_>, timer: &Timer) -> Result<()> {
    match timer.kind.as_str() {
        IN_FORCE => crate::rulebook::comes_into_force(work, timer).await,
        REPORT => crate::report::fire(work, timer).await,
        help::TIMER => help::look(work, timer).await,
        crate::routing::SOMEBODY => crate::routing::look_for(work, timer).await,
        crate::routing::NEEDS => crate::routing::look_everywhere(work, timer).await,
        REMINDER => crate::skill::remind(work, timer.object_id).await,
        other => Err(nobody_acts_on(other)),
    }
}

fn nobody_acts_on(kind: &str) -> DeskError {
    DeskError::Broken(format!("nobody acts on deadlines of the kind {kind}"))
}

/// A version was saved or came into force: everything about a ticket that is counted in working time is counted anew.
async fn look_again(work: &mut Work<'_>, id: TicketId) -> Result<Result<()>> {
    match work.lock(id).await? {
        Some(mut ticket) if ticket.status == Status::Resolved => {
            crate::ticket::closes_later(work, &mut ticket).await?;
            Ok(Ok(()))
        }
        _ => {
            let now = work.now;
            timer::hasten(work.conn(), IN_WORKING_TIME, id.0, now).await?;
            look_at_clocks(work, id).await
        }
    }
}

/// A promise came close or was broken, or a rule holds: the clocks are computed anew, which sets the next deadline, and the
/// first rule that holds is fired.
async fn look_at_clocks(work: &mut Work<'_>, id: TicketId) -> Result<Result<()>> {
    let Some(mut ticket) = work.lock(id).await? else {
        return Ok(Ok(()));
    };
    work.save(&mut ticket, false).await?;
    let fired = fire_first(work, &mut ticket).await?;
    if fired.is_err() {
        // The rule that could not act holds still; until it is put off, nobody else meets it.
        let soon = work.now + FIRST_PAUSE;
        work.timer(clock::TIMER, id.0, clock::CYCLE, soon);
    }
    Ok(fired)
}
