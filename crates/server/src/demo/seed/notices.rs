//! What people of the demo company do about what they are told: they look at their notices, say that they see to what a path
//! asks of them, and have read the rest.

use std::cmp::Reverse;

use chrono::{DateTime, TimeDelta, Utc};
use tierdesk_desk::{Desk, DeskError};
use tierdesk_store::notification;

use super::super::company::{PEOPLE, Part};
use super::super::time::later;
use super::{Happening, Seeder};

/// So many working minutes after they were told something people look at the earliest, and so many later at the latest.
const LOOK: (u32, usize) = (15, 75);
/// So many minutes, also at night, after a path asked an engineer: those whom paths ask are on call.
const ON_CALL: (i64, usize) = (4, 12);
/// What came within this time before the end nobody has seen yet: it waits for whoever signs in.
const UNSEEN: TimeDelta = TimeDelta::minutes(45);
/// How many notices a page shows.
const PAGE: i64 = 50;

/// What somebody's bell shows, and when they look at it next.
#[derive(Debug, Default)]
pub(super) struct Bell {
    shows: i64,
    look: Option<DateTime<Utc>>,
}

/// Whose bells are looked after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose {
    /// Those of everybody at the desk.
    All,
    /// Those of whom escalation paths tell.
    InCharge,
}

impl Seeder<'_> {
    /// Somebody may have been told something: they look at it in a while.
    pub(super) async fn ring(&mut self, whose: Whose, now: DateTime<Utc>) -> anyhow::Result<()> {
        for at in 0..self.people.len() {
            let someone = &self.people[at];
            if someone.files_tickets || (whose == Whose::InCharge && !someone.in_charge) {
                continue;
            }
            let mut conn = self.desk.acquire().await?;
            let shows = notification::unread(&mut conn, someone.id).await?;
            drop(conn);
            let before = std::mem::replace(&mut self.people[at].bell.shows, shows);
            if shows <= before {
                continue;
            }
            let look = self.looks_at(at, now).await?;
            let bell = &mut self.people[at].bell;
            if bell.look.is_none_or(|planned| look < planned) {
                bell.look = Some(look);
                self.enter(look, Happening::Look(at));
            }
        }
        Ok(())
    }

    /// When somebody who was just told something looks.
    async fn looks_at(&mut self, at: usize, now: DateTime<Utc>) -> anyhow::Result<DateTime<Utc>> {
        let someone = &self.people[at];
        let on_call = matches!(PEOPLE[at].part, Part::Engineer(_)) && someone.in_charge;
        if on_call {
            let told = self.desk.notifications(&someone.caller, None, PAGE).await?;
            if told.iter().any(|it| !it.read && it.asks.is_some()) {
                let (least, more) = ON_CALL;
                let more = i64::try_from(self.chance.below(more)).unwrap_or(0);
                return Ok(now + TimeDelta::minutes(least + more));
            }
        }
        let (least, more) = LOOK;
        let more = u32::try_from(self.chance.below(more)).unwrap_or(0);
        Ok(later(now, least + more))
    }

    /// Somebody looks at what they were told, and acknowledges where a path asks.
    pub(super) async fn look(
        &mut self,
        at: usize,
        (now, end): (DateTime<Utc>, DateTime<Utc>),
    ) -> Result<(), DeskError> {
        let someone = &self.people[at];
        // An earlier look has seen it, or it is too new for one.
        if someone.bell.look != Some(now) || end - now < UNSEEN {
            return Ok(());
        }
        let desk: &Desk = self.desk;
        for told in desk.notifications(&someone.caller, None, PAGE).await? {
            let (Some(_), Some((number, _))) = (told.asks, told.ticket) else {
                continue;
            };
            let ticket = self.look_up(number).await?;
            match desk.acknowledge(&someone.caller, ticket.id, now).await {
                // The same ticket asked twice, or the path is over.
                Err(DeskError::State(_)) => {}
                done => done?,
            }
        }
        desk.read_notifications(&someone.caller, None, now).await?;
        self.people[at].bell = Bell::default();
        Ok(())
    }

    /// The requester of a ticket on which something happened reads it in a while.
    pub(super) fn read_soon(&mut self, thread: usize, now: DateTime<Utc>) {
        if self.threads[thread].reads.is_none() {
            let (least, more) = LOOK;
            let more = u32::try_from(self.chance.below(more)).unwrap_or(0);
            let at = later(now, least + more);
            self.threads[thread].reads = Some(at);
            self.enter(at, Happening::Read(thread));
        }
    }

    /// The requester of a ticket reads it.
    pub(super) async fn read(
        &mut self,
        thread: usize,
        (now, end): (DateTime<Utc>, DateTime<Utc>),
    ) -> Result<(), DeskError> {
        let it = &mut self.threads[thread];
        it.reads = None;
        if end - now < UNSEEN {
            return Ok(());
        }
        let requester = &self.people[it.requester].caller;
        self.desk.mark_read(requester, it.id, now).await
    }

    /// When the next thing happens, or `until` if that is earlier.
    pub(super) fn next_at(&self, until: DateTime<Utc>) -> DateTime<Utc> {
        let next = self.agenda.peek();
        let next = next.map_or(until, |Reverse((at, ..))| *at);
        next.min(until).max(self.clock)
    }
}
