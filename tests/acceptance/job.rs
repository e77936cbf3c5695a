//! Jobs: asked for by those who may, signed, taken by their host and nobody else, ended once (AT-JOB, AT-LOG).

use chrono::TimeDelta;
use serde_json::{Value, json};
use support::agent::{PlayedHost, result};
use support::{Client, Someone, Tierdesk, database};
use tierdesk_desk::job::{JobRequest, Obstacle, RequestError};
use tierdesk_desk::ticket::{Filed, NewTicket};
use tierdesk_domain::id::JobId;
use tierdesk_domain::job::JobState;
use tierdesk_domain::sla::Metric;
use tierdesk_domain::text;
use tierdesk_domain::ticket::{Channel, Impact, Status, Urgency};
use tierdesk_domain::tier::Tier;
use tierdesk_protocol::job::{Job as Envelope, SignedJob};
use tierdesk_protocol::message::{CHUNKS, HEARTBEAT, RESULT, Run};
use tierdesk_protocol::{Blob, VERSION};
use tierdesk_worker::job::Jobs;
use tierdesk_worker::signer::Signer;

/// A ticket that Ana (Network L1) works, and a host that the test plays.
pub(crate) struct Scene {
    pub(crate) tierdesk: Tierdesk,
    ana: Someone,
    priya: Someone,
    pub(crate) ticket: Filed,
    pub(crate) host: PlayedHost,
    pub(crate) signer: Signer,
    pub(crate) jobs: Jobs,
}

impl Scene {
    pub(crate) async fn new() -> Self {
        let tierdesk = Tierdesk::start().await;
        let ana = tierdesk.engineer("Ana Ferreira", "Network", Tier::L1).await;
        let priya = tierdesk.requester("Priya Nair").await;
        let new = NewTicket {
            category: None,
            title: "Portal does not open".to_owned(),
            description: "https://portal.example.org/login says nothing".to_owned(),
            impact: Impact::Person,
            urgency: Urgency::Medium,
            host: None,
            channel: Channel::Web,
        };
        let caller = tierdesk.caller(&priya).await;
        let ticket = tierdesk
            .desk
            .file_ticket(&caller, new, tierdesk.now())
            .await
            .unwrap();
        let network = tierdesk.team("Network").await;
        let mut owner = database::connect(&tierdesk.database).await;
        sqlx::query("update ticket set team_id = $1, bot_holds = false where id = $2")
            .bind(network.0)
            .bind(ticket.id.0)
            .execute(&mut owner)
            .await
            .unwrap();
        let host = PlayedHost::join(&tierdesk, "web01", "").await;
        let signer = Signer::new(tierdesk.desk.clone());
        let jobs = Jobs::new(tierdesk.desk.clone());
        Self {
            tierdesk,
            ana,
            priya,
            ticket,
            host,
            signer,
            jobs,
        }
    }

    fn request(&self, entry: &str, params: &[(&str, &str)]) -> JobRequest {
        self.request_on(&self.host, entry, params)
    }

    fn request_on(&self, host: &PlayedHost, entry: &str, params: &[(&str, &str)]) -> JobRequest {
        JobRequest {
            ticket: self.ticket.id,
            host: host.id(),
            entry: entry.to_owned(),
            params: params
                .iter()
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
                .collect(),
            wait: None,
        }
    }

    pub(crate) async fn ask(&self) -> JobId {
        self.ask_on(&self.host).await
    }

    pub(crate) async fn ask_on(&self, host: &PlayedHost) -> JobId {
        let caller = self.tierdesk.caller(&self.ana).await;
        let params = [("host", "db.example.org"), ("port", "5432")];
        let request = self.request_on(host, "net.tcp", &params);
        self.tierdesk
            .desk
            .request_job(&caller, &request, self.tierdesk.now())
            .await
            .unwrap()
    }

    /// The host asks, the signer signs, the host asks again and gets the job.
    pub(crate) async fn hand_out(&self) -> SignedJob {
        let now = self.tierdesk.now();
        assert_eq!(
            self.host.claim(now).await["job"],
            Value::Null,
            "not before it is signed"
        );
        assert_eq!(self.signer.drain(now).await.unwrap(), 1);
        let answer = self.host.claim(now).await;
        serde_json::from_value(answer["job"].clone()).unwrap()
    }

