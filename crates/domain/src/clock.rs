//! The clocks of a ticket, computed from what happened to it and from the versions of policies and calendars
//! that were in force. Nothing here is stored: display, deadlines, reports and what-ifs all ask [`clocks`].

mod categories;
mod evaluate;
mod explain;
mod runs;
mod working_days;

#[cfg(test)]
pub(crate) mod any;
#[cfg(test)]
mod oracle;
#[cfg(test)]
mod rule;
#[cfg(test)]
pub(crate) mod scene;

pub use evaluate::{Stay, clocks, counted_between, stays};
pub use explain::{Line, ahead, explain, explain_plainly, spell, spell_exactly};

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};

use crate::calendar::{Calendar, Hours, WorkingTime};
use crate::id::{CategoryId, DocumentId, OrganisationId, TeamId};
use crate::names::named;
use crate::sla::{Metric, Policy, Subject};
use crate::ticket::{Kind, Priority, ResolvedBy, Status};
use crate::tier::Tier;

/// What clocks depend on, as it stands at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// Where the ticket stands.
    pub status: Status,
    /// Its priority.
    pub priority: Priority,
    /// Its kind.
    pub kind: Kind,
    /// Its category.
    pub category: Option<CategoryId>,
    /// The requester's organisation.
    pub organisation: Option<OrganisationId>,
    /// Whether the requester is a VIP.
    pub vip: bool,
    /// The team that has it.
    pub team: TeamId,
    /// The tier it is at.
    pub tier: Tier,
    /// Whether an engineer has it.
    pub assigned: bool,
}

impl Facts {
    fn subject(&self) -> Subject {
        Subject {
            priority: self.priority,
            kind: self.kind,
            category: self.category,
            organisation: self.organisation,
            vip: self.vip,
        }
    }
}

/// Something that happened and that a clock may care about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The status was set.
    Status(Status),
    /// The priority was set.
    Priority(Priority),
    /// The kind was set.
    Kind(Kind),
    /// The category was set.
    Category(Option<CategoryId>),
    /// It moved to another queue, where nobody has it.
    Queue(TeamId, Tier),
    /// The queue it was handed to sent it back, to somebody there or to nobody.
    Bounced {
        /// The team it came from.
        team: TeamId,
        /// The tier it came from.
        tier: Tier,
        /// Whether an engineer there has it.
        assigned: bool,
    },
    /// Somebody has it now, or nobody, by somebody's hand.
    Assigned(bool),
    /// A rule gave it to somebody, who has yet to show that they know.
    Given,
    /// Whoever has it began with it, by an answer or a resolution of theirs, too.
    Begun,
    /// A human answered in public. Receipts and other automatic messages are none.
    Reply,
    /// The requester wrote.
    Ask,
    /// It was resolved.
    Resolved(ResolvedBy),
    /// It was reopened: a new cycle.
    Reopened,
    /// It was closed for good.
    Closed,
}

/// What it means that somebody sets the status by hand: who makes a ticket wait has begun with it.
pub fn set_by_hand(status: Status) -> Vec<Change> {
    let waits = matches!(status, Status::Pending | Status::OnHold);
    let begun = waits.then_some(Change::Begun);
    std::iter::once(Change::Status(status))
        .chain(begun)
        .collect()
}

/// A change and its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// When.
    pub at: DateTime<Utc>,
    /// What.
    pub change: Change,
}

/// Everything that happened to one ticket, oldest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    /// When our intake accepted it; clocks start here.
    pub opened_at: DateTime<Utc>,
    /// As what it was opened; a ticket may be opened in any status.
    pub opened: Facts,
    /// What happened since, in order.
    pub moments: Vec<Moment>,
}

impl History {
    /// The same, and then this: what the clocks would be.
    #[must_use]
    pub fn what_if(mut self, at: DateTime<Utc>, changes: &[Change]) -> Self {
        self.moments.extend(changes.iter().map(|change| Moment {
            at,
            change: *change,
        }));
        self
    }

    /// The facts as they stand after everything that happened.
    pub fn now(&self) -> Facts {
        self.facts().last().map_or(self.opened, |(_, facts)| *facts)
    }

