//! A ticket's timeline as its readers see it. One entry per event, in one of a few shapes; engineers and requesters read
//! different queries, and the same shapes.
//!
//! The data of an event is what its maker wrote: `triage` has `rule`, `words` and `says`; a finding or a finished job has
//! `verdict` (`healthy`, `problem`, `unknown`), `summary`, `facts` (a list of `{label, value, note}`), `entry`, `host`,
//! `output` and `job`; a mail has `mail`, `to` and `said`; a line about something else has `what` or `why`.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde_json::Value;
use tierdesk_desk::clock::PICKED_UP;
use tierdesk_domain::actor::ActorKind;
use tierdesk_domain::handover::{Standing, standing};
use tierdesk_domain::id::TeamId;
use tierdesk_domain::routing::Wish;
use tierdesk_domain::text::{self, fill, t};
use tierdesk_domain::timeline::{EventKind, Visibility};
use tierdesk_store::timeline::Event;

use crate::attachment::File;
use crate::moment::Moment;
use crate::safe_html::{SafeHtml, markdown};
use crate::visitor::initials;
use crate::words;

/// Who did something.
#[derive(Debug, Clone)]
pub(crate) struct Doer {
    pub(crate) name: String,
    pub(crate) initials: String,
    pub(crate) bot: bool,
}

/// A fact of a card.
#[derive(Debug, Clone)]
pub(crate) struct Fact {
    pub(crate) label: String,
    pub(crate) value: String,
    pub(crate) note: String,
}

/// How an entry looks.
#[derive(Debug, Clone)]
pub(crate) enum Shape {
    /// Words: a question, a reply, a note.
    Message { label: String, body: SafeHtml },
    /// The note between tiers.
    Handover {
        from: String,
        to: String,
        parts: Vec<(&'static str, SafeHtml)>,
        /// Its receiver's answer: the tone of it, and the words.
        answer: (&'static str, String),
    },
    /// What routing decided, and why for everybody it looked at.
    Routed { says: String, facts: Vec<Fact> },
    /// What the bot decided, and why.
    Decision { says: String, facts: Vec<Fact> },
    /// What a diagnostic found.
    Evidence {
        verdict: String,
        title: String,
        host: String,
        summary: String,
        facts: Vec<Fact>,
        output: String,
        /// The page of the run behind it, or `""`.
        job: String,
    },
    /// One line.
    Line { icon: &'static str, text: String },
}

/// One entry.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// The event's id, as the anchor.
    pub(crate) id: String,
    /// `ask`, `reply`, `note`, `handover`, `bot`, `diag` or `event`.
    pub(crate) kind: &'static str,
    pub(crate) at: Moment,
    pub(crate) doer: Doer,
    pub(crate) internal: bool,
    /// The files that came with it.
    pub(crate) files: Vec<File>,
    pub(crate) shape: Shape,
}

/// Who reads, and what they need to know to read.
pub(crate) struct Reader<'a> {
    pub(crate) now: DateTime<Utc>,
    pub(crate) zone: Tz,
    /// The requester's name, for “reply to …”.
    pub(crate) requester: &'a str,
    /// Names of teams in hand-overs; empty for requesters, who never read one.
    pub(crate) teams: &'a HashMap<TeamId, String>,
    /// The files of the ticket that this reader may see.
    pub(crate) files: &'a [File],
    /// Whether the reader works on the desk's side: requesters read other words, and never tiers or queues.
    pub(crate) desk: bool,
}

impl Reader<'_> {
    /// The entries of these events, oldest first. Events that say nothing to this reader are left out.
    pub(crate) fn read(&self, events: &[Event]) -> Vec<Entry> {
        events
            .iter()
            .zip(1..)
            .filter_map(|(event, next)| self.entry(event, &events[next..]))
            .collect()
    }