    pub(crate) async fn state(&self, id: JobId) -> JobState {
        let mut conn = self.tierdesk.desk.acquire().await.unwrap();
        tierdesk_store::job::find(&mut conn, id)
            .await
            .unwrap()
            .unwrap()
            .state
    }

    pub(crate) async fn client(&self) -> Client {
        self.tierdesk.sign_in(&self.ana).await
    }

    pub(crate) fn address(&self, id: JobId) -> String {
        format!("/tickets/{}/jobs/{id}", self.ticket.number.0)
    }
}

fn envelope(signed: &SignedJob) -> Envelope {
    serde_json::from_slice(&signed.payload.0).unwrap()
}

pub(crate) fn run(id: JobId, attempt: u32) -> Run {
    Run { job: id.0, attempt }
}

pub(crate) fn chunk(id: JobId, attempt: u32, seq: u32, offset: u64, bytes: &[u8]) -> Value {
    let chunk =
        json!({ "stream": "stdout", "seq": seq, "offset": offset, "bytes": Blob(bytes.to_vec()) });
    json!({ "version": VERSION, "run": run(id, attempt), "chunks": [chunk] })
}

#[tokio::test]
async fn a_job_is_signed_for_its_host_and_its_result_stands_on_the_ticket_once() {
    let scene = Scene::new().await;
    let id = scene.ask().await;
    let signed = scene.hand_out().await;
    let keys: Vec<_> = scene
        .tierdesk
        .desk
        .signer_keys()
        .await
        .unwrap()
        .iter()
        .map(|key| tierdesk_protocol::PublicKey::from_bytes(key).unwrap())
        .collect();
    let verified = signed
        .verify(
            &keys,
            scene.host.host,
            scene.tierdesk.now(),
            &Default::default(),
        )
        .unwrap();
    assert_eq!(verified.job.job, id.0);
    assert_eq!(
        verified.job.ticket,
        Some(format!("TD-{}", scene.ticket.number.0))
    );
    assert_eq!(verified.job.requested_by, "Ana Ferreira");
    let life = verified.job.expires_at - verified.job.not_before;
    assert!(life <= TimeDelta::minutes(15));

    let now = scene.tierdesk.now();
    assert_eq!(
        scene
            .host
            .succeed(now, run(id, 1), "Port 5432 answers.")
            .await
            .status,
        200
    );
    assert_eq!(scene.state(id).await, JobState::Succeeded);
    // A second result is kept as evidence and changes nothing.
    assert_eq!(
        scene
            .host
            .succeed(now, run(id, 1), "Something else.")
            .await
            .status,
        200
    );
    let mut conn = database::connect(&scene.tierdesk.database).await;
    let (summary, late): (String, i64) = (
        sqlx::query_scalar("select summary from job where id = $1")
            .bind(id.0)
            .fetch_one(&mut conn)
            .await
            .unwrap(),
        sqlx::query_scalar("select count(*) from job_late_result where job_id = $1")
            .bind(id.0)
            .fetch_one(&mut conn)
            .await
            .unwrap(),
    );
    assert_eq!((summary.as_str(), late), ("Port 5432 answers.", 1));

    let page = scene
        .client()
        .await
        .get(&format!("/tickets/{}", scene.ticket.number.0))
        .await
        .page();
    assert!(page.text(".evidence .lead").contains("Port 5432 answers."));
    // The requester never learns of it.
    let priya = scene.tierdesk.sign_in(&scene.priya).await;
    assert_eq!(priya.get(&scene.address(id)).await.status, 403);
    let scope = scene
        .tierdesk
        .desk
        .scope(&scene.tierdesk.caller(&scene.priya).await)
        .unwrap();
    let mut conn = scene.tierdesk.desk.acquire().await.unwrap();
    let public = tierdesk_store::timeline::public(&mut conn, &scope, scene.ticket.id, 100)
        .await
        .unwrap();
    assert!(
        public
            .iter()
            .all(|event| !event.data.to_string().contains("5432"))
    );
}

