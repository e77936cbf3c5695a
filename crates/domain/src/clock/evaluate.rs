//! The engine: cuts a run wherever something changes, counts each piece, and follows the promise through them.
//!
//! Rules for changes on the way: what was counted stays counted; a new target, priority or policy is held against
//! all of it; if it is more than the new target allows, the promise breaks at the moment of the change, or, while
//! the clock is paused, at the moment it goes on. A promise kept exactly at its due time is kept. Where the rule that holds
//! promises nothing, the clock has stopped: nothing is kept or broken by what happens then.

use chrono::{DateTime, TimeDelta, Utc};

use super::runs::{End, Run, runs};
use super::{Applied, Book, Clock, Facts, History, Outcome, Segment, State, Why, outcome};
use crate::calendar::WorkingTime;
use crate::id::TeamId;
use crate::sla::{Metric, PolicyRule, Reopen};
use crate::ticket::Status;
use crate::tier::Tier;

/// Every clock that was ever promised on this ticket, as it stands at `now`.
pub fn clocks(history: &History, book: &Book, now: DateTime<Utc>) -> Vec<Clock> {
    let facts = history.facts();
    let mut clocks = Vec::new();
    let mut used = TimeDelta::zero();
    // How each stay at a tier ended, the newest last.
    let mut stays: Vec<Carried> = Vec::new();
    for run in runs(history).into_iter().filter(|run| run.start <= now) {
        let carried = match run.metric {
            Metric::Resolution => Carried::only(used),
            Metric::TimeInTier if run.goes_on => {
                stays.iter().rev().nth(1).copied().unwrap_or_default()
            }
            _ => Carried::default(),
        };
        let evaluated = Evaluation::new(book, &facts, run, carried).finish(now);
        match run.metric {
            Metric::Resolution => used += evaluated.counted,
            Metric::TimeInTier => stays.push(evaluated.carries()),
            _ => {}
        }
        clocks.extend(evaluated.clock());
    }
    clocks
}

/// When a target, and three quarters of it, were used up.
type Passed = (Option<DateTime<Utc>>, Option<DateTime<Utc>>);

/// What a run takes over from those before it.
#[derive(Debug, Clone, Copy, Default)]
struct Carried {
    /// What they used of the same promise. Time at a tier that goes on begins with it; a new cycle has less to use.
    used: TimeDelta,
    /// Since when the promise is broken, and when it had been due, where it goes on with one that was.
    broken: Option<(DateTime<Utc>, Passed)>,
    /// What is known, and told, of the promise already.
    settled: Option<Outcome>,
}

impl Run {
    /// What of the same promise was used before it began.
    fn used_before(&self, carried: Carried) -> TimeDelta {
        let before = self.goes_on.then_some(carried.used);
        before.unwrap_or_default()
    }
}

impl Carried {
    fn only(used: TimeDelta) -> Self {
        let nothing = Self::default();
        Self { used, ..nothing }
    }
}

/// How long a ticket stayed in a queue, in business time: the ledger of time in tier, promised or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stay {
    /// The queue.
    pub queue: (TeamId, Tier),
    /// When it came.
    pub from: DateTime<Utc>,
    /// When it left, or was solved.
    pub to: DateTime<Utc>,
    /// What counted of that.
    pub counted: TimeDelta,
}

