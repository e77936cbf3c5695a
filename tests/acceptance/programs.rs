//! The executables start, and say what they take and what is wrong.

use std::io::{Read, Write};
use std::net::TcpListener;
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

/// What would colour, title, write to the clipboard, turn around or break a line in a terminal.
const STEERS: &str = "\u{1b}[31mred\u{1b}]0;title\u{7}\u{9b}2J\u{202e}evil\u{2028}line\u{200f}\u{61c}\u{2066}\u{feff}";

/// A server that answers everybody with the same.
fn answering(answer: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("bound");
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut request = [0; 4096];
            // Whoever goes away early has got its answer all the same.
            let _ = stream.read(&mut request);
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    format!("http://{address}")
}

#[test]
fn what_a_server_says_cannot_steer_the_terminal_of_who_runs_the_agent() {
    let state = tempfile::tempdir().expect("a folder");
    let agent = |arguments: &[&str]| {
        program("tierdesk-agent")
            .args(arguments)
            .env("TIERDESK_AGENT_STATE", state.path().join("state"))
            .env("TIERDESK_AGENT_POLICY", state.path().join("policy.toml"))
            .env("TIERDESK_ENROLL_TOKEN", "zqtoken")
            .env("TIERDESK_LOG", "warn")
            .stdin(Stdio::null())
            .output()
            .expect("runs")
    };
    let probed = answering(format!(
        "HTTP/1.1 302 Found\r\nServer: zqserver {STEERS}\r\nLocation: /{STEERS}\r\nX-Odd: {STEERS}\r\n\r\n"
    ));
    let ran = agent(&["run", "http.probe", &format!("url={probed}/")]);
    let problem = serde_json::json!({ "error": { "code": "no", "title": format!("zqserver {STEERS}"), "advice": STEERS } });
    let problem = problem.to_string();
    let refusing = answering(format!(
        "HTTP/1.1 403 Forbidden\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{problem}",
        problem.len()
    ));
    let refused = agent(&["enroll", &refusing]);
    assert!(!refused.status.success());
    for (what, said) in [("run", ran), ("enroll", refused)] {
        let said = [said.stdout, said.stderr].concat();
        let said = String::from_utf8(said).expect("text");
        assert!(said.contains("zqserver"), "{what}: {said:?}");
        let steering: Vec<char> = said
            .chars()
            .filter(|c| *c != '\n' && (c.is_control() || !c.is_ascii() && STEERS.contains(*c)))
            .collect();
        assert!(steering.is_empty(), "{what}: {steering:?} in {said:?}");
    }
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
