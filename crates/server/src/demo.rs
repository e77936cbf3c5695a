//! `tierdesk demo`: a whole helpdesk on this machine, with a company in it, from nothing.

mod company;
mod console;
mod hosts;
mod on_call;
mod seed;
mod skills;
mod story;
mod time;
mod vantage;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use chrono::Utc;
use clap::Args;
use tierdesk_desk::{Caller, Desk, Keys};
use tierdesk_domain::actor::Actor;
use tierdesk_domain::outbox::Way;
use tierdesk_localdb::Database;
use tokio::net::TcpListener;

use crate::settings::{mail, web};
use crate::{secret, serve, stop, work};

/// Name of the database inside the private server.
const DATABASE: &str = "tierdesk";
/// The port that is tried first, and how many after it.
const PORTS: std::ops::Range<u16> = 8080..8100;
/// How long requests that have begun may go on after Ctrl-C; nobody waits longer in a demo.
const DRAIN: Duration = Duration::from_secs(1);

#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Forget everything and start over
    #[arg(long)]
    reset: bool,
    /// Folder for the demo's data [default: your data folder; for root /var/lib/tierdesk-demo]
    #[arg(long, env = "TIERDESK_DEMO_DATA", value_name = "DIR")]
    data: Option<PathBuf>,
    /// Port to listen on [default: the first free one from 8080]
    #[arg(long, env = "TIERDESK_DEMO_PORT", value_name = "PORT")]
    port: Option<u16>,
    /// Use this PostgreSQL database instead of a private server; it must be empty or hold a demo
    #[arg(
        long,
        env = "TIERDESK_DATABASE_URL",
        hide_env_values = true,
        value_name = "URL"
    )]
    database_url: Option<String>,
}

/// The demo's database: a private server that ends with us, or one that somebody else runs.
struct Place {
    url: String,
    private: Option<Database>,
}

impl Place {
    /// The private database, whose commits do not wait for the disk.
    fn url_without_waiting(&self) -> String {
        match &self.private {
            Some(_) => format!("{}&options=-csynchronous_commit%3Doff", self.url),
            None => self.url.clone(),
        }
    }
}

pub(crate) async fn run(demo: &Demo) -> anyhow::Result<()> {
    let stop = stop::on_signal()?;
    let dir = match &demo.data {
        Some(dir) => dir.clone(),
        None => tierdesk_localdb::default_data_dir()?,
    };
    let listener = listen(demo.port).await?;
    let address = listener.local_addr()?;
    let base_url = format!("http://localhost:{}", address.port());

    let started = stop.run_until_cancelled(start(demo, &dir, &base_url)).await;
    let Some(started) = started else {
        return Ok(());
    };
    let (place, desk, first) = started?;

    let mail = mail::Mail {
        from: None,
        smtp: None,
        prefix: "TD".to_owned(),
    };
    if first {
        // Nothing is lost that the next start would not make again, so that nobody waits for the disk.
        let quick = place.url_without_waiting();
        let desk = open(&quick, &dir, &base_url).await?;
        let worker = work::worker(desk.clone(), &mail)?;
        let filled = stop
            .run_until_cancelled(fill(&desk, &worker, &hosts::this_machine(&dir)?))
            .await;
        desk.pool.close().await;
        let Some(filled) = filled else {
            // Half a company is thrown away at the next start.
            return end(place).await;
        };
        filled?;
    }
    let worker = work::worker(desk.clone(), &mail)?;

    let web = web::Web {
        base_url: base_url.clone(),
        listen: address,
        trusted_proxies: Vec::new(),
        name: company::NAME.to_owned(),
        contact: Some("ext. 4400, Mon–Fri 08:00–18:00".to_owned()),
        zone: company::ZONE,
        metrics_token: None,
    };
    // A host that joins is told whose jobs to believe.
    worker.prepare(Utc::now()).await?;
    let agent = hosts::start(&desk, &dir, Utc::now()).await?;
    console::welcome(&base_url, &dir, first);
    let pool = desk.pool.clone();
    let serving = serve::pages(desk, &web, listener, serve::metrics()?, stop.clone(), DRAIN);
    // The agent goes first, so that it does not miss its server.
    let watching = async {
        stop.cancelled().await;
        drop(agent);
    };
    tokio::join!(
        serving,
        watching,
        worker.run(Arc::new(Utc::now), stop.clone())
    );
    pool.close().await;
    end(place).await
}

