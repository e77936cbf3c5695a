//! The service-level dashboard: what was promised and kept, what waits, and how tickets move between the tiers.

use std::collections::BTreeMap;

use chrono::{DateTime, Days, NaiveDate, Utc};
use tierdesk_domain::authorize::{Action, authorize};
use tierdesk_domain::id::TeamId;
use tierdesk_domain::tally::Measure;
use tierdesk_domain::ticket::Priority;
use tierdesk_domain::tier::Tier;
use tierdesk_store::{tally, team};

use crate::counts::Sum;
use crate::error::Result;
use crate::{Caller, Desk};

/// Whole UTC days, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// The first day.
    pub from: NaiveDate,
    /// The last day.
    pub to: NaiveDate,
}

impl Period {
    /// The last `days` days (at least 1), today included.
    pub fn last(days: u64, now: DateTime<Utc>) -> Self {
        let to = now.date_naive();
        Self {
            from: to
                .checked_sub_days(Days::new(days.max(1) - 1))
                .unwrap_or(to),
            to,
        }
    }

    /// The day after the last, for half-open ranges.
    pub fn end(self) -> NaiveDate {
        self.to.succ_opt().unwrap_or(self.to)
    }

    /// As many days, just before these.
    pub fn before(self) -> Self {
        let days = Days::new(self.days());
        Self {
            from: self.from.checked_sub_days(days).unwrap_or(self.from),
            to: self.from.pred_opt().unwrap_or(self.from),
        }
    }

    /// How many days it has.
    pub fn days(self) -> u64 {
        u64::try_from((self.to - self.from).num_days() + 1).unwrap_or(1)
    }
}

/// A ticket is young for two days and old after a week.
pub const YOUNG_DAYS: u64 = 2;
/// See [`YOUNG_DAYS`].
pub const OLD_DAYS: u64 = 7;

/// How many open tickets a queue has, by age.
#[derive(Debug, Clone)]
pub struct QueueAge {
    /// The team.
    pub team: TeamId,
    /// Its name.
    pub name: String,
    /// The tier.
    pub tier: Tier,
    /// Up to [`YOUNG_DAYS`] days old.
    pub young: u64,
    /// Up to [`OLD_DAYS`] days old.
    pub middle: u64,
    /// Older.
    pub old: u64,
}

/// What one tier did.
#[derive(Debug, Clone, Copy, Default)]
pub struct TierFlow {
    /// Resolved by the tier's people.
    pub resolved: u64,
    /// Escalated to L1, L2 and L3.
    pub escalated: [u64; 3],
    /// Handed back.
    pub handed_back: u64,
    /// Open now.
    pub open: u64,
}

/// All figures of a dashboard.
#[derive(Debug, Clone)]
pub struct Dashboard {
    /// The days it speaks of.
    pub period: Period,
    /// Totals of the period.
    pub totals: BTreeMap<Measure, u64>,
    /// Totals of as many days before.
    pub before: BTreeMap<Measure, u64>,
    /// Per priority: resolutions kept and breached.
    pub by_priority: Vec<(Priority, u64, u64)>,
    /// Per tier, L1 first.
    pub tiers: [TierFlow; 3],
    /// Open tickets per queue and age.
    pub queues: Vec<QueueAge>,
    /// Per queue: tickets with a quarter or less of a clock's time left, most first.
    pub at_risk: Vec<(String, Tier, u64)>,
    /// Filed and resolved per day, every day of the period.
    pub daily: Vec<(NaiveDate, u64, u64)>,
}

impl Dashboard {
    /// A total of the period.
    pub fn total(&self, measure: Measure) -> u64 {
        self.totals.get(&measure).copied().unwrap_or(0)
    }

    /// The same of as many days before.
    pub fn total_before(&self, measure: Measure) -> u64 {
        self.before.get(&measure).copied().unwrap_or(0)
    }

    /// Open tickets now.
    pub fn open(&self) -> u64 {
        self.queues.iter().map(|q| q.young + q.middle + q.old).sum()
    }
}

impl Desk {
    /// The dashboard of the teams that the caller answers for.
    pub async fn dashboard(
        &self,
        caller: &Caller,
        period: Period,
        now: DateTime<Utc>,
    ) -> Result<Dashboard> {
        let scope = authorize(&caller.who, Action::SeeDashboard)?;
        let mut conn = self.acquire().await?;
        let (counts, before) = self.counts(&mut conn, &scope, period, now).await?;
        let back = |days| now.date_naive().checked_sub_days(Days::new(days - 1));
        let today = now.date_naive();
        let backlog = tally::backlog(
            &mut conn,
            &scope,
            back(YOUNG_DAYS).unwrap_or(today),
            back(OLD_DAYS).unwrap_or(today),
        )
        .await?;
        let at_risk = tally::at_risk(&mut conn, &scope, now).await?;
        let names: BTreeMap<TeamId, String> = team::all(&mut conn)
            .await?
            .into_iter()
            .map(|it| (it.id, it.name))
            .collect();
        drop(conn);
        let name = |team: TeamId| names.get(&team).cloned().unwrap_or_default();

        let queues: Vec<QueueAge> = backlog
            .into_iter()
            .map(|it| QueueAge {
                team: it.team,
                name: name(it.team),
                tier: it.tier,
                young: count(it.young),
                middle: count(it.middle),
                old: count(it.old),
            })
            .collect();
        Ok(Dashboard {
            period,
            totals: totals(&counts.sums),
            before: totals(&before.sums),
            by_priority: by_priority(&counts.sums),
            tiers: tiers(&counts.sums, &queues),
            at_risk: at_risk
                .into_iter()
                .map(|(team, tier, n)| (name(team), tier, count(n)))
                .collect(),
            daily: daily(period, &counts.days),
            queues,
        })
    }
}