#[tokio::test]
async fn another_hosts_job_looks_like_none_and_after_three_tries_the_host_is_suspended() {
    let scene = Scene::new().await;
    let id = scene.ask().await;
    scene.hand_out().await;
    let rogue = PlayedHost::join(&scene.tierdesk, "rogue", "").await;
    let now = scene.tierdesk.now();
    assert_eq!(rogue.claim(now).await["job"], Value::Null);
    let beat = json!({ "version": VERSION, "running": [run(id, 1)] });
    assert_eq!(
        rogue
            .post(now, RESULT, &result(run(id, 1), now, "mine"))
            .await
            .status,
        404
    );
    assert_eq!(
        rogue
            .post(now, CHUNKS, &chunk(id, 1, 0, 0, b"mine"))
            .await
            .status,
        404
    );
    assert_eq!(rogue.post(now, HEARTBEAT, &beat).await.status, 404);
    assert_eq!(
        rogue.post(now, HEARTBEAT, &beat).await.status,
        403,
        "suspended"
    );
    assert_eq!(scene.state(id).await, JobState::Running);
    let mut conn = database::connect(&scene.tierdesk.database).await;
    let audited: Vec<String> = sqlx::query_scalar("select action from audit where object_id = $1 and action like 'host.%' order by at, action")
        .bind(rogue.host.to_string())
        .fetch_all(&mut conn)
        .await
        .unwrap();
    assert_eq!(
        audited.iter().filter(|it| *it == "host.mismatch").count(),
        3
    );
    assert!(audited.contains(&"host.suspended".to_owned()));
}

#[tokio::test]
async fn a_job_of_an_offline_host_waits_visibly_and_expires() {
    let scene = Scene::new().await;
    let id = scene.ask().await;
    let client = scene.client().await;
    let page = client
        .get(&format!("/tickets/{}", scene.ticket.number.0))
        .await
        .page();
    assert!(
        page.text("[data-job-state]")
            .contains("Waits for web01 until")
    );
    scene.tierdesk.clock.advance(TimeDelta::minutes(29));
    assert_eq!(scene.jobs.drain(scene.tierdesk.now()).await.unwrap(), 0);
    scene.tierdesk.clock.advance(TimeDelta::minutes(1));
    assert_eq!(scene.jobs.drain(scene.tierdesk.now()).await.unwrap(), 1);
    assert_eq!(scene.state(id).await, JobState::Expired);
    let page = client
        .get(&format!("/tickets/{}", scene.ticket.number.0))
        .await
        .page();
    assert!(
        page.text(".evidence .lead")
            .contains("did not come in time")
    );
    assert_eq!(
        scene.host.claim(scene.tierdesk.now()).await["job"],
        Value::Null,
        "never run late"
    );
}

#[tokio::test]
async fn a_silent_hosts_job_is_tried_three_times_and_then_lost_and_old_attempts_are_void() {
    let scene = Scene::new().await;
    let id = scene.ask().await;
    for attempt in 1..=3 {
        let signed = scene.hand_out().await;
        assert_eq!(envelope(&signed).attempt, attempt);
        scene.tierdesk.clock.advance(TimeDelta::seconds(59));
        assert_eq!(scene.jobs.drain(scene.tierdesk.now()).await.unwrap(), 0);
        scene.tierdesk.clock.advance(TimeDelta::seconds(1));
        assert_eq!(scene.jobs.drain(scene.tierdesk.now()).await.unwrap(), 1);
    }
    assert_eq!(scene.state(id).await, JobState::Lost);
    let now = scene.tierdesk.now();
    assert_eq!(
        scene.host.succeed(now, run(id, 1), "late").await.status,
        200
    );
    assert_eq!(scene.state(id).await, JobState::Lost);
}

