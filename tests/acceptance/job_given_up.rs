//! A job that meets an error of our own, whenever somebody looks at it: the others do not notice, and it ends visibly.

use chrono::TimeDelta;
use serde_json::Value;
use support::agent::PlayedHost;
use support::database;
use tierdesk_domain::id::JobId;
use tierdesk_domain::job::{ERRORS, JobState, rests_until};

use crate::job::Scene;

const SENTENCE: &str = "An error inside Tierdesk kept this from going on.";

async fn audited(scene: &Scene, id: JobId) -> i64 {
    let mut owner = database::connect(&scene.tierdesk.database).await;
    sqlx::query_scalar(
        "select count(*) from audit where action = 'job.given_up' and object_id = $1",
    )
    .bind(id.to_string())
    .fetch_one(&mut owner)
    .await
    .unwrap()
}

/// Row and sentence of a job, whatever the rest of its row says.
async fn row(scene: &Scene, id: JobId) -> (String, Option<String>, i32) {
    let mut owner = database::connect(&scene.tierdesk.database).await;
    sqlx::query_as("select state, summary, errors from job where id = $1")
        .bind(id.0)
        .fetch_one(&mut owner)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_job_that_can_never_be_signed_keeps_no_other_waiting_and_its_ticket_says_how_it_ended() {
    let scene = Scene::new().await;
    let other = PlayedHost::join(&scene.tierdesk, "web02", "").await;
    let (stuck, behind) = (scene.ask().await, scene.ask_on(&other).await);
    let when = format!("new.job_id = '{stuck}'");
    database::refuse(&scene.tierdesk.database, "job_envelope", &when).await;

    let begun = scene.tierdesk.now();
    scene.host.claim(begun).await;
    scene.tierdesk.clock.advance(TimeDelta::milliseconds(1));
    let now = scene.tierdesk.now();
    other.claim(now).await;
    assert_eq!(scene.signer.drain(now).await.unwrap(), 2);
    assert_eq!(scene.state(stuck).await, JobState::Leased);
    assert_ne!(other.claim(now).await["job"], Value::Null);
    assert_eq!(scene.state(behind).await, JobState::Running);
    // It rests: nobody tries it again at once.
    assert_eq!(scene.signer.drain(now).await.unwrap(), 0);

    // Host, signer and deadlines go on as they do; the lease runs out meanwhile, and other attempts begin.
    while !scene.state(stuck).await.is_final() {
        scene.tierdesk.clock.advance(TimeDelta::seconds(5));
        let now = scene.tierdesk.now();
        assert!(now - begun < TimeDelta::minutes(4), "it goes on for ever");
        assert_eq!(scene.host.claim(now).await["job"], Value::Null);
        scene.signer.drain(now).await.unwrap();
        scene.jobs.drain(now).await.unwrap();
    }
    assert_eq!(scene.state(stuck).await, JobState::Failed);
    assert_eq!(row(&scene, stuck).await.2, i32::try_from(ERRORS).unwrap());
    assert_eq!(audited(&scene, stuck).await, 1);
    let client = scene.client().await;
    let page = client
        .get(&format!("/tickets/{}", scene.ticket.number.0))
        .await
        .page();
    assert!(page.text(".timeline").contains(SENTENCE));
    let page = client.get(&scene.address(stuck)).await.page();
    assert!(page.text("main").contains(SENTENCE));
}

#[tokio::test]
async fn a_job_whose_deadline_cannot_be_settled_keeps_no_other_from_ending_and_ends_on_its_own() {
    let scene = Scene::new().await;
    let (unwritable, unreadable) = (scene.ask().await, scene.ask().await);
    scene.tierdesk.clock.advance(TimeDelta::seconds(1));
    let behind = scene.ask().await;
    // What the ticket would say of one cannot be written; another one cannot even be read.
    let when = format!("new.kind = 'job_finished' and new.data->>'job' = '{unwritable}'");
    database::refuse(&scene.tierdesk.database, "event", &when).await;
    let mut owner = database::connect(&scene.tierdesk.database).await;
    sqlx::query("update job set actor_kind = 'nobody' where id = $1")
        .bind(unreadable.0)
        .execute(&mut owner)
        .await
        .unwrap();

    scene.tierdesk.clock.advance(TimeDelta::minutes(30));
    let mut now = scene.tierdesk.now();
    assert_eq!(scene.jobs.drain(now).await.unwrap(), 3);
    assert_eq!(scene.state(behind).await, JobState::Expired);
    assert_eq!(scene.jobs.drain(now).await.unwrap(), 0, "they rest");
    for errors in 1..ERRORS {
        assert_eq!(scene.state(unwritable).await, JobState::Queued);
        now = rests_until(errors, now);
        assert_eq!(scene.jobs.drain(now).await.unwrap(), 2);
    }
    assert_eq!(scene.jobs.drain(now + TimeDelta::days(1)).await.unwrap(), 0);
    for id in [unwritable, unreadable] {
        let (state, summary, _) = row(&scene, id).await;
        assert_eq!(state, "lost");
        assert!(summary.unwrap().starts_with(SENTENCE));
        assert_eq!(audited(&scene, id).await, 1);
    }
    let page = scene
        .client()
        .await
        .get(&scene.address(unwritable))
        .await
        .page();
    assert!(page.text("main").contains(SENTENCE));
}

#[tokio::test]
async fn an_error_that_passes_leaves_a_job_as_it_was() {
    let scene = Scene::new().await;
    let id = scene.ask().await;
    let when = format!("new.job_id = '{id}'");
    database::refuse(&scene.tierdesk.database, "job_envelope", &when).await;
    let now = scene.tierdesk.now();
    scene.host.claim(now).await;
    assert_eq!(scene.signer.drain(now).await.unwrap(), 1);
    database::allow(&scene.tierdesk.database, "job_envelope").await;
    let now = rests_until(1, now);
    assert_eq!(scene.signer.drain(now).await.unwrap(), 1);
    assert_ne!(scene.host.claim(now).await["job"], Value::Null);
    assert_eq!(scene.state(id).await, JobState::Running);
}
