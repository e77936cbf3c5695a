//! The two servers that are compared: the product's release build, and the bare page.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use chrono::{TimeDelta, Utc};
use sqlx::{Connection, PgConnection};
use tierdesk_desk::keys::new_secret;
use tierdesk_desk::{Desk, Keys, Settings};
use tierdesk_domain::id::PersonId;
use tierdesk_domain::outbox::Way;
use tierdesk_domain::person::AuthStrength;
use tierdesk_store::session::{self, NewSession};
use tokio::process::Command;
use uuid::Uuid;

use crate::load::Client;
use crate::process::{Child, free_port};

/// A server that answers.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
    /// From the start of its process to its first answer.
    pub(crate) started_in: Duration,
}

impl Server {
    pub(crate) fn process(&self) -> anyhow::Result<u32> {
        self.child.id()
    }

    pub(crate) async fn stop(self) -> anyhow::Result<()> {
        self.child.stop().await
    }

    async fn start(
        name: &'static str,
        command: &mut Command,
        address: SocketAddr,
        path: &str,
    ) -> anyhow::Result<Self> {
        let begun = Instant::now();
        let child = Child::start(name, command)?;
        let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n");
        loop {
            if let Ok(mut client) = Client::connect(address).await
                && let Ok(answer) = client.ask(request.as_bytes()).await
                && answer.status == 200
            {
                return Ok(Self {
                    child,
                    address,
                    started_in: begun.elapsed(),
                });
            }
            if begun.elapsed() > Duration::from_secs(20) {
                bail!("{name} did not answer {path} within 20 s");
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
}

/// What both servers and the seeding need on disk.
pub(crate) struct Files {
    pub(crate) folder: PathBuf,
}

impl Files {
    fn secret(&self) -> anyhow::Result<PathBuf> {
        use std::io::Write;
        use std::os::unix::fs::OpenOptionsExt;
        let path = self.folder.join("secret");
        if !path.exists() {
            let mut file = std::fs::OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&path)?;
            file.write_all(Keys::generate().as_bytes())?;
        }
        Ok(path)
    }

    /// A command of the product with its settings.
    fn command(
        &self,
        program: &Path,
        name: &str,
        url: &str,
        connections: u32,
        address: SocketAddr,
    ) -> anyhow::Result<Command> {
        let attachments = self.folder.join("attachments");
        std::fs::create_dir_all(&attachments)?;
        let log = std::fs::File::create(self.folder.join(format!("{name}.log")))?;
        let mut command = Command::new(program);
        command
            .arg(name)
            .env("TIERDESK_DATABASE_URL", url)
            .env("TIERDESK_DATABASE_CONNECTIONS", connections.to_string())
            .env("TIERDESK_LISTEN", address.to_string())
            .env("TIERDESK_BASE_URL", format!("http://{address}"))
            .env("TIERDESK_SECRET_FILE", self.secret()?)
            .env("TIERDESK_ATTACHMENTS", &attachments)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        Ok(command)
    }

    /// Starts `tierdesk worker` over the database at `url`.
    pub(crate) fn worker(&self, program: &Path, url: &str) -> anyhow::Result<Child> {
        let nowhere = SocketAddr::from(([127, 0, 0, 1], free_port()?));
        Child::start(
            "tierdesk worker",
            &mut self.command(program, "worker", url, 8, nowhere)?,
        )
    }

    /// Starts `tierdesk serve` over the database at `url`.
    pub(crate) async fn product(
        &self,
        program: &Path,
        url: &str,
        connections: u32,
    ) -> anyhow::Result<Server> {
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()?));
        let mut command = self.command(program, "serve", url, connections, address)?;
        Server::start("tierdesk serve", &mut command, address, "/readyz")
            .await
            .with_context(|| format!("see {}", self.folder.join("serve.log").display()))
    }
}

/// Starts the bare page over the database at `url`.
pub(crate) async fn bare(url: &str) -> anyhow::Result<Server> {
    let address = SocketAddr::from(([127, 0, 0, 1], free_port()?));
    let mut command = Command::new(std::env::current_exe()?);
    command
        .arg("bare")
        .arg(url)
        .arg(address.to_string())
        .stdin(Stdio::null());
    Server::start("the bare page", &mut command, address, "/").await
}

/// Signs people in; returns the values of their session cookies.
pub(crate) async fn sign_in(url: &str, people: &[Uuid]) -> anyhow::Result<Vec<String>> {
    let mut conn = PgConnection::connect(url).await?;
    let now = Utc::now();
    let mut cookies = Vec::new();
    for person in people {
        let (cookie, hash) = new_secret();
        session::insert(
            &mut conn,
            &NewSession {
                id_hash: &hash,
                person: PersonId(*person),
                expires_at: now + TimeDelta::hours(10),
                strength: AuthStrength::Password,
                ip: "127.0.0.1",
                user_agent: "tierdesk-bench",
            },
            now,
        )
        .await?;
        cookies.push(cookie.reveal().to_owned());
    }
    Ok(cookies)
}

/// The release build of the product, which is built if it is older than its sources.
pub(crate) fn build_product() -> anyhow::Result<PathBuf> {
    let folder = std::env::current_exe()?
        .parent()
        .context("no folder")?
        .to_owned();
    let mut cargo =
        std::process::Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--quiet", "--package", "tierdesk-server"]);
    if folder.ends_with("release") {
        cargo.arg("--release");
    } else {
        eprintln!("this is not the release build: the numbers mean nothing");
    }
    if !cargo.status().context("cannot run cargo")?.success() {
        bail!("tierdesk does not build");
    }
    Ok(folder.join("tierdesk"))
}

/// The product over a database.
pub(crate) fn desk(pool: tierdesk_store::Pool) -> anyhow::Result<Desk> {
    let settings = Settings {
        base_url: "http://localhost".to_owned(),
        site_name: "Bench".to_owned(),
        mail_domain: "localhost".to_owned(),
        mail: Way::Nowhere,
        attachment_dir: PathBuf::from("/nonexistent"),
    };
    Ok(Desk::new(pool, Keys::read(&Keys::generate())?, settings))
}

/// Folds what was counted, as the worker does.
pub(crate) async fn fold(url: &str) -> anyhow::Result<()> {
    let pool = tierdesk_store::connect(url, 2).await?;
    desk(pool)?.fold_tally().await?;
    Ok(())
}