#[tokio::test]
async fn a_heartbeat_keeps_a_job_and_stopping_reaches_its_host() {
    let scene = Scene::new().await;
    let id = scene.ask().await;
    scene.hand_out().await;
    let beat = json!({ "version": VERSION, "running": [run(id, 1)] });
    for _ in 0..3 {
        scene.tierdesk.clock.advance(TimeDelta::seconds(50));
        let reply = scene
            .host
            .post(scene.tierdesk.now(), HEARTBEAT, &beat)
            .await;
        assert_eq!(
            serde_json::from_str::<Value>(&reply.body).unwrap()["stop"],
            json!([])
        );
        scene.jobs.drain(scene.tierdesk.now()).await.unwrap();
        assert_eq!(scene.state(id).await, JobState::Running);
    }
    let stopped = scene
        .client()
        .await
        .post(&format!("{}/stop", scene.address(id)), &[])
        .await;
    assert_eq!(stopped.status, 303);
    assert_eq!(
        scene.host.claim(scene.tierdesk.now()).await["stop"],
        json!([id.0])
    );
    let reply = scene
        .host
        .post(scene.tierdesk.now(), HEARTBEAT, &beat)
        .await;
    assert_eq!(
        serde_json::from_str::<Value>(&reply.body).unwrap()["stop"],
        json!([id.0])
    );
}

#[tokio::test]
async fn a_run_is_stopped_by_those_who_work_on_its_ticket_and_others_are_not_offered_to() {
    let scene = Scene::new().await;
    let id = scene.ask().await;
    let desk = &scene.tierdesk;
    let manager = desk.manager("Mara Lind").await;
    let foreign = desk.engineer("Daniel Kim", "Identity", Tier::L2).await;
    let ticket = format!("/tickets/{}", scene.ticket.number.0);
    let run = scene.address(id);
    let button = format!("form[action='{run}/stop']");
    let drawer = format!("{ticket}/diagnose");
    for (who, may) in [(&scene.ana, true), (&manager, false), (&foreign, false)] {
        let client = desk.sign_in(who).await;
        for page in [&ticket, &run] {
            let shown = client.get(page).await.page();
            assert!(shown.all_text().contains("net.tcp"), "{page}");
            assert_eq!(shown.has(&button), may, "{}: {page}", who.name);
        }
        let shown = client.get(&drawer).await;
        if shown.status == 200 {
            assert_eq!(shown.page().has(&button), may, "{}: {drawer}", who.name);
        }
        if !may {
            let refused = client.post(&format!("{run}/stop"), &[]).await;
            assert_eq!(refused.status, 403, "{}", who.name);
        }
    }
    assert_eq!(scene.state(id).await, JobState::Queued);
    let ana = scene.client().await;
    ana.post(&format!("{run}/stop"), &[]).await.location();
    assert!(!ana.get(&run).await.page().has(&button), "it has ended");
}

#[tokio::test]
async fn permission_is_asked_again_when_a_job_is_signed() {
    let scene = Scene::new().await;
    let id = scene.ask().await;
    let mut owner = database::connect(&scene.tierdesk.database).await;
    sqlx::query("delete from membership where person_id = $1")
        .bind(scene.ana.id.0)
        .execute(&mut owner)
        .await
        .unwrap();
    let now = scene.tierdesk.now();
    scene.host.claim(now).await;
    assert_eq!(scene.signer.drain(now).await.unwrap(), 1);
    assert_eq!(scene.state(id).await, JobState::Refused);
    assert_eq!(scene.host.claim(now).await["job"], Value::Null);
}

