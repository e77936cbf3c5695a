//! "I cannot sign in": the same answer for the same work whoever asks (AT-ENUM-1), and one ticket however often they do.

use std::sync::{Arc, Mutex};

use axum::http::StatusCode;
use chrono::TimeDelta;
use support::client::Reply;
use support::database;
use support::product::{Someone, Tierdesk};
use tierdesk_domain::id::TicketId;
use tierdesk_domain::tier::Tier;
use tracing::field::{Field, Visit};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use uuid::Uuid;

use crate::account::{BETTER, newest_link, scene, sign_in};

const NOBODY: &str = "nobody@example.org";

/// What the server does to answer: its statements, and each password that it hashes.
#[derive(Clone, Default)]
struct Work(Arc<Mutex<Vec<String>>>);

impl Work {
    fn done(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

impl<S: tracing::Subscriber> Layer<S> for Work {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        if ["sqlx::query", "tierdesk_desk::password"].contains(&event.metadata().target()) {
            let mut said = Said::default();
            event.record(&mut said);
            // A connection that was just opened says who it is, whoever it is for.
            if !said.0.contains("set role") {
                self.0.lock().unwrap().push(said.0);
            }
        }
    }
}

#[derive(Default)]
struct Said(String);

impl Visit for Said {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        if ["summary", "db.statement", "message"].contains(&field.name()) {
            self.0 += &format!("{value:?} ");
        }
    }
}

async fn ask(tierdesk: &Tierdesk, email: &str) -> Reply {
    tierdesk
        .visitor()
        .post("/sign-in/help", &[("mail", email)])
        .await
}

/// What somebody who compares answers can see of one.
fn visible(reply: &Reply) -> (StatusCode, Vec<(String, String)>, String) {
    let headers = reply.headers.iter();
    let mut headers: Vec<_> = headers
        .filter(|(name, _)| *name != "x-request-id")
        .map(|(name, value)| (name.to_string(), format!("{value:?}")))
        .collect();
    headers.sort();
    (reply.status, headers, reply.body.clone())
}

async fn tickets(tierdesk: &Tierdesk) -> Vec<(Uuid, String)> {
    let mut owner = database::connect(&tierdesk.database).await;
    sqlx::query_as("select id, status from ticket order by number")
        .fetch_all(&mut owner)
        .await
        .unwrap()
}

async fn links(tierdesk: &Tierdesk) -> i64 {
    let mut owner = database::connect(&tierdesk.database).await;
    sqlx::query_scalar("select count(*) from person_token where purpose = 'reset'")
        .fetch_one(&mut owner)
        .await
        .unwrap()
}

async fn work_off(tierdesk: &Tierdesk) {
    let worker = crate::leak::worker(tierdesk);
    worker.drain(tierdesk.now()).await.unwrap();
}

#[tokio::test]
async fn asking_for_help_is_the_same_answer_for_the_same_work_with_and_without_an_account() {
    let (tierdesk, priya) = scene().await;
    ask(&tierdesk, "somebody@example.org").await;
    let work = Work::default();
    let _listening =
        tracing::subscriber::set_default(tracing_subscriber::registry().with(work.clone()));
    let known = ask(&tierdesk, &priya.email).await;
    let for_known = work.done();
    let unknown = ask(&tierdesk, NOBODY).await;
    let for_unknown = work.done();
    assert_eq!(visible(&known), visible(&unknown));
    assert!(for_known.len() > 4, "{for_known:?}");
    assert_eq!(for_known, for_unknown);
    assert_eq!(
        tickets(&tierdesk).await.len(),
        0,
        "nothing is filed meanwhile"
    );
    work_off(&tierdesk).await;
    assert_eq!(tickets(&tierdesk).await.len(), 1);
}

#[tokio::test]
async fn a_wrong_password_is_the_same_answer_for_the_same_work_with_and_without_an_account() {
    let (tierdesk, priya) = scene().await;
    let visitor = tierdesk.visitor();
    let wrong = "wrong wrong wrong wrong";
    sign_in(&visitor, "somebody@example.org", wrong).await;
    let work = Work::default();
    let _listening =
        tracing::subscriber::set_default(tracing_subscriber::registry().with(work.clone()));
    let known = sign_in(&visitor, &priya.email, wrong).await;
    let for_known = work.done();
    let unknown = sign_in(&visitor, NOBODY, wrong).await;
    let for_unknown = work.done();
    let (status, headers, body) = visible(&known);
    let other = visible(&unknown);
    // The page keeps what was typed.
    assert_eq!(
        (status, body.replace(&priya.email, NOBODY)),
        (other.0, other.2)
    );
    let names = |headers: Vec<(String, String)>| -> Vec<String> {
        headers.into_iter().map(|it| it.0).collect()
    };
    assert_eq!(names(headers), names(other.1));
    assert_eq!(for_known, for_unknown);
    let hashed = for_unknown
        .iter()
        .filter(|it| it.contains("a password is hashed"))
        .count();
    assert_eq!(hashed, 1, "{for_unknown:?}");
}