/// Stops a private database, which takes a moment, on a thread that may wait.
async fn end(place: Place) -> anyhow::Result<()> {
    Ok(tokio::task::spawn_blocking(move || drop(place)).await?)
}

/// Starts the database, migrates it, and says whether its company is still to be made.
async fn start(demo: &Demo, dir: &Path, base_url: &str) -> anyhow::Result<(Place, Desk, bool)> {
    let place = {
        let (given, dir, reset) = (demo.database_url.clone(), dir.to_owned(), demo.reset);
        tokio::task::spawn_blocking(move || place(given, &dir, reset)).await??
    };
    let mut desk = open(&place.url, dir, base_url).await?;
    let mut complete = desk.demo_complete_since().await?.is_some();
    if !complete && has_people(&desk).await? {
        let Some(private) = &place.private else {
            bail!(
                "the database holds something that is not a whole demo: give an empty one, or leave \
                 TIERDESK_DATABASE_URL out for a private server"
            );
        };
        desk.pool.close().await;
        private.remove(DATABASE)?;
        private.create(DATABASE)?;
        desk = open(&place.url, dir, base_url).await?;
        complete = false;
    }
    if complete {
        // What `tierdesk migrate` gives a desk that is in use: newer shipped triage rules.
        desk.install_defaults(Utc::now()).await?;
    }
    Ok((place, desk, !complete))
}

fn place(given: Option<String>, dir: &Path, reset: bool) -> anyhow::Result<Place> {
    if let Some(url) = given.filter(|it| !it.is_empty()) {
        if reset {
            bail!("--reset only forgets a private database: empty the given one yourself");
        }
        std::fs::create_dir_all(dir)?;
        return Ok(Place { url, private: None });
    }
    if reset {
        Database::erase(dir)?;
        let attachments = dir.join("attachments");
        if attachments.exists() {
            std::fs::remove_dir_all(attachments)?;
        }
    }
    let database = Database::kept(dir)?;
    // Refused when it exists, which is as well.
    let _ = database.create(DATABASE);
    Ok(Place {
        url: database.url(DATABASE),
        private: Some(database),
    })
}

/// A desk over the migrated database, with the secret and the folder that the demo makes.
async fn open(url: &str, dir: &Path, base_url: &str) -> anyhow::Result<Desk> {
    let secret_file = dir.join("secret");
    secret::write_new(&secret_file)?;
    let keys = Keys::read(&std::fs::read_to_string(&secret_file)?)
        .with_context(|| secret_file.display().to_string())?;
    let attachments = dir.join("attachments");
    std::fs::create_dir_all(&attachments)?;

    tierdesk_store::migrate(url).await?;
    let pool = tierdesk_store::connect(url, 12).await?;
    let desk = Desk::new(
        pool,
        keys,
        tierdesk_desk::Settings {
            base_url: base_url.to_owned(),
            site_name: company::NAME.to_owned(),
            mail_domain: company::DOMAIN.to_owned(),
            mail: Way::Mailbox,
            attachment_dir: attachments,
        },
    );
    Ok(desk)
}

async fn has_people(desk: &Desk) -> anyhow::Result<bool> {
    let mut conn = desk.acquire().await?;
    Ok(!tierdesk_store::team::all(&mut conn).await?.is_empty())
}

/// Makes the company, with a bar that shows how far it is.
async fn fill(
    desk: &Desk,
    worker: &tierdesk_worker::Worker,
    machine: &tierdesk_agent::Config,
) -> anyhow::Result<()> {
    let now = Utc::now();
    let progress = console::progress(company::PEOPLE.len() + seed::TICKETS);
    desk.install_defaults(seed::founded(now)).await?;
    seed::seed(desk, worker, machine, now, &progress).await?;
    desk.complete_demo(&Caller::machine(Actor::system()), now)
        .await?;
    progress.finish_and_clear();
    Ok(())
}

/// Listens on the port that was asked for, or on the first free one; this machine only.
async fn listen(port: Option<u16>) -> anyhow::Result<TcpListener> {
    let at = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    if let Some(port) = port {
        return TcpListener::bind(at(port))
            .await
            .with_context(|| format!("port {port} cannot be used: choose another with --port"));
    }
    for port in PORTS {
        if let Ok(listener) = TcpListener::bind(at(port)).await {
            return Ok(listener);
        }
    }
    Ok(TcpListener::bind(at(0)).await?)
}
