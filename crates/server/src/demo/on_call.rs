//! Who is on call at the demo company, and who is in charge of the network while nobody answers.

use std::collections::HashMap;

use anyhow::Context;
use chrono::{DateTime, Utc};
use tierdesk_desk::Desk;
use tierdesk_domain::calendar::{Week, Window};
use tierdesk_domain::id::TeamId;
use tierdesk_domain::in_charge::{Counted, Level, Path, Target};
use tierdesk_domain::on_call::{Layer, Schedule};

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

/// Writes one schedule and one path.
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
    Ok(())
}
