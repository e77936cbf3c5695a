//! Counts for queues and dashboards: collected while an action runs, written when it commits, and folded into blocks of
//! days by a worker.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde_json::Value;
use tierdesk_domain::actor::Actor;
use tierdesk_domain::authorize::{Action, authorize};
use tierdesk_domain::calendar::{local_day, start_of_day};
use tierdesk_domain::id::TeamId;
use tierdesk_domain::tally::{self as counting, Counts, Happened, NOW, Standing, holding};
use tierdesk_domain::tier::Tier;
use tierdesk_domain::timeline::EventKind;
use tierdesk_store::PgConnection;
use tierdesk_store::tally::block::{self, Key, Slice};
use tierdesk_store::tally::delta::{self, Place};
use tierdesk_store::tally::recount::{self, in_counts_of};
use tierdesk_store::tally::{self, Cell};
use tierdesk_store::ticket::{self, Ticket};

use crate::error::{DeskError, Result};
use crate::{Caller, Desk, Work};

/// How many deltas are folded in one transaction.
const BATCH: i64 = 5_000;
/// How many rows are written by one statement.
const ROWS: usize = 5_000;

/// Where an event happened. A ticket that moved left its old queue: that one counts, and is in the event's data.
pub(crate) fn place(ticket: &Ticket, kind: EventKind, data: &Value) -> (TeamId, Tier) {
    let origin = || {
        let team = serde_json::from_value(data["from_team"].clone()).ok()?;
        let tier = serde_json::from_value(data["from_tier"].clone()).ok()?;
        Some((team, tier))
    };
    match kind {
        EventKind::Escalated
        | EventKind::HandedBack
        | EventKind::HandoverBounced
        | EventKind::Kept
        | EventKind::Breached => origin().unwrap_or((ticket.team, ticket.tier)),
        _ => (ticket.team, ticket.tier),
    }
}

impl Work<'_> {
    /// Counts an event.
    pub(crate) fn count_event(
        &mut self,
        ticket: &Ticket,
        kind: EventKind,
        data: &Value,
        (team, tier): (TeamId, Tier),
        actor: Actor,
    ) {
        let place = Place {
            team,
            tier,
            priority: ticket.priority,
            category: ticket.category,
            organisation: ticket.organisation,
            person: None,
        };
        let happened = Happened {
            kind,
            data,
            by: actor.kind,
            actor: actor.id,
            tier,
        };
        for (person, counts) in counting::count(happened) {
            self.count_at(self.now, in_counts_of(place, person), &counts);
        }
    }

    /// Counts a new ticket into the backlog, and into its queue if that shows it.
    pub(crate) fn count_new(&mut self, ticket: &Ticket) {
        self.count_place(ticket.created_at, ticket.place(), 1);
    }

    /// Moves a ticket in the backlog and between queues from where it was to where it is.
    pub(crate) fn count_move(&mut self, old: ticket::Place, ticket: &Ticket) {
        let new = ticket.place();
        if old != new {
            self.count_place(ticket.created_at, old, -1);
            self.count_place(ticket.created_at, new, 1);
        }
    }

    fn count_place(&mut self, filed: DateTime<Utc>, place: ticket::Place, n: i64) {
        let standing = [
            (Standing::Open, place.open),
            (Standing::Queue, place.queued),
            (
                Standing::QueueFree,
                place.queued && place.assignee.is_none(),
            ),
            (Standing::QueueWaiting, place.queued && place.waiting),
        ];
        for (standing, counts) in standing {
            if counts {
                let cell = Cell {
                    standing,
                    team: place.team,
                    tier: place.tier,
                    priority: place.priority,
                };
                self.count(cell, n);
            }
        }
        if place.open {
            let counted = Place {
                team: place.team,
                tier: place.tier,
                priority: place.priority,
                category: place.category,
                organisation: place.organisation,
                person: None,
            };
            for (person, counts) in recount::open_ticket(place.assignee) {
                let counts = if n < 0 { counts.negated() } else { counts };
                self.count_at(filed, in_counts_of(counted, person), &counts);
            }
        }
    }
}

