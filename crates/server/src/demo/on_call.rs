//! Who is on call at the demo company, and who is in charge of the network while nobody answers.

use std::collections::HashMap;

use anyhow::Context;
use chrono::{DateTime, Utc};
use tierdesk_desk::Desk;
use tierdesk_domain::calendar::{Week, Window};
use tierdesk_domain::escalation::{Condition, Effect, Only, Rule};
use tierdesk_domain::id::TeamId;
use tierdesk_domain::in_charge::{Counted, Level, Path, Target};
use tierdesk_domain::on_call::{Layer, Schedule};
use tierdesk_domain::ticket::Priority;

use super::company;
use super::skills::People;

/// Whoever watches over everything at night and at weekends, a week each.
const NIGHTS: [&str; 4] = [
    "Inês Carvalho",
    "Daniel Okafor",
    "Jonas Becker",
    "Sofia Almeida",
];
/// Whoever does so in working hours, a week each.
const DAYS: [&str; 2] = ["Jonas Becker", "Inês Carvalho"];
/// The team with a path of its own, and who is told there after the one on call.
const TEAM: &str = "Network";
const LEAD: &str = "Inês Carvalho";
/// Who hears of every P1, beside whoever is in charge.
const HEARS_OF_P1: &str = "Amara Nwosu";

/// Whether paths may tell somebody beside the managers.
pub(super) fn is_asked(name: &str) -> bool {
    NIGHTS.contains(&name) || DAYS.contains(&name) || LEAD == name
}

/// Writes one schedule, a path for each team, and a rule.
pub(super) async fn enter(
    desk: &Desk,
    people: &People<'_>,
    teams: &HashMap<&'static str, TeamId>,
    at: DateTime<Utc>,
) -> anyhow::Result<()> {
    let turns = |names: &[&'static str]| {
        let ids = names.iter().map(|name| Some(people.ids.get(name)?.0));
        ids.collect::<Option<Vec<_>>>()
            .context("somebody on call is not of the company")
    };
    let window = |from: &str, to: &str| anyhow::Ok(Window::new(from.parse()?, to.parse()?)?);
    let (night, all_day) = (window("18:00", "08:00")?, window("00:00", "24:00")?);
    let nights = Week {
        mon: vec![night],
        tue: vec![night],
        wed: vec![night],
        thu: vec![night],
        fri: vec![night],
        sat: vec![all_day],
        sun: vec![all_day],
    };
    let layer = |name: &str, people, only| {
        anyhow::Ok(Layer {
            name: name.to_owned(),
            people,
            days: 7,
            hand_over: "09:00".parse()?,
            start: at.date_naive(),
            only,
        })
    };
    let schedule = Schedule {
        zone: company::ZONE,
        layers: vec![
            layer("Nights and weekends", turns(&NIGHTS)?, Some(nights))?,
            layer("Working hours", turns(&DAYS)?, None)?,
        ],
    };
    let schedule = desk
        .save_on_call(
            people.administrator,
            None,
            "Infrastructure",
            true,
            schedule,
            at,
        )
        .await?;
    let level = |who, minutes| Level {
        who,
        minutes,
        counted: Counted::Clock,
        mail: true,
    };
    let [lead] = turns(&[LEAD])?[..] else {
        anyhow::bail!("nobody leads {TEAM}");
    };
    let path = Path {
        levels: vec![
            level(Target::OnCall { schedule }, 0),
            level(Target::Person { person: lead }, 15),
            level(Target::Managers {}, 15),
        ],
        repeat_minutes: 5,
        repeats: 2,
    };
    let team = *teams.get(TEAM).context("a team is missing")?;
    desk.save_path(people.administrator, team, 0, true, path, at)
        .await?;
    // The other teams go straight to their managers; the Service Desk was founded with a path of that kind.
    let managers = Path {
        levels: vec![level(Target::Managers {}, 0)],
        repeat_minutes: 60,
        repeats: 1,
    };
    for (name, other) in teams {
        if *name != TEAM && *name != company::SERVICE_DESK {
            let path = managers.clone();
            desk.save_path(people.administrator, *other, 0, true, path, at)
                .await?;
        }
    }
    let [person] = turns(&[HEARS_OF_P1])?[..] else {
        anyhow::bail!("nobody hears of a P1");
    };
    let rule = Rule {
        only: Only::default(),
        conditions: vec![Condition::PriorityReached {
            priority: Priority::P1,
        }],
        effects: vec![Effect::NotifyPerson { person }],
    };
    let name = "P1: the head of IT hears of it";
    desk.save_rule(people.administrator, None, name, true, rule, at)
        .await?;
    Ok(())
}
