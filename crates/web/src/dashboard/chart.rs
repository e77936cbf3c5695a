//! Charts as the template draws them: every shape has its numbers, its words and its list.

mod overview;
mod scale;
mod spread;
mod trend;

pub(super) use overview::{ages, filed_before_this_week, flow, priorities};
pub(super) use spread::{Times, seconds, spreads};
pub(super) use trend::{Trend, trend};

use super::linked::{Line, Piece};
use crate::filters::grouped;

/// One coloured part of a bar. `x` and `width` are percent.
pub(crate) struct Part {
    pub(crate) class: &'static str,
    pub(crate) x: String,
    pub(crate) width: String,
    pub(crate) number: String,
    pub(crate) href: String,
}

/// One bar: its name, its parts and the figure at its end.
pub(crate) struct Bar {
    pub(crate) label: String,
    /// What it was reckoned from, where the bar does not say it by its length.
    pub(crate) from: Line,
    pub(crate) aria: String,
    pub(crate) parts: Vec<Part>,
    /// The place of a mark on it, in percent.
    pub(crate) mark: Option<String>,
    pub(crate) end: Piece,
}

/// A place below bars or lines, in percent, and what it says.
pub(crate) struct Tick {
    pub(crate) x: String,
    /// Which end of the words stands there.
    pub(crate) anchor: &'static str,
    pub(crate) label: String,
}

/// A chart of bars, with the words for its parts.
pub(crate) struct Bars {
    /// The head of the table's first column.
    pub(crate) of: &'static str,
    /// Each part's colour and word; a mark has one too.
    pub(crate) legend: Vec<(&'static str, String)>,
    /// What stands at the end of each bar, where that is none of its parts.
    pub(crate) ends: Option<&'static str>,
    pub(crate) bars: Vec<Bar>,
    /// The scale below them; nothing where the numbers beside them say enough.
    pub(crate) axis: Vec<Tick>,
}

/// The colour of a mark, in the legend.
pub(super) const MARK: &str = "f-mark";

/// `n` of `whole` in percent, as attributes have it.
pub(super) fn place(n: u64, whole: u64) -> String {
    #[expect(
        clippy::cast_precision_loss,
        reason = "a place in a drawing needs three digits"
    )]
    let percent = n as f64 * 100.0 / whole.max(1) as f64;
    format!("{percent:.2}%")
}

/// Puts parts beside each other; the longest bar has `longest`.
pub(crate) fn parts(numbers: Vec<(&'static str, u64, String)>, longest: u64) -> Vec<Part> {
    let mut start = 0;
    numbers
        .into_iter()
        .map(|(class, n, href)| {
            let part = Part {
                class,
                x: place(start, longest),
                width: place(n, longest),
                number: grouped(n),
                href,
            };
            start += n;
            part
        })
        .collect()
}

/// Words at their places from 0 to `whole`.
pub(super) fn ticks(labels: Vec<(u64, String)>, whole: u64) -> Vec<Tick> {
    let tick = |(n, label)| Tick {
        x: place(n, whole),
        anchor: match n {
            0 => "start",
            n if n == whole => "end",
            _ => "middle",
        },
        label,
    };
    labels.into_iter().map(tick).collect()
}