    fn entry(&self, event: &Event, later: &[Event]) -> Option<Entry> {
        let (kind, shape) = self.shape(event, later)?;
        Some(Entry {
            id: format!("e-{}", event.id),
            kind,
            at: Moment::new(event.at, self.now, self.zone),
            doer: doer(event),
            internal: event.visibility == Visibility::Internal,
            files: self
                .files
                .iter()
                .filter(|file| file.event == Some(event.id))
                .cloned()
                .collect(),
            shape,
        })
    }

    fn shape(&self, event: &Event, later: &[Event]) -> Option<(&'static str, Shape)> {
        let data = &event.data;
        let line = |icon, text: String| Some(("event", Shape::Line { icon, text }));
        match event.kind {
            EventKind::Opened => {
                let label = data["channel"]
                    .as_str()
                    .and_then(|word| word.parse().ok())
                    .map_or("", words::channel);
                Some(("ask", self.message(event, label.to_owned())))
            }
            EventKind::Ask => Some(("ask", self.message(event, String::new()))),
            EventKind::Reply => {
                let label = if self.desk {
                    fill("event.replied", &[("name", &self.requester)])
                } else {
                    String::new()
                };
                let kind = if is_bot(event) { "bot" } else { "reply" };
                Some((kind, self.message(event, label)))
            }
            EventKind::Note => Some(("note", self.message(event, String::new()))),
            EventKind::Escalated => Some(("handover", self.handover(event, later))),
            EventKind::HandoverBounced => {
                let code = words::bounce(data["code"].as_str().unwrap_or_default());
                let label = fill("event.bounced", &[("why", &code)]);
                Some(("note", self.message(event, label)))
            }
            EventKind::NotRouted => Some(("event", self.routed(data)?)),
            EventKind::Assigned if !data["internal"]["routing"].is_null() => {
                Some(("event", self.routed(&data["internal"]["routing"])?))
            }
            EventKind::HandedBack => Some((
                "note",
                self.message(event, t("event.handed_back").to_owned()),
            )),
            EventKind::Triage => Some(("bot", decision(event))),
            EventKind::JobFinished | EventKind::Finding => Some(("diag", evidence(data))),
            EventKind::Resolved if event.body.is_some() || event.removed_why.is_some() => {
                let kind = if is_bot(event) { "bot" } else { "reply" };
                Some((kind, self.message(event, t("event.resolved").to_owned())))
            }
            EventKind::Reopened => {
                let own = event.actor_name.as_deref() == Some(self.requester);
                Some((
                    if own { "ask" } else { "reply" },
                    self.message(event, t("event.reopened").to_owned()),
                ))
            }
            _ => {
                let (icon, text) = self.line(event)?;
                line(icon, text)
            }
        }
    }

