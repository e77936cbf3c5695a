//! What is measured between the tiers, per queue. A fact is a projection of a ticket's events: the same function feeds the
//! counts when something happens, the lists behind them, and the recount that checks both.
//!
//! A hand-over counts for both sides: for the queue that made it and for the one that got it. *First-tier fix*: of the
//! tickets that people solved, those that were never escalated; it counts for the queue that the ticket came to first.
//! *Ping-pong*: a ticket that changed its direction twice in a cycle (up, down, up again; or there, back, and there again
//! between teams); it counts once per cycle, for the queue where the cycle began.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use crate::clock::Stay;
use crate::handover::Quality;
use crate::id::{CategoryId, OrganisationId, TeamId};
use crate::tally::{Counts, Measure};
use crate::ticket::{Priority, ResolvedBy};
use crate::tier::Tier;

/// The measures that count facts.
pub const MEASURES: [Measure; 11] = [
    Measure::HandedOver,
    Measure::Received,
    Measure::Bounced,
    Measure::BouncedBack,
    Measure::Solved,
    Measure::SolvedFirst,
    Measure::PingPong,
    Measure::Complete,
    Measure::PartlyComplete,
    Measure::Incomplete,
    Measure::Stay,
];

/// A queue.
pub type Queue = (TeamId, Tier);

/// Something that happened and that flow counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Handed over, upwards or across.
    HandedOver(Queue),
    /// Handed back with a reason.
    HandedBack(Queue),
    /// The hand-over was sent back.
    Bounced(Queue),
    /// The receiver of the last hand-over said whether it was complete.
    Rated(Quality),
    /// Solved.
    Resolved(ResolvedBy),
    /// A new cycle began.
    Reopened,
}

/// What a ticket was about when something happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subject {
    /// Its priority.
    pub priority: Priority,
    /// Its category.
    pub category: Option<CategoryId>,
    /// Whose it was.
    pub organisation: Option<OrganisationId>,
}

/// A ticket's story as far as flow goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Story {
    /// The queue it came to first.
    pub queue: Queue,
    /// What happened, oldest first.
    pub steps: Vec<(DateTime<Utc>, Subject, Step)>,
}

/// One thing that is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fact {
    /// When.
    pub at: DateTime<Utc>,
    /// What.
    pub measure: Measure,
    /// For which queue.
    pub queue: Queue,
    /// What the ticket was about then.
    pub subject: Subject,
    /// Seconds of business time for [`Measure::Stay`], else 1.
    pub value: i64,
}

impl Fact {
    /// What it adds to the counts of its queue.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        match self.measure {
            Measure::Stay => counts.time(Measure::Stay, self.value),
            measure => counts.add(measure, self.value),
        }
        counts
    }
}

/// Everything that counts about a ticket. Two equal things in one queue at one instant are one. A stay is about what the
/// step that ended it was.
pub fn facts(story: &Story, stays: &[Stay]) -> Vec<Fact> {
    let mut walk = Walk::new(story.queue);
    for (at, subject, step) in &story.steps {
        walk.step((*at, *subject), *step);
    }
    for stay in stays {
        let end = story.steps.iter().find(|(at, ..)| *at == stay.to);
        walk.facts.extend(end.map(|(at, subject, _)| Fact {
            at: *at,
            measure: Measure::Stay,
            queue: stay.queue,
            subject: *subject,
            value: stay.counted.num_seconds(),
        }));
    }
    let mut seen = BTreeSet::new();
    walk.facts
        .retain(|it| seen.insert((it.measure, it.at, it.queue)));
    walk.facts
}

/// When something happens, and what the ticket is about then.
type When = (DateTime<Utc>, Subject);

struct Walk {
    facts: Vec<Fact>,
    first: Queue,
    now: Queue,
    /// Where the cycle began.
    began: Queue,
    /// The queues of this cycle so far.
    visited: BTreeSet<Queue>,
    /// Whether the last move of this cycle went onwards; none before the first.
    onwards: Option<bool>,
    turns: u32,
    escalated: bool,
    /// The queue that made the last hand-over.
    sender: Option<Queue>,
}

impl Walk {
    fn new(queue: Queue) -> Self {
        Self {
            facts: Vec::new(),
            first: queue,
            now: queue,
            began: queue,
            visited: [queue].into(),
            onwards: None,
            turns: 0,
            escalated: false,
            sender: None,
        }
    }

    fn count(&mut self, (at, subject): When, measure: Measure, queue: Queue) {
        self.facts.push(Fact {
            at,
            measure,
            queue,
            subject,
            value: 1,
        });
    }

    fn step(&mut self, when: When, step: Step) {
        match step {
            Step::HandedOver(to) => {
                let from = self.now;
                self.count(when, Measure::HandedOver, from);
                self.count(when, Measure::Received, to);
                (self.sender, self.escalated) = (Some(from), true);
                self.travel(when, to);
            }
            Step::HandedBack(to) => self.travel(when, to),
            Step::Bounced(to) => {
                self.count(when, Measure::Bounced, self.now);
                self.count(when, Measure::BouncedBack, to);
                self.travel(when, to);
            }
            Step::Rated(quality) => {
                if let Some(sender) = self.sender {
                    let measure = match quality {
                        Quality::Complete => Measure::Complete,
                        Quality::Partly => Measure::PartlyComplete,
                        Quality::Incomplete => Measure::Incomplete,
                    };
                    self.count(when, measure, sender);
                }
            }
            Step::Resolved(ResolvedBy::Human) => {
                self.count(when, Measure::Solved, self.first);
                if !self.escalated {
                    self.count(when, Measure::SolvedFirst, self.first);
                }
            }
            Step::Resolved(ResolvedBy::Bot | ResolvedBy::Runbook | ResolvedBy::Requester) => {}
            Step::Reopened => {
                self.began = self.now;
                self.visited = [self.now].into();
                (self.onwards, self.turns) = (None, 0);
            }
        }
    }

    /// To another queue. Upwards is onwards and downwards is back; at the same tier, back is where it was before.
    fn travel(&mut self, when: When, to: Queue) {
        let onwards = match to.1.cmp(&self.now.1) {
            std::cmp::Ordering::Greater => true,
            std::cmp::Ordering::Less => false,
            std::cmp::Ordering::Equal => !self.visited.contains(&to),
        };
        if self.onwards.is_some_and(|before| before != onwards) {
            self.turns += 1;
            if self.turns == 2 {
                self.count(when, Measure::PingPong, self.began);
            }
        }
        self.onwards = Some(onwards);
        self.visited.insert(to);
        self.now = to;
    }
}

#[cfg(test)]
mod tests;