#[tokio::test]
async fn only_what_the_host_reported_and_allows_can_be_asked_for() {
    let scene = Scene::new().await;
    let caller = scene.tierdesk.caller(&scene.ana).await;
    let now = scene.tierdesk.now();
    let ask =
        async |request: &JobRequest| scene.tierdesk.desk.request_job(&caller, request, now).await;
    let wrong =
        ask(&scene.request("net.tcp", &[("host", "-oProxyCommand=id"), ("port", "0")])).await;
    assert!(matches!(wrong, Err(RequestError::Params(errors)) if errors.len() == 2));

    let policy = tierdesk_catalogue::Policy {
        denied_entries: ["net.ping".to_owned()].into(),
        ..Default::default()
    };
    let mut message = support::agent::report("web01", &policy);
    let catalogue = message["catalogue"].as_object_mut().unwrap();
    catalogue.remove("fs.df");
    catalogue.insert("dns.dig".to_owned(), "0".repeat(64).into());
    scene
        .host
        .post(now, tierdesk_protocol::message::REPORT, &message)
        .await;
    for (entry, params, obstacle) in [
        ("net.ping", vec![("host", "10.0.0.1")], Obstacle::HostPolicy),
        ("fs.df", vec![], Obstacle::UnknownToHost),
        (
            "dns.dig",
            vec![("name", "a.example")],
            Obstacle::OtherVersion,
        ),
    ] {
        let refused = ask(&scene.request(entry, &params)).await;
        assert!(
            matches!(refused, Err(RequestError::Refused(found)) if found == obstacle),
            "{entry}"
        );
    }
    // The drawer says why, and offers them greyed out.
    let drawer = scene
        .client()
        .await
        .get(&format!("/tickets/{}/diagnose", scene.ticket.number.0))
        .await
        .page();
    assert_eq!(
        drawer.attributes(".catalogue [data-refused] input", "value"),
        ["dns.dig", "fs.df", "net.ping"]
    );
    assert!(
        drawer
            .text(".catalogue")
            .contains("The host’s own policy does not allow it.")
    );
}

#[tokio::test]
async fn the_drawer_is_filled_from_the_ticket_and_keeps_what_was_typed() {
    let scene = Scene::new().await;
    let client = scene.client().await;
    let address = format!("/tickets/{}/diagnose", scene.ticket.number.0);
    let page = client
        .get(&format!("{address}?entry=tls.probe"))
        .await
        .page();
    assert_eq!(
        page.attribute("[name='p.host']", "value"),
        "portal.example.org"
    );
    assert_eq!(page.attribute("[name='p.port']", "value"), "443");

    let host = scene.host.host.to_string();
    let fields = [
        ("host", host.as_str()),
        ("entry", "tls.probe"),
        ("p.host", "not a host"),
        ("p.port", "99999"),
        ("p.sni", ""),
    ];
    let reply = client.post(&address, &fields).await;
    assert_eq!(reply.status, 422);
    let page = reply.page();
    assert_eq!(page.attribute("[name='p.host']", "value"), "not a host");
    assert_eq!(page.texts(".grid .error-text").len(), 2);

    let fields = [
        ("host", host.as_str()),
        ("entry", "tls.probe"),
        ("p.host", "portal.example.org"),
        ("p.port", "8443"),
    ];
    assert_eq!(client.post(&address, &fields).await.status, 303);
    let page = client.get(&address).await.page();
    assert!(page.text("[data-job]").contains("tls.probe"));
}

impl Scene {
    /// The newest job of the ticket.
    async fn newest(&self) -> tierdesk_store::job::Job {
        let mut conn = self.tierdesk.desk.acquire().await.unwrap();
        let jobs = tierdesk_store::job::of_ticket(&mut conn, self.ticket.id, 1)
            .await
            .unwrap();
        jobs.into_iter().next().unwrap()
    }
}