    /// Events of one line; `None` where this reader gains nothing from it.
    fn line(&self, event: &Event) -> Option<(&'static str, String)> {
        let data = &event.data;
        let what = || said(data, &["what", "summary", "subject", "name", "why", "says"]);
        let clock = || {
            words::clock(
                data["metric"]
                    .as_str()
                    .or(data["clock"].as_str())
                    .unwrap_or_default(),
            )
        };
        Some(match event.kind {
            EventKind::Assigned => match data["name"].as_str() {
                Some(name) => ("user", fill("event.assigned", &[("name", &name)])),
                None if self.desk => {
                    let key = match data["internal"]["why"].as_str() {
                        Some("deactivated" | "not_in_queue") => "event.assigned_left",
                        Some("absent") => "event.assigned_absent",
                        _ => "event.assigned_nobody",
                    };
                    ("user", t(key).to_owned())
                }
                None => return None,
            },
            EventKind::Status => ("forward", self.status(data)?),
            EventKind::Priority => (
                "flag",
                if data["confirmed"] == true {
                    fill("event.priority_confirmed", &[("to", &data["to"])])
                } else {
                    fill(
                        "event.priority",
                        &[("from", &data["from"]), ("to", &data["to"])],
                    )
                },
            ),
            EventKind::Resolved => {
                let code = data["code"]
                    .as_str()
                    .and_then(|word| word.parse().ok())
                    .map_or("", words::code);
                ("ok", fill("event.resolved_line", &[("code", &code)]))
            }
            EventKind::Closed => match (data["by"].as_str(), self.desk) {
                (Some("requester"), true) => ("lock", t("event.closed_requester").to_owned()),
                (Some("requester"), false) => ("lock", t("event.closed_you").to_owned()),
                _ => ("lock", t("event.closed_time").to_owned()),
            },
            EventKind::BotGaveUp => match said(data, &["why", "says", "reason"]) {
                why if why == t("event.unknown_what") => {
                    ("bot", t("event.bot_gave_up_plain").to_owned())
                }
                why => ("bot", fill("event.bot_gave_up", &[("why", &why)])),
            },
            EventKind::HandoverAccepted => {
                let quality = data["quality"].as_str().map(words::quality);
                let text = match quality {
                    Some(quality) => fill("event.accepted_rated", &[("quality", &quality)]),
                    None => t("event.accepted").to_owned(),
                };
                ("ok", text)
            }
            EventKind::HandoverRated => {
                let quality = words::quality(data["quality"].as_str().unwrap_or_default());
                ("ok", fill("event.rated", &[("quality", &quality)]))
            }
            EventKind::RuleFired => ("rule", words::rule_fired(data)),
            EventKind::Breached => ("alert", fill("event.breached", &[("clock", &clock())])),
            EventKind::AtRisk => ("clock", fill("event.at_risk", &[("clock", &clock())])),
            EventKind::Recomputed => {
                let (at, key) = match data["closes_at"].as_str() {
                    Some(at) => (Some(at), "event.closes_later"),
                    None => (data["due_at"].as_str(), "event.recomputed"),
                };
                let at = at.and_then(|at| at.parse().ok());
                let at = at.map(|at| Moment::new(at, self.now, self.zone).short);
                let words = [
                    ("clock", &clock() as &dyn std::fmt::Display),
                    ("time", &at.unwrap_or_default()),
                ];
                ("clock", fill(key, &words))
            }
            EventKind::Kept => ("ok", fill("event.kept", &[("clock", &clock())])),
            EventKind::JobRequested => {
                let entry = said(data, &["entry"]);
                let host = said(data, &["host_name", "host"]);
                (
                    "pulse",
                    fill("event.job_requested", &[("entry", &entry), ("host", &host)]),
                )
            }
            EventKind::MailSent => ("mail", mail("event.mail_sent", data)),
            EventKind::MailFailed => ("mail", mail("event.mail_failed", data)),
            EventKind::InCharge => ("bell", what()),
            EventKind::Acknowledged if data[PICKED_UP] == true => {
                ("user", t("event.picked_up").to_owned())
            }
            EventKind::Acknowledged => ("ok", t("event.acknowledged").to_owned()),
            EventKind::Undone => ("undo", fill("event.undone", &[("what", &what())])),
            EventKind::PasswordReset => ("key", fill("event.password_reset", &[("what", &what())])),
            EventKind::Changed if data.get("kind").or(data.get("category")).is_some() => {
                ("edit", subject(data))
            }
            _ => ("edit", fill("event.changed", &[("what", &what())])),
        })
    }

    fn status(&self, data: &Value) -> Option<String> {
        let word = |key: &str| data[key].as_str().unwrap_or_default();
        if self.desk {
            let (from, to) = (words::status_of(word("from")), words::status_of(word("to")));
            return Some(fill("event.status", &[("from", &from), ("to", &to)]));
        }
        // A requester has just answered and knows that work goes on, or the ticket was only opened.
        let plain = match (word("from"), word("to")) {
            ("pending" | "on_hold", "open") => "event.work_goes_on",
            (_, "pending") => "event.waits_for_you",
            (_, "on_hold") => "event.waits_outside",
            _ => return None,
        };
        Some(t(plain).to_owned())
    }

    fn message(&self, event: &Event, label: String) -> Shape {
        let body = match (&event.body, &event.removed_why) {
            (_, Some(why)) => markdown(&fill("event.removed", &[("why", why)])),
            (Some(text), None) => markdown(text),
            (None, None) => SafeHtml::default(),
        };
        Shape::Message { label, body }
    }

