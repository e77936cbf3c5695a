//! What happens to the tickets of the measured company: who filed them, who had them, what was said, and how it ended.

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use serde_json::{Value, json};
use tierdesk_domain::actor::Actor;
use tierdesk_domain::id::{CategoryId, DocumentId, PersonId, TeamId, TicketId, TicketNumber};
use tierdesk_domain::tally::{ACKNOWLEDGED, FIRST_CONTACT, RESOLVED};
use tierdesk_domain::ticket::{
    Channel, Impact, Kind, Priority, ResolutionCode, ResolvedBy, Status, Urgency,
};
use tierdesk_domain::tier::Tier;
use tierdesk_domain::timeline::{EventKind, Visibility};
use tierdesk_store::ticket::Ticket;
use uuid::Uuid;

use super::company::{Company, TEAM_SHARES, id};
use super::random::Random;
use super::words::{Text, Vocabulary};

/// How far back the oldest ticket lies.
const SPAN: TimeDelta = TimeDelta::days(3 * 365);
/// A ticket in the newest tenth is open with this chance, an older one with the other: 5 % altogether.
const OPEN: (f64, f64) = (0.41, 0.01);
/// Of those filed so lately that they can be in time so many are late already.
const LATE: f64 = 0.03;
/// What the standard policy promises, in seconds by priority: the first response, the resolution.
const PROMISES: [(f64, f64); 4] = [
    (900.0, 14_400.0),
    (3_600.0, 28_800.0),
    (14_400.0, 86_400.0),
    (28_800.0, 144_000.0),
];
const TIER_SHARES: [f64; 3] = [0.62, 0.28, 0.10];
const PRIORITY_SHARES: [f64; 4] = [0.01, 0.12, 0.55, 0.32];
/// An engineer takes a ticket so long after it was filed.
const TAKEN_AFTER: TimeDelta = TimeDelta::seconds(90);
/// After this time a resolved ticket closes by itself: five days of a desk that works every day.
const CLOSED_AFTER: TimeDelta = TimeDelta::days(5);

/// What becomes of a ticket.
#[derive(Debug, Clone, Copy)]
enum Fate {
    /// It is open.
    Open(Status),
    /// It was resolved, and closed a few days later.
    Done,
}

/// A ticket before its story is told.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Draft {
    filed: DateTime<Utc>,
    fate: Fate,
    priority: usize,
}

/// So many tickets, in the order in which they were filed.
pub(crate) fn drafts(
    random: &mut Random,
    tickets: u64,
    all_open: bool,
    now: DateTime<Utc>,
) -> Vec<Draft> {
    let mut drafts: Vec<Draft> = (0..tickets)
        .map(|n| {
            let age = 1.0 - (n as f64 + random.unit()) / tickets as f64;
            let priority = random.weighted(&PRIORITY_SHARES);
            let status = fresh(random);
            let promised = promised(status, priority) * (1.0 + LATE);
            let mut ago = SPAN.as_seconds_f64() * age;
            let fate = if all_open {
                ago = promised * random.unit();
                Fate::Open(status)
            } else if !random.chance(if age < 0.1 { OPEN.0 } else { OPEN.1 }) {
                Fate::Done
            } else if ago < promised {
                Fate::Open(status)
            } else {
                Fate::Open(lingering(random))
            };
            let ago = TimeDelta::milliseconds((ago * 1000.0) as i64);
            Draft {
                filed: now - ago,
                fate,
                priority,
            }
        })
        .collect();
    drafts.sort_by_key(|draft| draft.filed);
    drafts
}

/// Where a ticket stands whose promises can still be kept.
fn fresh(random: &mut Random) -> Status {
    [Status::New, Status::Open, Status::OnHold][random.weighted(&[0.3, 0.6, 0.1])]
}

/// What comes due first of a ticket that stands there: how many seconds were promised.
fn promised(status: Status, priority: usize) -> f64 {
    let (response, resolution) = PROMISES[priority];
    if status == Status::New {
        response
    } else {
        resolution
    }
}