/// Rows of blocks that grow while counts are put into them.
#[derive(Default)]
struct Blocks(BTreeMap<Key, Counts>);

impl Blocks {
    fn put(&mut self, zone: Tz, at: DateTime<Utc>, place: Place, counts: Counts) {
        let (now, days) = counts.split();
        let blocks = holding(local_day(zone, at));
        for (slice, place) in Slice::of(place) {
            if !now.is_empty() {
                self.add((slice, NOW, place), &now);
            }
            if !days.is_empty() {
                for block in blocks {
                    self.add((slice, block, place), &days);
                }
            }
        }
    }

    fn add(&mut self, key: Key, counts: &Counts) {
        self.0.entry(key).or_default().join(counts);
    }

    /// Takes those out that pass.
    fn take(&mut self, pass: impl Fn(&Key) -> bool) -> Vec<(Key, Counts)> {
        self.0.extract_if(.., |key, _| pass(key)).collect()
    }
}

fn zone(name: &str) -> Result<Tz> {
    name.parse()
        .map_err(|_| DeskError::Broken(format!("no zone is called {name}")))
}

impl Desk {
    /// Folds the shards of the counts of queues; sums stay the same.
    pub async fn fold_queues(&self) -> Result<u64> {
        let mut conn = self.acquire().await?;
        Ok(tally::fold(&mut conn).await?)
    }

    /// Folds what was counted into blocks of days, so that reading stays cheap; sums stay the same. Counts everything anew
    /// where that was asked for. Returns how many rows were folded; nothing while somebody else folds.
    pub async fn fold_tally(&self) -> Result<usize> {
        let mut conn = self.acquire().await?;
        let recount = block::book(&mut conn).await?.next_zone.is_some();
        drop(conn);
        if recount {
            if !self.recount_flow().await? {
                return Ok(0);
            }
            self.recount_tally().await?;
        }
        let mut folded = 0;
        loop {
            let mut tx = tierdesk_store::begin(&self.pool).await?;
            let Some(book) = block::lock(&mut tx).await? else {
                return Ok(folded);
            };
            let taken = delta::take(&mut tx, BATCH).await?;
            if taken.is_empty() {
                return Ok(folded);
            }
            folded += taken.len();
            let zone = zone(&book.zone)?;
            let mut blocks = Blocks::default();
            for ((at, place), counts) in taken {
                blocks.put(zone, at, place, counts);
            }
            for rows in blocks.take(|_| true).chunks(ROWS) {
                block::add(&mut tx, rows).await?;
            }
            block::folded(&mut tx, &book.zone, false).await?;
            tierdesk_store::commit(tx).await?;
        }
    }

    /// Counts everything anew from events and tickets, in the days of the zone that was asked for. Nobody waits for it: who
    /// reads meanwhile reads what was there before, who acts meanwhile is counted afterwards.
    async fn recount_tally(&self) -> Result<()> {
        let mut tx = tierdesk_store::begin_snapshot(&self.pool).await?;
        let Some(book) = block::lock(&mut tx).await? else {
            return Ok(());
        };
        let Some(name) = book.next_zone else {
            return Ok(());
        };
        delta::clear(&mut tx).await?;
        block::clear(&mut tx).await?;
        let mut blocks = Blocks::default();
        for (from, to) in windows(&mut tx, zone(&name)?).await? {
            count_window(&mut tx, zone(&name)?, (from, to), &mut blocks).await?;
            // The blocks of a stretch are whole after it, so nothing is read back.
            for rows in blocks.take(|key| key.1 != NOW).chunks(ROWS) {
                block::put(&mut tx, rows).await?;
            }
        }
        for rows in blocks.take(|_| true).chunks(ROWS) {
            block::put(&mut tx, rows).await?;
        }
        block::folded(&mut tx, &name, true).await?;
        tierdesk_store::commit(tx).await?;
        Ok(())
    }