    /// The facts as they stood at a moment; before it was opened, as it was opened.
    pub fn as_of(&self, at: DateTime<Utc>) -> Facts {
        let facts = self.facts();
        let known = facts.iter().rfind(|(since, _)| *since <= at);
        known.map_or(self.opened, |(_, facts)| *facts)
    }

    /// Since when something about the facts is as it is now.
    pub fn since<T: PartialEq>(&self, what: impl Fn(&Facts) -> T) -> DateTime<Utc> {
        let facts = self.facts();
        let Some((_, last)) = facts.last() else {
            return self.opened_at;
        };
        let same = facts
            .iter()
            .rev()
            .take_while(|(_, facts)| what(facts) == what(last));
        same.last().map_or(self.opened_at, |(at, _)| *at)
    }

    /// The queue that had it just after a moment.
    pub fn queue_at(&self, at: DateTime<Utc>) -> (TeamId, Tier) {
        let facts = self.facts();
        let later = facts.partition_point(|(since, _)| *since <= at);
        let facts = facts.get(later.max(1) - 1).map_or(self.opened, |it| it.1);
        (facts.team, facts.tier)
    }

    /// When the present cycle began: when it was opened, or reopened last.
    pub fn cycle_began(&self) -> DateTime<Utc> {
        self.last(Change::Reopened).unwrap_or(self.opened_at)
    }

    /// When the cycle of a moment began.
    pub fn cycle_of(&self, at: DateTime<Utc>) -> DateTime<Utc> {
        let begins = |it: &&Moment| it.change == Change::Reopened && it.at <= at;
        let began = self.moments.iter().rfind(begins);
        began.map_or(self.opened_at, |it| it.at)
    }

    /// Since when the requester has waited for a public answer: since they filed it, since it was reopened, or since their
    /// first message after the last answer. None once they were answered.
    pub fn unanswered_since(&self) -> Option<DateTime<Utc>> {
        let mut since = Some(self.opened_at);
        for moment in &self.moments {
            match moment.change {
                Change::Reply => since = None,
                Change::Reopened => since = Some(moment.at),
                Change::Ask => {
                    since.get_or_insert(moment.at);
                }
                _ => {}
            }
        }
        since
    }

    /// When this change happened last.
    pub fn last(&self, change: Change) -> Option<DateTime<Utc>> {
        let found = self.moments.iter().rfind(|it| it.change == change);
        found.map(|it| it.at)
    }

    /// When it was given to whoever has it, or left by whoever had it, last: at the beginning where neither happened.
    pub fn given_last(&self) -> DateTime<Utc> {
        let gives = |change: &Change| {
            matches!(
                change,
                Change::Assigned(_) | Change::Given | Change::Queue(..) | Change::Bounced { .. }
            )
        };
        let found = self.moments.iter().rfind(|it| gives(&it.change));
        found.map_or(self.opened_at, |it| it.at)
    }

    /// Whether somebody was given it who has yet to show that they know.
    pub fn waits_for_a_start(&self) -> bool {
        self.now().assigned && runs::is_open(self, Metric::PickUp)
    }

    /// How often it was reopened.
    pub fn reopened(&self) -> u32 {
        let reopened = self
            .moments
            .iter()
            .filter(|it| it.change == Change::Reopened);
        u32::try_from(reopened.count()).unwrap_or(u32::MAX)
    }

    /// The stretches up to `now` in which it waited for others, or was resolved.
    pub fn pauses(&self, now: DateTime<Utc>) -> Vec<(DateTime<Utc>, DateTime<Utc>)> {
        let facts = self.facts();
        let ends = facts.iter().skip(1).map(|(at, _)| *at).chain([now]);
        let paused = facts
            .iter()
            .zip(ends)
            .filter(|((_, facts), _)| !matches!(facts.status, Status::New | Status::Open));
        paused.map(|((from, _), to)| (*from, to)).collect()
    }

