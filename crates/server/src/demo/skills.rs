//! What the demo company's engineers know, the queue that gives tickets by it, and who is on holiday.

use std::collections::HashMap;

use chrono::{DateTime, Days, TimeDelta, Utc};
use tierdesk_desk::skill::Statement;
use tierdesk_desk::{Caller, Desk};
use tierdesk_domain::id::{CategoryId, PersonId, TeamId};
use tierdesk_domain::routing::{Mode, Routing};
use tierdesk_domain::skill::Level;
use tierdesk_domain::tier::Tier;

use super::company::NETWORK;

/// A skill, what it means, and the category that needs it.
const SKILLS: [(&str, &str, Option<&str>); 4] = [
    (
        "Networks",
        "Routing, wireless, VPN and firewalls",
        Some("Network or connection"),
    ),
    (
        "Directory",
        "Accounts, groups and sign-in",
        Some("Password or sign-in"),
    ),
    ("Databases", "PostgreSQL and its backups", None),
    ("Printing", "Queues, drivers, devices", None),
];

/// A certificate, with the days until it ends.
type Certificate = (&'static str, u64);

/// Who knows what, and their certificate.
const KNOW: [(&str, &str, Level, Option<Certificate>); 7] = [
    (
        "Jonas Becker",
        "Networks",
        Level::Expert,
        Some(("Network professional", 112)),
    ),
    ("Inês Carvalho", "Networks", Level::Expert, None),
    ("Tomasz Wójcik", "Directory", Level::Expert, None),
    ("Beatriz Lopes", "Directory", Level::Solid, None),
    ("Daniel Okafor", "Databases", Level::Solid, None),
    (
        "Sofia Almeida",
        "Databases",
        Level::Expert,
        Some(("Database administrator", 400)),
    ),
    ("Hugo Martin", "Printing", Level::Solid, None),
];

/// Somebody who says what they know; nobody confirmed it yet.
const SAYS: (&str, &str, Level) = ("Elin Sjöberg", "Databases", Level::Basic);

/// Who is on holiday when the demo begins.
const ON_HOLIDAY: &str = "Beatriz Lopes";

/// The company's engineers by name, and whoever configures.
pub(super) struct People<'a> {
    pub(super) administrator: &'a Caller,
    pub(super) ids: HashMap<&'static str, (PersonId, &'a Caller)>,
}

/// Enters skills and switches routing on for Network at L2.
pub(super) async fn found(
    desk: &Desk,
    people: &People<'_>,
    teams: &HashMap<&'static str, TeamId>,
    categories: &HashMap<String, CategoryId>,
    at: DateTime<Utc>,
) -> anyhow::Result<()> {
    let by = people.administrator;
    let mut skills = HashMap::new();
    for (name, description, category) in SKILLS {
        let id = desk.add_skill(by, name, description, false, at).await?;
        if let Some(category) = category.and_then(|it| categories.get(it)) {
            desk.need_skill(by, *category, id, Some(Level::Solid), at)
                .await?;
        }
        skills.insert(name, id);
    }
    let told = KNOW
        .iter()
        .map(|(who, skill, level, certificate)| (who, skill, level, certificate, false))
        .chain([(&SAYS.0, &SAYS.1, &SAYS.2, &None, true)]);
    for (who, skill, level, certificate, own) in told {
        let (Some((id, caller)), Some(skill)) = (people.ids.get(who), skills.get(skill)) else {
            continue;
        };
        let statement = Statement {
            skill: *skill,
            level: *level,
            certificate: certificate.map_or("", |it| it.0).to_owned(),
            expires_on: certificate
                .and_then(|it| at.date_naive().checked_add_days(Days::new(it.1))),
        };
        let by = if own { caller } else { by };
        desk.declare_skill(by, *id, statement, at).await?;
    }
    if let Some(team) = teams.get(NETWORK) {
        let routing = Routing {
            team: *team,
            tier: Tier::L2,
            mode: Mode::Skill,
            cap: Some(12),
            calendar: None,
        };
        desk.save_routing(by, 0, routing, at).await?;
    }
    Ok(())
}

/// Somebody is on holiday, so that their tickets wait to be given to others.
pub(super) async fn leave(
    desk: &Desk,
    people: &People<'_>,
    now: DateTime<Utc>,
) -> anyhow::Result<()> {
    if let Some((id, _)) = people.ids.get(ON_HOLIDAY) {
        let time = (now - TimeDelta::days(1), now + TimeDelta::days(6));
        desk.enter_absence(people.administrator, *id, time, "Holiday", now)
            .await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::company::{PEOPLE, Part};

    #[test]
    fn those_who_know_something_are_engineers_of_the_company() {
        let engineer = |name: &str| {
            PEOPLE
                .iter()
                .any(|it| it.name == name && matches!(it.part, Part::Engineer(_)))
        };
        for name in KNOW.iter().map(|it| it.0).chain([SAYS.0, ON_HOLIDAY]) {
            assert!(engineer(name), "{name}");
        }
        for skill in KNOW.iter().map(|it| it.1).chain([SAYS.1]) {
            assert!(SKILLS.iter().any(|it| it.0 == skill), "{skill}");
        }
    }
}
