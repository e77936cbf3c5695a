//! A dry run in a page: the page is sent up to the place of its result, then how far it is, then the result and the rest of
//! the page. No script is needed, and whoever leaves the page stops the work.

use std::convert::Infallible;

use askama::Template;
use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use tierdesk_desk::dry_run::{
    About, Done, DryRun, Line, Progress, PromiseOutcome, RuleOutcome, Trial,
};
use tierdesk_domain::text;

use crate::frame::Frame;
use crate::moment::Moment;
use crate::{WebError, filters, words};

/// As many days are tried unless a form says otherwise.
pub(crate) const DAYS: u32 = 30;

/// Where the result belongs in a page, as `rules/trial_place.html` writes it. Nothing typed can look like it: it is escaped.
const PLACE: &str = "<!--trial-->";

/// The days that a form asks for.
pub(crate) fn days(typed: &str) -> u32 {
    typed.trim().parse().unwrap_or(DAYS)
}

/// Answers with a page that has the place of a trial, and with the trial as it goes on. `show` makes the result of it.
fn stream<O, R>(
    page: &impl Template,
    run: DryRun<O>,
    show: impl FnOnce(Trial<O>) -> R + Send + 'static,
) -> Response
where
    O: Default + Send + 'static,
    R: Template,
{
    let page = match page.render() {
        Ok(page) => page,
        Err(error) => return WebError::internal(error).into_response(),
    };
    let Some((above, below)) = page.split_once(PLACE) else {
        return WebError::internal("a page without a place for its trial").into_response();
    };
    let way = Way {
        above: Some(above.to_owned()),
        left: Some((run, show, below.to_owned())),
        percent: None,
    };
    let pieces = futures_util::stream::unfold(way, async |mut way| {
        let piece = way.next().await?;
        Some((Ok::<_, Infallible>(Bytes::from(piece)), way))
    });
    let mut response = Body::from_stream(Box::pin(pieces)).into_response();
    let headers = response.headers_mut();
    let html = HeaderValue::from_static("text/html; charset=utf-8");
    headers.insert(header::CONTENT_TYPE, html);
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

/// A trial on its way into a page.
struct Way<O, F> {
    /// The page above the trial, until it is sent.
    above: Option<String>,
    /// The run, how its result is shown, and the page below it.
    left: Option<(DryRun<O>, F, String)>,
    /// What was said last: a page with a million tickets behind it says a hundred things, not two thousand.
    percent: Option<usize>,
}

impl<O, F, R> Way<O, F>
where
    O: Default + Send + 'static,
    F: FnOnce(Trial<O>) -> R,
    R: Template,
{
    /// The next piece of the page, or `None` after its end.
    async fn next(&mut self) -> Option<String> {
        let (run, ..) = self.left.as_mut()?;
        if let Some(mut above) = self.above.take() {
            above.push_str(&rendered(&Step(run.progress())));
            return Some(above);
        }
        let ended = loop {
            match run.step().await {
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
                Ok(Some(progress)) => {
                    let percent = Some(progress.looked * 100 / progress.of.max(1));
                    if percent != self.percent {
                        self.percent = percent;
                        return Some(rendered(&Step(progress)));
                    }
                }
            }
        };
        let (run, show, below) = self.left.take()?;
        let mut end = match ended {
            Ok(()) => rendered(&show(run.trial())),
            Err(error) => {
                tracing::error!(%error, "a dry run stopped on its way");
                rendered(&Stopped)
            }
        };
        end.push_str(&below);
        Some(end)
    }
}

/// A piece of a page whose head is sent already: what cannot be shown any more is left out and logged.
fn rendered(piece: &impl Template) -> String {
    piece.render().unwrap_or_else(|error| {
        tracing::error!(%error, "a piece of a page could not be written");
        String::new()
    })
}

/// How far it is.
#[derive(Template)]
#[template(path = "rules/trial_step.html")]
struct Step(Progress);

/// It did not come to its end.
#[derive(Template)]
#[template(path = "rules/trial_stopped.html")]
struct Stopped;

/// The sentence about the tickets that a trial looked at.
fn looked<T>(trial: &Trial<T>) -> String {
    let days = text::count("rules.days", trial.days);
    let tickets = text::count("common.tickets", filters::grouped(trial.looked));
    text::fill("rules.looked", &[("tickets", &tickets), ("days", &days)])
}

/// A ticket on which something would have happened.
struct Seen {
    number: i64,
    /// For those who may read it.
    title: Option<String>,
    label: String,
    /// What stands where it would not have happened.
    never: &'static str,
    before: Option<Moment>,
    after: Option<Moment>,
}

fn seen(lines: &[Line], frame: &Frame) -> Vec<Seen> {
    let seen = |line: &Line| Seen {
        number: line.number.0,
        title: line.title.clone(),
        label: match &line.about {
            Some(About::Promise(metric)) => words::metric(*metric).to_owned(),
            Some(About::Rule(name)) => text::fill("rules.trial_rule", &[("rule", name)]),
            None => String::new(),
        },
        never: text::t(match line.about {
            Some(About::Promise(_)) => "rules.trial_held",
            _ => "rules.trial_not",
        }),
        before: line.before.map(|at| frame.at(&at)),
        after: line.after.map(|at| frame.at(&at)),
    };
    lines.iter().map(seen).collect()
}

/// What a rule would have done.
#[derive(Template)]
#[template(path = "rules/trial.html")]
pub(crate) struct RuleTrial {
    looked: String,
    outcome: RuleOutcome,
    lines: Vec<Seen>,
    more: usize,
}

impl RuleTrial {
    /// Answers with a page and what comes of this run in its place.
    pub(crate) fn stream(
        page: &impl Template,
        frame: &Frame,
        run: DryRun<RuleOutcome>,
    ) -> Response {
        let frame = frame.clone();
        stream(page, run, move |trial| Self::new(&trial, &frame))
    }

    fn new(trial: &Trial<RuleOutcome>, frame: &Frame) -> Self {
        Self {
            looked: looked(trial),
            outcome: trial.outcome,
            lines: seen(&trial.lines, frame),
            more: trial.more,
        }
    }
}

/// One kind of promise, broken so often.
struct Broken {
    label: &'static str,
    before: usize,
    after: usize,
}

/// How many promises the version in force broke, and how many the changed policy or calendar would; and what the rules would
/// have done in the time of each.
#[derive(Template)]
#[template(path = "rules/promise_trial.html")]
pub(crate) struct PromiseTrial {
    looked: String,
    broken: Vec<Broken>,
    rules: (Done, Done),
    lines: Vec<Seen>,
    more: usize,
}

impl PromiseTrial {
    /// Answers with a page and what comes of this run in its place.
    pub(crate) fn stream(
        page: &impl Template,
        frame: &Frame,
        run: DryRun<PromiseOutcome>,
    ) -> Response {
        let frame = frame.clone();
        stream(page, run, move |trial| Self::new(&trial, &frame))
    }

    fn new(trial: &Trial<PromiseOutcome>, frame: &Frame) -> Self {
        let broken = trial.outcome.broken.iter();
        Self {
            looked: looked(trial),
            broken: broken
                .map(|(metric, (before, after))| Broken {
                    label: words::metric(*metric),
                    before: *before,
                    after: *after,
                })
                .collect(),
            rules: trial.outcome.rules,
            lines: seen(&trial.lines, frame),
            more: trial.more,
        }
    }
}
