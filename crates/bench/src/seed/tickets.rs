//! Stories as COPY rows, with everything that is kept beside them: clocks, deadlines and firings are what the product's own
//! engine reckons, so that a recount finds nothing to mend.

use std::fmt::{Display, Write};

use serde_json::{Value, json};
use tierdesk_desk::clock::projection;
use tierdesk_desk::reckoning::Reckoning;
use tierdesk_desk::rulebook::Rulebook;
use tierdesk_domain::clock::{Clock, Outcome, State};
use tierdesk_domain::id::DocumentId;
use tierdesk_domain::tally::BY_BOT;
use tierdesk_domain::ticket::ResolvedBy;
use tierdesk_domain::timeline::EventKind;
use tierdesk_store::clock::{ClockEvent, Projection};
use tierdesk_store::ticket::Ticket;

use super::company::id;
use super::copy::Copy;
use super::story::{Draft, Happening, Story, Teller};

/// The tables that a ticket writes to.
pub(crate) struct Tables {
    ticket: Copy,
    content: Copy,
    event: Copy,
    clock: Copy,
    timer: Copy,
    firing: Copy,
}

impl Tables {
    pub(crate) async fn begin(url: &str) -> anyhow::Result<Self> {
        Ok(Self {
            ticket: Copy::begin(
                url,
                "copy ticket (id, number, kind, title, status, impact, urgency, priority, category_id, team_id, tier, assignee_id, \
                 requester_id, organisation_id, channel, resolution_code, resolved_by, created_at, updated_at, resolved_at, \
                 closed_at, auto_close_at, next_clock_at, next_risk_at, next_clock, next_clock_risk_at, next_clock_seconds, \
                 sla_policy_id, sla_policy_version, acknowledged_at, search) from stdin",
            )
            .await?,
            content: Copy::begin(url, "copy content (id, format, body, hash) from stdin").await?,
            event: Copy::begin(
                url,
                "copy event (id, ticket_id, at, kind, visibility, actor_kind, actor_id, cycle, team_id, tier, priority, \
                 category_id, organisation_id, content_id, data, search) from stdin",
            )
            .await?,
            clock: Copy::begin(
                url,
                "copy ticket_clock (ticket_id, metric, cycle, state, target_seconds, due_at, risk_at, met_at, breached_at, \
                 warned_at, policy_id, policy_version) from stdin",
            )
            .await?,
            timer: Copy::begin(url, "copy timer (kind, object_id, cycle, fires_at) from stdin").await?,
            firing: Copy::begin(
                url,
                "copy rule_firing (rule_id, ticket_id, cycle, rule_version, fired_at, late_by_seconds, effects) from stdin",
            )
            .await?,
        })
    }

    fn all(&mut self) -> [&mut Copy; 6] {
        [
            &mut self.ticket,
            &mut self.content,
            &mut self.event,
            &mut self.clock,
            &mut self.timer,
            &mut self.firing,
        ]
    }

    pub(crate) async fn pass_on(&mut self) {
        for table in self.all() {
            table.pass_on().await;
        }
    }

    pub(crate) async fn finish(self) -> anyhow::Result<()> {
        let Self {
            ticket,
            content,
            event,
            clock,
            timer,
            firing,
        } = self;
        for table in [ticket, content, event, clock, timer, firing] {
            table.finish().await?;
        }
        Ok(())
    }
}

/// Writes tickets.
pub(crate) struct Writer<'a> {
    pub(crate) teller: Teller<'a>,
    pub(crate) rulebook: &'a Rulebook,
}

