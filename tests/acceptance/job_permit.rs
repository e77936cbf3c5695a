//! Who may have what run, on each of the ways there: the form, the machinery, and once more when a job is signed (AT-JOB-2).

use std::collections::BTreeMap;

use support::database;
use support::world::{PEOPLE, World};
use tierdesk_catalogue::ENTRIES;
use tierdesk_desk::Caller;
use tierdesk_desk::job::JobRequest;
use tierdesk_domain::actor::{Actor, ActorKind};
use tierdesk_domain::id::HostId;
use tierdesk_worker::signer::Signer;
use uuid::Uuid;

/// Who works a ticket of Network at L1: its queue, and L3 of its team.
const PERMITTED: [&str; 2] = ["engineer", "third"];

/// The parts of the machinery that may ask, for what only reads.
const MACHINERY: [ActorKind; 2] = [ActorKind::Bot, ActorKind::Rule];

/// Parameters that each entry takes.
fn params(entry: &str) -> BTreeMap<String, String> {
    let given: &[(&str, &str)] = match entry {
        "dns.dig" => &[("name", "db.example.org")],
        "http.probe" => &[("url", "https://db.example.org/")],
        "net.ping" => &[("host", "db.example.org")],
        "net.tcp" | "tls.probe" => &[("host", "db.example.org"), ("port", "443")],
        "svc.status" => &[("unit", "nginx")],
        _ => &[],
    };
    given
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

/// A world whose host has nothing to do, and the host.
async fn quiet_world() -> (World, HostId) {
    let world = World::build().await;
    let host = world.path("/hosts/{id}");
    let host: Uuid = host.rsplit('/').next().unwrap().parse().unwrap();
    cancel(&world).await;
    (world, HostId(host))
}

/// Ends what waits, so that the host's queue has room, and returns how much that was.
async fn cancel(world: &World) -> u64 {
    let mut owner = database::connect(&world.tierdesk.database).await;
    sqlx::query("update job set state = 'cancelled' where state = 'queued'")
        .execute(&mut owner)
        .await
        .unwrap()
        .rows_affected()
}

#[tokio::test]
async fn the_form_asks_for_nobody_but_those_who_work_the_ticket() {
    let (world, host) = quiet_world().await;
    let path = world.path("/tickets/{number}/diagnose");
    let host = host.to_string();
    for (column, name) in PEOPLE.iter().enumerate() {
        let client = world.client(column).await;
        for entry in ENTRIES {
            let params = params(entry.id);
            let params: Vec<(String, &String)> = params
                .iter()
                .map(|(name, value)| (format!("p.{name}"), value))
                .collect();
            let mut form = vec![("host", host.as_str()), ("entry", entry.id)];
            form.extend(
                params
                    .iter()
                    .map(|(name, value)| (name.as_str(), value.as_str())),
            );
            let reply = client.post(&path, &form).await;
            let asked = cancel(&world).await;
            let expected = u64::from(PERMITTED.contains(name));
            assert_eq!(asked, expected, "{name} {}: {}", entry.id, reply.status);
        }
    }
}

#[tokio::test]
async fn of_the_machinery_only_the_bot_and_rules_ask() {
    let (world, host) = quiet_world().await;
    for kind in ActorKind::ALL.iter().filter(|it| **it != ActorKind::Human) {
        for entry in ENTRIES {
            let caller = Caller::machine(Actor {
                kind: *kind,
                id: None,
                on_behalf_of: None,
            });
            let request = JobRequest {
                ticket: world.ticket.id,
                host,
                entry: entry.id.to_owned(),
                params: params(entry.id),
                wait: None,
            };
            let now = world.tierdesk.now();
            let asked = world
                .tierdesk
                .desk
                .request_job(&caller, &request, now)
                .await;
            let expected = MACHINERY.contains(kind) && entry.class.is_read_only();
            assert_eq!(asked.is_ok(), expected, "{kind} {}: {asked:?}", entry.id);
            assert_eq!(cancel(&world).await, u64::from(expected));
        }
    }
}

#[tokio::test]
async fn what_one_may_not_ask_for_is_not_signed_either() {
    let (world, host) = quiet_world().await;
    let tierdesk = &world.tierdesk;
    let mut owner = database::connect(&tierdesk.database).await;
    let people = PEOPLE.iter().enumerate().filter_map(|(column, name)| {
        Some((*name, ActorKind::Human, Some(world.person(column)?.id.0)))
    });
    let machinery = ActorKind::ALL
        .iter()
        .filter(|it| **it != ActorKind::Human)
        .map(|kind| (kind.as_str(), *kind, None));
    let nobody = ("nobody", ActorKind::Human, Some(Uuid::now_v7()));
    let mut planted = Vec::new();
    for (name, kind, id) in people.chain(machinery).chain([nobody]) {
        for entry in ENTRIES {
            // As somebody could write it who has the application's rights on the database, and no other.
            let job = Uuid::now_v7();
            sqlx::query(
                "insert into job (id, host_id, ticket_id, entry, entry_hash, params, class, state, actor_kind, actor_id, created_at, expires_at, lease_until, attempt)
                 values ($1, $2, $3, $4, $5, '{}', $6, 'leased', $7, $8, $9, $9 + interval '30 minutes', $9 + interval '1 minute', 1)",
            )
            .bind(job)
            .bind(host.0)
            .bind(world.ticket.id.0)
            .bind(entry.id)
            .bind(entry.hash().to_string())
            .bind(entry.class.as_str())
            .bind(kind.as_str())
            .bind(id)
            .bind(tierdesk.now())
            .execute(&mut owner)
            .await
            .unwrap();
            let expected = PERMITTED.contains(&name) || MACHINERY.contains(&kind);
            planted.push((job, name, entry.id, expected));
        }
    }
    Signer::new(tierdesk.desk.clone())
        .drain(tierdesk.now())
        .await
        .unwrap();
    for (job, name, entry, expected) in planted {
        let (state, refusal, signed): (String, Option<String>, bool) = sqlx::query_as(
            "select state, refusal, exists (select from job_envelope where job_id = job.id) from job where id = $1",
        )
        .bind(job)
        .fetch_one(&mut owner)
        .await
        .unwrap();
        let wanted = match expected {
            true => ("leased", None, true),
            false => ("refused", Some("at_dispatch"), false),
        };
        assert_eq!(
            (state.as_str(), refusal.as_deref(), signed),
            wanted,
            "{name} {entry}"
        );
    }
}