#[tokio::test]
async fn names_with_letters_of_other_scripts_are_typed_as_they_are_written_and_asked_for_in_ascii()
{
    let scene = Scene::new().await;
    let client = scene.client().await;
    let address = format!("/tickets/{}/diagnose", scene.ticket.number.0);
    let host = scene.host.host.to_string();
    let send = async |entry, params: &[(&str, &str)]| {
        let mut fields = vec![("host", host.as_str()), ("entry", entry)];
        fields.extend(params);
        client.post(&address, &fields).await
    };
    let ascii = "xn--bcher-kva.example.org";
    let typed = "bücher.example.org";
    let web = "https://bücher.example.org:8443/a";
    /// An entry, the fields of its form, and what one parameter becomes.
    type Run<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str, &'a str);
    let runs: [Run<'_>; 4] = [
        (
            "net.tcp",
            &[("p.host", typed), ("p.port", "443")],
            "host",
            ascii,
        ),
        ("dns.dig", &[("p.name", typed)], "name", ascii),
        (
            "tls.probe",
            &[("p.host", "portal.example.org"), ("p.sni", typed)],
            "sni",
            ascii,
        ),
        (
            "http.probe",
            &[("p.url", web)],
            "url",
            "https://xn--bcher-kva.example.org:8443/a",
        ),
    ];
    for (entry, params, name, expected) in runs {
        assert_eq!(send(entry, params).await.status, 303, "{entry}");
        let job = scene.newest().await;
        assert_eq!(job.params[name], expected, "{entry}");
    }
    // A form that comes back has what was typed, and shows what would run.
    let wrong = send("net.ping", &[("p.host", typed), ("p.count", "99")]).await;
    assert_eq!(wrong.status, 422);
    let page = wrong.page();
    assert_eq!(page.attribute("[name='p.host']", "value"), typed);
    assert_eq!(page.texts(".grid .error-text").len(), 1);
    let not_a_name = send("net.ping", &[("p.host", "ü ü"), ("p.count", "3")]).await;
    assert_eq!(not_a_name.status, 422);
    assert_eq!(
        not_a_name.page().attribute("[name='p.host']", "value"),
        "ü ü"
    );
}

#[tokio::test]
async fn a_job_waits_for_an_offline_host_as_long_as_the_engineer_chooses() {
    let scene = Scene::new().await;
    let address = format!("/tickets/{}/diagnose", scene.ticket.number.0);
    scene.tierdesk.clock.advance(TimeDelta::hours(1));
    let client = scene.client().await;
    let page = client.get(&address).await.page();
    assert_eq!(
        page.attributes("#wait option", "value"),
        ["30m", "4h", "1d", "7d"]
    );
    let host = scene.host.host.to_string();
    let fields = |wait: &'static str| {
        [
            ("host", host.clone()),
            ("entry", "net.route".to_owned()),
            ("wait", wait.to_owned()),
        ]
    };
    let send = async |wait| {
        let fields = fields(wait);
        let fields: Vec<_> = fields.iter().map(|(k, v)| (*k, v.as_str())).collect();
        client.post(&address, &fields).await
    };
    for (wait, time) in [
        ("30m", TimeDelta::minutes(30)),
        ("4h", TimeDelta::hours(4)),
        ("1d", TimeDelta::days(1)),
        ("7d", TimeDelta::days(7)),
    ] {
        assert_eq!(send(wait).await.status, 303, "{wait}");
        let job = scene.newest().await;
        assert_eq!(job.expires_at, scene.tierdesk.now() + time, "{wait}");
    }
    let wrong = send("for ever").await;
    assert_eq!(wrong.status, 422);
    let page = wrong.page();
    assert!(page.has("#wait[aria-invalid=true]"));
    // Whoever says nothing waits half an hour.
    let silent = [("host", host.as_str()), ("entry", "net.link")];
    assert_eq!(client.post(&address, &silent).await.status, 303);
    let job = scene.newest().await;
    assert_eq!(
        job.expires_at,
        scene.tierdesk.now() + TimeDelta::minutes(30)
    );
    // It is still waiting when the host comes back after six days.
    scene.tierdesk.clock.advance(TimeDelta::days(6));
    scene.jobs.drain(scene.tierdesk.now()).await.unwrap();
    let waiting = scene.tierdesk.waiting_jobs(scene.host.host).await;
    assert_eq!(waiting.len(), 1);
}