impl Writer<'_> {
    /// Writes the ticket with that number.
    pub(crate) fn write(&mut self, number: i64, draft: &Draft, out: &mut Tables) {
        let mut story = self.teller.tell(number, draft);
        let now = self.teller.now;
        let events = events(&story);
        let reckon =
            |fired: &[DocumentId]| Reckoning::of(&story.ticket, &events, fired, self.rulebook, now);
        let mut reckoned = reckon(&[]);
        let holding = reckoned.rules.iter().filter(|(since, _)| *since <= now);
        let fired: Vec<_> = holding.copied().collect();
        if !fired.is_empty() {
            let rules: Vec<_> = fired.iter().map(|(_, rule)| *rule).collect();
            reckoned = reckon(&rules);
        }
        for clock in &reckoned.clocks {
            let warned = self.tell_of(&mut story, clock, &reckoned);
            write_clock(&story.ticket, &projection(clock, warned), out);
        }
        for (since, rule) in fired {
            let queue = reckoned.told.history.queue_at(since);
            let document = self.rulebook.rules.iter().find(|it| it.id == rule);
            let (name, version) = document.map_or(("", 1), |it| (&it.name, it.version));
            let record = json!({
                "rule": name, "rule_id": rule, "version": version, "because": name, "effects": [], "since": since,
                "late_by_seconds": 0,
            });
            let row = out.firing.row();
            let _ = write!(
                row,
                "{rule}\t{}\t1\t{version}\t{since}\t0\t",
                story.ticket.id
            );
            write_json(row, &record);
            row.push('\n');
            let fired = EventKind::RuleFired;
            let happening = self.teller.noted(since, fired, Some(rule), queue, record);
            story.happenings.push(happening);
        }
        if let Some(at) = reckoned.deadline {
            let _ = writeln!(out.timer.row(), "clock\t{}\t1\t{at}", story.ticket.id);
        }
        if let Some(at) = story.ticket.auto_close_at {
            let _ = writeln!(out.timer.row(), "auto_close\t{}\t1\t{at}", story.ticket.id);
        }
        for happening in &story.happenings {
            self.write_event(&story, happening, out);
        }
        self.write_ticket(&story, &reckoned, out);
    }

    /// What the timeline says of a clock; returns since when it is known to be at risk.
    fn tell_of(
        &mut self,
        story: &mut Story,
        clock: &Clock,
        reckoned: &Reckoning,
    ) -> Option<chrono::DateTime<chrono::Utc>> {
        let history = &reckoned.told.history;
        let (kind, at) = match (clock.news(), clock.state) {
            (Some(Outcome::Broken), _) => (EventKind::Breached, clock.breached_at?),
            (Some(Outcome::Kept), State::Met(at)) => (EventKind::Kept, at),
            (None, State::Running) if clock.is_at_risk() => (EventKind::AtRisk, clock.risk_at?),
            _ => return None,
        };
        let applied = &clock.applied;
        let mut data = json!({
            "metric": clock.metric, "ordinal": clock.ordinal, "at": at, "late_by_seconds": 0, "due_at": clock.due_at,
            "target_seconds": clock.target.num_seconds(), "counted_seconds": clock.counted.num_seconds(),
            "policy": applied.policy.0, "policy_version": applied.policy.1, "rule": applied.rule,
        });
        let by_bot = story.ticket.resolved_by == Some(ResolvedBy::Bot);
        if kind == EventKind::Kept && by_bot && story.ticket.resolved_at == Some(at) {
            data[BY_BOT] = json!(clock.metric);
        }
        // A promise between tiers is the queue's in which it began.
        let queue = history.queue_at(if clock.metric.is_sla() {
            at
        } else {
            clock.started_at
        });
        if queue != history.queue_at(at) {
            (data["from_team"], data["from_tier"]) = (json!(queue.0), json!(queue.1));
        }
        let happening = self.teller.noted(at, kind, None, queue, data);
        story.happenings.push(happening);
        (kind == EventKind::AtRisk).then_some(at)
    }

    fn write_event(&mut self, story: &Story, happening: &Happening, out: &mut Tables) {
        let ticket = &story.ticket;
        let content = (happening.text.as_ref()).map(|text| {
            let content = id(&mut self.teller.random, happening.at);
            self.write_content(content, text, out);
            content
        });
        let row = out.event.row();
        let _ = write!(
            row,
            "{}\t{}\t{}\t{}\t{}\t{}\t{}\t1\t{}\t{}\t{}\t{}\t{}\t{}\t",
            happening.id,
            ticket.id,
            happening.at,
            happening.kind.as_str(),
            happening.visibility.as_str(),
            happening.by.kind.as_str(),
            or_null(happening.by.id),
            happening.queue.0,
            happening.queue.1.number(),
            ticket.priority.number(),
            or_null(ticket.category),
            or_null(ticket.organisation),
            or_null(content),
        );
        write_json(row, &happening.data);
        row.push('\t');
        match &happening.text {
            // The description is searched through the ticket, so its event has no vector.
            Some(text) if happening.kind != EventKind::Opened => {
                self.teller.words.write_vector(row, &[(text, "")]);
            }
            _ => row.push_str("\\N"),
        }
        row.push('\n');
    }

    fn write_content(&self, content: uuid::Uuid, text: &[usize], out: &mut Tables) {
        let mut body = String::new();
        self.teller.words.write(&mut body, text);
        let hash =
            ring::digest::digest(&ring::digest::SHA256, body.replace("\\n", "\n").as_bytes());
        let row = out.content.row();
        let _ = write!(row, "{content}\tmarkdown\t{body}\t\\\\x");
        for byte in hash.as_ref() {
            let _ = write!(row, "{byte:02x}");
        }
        row.push('\n');
    }

    fn write_ticket(&self, story: &Story, reckoned: &Reckoning, out: &mut Tables) {
        let (ticket, next) = (&story.ticket, &reckoned.next);
        let row = out.ticket.row();
        let _ = write!(
            row,
            "{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t",
            ticket.id,
            ticket.number.0,
            ticket.kind.as_str(),
            ticket.title,
            ticket.status.as_str(),
            ticket.impact.number(),
            ticket.urgency.number(),
            ticket.priority.number(),
            or_null(ticket.category),
            ticket.team,
            ticket.tier.number(),
            or_null(ticket.assignee),
            ticket.requester,
            or_null(ticket.organisation),
            ticket.channel.as_str(),
            or_null(ticket.resolution_code.map(|it| it.as_str())),
            or_null(ticket.resolved_by.map(|it| it.as_str())),
        );
        let updated = story.happenings.iter().map(|it| it.at).max();
        let _ = write!(
            row,
            "{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t",
            ticket.created_at,
            updated.unwrap_or(ticket.updated_at),
            or_null(ticket.resolved_at),
            or_null(ticket.closed_at),
            or_null(ticket.auto_close_at),
            or(next.due_at, "infinity"),
            or(next.risk_at, "infinity"),
            or_null(next.clock),
            or_null(next.clock_risk_at),
            or_null(next.clock_seconds),
            or_null(next.policy.map(|it| it.0)),
            or_null(next.policy.map(|it| it.1)),
            or_null(ticket.acknowledged_at),
        );
        let description = story.happenings.iter().find_map(|it| it.text.as_deref());
        let parts = [(&*story.title, "A"), (description.unwrap_or_default(), "B")];
        self.teller.words.write_vector(row, &parts);
        row.push('\n');
    }
}

