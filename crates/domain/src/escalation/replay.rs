//! Rules tried on the past: when a rule would have fired on tickets as they really went.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use super::{Card, Rule, Situation};
use crate::clock::{Book, Clock, History, State, clocks};

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
    firings_of_all(&[rule], past, book, now).concat()
}

/// The same for several rules, each as if there were no other, in their order: the past is gone through once.
pub fn firings_of_all(
    rules: &[&Rule],
    past: &Past<'_>,
    book: &Book,
    now: DateTime<Utc>,
) -> Vec<Vec<(u32, DateTime<Utc>)>> {
    let opened_at = past.history.opened_at;
    let happened = past.history.moments.iter().map(|moment| moment.at);
    // What came into force is looked at like what happened.
    let mut turns: BTreeSet<_> = happened
        .chain(past.bot_gave_up.iter().copied())
        .chain(past.bot_held_until)
        .chain(book.turns().filter(|turn| *turn > opened_at))
        .chain([opened_at])
        .filter(|at| *at <= now)
        .collect();

    let mut fired = vec![Vec::new(); rules.len()];
    let mut so_far = History {
        moments: Vec::new(),
        ..past.history.clone()
    };
    while let Some(turn) = turns.pop_first() {
        let known = so_far.moments.len();
        let fresh = past.history.moments[known..].iter();
        so_far
            .moments
            .extend(fresh.take_while(|moment| moment.at <= turn));
        let cycle = so_far.reopened() + 1;
        let waits = |fired: &[(u32, _)]| fired.last().is_none_or(|(last, _)| *last != cycle);
        let waiting: Vec<_> = (rules.iter().zip(&mut fired))
            .filter(|(_, fired)| waits(fired.as_slice()))
            .collect();
        let clocks = match waiting.iter().any(|(rule, _)| rule.asks_for_clocks()) {
            true => clocks(&so_far, book, turn),
            false => Vec::new(),
        };
        if waiting.iter().any(|(rule, _)| rule.asks_for_risk()) {
            turns.extend(breaks(&clocks).filter(|at| *at <= now));
        }
        let situation = Situation {
            history: &so_far,
            card: past.card,
            clocks: &clocks,
            book,
            bot_held_until: past.bot_held_until.filter(|until| *until <= turn),
            bot_gave_up_at: past.bot_gave_up.iter().rfind(|at| **at <= turn).copied(),
            now: turn,
        };
        let until = turns.first().copied();
        for (rule, fired) in waiting {
            let holds = rule.holds_at(&situation).map(|at| at.max(turn));
            let before = |at: &DateTime<Utc>| *at <= now && until.is_none_or(|until| *at < until);
            fired.extend(holds.filter(before).map(|at| (cycle, at)));
        }
    }
    fired
}

/// When running promises will break if nothing else happens: just after they are due.
fn breaks(clocks: &[Clock]) -> impl Iterator<Item = DateTime<Utc>> {
    let whole = |clock: &&Clock| clock.state == State::Running && clock.breached_at.is_none();
    let due = clocks.iter().filter(whole).filter_map(|clock| clock.due_at);
    due.map(|due| due + TimeDelta::microseconds(1))
}
