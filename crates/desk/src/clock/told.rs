//! What happened to a ticket, as clocks and rules understand it.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use tierdesk_domain::actor::ActorKind;
use tierdesk_domain::clock::{Change, Facts, History, Moment, set_by_hand};
use tierdesk_domain::escalation::Card;
use tierdesk_domain::flow::Story;
use tierdesk_domain::id::PersonId;
use tierdesk_domain::ticket::{Priority, Status};
use tierdesk_domain::timeline::EventKind;
use tierdesk_domain::triage::Intent;
use tierdesk_store::PgConnection;
use tierdesk_store::clock::ClockEvent;
use tierdesk_store::ticket::Ticket;

use crate::error::Result;

/// The key, among the facts of an acknowledgement, that says that whoever has the ticket begins with it.
pub const PICKED_UP: &str = "picked_up";

/// A ticket's story as far as clocks and rules go.
#[derive(Debug, Clone)]
pub struct Told {
    /// What happened.
    pub history: History,
    /// What rules may ask of it beside that.
    pub card: Card,
    /// Until when the bot held it; none where it does still.
    pub bot_held_until: Option<DateTime<Utc>>,
    /// Each time the bot passed it on, in order.
    pub bot_gave_up: Vec<DateTime<Utc>>,
    /// Each time a rule moved it to another queue, in order.
    pub moved_by_rules: Vec<DateTime<Utc>>,
    /// What happened to it between the tiers.
    pub story: Story,
}

/// Reads a ticket's story from its events.
pub(crate) async fn told(conn: &mut PgConnection, ticket: &Ticket) -> Result<Told> {
    Ok(tell(
        ticket,
        &tierdesk_store::clock::events(conn, ticket.id).await?,
    ))
}

/// A ticket's story from its events.
pub(crate) fn tell(ticket: &Ticket, events: &[ClockEvent]) -> Told {
    let opened = events.iter().find(|event| event.kind == EventKind::Opened);
    let first: Value = opened.map_or(Value::Null, |event| event.data["internal"].clone());
    let history = History {
        opened_at: opened.map_or(ticket.created_at, |event| event.at),
        opened: Facts {
            status: Status::New,
            priority: opened.map_or(ticket.priority, |event| event.priority),
            kind: read(&first["kind"]).unwrap_or(ticket.kind),
            category: read(&first["category"]).unwrap_or(ticket.category),
            organisation: ticket.organisation,
            vip: first["vip"].as_bool().unwrap_or(false),
            team: opened.map_or(ticket.team, |event| event.team),
            tier: opened.map_or(ticket.tier, |event| event.tier),
            assigned: false,
        },
        moments: moments(events),
    };
    let times = |which: fn(&&ClockEvent) -> bool| events.iter().filter(which).map(|it| it.at);
    let gave_up = times(|it| it.kind == EventKind::BotGaveUp).collect();
    let moved_by_rules =
        times(|it| it.kind == EventKind::Escalated && it.by.kind == ActorKind::Rule).collect();
    Told {
        story: crate::flow::story(&history, events),
        history,
        card: Card {
            title: ticket.title.clone(),
            channel: ticket.channel,
            requester: ticket.requester,
            host: ticket.host,
            assignee: ticket.assignee,
        },
        bot_held_until: bot_held_until(ticket, events),
        bot_gave_up: gave_up,
        moved_by_rules,
    }
}

/// The bot holds a new ticket until it finds nothing to do, passes or hands it on or resolves it, or until a human does anything
/// but ask or sort it.
fn bot_held_until(ticket: &Ticket, events: &[ClockEvent]) -> Option<DateTime<Utc>> {
    let ends = |event: &&ClockEvent| match event.kind {
        EventKind::BotGaveUp | EventKind::Escalated | EventKind::Resolved | EventKind::Closed => {
            true
        }
        EventKind::Triage => read(&event.data["intent"]) == Some(Intent::None),
        // The bot goes on where somebody only says what it is about.
        EventKind::Opened | EventKind::Ask | EventKind::Priority | EventKind::Changed => false,
        _ => event.by_human(),
    };
    if ticket.bot_holds {
        return None;
    }
    let end = events.iter().find(ends).map(|event| event.at);
    Some(end.unwrap_or(ticket.created_at))
}

pub(crate) fn read<T: serde::de::DeserializeOwned>(value: &Value) -> Option<T> {
    serde_json::from_value(value.clone()).ok()
}

fn moments(events: &[ClockEvent]) -> Vec<Moment> {
    let mut moments = Vec::new();
    let mut has_it = None;
    for event in events {
        let changes = changes(event, has_it).into_iter();
        let at = event.at;
        moments.extend(changes.map(|change| Moment { at, change }));
        has_it = match event.kind {
            EventKind::Assigned | EventKind::HandoverBounced => read(&event.data["to"]),
            EventKind::Escalated | EventKind::HandedBack => None,
            _ => has_it,
        };
    }
    moments
}

