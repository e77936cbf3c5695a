//! Bars of how long things took: half of them, nine in ten, and a mark at their average, all on one scale.

use tierdesk_domain::tally::Spread;
use tierdesk_domain::text;

use super::{Bar, Bars, MARK, parts, place, scale, ticks};
use crate::dashboard::linked::{NOTHING, Piece};
use crate::dashboard::times::spelled;

/// The times of one bar.
pub(in crate::dashboard) struct Times {
    pub(in crate::dashboard) label: String,
    pub(in crate::dashboard) spread: Spread,
    /// How many there are, in words.
    pub(in crate::dashboard) number: String,
    /// The list they were reckoned from.
    pub(in crate::dashboard) href: String,
}

/// A length of time, or a dash.
pub(in crate::dashboard) fn seconds(time: Option<i64>, business: bool) -> String {
    time.map_or_else(|| NOTHING.to_owned(), |time| spelled(time, business))
}

/// The chart; nothing of no times.
pub(in crate::dashboard) fn spreads(
    of: &'static str,
    rows: Vec<Times>,
    business: bool,
) -> Option<Bars> {
    let long = |it: Option<i64>| it.unwrap_or(0).unsigned_abs();
    let most = rows.iter().map(|it| {
        let (within, mean) = (it.spread.percentile(90), it.spread.mean());
        long(within).max(long(mean))
    });
    let end = scale::end(most.max()?, business);
    let bars = rows.into_iter().map(|it| {
        let times = [
            it.spread.percentile(50),
            it.spread.percentile(90),
            it.spread.mean(),
        ];
        let [half, most, mean] = times.map(long);
        let [half_told, most_told, mean_told] = times.map(|time| seconds(time, business));
        Bar {
            aria: text::fill(
                "dashboard.times_aria",
                &[
                    ("group", &it.label),
                    ("number", &it.number),
                    ("median", &half_told),
                    ("p90", &most_told),
                    ("mean", &mean_told),
                ],
            ),
            label: it.label,
            from: vec![Piece::link(it.number, it.href.clone())],
            parts: parts(
                vec![
                    ("f-accent", half, it.href.clone()),
                    ("f-accent-2", most.saturating_sub(half), it.href.clone()),
                ],
                end,
            ),
            mark: Some(place(mean, end)),
            end: Piece::link(most_told, it.href),
        }
    });
    let at = |time: u64| spelled(i64::try_from(time).unwrap_or(i64::MAX), business);
    Some(Bars {
        of,
        legend: vec![
            ("f-accent", text::t("dashboard.p50").to_owned()),
            ("f-accent-2", text::t("dashboard.p90_beside").to_owned()),
            (MARK, text::t("dashboard.mean").to_owned()),
        ],
        ends: None,
        bars: bars.collect(),
        axis: ticks(
            vec![(0, "0".to_owned()), (end / 2, at(end / 2)), (end, at(end))],
            end,
        ),
    })
}
