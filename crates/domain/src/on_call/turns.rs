//! From a schedule to who is on call when.

use std::collections::BTreeSet;

use chrono::{DateTime, Datelike, Days, NaiveDate, Utc};
use chrono_tz::Tz;
use uuid::Uuid;

use super::{Layer, Override, Schedule};
use crate::calendar::{Week, Window, first_at, last_at};
use crate::id::PersonId;

/// Minutes of a day on the wall clock.
const DAY: i64 = 24 * 60;

/// What put somebody on call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// Their turn in the layer with this number, from 0.
    Layer(usize),
    /// An override.
    Override(Uuid),
}

/// A stretch of time in which the same person is on call, or nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turn {
    /// From then on.
    pub from: DateTime<Utc>,
    /// Until then.
    pub to: DateTime<Utc>,
    /// Who, and why; none is a gap.
    pub who: Option<(PersonId, By)>,
}

/// Who is on call at an instant. `overrides` are in the order in which they were made; the last one counts. Whoever is in
/// `away` is never on call: their override counts for nothing, and in their shifts the layers below decide.
pub fn who(
    schedule: &Schedule,
    overrides: &[Override],
    away: &BTreeSet<PersonId>,
    at: DateTime<Utc>,
) -> Option<(PersonId, By)> {
    let here = |person: &PersonId| !away.contains(person);
    let over = overrides
        .iter()
        .rfind(|it| it.from <= at && at < it.to && here(&it.person));
    if let Some(it) = over {
        return Some((it.person, By::Override(it.id)));
    }
    let mut layers = schedule.layers.iter().enumerate();
    layers.find_map(|(number, layer)| {
        let person = layer.who(schedule.zone, at).filter(here)?;
        Some((person, By::Layer(number)))
    })
}

/// Who is on call between two instants, without holes: what nobody covers is a turn of nobody. Empty if the second instant
/// is not later.
pub fn turns(
    schedule: &Schedule,
    overrides: &[Override],
    away: &BTreeSet<PersonId>,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> Vec<Turn> {
    let mut edges = BTreeSet::from([from]);
    edges.extend(overrides.iter().flat_map(|it| [it.from, it.to]));
    for layer in &schedule.layers {
        layer.edges(schedule.zone, from, to, &mut edges);
    }
    let mut turns: Vec<Turn> = Vec::new();
    let within: Vec<_> = edges.range(from..to.max(from)).copied().collect();
    for (number, begin) in within.iter().enumerate() {
        let end = within.get(number + 1).copied().unwrap_or(to);
        let who = who(schedule, overrides, away, *begin);
        match turns.last_mut() {
            Some(last) if last.who == who => last.to = end,
            _ => turns.push(Turn {
                from: *begin,
                to: end,
                who,
            }),
        }
    }
    turns
}

impl Layer {
    /// Whose turn it is at an instant, if the layer covers it.
    fn who(&self, zone: Tz, at: DateTime<Utc>) -> Option<PersonId> {
        let covers = match &self.only {
            None => true,
            Some(week) => days_around(zone, at, at).any(|day| {
                let mut windows = windows(week, day).iter();
                windows.any(|it| {
                    let (begin, end) = placed(zone, day, *it);
                    begin <= at && at < end
                })
            }),
        };
        let people = i64::try_from(self.people.len()).ok().filter(|n| *n > 0)?;
        let shift = self.shift(zone, at).filter(|_| covers)?;
        let place = usize::try_from(shift % people).ok()?;
        self.people.get(place).copied()
    }

    /// The number of the shift that an instant lies in, from 0.
    fn shift(&self, zone: Tz, at: DateTime<Utc>) -> Option<i64> {
        let date = at.with_timezone(&zone).date_naive();
        let passed = (date - self.start).num_days();
        // One shift too many, and then back: a date alone does not tell which hand-overs have been.
        let mut shift = passed.div_euclid(i64::from(self.days.max(1))) + 1;
        while shift >= 0 && self.begins(zone, shift) > at {
            shift -= 1;
        }
        (shift >= 0).then_some(shift)
    }

    /// When a shift begins: at the hand-over time of its date, on the wall clock.
    fn begins(&self, zone: Tz, shift: i64) -> DateTime<Utc> {
        let days = shift * i64::from(self.days.max(1));
        first_at(
            zone,
            self.start,
            days * DAY + i64::from(self.hand_over.minutes()),
        )
    }

    /// Adds the instants between two others at which it may be somebody else's turn.
    fn edges(
        &self,
        zone: Tz,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
        edges: &mut BTreeSet<DateTime<Utc>>,
    ) {
        let first = self.shift(zone, from).map_or(0, |shift| shift + 1);
        edges.extend(
            (first..)
                .map(|it| self.begins(zone, it))
                .take_while(|at| *at < to),
        );
        for day in days_around(zone, from, to) {
            for window in self.only.iter().flat_map(|week| windows(week, day)) {
                let (begin, end) = placed(zone, day, *window);
                edges.extend([begin, end]);
            }
        }
    }
}

/// The dates whose windows may reach into a stretch of time: a window runs at most one day past its own, and a clock may
/// be put back by a day.
fn days_around(
    zone: Tz,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> impl Iterator<Item = NaiveDate> {
    let first = from.with_timezone(&zone).date_naive() - Days::new(2);
    let last = to.with_timezone(&zone).date_naive() + Days::new(1);
    first.iter_days().take_while(move |day| *day <= last)
}

fn windows(week: &Week, day: NaiveDate) -> &Vec<Window> {
    week.days()[day.weekday().num_days_from_monday() as usize]
}

fn placed(zone: Tz, day: NaiveDate, window: Window) -> (DateTime<Utc>, DateTime<Utc>) {
    (
        first_at(zone, day, window.start()),
        last_at(zone, day, window.end()),
    )
}