    /// The facts after each change; several changes at one instant count as one.
    fn facts(&self) -> Vec<(DateTime<Utc>, Facts)> {
        let mut all = vec![(self.opened_at, self.opened)];
        let mut facts = self.opened;
        for moment in &self.moments {
            match moment.change {
                Change::Status(status) => facts.status = status,
                Change::Priority(priority) => facts.priority = priority,
                Change::Kind(kind) => facts.kind = kind,
                Change::Category(category) => facts.category = category,
                Change::Queue(team, tier) => {
                    (facts.team, facts.tier, facts.assigned) = (team, tier, false)
                }
                Change::Bounced {
                    team,
                    tier,
                    assigned,
                } => (facts.team, facts.tier, facts.assigned) = (team, tier, assigned),
                Change::Assigned(assigned) => facts.assigned = assigned,
                Change::Given => facts.assigned = true,
                Change::Resolved(_) => facts.status = Status::Resolved,
                Change::Reopened => facts.status = Status::Open,
                Change::Closed => facts.status = Status::Closed,
                Change::Begun | Change::Reply | Change::Ask => {}
            }
            match all.last_mut() {
                Some(last) if last.0 >= moment.at => last.1 = facts,
                _ => all.push((moment.at, facts)),
            }
        }
        all
    }
}

/// One version of a document.
#[derive(Debug, Clone, PartialEq)]
pub struct Version<T> {
    /// Which document.
    pub id: DocumentId,
    /// Which version.
    pub version: i32,
    /// What people call it.
    pub name: String,
    /// From when on it is in force.
    pub valid_from: DateTime<Utc>,
    /// What it says.
    pub body: T,
}

/// Every version of the policy and of the calendars, each list in the order in which they come into force.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Book {
    /// The policy's versions.
    pub policy: Vec<Version<Policy>>,
    /// The calendars' versions, by document.
    pub calendars: BTreeMap<DocumentId, Vec<Version<Calendar>>>,
}

/// The version in force at a moment; before the first, the first.
fn in_force<T>(versions: &[Version<T>], at: DateTime<Utc>) -> Option<&Version<T>> {
    let later = versions.partition_point(|version| version.valid_from <= at);
    versions.get(later.max(1) - 1)
}

impl Book {
    /// The versions of a moment alone, as if they had been in force all along: for trying another version on the past,
    /// beside which only the same can stand.
    pub fn pinned(&self, at: DateTime<Utc>) -> Self {
        fn only<T: Clone>(versions: &[Version<T>], at: DateTime<Utc>) -> Vec<Version<T>> {
            in_force(versions, at).cloned().into_iter().collect()
        }
        let calendars = self.calendars.iter();
        Self {
            policy: only(&self.policy, at),
            calendars: calendars.map(|(id, all)| (*id, only(all, at))).collect(),
        }
    }

    /// The policy in force.
    pub fn policy_at(&self, at: DateTime<Utc>) -> Option<&Version<Policy>> {
        in_force(&self.policy, at)
    }

    /// A calendar's version in force.
    pub fn calendar_at(&self, id: DocumentId, at: DateTime<Utc>) -> Option<&Version<Calendar>> {
        in_force(self.calendars.get(&id)?, at)
    }

    /// The hours from a moment on, with every version of the calendar that is to come; round the clock without one.
    pub fn working_time(&self, calendar: Option<DocumentId>, at: DateTime<Utc>) -> WorkingTime {
        let versions = calendar.and_then(|id| self.calendars.get(&id));
        let Some((versions, first)) = versions.and_then(|all| Some((all, in_force(all, at)?)))
        else {
            return WorkingTime::new(Hours::Always);
        };
        let first = WorkingTime::new(Hours::Calendar(first.body.clone()));
        versions
            .iter()
            .filter(|version| version.valid_from > at)
            .fold(first, |time, version| {
                time.then(version.valid_from, Hours::Calendar(version.body.clone()))
            })
    }

    /// The time that counts between two moments for what is promised about a ticket like this: as much of a running clock is
    /// left at `from` if it is due at `to`.
    pub fn counted(&self, about: &Subject, from: DateTime<Utc>, to: DateTime<Utc>) -> TimeDelta {
        let policy = self.policy_at(from);
        let rule = policy.and_then(|policy| policy.body.rule(about));
        let hours = self.working_time(rule.and_then(|rule| rule.calendar), from);
        hours.elapsed(from, to)
    }

    /// When other versions took the place of the first ones, or will.
    pub fn turns(&self) -> impl Iterator<Item = DateTime<Utc>> {
        fn later<T>(versions: &[Version<T>]) -> impl Iterator<Item = DateTime<Utc>> {
            versions.iter().skip(1).map(|version| version.valid_from)
        }
        let calendars = self.calendars.values();
        later(&self.policy).chain(calendars.flat_map(|versions| later(versions)))
    }

