//! Hosts in tests: the real agent at work, and one that a test plays itself, honest or not.

use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, json};
use tierdesk_agent::{Config, ExecChild, Stop};
use tierdesk_catalogue::{ENTRIES, Policy};
use tierdesk_desk::enrolment::NewToken;
use tierdesk_domain::id::{HostId, JobId};
use tierdesk_protocol::message::{CLAIM, ENROL, EnrolRequest, REPORT, RESULT, Run};
use tierdesk_protocol::request::RequestHead;
use tierdesk_protocol::{SecretKey, VERSION};
use tierdesk_store::PgListener;
use tierdesk_store::job::Job;
use tierdesk_worker::job::Jobs;
use tierdesk_worker::signer::Signer;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::client::{Client, Reply};
use crate::product::Tierdesk;
use crate::program;

/// The real agent at work on this machine.
pub struct RealAgent {
    /// Its host.
    pub host: HostId,
    /// Its settings; the policy file may be written.
    pub config: Config,
    stop: Stop,
    thread: Mutex<Option<JoinHandle<()>>>,
    _folder: tempfile::TempDir,
}

impl RealAgent {
    /// Ends its thread, so that the test can start the same host as a program of its own.
    pub fn retire(&self) -> Config {
        self.stop.set();
        if let Some(thread) = self.thread.lock().ok().and_then(|mut it| it.take()) {
            // It waits at most its poll; a panic inside was printed already.
            let _ = thread.join();
        }
        self.config.clone()
    }
}

impl Drop for RealAgent {
    fn drop(&mut self) {
        self.retire();
    }
}

/// The worker's loops that jobs need, until this is dropped.
pub struct Loops(CancellationToken);

impl Drop for Loops {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

impl Tierdesk {
    /// Runs signer and deadlines beside the test. From here on the desk lives in the real time, as agents do.
    pub async fn loops(&self) -> Loops {
        self.clock.follow();
        let stop = CancellationToken::new();
        let signer = Signer::new(self.desk.clone());
        signer.prepare(self.now()).await.expect("a key");
        let jobs = Jobs::new(self.desk.clone());
        tokio::spawn({
            let stop = stop.clone();
            async move { signer.run(Utc::now, stop).await }
        });
        tokio::spawn({
            let stop = stop.clone();
            async move { jobs.run(Utc::now, stop).await }
        });
        Loops(stop)
    }

    /// A token for one host of any name.
    pub async fn enrolment_token(&self, expected_name: &str, labels: &str) -> String {
        let administrator = self
            .administrator(&format!("Token maker {}", Uuid::now_v7()))
            .await;
        let caller = self.caller(&administrator).await;
        let new = NewToken {
            minutes: "60".to_owned(),
            uses: "1".to_owned(),
            expected_name: expected_name.to_owned(),
            labels: labels.to_owned(),
        };
        let made = self
            .desk
            .make_enrolment_token(&caller, &new, self.now())
            .await;
        made.expect("a token").secret.reveal().to_owned()
    }

    /// Enrols and starts the real agent over real TCP, with this policy of its owner.
    pub async fn real_agent(&self, labels: &str, policy: &str) -> RealAgent {
        let server = self.serve().await;
        let folder = tempfile::tempdir().expect("a folder");
        let config = Config {
            state_dir: folder.path().join("state"),
            policy_file: folder.path().join("policy.toml"),
            exec_child: ExecChild {
                program: program::path("tierdesk-agent"),
                args: vec!["exec-child".into()],
            },
            poll_seconds: 1,
        };
        std::fs::write(&config.policy_file, policy).expect("a policy");
        let hostname = std::fs::read_to_string("/proc/sys/kernel/hostname").expect("a name");
        let token = self.enrolment_token(hostname.trim(), labels).await;
        let joined = {
            let config = config.clone();
            tokio::task::spawn_blocking(move || {
                tierdesk_agent::enrol(&config, &server, &token, false)
            })
            .await
            .expect("no panic")
            .expect("joins")
        };
        let stop = Stop::new();
        let thread = std::thread::spawn({
            let (config, stop) = (config.clone(), stop.clone());
            move || tierdesk_agent::daemon(&config, &stop).expect("works")
        });
        let agent = RealAgent {
            host: HostId(joined.host),
            config,
            stop,
            thread: Mutex::new(Some(thread)),
            _folder: folder,
        };
        // It reports before it asks for work.
        self.until_reported(agent.host).await;
        agent
    }

