//! What is counted between the tiers: noted with every action, summed for managers, recounted by a test.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, SubsecRound, Utc};
use serde_json::Value;
use tierdesk_domain::authorize::{Action, authorize};
use tierdesk_domain::clock::{Book, Change, History, stays};
use tierdesk_domain::flow::{Fact, FlowMeasure, Queue, Step, Story, facts, percentile};
use tierdesk_domain::id::{CategoryId, TeamId, TicketId};
use tierdesk_domain::period::Period;
use tierdesk_domain::timeline::EventKind;
use tierdesk_store::clock::ClockEvent;
use tierdesk_store::flow::Sum;
use tierdesk_store::{PgConnection, category, flow, team};

use crate::clock::{Told, changes, read};
use crate::error::Result;
use crate::{Caller, Desk, Work};

/// A ticket's story between the tiers, from its events.
pub(crate) fn story(history: &History, events: &[ClockEvent]) -> Story {
    let steps = events.iter().filter_map(|event| {
        let data = &event.data;
        let to = || Some((read(&data["to_team"])?, read(&data["to_tier"])?));
        let step = match event.kind {
            EventKind::Escalated => Step::HandedOver(to()?),
            EventKind::HandedBack => Step::HandedBack(to()?),
            EventKind::HandoverBounced => Step::Bounced(to()?),
            EventKind::HandoverAccepted | EventKind::HandoverRated => {
                Step::Rated(rating(&data["quality"])?)
            }
            EventKind::Resolved => Step::Resolved(read(&data["by"])?),
            EventKind::Reopened => Step::Reopened,
            EventKind::Changed => changes(event).into_iter().find_map(|it| match it {
                Change::Category(category) => Some(Step::Category(category)),
                _ => None,
            })?,
            _ => return None,
        };
        Some((event.at, step))
    });
    Story {
        queue: (history.opened.team, history.opened.tier),
        category: history.opened.category,
        steps: steps.collect(),
    }
}

fn rating(value: &Value) -> Option<tierdesk_domain::handover::Quality> {
    read(value)
}

/// Notes what this action makes count.
pub(crate) fn note(work: &mut Work<'_>, ticket: TicketId, told: &Told, book: &Book) {
    // Events are kept to the microsecond.
    let now = work.now.trunc_subsecs(6);
    if told.story.steps.last().is_none_or(|(at, _)| *at != now) {
        return;
    }
    let over = stays(&told.history, book, now, now);
    let fresh: Vec<Fact> = facts(&told.story, &over)
        .into_iter()
        .filter(|fact| fact.at == now)
        .collect();
    work.note(ticket, fresh);
}

/// What one queue, or one category, did in a period.
#[derive(Debug, Clone, Default)]
pub struct Row {
    /// Counts by measure.
    counts: BTreeMap<FlowMeasure, u64>,
    /// How many stays ended, by bucket.
    stays: BTreeMap<i16, u64>,
    /// Their business time together, in seconds.
    stayed: i64,
}

impl Row {
    fn add(&mut self, sum: &Sum) {
        let n = u64::try_from(sum.n).unwrap_or(0);
        *self.counts.entry(sum.measure).or_default() += n;
        if sum.measure == FlowMeasure::Stay {
            *self.stays.entry(sum.bucket).or_default() += n;
            self.stayed += sum.total;
        }
    }

    /// How often something happened.
    pub fn n(&self, measure: FlowMeasure) -> u64 {
        self.counts.get(&measure).copied().unwrap_or(0)
    }

    /// A time in seconds of business time below which so many percent of the stays lie, from buckets.
    pub fn stay_percentile(&self, percent: u64) -> Option<i64> {
        let buckets: Vec<_> = self.stays.iter().map(|(bucket, n)| (*bucket, *n)).collect();
        percentile(&buckets, percent)
    }

    /// The mean stay in seconds of business time.
    pub fn stay_mean(&self) -> Option<i64> {
        let n = i64::try_from(self.n(FlowMeasure::Stay)).ok()?;
        (n > 0).then(|| self.stayed / n)
    }

