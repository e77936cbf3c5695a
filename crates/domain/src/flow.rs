//! What is measured between the tiers, per queue and category. A fact is a projection of a ticket's events: the same
//! function feeds the counts when something happens and the recount that checks them.
//!
//! A hand-over counts for both sides: for the queue that made it and for the one that got it. *First-tier fix*: of the
//! tickets that people solved, those that were never escalated; it counts for the queue that the ticket came to first.
//! *Ping-pong*: a ticket that changed its direction twice in a cycle (up, down, up again; or there, back, and there again
//! between teams); it counts once per cycle, for the queue where the cycle began.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use crate::clock::Stay;
use crate::handover::Quality;
use crate::id::{CategoryId, TeamId};
use crate::names::named;
use crate::ticket::ResolvedBy;
use crate::tier::Tier;

named! {
    /// A thing that is counted between the tiers, by day, queue and category.
    FlowMeasure, "measure of flow" {
        /// Hand-overs that this queue made.
        HandedOver = "handed_over",
        /// Hand-overs that this queue got.
        Received = "received",
        /// Hand-overs that this queue sent back.
        Bounced = "bounced",
        /// Hand-overs of this queue that came back.
        BouncedBack = "bounced_back",
        /// Tickets that came in here and that people solved, at whatever tier.
        Solved = "solved",
        /// Those of them that were never escalated.
        SolvedFirst = "solved_first",
        /// Tickets that came in here and went to and fro.
        PingPong = "ping_pong",
        /// Hand-overs of this queue that the receiver found complete.
        Complete = "complete",
        /// Those that were partly complete.
        PartlyComplete = "partly_complete",
        /// Those that were not.
        Incomplete = "incomplete",
        /// Stays in this queue that ended; the value is their business time in seconds.
        Stay = "stay",
    }
}

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
    /// It is about something else now.
    Category(Option<CategoryId>),
}

/// A ticket's story as far as flow goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Story {
    /// The queue it came to first.
    pub queue: Queue,
    /// Its category then.
    pub category: Option<CategoryId>,
    /// What happened, oldest first.
    pub steps: Vec<(DateTime<Utc>, Step)>,
}

/// One thing that is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fact {
    /// When.
    pub at: DateTime<Utc>,
    /// What.
    pub measure: FlowMeasure,
    /// For which queue.
    pub queue: Queue,
    /// The ticket's category then.
    pub category: Option<CategoryId>,
    /// Seconds for [`FlowMeasure::Stay`], else 1.
    pub value: i64,
}

/// Everything that counts about a ticket. Two equal things in one queue at one instant are one.
pub fn facts(story: &Story, stays: &[Stay]) -> Vec<Fact> {
    let mut walk = Walk::new(story);
    for (at, step) in &story.steps {
        walk.step(*at, *step);
    }
    for stay in stays {
        let category = walk.category_at(stay.to);
        walk.facts.push(Fact {
            at: stay.to,
            measure: FlowMeasure::Stay,
            queue: stay.queue,
            category,
            value: stay.counted.num_seconds(),
        });
    }
    let mut seen = BTreeSet::new();
    walk.facts
        .retain(|it| seen.insert((it.measure, it.at, it.queue)));
    walk.facts
}

struct Walk {
    facts: Vec<Fact>,
    /// From when on it had which category.
    categories: Vec<(DateTime<Utc>, Option<CategoryId>)>,
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
    fn new(story: &Story) -> Self {
        Self {
            facts: Vec::new(),
            categories: vec![(DateTime::<Utc>::MIN_UTC, story.category)],
            first: story.queue,
            now: story.queue,
            began: story.queue,
            visited: [story.queue].into(),
            onwards: None,
            turns: 0,
            escalated: false,
            sender: None,
        }
    }

    fn category_at(&self, at: DateTime<Utc>) -> Option<CategoryId> {
        let before = self.categories.iter().rev().find(|(from, _)| *from <= at);
        before.and_then(|(_, category)| *category)
    }

    fn count(&mut self, at: DateTime<Utc>, measure: FlowMeasure, queue: Queue) {
        let category = self.category_at(at);
        self.facts.push(Fact {
            at,
            measure,
            queue,
            category,
            value: 1,
        });
    }