    /// A decision of routing, as it is kept with its event.
    fn routed(&self, record: &Value) -> Option<Shape> {
        let decision = serde_json::from_value(record["decision"].clone()).ok()?;
        let wish = serde_json::from_value::<Wish>(record["wish"].clone()).ok();
        let say = crate::routing::Explain {
            now: self.now,
            zone: self.zone,
        };
        let rule = match &wish {
            Some(wish) => fill(
                "routing.by_rule",
                &[("name", &wish.name), ("n", &wish.version)],
            ),
            None => fill("routing.rule", &[("n", &record["version"])]),
        };
        let facts = say
            .everybody(&decision)
            .into_iter()
            .map(|(name, why)| Fact {
                label: name,
                value: why,
                note: String::new(),
            });
        let cited = Fact {
            label: t("event.rule").to_owned(),
            value: rule,
            note: String::new(),
        };
        let room = record["room"].as_str().map(|name| Fact {
            label: t("routing.when").to_owned(),
            value: fill("routing.room", &[("name", &name)]),
            note: String::new(),
        });
        Some(Shape::Routed {
            says: say.decision(&decision, wish.is_some()),
            facts: facts.chain(room).chain([cited]).collect(),
        })
    }

    /// What became of a hand-over, from what happened after it.
    fn answer(later: &[Event]) -> (&'static str, String) {
        let of = |kind| {
            let found = later.iter().find(|it| it.kind == kind);
            found.map(|it| doer(it).name).unwrap_or_default()
        };
        match standing(later.iter().map(|it| it.kind)) {
            Standing::Open => ("warning", t("event.answer_open").to_owned()),
            Standing::Accepted => {
                let name = of(EventKind::HandoverAccepted);
                ("success", fill("event.answer_accepted", &[("name", &name)]))
            }
            Standing::Bounced => {
                let name = of(EventKind::HandoverBounced);
                ("danger", fill("event.answer_bounced", &[("name", &name)]))
            }
            Standing::Over => ("", t("event.answer_over").to_owned()),
        }
    }

    fn handover(&self, event: &Event, later: &[Event]) -> Shape {
        let data = &event.data;
        let stop = |team: &str, tier: &str| {
            let team = serde_json::from_value(data[team].clone())
                .ok()
                .and_then(|id: TeamId| self.teams.get(&id));
            format!(
                "{} {}",
                data[tier].as_str().unwrap_or_default(),
                team.map_or("", String::as_str)
            )
        };
        let parts = [
            ("known", t("event.known")),
            ("tried", t("event.tried")),
            ("evidence", t("event.evidence")),
            ("ask", t("event.asked")),
        ]
        .into_iter()
        .filter_map(|(key, title)| {
            let text = data[key].as_str().filter(|text| !text.trim().is_empty())?;
            Some((title, markdown(text)))
        })
        .collect();
        Shape::Handover {
            from: stop("from_team", "from_tier"),
            to: stop("to_team", "to_tier"),
            parts,
            answer: Self::answer(later),
        }
    }
}

fn is_bot(event: &Event) -> bool {
    matches!(event.actor.kind, ActorKind::Bot)
}

fn doer(event: &Event) -> Doer {
    match &event.actor_name {
        Some(name) => Doer {
            initials: initials(name),
            name: name.clone(),
            bot: false,
        },
        None => Doer {
            name: t("ui.bot").to_owned(),
            initials: String::new(),
            bot: true,
        },
    }
}

/// The first of these keys that holds words.
fn said(data: &Value, keys: &[&str]) -> String {
    let found = keys
        .iter()
        .find_map(|key| data[*key].as_str().filter(|text| !text.is_empty()));
    found.unwrap_or(t("event.unknown_what")).to_owned()
}

