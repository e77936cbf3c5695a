//! Tickets with everything that hangs on them, written as COPY rows.

use std::fmt::Write;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::company::{Company, TEAM_SHARES, id};
use super::copy::Copy;
use super::random::Random;
use super::words::{Text, Vocabulary};

/// How far back the oldest ticket lies.
const SPAN: TimeDelta = TimeDelta::days(3 * 365);
/// The number of the oldest ticket.
pub(crate) const FIRST_NUMBER: u64 = 10_001;
/// A ticket in the newest tenth is open with this chance, an older one with the other: 5 % altogether.
const OPEN: (f64, f64) = (0.41, 0.01);
/// Seconds of first response and resolution by priority.
const TARGETS: [(i64, i64); 4] = [
    (900, 14_400),
    (3_600, 28_800),
    (14_400, 86_400),
    (28_800, 259_200),
];
/// When nothing is due: the due time, the risk, which clock, its own risk and its promise.
const NO_CLOCK: &str = "infinity\tinfinity\t\\N\t\\N\t\\N";
/// An engineer takes a ticket so long after it was filed.
const TAKEN_AFTER: TimeDelta = TimeDelta::seconds(90);
const TIER_SHARES: [f64; 3] = [0.62, 0.28, 0.10];
const PRIORITY_SHARES: [f64; 4] = [0.01, 0.12, 0.55, 0.32];

/// The tables that a ticket writes to.
pub(crate) struct Tables {
    pub(crate) ticket: Copy,
    pub(crate) content: Copy,
    pub(crate) event: Copy,
    pub(crate) clock: Copy,
    pub(crate) timer: Copy,
}

impl Tables {
    pub(crate) async fn begin(url: &str) -> anyhow::Result<Self> {
        Ok(Self {
            ticket: Copy::begin(
                url,
                "copy ticket (id, number, kind, title, status, impact, urgency, priority, category_id, team_id, tier, assignee_id, \
                 requester_id, organisation_id, channel, resolution_code, resolved_by, created_at, updated_at, resolved_at, \
                 closed_at, next_clock_at, next_risk_at, next_clock, next_clock_risk_at, next_clock_seconds, acknowledged_at, search) from stdin",
            )
            .await?,
            content: Copy::begin(url, "copy content (id, format, body, hash) from stdin").await?,
            event: Copy::begin(
                url,
                "copy event (id, ticket_id, at, kind, visibility, actor_kind, actor_id, cycle, team_id, tier, priority, content_id, \
                 data, search, category_id, organisation_id) from stdin",
            )
            .await?,
            clock: Copy::begin(
                url,
                "copy ticket_clock (ticket_id, metric, cycle, state, target_seconds, due_at, risk_at, met_at, breached_at, \
                 policy_id, policy_version) from stdin",
            )
            .await?,
            timer: Copy::begin(url, "copy timer (kind, object_id, cycle, fires_at) from stdin").await?,
        })
    }

    pub(crate) async fn pass_on(&mut self) {
        self.ticket.pass_on().await;
        self.content.pass_on().await;
        self.event.pass_on().await;
        self.clock.pass_on().await;
        self.timer.pass_on().await;
    }

    pub(crate) async fn finish(self) -> anyhow::Result<()> {
        self.ticket.finish().await?;
        self.content.finish().await?;
        self.event.finish().await?;
        self.clock.finish().await?;
        self.timer.finish().await?;
        Ok(())
    }
}

/// Makes tickets in the order they were filed.
pub(crate) struct Maker<'a> {
    pub(crate) company: &'a Company,
    pub(crate) categories: &'a [Uuid],
    pub(crate) policy: Uuid,
    pub(crate) words: &'a Vocabulary,
    pub(crate) random: Random,
    pub(crate) now: DateTime<Utc>,
    pub(crate) tickets: u64,
    /// Whether every ticket is open, for the measurement of the deadlines.
    pub(crate) all_open: bool,
}

/// What the rows of one ticket share.
struct Ticket {
    id: Uuid,
    filed: DateTime<Utc>,
    team: usize,
    tier: usize,
    priority: usize,
    requester: Uuid,
    engineer: Uuid,
    category: Uuid,
    organisation: Uuid,
    title: Text,
}

/// A clock of a ticket.
struct Clock {
    metric: &'static str,
    target: i64,
    due: DateTime<Utc>,
    state: &'static str,
    ended: Option<DateTime<Utc>>,
}

/// An entry of a timeline.
struct Happening<'a> {
    at: DateTime<Utc>,
    kind: &'a str,
    visibility: &'a str,
    data: &'a str,
    text: Option<&'a [usize]>,
}