    fn step(&mut self, at: DateTime<Utc>, step: Step) {
        match step {
            Step::HandedOver(to) => {
                let from = self.now;
                self.count(at, FlowMeasure::HandedOver, from);
                self.count(at, FlowMeasure::Received, to);
                (self.sender, self.escalated) = (Some(from), true);
                self.travel(at, to);
            }
            Step::HandedBack(to) => self.travel(at, to),
            Step::Bounced(to) => {
                self.count(at, FlowMeasure::Bounced, self.now);
                self.count(at, FlowMeasure::BouncedBack, to);
                self.travel(at, to);
            }
            Step::Rated(quality) => {
                if let Some(sender) = self.sender {
                    let measure = match quality {
                        Quality::Complete => FlowMeasure::Complete,
                        Quality::Partly => FlowMeasure::PartlyComplete,
                        Quality::Incomplete => FlowMeasure::Incomplete,
                    };
                    self.count(at, measure, sender);
                }
            }
            Step::Resolved(ResolvedBy::Human) => {
                self.count(at, FlowMeasure::Solved, self.first);
                if !self.escalated {
                    self.count(at, FlowMeasure::SolvedFirst, self.first);
                }
            }
            Step::Resolved(ResolvedBy::Bot | ResolvedBy::Runbook | ResolvedBy::Requester) => {}
            Step::Reopened => {
                self.began = self.now;
                self.visited = [self.now].into();
                (self.onwards, self.turns) = (None, 0);
            }
            Step::Category(category) => self.categories.push((at, category)),
        }
    }

    /// To another queue. Upwards is onwards and downwards is back; at the same tier, back is where it was before.
    fn travel(&mut self, at: DateTime<Utc>, to: Queue) {
        let onwards = match to.1.cmp(&self.now.1) {
            std::cmp::Ordering::Greater => true,
            std::cmp::Ordering::Less => false,
            std::cmp::Ordering::Equal => !self.visited.contains(&to),
        };
        if self.onwards.is_some_and(|before| before != onwards) {
            self.turns += 1;
            if self.turns == 2 {
                self.count(at, FlowMeasure::PingPong, self.began);
            }
        }
        self.onwards = Some(onwards);
        self.visited.insert(to);
        self.now = to;
    }
}

/// Upper ends of the buckets that times fall into, in minutes; the last bucket is open. Steps of a fifth to a third, so
/// that a percentile read from buckets is off by less than that.
const ENDS: [i64; 44] = [
    1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 18, 22, 26, 30, 36, 45, 54, 60, 72, 90, 105, 120, 150, 180,
    210, 240, 300, 360, 420, 480, 600, 720, 960, 1_200, 1_440, 1_920, 2_400, 3_360, 4_800, 7_200,
    9_600, 14_400, 24_000, 48_000,
];

/// The bucket of a time in seconds.
pub fn bucket(seconds: i64) -> i16 {
    let bucket = ENDS.partition_point(|end| end * 60 <= seconds);
    i16::try_from(bucket).unwrap_or(i16::MAX)
}

/// A time in seconds below which so many percent of the times lie, from how many fell into each bucket; within a bucket
/// they count as evenly spread. None without times.
pub fn percentile(buckets: &[(i16, u64)], percent: u64) -> Option<i64> {
    let all: u64 = buckets.iter().map(|it| it.1).sum();
    if all == 0 {
        return None;
    }
    let mut sorted = buckets.to_vec();
    sorted.sort_unstable();
    let mut left = (all * percent).div_ceil(100).max(1);
    for (bucket, n) in sorted {
        if left <= n {
            let at = usize::try_from(bucket).unwrap_or(0).min(ENDS.len());
            let from = if at == 0 { 0 } else { ENDS[at - 1] * 60 };
            let to = ENDS.get(at).map_or(from, |end| end * 60);
            let share = i64::try_from(left).unwrap_or(0) * (to - from);
            return Some(from + share / i64::try_from(n).unwrap_or(1).max(1));
        }
        left -= n;
    }
    None
}

#[cfg(test)]
mod tests;
