//! A word that stands nowhere else is put into everything that is internal. Then everything that a requester can reach is
//! read after each thing that happens to a ticket: the word is nowhere in it (AT-LEAK-1).

use axum::body::Body;
use axum::http::Request;
use serde_json::json;
use support::agent::PlayedHost;
use support::client::{Client, Reply};
use support::database;
use support::product::{Someone, Tierdesk};
use tierdesk_desk::conversation::Afterwards;
use tierdesk_desk::job::JobRequest;
use tierdesk_domain::handover::{BounceCode, Handover};
use tierdesk_domain::id::TicketId;
use tierdesk_domain::tier::Tier;
use tierdesk_mail::{Mailbox, Transport};
use tierdesk_protocol::message::CHUNKS;
use tierdesk_store::presence;
use tierdesk_worker::signer::Signer;
use tierdesk_worker::{Post, Worker};
use tokio::sync::mpsc::UnboundedReceiver;
use uuid::Uuid;

use crate::requester::Scene;

/// What every planted word begins with. No id, hash or style can hold it by chance.
const CANARY: &str = "zqcanary";

/// Somebody outside, and what they may have in hand.
struct Outsider {
    name: &'static str,
    client: Client,
    email: String,
}

/// A worker whose mail goes to the developer mailbox.
pub(crate) fn worker(tierdesk: &Tierdesk) -> Worker {
    let post = Post {
        transport: Transport::Mailbox,
        from: Mailbox::new("Desk", "desk@desk.example".parse().unwrap()),
        prefix: "TD".to_owned(),
    };
    Worker::new(tierdesk.desk.clone(), post)
}

struct Stage {
    scene: Scene,
    worker: Worker,
    outsiders: Vec<Outsider>,
    /// Ids that a requester could have seen somewhere or guessed: jobs, hosts, files, rules, people.
    ids: Vec<String>,
    /// What outsiders hear while their page of the ticket is open, and how much that was.
    open: Vec<(&'static str, UnboundedReceiver<String>)>,
    heard: usize,
    found: Vec<String>,
}

impl Stage {
    async fn new() -> Self {
        let scene = Scene::new().await;
        let desk = &scene.desk;
        let tom = desk.requester("Tom Okafor").await;
        let sue = desk.requester("Sue Stranger").await;
        let mut owner = database::connect(&desk.database).await;
        let organisation = Uuid::now_v7();
        sqlx::query("insert into organisation (id, name, colleagues_see, created_at) values ($1, 'Hall 3', true, now())")
            .bind(organisation)
            .execute(&mut owner)
            .await
            .unwrap();
        sqlx::query("update person set organisation_id = $1 where id = any($2)")
            .bind(organisation)
            .bind([scene.priya.id.0, tom.id.0])
            .execute(&mut owner)
            .await
            .unwrap();
        // Everything about engineers but their names.
        sqlx::query("update address set email = $2 where person_id = $1")
            .bind(scene.samir.id.0)
            .bind(format!("{CANARY}-engineer@example.org"))
            .execute(&mut owner)
            .await
            .unwrap();
        // What the ticket's promise is called, and whose hours it counts in.
        sqlx::query(
            "insert into configuration (kind, id, version, name, valid_from, author_id, active, body)
             select kind, id, version + 1, $1 || kind, valid_from, author_id, active,
                 case when kind = 'calendar' then body
                     else jsonb_set(body, '{rules}', (select jsonb_agg(rule || jsonb_build_object('name', $1 || 'promise')) from jsonb_array_elements(body->'rules') rule)) end
             from configuration where kind in ('sla_policy', 'calendar')",
        )
        .bind(format!("{CANARY}-"))
        .execute(&mut owner)
        .await
        .unwrap();
        let mut outsiders = Vec::new();
        for (name, someone) in [
            ("requester", &scene.priya),
            ("colleague", &tom),
            ("stranger", &sue),
        ] {
            outsiders.push(Outsider {
                name,
                client: desk.sign_in(someone).await,
                email: someone.email.clone(),
            });
        }
        Self {
            worker: worker(desk),
            scene,
            outsiders,
            ids: Vec::new(),
            open: Vec::new(),
            heard: 0,
            found: Vec::new(),
        }
    }

    /// The requester and their colleague leave their page of the ticket open.
    async fn open(&mut self, number: i64) {
        for outsider in &self.outsiders[..2] {
            let path = format!("/my/{number}/live");
            let stream = outsider.client.stream(&path).await;
            self.open.push((outsider.name, stream.read_on()));
        }
    }