/// One row of the table for spreadsheets.
#[derive(Debug, Clone)]
pub struct CountRow {
    /// The UTC day.
    pub day: NaiveDate,
    /// The team's name.
    pub team: String,
    /// The tier.
    pub tier: Tier,
    /// The priority.
    pub priority: Priority,
    /// What was counted.
    pub measure: Measure,
    /// How many.
    pub n: u64,
}

impl Desk {
    /// Every count of the period, by day, team, tier, priority and measure.
    pub async fn dashboard_rows(&self, caller: &Caller, period: Period) -> Result<Vec<CountRow>> {
        let scope = authorize(&caller.who, Action::SeeDashboard)?;
        let mut conn = self.acquire().await?;
        let names: BTreeMap<TeamId, String> = team::all(&mut conn)
            .await?
            .into_iter()
            .map(|it| (it.id, it.name))
            .collect();
        let cells = tally::cells(&mut conn, &scope, period.from, period.end()).await?;
        Ok(cells
            .into_iter()
            .map(|(cell, n)| CountRow {
                day: cell.day,
                team: names.get(&cell.team).cloned().unwrap_or_default(),
                tier: cell.tier,
                priority: cell.priority,
                measure: cell.measure,
                n: count(n),
            })
            .collect())
    }
}

/// Counts never fall below nothing.
fn count(n: i64) -> u64 {
    u64::try_from(n).unwrap_or(0)
}

fn totals(sums: &[Sum]) -> BTreeMap<Measure, u64> {
    let mut totals = BTreeMap::new();
    for sum in sums {
        *totals.entry(sum.measure).or_default() += count(sum.n);
    }
    totals
}

fn by_priority(sums: &[Sum]) -> Vec<(Priority, u64, u64)> {
    Priority::ALL
        .into_iter()
        .map(|priority| {
            let of = |measure| {
                let cells = sums
                    .iter()
                    .filter(|it| it.priority == priority && it.measure == measure);
                cells.map(|it| count(it.n)).sum()
            };
            (
                priority,
                of(Measure::ResolutionKept),
                of(Measure::ResolutionBreached),
            )
        })
        .collect()
}

fn tiers(sums: &[Sum], queues: &[QueueAge]) -> [TierFlow; 3] {
    Tier::ALL.map(|tier| {
        let of = |measure| -> u64 {
            let cells = sums
                .iter()
                .filter(|it| it.tier == tier && it.measure == measure);
            cells.map(|it| count(it.n)).sum()
        };
        TierFlow {
            resolved: of(Measure::Resolved).saturating_sub(of(Measure::ResolvedByBot)),
            escalated: [
                of(Measure::EscalatedToL1),
                of(Measure::EscalatedToL2),
                of(Measure::EscalatedToL3),
            ],
            handed_back: of(Measure::HandedBack),
            open: queues
                .iter()
                .filter(|it| it.tier == tier)
                .map(|it| it.young + it.middle + it.old)
                .sum(),
        }
    })
}

fn daily(period: Period, days: &BTreeMap<(NaiveDate, Measure), i64>) -> Vec<(NaiveDate, u64, u64)> {
    period
        .from
        .iter_days()
        .take_while(|day| *day <= period.to)
        .map(|day| {
            let of = |measure| days.get(&(day, measure)).map_or(0, |n| count(*n));
            (day, of(Measure::Opened), of(Measure::Resolved))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_has_its_days_and_the_one_before_ends_where_it_begins() {
        let now = "2026-11-23T09:20:00Z".parse().expect("a time");
        let week = Period::last(7, now);
        assert_eq!(week.from.to_string(), "2026-11-17");
        assert_eq!(week.to.to_string(), "2026-11-23");
        assert_eq!(week.days(), 7);
        assert_eq!(week.before().from.to_string(), "2026-11-10");
        assert_eq!(week.before().to.to_string(), "2026-11-16");
        assert_eq!(Period::last(1, now).before().days(), 1);
    }

    #[test]
    fn every_day_of_the_period_is_drawn_also_those_without_tickets() {
        let now = "2026-11-23T09:20:00Z".parse().expect("a time");
        let period = Period::last(3, now);
        let day = period.from.succ_opt().expect("a day");
        let drawn = daily(
            period,
            &[((day, Measure::Opened), 4), ((day, Measure::Resolved), 1)].into(),
        );
        let numbers: Vec<_> = drawn.iter().map(|it| (it.1, it.2)).collect();
        assert_eq!(numbers, [(0, 0), (4, 1), (0, 0)]);
    }
}