#[tokio::test]
async fn until_when_a_job_waits_is_a_fixed_date_and_no_pause_of_its_ticket_moves_it() {
    let scene = Scene::new().await;
    let caller = scene.tierdesk.caller(&scene.ana).await;
    let mut request = scene.request("net.route", &[]);
    request.wait = Some(TimeDelta::days(7));
    let desk = &scene.tierdesk.desk;
    let id = desk
        .request_job(&caller, &request, scene.tierdesk.now())
        .await
        .unwrap();
    let due = async || {
        let mut conn = desk.acquire().await.unwrap();
        let kept = tierdesk_store::clock::projections(&mut conn, scene.ticket.id)
            .await
            .unwrap();
        let of = kept.into_iter().find(|it| it.metric == Metric::Resolution);
        of.unwrap().due_at
    };
    let (until, promised) = (scene.newest().await.expires_at, due().await.unwrap());
    for status in [Status::Pending, Status::Open] {
        let mut conn = desk.acquire().await.unwrap();
        let version = tierdesk_store::ticket::lock(&mut conn, scene.ticket.id)
            .await
            .unwrap()
            .unwrap()
            .version;
        drop(conn);
        desk.set_status(
            &caller,
            scene.ticket.id,
            version,
            status,
            scene.tierdesk.now(),
        )
        .await
        .unwrap();
        scene.tierdesk.clock.advance(TimeDelta::days(3));
    }
    // What is counted waited with the ticket; the date did not.
    assert!(due().await.unwrap() >= promised + TimeDelta::days(3));
    assert_eq!(scene.newest().await.expires_at, until);
    scene.tierdesk.clock.set(until);
    scene.jobs.drain(until).await.unwrap();
    assert_eq!(scene.state(id).await, JobState::Expired);
}

#[tokio::test]
async fn the_application_can_neither_sign_nor_read_the_signers_key() {
    let scene = Scene::new().await;
    let mut conn = database::connect(&scene.tierdesk.database).await;
    for sql in [
        "select sealed from signer_key",
        "insert into signer_key (id, public_key, sealed, created_at) values (gen_random_uuid(), 'x', 'x', now())",
        "insert into job_envelope (job_id, attempt, payload, signature, signed_at) values (gen_random_uuid(), 1, 'x', 'x', now())",
        "update job_envelope set payload = 'x'",
    ] {
        sqlx::query("set role tierdesk_app")
            .execute(&mut conn)
            .await
            .unwrap();
        let error = sqlx::query(sqlx::AssertSqlSafe(sql))
            .execute(&mut conn)
            .await
            .unwrap_err();
        let code = error
            .as_database_error()
            .and_then(|it| it.code().map(|it| it.into_owned()));
        assert_eq!(code.as_deref(), Some("42501"), "{sql}");
    }
}

impl Scene {
    /// Hosts that are in use, more than a drawer offers, with names that come before all others.
    async fn crowd(&self) {
        let mut owner = database::connect(&self.tierdesk.database).await;
        sqlx::query(
            "insert into host (id, name, state, public_key, join_code, created_at)
             select gen_random_uuid(), 'aaa-' || lpad(n::text, 3, '0'), 'active', decode(md5(n::text), 'hex'), '', $1 from generate_series(1, 230) n",
        )
        .bind(self.tierdesk.now())
        .execute(&mut owner)
        .await
        .unwrap();
    }
}

#[tokio::test]
async fn the_drawer_offers_what_belongs_to_the_ticket_and_finds_any_other_host_by_its_name() {
    let scene = Scene::new().await;
    let join = async |name, labels| PlayedHost::join(&scene.tierdesk, name, labels).await;
    let laptop = join("zzz-laptop", "").await;
    let vantage = join("zzz-server", "vantage=server").await;
    let named = join("zzz-named", "").await;
    let sent_away = join("web02", "").await;
    let mut owner = database::connect(&scene.tierdesk.database).await;
    for (statement, id) in [
        (
            "update host set state = 'revoked' where id = $1",
            sent_away.host,
        ),
        ("update ticket set host_id = $1", named.host),
    ] {
        sqlx::query(statement)
            .bind(id)
            .execute(&mut owner)
            .await
            .unwrap();
    }
    sqlx::query("update host set owner_id = $1 where id = $2")
        .bind(scene.priya.id.0)
        .bind(laptop.host)
        .execute(&mut owner)
        .await
        .unwrap();
    let client = scene.client().await;
    let address = format!("/tickets/{}/diagnose", scene.ticket.number.0);
    let all = client.get(&address).await.page();
    assert!(!all.has("#find"), "every host is in the list");
    assert_eq!(all.texts("#host option").len(), 4);

    scene.crowd().await;
    let page = client.get(&address).await.page();
    let offered = page.attributes("#host option", "value");
    assert_eq!(offered.len(), 200);
    assert_eq!(
        offered[..3],
        [&named, &laptop, &vantage].map(|it| it.host.to_string())
    );
    let web = scene.host.host.to_string();
    assert!(!offered.contains(&web), "as many come before it as fit");
    assert!(page.has("#find"));

    let page = client.get(&format!("{address}?find=WEB")).await.page();
    let offered = page.attributes("#host option", "value");
    assert_eq!(offered.len(), 4, "the ticket’s and the one of that name");
    assert!(offered.contains(&web));
    assert_eq!(page.attribute("#find", "value"), "WEB");

    let page = client.get(&format!("{address}?host={web}")).await.page();
    assert_eq!(page.attribute("#host option[selected]", "value"), web);
    assert_eq!(page.attribute("#run-form [name=host]", "value"), web);
    assert_eq!(page.text("button[form=run-form]"), "Run on web01");
}

