//! A clock's life as a line of time, drawn from its ledger.

use chrono::{DateTime, TimeDelta, Utc};
use tierdesk_domain::clock::{Clock, Line, spell};
use tierdesk_domain::text::{fill, t};

use crate::frame::Frame;

/// One bar; `x` and `width` are percent.
pub(super) struct Bar {
    pub(super) class: &'static str,
    pub(super) x: String,
    pub(super) width: String,
    /// What counts stands taller than what does not.
    pub(super) tall: bool,
    pub(super) title: String,
}

/// The line of time.
pub(super) struct Picture {
    pub(super) aria: String,
    pub(super) bars: Vec<Bar>,
    /// Where now is, in percent, while the clock is open.
    pub(super) now: Option<String>,
    pub(super) start: String,
    pub(super) end: String,
}

impl Picture {
    pub(super) fn new(clock: &Clock, lines: &[Line], ahead: &[Line], frame: &Frame) -> Self {
        let start = clock.started_at;
        // What came after it was promised is in the ledger alone.
        let promised = |line: &&Line| clock.unpromised_since().is_none_or(|at| line.from < at);
        let lines: Vec<_> = lines.iter().filter(promised).collect();
        let last = lines.last().map_or(start, |line| line.to);
        let end = ahead.last().map_or(last, |line| line.to);
        let short = |at: DateTime<Utc>| frame.at(&at).short;
        let shown = lines.iter().copied();
        let bars = shown
            .map(|line| (line, false))
            .chain(ahead.iter().map(|line| (line, true)))
            .filter(|(line, _)| line.from < line.to)
            .map(|(line, to_come)| {
                let (class, word) = match line.why {
                    Some(_) => ("f-mute", "clock.paused"),
                    None if line.counted.is_zero() => ("f-track", "clock.closed"),
                    None if to_come => ("f-accent-2", "clock.left"),
                    None if line.closed.is_zero() => ("f-accent", "clock.counted"),
                    None => ("f-accent", "clock.mixed"),
                };
                Bar {
                    class,
                    x: percent(line.from - start, end - start),
                    width: percent(line.to - line.from, end - start),
                    tall: line.why.is_none() && !line.counted.is_zero(),
                    title: format!(
                        "{} – {}: {}, {}",
                        short(line.from),
                        short(line.to),
                        t(word),
                        spell(line.to - line.from)
                    ),
                }
            })
            .collect();
        let sum =
            |of: &dyn Fn(&Line) -> TimeDelta| lines.iter().map(|it| of(it)).sum::<TimeDelta>();
        let paused = sum(&|line| match line.why {
            Some(_) => line.to - line.from,
            None => TimeDelta::zero(),
        });
        let left = ahead.iter().map(|line| line.counted).sum();
        Self {
            aria: fill(
                "clock.picture_line",
                &[
                    ("from", &short(start)),
                    ("to", &short(end)),
                    ("counted", &spell(clock.used() - clock.used_before)),
                    ("paused", &spell(paused)),
                    ("closed", &spell(sum(&|line| line.closed))),
                    ("left", &spell(left)),
                ],
            ),
            bars,
            now: clock.is_open().then(|| percent(last - start, end - start)),
            start: fill("clock.start", &[("time", &short(start))]),
            end: match (clock.is_open(), ahead.is_empty()) {
                (true, false) => fill("clock.due", &[("time", &short(end))]),
                (true, true) => fill("clock.now", &[("time", &short(end))]),
                (false, _) => fill("clock.end", &[("time", &short(end))]),
            },
        }
    }
}

fn percent(part: TimeDelta, whole: TimeDelta) -> String {
    let (part, whole) = (part.num_milliseconds(), whole.num_milliseconds().max(1));
    let hundredths = part.saturating_mul(10_000) / whole;
    format!("{}.{:02}%", hundredths / 100, hundredths % 100)
}
