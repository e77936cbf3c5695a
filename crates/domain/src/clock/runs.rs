//! From when to when each clock of a ticket runs, whatever it then counts.

use chrono::{DateTime, Utc};

use super::{Change, History};
use crate::sla::Metric;
use crate::ticket::{ResolvedBy, Status};

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Met(DateTime<Utc>),
    Stopped(DateTime<Utc>),
}

impl End {
    pub(super) fn at(self) -> DateTime<Utc> {
        match self {
            Self::Met(at) | Self::Stopped(at) => at,
        }
    }
}

/// One run of one clock.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run {
    pub(super) metric: Metric,
    pub(super) ordinal: i32,
    pub(super) start: DateTime<Utc>,
    pub(super) end: Option<End>,
    /// Whether it goes on where the run before the last one of its metric stopped: a bounced hand-over buys no time.
    pub(super) goes_on: bool,
}

/// All runs, in the order in which they began.
#[derive(Default)]
struct Runs(Vec<Run>);

impl Runs {
    fn start(&mut self, metric: Metric, start: DateTime<Utc>) {
        let before = self.0.iter().filter(|run| run.metric == metric).count();
        self.0.push(Run {
            metric,
            ordinal: i32::try_from(before + 1).unwrap_or(i32::MAX),
            start,
            end: None,
            goes_on: false,
        });
    }

    fn is_open(&self, metric: Metric) -> bool {
        self.0
            .iter()
            .any(|run| run.metric == metric && run.end.is_none())
    }

    fn end(&mut self, metric: Metric, end: End) {
        let open = self
            .0
            .iter_mut()
            .filter(|run| run.metric == metric && run.end.is_none());
        open.for_each(|run| run.end = Some(end));
    }
}

/// Whether a clock of this metric runs or waits after everything that happened.
pub(super) fn is_open(history: &History, metric: Metric) -> bool {
    let mut runs = runs(history).into_iter();
    runs.any(|run| run.metric == metric && run.end.is_none())
}

pub(super) fn runs(history: &History) -> Vec<Run> {
    use Metric::{FirstResponse, NextResponse, PickUp, Resolution, TimeInTier};
    let mut runs = Runs::default();
    let start = history.opened_at;
    runs.start(FirstResponse, start);
    runs.start(Resolution, start);
    runs.start(TimeInTier, start);
    if !history.opened.assigned {
        runs.start(PickUp, start);
    }
    if matches!(history.opened.status, Status::Resolved | Status::Closed) {
        for metric in Metric::ALL {
            runs.end(*metric, End::Stopped(start));
        }
    }
    let mut assigned = history.opened.assigned;
    for moment in &history.moments {
        let at = moment.at;
        match moment.change {
            Change::Assigned(now) | Change::Bounced { assigned: now, .. } => assigned = now,
            Change::Given => assigned = true,
            Change::Queue(..) => assigned = false,
            _ => {}
        }
        match moment.change {
            Change::Reply => {
                runs.end(FirstResponse, End::Met(at));
                runs.end(NextResponse, End::Met(at));
            }
            Change::Ask if !runs.is_open(FirstResponse) && !runs.is_open(NextResponse) => {
                runs.start(NextResponse, at);
            }
            Change::Assigned(true) => runs.end(PickUp, End::Met(at)),
            Change::Begun if assigned => runs.end(PickUp, End::Met(at)),
            Change::Assigned(false) if !runs.is_open(PickUp) => runs.start(PickUp, at),
            Change::Queue(..) => {
                runs.end(PickUp, End::Stopped(at));
                runs.end(TimeInTier, End::Met(at));
                runs.start(PickUp, at);
                runs.start(TimeInTier, at);
            }
            Change::Bounced { assigned, .. } => {
                // Who sends it back has neither picked it up nor kept it for its time.
                runs.end(PickUp, End::Stopped(at));
                runs.end(TimeInTier, End::Stopped(at));
                if !assigned {
                    runs.start(PickUp, at);
                }
                runs.start(TimeInTier, at);
                if let Some(run) = runs.0.last_mut() {
                    run.goes_on = true;
                }
            }
            Change::Resolved(by) => {
                // What a human resolves with is a public message; so is the bot's (decision 21).
                let end = match by {
                    ResolvedBy::Human | ResolvedBy::Bot | ResolvedBy::Runbook => End::Met(at),
                    ResolvedBy::Requester => End::Stopped(at),
                };
                for metric in [FirstResponse, NextResponse, Resolution, TimeInTier] {
                    runs.end(metric, end);
                }
                // Who had it and resolves it has begun with it just before.
                runs.end(PickUp, End::Stopped(at));
            }
            Change::Reopened => {
                let again = [Resolution, TimeInTier].into_iter();
                for metric in again.chain((!assigned).then_some(PickUp)) {
                    if !runs.is_open(metric) {
                        runs.start(metric, at);
                    }
                }
            }
            Change::Closed => {
                for metric in Metric::ALL {
                    runs.end(*metric, End::Stopped(at));
                }
            }
            Change::Ask
            | Change::Assigned(false)
            | Change::Given
            | Change::Begun
            | Change::Status(_)
            | Change::Priority(_)
            | Change::Kind(_)
            | Change::Category(_) => {}
        }
    }
    runs.0
}