#[tokio::test]
async fn who_asks_for_a_host_never_gets_another_one() {
    let scene = Scene::new().await;
    let sent_away = PlayedHost::join(&scene.tierdesk, "web02", "").await;
    let mut owner = database::connect(&scene.tierdesk.database).await;
    sqlx::query("update host set state = 'revoked' where id = $1")
        .bind(sent_away.host)
        .execute(&mut owner)
        .await
        .unwrap();
    let client = scene.client().await;
    let address = format!("/tickets/{}/diagnose", scene.ticket.number.0);
    let gone = sent_away.host.to_string();
    let unknown = uuid::Uuid::from_u128(7).to_string();
    for host in [gone.as_str(), &unknown, "web01"] {
        let reply = client.get(&format!("{address}?host={host}")).await;
        assert_eq!(reply.status, 422, "{host}");
        let page = reply.page();
        assert_eq!(page.text("#host-e"), text::t("job.host_not_there"));
        assert!(!page.has("#run-form [name=host]"), "{host}");
        assert!(!page.has("button[form=run-form]"), "{host}");
    }
    // The same form again, with nothing chosen, chooses nothing.
    let page = client.get(&format!("{address}?host={gone}")).await.page();
    let open = page.attribute("#host option[selected]", "value");
    let again = client.get(&format!("{address}?host={open}")).await;
    assert_eq!(again.status, 422);
    assert!(!again.page().has("button[form=run-form]"));
}

#[tokio::test]
async fn what_is_for_a_restricted_team_only_stands_on_no_other_page() {
    let scene = Scene::new().await;
    let desk = &scene.tierdesk;
    let id = scene.ask().await;
    scene.hand_out().await;
    let done = scene
        .host
        .succeed(desk.now(), run(id, 1), "Port 5432 answers.");
    assert_eq!(done.await.status, 200);
    let foreign = desk
        .engineer("Leo Engineer", "Service Desk", Tier::L1)
        .await;
    let other = desk.file(&scene.priya, "Printer", "blank pages").await;
    let host = format!("/hosts/{}", scene.host.host);
    let others = format!("/tickets/{}", other.number.0);
    let one_more = text::count("ticket.other_tickets", 1);

    let run_link = format!("a[href='{}']", scene.address(id));
    let leo = desk.sign_in(&foreign).await;
    let page = leo.get(&host).await.page();
    assert!(page.has(&run_link) && page.all_text().contains("Ana Ferreira"));
    assert!(leo.get(&others).await.page().all_text().contains(&one_more));

    let mut owner = database::connect(&desk.database).await;
    sqlx::query("update team set restricted = true where name = 'Network'")
        .execute(&mut owner)
        .await
        .unwrap();
    let reply = leo.get(&host).await;
    assert_eq!(reply.status, 200);
    for word in [id.to_string().as_str(), "Ana Ferreira"] {
        assert!(!reply.body.contains(word), "{word}");
    }
    let page = leo.get(&others).await;
    assert_eq!(page.status, 200);
    assert!(!page.page().all_text().contains(&one_more));

    // Those of the team see it as before.
    let ana = scene.client().await;
    let page = ana.get(&host).await.page();
    assert!(page.has(&run_link) && page.all_text().contains("Ana Ferreira"));
}
