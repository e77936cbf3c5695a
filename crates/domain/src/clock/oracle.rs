//! The slow way, to compare with: a ticket is lived through minute by minute, and each of its clocks goes on by one, or not.
//! Nothing here knows pieces, due times, or when a version begins.

use chrono::{DateTime, Datelike, TimeDelta, Timelike, Utc};
use chrono_tz::Europe::Berlin;
use proptest::prelude::*;

use super::any::{CATEGORY, history};
use super::scene::{OFFICE, POLICY, at, book, office, version};
use super::{Book, Change, Clock, Facts, History, Outcome, State, Why, clocks};
use crate::sla::{Metric, PolicyRule, Reopen, When};
use crate::ticket::{Kind, Priority, ResolvedBy, Status};
use Metric::{FirstResponse, NextResponse, PickUp, Resolution, TimeInTier};

const MINUTE: TimeDelta = TimeDelta::minutes(1);
/// From then on the office is open longer, and promises are others.
const APRIL: &str = "2026-04-01T10:20:00Z";

/// What is said of a clock: metric, ordinal, state, target, counted time, when it broke, and what became of it here.
type Said = (
    Metric,
    i32,
    State,
    TimeDelta,
    TimeDelta,
    Option<DateTime<Utc>>,
    Option<Outcome>,
);

fn said(clock: Clock) -> Said {
    (
        clock.metric,
        clock.ordinal,
        clock.state,
        clock.target,
        clock.counted,
        clock.breached_at,
        clock.news(),
    )
}

struct Run {
    metric: Metric,
    state: State,
    open: bool,
    /// What was promised last, if anything was.
    target: Option<TimeDelta>,
    /// Since when it is not promised, if it is not.
    unpromised: Option<DateTime<Utc>>,
    counted: TimeDelta,
    breached_at: Option<DateTime<Utc>>,
    /// What the cycles before it used.
    carried: TimeDelta,
    /// The sender's run, by number, that this one goes on with.
    goes_on: Option<usize>,
}

impl Run {
    fn outcome(&self) -> Option<Outcome> {
        match (self.breached_at, self.unpromised, self.state) {
            (Some(_), ..) => Some(Outcome::Broken),
            (None, None, State::Met(_)) => Some(Outcome::Kept),
            _ => None,
        }
    }
}

struct Life {
    now: DateTime<Utc>,
    facts: Facts,
    runs: Vec<Run>,
}

impl Life {
    fn is_open(&self, metric: Metric) -> bool {
        self.runs.iter().any(|run| run.metric == metric && run.open)
    }

    fn start(&mut self, metric: Metric, sent_back: bool) {
        if self.is_open(metric) {
            return;
        }
        let all = self.runs.iter().enumerate();
        let before = all.filter(|(_, run)| run.metric == metric);
        // The one before last was the sender's.
        let sender = before.clone().rev().nth(1).filter(|_| sent_back);
        let carried = match metric {
            Resolution => before.map(|(_, run)| run.counted).sum(),
            _ => TimeDelta::zero(),
        };
        let breached_at = sender.and_then(|(_, sender)| sender.breached_at);
        let goes_on = sender.map(|(number, _)| number);
        self.runs.push(Run {
            metric,
            state: State::Running,
            open: true,
            target: None,
            unpromised: None,
            counted: sender.map_or_else(TimeDelta::zero, |(_, sender)| sender.counted),
            breached_at,
            carried,
            goes_on,
        });
    }

    fn end(&mut self, metrics: &[Metric], met: bool) {
        let state: fn(_) -> State = if met { State::Met } else { State::Stopped };
        let runs = self.runs.iter_mut();
        for run in runs.filter(|run| run.open && metrics.contains(&run.metric)) {
            (run.open, run.state) = (false, state(self.now));
        }
    }

    /// What became of a promise in this run: kept counts once, and so does broken, however often it goes on.
    fn news(&self, number: usize) -> Option<Outcome> {
        let outcome = self.runs[number].outcome()?;
        let mut before = self.runs[number].goes_on;
        while let Some(sender) = before.map(|number| &self.runs[number]) {
            if matches!(sender.outcome(), Some(told) if told == outcome || told == Outcome::Broken)
            {
                return None;
            }
            before = sender.goes_on;
        }
        Some(outcome)
    }

