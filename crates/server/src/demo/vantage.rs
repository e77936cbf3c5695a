//! Diagnostics of the month: they really run, on this machine, by the agent's own code; only their time is of the past.

use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::Value;
use tierdesk_agent::{Config, LocalRun};
use tierdesk_catalogue::{Exit, Facts, Verdict};
use tierdesk_desk::Desk;
use tierdesk_desk::job::HostResult;
use tierdesk_domain::id::{HostId, JobId};
use tierdesk_domain::job::JobState;
use tierdesk_protocol::job::Job;
use tierdesk_store::job::Chunk;
use tierdesk_worker::Worker;

/// This very machine as the server's own vantage, before its agent runs.
pub(super) struct Vantage {
    pub(super) host: HostId,
    pub(super) config: Config,
}

impl Vantage {
    /// Runs what waits for it, one after the other, until nothing is left.
    pub(super) async fn work(
        &self,
        desk: &Desk,
        worker: &Worker,
        at: DateTime<Utc>,
    ) -> anyhow::Result<()> {
        loop {
            // The bot asks; the first question leases, the worker signs, the second one gets the envelope.
            worker.drain(at).await?;
            desk.work_for_host(self.host, 1, at).await?;
            worker.drain(at).await?;
            let found = desk.work_for_host(self.host, 1, at).await?;
            let Some((payload, _)) = found.envelope else {
                return Ok(());
            };
            let job: Job = serde_json::from_slice(&payload)?;
            let (config, entry, params) =
                (self.config.clone(), job.entry.clone(), job.params.clone());
            let run = tokio::task::spawn_blocking(move || {
                tierdesk_agent::run_entry(&config, &entry, &params)
            });
            let run = run.await??;
            let (id, attempt) = (JobId(job.job), i32::try_from(job.attempt)?);
            let chunk = Chunk {
                seq: 0,
                stream: "stdout".to_owned(),
                start: 0,
                bytes: run.output.clone(),
            };
            desk.host_output(self.host, id, attempt, &[chunk], at)
                .await?;
            desk.host_result(self.host, id, attempt, &result(run)?, at)
                .await?;
        }
    }
}

/// What the agent would tell about a run.
fn result(run: LocalRun) -> anyhow::Result<HostResult> {
    let said = |name: &str| run.json.get(name).cloned().unwrap_or(Value::Null);
    let verdict: Verdict = serde_json::from_value(said("verdict"))?;
    let facts: Facts = serde_json::from_value(said("facts"))?;
    let exit: Option<Exit> = serde_json::from_value(said("exit"))?;
    let summary = said("summary").as_str().unwrap_or_default().to_owned();
    Ok(HostResult {
        state: match exit {
            Some(_) => JobState::Succeeded,
            None => JobState::Failed,
        },
        reason: exit.is_none().then(|| summary.clone()),
        judged: exit.map(|exit| (verdict, summary, facts, exit)),
        refusal: None,
        duration_ms: said("duration_ms").as_i64().unwrap_or_default(),
        dropped_bytes: said("dropped_bytes").as_u64().unwrap_or_default(),
        redactions: 0,
        raw: Value::Null,
    })
}

/// A page of this machine that works, as long as this lives: what people of the demo ask about and the bot tests. The bot tests
/// no loopback address, so it stands at the machine's own; it says one word to whoever asks.
pub(super) struct WorkingPage {
    place: SocketAddr,
    over: Arc<AtomicBool>,
}

impl WorkingPage {
    /// Opens it; none on a machine that has no address but loopback.
    pub(super) fn open() -> Option<Self> {
        let listener = TcpListener::bind((own_address()?, 0)).ok()?;
        let place = listener.local_addr().ok()?;
        let over = Arc::new(AtomicBool::new(false));
        let ended = Arc::clone(&over);
        std::thread::Builder::new()
            .name("page".to_owned())
            .spawn(move || {
                for stream in listener.incoming() {
                    match stream {
                        Ok(stream) if !ended.load(Ordering::Relaxed) => answer(stream),
                        _ => return,
                    }
                }
            })
            .ok()?;
        Some(Self { place, over })
    }

    /// Its address.
    pub(super) fn url(&self) -> String {
        format!("http://{}/", self.place)
    }
}

impl Drop for WorkingPage {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        // Wakes it, so that it sees that it is over.
        let _ = TcpStream::connect(self.place);
    }
}

fn answer(mut stream: TcpStream) {
    // Who does not ask in time, or goes away, gets no answer.
    let _ = stream.set_read_timeout(Some(Duration::from_secs(2)));
    if stream.read(&mut [0; 1024]).is_ok_and(|n| n > 0) {
        let _ = stream
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
    }
}

/// The address that this machine's way out begins with.
fn own_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    // Nothing is sent; 198.51.100.0/24 belongs to documents.
    socket.connect("198.51.100.1:9").ok()?;
    let address = socket.local_addr().ok()?.ip();
    (!address.is_loopback() && !address.is_unspecified()).then_some(address)
}