    /// What came on the open pages since.
    fn listen(&mut self, moment: &str) {
        for (who, stream) in &mut self.open {
            while let Ok(piece) = stream.try_recv() {
                self.heard += usize::from(piece.contains("changed"));
                if piece.contains(CANARY) {
                    self.found.push(format!("{moment}: {who} hears {piece}"));
                }
            }
        }
    }

    fn desk(&self) -> &Tierdesk {
        &self.scene.desk
    }

    fn look(&mut self, what: &str, reply: &Reply) {
        let headers = format!("{:?}", reply.headers);
        for text in [&reply.body, &headers] {
            if let Some(at) = text.find(CANARY) {
                let word: String = text[at..].chars().take(40).collect();
                self.found.push(format!("{what}: {word}"));
            }
        }
    }

    /// Reads everything that people outside can reach, and all their mail.
    async fn read(&mut self, moment: &str, number: i64) {
        self.worker.drain(self.desk().now()).await.unwrap();
        let mut ids = self.ids.clone();
        ids.push(Uuid::nil().to_string());
        for outsider in 0..self.outsiders.len() {
            let who = self.outsiders[outsider].name;
            let client = self.outsiders[outsider].client.clone();
            let mut paths: Vec<(&str, String)> = Vec::new();
            for route in tierdesk_web::table() {
                // Live streams have no end and are listened to; the developer mailbox is everybody's by its nature.
                if route.time.is_none() || route.path.starts_with("/mailbox") {
                    continue;
                }
                let path = route
                    .path
                    .replace("{number}", &number.to_string())
                    .replace("{tier}", "L1")
                    .replace("{team}", "Service%20Desk");
                if path.contains('{') {
                    paths.extend(ids.iter().map(|id| {
                        let filled = path
                            .split('/')
                            .map(|part| if part.starts_with('{') { id } else { part })
                            .collect::<Vec<_>>()
                            .join("/");
                        (route.method, filled)
                    }));
                } else if !path.starts_with("/sign-out") {
                    paths.push((route.method, path));
                }
            }
            paths.push(("GET", "/my?show=closed".to_owned()));
            paths.push(("GET", "/my?of=colleagues".to_owned()));
            paths.push(("GET", format!("/search?q={number}")));
            paths.push(("GET", "/search?q=squeaks".to_owned()));
            for (method, path) in paths {
                // A form without its fields: what it says is an error, and that must say nothing either.
                let request = Request::builder()
                    .method(method)
                    .uri(&path)
                    .header("content-type", "application/x-www-form-urlencoded")
                    .header("sec-fetch-site", "same-origin")
                    .header("origin", &self.desk().base_url)
                    .body(Body::empty())
                    .unwrap();
                let changes = method == "POST"
                    && (path.ends_with("/close")
                        || path.ends_with("/seen")
                        || path.contains("/profile"));
                if changes {
                    continue;
                }
                let reply = client.send(request).await;
                self.look(&format!("{moment}: {who} {method} {path}"), &reply);
            }
            // Searching for the words finds what searching for words that stand nowhere finds.
            let none = client.get("/search?q=zqnothing-note").await;
            for word in ["note", "known", "output", "team", "reason", "file"] {
                let hits = client.get(&format!("/search?q={CANARY}-{word}")).await;
                let text = |reply: &Reply, word: &str| reply.page().all_text().replace(word, "");
                if text(&hits, &format!("{CANARY}-{word}")) != text(&none, "zqnothing-note") {
                    self.found.push(format!("{moment}: {who} finds {word}"));
                }
            }
            self.read_mail(moment, outsider).await;
        }
        self.listen(moment);
    }

    async fn read_mail(&mut self, moment: &str, outsider: usize) {
        let email = self.outsiders[outsider].email.clone();
        let desk = self.desk().desk.clone();
        let mut conn = desk.acquire().await.unwrap();
        let mails = tierdesk_store::mailbox::kept(&mut conn, Some(&email), None, 100)
            .await
            .unwrap();
        drop(conn);
        for mail in mails {
            let (_, content) = desk.kept_mail(mail.id).await.unwrap();
            for text in [
                mail.subject.clone(),
                content.text,
                content.html,
                content.raw,
            ] {
                if text.contains(CANARY) {
                    self.found
                        .push(format!("{moment}: mail “{}” to {email}", mail.subject));
                }
            }
        }
    }