/// What became of a ticket's kind and category.
fn subject(data: &Value) -> String {
    let kind = |key: &str| {
        let kind = data[key].as_str().and_then(|word| word.parse().ok());
        kind.map_or("", words::kind)
    };
    let category = |key: &str| data[key].as_str().unwrap_or(t("ticket.no_category"));
    let mut says = Vec::new();
    if data.get("kind").is_some() {
        let (from, to) = (kind("kind_from"), kind("kind"));
        says.push(fill("event.kind", &[("from", &from), ("to", &to)]));
    }
    if data.get("category").is_some() {
        let (from, to) = (category("category_from_name"), category("category_name"));
        says.push(fill("event.category", &[("from", &from), ("to", &to)]));
    }
    says.join(", ")
}

/// A mail's line: what it said, to whom and, where it failed, what the mail server answered.
fn mail(text: &'static str, data: &Value) -> String {
    let kind = data["mail"].as_str().and_then(|word| word.parse().ok());
    fill(
        text,
        &[
            ("to", &plain(&data["to"])),
            ("what", &kind.map_or("", words::mail)),
            ("why", &why_not(data)),
        ],
    )
}

/// Why a mail did not arrive: a text of the catalogue, what a mail server said, or a sentence that was written before there
/// were keys.
fn why_not(data: &Value) -> String {
    let said = plain(&data["said"]);
    let why = text::find(&said).map_or(said, str::to_owned);
    let gave_up = &data["gave_up"];
    if gave_up == "no_server" {
        return fill("event.mail_gave_up_server", &[("why", &why)]);
    }
    match gave_up["tries"].as_u64() {
        Some(tries) => fill("event.mail_gave_up_tries", &[("n", &tries), ("why", &why)]),
        None => why,
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

fn decision(event: &Event) -> Shape {
    let data = &event.data;
    let known = [("rule", t("event.rule")), ("words", t("event.words"))];
    let facts = known
        .into_iter()
        .filter(|(key, _)| !data[*key].is_null())
        .map(|(key, label)| Fact {
            label: label.to_owned(),
            value: plain(&data[key]),
            note: String::new(),
        })
        .chain(facts(data))
        .collect();
    let says = event
        .body
        .clone()
        .unwrap_or_else(|| said(data, &["says", "summary", "outcome", "what"]));
    Shape::Decision { says, facts }
}

fn facts(data: &Value) -> impl Iterator<Item = Fact> + '_ {
    data["facts"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|fact| Fact {
            label: plain(&fact["label"]),
            value: plain(&fact["value"]),
            note: plain(&fact["note"]),
        })
}

fn evidence(data: &Value) -> Shape {
    Shape::Evidence {
        verdict: match data["verdict"].as_str() {
            Some("healthy") => "healthy".to_owned(),
            Some("problem") => "problem".to_owned(),
            _ => "unknown".to_owned(),
        },
        title: plain(&data["entry"]),
        host: plain(if data["host_name"].is_null() {
            &data["host"]
        } else {
            &data["host_name"]
        }),
        summary: said(data, &["summary", "says", "what"]),
        facts: facts(data).collect(),
        output: plain(&data["output"]),
        job: data["job"]
            .as_str()
            .filter(|id| id.parse::<uuid::Uuid>().is_ok())
            .map(|id| format!("/jobs/{id}"))
            .unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn why_a_mail_did_not_arrive_is_told_from_keys_and_from_what_was_written_before_there_were_any()
    {
        let late = t("event.mail_why_late");
        assert_eq!(why_not(&json!({"said": "event.mail_why_late"})), late);
        let server = json!({"said": "550 no such user", "gave_up": null});
        assert_eq!(why_not(&server), "550 no such user");
        let old = "given up after 40 attempts; the last answer was: 451 later";
        assert_eq!(why_not(&json!({"said": old})), old);
        let tries = why_not(&json!({"said": "451 later", "gave_up": {"tries": 40}}));
        assert!(
            tries.contains("40") && tries.ends_with("451 later"),
            "{tries}"
        );
        let gone = why_not(&json!({"said": "refused", "gave_up": "no_server"}));
        assert!(gone.ends_with("refused") && gone != "refused", "{gone}");
    }
}
