//! The executables start, and say what they take and what is wrong.

use std::io::Write;
use std::process::Stdio;

use support::program::program;

#[test]
fn the_server_tells_its_commands() {
    let said = program("tierdesk").arg("--help").output().expect("runs");
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    for command in ["migrate", "config", "secret", "sla"] {
        assert!(said.contains(command), "{said}");
    }
}

#[test]
fn everything_that_is_wrong_with_the_settings_is_told_at_once_and_no_secret_with_it() {
    let said = program("tierdesk")
        .args(["config", "check"])
        .env("TIERDESK_DATABASE_URL", "mysql://desk:hunter2@db/desk")
        .env("TIERDESK_BASE_URL", "http://desk.example.org")
        .env("TIERDESK_LISTEN", "nowhere")
        .output()
        .expect("runs");
    assert!(!said.status.success());
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    for setting in [
        "TIERDESK_DATABASE_URL",
        "TIERDESK_SECRET_FILE",
        "TIERDESK_BASE_URL",
        "TIERDESK_LISTEN",
        "TIERDESK_ATTACHMENTS",
    ] {
        assert!(said.contains(setting), "{setting} is missing in:\n{said}");
    }
    assert!(!said.contains("hunter2"), "{said}");
}

#[test]
fn working_hours_are_computed_without_a_database() {
    let mut engine = program("tierdesk")
        .args(["sla", "compute"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("runs");
    let question = r#"{"id":"a","calendar":{"zone":"Europe/Lisbon","windows":{"mon":[["09:00","17:00"]]}},"start":"2026-06-01T15:00:00Z","business_seconds":7200}"#;
    let mut input = engine.stdin.take().expect("piped");
    writeln!(input, "{question}\nnonsense").expect("asks");
    drop(input);
    let said = engine.wait_with_output().expect("ends");
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    let answers: Vec<serde_json::Value> = said
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(answers[0]["due"], "2026-06-08T09:00:00Z");
    assert!(answers[1]["error"].is_string());
}

#[tokio::test]
async fn a_database_is_migrated_by_its_owner_and_again_without_harm() {
    let database = support::database::empty().await;
    for _ in 0..2 {
        let done = program("tierdesk")
            .arg("migrate")
            .env("TIERDESK_DATABASE_URL", support::database::url(&database))
            .output()
            .expect("runs");
        assert!(
            done.status.success(),
            "{}",
            String::from_utf8_lossy(&done.stderr)
        );
    }
    let pool = tierdesk_store::connect(&support::database::url(&database), 1)
        .await
        .expect("connects as the application");
    let mut conn = tierdesk_store::acquire(&pool).await.expect("a connection");
    let teams = tierdesk_store::team::all(&mut conn).await.expect("teams");
    assert_eq!(teams.len(), 1);
}

#[tokio::test]
async fn a_page_is_served_over_a_real_connection() {
    let tierdesk = support::Tierdesk::start().await;
    let reply = tierdesk.visitor().get("/healthz").await;
    assert_eq!((reply.status.as_u16(), reply.body.as_str()), (200, "ok\n"));
    let address = tierdesk.serve().await;
    let Some(browser) = support::browser::Browser::open().await else {
        return;
    };
    browser.goto(&format!("{address}/healthz")).await;
    browser.wait_for_text("ok").await;
    browser.close().await;
}