/// What stays open for longer mostly waits for somebody.
fn lingering(random: &mut Random) -> Status {
    [Status::Pending, Status::OnHold, Status::Open][random.weighted(&[0.6, 0.15, 0.25])]
}

/// An entry of a timeline.
#[derive(Debug)]
pub(crate) struct Happening {
    pub(crate) id: Uuid,
    pub(crate) at: DateTime<Utc>,
    pub(crate) kind: EventKind,
    pub(crate) visibility: Visibility,
    pub(crate) by: Actor,
    pub(crate) queue: (TeamId, Tier),
    pub(crate) data: Value,
    pub(crate) text: Option<Text>,
}

/// A ticket and what happened to it. What is kept of its clocks is not in the ticket.
#[derive(Debug)]
pub(crate) struct Story {
    pub(crate) ticket: Ticket,
    pub(crate) title: Text,
    pub(crate) happenings: Vec<Happening>,
    /// Which team and tier of the company has it.
    team: usize,
    tier: usize,
}

/// Tells stories.
pub(crate) struct Teller<'a> {
    pub(crate) company: &'a Company,
    pub(crate) categories: &'a [CategoryId],
    pub(crate) words: &'a Vocabulary,
    pub(crate) random: Random,
    /// Nothing happened later.
    pub(crate) now: DateTime<Utc>,
}