impl Maker<'_> {
    /// Writes the `n`th ticket, counted from the oldest.
    pub(crate) fn write(&mut self, n: u64, out: &mut Tables) {
        let random = &mut self.random;
        let age = 1.0 - (n as f64 + random.unit()) / self.tickets as f64;
        let filed =
            self.now - TimeDelta::milliseconds((SPAN.num_milliseconds() as f64 * age) as i64);
        let team = random.weighted(&TEAM_SHARES);
        let tier = if team == 0 {
            random.weighted(&[0.9, 0.08, 0.02])
        } else {
            random.weighted(&TIER_SHARES)
        };
        let requester = random.below(self.company.requesters.len());
        let ticket = Ticket {
            id: id(random, filed),
            filed,
            team,
            tier,
            priority: random.weighted(&PRIORITY_SHARES),
            requester: self.company.requesters[requester],
            engineer: *random.pick(&self.company.engineers[team][tier]),
            category: *random.pick(self.categories),
            organisation: self.company.organisations[requester % self.company.organisations.len()],
            title: self.words.title(random),
        };
        let share = if age < 0.1 { OPEN.0 } else { OPEN.1 };
        if self.all_open || random.chance(share) {
            self.write_open(n, &ticket, out);
        } else {
            self.write_closed(n, &ticket, out);
        }
    }

    fn write_open(&mut self, n: u64, ticket: &Ticket, out: &mut Tables) {
        let random = &mut self.random;
        let status =
            ["new", "open", "pending", "on_hold"][random.weighted(&[0.25, 0.5, 0.17, 0.08])];
        let assigned = status != "new";
        // Most are due in the coming two weeks, some are late.
        let due = self.now + TimeDelta::seconds((random.wait(5.0 * 86_400.0) - 14_400.0) as i64);
        let runs = status != "pending";
        let (response, resolution) = TARGETS[ticket.priority];
        let clock = if assigned {
            "resolution"
        } else {
            "first_response"
        };
        self.opened(ticket, out);
        if assigned {
            self.assigned(ticket, out);
        }
        let mut updated = ticket.filed;
        if assigned && self.random.chance(0.7) {
            updated = self.later(ticket.filed, 6_000.0);
            self.reply(ticket, updated, out);
        }
        let met = assigned.then(|| ticket.filed + TimeDelta::seconds(response / 2));
        self.clock(
            ticket,
            &Clock {
                metric: "first_response",
                target: response,
                due: if assigned {
                    ticket.filed + TimeDelta::seconds(response)
                } else {
                    due
                },
                state: if assigned { "met" } else { "running" },
                ended: met,
            },
            out,
        );
        self.clock(
            ticket,
            &Clock {
                metric: "resolution",
                target: resolution,
                due: if assigned {
                    due
                } else {
                    due + TimeDelta::seconds(resolution)
                },
                state: if runs { "running" } else { "paused" },
                ended: None,
            },
            out,
        );
        if runs && due > self.now {
            let _ = writeln!(out.timer.row(), "clock\t{}\t1\t{due}", ticket.id);
        }
        let next = if runs {
            let target = if assigned { resolution } else { response };
            let risk = due - TimeDelta::seconds(target / 4);
            format!("{due}\t{risk}\t{clock}\t{risk}\t{target}")
        } else {
            NO_CLOCK.to_owned()
        };
        let assignee = if assigned {
            ticket.engineer.to_string()
        } else {
            "\\N".to_owned()
        };
        self.ticket(
            n,
            ticket,
            out,
            &[
                status,
                &assignee,
                "\\N\t\\N",
                &updated.to_string(),
                "\\N\t\\N",
                &next,
            ],
        );
    }

    fn write_closed(&mut self, n: u64, ticket: &Ticket, out: &mut Tables) {
        let (response, resolution) = TARGETS[ticket.priority];
        self.opened(ticket, out);
        self.assigned(ticket, out);
        let replied = self.later(ticket.filed, response as f64 / 2.0);
        self.reply(ticket, replied, out);
        self.promise(ticket, "first_response", response, replied, out);
        if ticket.tier > 0 {
            self.escalated(ticket, replied, out);
        }
        let resolved = self.later(replied, resolution as f64 / 3.0);
        let by_bot = self.random.chance(0.15);
        let by = if by_bot { "bot" } else { "human" };
        let text = self.words.text(&mut self.random, 14);
        let took = (resolved - ticket.filed).num_seconds();
        self.event(
            ticket,
            &Happening {
                at: resolved,
                kind: "resolved",
                visibility: "public",
                data: &format!(
                    r#"{{"code": "fixed", "by": "{by}", "internal": {{"resolved_in": {{"elapsed_seconds": {took}, "business_seconds": {}}}}}}}"#,
                    took / 3
                ),
                text: Some(&text),
            },
            out,
        );
        self.promise(ticket, "resolution", resolution, resolved, out);
        let closed = resolved + TimeDelta::days(7);
        let ended = closed < self.now;
        if ended {
            self.event(
                ticket,
                &Happening {
                    at: closed,
                    kind: "closed",
                    visibility: "public",
                    data: r#"{"by": "time"}"#,
                    text: None,
                },
                out,
            );
        }
        let (status, updated) = if ended {
            ("closed", closed)
        } else {
            ("resolved", resolved)
        };
        let end = if ended {
            closed.to_string()
        } else {
            "\\N".to_owned()
        };
        let times = format!("{resolved}\t{end}");
        let how = format!("fixed\t{by}");
        self.ticket(
            n,
            ticket,
            out,
            &[
                status,
                &ticket.engineer.to_string(),
                &how,
                &updated.to_string(),
                &times,
                NO_CLOCK,
            ],
        );
    }

    /// Some time after `at`, but not in the future.
    fn later(&mut self, at: DateTime<Utc>, mean: f64) -> DateTime<Utc> {
        (at + TimeDelta::seconds(60 + self.random.wait(mean) as i64)).min(self.now)
    }

    fn opened(&mut self, ticket: &Ticket, out: &mut Tables) {
        let mut title = String::new();
        self.words.write(&mut title, &ticket.title);
        let data = format!(
            r#"{{"title": "{title}", "channel": "web", "priority": {}}}"#,
            ticket.priority + 1
        );
        // The description is searched through the ticket, so its event has no vector; `ticket` writes it.
        self.event(
            ticket,
            &Happening {
                at: ticket.filed,
                kind: "opened",
                visibility: "public",
                data: &data,
                text: None,
            },
            out,
        );
    }

    fn assigned(&mut self, ticket: &Ticket, out: &mut Tables) {
        let at = ticket.filed + TAKEN_AFTER;
        let data = format!(
            r#"{{"to": "{}", "name": "An Engineer", "internal": {{"acknowledged_in": {{"elapsed_seconds": 90, "business_seconds": 60}}}}}}"#,
            ticket.engineer
        );
        self.event(
            ticket,
            &Happening {
                at,
                kind: "assigned",
                visibility: "public",
                data: &data,
                text: None,
            },
            out,
        );
    }

    fn reply(&mut self, ticket: &Ticket, at: DateTime<Utc>, out: &mut Tables) {
        let text = self.words.text(&mut self.random, 24);
        self.event(
            ticket,
            &Happening {
                at,
                kind: "reply",
                visibility: "public",
                data: "{}",
                text: Some(&text),
            },
            out,
        );
    }

    fn escalated(&mut self, ticket: &Ticket, at: DateTime<Utc>, out: &mut Tables) {
        let team = self.company.teams[ticket.team];
        let data = format!(
            r#"{{"from_team": "{team}", "from_tier": "L{}", "to_team": "{team}", "to_tier": "L{}", "team": "Team", "known": "It fails.", "tried": "A restart.", "evidence": "The log.", "ask": "Please look."}}"#,
            ticket.tier,
            ticket.tier + 1
        );
        self.event(
            ticket,
            &Happening {
                at,
                kind: "escalated",
                visibility: "internal",
                data: &data,
                text: None,
            },
            out,
        );
    }

    /// A clock that ended, and the event that says how.
    fn promise(
        &mut self,
        ticket: &Ticket,
        metric: &'static str,
        target: i64,
        ended: DateTime<Utc>,
        out: &mut Tables,
    ) {
        let due = ticket.filed + TimeDelta::seconds(target);
        let kept = ended <= due;
        let (kind, state, at) = if kept {
            ("kept", "met", ended)
        } else {
            ("breached", "breached", due)
        };
        self.event(
            ticket,
            &Happening {
                at,
                kind,
                visibility: "internal",
                data: &format!(r#"{{"metric": "{metric}"}}"#),
                text: None,
            },
            out,
        );
        self.clock(
            ticket,
            &Clock {
                metric,
                target,
                due,
                state,
                ended: Some(ended),
            },
            out,
        );
    }

    fn event(&mut self, ticket: &Ticket, happening: &Happening<'_>, out: &mut Tables) {
        let &Happening {
            at,
            kind,
            visibility,
            data,
            text,
        } = happening;
        let event = id(&mut self.random, at);
        // The words of the opening event are written with the ticket.
        let content = (text.is_some() || kind == "opened").then(|| id(&mut self.random, at));
        let actor = if kind == "opened" {
            ticket.requester
        } else {
            ticket.engineer
        };
        let row = out.event.row();
        let _ = write!(
            row,
            "{event}\t{}\t{at}\t{kind}\t{visibility}\thuman\t{actor}\t1\t{}\t{}\t{}\t",
            ticket.id,
            self.company.teams[ticket.team],
            ticket.tier + 1,
            ticket.priority + 1
        );
        match content {
            Some(content) => {
                let _ = write!(row, "{content}");
            }
            None => row.push_str("\\N"),
        }
        let _ = write!(row, "\t{data}\t");
        match text {
            Some(text) => self.words.write_vector(row, &[(text, "")]),
            None => row.push_str("\\N"),
        }
        let _ = writeln!(row, "\t{}\t{}", ticket.category, ticket.organisation);
        if let Some(content) = content {
            match text {
                Some(text) => self.content(content, text, out),
                None => {
                    let text = self.words.text(&mut self.random, 44);
                    self.content(content, &text, out);
                    self.description(ticket, &text, out);
                }
            }
        }
    }

    fn content(&self, content: Uuid, text: &[usize], out: &mut Tables) {
        let mut body = String::new();
        self.words.write(&mut body, text);
        let hash =
            ring::digest::digest(&ring::digest::SHA256, body.replace("\\n", "\n").as_bytes());
        let row = out.content.row();
        let _ = write!(row, "{content}\tmarkdown\t{body}\t\\\\x");
        for byte in hash.as_ref() {
            let _ = write!(row, "{byte:02x}");
        }
        row.push('\n');
    }

    /// Keeps the search vector of a ticket for the end of its row.
    fn description(&self, ticket: &Ticket, text: &[usize], out: &mut Tables) {
        out.ticket.kept.clear();
        self.words
            .write_vector(&mut out.ticket.kept, &[(&ticket.title, "A"), (text, "B")]);
    }

    fn clock(&self, ticket: &Ticket, clock: &Clock, out: &mut Tables) {
        let Clock {
            metric,
            target,
            due,
            state,
            ended,
        } = clock;
        let risk = *due - TimeDelta::seconds(target / 4);
        let end = ended.map_or_else(|| "\\N".to_owned(), |at| at.to_string());
        let (met, broken) = match *state {
            "met" => (end.as_str(), "\\N"),
            "breached" => ("\\N", end.as_str()),
            _ => ("\\N", "\\N"),
        };
        let due = if *state == "paused" {
            "\\N\t\\N".to_owned()
        } else {
            format!("{due}\t{risk}")
        };
        let _ = writeln!(
            out.clock.row(),
            "{}\t{metric}\t1\t{state}\t{target}\t{due}\t{met}\t{broken}\t{}\t1",
            ticket.id,
            self.policy
        );
    }

    /// `rest`: status, assignee, how it was resolved and by whom, when it changed, when it was resolved and closed, the next
    /// clock.
    fn ticket(&mut self, n: u64, ticket: &Ticket, out: &mut Tables, rest: &[&str; 6]) {
        let (category, organisation) = (ticket.category, ticket.organisation);
        let acknowledged = if *rest[1] == *"\\N" {
            "\\N".to_owned()
        } else {
            (ticket.filed + TAKEN_AFTER).to_string()
        };
        let [status, assignee, how, updated, times, next] = rest;
        let kept = std::mem::take(&mut out.ticket.kept);
        let row = out.ticket.row();
        let _ = write!(row, "{}\t{}\tincident\t", ticket.id, FIRST_NUMBER + n);
        self.words.write(row, &ticket.title);
        let (impact, urgency) = [(1, 1), (2, 1), (3, 2), (3, 3)][ticket.priority];
        let _ = writeln!(
            row,
            "\t{status}\t{impact}\t{urgency}\t{}\t{category}\t{}\t{}\t{assignee}\t{}\t{organisation}\tweb\t{how}\t{}\t{updated}\t{times}\t{next}\t{acknowledged}\t{kept}",
            ticket.priority + 1,
            self.company.teams[ticket.team],
            ticket.tier + 1,
            ticket.requester,
            ticket.filed
        );
        out.ticket.kept = kept;
    }
}
