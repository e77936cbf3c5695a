//! The product under test: a database of its own, the real router, a clock that the test sets.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Mutex;

use chrono::{DateTime, Utc};
use tierdesk_desk::caller::Origin;
use tierdesk_desk::keys::new_secret;
use tierdesk_desk::people::PersonEdit;
use tierdesk_desk::{Caller, Desk, Keys, Settings};
use tierdesk_domain::actor::Actor;
use tierdesk_domain::authorize::Managed;
use tierdesk_domain::id::{DocumentId, PersonId, TeamId};
use tierdesk_domain::outbox::Way;
use tierdesk_domain::person::{AuthStrength, PersonKind};
use tierdesk_domain::team::Details;
use tierdesk_domain::tier::Tier;
use tierdesk_store::configuration::{self, Document};
use tierdesk_store::{person, session, team};
use uuid::Uuid;

use crate::client::Client;
use crate::clock::Clock;
use crate::database;

/// A whole Tierdesk.
pub struct Tierdesk {
    /// What can be done.
    pub desk: Desk,
    /// The time it believes in.
    pub clock: Clock,
    /// The name of its database, for [`database::connect`].
    pub database: String,
    /// The address that people type: `http://localhost:PORT`.
    pub base_url: String,
    router: axum::Router,
    listener: Mutex<Option<std::net::TcpListener>>,
    secret: String,
    attachments: tempfile::TempDir,
}

/// Somebody in a test.
#[derive(Debug, Clone)]
pub struct Someone {
    /// Who.
    pub id: PersonId,
    /// Their name.
    pub name: String,
    /// The address mail goes to.
    pub email: String,
}

impl Tierdesk {
    /// A fresh one, with what `tierdesk migrate` installs and nobody in it.
    pub async fn start() -> Self {
        let database = database::migrated(prepare).await;
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("bound").port();
        let base_url = format!("http://localhost:{port}");
        let attachments = tempfile::tempdir().expect("a folder");

        let clock = Clock::default();
        let secret = Keys::generate();
        let (desk, router) = assemble(
            &database,
            &secret,
            &base_url,
            attachments.path(),
            &clock,
            Way::Mailbox,
        )
        .await;
        Self {
            router,
            desk,
            clock,
            database,
            base_url,
            listener: Mutex::new(Some(listener)),
            secret,
            attachments,
        }
    }

    /// The same desk after its process ended and another one began: nothing is left but database, files and secret.
    pub async fn restart(&mut self) {
        self.restart_with(Way::Mailbox).await;
    }

    /// The same, with another way for its mail. A test's own worker has its way from its `Post`.
    pub async fn restart_with(&mut self, mail: Way) {
        (self.desk, self.router) = assemble(
            &self.database,
            &self.secret,
            &self.base_url,
            self.attachments.path(),
            &self.clock,
            mail,
        )
        .await;
    }

    /// The time at this moment.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// Somebody who files tickets.
    pub async fn requester(&self, name: &str) -> Someone {
        self.person(name, false, false).await
    }

    /// Somebody who works the queue of `team` at `tier`; the team is made when there is none of that name.
    pub async fn engineer(&self, name: &str, team: &str, tier: Tier) -> Someone {
        let someone = self.person(name, false, false).await;
        let team = self.team(team).await;
        self.join(&someone, team, tier).await;
        someone
    }

    /// Somebody who watches promises, of all teams.
    pub async fn manager(&self, name: &str) -> Someone {
        self.person(name, true, false).await
    }

    /// Somebody who configures.
    pub async fn administrator(&self, name: &str) -> Someone {
        self.person(name, false, true).await
    }

    /// Makes somebody a member of a queue.
    pub async fn join(&self, someone: &Someone, team: TeamId, tier: Tier) {
        let mut conn = self.desk.acquire().await.expect("a connection");
        team::add_member(&mut conn, someone.id, team, tier)
            .await
            .expect("joins");
    }

    /// Makes a manager one of these teams only.
    pub async fn answers_for(&self, someone: &Someone, teams: &[TeamId]) {
        let mut conn = self.desk.acquire().await.expect("a connection");
        let person = person::find(&mut conn, someone.id)
            .await
            .expect("readable")
            .expect("a person");
        let edit = PersonEdit {
            name: person.name,
            time_zone: person.time_zone,
            organisation: person.organisation,
            vip: person.vip,
            administrator: person.administrator,
            manages: Some(Managed::Teams(teams.iter().copied().collect())),
            queues: BTreeSet::new(),
        };
        self.desk
            .edit_person(
                &Caller::machine(Actor::system()),
                someone.id,
                person.version,
                edit,
                self.now(),
            )
            .await
            .expect("manages");
    }

    /// The team of that name, made when there is none.
    pub async fn team(&self, name: &str) -> TeamId {
        let mut conn = self.desk.acquire().await.expect("a connection");
        let teams = team::all(&mut conn).await.expect("teams");
        if let Some(found) = teams.iter().find(|it| it.name == name) {
            return found.id;
        }
        let id = TeamId(Uuid::now_v7());
        team::insert(&mut conn, id, name, "", false, self.now())
            .await
            .expect("a team");
        let version = Document {
            id: DocumentId(id.0),
            version: 1,
            name: name.to_owned(),
            active: true,
            valid_from: self.now(),
            author: None,
            body: Details {
                description: String::new(),
                restricted: false,
            },
        };
        configuration::insert(&mut conn, "team", &version)
            .await
            .expect("its version");
        id
    }

