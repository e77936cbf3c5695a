//! A sample ticket: which rule applies to it, and when its promises would be due.

use tierdesk_domain::clock::spell;
use tierdesk_domain::id::{CategoryId, OrganisationId};
use tierdesk_domain::sla::{Policy, Subject};
use tierdesk_domain::text::{fill, t};
use tierdesk_domain::ticket::{Kind, Priority};

use super::first_rule;
use crate::extract::Me;
use crate::frame::Frame;
use crate::{AppState, WebError, words};

/// What the sample's fields say.
#[derive(Debug, Clone, Default)]
pub(super) struct Sample {
    pub(super) priority: String,
    pub(super) kind: String,
    pub(super) category: String,
    pub(super) organisation: String,
    pub(super) vip: bool,
}

impl Sample {
    pub(super) fn priority(&self) -> Priority {
        let mut all = Priority::ALL.into_iter();
        all.find(|it| it.to_string() == self.priority)
            .unwrap_or(Priority::P3)
    }

    /// What the policy asks about it.
    pub(super) fn subject(&self) -> Subject {
        Subject {
            priority: self.priority(),
            kind: self.kind.parse().unwrap_or(Kind::Incident),
            category: self.category.parse().ok().map(CategoryId),
            organisation: self.organisation.parse().ok().map(OrganisationId),
            vip: self.vip,
        }
    }

    /// Whether a select of the sample has this value.
    pub(super) fn has(&self, field: &str, value: &str) -> bool {
        let chosen = match field {
            "priority" if self.priority.is_empty() => "P3",
            "priority" => &self.priority,
            "kind" => &self.kind,
            "category" => &self.category,
            _ => &self.organisation,
        };
        chosen == value
    }
}

/// What came of it.
pub(super) struct Tried {
    /// Which rule, or that none.
    pub(super) sentence: String,
    /// Its promises: the clock, and the time.
    pub(super) lines: Vec<(&'static str, String)>,
}

impl Tried {
    pub(super) async fn new(
        app: &AppState,
        me: &Me,
        frame: &Frame,
        policy: &Policy,
        sample: &Sample,
    ) -> Result<Self, WebError> {
        let Some((place, rule)) = first_rule(policy, sample) else {
            return Ok(Self {
                sentence: t("promise.tried_none").to_owned(),
                lines: Vec::new(),
            });
        };
        let promised = app
            .desk
            .try_rule(&me.caller, rule, sample.priority(), frame.now)
            .await?;
        let lines = promised.into_iter().map(|(metric, target, due)| {
            let target = spell(target);
            let words = match due {
                Some(due) => fill(
                    "promise.tried_due",
                    &[("target", &target), ("time", &frame.at(&due).short)],
                ),
                None => fill("calendar.never_due", &[("target", &target)]),
            };
            (words::metric(metric), words)
        });
        Ok(Self {
            sentence: fill(
                "promise.tried_rule",
                &[("place", &(place + 1)), ("rule", &rule.name)],
            ),
            lines: lines.collect(),
        })
    }
}
