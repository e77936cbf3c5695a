//! The first page: the key figures, the flow, what is open and how old it is, and the days one by one.

use std::collections::BTreeMap;

use chrono::{DateTime, Days, Utc};
use tierdesk_domain::dashboard::View;
use tierdesk_domain::id::TeamId;
use tierdesk_domain::period::Period;
use tierdesk_domain::tally::{Counts, Measure};
use tierdesk_domain::ticket::Priority;
use tierdesk_domain::tier::Tier;
use tierdesk_store::PgConnection;
use tierdesk_store::tally;
use tierdesk_store::tally::block::By;
use tierdesk_store::ticket_list::Filter;

use super::{Lens, Pair};
use crate::error::Result;
use crate::figures::Span;
use crate::shared::Shared;
use crate::{Caller, Desk};

/// Ages end with these days, today the first; what is older is old.
pub const AGES: [u64; 3] = [2, 7, 30];

/// Open tickets of a queue, by age, the youngest first.
#[derive(Debug, Clone)]
pub struct Age {
    /// The team.
    pub team: TeamId,
    /// The tier.
    pub tier: Tier,
    /// Per age of [`AGES`], and older.
    pub open: [u64; 4],
}

/// What is at risk while it is counted, by which tickets count. The readers' teams are part of the question.
pub(crate) type Counting = Shared<Filter, Vec<AtRisk>>;

/// Tickets of a queue that are at risk.
#[derive(Debug, Clone)]
pub struct AtRisk {
    /// The team.
    pub team: TeamId,
    /// The tier.
    pub tier: Tier,
    /// How many.
    pub tickets: u64,
}

/// One day or month of the period.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    /// Its days.
    pub period: Period,
    /// Filed.
    pub opened: u64,
    /// Resolved.
    pub resolved: u64,
}

/// All figures of the first page.
#[derive(Debug)]
pub struct Dashboard {
    /// What they speak of.
    pub lens: Lens,
    /// Totals.
    pub total: Pair,
    /// Per tier, L1 first.
    pub tiers: [Counts; 3],
    /// Per priority, P1 first.
    pub priorities: Vec<(Priority, Counts)>,
    /// Open tickets per queue and age, L1 first.
    pub ages: Vec<Age>,
    /// Tickets at risk per queue, most first.
    pub at_risk: Vec<AtRisk>,
    /// The period in steps.
    pub steps: Vec<Step>,
}

impl Dashboard {
    /// Open tickets now.
    pub fn open(&self) -> u64 {
        self.ages.iter().flat_map(|it| it.open).sum()
    }

    /// Open tickets of a tier.
    pub fn open_in(&self, tier: Tier) -> u64 {
        let queues = self.ages.iter().filter(|it| it.tier == tier);
        queues.flat_map(|it| it.open).sum()
    }
}

impl Desk {
    /// The dashboard of the teams that the caller answers for.
    pub async fn dashboard(
        &self,
        caller: &Caller,
        view: View,
        now: DateTime<Utc>,
    ) -> Result<Dashboard> {
        let mut conn = self.acquire().await?;
        let (_, lens) = self.lens(&mut conn, caller, view, now).await?;
        self.dashboard_through(&mut conn, lens, now).await
    }

    pub(crate) async fn dashboard_through(
        &self,
        conn: &mut PgConnection,
        lens: Lens,
        now: DateTime<Utc>,
    ) -> Result<Dashboard> {
        let queues = By {
            tier: true,
            priority: true,
            ..By::default()
        };
        let mut total = Pair::default();
        let mut tiers: [Counts; 3] = Default::default();
        let mut priorities: BTreeMap<Priority, Counts> = BTreeMap::new();
        for (key, spans) in self.groups(conn, &lens, queues, lens.spans()).await? {
            let mut spans = spans.iter();
            if let Some(counts) = spans.next() {
                total.now.join(counts);
                let place = key
                    .tier
                    .and_then(|tier| tiers.get_mut(usize::from(tier.number().unsigned_abs()) - 1));
                if let Some(tier) = place {
                    tier.join(counts);
                }
                if let Some(priority) = key.priority {
                    priorities.entry(priority).or_default().join(counts);
                }
            }
            if let Some(counts) = spans.next() {
                total.before.join(counts);
            }
        }
        Ok(Dashboard {
            total,
            tiers,
            priorities: Priority::ALL
                .into_iter()
                .map(|it| (it, priorities.remove(&it).unwrap_or_default()))
                .collect(),
            ages: self.ages(conn, &lens).await?,
            at_risk: self.at_risk(conn, &lens, now).await?,
            steps: self.steps(conn, &lens).await?,
            lens,
        })
    }

    /// What is at risk now. Time alone brings tickets there, so it is counted each time; once for all who ask meanwhile.
    async fn at_risk(
        &self,
        conn: &mut PgConnection,
        lens: &Lens,
        now: DateTime<Utc>,
    ) -> Result<Vec<AtRisk>> {
        let filter = lens.list_filter();
        let count = async {
            let counts = tally::at_risk(conn, &filter, now).await?;
            let queues = counts.into_iter().map(|(team, tier, n)| AtRisk {
                team,
                tier,
                tickets: n.unsigned_abs(),
            });
            Ok(queues.collect())
        };
        self.at_risk.get(filter.clone(), count).await
    }

    /// What is open now, by the days it was filed on.
    async fn ages(&self, conn: &mut PgConnection, lens: &Lens) -> Result<Vec<Age>> {
        let by = By {
            team: true,
            tier: true,
            ..By::default()
        };
        let since = |days: &u64| {
            let from = lens.today.checked_sub_days(Days::new(days - 1));
            Span::Since(from.unwrap_or(lens.today))
        };
        let spans: Vec<Span> = AGES.iter().map(since).chain([Span::Now]).collect();
        let mut ages: Vec<Age> = self
            .groups(conn, lens, by, spans)
            .await?
            .into_iter()
            .filter_map(|(key, spans)| {
                let upto: Vec<u64> = spans
                    .iter()
                    .zip([
                        Measure::Backlog,
                        Measure::Backlog,
                        Measure::Backlog,
                        Measure::Open,
                    ])
                    .map(|(counts, measure)| counts.number(measure))
                    .collect();
                let [young, middle, older, all]: [u64; 4] = upto.try_into().ok()?;
                let open = [
                    young,
                    middle.saturating_sub(young),
                    older.saturating_sub(middle),
                    all.saturating_sub(older),
                ];
                Some(Age {
                    team: key.team?,
                    tier: key.tier?,
                    open,
                })
            })
            .filter(|age| age.open != [0; 4])
            .collect();
        ages.sort_by(|a, b| (a.tier, lens.team(a.team)).cmp(&(b.tier, lens.team(b.team))));
        Ok(ages)
    }

    async fn steps(&self, conn: &mut PgConnection, lens: &Lens) -> Result<Vec<Step>> {
        let periods = lens.period.steps();
        let spans = periods.iter().map(|it| Span::Days(*it)).collect();
        let groups = self.groups(conn, lens, By::default(), spans).await?;
        let counts = groups.into_values().next().unwrap_or_default();
        let nothing = Counts::default();
        Ok(periods
            .into_iter()
            .enumerate()
            .map(|(n, period)| {
                let counts = counts.get(n).unwrap_or(&nothing);
                Step {
                    period,
                    opened: counts.number(Measure::Opened),
                    resolved: counts.number(Measure::Resolved),
                }
            })
            .collect())
    }
}
