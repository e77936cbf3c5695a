//! A schedule as a picture: a row for the result and one for each layer, a bar for each turn, and the same as a table.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use tierdesk_desk::on_call::OnCall;
use tierdesk_domain::id::PersonId;
use tierdesk_domain::on_call::{By, Schedule, Turn, turns};
use tierdesk_domain::text::{fill, t};

use super::moment;
use crate::moment::Moment;
use crate::visitor::initials;

/// The colours that people get, in the order in which they appear.
const COLOURS: [&str; 6] = [
    "f-accent",
    "f-success",
    "f-info",
    "f-warning",
    "f-accent-2",
    "f-info-2",
];

/// One bar. Everything is percent of the row.
pub(super) struct Bar {
    pub(super) x: String,
    pub(super) width: String,
    pub(super) class: &'static str,
    pub(super) title: String,
    /// Initials, where they fit.
    pub(super) label: String,
    pub(super) label_x: String,
}

pub(super) struct Row {
    pub(super) label: String,
    pub(super) aria: String,
    pub(super) bars: Vec<Bar>,
}

/// A line of the table.
pub(super) struct Line {
    pub(super) from: Moment,
    pub(super) to: Moment,
    pub(super) who: String,
    pub(super) why: String,
    pub(super) gap: bool,
}

/// All of it.
pub(super) struct Picture {
    pub(super) rows: Vec<Row>,
    /// Where days begin, and what they are called.
    pub(super) days: Vec<(String, String)>,
    pub(super) legend: Vec<(&'static str, String)>,
    pub(super) lines: Vec<Line>,
}

struct Painter<'a> {
    schedule: &'a OnCall,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    now: DateTime<Utc>,
    colours: BTreeMap<PersonId, &'static str>,
}

impl Painter<'_> {
    fn percent(&self, at: DateTime<Utc>) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a place in a picture")]
        let share = |time: TimeDelta| time.num_seconds() as f64;
        share(at - self.from) * 100.0 / share(self.to - self.from).max(1.0)
    }

    fn short(&self, at: DateTime<Utc>) -> String {
        moment(at, self.now, self.schedule.document.body.zone).short
    }

    fn row(&mut self, label: String, turns: &[Turn]) -> Row {
        let mut bars = Vec::new();
        let mut words = Vec::new();
        for turn in turns {
            let Some((person, _)) = turn.who else {
                continue;
            };
            let name = self.schedule.name(person).to_owned();
            let next = COLOURS[self.colours.len() % COLOURS.len()];
            let class = *self.colours.entry(person).or_insert(next);
            let (x, end) = (self.percent(turn.from), self.percent(turn.to));
            let said = fill(
                "on_call.row_turn",
                &[("name", &name), ("from", &self.short(turn.from))],
            );
            bars.push(Bar {
                x: format!("{x:.2}%"),
                width: format!("{:.2}%", end - x),
                class,
                title: format!("{said} – {}", self.short(turn.to)),
                label: if end - x > 4.0 {
                    initials(&name)
                } else {
                    String::new()
                },
                label_x: format!("{:.2}%", x + 0.7),
            });
            words.push(said);
        }
        Row {
            aria: fill(
                "on_call.row_aria",
                &[("row", &label), ("turns", &words.join(", "))],
            ),
            label,
            bars,
        }
    }
}

impl Picture {
    /// A schedule between two moments, as it reads at `now`.
    pub(super) fn of(
        schedule: &OnCall,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Self {
        let body = &schedule.document.body;
        let mut painter = Painter {
            schedule,
            from,
            to,
            now,
            colours: BTreeMap::new(),
        };
        let result = schedule.turns(from, to);
        let mut rows = vec![painter.row(t("on_call.row_result").to_owned(), &result)];
        if body.layers.len() > 1 {
            for layer in &body.layers {
                let alone = Schedule {
                    zone: body.zone,
                    layers: vec![layer.clone()],
                };
                let turns = turns(&alone, &[], &schedule.gone, from, to);
                rows.push(painter.row(layer.name.clone(), &turns));
            }
        }
        let first = from.with_timezone(&body.zone).date_naive();
        let days = first.iter_days().skip(1).map(|day| {
            let at = tierdesk_domain::calendar::first_at(body.zone, day, 0);
            (at, day.format("%a %-d").to_string())
        });
        let days = days
            .take_while(|(at, _)| *at < to)
            .map(|(at, day)| (format!("{:.2}%", painter.percent(at)), day))
            .collect();
        let moment = |at| moment(at, now, body.zone);
        let lines = result
            .iter()
            .map(|turn| Line {
                from: moment(turn.from),
                to: moment(turn.to),
                who: match turn.who {
                    Some((person, _)) => schedule.name(person).to_owned(),
                    None => t("on_call.nobody").to_owned(),
                },
                why: match turn.who {
                    Some((_, By::Layer(number))) => {
                        let layer = body.layers.get(number).map_or("", |it| &it.name);
                        fill("on_call.why_layer", &[("layer", &layer)])
                    }
                    Some((_, By::Override(_))) => t("on_call.why_swap").to_owned(),
                    None => String::new(),
                },
                gap: turn.who.is_none(),
            })
            .collect();
        let legend = painter
            .colours
            .iter()
            .map(|(person, class)| (*class, schedule.name(*person).to_owned()))
            .collect();
        Self {
            rows,
            days,
            legend,
            lines,
        }
    }
}
