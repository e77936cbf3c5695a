//! Takes a run's output and result to the server, on a thread of its own, so that a slow
//! server never slows the deadline of a run.

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::{Duration, Instant};

use tierdesk_catalogue::Limits;
use tierdesk_protocol::VERSION;
use tierdesk_protocol::message::{
    CHUNKS, Chunk, ChunksRequest, HeartbeatResponse, MAX_CHUNKS, RESULT, ResultRequest, Run, Stream,
};

use crate::Stop;
use crate::backoff::{Backoff, random_fraction};
use crate::capture::Capture;
use crate::client::{Client, ClientError};
use crate::journal::Journal;
use crate::output::Sink;

const PATIENCE: Duration = Duration::from_secs(20);
/// Output that cannot be delivered so long is given up; the result is not.
const GIVE_UP: Duration = Duration::from_secs(600);

/// The sink of a job: redacts and hands chunks to the uploading thread.
pub(crate) struct Upload {
    capture: Capture,
    sender: Sender<Vec<Chunk>>,
}

impl Upload {
    /// A sink, and the end that [`deliver_chunks`] reads.
    pub(crate) fn new(limits: &Limits) -> (Self, Receiver<Vec<Chunk>>) {
        let (sender, receiver) = mpsc::channel();
        (
            Upload {
                capture: Capture::new(limits),
                sender,
            },
            receiver,
        )
    }

    fn send(&self, chunks: Vec<Chunk>) {
        if !chunks.is_empty() {
            // The other end gave up: the result says how it went.
            let _ = self.sender.send(chunks);
        }
    }

    /// The run is over: sends the rest; returns dropped bytes and redactions.
    pub(crate) fn finish(mut self) -> (u64, u32) {
        let rest = self.capture.finish();
        self.send(rest);
        (self.capture.dropped(), self.capture.redactions())
    }
}

impl Sink for Upload {
    fn take(&mut self, stream: Stream, bytes: &[u8]) {
        self.capture.take(stream, bytes);
        self.tick();
    }

    fn tick(&mut self) {
        let due = self.capture.due(Instant::now());
        self.send(due);
    }
}

/// Uploads chunks until the sink is gone and all is delivered. `stop_run` is set when the
/// server does not want this run any more.
pub(crate) fn deliver_chunks(
    client: &Client,
    run: Run,
    receiver: &Receiver<Vec<Chunk>>,
    stop_run: &Stop,
) {
    let mut failing_since: Option<Instant> = None;
    let mut backoff = Backoff::default();
    while let Ok(chunks) = receiver.recv() {
        for batch in chunks.chunks(MAX_CHUNKS) {
            let message = ChunksRequest {
                version: VERSION,
                run,
                chunks: batch.to_vec(),
            };
            loop {
                match client.post::<HeartbeatResponse>(CHUNKS, &message, PATIENCE) {
                    Ok(answer) => {
                        failing_since = None;
                        backoff.reset();
                        if answer.stop.contains(&run.job) {
                            stop_run.set();
                        }
                        break;
                    }
                    Err(ClientError::Refused(status, words)) => {
                        tracing::warn!(job = %run.job, status, words, "the server does not take the output");
                        return;
                    }
                    Err(error) => {
                        let since = *failing_since.get_or_insert_with(Instant::now);
                        if since.elapsed() > GIVE_UP {
                            tracing::warn!(job = %run.job, %error, "output given up");
                            return;
                        }
                        let retry_after = match error {
                            ClientError::Busy(after) => after,
                            _ => None,
                        };
                        std::thread::sleep(backoff.next(random_fraction(), retry_after));
                    }
                }
            }
        }
    }
}

/// Delivers a result, trying again until the server has it or says no; the journal keeps it
/// over restarts.
pub(crate) fn deliver_result(
    client: &Arc<Client>,
    journal: &Journal,
    result: &ResultRequest,
    stop: &Stop,
) {
    let mut backoff = Backoff::default();
    loop {
        match client.post::<HeartbeatResponse>(RESULT, result, PATIENCE) {
            Ok(_) => break,
            Err(ClientError::Refused(status, words)) => {
                tracing::warn!(job = %result.run.job, status, words, "the server does not take the result");
                break;
            }
            Err(error) => {
                tracing::info!(job = %result.run.job, %error, "the result waits");
                let retry_after = match error {
                    ClientError::Busy(after) => after,
                    _ => None,
                };
                if stop.wait(backoff.next(random_fraction(), retry_after)) {
                    return;
                }
            }
        }
    }
    if let Err(error) = journal.delivered(result.run.job) {
        tracing::error!(job = %result.run.job, error = format!("{error:#}"), "the journal cannot be written");
    }
}
