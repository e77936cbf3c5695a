//! Takes a run's output and result to the server, on a thread of its own, so that a slow
//! server never slows the deadline of a run.

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::{Duration, Instant};

use chrono::Utc;
use tierdesk_catalogue::Limits;
use tierdesk_protocol::VERSION;
use tierdesk_protocol::message::{
    CHUNKS, Chunk, ChunksRequest, HeartbeatResponse, MAX_CHUNKS, RESULT, ResultRequest, Run, Stream,
};

use crate::Stop;
use crate::backoff::{Backoff, random_fraction};
use crate::capture::Capture;
use crate::client::{Client, ClientError};
use crate::journal::{Journal, KEEP};
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
                    Err(ClientError::Refused(status, words)) if is_about_the_run(status) => {
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

/// Whether a refusal is about this run and for good. That this host is stopped for a while, or that its clock is wrong,
/// passes; what a run found must outlive it.
fn is_about_the_run(status: u16) -> bool {
    !matches!(status, 401 | 403 | 409)
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
            Err(ClientError::Refused(status, words))
                if is_about_the_run(status) || Utc::now() - result.ended_at > KEEP =>
            {
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
    if let Err(error) = journal.delivered(result.run) {
        tracing::error!(job = %result.run.job, error = format!("{error:#}"), "the journal cannot be written");
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;

    use tierdesk_protocol::SecretKey;
    use tierdesk_protocol::message::Outcome;
    use uuid::Uuid;

    use super::*;

    /// A server that gives these answers, one a connection; ends with the number of requests.
    fn server(answers: &'static [&'static str]) -> (String, std::thread::JoinHandle<usize>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let answering = std::thread::spawn(move || {
            for answer in answers {
                let (mut stream, _) = listener.accept().unwrap();
                let mut request = Vec::new();
                // Every request ends with the closing brace of its message.
                while !request.ends_with(b"}") {
                    let mut bytes = [0; 4096];
                    let length = stream.read(&mut bytes).unwrap();
                    request.extend_from_slice(&bytes[..length]);
                }
                let body = r#"{"stop":[]}"#;
                let head = format!(
                    "HTTP/1.1 {answer}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                    body.len()
                );
                stream
                    .write_all(format!("{head}{body}").as_bytes())
                    .unwrap();
            }
            answers.len()
        });
        (address, answering)
    }

    fn deliver(answers: &'static [&'static str]) -> usize {
        let (address, answering) = server(answers);
        let dir = tempfile::tempdir().unwrap();
        let journal = Journal::open(dir.path()).unwrap();
        let (key, _) = SecretKey::generate().unwrap();
        let client = Arc::new(Client::new(&address, Uuid::nil(), key).unwrap());
        let result = ResultRequest {
            version: VERSION,
            run: Run {
                job: Uuid::from_u128(5),
                attempt: 1,
            },
            outcome: Outcome::TimedOut,
            started_at: Utc::now(),
            ended_at: Utc::now(),
            dropped_bytes: 0,
            redactions: 0,
        };
        journal.finish(&result, Utc::now()).unwrap();
        deliver_result(&client, &journal, &result, &Stop::new());
        assert!(journal.recover(Utc::now()).unwrap().is_empty());
        answering.join().unwrap()
    }

    #[test]
    fn a_result_outlives_a_host_that_is_stopped_for_a_while_or_whose_clock_is_wrong() {
        assert_eq!(deliver(&["403 Forbidden", "409 Conflict", "200 OK"]), 3);
    }

    #[test]
    fn a_result_that_the_server_never_takes_is_not_sent_for_ever() {
        assert_eq!(deliver(&["404 Not Found"]), 1);
    }
}