    /// Asks for the days of another zone on all dashboards. The worker counts everything anew; until it is done, the old
    /// days are shown.
    ///
    /// # Errors
    /// [`DeskError::Denied`] for anybody but administrators.
    pub async fn set_reporting_zone(
        &self,
        caller: &Caller,
        zone: Tz,
        now: DateTime<Utc>,
    ) -> Result<()> {
        authorize(&caller.who, Action::Administer)?;
        let mut work = self.begin(caller, now).await?;
        block::ask_for_recount(work.conn(), zone.name()).await?;
        let detail = serde_json::json!({"zone": zone.name()});
        work.audit("reporting.zone", "instance", "reporting", detail);
        work.commit().await
    }

    /// Compares what is kept with a count from scratch of events and tickets; what differs, in words. For the recount test;
    /// machinery only.
    pub(crate) async fn check_tally(&self) -> Result<Vec<String>> {
        let mut tx = tierdesk_store::begin_snapshot(&self.pool).await?;
        let zone = zone(&block::book(&mut tx).await?.zone)?;
        let mut kept = Blocks::default();
        for (key, counts) in block::all(&mut tx).await? {
            kept.add(key, &counts);
        }
        for ((at, place), counts) in delta::take(&mut tx, i64::MAX).await? {
            kept.put(zone, at, place, counts);
        }
        let mut counted = Blocks::default();
        for window in windows(&mut tx, zone).await? {
            count_window(&mut tx, zone, window, &mut counted).await?;
        }
        let mut wrong = differences(&kept.0, &counted.0);
        let queues = |cells: Vec<(Cell, i64)>| cells.into_iter().collect::<BTreeMap<_, _>>();
        let standing = queues(tally::kept(&mut tx).await?);
        let recounted = queues(tally::recount(&mut tx).await?);
        wrong.extend(differences(&standing, &recounted));
        Ok(wrong)
    }
}

/// The stretches of 64 days of a zone in which anything was counted.
async fn windows(conn: &mut PgConnection, zone: Tz) -> Result<Vec<(DateTime<Utc>, DateTime<Utc>)>> {
    let Some((first, last)) = recount::extent(conn).await? else {
        return Ok(Vec::new());
    };
    let mut windows = Vec::new();
    let mut day = holding(local_day(zone, first))[2].day;
    while day <= local_day(zone, last) {
        let Some(next) = day.checked_add_days(chrono::Days::new(64)) else {
            break;
        };
        windows.push((start_of_day(zone, day), start_of_day(zone, next)));
        day = next;
    }
    Ok(windows)
}

async fn count_window(
    conn: &mut PgConnection,
    zone: Tz,
    window: (DateTime<Utc>, DateTime<Utc>),
    blocks: &mut Blocks,
) -> Result<()> {
    let put = |at, place, counts| blocks.put(zone, at, place, counts);
    Ok(recount::each(conn, window, put).await?)
}

/// What two counts of the same do not agree about. Rows that came to nothing are none.
fn differences<K: Ord + std::fmt::Debug, V: Default + PartialEq + std::fmt::Debug>(
    kept: &BTreeMap<K, V>,
    counted: &BTreeMap<K, V>,
) -> Vec<String> {
    let nothing = V::default();
    let keys: std::collections::BTreeSet<&K> = kept.keys().chain(counted.keys()).collect();
    keys.into_iter()
        .filter_map(|key| {
            let kept = kept.get(key).unwrap_or(&nothing);
            let counted = counted.get(key).unwrap_or(&nothing);
            (kept != counted).then(|| format!("{key:?}: kept {kept:?}, counted {counted:?}"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_that_is_missing_or_too_many_is_named() {
        let map = |pairs: &[(&'static str, i64)]| pairs.iter().copied().collect::<BTreeMap<_, _>>();
        let differ = |kept, counted| differences(&map(kept), &map(counted)).len();
        assert_eq!(differ(&[("open", 2)], &[("open", 2)]), 0);
        assert_eq!(differ(&[("open", 2), ("queue", 0)], &[("open", 2)]), 0);
        assert_eq!(differ(&[("open", 2)], &[("open", 3)]), 1);
        assert_eq!(differ(&[("open", 2)], &[("queue", 2)]), 2);
    }
}
