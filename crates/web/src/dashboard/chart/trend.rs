//! What came and what was resolved, day by day.

use std::collections::BTreeSet;

use tierdesk_desk::dashboard::{Dashboard, Key};
use tierdesk_domain::period::{MOST_STEPS, Period};
use tierdesk_domain::tally::Measure;
use tierdesk_domain::text;

use super::{Tick, ticks};
use crate::dashboard::sheet::step_name;
use crate::dashboard::view::{Listed, list};
use crate::filters::grouped;

/// Two lines over the days, or months, of the period.
pub(in crate::dashboard) struct Trend {
    pub(in crate::dashboard) opened: String,
    pub(in crate::dashboard) resolved: String,
    pub(in crate::dashboard) top: String,
    pub(in crate::dashboard) axis: Vec<Tick>,
    pub(in crate::dashboard) days: Vec<TrendDay>,
    pub(in crate::dashboard) title: &'static str,
    pub(in crate::dashboard) of: &'static str,
}

/// One day or month as a row of the table.
pub(in crate::dashboard) struct TrendDay {
    pub(in crate::dashboard) day: String,
    pub(in crate::dashboard) opened: String,
    pub(in crate::dashboard) opened_href: String,
    pub(in crate::dashboard) resolved: String,
    pub(in crate::dashboard) resolved_href: String,
}

/// The drawing is 1000 by 160 units, with the zero line at 150 and the top at 30.
pub(in crate::dashboard) fn trend(d: &Dashboard) -> Trend {
    let most = d.steps.iter().map(|it| it.opened.max(it.resolved)).max();
    let top = most.unwrap_or(0).max(1);
    let places = u64::try_from(d.steps.len().saturating_sub(1).max(1)).unwrap_or(1);
    let height = |n: u64| 150 - n * 120 / top;
    let line = |of: fn(&tierdesk_desk::dashboard::Step) -> u64| {
        let points: Vec<String> = d
            .steps
            .iter()
            .zip(0u64..)
            .map(|(step, i)| format!("{},{}", i * 1000 / places, height(of(step))))
            .collect();
        // A single day is a line across, not a dot that nobody sees.
        match d.steps.as_slice() {
            [only] => format!("0,{y} 1000,{y}", y = height(of(only))),
            _ => points.join(" "),
        }
    };
    let months = d.lens.period.days() > MOST_STEPS;
    let name = |period: Period| step_name(&d.lens, period);
    let last = d.steps.len().saturating_sub(1);
    // The first, one in the middle, and the last, where they are different days.
    let named: BTreeSet<usize> = [0, last / 2, last].into();
    let named = named.into_iter().filter_map(|n| {
        let step = d.steps.get(n)?;
        Some((n as u64, name(step.period)))
    });
    let number = |n, measure, days| {
        let href = list(
            Listed::Counted(measure),
            Some(days),
            &d.lens.view,
            &Key::default(),
        );
        (grouped(n), href)
    };
    Trend {
        opened: line(|it| it.opened),
        resolved: line(|it| it.resolved),
        top: grouped(top),
        axis: ticks(named.collect(), last as u64),
        days: d
            .steps
            .iter()
            .rev()
            .map(|step| {
                let (opened, opened_href) = number(step.opened, Measure::Opened, step.period);
                let (resolved, resolved_href) =
                    number(step.resolved, Measure::Resolved, step.period);
                TrendDay {
                    day: name(step.period),
                    opened,
                    opened_href,
                    resolved,
                    resolved_href,
                }
            })
            .collect(),
        title: text::t(if months {
            "dashboard.trend_months"
        } else {
            "dashboard.trend"
        }),
        of: text::t(if months {
            "dashboard.month"
        } else {
            "dashboard.day"
        }),
    }
}