/// Every stay that is over at `now` and ended at `since` or later. Where a ticket only passed through at one instant, it did
/// not stay.
pub fn stays(
    history: &History,
    book: &Book,
    since: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Vec<Stay> {
    let facts = history.facts();
    let over = runs(history)
        .into_iter()
        .filter(|run| run.metric == Metric::TimeInTier)
        .filter_map(|run| Some((run, run.end?.at())))
        .filter(|(run, end)| run.start < *end && (since..=now).contains(end));
    over.map(|(run, to)| {
        let later = facts.partition_point(|(at, _)| *at <= run.start);
        let place = facts[later.max(1) - 1].1;
        let evaluated = Evaluation::new(book, &facts, run, Carried::default()).finish(to);
        Stay {
            queue: (place.team, place.tier),
            from: run.start,
            to,
            counted: evaluated.counted,
        }
    })
    .collect()
}

/// The time between two moments that the policy counts, whether anything was promised or not: what lies in the hours of the
/// rule that held, without the pauses.
pub fn counted_between(
    history: &History,
    book: &Book,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> TimeDelta {
    let facts = history.facts();
    let run = Run {
        metric: Metric::Resolution,
        ordinal: 1,
        start: from,
        end: None,
        goes_on: false,
    };
    let evaluated = Evaluation::new(book, &facts, run, Carried::default()).finish(to);
    evaluated.counted
}

struct Evaluation<'a> {
    book: &'a Book,
    facts: &'a [(DateTime<Utc>, Facts)],
    run: Run,
    carried: Carried,
    counted: TimeDelta,
    due_at: Option<DateTime<Utc>>,
    risk_at: Option<DateTime<Utc>>,
    /// Kept while the clock pauses.
    passed: Passed,
    breached_at: Option<DateTime<Utc>>,
    applied: Option<Applied>,
    /// Since when nothing is promised any more, if that is so.
    unpromised_since: Option<DateTime<Utc>>,
    why: Option<Why>,
    segments: Vec<Segment>,
}

impl<'a> Evaluation<'a> {
    fn new(
        book: &'a Book,
        facts: &'a [(DateTime<Utc>, Facts)],
        run: Run,
        carried: Carried,
    ) -> Self {
        let broken = carried.broken;
        Self {
            book,
            facts,
            run,
            carried,
            counted: run.used_before(carried),
            due_at: None,
            risk_at: None,
            passed: broken.map_or((None, None), |(_, passed)| passed),
            breached_at: broken.map(|(at, _)| at),
            applied: None,
            unpromised_since: None,
            why: None,
            segments: Vec::new(),
        }
    }

    fn finish(mut self, now: DateTime<Utc>) -> Self {
        let over = self.run.end.filter(|end| end.at() <= now);
        let end = over.map_or(now, End::at);
        let mut from = self.run.start;
        for to in self.cuts(end) {
            self.piece(from, to);
            from = to;
        }
        if over.is_none() || self.segments.is_empty() {
            // A piece of no length says what holds from now on.
            self.piece(end, end);
        }
        self.run.end = over;
        self
    }

    /// Where something changes within the run, and its end.
    fn cuts(&self, end: DateTime<Utc>) -> Vec<DateTime<Utc>> {
        let changed = self.facts.iter().map(|(at, _)| *at);
        let policies = self.book.policy.iter().map(|version| version.valid_from);
        let calendars = self
            .book
            .calendars
            .values()
            .flatten()
            .map(|version| version.valid_from);
        let mut cuts: Vec<_> = changed
            .chain(policies)
            .chain(calendars)
            .filter(|at| self.run.start < *at && *at < end)
            .chain((self.run.start < end).then_some(end))
            .collect();
        cuts.sort_unstable();
        cuts.dedup();
        cuts
    }

    fn piece(&mut self, from: DateTime<Utc>, to: DateTime<Utc>) {
        let later = self.facts.partition_point(|(at, _)| *at <= from);
        let facts = self.facts[later.max(1) - 1].1;
        let rule = self.rule(&facts, from);
        let why = match facts.status {
            Status::Pending => Some(Why::Pending),
            Status::OnHold if rule.as_ref().is_some_and(|(_, rule)| rule.on_hold_pauses) => {
                Some(Why::OnHold)
            }
            Status::Resolved | Status::Closed => Some(Why::Closed),
            Status::New | Status::Open | Status::OnHold => None,
        };
        let applied = rule.as_ref().map(|(applied, _)| applied.clone());
        let hours = self
            .book
            .working_time(rule.and_then(|(_, rule)| rule.calendar), from);
        let counted = match why {
            None => hours.elapsed(from, to),
            Some(_) => TimeDelta::zero(),
        };
        self.why = why;
        (self.due_at, self.risk_at) = (None, None);
        if let Some(target) = applied.as_ref().and_then(|applied| applied.target) {
            if why.is_none() {
                self.follow(target, &hours, from, to);
            }
            self.applied.clone_from(&applied);
            self.unpromised_since = None;
        } else {
            self.unpromised_since.get_or_insert(from);
        }
        self.counted += counted;
        self.note(Segment {
            from,
            to,
            why,
            counted,
            applied,
        });
    }

    /// The target through a piece in which the clock runs: when it is due, at risk, and whether it broke.
    fn follow(
        &mut self,
        target: TimeDelta,
        hours: &WorkingTime,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) {
        let reached = |used: TimeDelta, before: Option<DateTime<Utc>>| {
            let left = used - self.counted;
            if left > TimeDelta::zero() {
                hours.due(from, left)
            } else {
                before.or(Some(from))
            }
        };
        let due = reached(target, self.passed.0);
        let risk = reached(target - target / 4, self.passed.1);
        let left = target - self.counted;
        let broken = if left > TimeDelta::zero() {
            due.filter(|due| *due < to)
        } else {
            (from < to || left < TimeDelta::zero()).then_some(from)
        };
        self.breached_at = self.breached_at.or(broken);
        self.passed = (
            due.filter(|due| *due <= to),
            risk.filter(|risk| *risk <= to),
        );
        (self.due_at, self.risk_at) = (due, risk);
    }

    fn rule(&self, facts: &Facts, at: DateTime<Utc>) -> Option<(Applied, &'a PolicyRule)> {
        let policy = self.book.policy_at(at)?;
        let rule = policy.body.rule(&facts.subject())?;
        let target = rule
            .targets
            .get(&facts.priority)
            .and_then(|targets| targets.get(&self.run.metric));
        let target = target.map(|seconds| {
            let target = TimeDelta::seconds(i64::from(*seconds));
            match policy.body.reopen {
                Reopen::Carry { at_least_seconds }
                    if self.run.metric == Metric::Resolution
                        && self.carried.used > TimeDelta::zero() =>
                {
                    (target - self.carried.used)
                        .max(TimeDelta::seconds(i64::from(at_least_seconds)))
                }
                _ => target,
            }
        });
        let calendar = rule.calendar.and_then(|id| self.book.calendar_at(id, at));
        let applied = Applied {
            policy: (policy.id, policy.version),
            rule: rule.name.clone(),
            calendar: calendar.map(|calendar| (calendar.id, calendar.version)),
            priority: facts.priority,
            target,
        };
        Some((applied, rule))
    }

    /// Where the clock stands. What is not promised any more has stopped when that began: nobody keeps it by what they do later.
    fn state(&self) -> State {
        match (self.unpromised_since, self.run.end, self.why) {
            (Some(since), _, _) => State::Stopped(since),
            (None, Some(End::Met(at)), _) => State::Met(at),
            (None, Some(End::Stopped(at)), _) => State::Stopped(at),
            (None, None, Some(why)) => State::Paused(why),
            (None, None, None) => State::Running,
        }
    }

    /// What one that goes on with this takes over.
    fn carries(&self) -> Carried {
        let outcome = outcome(self.breached_at, self.state());
        Carried {
            used: self.counted,
            broken: self.breached_at.map(|at| (at, self.passed)),
            settled: outcome.or(self.carried.settled),
        }
    }

    /// Adds to the ledger; what differs in nothing from the stretch before continues it.
    fn note(&mut self, segment: Segment) {
        match self.segments.last_mut() {
            Some(last) if last.why == segment.why && last.applied == segment.applied => {
                last.to = segment.to;
                last.counted += segment.counted;
            }
            Some(_) if segment.from == segment.to => {}
            _ => self.segments.push(segment),
        }
    }

    /// The clock, if this was ever promised.
    fn clock(self) -> Option<Clock> {
        let state = self.state();
        let applied = self.applied?;
        Some(Clock {
            metric: self.run.metric,
            ordinal: self.run.ordinal,
            started_at: self.run.start,
            state,
            target: applied.target.unwrap_or_default(),
            counted: self.counted,
            used_before: self.run.used_before(self.carried),
            due_at: self.due_at,
            risk_at: self.risk_at.filter(|_| state == State::Running),
            breached_at: self.breached_at,
            settled: self.carried.settled,
            applied,
            segments: self.segments,
        })
    }
}
