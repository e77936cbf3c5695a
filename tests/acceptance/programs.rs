//! The executables start, and say what they take and what is wrong.

use std::fs::Permissions;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::process::{Output, Stdio};

use support::program::program;

use crate::account::{BETTER, GOOD, is_in, signed_in};

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
async fn an_owner_who_may_not_take_the_roles_is_told_what_to_grant() {
    // The roles belong to the server, so another database has made them.
    let other = support::database::empty().await;
    let other = support::database::url(&other);
    tierdesk_store::migrate(&other).await.expect("migrates");
    let database = support::database::empty().await;
    let owner = format!("owner_of_{database}");
    let statement =
        format!("create role {owner} login; alter database {database} owner to {owner}");
    support::database::run(&database, &statement).await;
    let url = support::database::url(&database).replace("postgres@", &format!("{owner}@"));
    let migrate = || {
        program("tierdesk")
            .arg("migrate")
            .env("TIERDESK_DATABASE_URL", &url)
            .output()
            .expect("runs")
    };
    let told = refused(&migrate());
    let grant = "`grant tierdesk_app, tierdesk_signer to <owner> with admin option`";
    assert!(told.contains(grant), "{told}");

    let statement = format!("grant tierdesk_app, tierdesk_signer to {owner} with admin option");
    support::database::run(&database, &statement).await;
    said(&migrate());
}

/// A command of the server for a desk that exists, with all settings.
fn at_console(tierdesk: &support::Tierdesk, folder: &std::path::Path, args: &[&str]) -> Output {
    let secret = folder.join("secret");
    if !secret.exists() {
        std::fs::write(&secret, tierdesk_desk::Keys::generate()).unwrap();
        std::fs::set_permissions(&secret, Permissions::from_mode(0o600)).unwrap();
        std::fs::create_dir(folder.join("files")).unwrap();
    }
    program("tierdesk")
        .args(args)
        .env(
            "TIERDESK_DATABASE_URL",
            support::database::url(&tierdesk.database),
        )
        .env("TIERDESK_SECRET_FILE", &secret)
        .env("TIERDESK_ATTACHMENTS", folder.join("files"))
        .env("TIERDESK_BASE_URL", &tierdesk.base_url)
        .output()
        .expect("runs")
}

/// What a command that went well said on standard output and on standard error.
fn said(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let said = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{said:?}");
    said
}

fn refused(output: &Output) -> String {
    assert!(!output.status.success());
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[tokio::test]
async fn the_console_invites_an_administrator_and_says_what_is_wrong_with_an_address() {
    let tierdesk = support::Tierdesk::start().await;
    let folder = tempfile::tempdir().unwrap();
    let invite = |email: &str| {
        let args = [
            "admin",
            "invite",
            "--administrator",
            "--person",
            "Ada Moss",
            "--email",
            email,
        ];
        at_console(&tierdesk, folder.path(), &args)
    };
    let (_, told) = said(&invite("ada@example.org"));
    assert!(
        told.contains("The invitation to ada@example.org is in the outbox"),
        "{told}"
    );
    assert!(told.contains("no mail server is set"), "{told}");
    let mut owner = support::database::connect(&tierdesk.database).await;
    let waits: (String, String, bool) = sqlx::query_as(
        "select o.kind, o.address, p.administrator from outbox o join person p on p.id = o.person_id",
    )
    .fetch_one(&mut owner)
    .await
    .unwrap();
    assert_eq!(
        waits,
        ("invitation".to_owned(), "ada@example.org".to_owned(), true)
    );
    assert!(refused(&invite("ada@example.org")).contains("Somebody has this address already"));
    assert!(refused(&invite("ada")).contains("not a mail address"));
}

#[tokio::test]
async fn whoever_checks_settings_without_a_mail_server_reads_that_mail_waits() {
    let tierdesk = support::Tierdesk::start().await;
    let folder = tempfile::tempdir().unwrap();
    let (told, _) = said(&at_console(&tierdesk, folder.path(), &["config", "check"]));
    assert!(told.contains("no mail server is set"), "{told}");
    assert!(told.contains("TIERDESK_SMTP_HOST"), "{told}");
}

#[tokio::test]
async fn the_console_lets_the_only_administrator_who_forgot_their_password_back_in() {
    let tierdesk = support::Tierdesk::start().await;
    // The program takes the real time.
    tierdesk.clock.follow();
    let folder = tempfile::tempdir().unwrap();
    let ines = tierdesk.administrator("Ines Roth").await;
    let priya = tierdesk.requester("Priya Nair").await;
    for someone in [&ines, &priya] {
        tierdesk.set_password(someone, GOOD).await;
    }
    let session = tierdesk.sign_in(&ines).await;
    let reset = |email: &str| {
        at_console(
            &tierdesk,
            folder.path(),
            &["admin", "reset-password", email],
        )
    };
    let (link, told) = said(&reset(&ines.email));
    assert!(told.contains("within 15 minutes"), "{told}");
    let link = link
        .trim()
        .strip_prefix(tierdesk.base_url.as_str())
        .unwrap();
    let visitor = tierdesk.visitor();
    let fields = [("password", BETTER), ("again", BETTER)];
    let done = visitor.post(link, &fields).await;
    assert!(done.location().starts_with("/sign-in"));
    assert_eq!(visitor.post(link, &fields).await.status.as_u16(), 410);
    assert!(!is_in(&session).await);
    signed_in(&tierdesk, &ines, BETTER).await;
    let mut owner = support::database::connect(&tierdesk.database).await;
    let audited: i64 = sqlx::query_scalar(
        "select count(*) from audit where action = 'password.reset_started' and actor_kind = 'system' and object_id = $1",
    )
    .bind(ines.id.to_string())
    .fetch_one(&mut owner)
    .await
    .unwrap();
    assert_eq!(audited, 1);
    for email in [priya.email.as_str(), "nobody@example.org"] {
        let told = refused(&reset(email));
        assert!(told.contains("no administrator who has joined"), "{told}");
    }
}

#[tokio::test]
async fn the_console_verifies_the_audit_log_and_fails_on_a_changed_row() {
    let tierdesk = support::Tierdesk::start().await;
    let folder = tempfile::tempdir().unwrap();
    tierdesk.requester("Priya Nair").await;
    let verify = || at_console(&tierdesk, folder.path(), &["audit", "verify"]);
    tierdesk.desk.setup_link(tierdesk.now()).await.unwrap();
    tierdesk_worker::sealer::Sealer::new(tierdesk.desk.clone())
        .run_once(tierdesk.now())
        .await
        .unwrap();
    let (_, told) = said(&verify());
    assert!(told.contains("nothing is wrong with any of them"), "{told}");
    let mut owner = support::database::connect(&tierdesk.database).await;
    sqlx::query("update audit set detail = '{\"a\": 1}' where action = 'setup.link_printed'")
        .execute(&mut owner)
        .await
        .unwrap();
    let told = refused(&verify());
    assert!(told.starts_with("tierdesk: "), "{told}");
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