    async fn person(&self, name: &str, manager: bool, administrator: bool) -> Someone {
        let someone = Someone {
            id: PersonId(Uuid::now_v7()),
            name: name.to_owned(),
            email: format!("{}@example.org", name.to_lowercase().replace(' ', ".")),
        };
        let now = self.now();
        let machine = Caller::machine(Actor::system());
        let mut work = self.desk.begin(&machine, now).await.expect("begins");
        let new = person::NewPerson {
            id: someone.id,
            name,
            kind: PersonKind::Human,
            organisation: None,
            site: None,
            time_zone: "UTC",
            administrator,
            manager,
        };
        person::insert(work.conn(), &new, now)
            .await
            .expect("a person");
        person::add_address(
            work.conn(),
            someone.id,
            &someone.email,
            "person",
            Some(now),
            now,
        )
        .await
        .expect("an address");
        work.commit().await.expect("commits");
        someone
    }

    /// Gives somebody a password.
    pub async fn set_password(&self, someone: &Someone, password: &str) {
        let hash = self
            .desk
            .hash_password(password.to_owned())
            .await
            .expect("hashes");
        let mut conn = self.desk.acquire().await.expect("a connection");
        session::set_credential(&mut conn, someone.id, &hash, self.now())
            .await
            .expect("a password");
    }

    /// Somebody as the caller of a desk function, with the rights they have now.
    pub async fn caller(&self, someone: &Someone) -> Caller {
        let mut conn = self.desk.acquire().await.expect("a connection");
        let principal = person::principal(&mut conn, someone.id)
            .await
            .expect("readable")
            .expect("an active person");
        Caller::person(principal, Origin::default())
    }

    /// Somebody with a session, without the detour over the sign-in page.
    pub async fn sign_in(&self, someone: &Someone) -> Client {
        let (cookie, id_hash) = new_secret();
        let now = self.now();
        let new = session::NewSession {
            id_hash: &id_hash,
            person: someone.id,
            expires_at: now + chrono::TimeDelta::hours(10),
            strength: AuthStrength::Password,
            ip: "127.0.0.1",
            user_agent: "test",
        };
        let mut conn = self.desk.acquire().await.expect("a connection");
        session::insert(&mut conn, &new, now)
            .await
            .expect("a session");
        Client::new(
            self.router.clone(),
            self.host().to_owned(),
            Some(cookie.reveal().to_owned()),
        )
    }

    /// Somebody without a session.
    #[must_use]
    pub fn visitor(&self) -> Client {
        Client::new(self.router.clone(), self.host().to_owned(), None)
    }

    fn host(&self) -> &str {
        self.base_url.trim_start_matches("http://")
    }

    /// Serves on a real port, for browsers and agents. Returns the address; a second call changes nothing.
    pub async fn serve(&self) -> String {
        let listener = self.listener.lock().ok().and_then(|mut it| it.take());
        if let Some(listener) = listener {
            listener.set_nonblocking(true).expect("a socket option");
            let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
            let service = self
                .router
                .clone()
                .into_make_service_with_connect_info::<SocketAddr>();
            tokio::spawn(async move { axum::serve(listener, service).await });
        }
        self.base_url.clone()
    }
}

/// A process: the desk and its pages over a database, its files and its secret.
async fn assemble(
    database: &str,
    secret: &str,
    base_url: &str,
    attachments: &Path,
    clock: &Clock,
    mail: Way,
) -> (Desk, axum::Router) {
    let pool = tierdesk_store::connect(&database::url(database), 6)
        .await
        .expect("connects");
    let settings = Settings {
        base_url: base_url.to_owned(),
        site_name: "Tierdesk".to_owned(),
        mail_domain: "desk.example".to_owned(),
        mail,
        attachment_dir: attachments.to_owned(),
    };
    let keys = Keys::read(secret).expect("a fresh secret");
    let desk = Desk::new(pool, keys, settings);
    let web = tierdesk_web::Settings {
        base_url: base_url.to_owned(),
        company: "Example".to_owned(),
        contact: Some("ext. 4400".to_owned()),
        zone: chrono_tz::Tz::UTC,
        trusted_proxies: Vec::new(),
        metrics_token: None,
    };
    let time = clock.clone();
    let state = tierdesk_web::AppState::new(
        desk.clone(),
        web,
        std::sync::Arc::new(move || time.now()),
        None,
    );
    (desk, tierdesk_web::router(state))
}

/// What `tierdesk migrate` does, once for the template of all databases.
async fn prepare(url: String) {
    tierdesk_store::migrate(&url).await.expect("migrates");
    let pool = tierdesk_store::connect(&url, 1).await.expect("connects");
    let settings = Settings {
        base_url: String::new(),
        site_name: String::new(),
        mail_domain: String::new(),
        mail: Way::Nowhere,
        attachment_dir: std::path::PathBuf::new(),
    };
    let keys = Keys::read(&Keys::generate()).expect("a fresh secret");
    let desk = Desk::new(pool.clone(), keys, settings);
    desk.install_defaults(Clock::default().now())
        .await
        .expect("installs");
    // A database with connections cannot be a template.
    pool.close().await;
}
