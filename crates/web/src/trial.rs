//! What a dry run found, ready for pages: how many promises the version in force broke, and how many the changed one would.

use tierdesk_desk::dry_run::{PromiseOutcome, Trial};
use tierdesk_domain::text;

use crate::frame::Frame;
use crate::moment::Moment;
use crate::{filters, words};

/// As many days are tried unless a form says otherwise.
pub(crate) const DAYS: u32 = 30;

/// The days that a form asks for.
pub(crate) fn days(typed: &str) -> u32 {
    typed.trim().parse().unwrap_or(DAYS)
}

/// The sentence about the tickets that a trial looked at.
pub(crate) fn looked<T>(trial: &Trial<T>) -> String {
    let days = text::count("rules.days", trial.days);
    let tickets = text::count("common.tickets", filters::grouped(trial.looked as u64));
    let key = if trial.cut {
        "rules.looked_cut"
    } else {
        "rules.looked"
    };
    text::fill(key, &[("tickets", &tickets), ("days", &days)])
}

/// One kind of promise, broken so often.
pub(crate) struct Broken {
    pub(crate) label: &'static str,
    pub(crate) before: usize,
    pub(crate) after: usize,
}

/// A ticket on which both versions differ.
pub(crate) struct Differs {
    pub(crate) number: i64,
    /// For those who may read it.
    pub(crate) title: Option<String>,
    pub(crate) label: &'static str,
    pub(crate) before: Option<Moment>,
    pub(crate) after: Option<Moment>,
}

/// A trial of a policy or a calendar for `rules/promise_trial.html`.
pub(crate) struct PromiseTrial {
    pub(crate) looked: String,
    pub(crate) broken: Vec<Broken>,
    pub(crate) lines: Vec<Differs>,
    pub(crate) more: usize,
}

impl PromiseTrial {
    pub(crate) fn new(trial: Trial<PromiseOutcome>, frame: &Frame) -> Self {
        let moment = |at: Option<_>| at.map(|at| frame.at(&at));
        Self {
            looked: looked(&trial),
            broken: trial
                .outcome
                .iter()
                .map(|(metric, (before, after))| Broken {
                    label: words::metric(*metric),
                    before: *before,
                    after: *after,
                })
                .collect(),
            more: trial.more,
            lines: trial
                .lines
                .into_iter()
                .map(|line| Differs {
                    number: line.number.0,
                    title: line.title,
                    label: line.metric.map_or("", words::metric),
                    before: moment(line.before),
                    after: moment(line.after),
                })
                .collect(),
        }
    }
}
