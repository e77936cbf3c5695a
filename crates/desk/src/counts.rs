//! Sums of counts for a dashboard. Days that are over do not change, so their sums are kept for a while.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use tierdesk_domain::authorize::Scope;
use tierdesk_domain::tally::Measure;
use tierdesk_domain::ticket::Priority;
use tierdesk_domain::tier::Tier;
use tierdesk_store::tally::Cell;
use tierdesk_store::{PgConnection, tally};

use crate::Desk;
use crate::dashboard::Period;
use crate::error::Result;

/// An action that began before midnight has written its counts by then; statements end after 5 s.
const SETTLES_AFTER: TimeDelta = TimeDelta::minutes(5);
/// How long sums are kept: whoever may see a team may change, and an import may write into the past.
const KEPT_FOR: TimeDelta = TimeDelta::minutes(1);
/// How many periods of readers are kept.
const KEPT: usize = 64;

/// A sum over the days of a period and over all teams.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sum {
    pub(crate) measure: Measure,
    pub(crate) tier: Tier,
    pub(crate) priority: Priority,
    pub(crate) n: i64,
}

/// What a dashboard needs of a period.
#[derive(Debug, Clone, Default)]
pub(crate) struct Counts {
    pub(crate) sums: Vec<Sum>,
    /// Per day and measure.
    pub(crate) days: BTreeMap<(NaiveDate, Measure), i64>,
}

impl Counts {
    fn of(cells: &[(Cell, i64)]) -> Self {
        let mut counts = Self::default();
        for (cell, n) in cells {
            counts.add(cell.measure, cell.tier, cell.priority, *n);
            *counts.days.entry((cell.day, cell.measure)).or_default() += n;
        }
        counts
    }

    fn add(&mut self, measure: Measure, tier: Tier, priority: Priority, n: i64) {
        let same = self
            .sums
            .iter_mut()
            .find(|it| (it.measure, it.tier, it.priority) == (measure, tier, priority));
        match same {
            Some(sum) => sum.n += n,
            None => self.sums.push(Sum {
                measure,
                tier,
                priority,
                n,
            }),
        }
    }

    fn join(mut self, other: &Self) -> Self {
        for sum in &other.sums {
            self.add(sum.measure, sum.tier, sum.priority, sum.n);
        }
        for (day, n) in &other.days {
            *self.days.entry(*day).or_default() += n;
        }
        self
    }
}

/// Counts of days that are over, by who may see which: the reader's scope is part of the key, and the read that filled an
/// entry was made with it.
#[derive(Debug, Default)]
pub(crate) struct Settled(Mutex<VecDeque<Kept>>);

type Key = (Scope, NaiveDate, NaiveDate);
/// Counts, when they were read, and for whom and which days.
type Kept = (Key, DateTime<Utc>, Arc<Counts>);

impl Settled {
    fn get(&self, key: &Key, now: DateTime<Utc>) -> Option<Arc<Counts>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter()
            .find(|(known, read_at, _)| known == key && (now - read_at).abs() <= KEPT_FOR)
            .map(|(_, _, counts)| Arc::clone(counts))
    }

    fn keep(&self, key: Key, now: DateTime<Utc>, counts: &Arc<Counts>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|(known, _, _)| *known != key);
        if kept.len() == KEPT {
            kept.pop_front();
        }
        kept.push_back((key, now, Arc::clone(counts)));
    }
}

impl Desk {
    /// The counts of a period and of as many days before it.
    pub(crate) async fn counts(
        &self,
        conn: &mut PgConnection,
        scope: &Scope,
        period: Period,
        now: DateTime<Utc>,
    ) -> Result<(Counts, Counts)> {
        let before = period.before();
        Ok((
            self.counts_between(conn, scope, period.from, period.end(), now)
                .await?,
            self.counts_between(conn, scope, before.from, before.end(), now)
                .await?,
        ))
    }

    async fn counts_between(
        &self,
        conn: &mut PgConnection,
        scope: &Scope,
        from: NaiveDate,
        to: NaiveDate,
        now: DateTime<Utc>,
    ) -> Result<Counts> {
        let over = (now - SETTLES_AFTER).date_naive().clamp(from, to);
        let key = (scope.clone(), from, over);
        let settled = match self.settled.get(&key, now) {
            Some(counts) => counts,
            None => {
                let cells = tally::cells(conn, scope, from, over).await?;
                let counts = Arc::new(Counts::of(&cells));
                self.settled.keep(key, now, &counts);
                counts
            }
        };
        let fresh = if over < to {
            Counts::of(&tally::cells(conn, scope, over, to).await?)
        } else {
            Counts::default()
        };
        Ok(fresh.join(&settled))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tierdesk_domain::id::TeamId;
    use uuid::Uuid;

    #[test]
    fn days_that_are_over_and_today_add_up() {
        let day = |n| NaiveDate::from_ymd_opt(2026, 11, n).expect("a day");
        let cell = |n, team| Cell {
            measure: Measure::Opened,
            day: day(n),
            team: TeamId(Uuid::from_u128(team)),
            tier: Tier::L1,
            priority: Priority::P3,
        };
        let past = Counts::of(&[(cell(20, 1), 4), (cell(20, 2), 1), (cell(21, 1), 2)]);
        let both = Counts::of(&[(cell(22, 1), 5)]).join(&past);
        assert_eq!(both.sums.len(), 1);
        assert_eq!(both.sums[0].n, 12);
        assert_eq!(both.days[&(day(20), Measure::Opened)], 5);
        assert_eq!(both.days[&(day(22), Measure::Opened)], 5);
    }
}