    /// How many hand-overs were rated.
    pub fn rated(&self) -> u64 {
        self.n(FlowMeasure::Complete)
            + self.n(FlowMeasure::PartlyComplete)
            + self.n(FlowMeasure::Incomplete)
    }
}

/// What is measured between the tiers in a period.
#[derive(Debug, Clone)]
pub struct Flow {
    /// The days it speaks of.
    pub period: Period,
    /// Everything together.
    pub all: Row,
    /// Per queue with its team's name, by tier and name.
    pub queues: Vec<(Queue, String, Row)>,
    /// Per category with its name, by name; none is tickets without one.
    pub categories: Vec<(Option<CategoryId>, String, Row)>,
}

impl Desk {
    /// What happened between the tiers of the teams that the caller answers for: all categories, or one.
    pub async fn flow(
        &self,
        caller: &Caller,
        period: Period,
        only: Option<Option<CategoryId>>,
    ) -> Result<Flow> {
        let scope = authorize(&caller.who, Action::SeeDashboard)?;
        let mut conn = self.acquire().await?;
        let sums = flow::sums(&mut conn, &scope, period.from, period.end()).await?;
        let teams: BTreeMap<TeamId, String> = team::all(&mut conn)
            .await?
            .into_iter()
            .map(|it| (it.id, it.name))
            .collect();
        let names: BTreeMap<CategoryId, String> = category::all(&mut conn)
            .await?
            .into_iter()
            .map(|it| (it.id, it.name))
            .collect();
        drop(conn);
        let mut all = Row::default();
        let mut queues: BTreeMap<Queue, Row> = BTreeMap::new();
        let mut categories: BTreeMap<Option<CategoryId>, Row> = BTreeMap::new();
        for sum in &sums {
            categories.entry(sum.category).or_default().add(sum);
            if only.is_none_or(|only| only == sum.category) {
                all.add(sum);
                queues.entry((sum.team, sum.tier)).or_default().add(sum);
            }
        }
        let mut queues: Vec<_> = queues
            .into_iter()
            .map(|(queue, row)| (queue, teams.get(&queue.0).cloned().unwrap_or_default(), row))
            .collect();
        queues.sort_by(|a, b| (a.0.1, &a.1).cmp(&(b.0.1, &b.1)));
        let mut categories: Vec<_> = categories
            .into_iter()
            .map(|(id, row)| {
                let name = id.and_then(|id| names.get(&id)).cloned();
                (id, name.unwrap_or_default(), row)
            })
            .collect();
        categories.sort_by(|a, b| a.1.cmp(&b.1));
        Ok(Flow {
            period,
            all,
            queues,
            categories,
        })
    }

    /// Compares what is kept with a recount from every ticket's events, and the days' sums with what is kept; what
    /// differs, in words. For the recount test; machinery only.
    pub async fn recount_flow(&self, now: DateTime<Utc>) -> Result<Vec<String>> {
        let mut held = self.acquire().await?;
        let conn: &mut PgConnection = &mut held;
        let mut wrong = Vec::new();
        for id in tierdesk_store::clock::all_tickets(conn).await? {
            let Some(ticket) = tierdesk_store::ticket::lock(conn, id).await? else {
                continue;
            };
            let rulebook = self.rulebook(conn).await?;
            let told = crate::clock::told(conn, &ticket).await?;
            let over = stays(&told.history, &rulebook.book, told.history.opened_at, now);
            let counted: BTreeSet<Fact> = facts(&told.story, &over).into_iter().collect();
            let kept: BTreeSet<Fact> = flow::kept(conn, id).await?.into_iter().collect();
            if counted != kept {
                wrong.push(format!(
                    "{}: kept {kept:?}, counted {counted:?}",
                    ticket.number
                ));
            }
        }
        let [counted, kept] = flow::recount(conn).await?;
        if counted != kept {
            wrong.push(format!("sums: kept {kept:?}, counted {counted:?}"));
        }
        Ok(wrong)
    }
}