impl Teller<'_> {
    /// The story of the ticket with that number.
    pub(crate) fn tell(&mut self, number: i64, draft: &Draft) -> Story {
        let mut story = self.opened(number, draft);
        match draft.fate {
            Fate::Open(status) => self.work(&mut story, status),
            Fate::Done => self.finish(&mut story, draft.priority),
        }
        let last = story.happenings.last();
        story.ticket.updated_at = last.map_or(draft.filed, |it| it.at);
        story
    }

    fn opened(&mut self, number: i64, draft: &Draft) -> Story {
        let random = &mut self.random;
        let filed = draft.filed.trunc_subsecs(6);
        let team = random.weighted(&TEAM_SHARES);
        let tier = if team == 0 {
            random.weighted(&[0.9, 0.08, 0.02])
        } else {
            random.weighted(&TIER_SHARES)
        };
        let requester = random.below(self.company.requesters.len());
        let organisations = &self.company.organisations;
        let title = self.words.title(random);
        let mut written = String::new();
        self.words.write(&mut written, &title);
        let priority = Priority::ALL[draft.priority];
        let (impact, urgency) = [
            (Impact::Site, Urgency::High),
            (Impact::Group, Urgency::High),
            (Impact::Person, Urgency::Medium),
            (Impact::Person, Urgency::Low),
        ][draft.priority];
        let ticket = Ticket {
            id: TicketId(id(random, filed)),
            number: TicketNumber(number),
            kind: Kind::Incident,
            title: written,
            status: Status::New,
            impact,
            urgency,
            priority,
            category: Some(*random.pick(self.categories)),
            team: self.company.teams[team],
            tier: Tier::ALL[tier],
            assignee: None,
            requester: self.company.requesters[requester],
            organisation: Some(organisations[requester % organisations.len()]),
            host: None,
            channel: Channel::Web,
            bot_holds: false,
            cycle: 1,
            resolution_code: None,
            resolved_by: None,
            version: 1,
            created_at: filed,
            updated_at: filed,
            resolved_at: None,
            closed_at: None,
            auto_close_at: None,
            next_clock_at: None,
            next_risk_at: None,
            next_clock: None,
            next_clock_risk_at: None,
            next_clock_seconds: None,
            sla_policy: None,
            acknowledged_at: None,
            restricted: false,
        };
        let data = json!({
            "title": ticket.title, "channel": "web", "priority": priority.number(),
            "internal": {"kind": ticket.kind, "category": ticket.category, "vip": false},
        });
        let by = Actor::human(ticket.requester);
        let mut story = Story {
            ticket,
            title,
            happenings: Vec::with_capacity(16),
            team,
            tier,
        };
        let text = self.words.text(random, 44);
        self.add(&mut story, filed, EventKind::Opened, by, data, Some(text));
        story
    }

    /// Somebody works on it, as far as there was time for that, and it comes to stand as it should.
    fn work(&mut self, story: &mut Story, status: Status) {
        let taken = story.ticket.created_at + TAKEN_AFTER;
        if status == Status::New || taken > self.now {
            return;
        }
        self.taken(story, taken);
        let mut last = taken;
        if self.random.chance(0.7) {
            let replied = self.after(last, 6_000.0);
            if replied <= self.now {
                self.reply(story, replied);
                last = replied;
            }
        }
        let asked = self.after(last, 20_000.0);
        if status == Status::Open && asked <= self.now && self.random.chance(0.3) {
            let by = Actor::human(story.ticket.requester);
            let text = self.words.text(&mut self.random, 24);
            self.add(story, asked, EventKind::Ask, by, json!({}), Some(text));
        }
        let set = last + TimeDelta::seconds(30);
        if status != Status::Open && set <= self.now {
            self.status(story, set, status);
        }
    }

    /// It is worked on until it is resolved, and closes by itself.
    fn finish(&mut self, story: &mut Story, priority: usize) {
        let (response, resolution) = PROMISES[priority];
        let filed = story.ticket.created_at;
        let by_bot = story.tier == 0 && self.random.chance(0.2);
        let replied = self.after(filed + TAKEN_AFTER, response / 2.0);
        let accepted = self.after(replied + TimeDelta::seconds(60), 1_200.0);
        let resolved = self.after(accepted, resolution / 3.0);
        // Nothing of it lies in the future: a story that began just now is told faster.
        let (whole, there_is) = (resolved - filed, self.now - filed);
        let pace = if there_is < whole {
            0.99 * there_is.as_seconds_f64() / whole.as_seconds_f64()
        } else {
            1.0
        };
        let at = |time: DateTime<Utc>| {
            let since = (time - filed).num_milliseconds() as f64 * 1000.0 * pace;
            filed + TimeDelta::microseconds(since as i64)
        };
        if !by_bot {
            let tier = story.tier;
            if tier > 0 {
                self.move_to(story, tier - 1);
                // It was opened where it was first taken.
                story.happenings[0].queue = (story.ticket.team, story.ticket.tier);
            }
            self.taken(story, at(filed + TAKEN_AFTER));
            if tier > 0 || self.random.chance(0.7) {
                self.reply(story, at(replied));
            }
            if tier > 0 {
                self.escalated(story, at(replied + TimeDelta::seconds(60)), tier);
                self.accepted(story, at(accepted));
            }
        }
        self.resolved(story, at(resolved), by_bot);
        let closes = at(resolved) + CLOSED_AFTER;
        story.ticket.auto_close_at = Some(closes);
        if closes < self.now {
            let by = Actor::system();
            self.add(
                story,
                closes,
                EventKind::Closed,
                by,
                json!({"by": "time"}),
                None,
            );
            story.ticket.status = Status::Closed;
            story.ticket.closed_at = Some(closes);
            story.ticket.auto_close_at = None;
        }
    }

    /// Some time after, a minute at least.
    fn after(&mut self, at: DateTime<Utc>, mean: f64) -> DateTime<Utc> {
        at + TimeDelta::seconds(60 + self.random.wait(mean) as i64)
    }

    fn engineer(&mut self, story: &Story) -> PersonId {
        *self
            .random
            .pick(&self.company.engineers[story.team][story.tier])
    }

    fn move_to(&self, story: &mut Story, tier: usize) {
        story.tier = tier;
        story.ticket.tier = Tier::ALL[tier];
        story.ticket.assignee = None;
    }

    fn taken(&mut self, story: &mut Story, at: DateTime<Utc>) {
        let engineer = self.engineer(story);
        let mut data = json!({"to": engineer, "name": "An Engineer", "internal": {"from": null}});
        if story.ticket.acknowledged_at.is_none() {
            data["internal"][ACKNOWLEDGED] = took(at - story.ticket.created_at);
            story.ticket.acknowledged_at = Some(at);
        }
        story.ticket.assignee = Some(engineer);
        let by = Actor::human(engineer);
        self.add(story, at, EventKind::Assigned, by, data, None);
        if story.ticket.status == Status::New {
            self.status(story, at, Status::Open);
        }
    }

    fn status(&mut self, story: &mut Story, at: DateTime<Utc>, to: Status) {
        let data = json!({"from": story.ticket.status, "to": to});
        let by = assignee(story);
        self.add(story, at, EventKind::Status, by, data, None);
        story.ticket.status = to;
    }

    fn reply(&mut self, story: &mut Story, at: DateTime<Utc>) {
        let text = self.words.text(&mut self.random, 24);
        let by = assignee(story);
        self.add(story, at, EventKind::Reply, by, json!({}), Some(text));
    }

    fn escalated(&mut self, story: &mut Story, at: DateTime<Utc>, to: usize) {
        let (by, from) = (assignee(story), story.ticket.tier);
        let (team, person) = (story.ticket.team, story.ticket.assignee);
        self.move_to(story, to);
        let data = json!({
            "from_team": team, "from_tier": from, "from_person": person,
            "to_team": team, "to_tier": story.ticket.tier, "team": "Team",
            "known": "It fails.", "tried": "A restart.", "evidence": "The log.", "ask": "Please look.",
        });
        self.add(story, at, EventKind::Escalated, by, data, None);
    }

    /// Somebody takes what was handed to their queue, which accepts it.
    fn accepted(&mut self, story: &mut Story, at: DateTime<Utc>) {
        let handover = story.happenings.last().map(|it| it.id);
        let data = json!({"handover": handover, "quality": null});
        let by = Actor::human(self.engineer(story));
        self.add(story, at, EventKind::HandoverAccepted, by, data, None);
        self.taken(story, at);
    }

    fn resolved(&mut self, story: &mut Story, at: DateTime<Utc>, by_bot: bool) {
        let answered = |it: &Happening| matches!(it.kind, EventKind::Reply | EventKind::Escalated);
        let mut data = json!({
            "code": "fixed", "by": if by_bot { "bot" } else { "human" },
            "internal": {RESOLVED: took(at - story.ticket.created_at)},
        });
        if !by_bot && !story.happenings.iter().any(answered) {
            data["internal"][FIRST_CONTACT] = json!(true);
        }
        let by = if by_bot {
            Actor::bot()
        } else {
            assignee(story)
        };
        let text = self.words.text(&mut self.random, 14);
        self.add(story, at, EventKind::Resolved, by, data, Some(text));
        let ticket = &mut story.ticket;
        ticket.status = Status::Resolved;
        ticket.resolution_code = Some(ResolutionCode::Fixed);
        ticket.resolved_by = Some(if by_bot {
            ResolvedBy::Bot
        } else {
            ResolvedBy::Human
        });
        ticket.resolved_at = Some(at);
    }

    fn add(
        &mut self,
        story: &mut Story,
        at: DateTime<Utc>,
        kind: EventKind,
        by: Actor,
        data: Value,
        text: Option<Text>,
    ) {
        let internal = matches!(kind, EventKind::Escalated | EventKind::HandoverAccepted);
        story.happenings.push(Happening {
            id: id(&mut self.random, at),
            at,
            kind,
            visibility: if internal {
                Visibility::Internal
            } else {
                Visibility::Public
            },
            by,
            queue: (story.ticket.team, story.ticket.tier),
            data,
            text,
        });
    }

    /// What the product itself writes into a timeline.
    pub(crate) fn noted(
        &mut self,
        at: DateTime<Utc>,
        kind: EventKind,
        rule: Option<DocumentId>,
        queue: (TeamId, Tier),
        data: Value,
    ) -> Happening {
        Happening {
            id: id(&mut self.random, at),
            at,
            kind,
            visibility: Visibility::Internal,
            by: rule.map_or(Actor::system(), |rule| Actor::rule(rule.0)),
            queue,
            data,
            text: None,
        }
    }
}

/// How long something took. The desk works round the clock, so that all of it is working time.
fn took(time: TimeDelta) -> Value {
    let seconds = time.num_seconds();
    json!({"elapsed_seconds": seconds, "business_seconds": seconds})
}

fn assignee(story: &Story) -> Actor {
    story.ticket.assignee.map_or(Actor::system(), Actor::human)
}