    /// Who has it shows that they know.
    fn begins(&mut self) {
        if self.facts.assigned {
            self.end(&[PickUp], true);
        }
    }

    fn happens(&mut self, change: Change) {
        match change {
            Change::Status(status) => self.facts.status = status,
            Change::Priority(priority) => self.facts.priority = priority,
            Change::Kind(kind) => self.facts.kind = kind,
            Change::Category(category) => self.facts.category = category,
            Change::Reply => {
                self.end(&[FirstResponse, NextResponse], true);
            }
            Change::Ask if self.is_open(FirstResponse) => {}
            Change::Ask => self.start(NextResponse, false),
            Change::Assigned(true) => {
                self.facts.assigned = true;
                self.begins();
            }
            Change::Given => self.facts.assigned = true,
            Change::Begun => self.begins(),
            Change::Assigned(false) => {
                self.facts.assigned = false;
                self.start(PickUp, false);
            }
            Change::Queue(team, tier) => {
                (self.facts.team, self.facts.tier, self.facts.assigned) = (team, tier, false);
                self.end(&[PickUp], false);
                self.end(&[TimeInTier], true);
                self.start(PickUp, false);
                self.start(TimeInTier, false);
            }
            Change::Bounced {
                team,
                tier,
                assigned,
            } => {
                (self.facts.team, self.facts.tier, self.facts.assigned) = (team, tier, assigned);
                self.end(&[PickUp, TimeInTier], false);
                self.start(TimeInTier, true);
                if !assigned {
                    self.start(PickUp, false);
                }
            }
            Change::Resolved(by) => {
                self.facts.status = Status::Resolved;
                let met = by != ResolvedBy::Requester;
                self.end(&[FirstResponse, NextResponse, Resolution, TimeInTier], met);
                self.end(&[PickUp], false);
            }
            Change::Reopened => {
                self.facts.status = Status::Open;
                self.start(Resolution, false);
                self.start(TimeInTier, false);
                if !self.facts.assigned {
                    self.start(PickUp, false);
                }
            }
            Change::Closed => {
                self.facts.status = Status::Closed;
                self.end(Metric::ALL, false);
            }
        }
    }

    /// What holds now that everything of this minute has happened; `to_come` says whether there is a next one.
    fn look(&mut self, book: &Book, begun: usize, to_come: bool) {
        let policy = &book.policy_at(self.now).unwrap().body;
        let rule = policy.rule(&self.facts.subject()).unwrap();
        let why = why(&self.facts, rule);
        for (number, run) in self.runs.iter_mut().enumerate() {
            if !run.open && number < begun {
                continue;
            }
            let promised = rule.targets[&self.facts.priority].get(&run.metric);
            let target = promised.map(|seconds| {
                let whole = TimeDelta::seconds(i64::from(*seconds));
                match policy.reopen {
                    Reopen::Carry { at_least_seconds }
                        if run.metric == Resolution && !run.carried.is_zero() =>
                    {
                        let least = TimeDelta::seconds(i64::from(at_least_seconds));
                        least.max(whole - run.carried)
                    }
                    _ => whole,
                }
            });
            run.target = target.or(run.target);
            run.unpromised = match target {
                Some(_) => None,
                None => run.unpromised.or(Some(self.now)),
            };
            if !run.open {
                continue;
            }
            run.state = why.map_or(State::Running, State::Paused);
            let over = |target: TimeDelta| run.counted > target || run.counted == target && to_come;
            if why.is_none() && target.is_some_and(over) {
                run.breached_at.get_or_insert(self.now);
            }
        }
        let counts = why.is_none() && (rule.calendar.is_none() || office_is_open(self.now));
        if to_come && counts {
            let open = self.runs.iter_mut().filter(|run| run.open);
            open.for_each(|run| run.counted += MINUTE);
        }
    }
}

fn why(facts: &Facts, rule: &PolicyRule) -> Option<Why> {
    match facts.status {
        Status::New | Status::Open => None,
        Status::Pending => Some(Why::Pending),
        Status::OnHold => rule.on_hold_pauses.then_some(Why::OnHold),
        Status::Resolved | Status::Closed => Some(Why::Closed),
    }
}