    /// Waits until a host has reported its catalogue.
    async fn until_reported(&self, host: HostId) {
        for _ in 0..600 {
            let mut conn = self.desk.acquire().await.expect("a connection");
            if !tierdesk_store::host::entries(&mut conn, host)
                .await
                .expect("entries")
                .is_empty()
            {
                return;
            }
            drop(conn);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the agent has not reported");
    }

    /// Waits until `done` says so of a job; woken by the job's own notices.
    pub async fn until(&self, job: JobId, done: impl Fn(&Job) -> bool) -> Job {
        let mut listener = PgListener::connect_with(&self.desk.pool)
            .await
            .expect("listens");
        listener
            .listen(tierdesk_desk::job::OUTPUT)
            .await
            .expect("listens");
        let wait = async {
            loop {
                let mut conn = self.desk.acquire().await.expect("a connection");
                let found = tierdesk_store::job::find(&mut conn, job)
                    .await
                    .expect("readable")
                    .expect("a job");
                drop(conn);
                if done(&found) {
                    return found;
                }
                // A notice that was missed costs a moment, not the test.
                let _ = tokio::time::timeout(Duration::from_secs(1), listener.recv()).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), wait)
            .await
            .expect("the job comes to what the test waits for")
    }
}

/// A host that the test plays itself.
pub struct PlayedHost {
    /// Its key.
    pub key: Arc<SecretKey>,
    /// Its id.
    pub host: Uuid,
    /// Its state as enrolment told it.
    pub state: String,
    client: Client,
}

/// What a host sends to join.
pub fn joining(token: &str, hostname: &str, key: &SecretKey) -> EnrolRequest {
    let public_key = key.public();
    EnrolRequest {
        version: VERSION,
        token: token.to_owned(),
        hostname: hostname.to_owned(),
        machine: None,
        public_key,
        agent_version: "0.0.0-test".to_owned(),
        proof: key.sign(&EnrolRequest::proof(token, hostname, &public_key)),
    }
}

/// Sends a body as JSON, unsigned.
pub async fn post_json(client: &Client, path: &str, body: &impl Serialize) -> Reply {
    let request = Request::post(path)
        .header("content-type", "application/json")
        .body(Body::from(serde_json::to_vec(body).expect("serialises")));
    client.send(request.expect("valid")).await
}

impl PlayedHost {
    /// Joins with a fresh key, reports what a real one would, and may work at once.
    pub async fn join(tierdesk: &Tierdesk, hostname: &str, labels: &str) -> Self {
        Signer::new(tierdesk.desk.clone())
            .prepare(tierdesk.now())
            .await
            .expect("a key");
        let token = tierdesk.enrolment_token(hostname, labels).await;
        let (key, _) = SecretKey::generate().expect("a key");
        let client = tierdesk.visitor();
        let reply = post_json(&client, ENROL, &joining(&token, hostname, &key)).await;
        assert_eq!(reply.status, 200, "{}", reply.body);
        let answer: Value = serde_json::from_str(&reply.body).expect("JSON");
        let played = Self {
            key: Arc::new(key),
            host: answer["host"]
                .as_str()
                .expect("an id")
                .parse()
                .expect("a UUID"),
            state: answer["state"].as_str().expect("a state").to_owned(),
            client,
        };
        let reply = played
            .post(
                tierdesk.now(),
                REPORT,
                &report(hostname, &Policy::default()),
            )
            .await;
        assert_eq!(reply.status, 200, "{}", reply.body);
        played
    }

    /// The host's id as the desk knows it.
    pub fn id(&self) -> HostId {
        HostId(self.host)
    }

    /// The signed headers for a body, with a fresh nonce.
    pub fn sign(&self, now: DateTime<Utc>, path: &str, body: &[u8]) -> RequestHead {
        RequestHead::sign(
            &self.key,
            self.host,
            now,
            *Uuid::now_v7().as_bytes(),
            "POST",
            path,
            body,
        )
    }

    /// Sends exactly these bytes with these headers.
    pub async fn send(&self, path: &str, head: &RequestHead, body: Vec<u8>) -> Reply {
        let mut request = Request::post(path).header("content-type", "application/json");
        for (name, value) in head.headers() {
            request = request.header(name, value);
        }
        self.client
            .send(request.body(Body::from(body)).expect("valid"))
            .await
    }

    /// Sends a signed message.
    pub async fn post(&self, now: DateTime<Utc>, path: &str, message: &Value) -> Reply {
        let body = serde_json::to_vec(message).expect("serialises");
        let head = self.sign(now, path, &body);
        self.send(path, &head, body).await
    }

    /// Asks for work without waiting.
    pub async fn claim(&self, now: DateTime<Utc>) -> Value {
        let reply = self
            .post(
                now,
                CLAIM,
                &json!({ "version": VERSION, "wait_seconds": 0 }),
            )
            .await;
        assert_eq!(reply.status, 200, "{}", reply.body);
        serde_json::from_str(&reply.body).expect("JSON")
    }

    /// Ends a run as succeeded and healthy.
    pub async fn succeed(&self, now: DateTime<Utc>, run: Run, summary: &str) -> Reply {
        self.post(now, RESULT, &result(run, now, summary)).await
    }
}

/// A result message of a healthy run.
pub fn result(run: Run, now: DateTime<Utc>, summary: &str) -> Value {
    json!({
        "version": VERSION, "run": run, "started_at": now, "ended_at": now, "dropped_bytes": 0, "redactions": 0,
        "outcome": { "succeeded": { "verdict": "healthy", "summary": summary, "facts": {}, "exit": { "code": 0 } } },
    })
}

/// A report message with this build's catalogue.
pub fn report(hostname: &str, policy: &Policy) -> Value {
    let catalogue: serde_json::Map<String, Value> = ENTRIES
        .iter()
        .map(|entry| (entry.id.to_owned(), entry.hash().to_string().into()))
        .collect();
    json!({
        "version": VERSION, "agent_version": "0.0.0-test", "hostname": hostname, "facts": { "os": "Test OS 1" },
        "policy": policy, "catalogue": catalogue,
    })
}
