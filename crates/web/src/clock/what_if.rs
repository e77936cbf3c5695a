//! What if: the clocks that would result, beside those that run, from the same engine. A form that asks and changes nothing.

use tierdesk_domain::clock::{Change, Clock, State, set_by_hand, spell};
use tierdesk_domain::handover::moved;
use tierdesk_domain::text::{fill, t};
use tierdesk_domain::ticket::{Kind, Priority, ResolvedBy, Status};
use tierdesk_store::category::Category;
use tierdesk_store::queue::QueueCount;
use tierdesk_store::ticket::Ticket;

use super::name;
use crate::frame::Frame;
use crate::words;

/// Something that could happen to this ticket now.
pub(super) struct Choice {
    /// What the address calls it.
    pub(super) value: String,
    pub(super) title: String,
    pub(super) chosen: bool,
    /// What it would be to the clocks.
    pub(super) changes: Vec<Change>,
}

/// One clock as it is and as it would be.
pub(super) struct Compared {
    pub(super) name: String,
    pub(super) now: String,
    pub(super) then: String,
    pub(super) differs: bool,
}

/// What could happen, depending on where the ticket stands, and on whether somebody was given it who has yet to begin.
pub(super) fn choices(
    ticket: &Ticket,
    queues: &[QueueCount],
    categories: &[Category],
    waits_for_a_start: bool,
    asked: &str,
) -> Vec<Choice> {
    let mut choices = Vec::new();
    let mut offer = |value: &str, title: String, changes: &[Change]| {
        choices.push(Choice {
            value: value.to_owned(),
            title,
            chosen: value == asked,
            changes: changes.to_vec(),
        });
    };
    let said = |key| t(key).to_owned();
    if ticket.status == Status::Closed {
        return choices;
    }
    if ticket.status == Status::Resolved {
        offer("reopen", said("clock.if_reopen"), &[Change::Reopened]);
        return choices;
    }
    for (value, key, status) in [
        ("open", "clock.if_open", Status::Open),
        ("pending", "clock.if_pending", Status::Pending),
        ("on_hold", "clock.if_on_hold", Status::OnHold),
    ] {
        let waits = matches!(ticket.status, Status::Pending | Status::OnHold);
        if status != ticket.status && (status != Status::Open || waits) {
            offer(value, said(key), &set_by_hand(status));
        }
    }
    // As whoever has it would do it.
    offer(
        "reply",
        said("clock.if_reply"),
        &[Change::Begun, Change::Reply],
    );
    if ticket.assignee.is_none() {
        offer("take", said("clock.if_take"), &[Change::Assigned(true)]);
    }
    if waits_for_a_start {
        offer("begin", said("clock.if_begin"), &[Change::Begun]);
    }
    for priority in Priority::ALL {
        if priority != ticket.priority {
            let title = fill("clock.if_priority", &[("priority", &priority)]);
            offer(&priority.to_string(), title, &[Change::Priority(priority)]);
        }
    }
    for &kind in Kind::ALL {
        if kind != ticket.kind {
            let title = fill("clock.if_kind", &[("kind", &words::kind(kind))]);
            offer(kind.as_str(), title, &[Change::Kind(kind)]);
        }
    }
    for it in categories {
        if ticket.category != Some(it.id) {
            let title = fill("clock.if_category", &[("category", &it.name)]);
            offer(&it.id.to_string(), title, &[Change::Category(Some(it.id))]);
        }
    }
    for it in queues {
        if (it.team, it.tier) != (ticket.team, ticket.tier) {
            let queue = format!("{} {}", it.tier, it.team_name);
            offer(
                &format!("{}:{}", it.team, it.tier),
                fill("clock.if_queue", &[("queue", &queue)]),
                &moved(it.team, it.tier),
            );
        }
    }
    let by = Change::Resolved(ResolvedBy::Human);
    offer("resolve", said("clock.if_resolve"), &[Change::Begun, by]);
    choices
}

/// The clocks of both worlds, those that are in only one of them too.
pub(super) fn compare(now: &[Clock], then: &[Clock], frame: &Frame) -> Vec<Compared> {
    let same = |a: &Clock, b: &Clock| (a.metric, a.ordinal) == (b.metric, b.ordinal);
    let mut compared: Vec<_> = then
        .iter()
        .map(|clock| {
            let before = now.iter().find(|it| same(it, clock));
            let (before, after) = (
                before.map_or_else(|| t("clock.no_clock").to_owned(), |it| standing(it, frame)),
                standing(clock, frame),
            );
            Compared {
                name: name(clock),
                differs: before != after,
                now: before,
                then: after,
            }
        })
        .collect();
    let gone = now.iter().filter(|it| !then.iter().any(|b| same(it, b)));
    compared.extend(gone.map(|clock| Compared {
        name: name(clock),
        now: standing(clock, frame),
        then: t("clock.no_clock").to_owned(),
        differs: true,
    }));
    compared
}

/// Where a clock stands, in a few words.
fn standing(clock: &Clock, frame: &Frame) -> String {
    let at = |key, at: chrono::DateTime<chrono::Utc>| fill(key, &[("time", &frame.at(&at).short)]);
    let left = spell(clock.left());
    match (clock.state, clock.breached_at) {
        (State::Met(met), None) => at("clock.is_kept", met),
        (State::Met(met), Some(_)) => at("clock.is_late", met),
        (State::Stopped(end), _) => at("clock.is_stopped", end),
        (State::Paused(_), None) => fill("clock.stands", &[("left", &left)]),
        (State::Paused(_), Some(broken)) => at("clock.stands_broken", broken),
        (State::Running, Some(broken)) => fill(
            "clock.runs_broken",
            &[("time", &frame.at(&broken).short), ("over", &left)],
        ),
        (State::Running, None) => match clock.due_at {
            Some(due) => fill(
                "clock.runs_to",
                &[("time", &frame.at(&due).short), ("left", &left)],
            ),
            None => t("clock.runs_undue").to_owned(),
        },
    }
}
