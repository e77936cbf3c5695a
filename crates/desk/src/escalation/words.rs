//! Escalation rules in words.

use tierdesk_domain::escalation::{Condition, Effect, Rule};
use tierdesk_domain::id::{SkillId, TeamId};
use tierdesk_domain::text::{fill, t};
use tierdesk_domain::tier::Tier;
use tierdesk_store::{PgConnection, person, skill, team};

use crate::error::Result;

/// A rule's conditions in words.
pub fn because(rule: &Rule) -> String {
    let parts: Vec<_> = rule.conditions.iter().map(condition_text).collect();
    parts.join(t("escalation.and"))
}

/// A condition in words.
pub fn condition_text(condition: &Condition) -> String {
    match condition {
        Condition::UnassignedFor { minutes } => {
            fill("escalation.if_unassigned", &[("minutes", minutes)])
        }
        Condition::NoAnswerFor { minutes } => {
            fill("escalation.if_no_answer", &[("minutes", minutes)])
        }
        Condition::BotGaveUp {} => t("escalation.if_bot_gave_up").to_owned(),
        Condition::TimeInTier { minutes } => {
            fill("escalation.if_time_in_tier", &[("minutes", minutes)])
        }
        Condition::SlaUsed { metric, percent } => {
            let key = match metric {
                tierdesk_domain::sla::Metric::FirstResponse => "escalation.if_first_response",
                tierdesk_domain::sla::Metric::NextResponse => "escalation.if_next_response",
                tierdesk_domain::sla::Metric::Resolution => "escalation.if_resolution",
                tierdesk_domain::sla::Metric::PickUp => "escalation.if_pick_up",
                tierdesk_domain::sla::Metric::TimeInTier => "escalation.if_tier_promise",
            };
            fill(key, &[("percent", percent)])
        }
        Condition::PriorityReached { priority } => {
            fill("escalation.if_priority", &[("priority", priority)])
        }
        Condition::Reopened { times } => fill("escalation.if_reopened", &[("times", times)]),
        Condition::Matches { filter } => fill("escalation.if_filter", &[("filter", &filter.text)]),
    }
}

/// A rule's effects in words, with the names of teams and people.
pub async fn describe(conn: &mut PgConnection, rule: &Rule) -> Result<Vec<String>> {
    let mut words = Vec::new();
    for effect in &rule.effects {
        words.push(match effect {
            Effect::Move { team, tier, skill } => {
                match move_text(conn, *team, *tier, *skill).await? {
                    Some(text) => text,
                    None => continue,
                }
            }
            Effect::RaisePriority { to: Some(to) } => {
                fill("escalation.then_priority", &[("priority", to)])
            }
            Effect::RaisePriority { to: None } => t("escalation.then_raise").to_owned(),
            Effect::NotifyQueue {} => t("escalation.then_notify_queue").to_owned(),
            Effect::NotifyAssignee {} => t("escalation.then_notify_assignee").to_owned(),
            Effect::NotifyInCharge {} => t("escalation.then_in_charge").to_owned(),
            Effect::AddNote { text } => fill("escalation.then_note", &[("text", text)]),
            Effect::NotifyPerson { person } => {
                let name = person::find(conn, *person).await?.map(|it| it.name);
                fill(
                    "escalation.then_notify",
                    &[("person", &name.unwrap_or_default())],
                )
            }
        });
    }
    Ok(words)
}

async fn move_text(
    conn: &mut PgConnection,
    team: Option<TeamId>,
    tier: Option<Tier>,
    skill: Option<SkillId>,
) -> Result<Option<String>> {
    let team = match team {
        Some(team) => team::find(conn, team).await?.map(|it| it.name),
        None => None,
    };
    let moved = match (team, tier) {
        (Some(team), Some(tier)) => Some(fill(
            "escalation.then_move",
            &[("team", &team), ("tier", &tier)],
        )),
        (Some(team), None) => Some(fill("escalation.then_team", &[("team", &team)])),
        (None, Some(tier)) => Some(fill("escalation.then_tier", &[("tier", &tier)])),
        (None, None) => None,
    };
    let skill = match skill {
        Some(skill) => skill::name(conn, skill).await?,
        None => None,
    };
    Ok(match (moved, skill) {
        (Some(moved), Some(skill)) => Some(fill(
            "escalation.then_move_skill",
            &[("moved", &moved), ("skill", &skill)],
        )),
        (None, Some(skill)) => Some(fill("escalation.then_skill", &[("skill", &skill)])),
        (moved, None) => moved,
    })
}