/// What an event means to the clocks, where somebody has the ticket or nobody; most mean one thing or nothing. What anybody
/// may do shows that the ticket is begun with only where whoever has it does it.
fn changes(event: &ClockEvent, has_it: Option<PersonId>) -> Vec<Change> {
    let data = &event.data;
    let theirs = has_it.is_some() && event.by.person() == has_it;
    match event.kind {
        EventKind::Changed => {
            let category = data.get("category").and_then(read).map(Change::Category);
            let kind = data.get("kind").and_then(read).map(Change::Kind);
            category.into_iter().chain(kind).collect()
        }
        // The requester's words ask for an answer like any others. Where nothing says whose they were, nothing was promised.
        EventKind::Reopened => {
            let asks = data["internal"]["asks"] == json!(true);
            let ask = asks.then_some(Change::Ask);
            std::iter::once(Change::Reopened).chain(ask).collect()
        }
        EventKind::Status if theirs => read(&data["to"]).map_or_else(Vec::new, set_by_hand),
        EventKind::Reply | EventKind::Resolved if theirs => {
            let begun = std::iter::once(Change::Begun);
            begun.chain(change(event)).collect()
        }
        _ => change(event).into_iter().collect(),
    }
}

fn change(event: &ClockEvent) -> Option<Change> {
    let data = &event.data;
    match event.kind {
        EventKind::Status => read(&data["to"]).map(Change::Status),
        EventKind::Priority => {
            let number = data["to"]
                .as_i64()
                .and_then(|number| i16::try_from(number).ok());
            number.and_then(Priority::from_number).map(Change::Priority)
        }
        EventKind::Escalated | EventKind::HandedBack => Some(Change::Queue(
            read(&data["to_team"])?,
            read(&data["to_tier"])?,
        )),
        EventKind::HandoverBounced => Some(Change::Bounced {
            team: read(&data["to_team"])?,
            tier: read(&data["to_tier"])?,
            assigned: !data["to"].is_null(),
        }),
        EventKind::Assigned if data["to"].is_null() => Some(Change::Assigned(false)),
        // A ticket that a rule gives to somebody still waits for them.
        EventKind::Assigned if !event.by_human() => Some(Change::Given),
        EventKind::Assigned => Some(Change::Assigned(true)),
        EventKind::HandoverAccepted => Some(Change::Begun),
        EventKind::Acknowledged if data[PICKED_UP] == true => Some(Change::Begun),
        EventKind::Reply if event.by_human() => Some(Change::Reply),
        EventKind::Ask => Some(Change::Ask),
        EventKind::Resolved => read(&data["by"]).map(Change::Resolved),
        EventKind::Closed => Some(Change::Closed),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tierdesk_domain::actor::Actor;
    use tierdesk_domain::id::TeamId;
    use tierdesk_domain::ticket::ResolvedBy;
    use tierdesk_domain::tier::Tier;
    use uuid::Uuid;

    const HAS_IT: PersonId = PersonId(Uuid::from_u128(1));
    const COLLEAGUE: PersonId = PersonId(Uuid::from_u128(2));

    fn meant(kind: EventKind, by: Actor, data: Value) -> Vec<Change> {
        let event = ClockEvent {
            at: DateTime::UNIX_EPOCH,
            kind,
            by,
            data,
            team: TeamId(Uuid::nil()),
            tier: Tier::L1,
            priority: Priority::P3,
            category: None,
            organisation: None,
        };
        changes(&event, Some(HAS_IT))
    }

    #[test]
    fn what_a_rule_gives_to_somebody_waits_for_a_sign_of_theirs() {
        let to = json!({"to": Uuid::nil()});
        let (acknowledged, picked_up) = (EventKind::Acknowledged, json!({PICKED_UP: true}));
        let pending = json!({"to": "pending"});
        let waits = Change::Status(Status::Pending);
        let (own, colleague) = (Actor::human(HAS_IT), Actor::human(COLLEAGUE));
        let rule = Actor::rule(Uuid::nil());
        let by = json!({"by": "human"});
        let resolved = Change::Resolved(ResolvedBy::Human);
        for (kind, by, data, expected) in [
            (EventKind::Assigned, rule, &to, &[Change::Given][..]),
            (EventKind::Assigned, own, &to, &[Change::Assigned(true)]),
            (
                EventKind::Assigned,
                rule,
                &json!({"to": null}),
                &[Change::Assigned(false)],
            ),
            (
                EventKind::HandoverAccepted,
                own,
                &json!({}),
                &[Change::Begun],
            ),
            (acknowledged, own, &picked_up, &[Change::Begun]),
            // Whoever is in charge has seen it; that is not whoever has it.
            (acknowledged, own, &json!({"level": 1}), &[]),
            (EventKind::Status, own, &pending, &[waits, Change::Begun]),
            (EventKind::Status, rule, &pending, &[waits]),
            // What a colleague does shows nothing of them.
            (EventKind::Status, colleague, &pending, &[waits]),
            (EventKind::Reply, colleague, &json!({}), &[Change::Reply]),
            (
                EventKind::Reply,
                own,
                &json!({}),
                &[Change::Begun, Change::Reply],
            ),
            (EventKind::Resolved, colleague, &by, &[resolved]),
            (EventKind::Resolved, own, &by, &[Change::Begun, resolved]),
        ] {
            assert_eq!(meant(kind, by, data.clone()), expected, "{kind} {data}");
        }
    }

    #[test]
    fn a_reopening_asks_for_an_answer_where_it_says_so_and_old_ones_mean_what_they_meant() {
        let reopened = |data: Value| meant(EventKind::Reopened, Actor::human(COLLEAGUE), data);
        let asks = reopened(json!({"internal": {"after": "human", "asks": true}}));
        assert_eq!(asks, [Change::Reopened, Change::Ask]);
        for data in [
            json!({"internal": {"after": "human", "asks": false}}),
            json!({"internal": {"after": "human"}}),
            json!({}),
        ] {
            assert_eq!(reopened(data.clone()), [Change::Reopened], "{data}");
        }
    }
}