    /// The desk's ordinary working time from a moment on, with every version that came or comes into force after it.
    pub fn ordinary_time(&self, at: DateTime<Utc>) -> WorkingTime {
        let first = WorkingTime::new(self.ordinary_hours(at));
        (self.ordinary_turns(at).into_iter()).fold(first, |time, turn| {
            time.then(turn, self.ordinary_hours(turn))
        })
    }

    /// When the ordinary hours may become other ones after a moment, in order.
    fn ordinary_turns(&self, after: DateTime<Utc>) -> BTreeSet<DateTime<Utc>> {
        self.turns().filter(|turn| *turn > after).collect()
    }

    /// The calendar that the policy's last rule counts in: the desk's ordinary working time.
    pub fn ordinary_hours(&self, at: DateTime<Utc>) -> Hours {
        let policy = self.policy_at(at);
        let rules = policy
            .map(|policy| policy.body.rules.as_slice())
            .unwrap_or_default();
        let calendar = rules.iter().rev().find_map(|rule| rule.calendar);
        match calendar.and_then(|id| self.calendar_at(id, at)) {
            Some(version) => Hours::Calendar(version.body.clone()),
            None => Hours::Always,
        }
    }
}

named! {
    /// Why time does not count.
    Why, "reason" {
        /// It waits for the requester.
        Pending = "pending",
        /// It waits for a third party, and the policy stops the clocks for that.
        OnHold = "on_hold",
        /// It was resolved or closed.
        Closed = "closed",
    }
}

/// Where a clock stands. Whether it was broken is said apart, for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Its time runs (in its hours).
    Running,
    /// Its time does not count now.
    Paused(Why),
    /// What was promised was done.
    Met(DateTime<Utc>),
    /// It ended with nothing left to do, as when the requester takes the ticket back, or is not promised any more.
    Stopped(DateTime<Utc>),
}

/// The versions that applied to a stretch of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// The policy's document and version.
    pub policy: (DocumentId, i32),
    /// The rule of it.
    pub rule: String,
    /// The calendar's document and version; none round the clock.
    pub calendar: Option<(DocumentId, i32)>,
    /// The priority that chose the target.
    pub priority: Priority,
    /// The target, if this is promised at all.
    pub target: Option<TimeDelta>,
}

/// A stretch of a clock's life: the same versions, counted or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// From.
    pub from: DateTime<Utc>,
    /// Up to, half-open.
    pub to: DateTime<Utc>,
    /// Why it does not count; none where it does.
    pub why: Option<Why>,
    /// How much of it was counted: nothing where there is a `why`, else what lies in the hours.
    pub counted: TimeDelta,
    /// What applied; none where no rule of the policy held.
    pub applied: Option<Applied>,
}

/// One clock, as it stands at the moment it was asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Clock {
    /// What it measures.
    pub metric: Metric,
    /// Which one of this metric: the ticket's cycle for resolution, a count from 1 for the others.
    pub ordinal: i32,
    /// When it started.
    pub started_at: DateTime<Utc>,
    /// Where it stands.
    pub state: State,
    /// What is allowed.
    pub target: TimeDelta,
    /// What was used of it, what was used before it started with it.
    pub counted: TimeDelta,
    /// What was used before it started, where it goes on with time at a tier whose hand-over was sent back.
    pub used_before: TimeDelta,
    /// When it is, or was, due; none while it is paused or where the calendar never reaches it.
    pub due_at: Option<DateTime<Utc>>,
    /// When a quarter of the target is left (decision 43); may lie in the past. None while it is paused or over.
    pub risk_at: Option<DateTime<Utc>>,
    /// When the promise was broken. Whatever happens later, it stays broken. Before it started, where it goes on with time at
    /// a tier that was broken already.
    pub breached_at: Option<DateTime<Utc>>,
    /// What had become of the promise before it started, where it goes on with time at a tier whose hand-over was sent back.
    pub settled: Option<Outcome>,
    /// What applies now, or applied last.
    pub applied: Applied,
    /// Its ledger: without gaps from the start to the end, or to now; what is not promised any more is in it, too.
    pub segments: Vec<Segment>,
}