/// What clocks read of a story.
fn events(story: &Story) -> Vec<ClockEvent> {
    let ticket = &story.ticket;
    let all = story.happenings.iter();
    all.filter(|it| ClockEvent::matters(it.kind))
        .map(|it| ClockEvent {
            at: it.at,
            kind: it.kind,
            by: it.by,
            data: it.data.clone(),
            team: it.queue.0,
            tier: it.queue.1,
            priority: ticket.priority,
            category: ticket.category,
            organisation: ticket.organisation,
        })
        .collect()
}

fn write_clock(ticket: &Ticket, clock: &Projection, out: &mut Tables) {
    let _ = writeln!(
        out.clock.row(),
        "{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}",
        ticket.id,
        clock.metric.as_str(),
        clock.ordinal,
        clock.state,
        clock.target_seconds,
        or_null(clock.due_at),
        or_null(clock.risk_at),
        or_null(clock.met_at),
        or_null(clock.breached_at),
        or_null(clock.warned_at),
        clock.policy.0,
        clock.policy.1
    );
}

fn write_json(row: &mut String, value: &Value) {
    row.push_str(&value.to_string().replace('\\', "\\\\"));
}

fn or_null(value: Option<impl Display>) -> String {
    or(value, "\\N")
}

fn or(value: Option<impl Display>, none: &str) -> String {
    value.map_or_else(|| none.to_owned(), |value| value.to_string())
}