fn office_is_open(now: DateTime<Utc>) -> bool {
    let wall = now.with_timezone(&Berlin);
    let hours = if now < at(APRIL) { 9..17 } else { 7..20 };
    wall.weekday().num_days_from_monday() < 5 && hours.contains(&wall.hour())
}

/// Lives through a ticket that was opened new, with nobody on it.
fn lived(history: &History, book: &Book, end: DateTime<Utc>) -> Vec<Said> {
    let mut life = Life {
        now: history.opened_at,
        facts: history.opened,
        runs: Vec::new(),
    };
    let mut begun = 0;
    for metric in [FirstResponse, Resolution, TimeInTier, PickUp] {
        life.start(metric, false);
    }
    let mut moments = history.moments.iter().peekable();
    while life.now <= end {
        while let Some(moment) = moments.next_if(|moment| moment.at <= life.now) {
            life.happens(moment.change);
        }
        life.look(book, begun, life.now < end);
        begun = life.runs.len();
        life.now += MINUTE;
    }
    let mut ordinals = std::collections::BTreeMap::new();
    let numbered = life.runs.iter().enumerate().map(|(number, run)| {
        let ordinal = ordinals.entry(run.metric).or_insert(0);
        *ordinal += 1;
        (*ordinal, run, life.news(number))
    });
    let promised = numbered.filter_map(|(ordinal, run, news)| {
        let state = run.unpromised.map_or(run.state, State::Stopped);
        let counted = run.counted;
        let target = run.target?;
        let broke = run.breached_at;
        Some((run.metric, ordinal, state, target, counted, broke, news))
    });
    let mut all: Vec<_> = promised.collect();
    all.sort_by_key(|it| (it.0, it.1));
    all
}

/// Promises that differ by kind and category, pause on hold or not, and change on the way, as the office's hours do.
pub(super) fn changing(on_hold_pauses: bool, reopen: Reopen) -> Book {
    let mut book = book();
    let hours = book.calendars.get_mut(&OFFICE).unwrap();
    hours.push(version(OFFICE, 2, APRIL, office(r#"[["07:00","20:00"]]"#)));
    let only = |name: &str, when: When, resolution: u32| PolicyRule {
        name: name.to_owned(),
        when,
        calendar: Some(OFFICE),
        on_hold_pauses: false,
        targets: Priority::ALL
            .map(|priority| (priority, [(Resolution, resolution)].into()))
            .into(),
    };
    let policy = &mut book.policy[0].body;
    policy.reopen = reopen;
    policy.rules[1].on_hold_pauses = on_hold_pauses;
    let requests = When {
        kinds: [Kind::Request].into(),
        ..When::default()
    };
    policy.rules.insert(0, only("Requests", requests, 9 * 3600));
    let network = When {
        categories: [CATEGORY].into(),
        ..When::default()
    };
    policy.rules.insert(0, only("Network", network, 3 * 3600));
    let mut second = book.policy[0].body.clone();
    second.rules.remove(0);
    let office = second.rules[2].targets.get_mut(&Priority::P3).unwrap();
    office.insert(Resolution, 13 * 3600);
    book.policy.push(version(POLICY, 2, APRIL, second));
    book
}

pub(super) fn reopen() -> impl Strategy<Value = Reopen> {
    let carry = (0..200_u32).prop_map(|minutes| Reopen::Carry {
        at_least_seconds: minutes * 60,
    });
    prop_oneof![Just(Reopen::NewCycle), carry]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_clock_is_what_living_through_each_minute_makes_it(
        history in history(), later in 0..15_000_i64, on_hold_pauses in any::<bool>(), reopen in reopen()
    ) {
        let book = changing(on_hold_pauses, reopen);
        let now = history.opened_at + TimeDelta::minutes(later);
        let mut counted: Vec<_> = clocks(&history, &book, now).into_iter().map(said).collect();
        counted.sort_by_key(|it| (it.0, it.1));
        prop_assert_eq!(counted, lived(&history, &book, now));
    }
}