/// What became of a promise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was kept.
    Kept,
    /// It was broken.
    Broken,
}

fn outcome(breached_at: Option<DateTime<Utc>>, state: State) -> Option<Outcome> {
    match (breached_at, state) {
        (Some(_), _) => Some(Outcome::Broken),
        (None, State::Met(_)) => Some(Outcome::Kept),
        (None, _) => None,
    }
}

impl Clock {
    /// What became of the promise in this run of the clock. A stay at a tier is told, and counts, as kept once and as broken
    /// once, however often its hand-over is sent back.
    pub fn news(&self) -> Option<Outcome> {
        let outcome = outcome(self.breached_at, self.state)?;
        let told = match self.settled {
            Some(Outcome::Broken) => true,
            Some(Outcome::Kept) => outcome == Outcome::Kept,
            None => false,
        };
        (!told).then_some(outcome)
    }

    /// Since when it is not promised any more, where that is so.
    pub fn unpromised_since(&self) -> Option<DateTime<Utc>> {
        let applied = self.segments.last().and_then(|it| it.applied.as_ref());
        match self.state {
            State::Stopped(at) if applied.is_none_or(|it| it.target.is_none()) => Some(at),
            _ => None,
        }
    }

    /// What was used of it while it was promised; the ledger goes on.
    pub fn used(&self) -> TimeDelta {
        let Some(until) = self.unpromised_since() else {
            return self.counted;
        };
        let promised = self.segments.iter().filter(|it| it.from < until);
        self.used_before + promised.map(|it| it.counted).sum::<TimeDelta>()
    }

    /// What is left; negative when it is over.
    pub fn left(&self) -> TimeDelta {
        self.target - self.counted
    }

    /// Whether it still runs or waits.
    pub fn is_open(&self) -> bool {
        matches!(self.state, State::Running | State::Paused(_))
    }

    /// Whether a quarter or less is left, and it is neither over nor broken.
    pub fn is_at_risk(&self) -> bool {
        self.is_open() && self.breached_at.is_none() && self.left() <= self.target / 4
    }

    /// When so many percent of the target were used, or will be if it runs on from `now`. What was used before the target held
    /// is held against it from then on, and no earlier.
    pub fn used_at(&self, percent: u16, book: &Book, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let used = self.used_by_the_ledger(percent, book, now)?;
        Some(used.max(self.held_since(now)))
    }

    /// Since when the clock has run with its present target.
    fn held_since(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        let held = |it: &&Segment| {
            let applied = it.applied.as_ref();
            applied.is_some_and(|applied| applied.target == self.applied.target)
        };
        let stretch = self.segments.iter().rev().take_while(held);
        let ran = stretch.filter(|it| it.why.is_none()).last();
        ran.map_or(now, |it| it.from)
    }

    fn used_by_the_ledger(
        &self,
        percent: u16,
        book: &Book,
        now: DateTime<Utc>,
    ) -> Option<DateTime<Utc>> {
        let mut left = self.target / 100 * i32::from(percent) - self.used_before;
        let calendar = |applied: &Applied| applied.calendar.map(|(id, _)| id);
        for segment in &self.segments {
            if segment.counted >= left {
                let left = left.max(TimeDelta::zero());
                let calendar = segment.applied.as_ref().and_then(calendar);
                return book
                    .working_time(calendar, segment.from)
                    .due(segment.from, left);
            }
            left -= segment.counted;
        }
        book.working_time(calendar(&self.applied), now)
            .due(now, left.max(TimeDelta::zero()))
    }
}

/// From when on the first of the running, unbroken promises to the requester is at risk.
pub fn next_risk(clocks: &[Clock]) -> Option<DateTime<Utc>> {
    clocks
        .iter()
        .filter(|clock| clock.metric.is_sla() && clock.state == State::Running)
        .filter(|clock| clock.breached_at.is_none())
        .filter_map(|clock| clock.risk_at)
        .min()
}

/// The open clock that comes due first, of those promised to the requester.
pub fn next_due(clocks: &[Clock]) -> Option<&Clock> {
    clocks
        .iter()
        .filter(|clock| clock.metric.is_sla() && clock.state == State::Running)
        .filter(|clock| clock.due_at.is_some())
        .min_by_key(|clock| clock.due_at)
}