    /// Everything internal that a ticket can have, each with its word.
    async fn plant(&mut self, id: TicketId, number: i64) {
        let desk = &self.scene.desk;
        let now = desk.now();
        let word = |name: &str| format!("{CANARY}-{name}");
        let samir = desk.sign_in(&self.scene.samir).await;
        let message = format!("/tickets/{number}/message");
        let sent = samir
            .upload(
                &message,
                &[("mode", "note"), ("body", &word("note"))],
                &[("files", &word("file.txt"), word("content").as_bytes())],
            )
            .await;
        assert_eq!(sent.status, 303);
        // A file that waits in the composer, and both drafts.
        samir
            .upload(
                &message,
                &[("mode", "note"), ("body", "")],
                &[
                    ("files", &word("waiting.txt"), word("waiting").as_bytes()),
                    ("files", "none", b""),
                ],
            )
            .await;
        for mode in ["reply", "note"] {
            let draft = word(&format!("draft-{mode}"));
            let kept = samir
                .post(
                    &format!("/tickets/{number}/draft"),
                    &[("mode", mode), ("body", &draft)],
                )
                .await;
            assert_eq!(kept.status, 204);
        }
        // Somebody at the desk has it open.
        let looker = desk
            .engineer(&word("looker"), "Service Desk", Tier::L2)
            .await;
        let mut conn = desk.desk.acquire().await.unwrap();
        presence::touch(&mut conn, id, looker.id, true, now)
            .await
            .unwrap();
        drop(conn);

        // A real job with its host, target, output and summary.
        let host = PlayedHost::join(desk, &word("host"), "").await;
        let target = format!("{}.example.org", word("target"));
        let caller = desk.caller(&self.scene.samir).await;
        let request = JobRequest {
            ticket: id,
            host: host.id(),
            entry: "net.tcp".to_owned(),
            params: [("host", target.as_str()), ("port", "5432")]
                .map(|(k, v)| (k.to_owned(), v.to_owned()))
                .into(),
            wait: None,
        };
        let job = desk.desk.request_job(&caller, &request, now).await.unwrap();
        let signer = Signer::new(desk.desk.clone());
        host.claim(now).await;
        signer.drain(now).await.unwrap();
        host.claim(now).await;
        let output = crate::job::chunk(job, 1, 0, 0, word("output").as_bytes());
        assert_eq!(host.post(now, CHUNKS, &output).await.status, 200);
        host.succeed(now, crate::job::run(job, 1), &word("summary"))
            .await;

        let mut owner = database::connect(&desk.database).await;
        // What the bot thought, which rule fired, what a clock says, and the part of a public event that is not public.
        for (kind, data) in [
            (
                "triage",
                json!({"says": word("says"), "why": word("reason"), "rule": word("rule"), "words": [word("words")], "intent": "unknown"}),
            ),
            ("bot_gave_up", json!({"why": word("gaveup")})),
            ("handover_rated", json!({"quality": word("rating")})),
            (
                "rule_fired",
                json!({"rule": word("rulename"), "because": word("rulewhy")}),
            ),
            (
                "at_risk",
                json!({"metric": "resolution", "policy": word("policy")}),
            ),
            (
                "mail_failed",
                json!({"mail": "ticket_filed", "to": word("mailfailed"), "said": word("address")}),
            ),
        ] {
            sqlx::query(
                "insert into event (id, ticket_id, at, kind, visibility, actor_kind, cycle, team_id, tier, priority, data)
                 select $1, id, $2, $3, 'internal', 'bot', cycle, team_id, tier, priority, $4 from ticket where id = $5",
            )
            .bind(Uuid::now_v7())
            .bind(now)
            .bind(kind)
            .bind(data)
            .bind(id.0)
            .execute(&mut owner)
            .await
            .unwrap();
        }
        for change in [
            format!(
                "update event set data = jsonb_set(data, '{{internal}}', '{{\"why\": \"{CANARY}-hidden\"}}') where visibility = 'public'"
            ),
            format!(
                "insert into audit (at, actor_kind, action, object_kind, object_id, detail) values (now(), 'system', '{CANARY}-audit', 'ticket', '{number}', '{{\"x\": \"{CANARY}-detail\"}}')"
            ),
            format!("update team set description = '{CANARY}-description'"),
        ] {
            sqlx::raw_sql(sqlx::AssertSqlSafe(change))
                .execute(&mut owner)
                .await
                .unwrap();
        }
        let files: Vec<Uuid> = sqlx::query_scalar("select id from attachment")
            .fetch_all(&mut owner)
            .await
            .unwrap();
        self.ids.extend(files.iter().map(Uuid::to_string));
        self.ids.extend([
            job.to_string(),
            host.id().to_string(),
            self.scene.samir.id.to_string(),
            id.to_string(),
        ]);
    }
}

async fn insider(stage: &Stage) -> Someone {
    let desk = stage.desk();
    let name = format!("Security {CANARY}-team");
    let vera = desk.engineer("Vera Sand", &name, Tier::L2).await;
    let mut owner = database::connect(&desk.database).await;
    sqlx::query("update team set restricted = true where name = $1")
        .bind(&name)
        .execute(&mut owner)
        .await
        .unwrap();
    vera
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_internal_reaches_anybody_outside_whatever_happens_to_a_ticket() {
    let mut stage = Stage::new().await;
    let (id, number) = stage.scene.with_people("My chair squeaks").await;
    stage.open(number).await;
    stage.plant(id, number).await;
    stage.read("created", number).await;

    stage.scene.reply(id, "We look", Afterwards::Pending).await;
    stage.read("replied", number).await;

    let vera = insider(&stage).await;
    let security = stage.desk().team(&format!("Security {CANARY}-team")).await;
    let samir = stage.desk().caller(&stage.scene.samir).await;
    let now = stage.desk().now();
    let part = |name: &str| format!("{CANARY}-{name}");
    let note = Handover {
        known: part("known"),
        tried: part("tried"),
        evidence: part("evidence"),
        ask: part("ask"),
    };
    let version = stage.scene.version(id).await;
    let desk = stage.desk().desk.clone();
    desk.escalate(&samir, id, version, (security, Tier::L2), note.clone(), now)
        .await
        .unwrap();
    stage.read("escalated", number).await;

    let lead = stage.desk().caller(&vera).await;
    let version = stage.scene.version(id).await;
    let code = Some(BounceCode::ALL[0]);
    desk.bounce(&lead, id, version, code, &part("bounced"), now)
        .await
        .unwrap();
    stage.read("bounced", number).await;
    let version = stage.scene.version(id).await;
    desk.escalate(&samir, id, version, (security, Tier::L2), note, now)
        .await
        .unwrap();
    desk.accept_handover(&lead, id, None, now).await.unwrap();
    let version = stage.scene.version(id).await;
    desk.hand_back(&lead, id, version, &part("handedback"), now)
        .await
        .unwrap();
    stage.read("handed back", number).await;

    // The desk sees all of it, or the words above proved nothing.
    let engineer = stage.desk().sign_in(&stage.scene.samir).await;
    let page = engineer.get(&format!("/tickets/{number}")).await.body;
    for name in [
        "note",
        "file.txt",
        "waiting.txt",
        "summary",
        "says",
        "gaveup",
        "rulename",
        "mailfailed",
        "known",
        "tried",
        "evidence",
        "ask",
        "bounced",
        "handedback",
        "looker",
        "team",
    ] {
        assert!(page.contains(&part(name)), "the desk does not see {name}");
    }
    let clocks = engineer
        .get(&format!("/tickets/{number}/clocks"))
        .await
        .body;
    for name in ["promise", "calendar"] {
        assert!(clocks.contains(&part(name)), "the desk does not see {name}");
    }

    stage.scene.resolve(id).await;
    stage.read("resolved", number).await;

    let priya = stage.desk().caller(&stage.scene.priya).await;
    desk.answer(&priya, id, "It squeaks again", now)
        .await
        .unwrap();
    stage.read("reopened", number).await;
    desk.close_by_requester(&priya, id, now).await.unwrap();
    stage.read("closed", number).await;

    assert!(stage.heard > 0, "the open pages heard nothing");
    stage.found.dedup();
    assert!(stage.found.is_empty(), "{}", stage.found.join("\n"));
    // There was mail to read.
    let mut conn = desk.acquire().await.unwrap();
    let mails = tierdesk_store::mailbox::kept(&mut conn, Some(&stage.scene.priya.email), None, 100)
        .await
        .unwrap();
    assert!(mails.len() >= 3, "{}", mails.len());
}