#[tokio::test]
async fn whoever_asks_again_gets_a_second_link_and_then_a_human_on_the_same_ticket() {
    let (tierdesk, priya) = scene().await;
    let state = async || {
        work_off(&tierdesk).await;
        let all = tickets(&tierdesk).await;
        assert_eq!(all.len(), 1, "one ticket");
        let stands = tierdesk.stands(TicketId(all[0].0)).await;
        (links(&tierdesk).await, stands.status, stands.bot_holds)
    };
    ask(&tierdesk, &priya.email).await;
    assert_eq!(state().await, (1, "pending".to_owned(), true));
    let first = newest_link(&tierdesk, "/password/reset/").await;

    tierdesk.clock.advance(TimeDelta::minutes(10));
    ask(&tierdesk, &priya.email).await;
    assert_eq!(state().await, (1, "pending".to_owned(), true));
    let still = tierdesk.visitor().get(&first).await;
    assert_eq!(
        still.status,
        StatusCode::OK,
        "nobody takes it away by asking"
    );

    tierdesk.clock.advance(TimeDelta::minutes(10));
    ask(&tierdesk, &priya.email).await;
    assert_eq!(state().await, (2, "pending".to_owned(), true));

    tierdesk.clock.advance(TimeDelta::minutes(20));
    ask(&tierdesk, &priya.email).await;
    assert_eq!(state().await, (2, "open".to_owned(), false));

    let ticket = TicketId(tickets(&tierdesk).await[0].0);
    let asked: Vec<_> = tierdesk
        .timeline(ticket)
        .await
        .into_iter()
        .filter(|it| it.kind == "ask")
        .collect();
    assert_eq!(asked.len(), 3);
    assert!(asked.iter().all(|it| it.body.starts_with("Asked again")));
}

#[tokio::test]
async fn an_engineer_hears_that_somebody_asked_again_and_the_ticket_goes_on() {
    let (tierdesk, _) = scene().await;
    let leo = tierdesk
        .engineer("Leo Brandt", "Service Desk", Tier::L1)
        .await;
    let fresh = tierdesk.requester("New Address").await;
    tierdesk.set_password(&fresh, BETTER).await;
    ask(&tierdesk, &fresh.email).await;
    work_off(&tierdesk).await;
    let id = TicketId(tickets(&tierdesk).await[0].0);
    let mut owner = database::connect(&tierdesk.database).await;
    sqlx::query("update ticket set assignee_id = $1, status = 'pending'")
        .bind(leo.id.0)
        .execute(&mut owner)
        .await
        .unwrap();
    tierdesk.clock.advance(TimeDelta::minutes(5));
    ask(&tierdesk, &fresh.email).await;
    work_off(&tierdesk).await;
    assert_eq!(tierdesk.stands(id).await.status, "open");
    let told = tierdesk.sign_in(&leo).await.get("/notifications").await;
    assert!(told.body.contains("I cannot sign in"), "{}", told.body);

    sqlx::query("update ticket set status = 'resolved', resolved_at = now(), resolution_code = 'fixed', resolved_by = 'human'")
        .execute(&mut owner)
        .await
        .unwrap();
    ask(&tierdesk, &fresh.email).await;
    work_off(&tierdesk).await;
    assert_eq!(
        tickets(&tierdesk).await.len(),
        2,
        "what was solved is another matter"
    );
}

#[tokio::test]
async fn who_asks_twice_at_once_gets_one_ticket() {
    let (tierdesk, priya) = scene().await;
    tokio::join!(ask(&tierdesk, &priya.email), ask(&tierdesk, &priya.email));
    let now = tierdesk.now();
    let (one, two) = tokio::join!(
        tierdesk.desk.act_on_next_deadline(now),
        tierdesk.desk.act_on_next_deadline(now)
    );
    assert!(one.unwrap() && two.unwrap());
    assert_eq!(tickets(&tierdesk).await.len(), 1);
}

#[tokio::test]
async fn nobody_who_left_and_nobody_unknown_gets_a_ticket_and_no_note_stays() {
    let (tierdesk, priya) = scene().await;
    let ines: Someone = tierdesk.administrator("Ines Roth").await;
    let caller = tierdesk.caller(&ines).await;
    tierdesk
        .desk
        .deactivate(&caller, priya.id, None, tierdesk.now())
        .await
        .unwrap();
    for email in [priya.email.as_str(), NOBODY, "", &"x".repeat(10_000)] {
        assert_eq!(ask(&tierdesk, email).await.status, StatusCode::OK);
    }
    work_off(&tierdesk).await;
    assert!(tickets(&tierdesk).await.is_empty());
    let mut owner = database::connect(&tierdesk.database).await;
    let notes: i64 = sqlx::query_scalar("select count(*) from timer where kind = 'sign_in_help'")
        .fetch_one(&mut owner)
        .await
        .unwrap();
    assert_eq!(notes, 0);
}
