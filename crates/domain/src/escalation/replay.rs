//! Rules tried on the past: when a rule would have fired on tickets as they really went.

use chrono::{DateTime, Utc};

use super::{Card, Rule, Situation};
use crate::clock::{Book, History, clocks};

/// A ticket's past, as far as rules go.
#[derive(Debug, Clone, Copy)]
pub struct Past<'a> {
    /// What happened to it.
    pub history: &'a History,
    /// The rest of what is known of it, as it is now: who has it, and its title, are not looked up in the past.
    pub card: &'a Card,
    /// Until when the bot held it; none where it holds it still.
    pub bot_held_until: Option<DateTime<Utc>>,
    /// Each time the bot passed it on, in order.
    pub bot_gave_up: &'a [DateTime<Utc>],
}

/// When the rule would have fired up to `now`, at most once per cycle, with the cycle's number from 1. What really
/// happened stays as it was: that a rule would have moved the ticket changes nothing of what came later.
pub fn firings(
    rule: &Rule,
    past: &Past<'_>,
    book: &Book,
    now: DateTime<Utc>,
) -> Vec<(u32, DateTime<Utc>)> {
    let mut turns: Vec<_> = past
        .history
        .moments
        .iter()
        .map(|moment| moment.at)
        .chain(past.bot_gave_up.iter().copied())
        .chain(past.bot_held_until)
        .chain([past.history.opened_at])
        .filter(|at| *at <= now)
        .collect();
    turns.sort_unstable();
    turns.dedup();

    let mut fired = Vec::new();
    let mut so_far = History {
        moments: Vec::new(),
        ..past.history.clone()
    };
    for (i, &turn) in turns.iter().enumerate() {
        let known = so_far.moments.len();
        let fresh = past.history.moments[known..].iter();
        so_far
            .moments
            .extend(fresh.take_while(|moment| moment.at <= turn));
        let cycle = so_far.reopened() + 1;
        if fired.last().is_some_and(|(last, _)| *last == cycle) {
            continue;
        }
        let clocks = match rule.asks_for_clocks() {
            true => clocks(&so_far, book, turn),
            false => Vec::new(),
        };
        let situation = Situation {
            history: &so_far,
            card: past.card,
            clocks: &clocks,
            book,
            bot_holds: past.bot_held_until.is_none_or(|until| turn < until),
            bot_gave_up_at: past.bot_gave_up.iter().rfind(|at| **at <= turn).copied(),
            now: turn,
        };
        let until = turns.get(i + 1).copied();
        let holds = rule.holds_at(&situation).map(|at| at.max(turn));
        if let Some(at) = holds.filter(|at| *at <= now && until.is_none_or(|until| *at < until)) {
            fired.push((cycle, at));
        }
    }
    fired
}
