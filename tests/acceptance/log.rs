//! Logs: one event is one line of JSON whatever is written into it, and no secret is in any line, or in the database
//! (AT-LOG-1, AT-SESS-2, AT-RESET-3).

use std::fs::{File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sqlx::{AssertSqlSafe, Row};
use support::database;
use support::installed::Process;
use support::product::Tierdesk;
use support::program::program;
use support::served::Served;
use support::smtp::SmtpSink;

const PASSWORD: &str = "seven quiet herons by the zqpassword weir";
const WRONG: &str = "zqwrongpassword zqwrongpassword";
const TOKEN: &str = "zqtokenzqtokenzqtokenzqtokenzqtokenzqtoken0";

/// Everything in the database as text, as a dump would have it.
pub(crate) async fn dump(tierdesk: &Tierdesk) -> String {
    let mut owner = database::connect(&tierdesk.database).await;
    let tables: Vec<String> = sqlx::query_scalar(
        "select table_name::text from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'",
    )
    .fetch_all(&mut owner)
    .await
    .unwrap();
    assert!(tables.len() > 30, "{tables:?}");
    let mut all = String::new();
    for table in tables {
        let rows = sqlx::query(AssertSqlSafe(format!("select t::text from \"{table}\" t")))
            .fetch_all(&mut owner)
            .await
            .unwrap();
        for row in rows {
            all.push_str(&row.get::<String, _>(0));
            all.push('\n');
        }
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn one_event_is_one_line_of_json_and_no_secret_is_in_any() {
    let tierdesk = Tierdesk::start().await;
    let priya = tierdesk.requester("Priya Nair").await;
    tierdesk.set_password(&priya, PASSWORD).await;
    // With an administrator who joined there is no set-up link on the console.
    let ines = tierdesk.administrator("Ines Roth").await;
    tierdesk.set_password(&ines, PASSWORD).await;
    let served = Served::start(&tierdesk, &[]).await;
    let encoded = |text: &str| text.replace(' ', "+");

    // Signing in: the password never, and the session that begins with it never.
    let form = format!("mail={}&password={}", priya.email, encoded(PASSWORD));
    let answer = served.ask("POST /sign-in", &[], &form);
    let cookie = answer
        .lines()
        .find_map(|line| {
            line.to_lowercase()
                .starts_with("set-cookie: session=")
                .then(|| line[20..].to_owned())
        })
        .unwrap_or_else(|| panic!("signed in: {answer}"));
    let session = cookie.split(';').next().unwrap().to_owned();
    assert!(session.len() >= 43);
    let form = format!("mail={}&password={}", priya.email, encoded(WRONG));
    served.ask("POST /sign-in", &[], &form);
    let held = format!("Cookie: session={session}");
    let profile = served.ask("GET /profile", &[held.as_bytes()], "");
    assert!(profile.starts_with("HTTP/1.1 200"), "{profile}");
    let number = profile
        .lines()
        .find_map(|line| line.strip_prefix("x-request-id: "))
        .unwrap_or_else(|| panic!("it has a number: {profile}"));
    // Secrets in paths, queries and headers.
    for line in [
        format!("GET /password/reset/{TOKEN}"),
        format!("POST /password/reset/{TOKEN}"),
        format!("GET /invitation/{TOKEN}"),
        format!("GET /set-up/{TOKEN}"),
        format!("GET /my?token={TOKEN}"),
        format!("GET /{TOKEN}"),
    ] {
        let bearer = format!("Authorization: Bearer {TOKEN}");
        served.ask(
            &line,
            &[bearer.as_bytes(), held.as_bytes()],
            &format!("password={}", encoded(WRONG)),
        );
    }
    // What would break lines or a terminal, wherever somebody can write.
    let hostile: [&[u8]; 9] = [
        b"User-Agent: \x1b[31mred\x1b]0;title\x07\x1b]52;c;cHduZWQ=\x07\x1b]8;;http://evil\x07",
        b"User-Agent: c1 \xc2\x9b31m \x9b",
        b"User-Agent: \xe2\x80\xaeevil \xe2\x80\xa8line \xff\xfe",
        b"X-Request-Id: 1\x1b[2J\",\"level\":\"ERROR",
        b"X-Forwarded-For: \x1b[1;1H, 10.0.0.1",
        b"Forwarded: for=\"\x1b[0m\"",
        b"Accept: \"}\\n{\"fake\":\"line\"}",
        b"Referer: http://x/\x1b]8;;http://evil\x07",
        b"Cookie: session=\x1b[31m; theme=\x1b[0m",
    ];
    for header in hostile {
        served.ask("GET /sign-in", &[header], "");
        served.ask(
            "GET /%1b%5b31m%0d%0a%7b%22fake%22%3a%22line%22%7d%00%c2%9b",
            &[header],
            "",
        );
        served.ask(
            "POST /sign-in",
            &[header],
            "mail=%1b%5b31mred%0d%0a%7b%22fake%22%3a%22line%22%7d%00%e2%80%ae@example.org&password=x",
        );
    }
    served.send(b"GET /\x1b[31m HTTP/1.1\r\nHost: x\r\n\r\n");
    served.send(b"\x1b\x1b\x1b\r\n\r\n");

    let log = served.log("serve");
    assert!(log.lines().count() > 30, "{log}");
    for line in log.lines() {
        let event: serde_json::Value =
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line:?}"));
        assert!(event.get("fake").is_none(), "{line}");
        assert!(
            !line
                .chars()
                .any(|c| c.is_control() || ('\u{80}'..'\u{a0}').contains(&c)),
            "{line:?}"
        );
    }
    // The number of an answer is that of the one line which tells of it.
    let told: Vec<_> = log
        .lines()
        .filter(|line| line.contains("\"answered\"") && line.contains(number))
        .collect();
    assert!(
        matches!(told[..], [line] if line.contains("\"http.route\":\"/profile\"") && line.contains(&format!("\"request.id\":\"{number}\""))),
        "{number}: {told:?}"
    );
    assert!(
        log.contains("\"http.route\":\"/password/reset/{secret}\""),
        "it says which page: {}",
        log.lines()
            .filter(|it| it.contains("answered"))
            .take(5)
            .collect::<Vec<_>>()
            .join("\n")
    );
    let dump = dump(&tierdesk).await;
    for (what, secret) in [
        ("password", PASSWORD),
        ("password as sent", encoded(PASSWORD).as_str()),
        ("wrong password", WRONG),
        ("wrong password as sent", encoded(WRONG).as_str()),
        ("session", session.as_str()),
        ("token", TOKEN),
    ] {
        assert!(!log.contains(secret), "the log has the {what}");
        assert!(!dump.contains(secret), "the database has the {what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn worker_and_agent_say_no_secret_either() {
    let mail = SmtpSink::start().await;
    let tierdesk = Tierdesk::start().await;
    // The bot mails links in the real time, and only to addresses that it has known for a week.
    let priya = tierdesk.requester("Priya Nair").await;
    tierdesk.set_password(&priya, PASSWORD).await;
    let ines = tierdesk.administrator("Ines Roth").await;
    tierdesk.set_password(&ines, PASSWORD).await;
    tierdesk.clock.follow();
    let folder = tempfile::tempdir().unwrap();
    let smtp_password = folder.path().join("smtp-password");
    std::fs::write(&smtp_password, TOKEN).unwrap();
    std::fs::set_permissions(&smtp_password, Permissions::from_mode(0o600)).unwrap();
    let smtp_password = smtp_password.display().to_string();
    let smtp_port = mail.address().port().to_string();
    let settings = [
        ("TIERDESK_SMTP_HOST", "localhost"),
        ("TIERDESK_SMTP_PORT", smtp_port.as_str()),
        ("TIERDESK_SMTP_SECURITY", "plain"),
        ("TIERDESK_SMTP_USER", "desk"),
        ("TIERDESK_SMTP_PASSWORD_FILE", smtp_password.as_str()),
        ("TIERDESK_MAIL_FROM", "desk@example.org"),
    ];
    let mut served = Served::start(&tierdesk, &settings).await;
    served.run("worker", &settings);
    served.ask("POST /sign-in/help", &[], &format!("mail={}", priya.email));
    let mut count = 1;
    let link = loop {
        let sent = mail.wait_for(count).await;
        let login = sent[0].login.as_ref().map(|it| it.1.as_str());
        assert_eq!(login, Some(TOKEN), "the password was used");
        let texts: Vec<String> = sent.iter().map(|it| it.message().text()).collect();
        let found = texts
            .iter()
            .flat_map(|text| text.split_whitespace())
            .find(|word| word.contains("/password/reset/"));
        if let Some(link) = found {
            break link.rsplit('/').next().unwrap().to_owned();
        }
        count = sent.len() + 1;
    };

    // A host joins and works for a while, saying everything.
    let enrolment = tierdesk.enrolment_token("", "").await;
    let agent = |arguments: &[&str], log: &str| {
        let log = File::create(folder.path().join(log)).unwrap();
        let mut command = program("tierdesk-agent");
        command
            .args(arguments)
            .env("TIERDESK_AGENT_STATE", folder.path().join("agent"))
            .env("TIERDESK_AGENT_POLICY", folder.path().join("policy.toml"))
            .env("TIERDESK_ENROLL_TOKEN", &enrolment)
            .env("TIERDESK_LOG", "trace")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log);
        command
    };
    let joined = agent(&["enroll", &served.base_url()], "enroll")
        .status()
        .unwrap();
    let said = |log: &str| std::fs::read_to_string(folder.path().join(log)).unwrap();
    assert!(joined.success(), "{}", said("enroll"));
    let working = Process::start(&mut agent(&["daemon"], "daemon"));
    for _ in 0..600 {
        if said("daemon").contains("the server knows this host") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(
        said("daemon").contains("the server knows this host"),
        "{}",
        said("daemon")
    );
    drop(working);
    let key = std::fs::read_dir(folder.path().join("agent"))
        .unwrap()
        .map(|it| it.unwrap().path())
        .find(|it| it.to_string_lossy().contains("key"))
        .expect("the host has a key");
    let key = std::fs::read(key).unwrap();

    let logs = [
        ("serve", served.log("serve")),
        ("worker", served.log("worker")),
        ("enroll", said("enroll")),
        ("daemon", said("daemon")),
    ];
    for (process, log) in logs {
        assert!(log.lines().count() > 3, "{process}: {log}");
        for line in log.lines() {
            let event = serde_json::from_str::<serde_json::Value>(line);
            assert!(event.is_ok(), "{process}: {line:?}");
        }
        for (what, secret) in [
            ("password of the mail server", TOKEN.to_owned()),
            (
                "the same, as it is sent",
                STANDARD.encode(format!("\0desk\0{TOKEN}")),
            ),
            ("reset link", link.clone()),
            ("enrolment token", enrolment.clone()),
            ("host's key", STANDARD.encode(&key)),
        ] {
            assert!(secret.len() > 20, "{what}: {secret}");
            assert!(!log.contains(&secret), "{process} says the {what}");
        }
    }
}

#[tokio::test]
async fn nothing_that_opens_an_account_lies_in_the_database() {
    let tierdesk = Tierdesk::start().await;
    let setup = tierdesk
        .desk
        .setup_link(tierdesk.now())
        .await
        .unwrap()
        .unwrap();
    let priya = tierdesk.requester("Priya Nair").await;
    tierdesk.set_password(&priya, PASSWORD).await;
    tierdesk.clock.advance(chrono::TimeDelta::days(10));
    let session = tierdesk.sign_in(&priya).await;
    tierdesk
        .visitor()
        .post("/sign-in/help", &[("mail", &priya.email)])
        .await;
    let ines = tierdesk.administrator("Ines Roth").await;
    let administrator = tierdesk.sign_in(&ines).await;
    administrator
        .post(
            "/admin/people/new",
            &[("name", "Lea Brandt"), ("email", "lea@example.org")],
        )
        .await
        .location();
    let enrolment = tierdesk.enrolment_token("", "").await;
    // As it waits in the outbox, and after it was sent.
    let mut secrets = vec![
        setup.rsplit('/').next().unwrap().to_owned(),
        session.cookie().unwrap().to_owned(),
        enrolment,
        PASSWORD.to_owned(),
    ];
    let before = dump(&tierdesk).await;
    let reset = crate::account::newest_link(&tierdesk, "/password/reset/").await;
    let invitation = crate::account::newest_link(&tierdesk, "/invitation/").await;
    secrets.extend([reset, invitation].map(|link| link.rsplit('/').next().unwrap().to_owned()));
    let after = dump(&tierdesk).await;
    for secret in secrets {
        assert!(secret.len() > 20, "{secret}");
        assert!(
            !before.contains(&secret) && !after.contains(&secret),
            "{secret}"
        );
    }
}
