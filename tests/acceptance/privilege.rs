//! Nobody gets more by writing more into a form: fields that a form does not have are refused or ignored (AT-PRIV-1).

use std::collections::BTreeMap;

use axum::http::StatusCode;
use sqlx::Row;
use support::database;
use support::world::{NOTHING, PEOPLE, World};
use tierdesk_web::Audience;

use crate::matrix::send;

/// What somebody might hope for.
const EXTRAS: [(&str, &str); 24] = [
    ("role", "administrator"),
    ("is_admin", "true"),
    ("administrator", "on"),
    ("manager", "on"),
    ("kind", "privileged"),
    ("password", "zq a password of my own choice"),
    ("organisation_id", NOTHING),
    ("org_id", NOTHING),
    ("email_verified", "true"),
    ("verified_at", "2020-01-01T00:00:00Z"),
    ("internal", "false"),
    ("visibility", "public"),
    ("created_at", "2020-01-01T00:00:00Z"),
    ("id", NOTHING),
    ("person", NOTHING),
    ("person_id", NOTHING),
    ("requester", NOTHING),
    ("requester_id", NOTHING),
    ("ticket_id", NOTHING),
    ("bot_holds", "true"),
    ("spam", "true"),
    ("actor", "bot"),
    ("on_behalf_of", NOTHING),
    ("queue", "L3"),
];

/// The extras that are fields of the form at `path`.
fn own(path: &str, field: &str) -> bool {
    match field {
        "administrator" | "manager" | "queue" => path.starts_with("/admin/people"),
        "password" => [
            "/profile/password",
            "/password/",
            "/invitation/",
            "/set-up/",
            "/confirm",
            "/sign-in",
        ]
        .iter()
        .any(|it| path.starts_with(it)),
        _ => path.starts_with("/admin/") && !path.starts_with("/admin/people"),
    }
}

/// Who is who, who may what, and whose is what, without ids and times.
async fn rights(world: &World) -> BTreeMap<String, i64> {
    let mut owner = database::connect(&world.tierdesk.database).await;
    let mut all = BTreeMap::new();
    for query in [
        "select concat_ws('|', 'person', name, kind, administrator, manager, manages_all, vip, organisation_id, site, deactivated_at is null) as row from person",
        "select concat_ws('|', 'address', p.name, a.email, a.is_primary, a.verified_at is null, a.source) as row from address a join person p on p.id = a.person_id",
        "select concat_ws('|', 'member', p.name, t.name, m.tier) as row from membership m join person p on p.id = m.person_id join team t on t.id = m.team_id",
        "select concat_ws('|', 'manager', p.name, t.name) as row from manager_team m join person p on p.id = m.person_id join team t on t.id = m.team_id",
        "select concat_ws('|', 'credential', p.name, c.version) as row from credential c join person p on p.id = c.person_id",
        "select concat_ws('|', 'team', name, restricted) as row from team",
        "select concat_ws('|', 'ticket', t.number, t.status, t.impact, t.urgency, t.priority, team.name, t.tier, a.name, r.name, t.organisation_id, t.channel, t.bot_holds, t.cycle, t.spam, t.resolution_code) as row
         from ticket t join team on team.id = t.team_id join person r on r.id = t.requester_id left join person a on a.id = t.assignee_id",
        "select concat_ws('|', 'event', t.number, e.kind, e.visibility, e.actor_kind, p.name, e.on_behalf_of) as row from event e join ticket t on t.id = e.ticket_id left join person p on p.id = e.actor_id",
        "select concat_ws('|', 'file', name, visibility, ticket_id is null) as row from attachment",
        "select concat_ws('|', 'host', h.name, h.state, p.name) as row from host h left join person p on p.id = h.owner_id",
    ] {
        for row in sqlx::query(query).fetch_all(&mut owner).await.unwrap() {
            let row: String = row.get("row");
            // Each desk's token was made by somebody with a name of their own.
            if !row.contains("Token maker") {
                *all.entry(row).or_default() += 1;
            }
        }
    }
    all
}

#[tokio::test]
async fn fields_that_a_form_does_not_have_change_nothing() {
    let (plain, greedy) = (World::build().await, World::build().await);
    assert_eq!(rights(&plain).await, rights(&greedy).await);
    let mut sent = 0;
    for route in tierdesk_web::table() {
        if route.method == "GET" || route.audience == Audience::HostAgent {
            continue;
        }
        for column in [1, 3, 7] {
            let fields = plain.form(route.path);
            let path = plain.path(route.path);
            let client = plain.client(column).await;
            send(&client, &route, &path, &fields).await;

            let path = greedy.path(route.path);
            let client = greedy.client(column).await;
            let mut more = greedy.form(route.path);
            let mine: Vec<&str> = more.iter().map(|it| it.0).collect();
            let extras: Vec<(&'static str, String)> = EXTRAS
                .iter()
                .filter(|(name, _)| !own(route.path, name) && !mine.contains(name))
                .map(|(name, value)| (*name, (*value).to_owned()))
                .collect();
            more.extend(extras);
            let reply = send(&client, &route, &path, &more).await;
            assert!(!reply.status.is_server_error(), "{}", route.path);
            if reply.status == StatusCode::BAD_REQUEST {
                // Refused as a whole: the form alone brings both desks to the same point.
                let client = greedy.client(column).await;
                send(&client, &route, &path, &greedy.form(route.path)).await;
            }
            let (expected, found) = (rights(&plain).await, rights(&greedy).await);
            let wrong: Vec<_> = found
                .iter()
                .filter(|(row, n)| expected.get(*row) != Some(n))
                .collect();
            assert!(
                wrong.is_empty() && expected.len() == found.len(),
                "{} {} as {}: {wrong:#?}",
                route.method,
                route.path,
                PEOPLE[column]
            );
            sent += 1;
        }
    }
    assert!(sent > 100, "{sent}");
}
