//! A load generator: some connections that stay open, each asking again as soon as it was answered.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::seed::Random;

/// Makes the bytes of a request for one of the connections.
pub(crate) type Make = Arc<dyn Fn(&mut Random, usize) -> Vec<u8> + Send + Sync>;

/// What is asked for, and the status that is the right answer.
#[derive(Clone)]
pub(crate) struct Load {
    pub(crate) address: SocketAddr,
    pub(crate) make: Make,
    pub(crate) status: u16,
}

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// How long each request took, in microseconds, shortest first.
    pub(crate) took: Vec<u32>,
    pub(crate) seconds: f64,
    /// Bytes of all answers.
    pub(crate) bytes: u64,
}

impl Outcome {
    pub(crate) fn per_second(&self) -> f64 {
        self.took.len() as f64 / self.seconds
    }

    /// The time within which this share of the requests was answered, in milliseconds.
    pub(crate) fn percentile(&self, share: f64) -> f64 {
        let index = ((self.took.len() as f64 * share).ceil() as usize).saturating_sub(1);
        self.took
            .get(index)
            .map_or(f64::NAN, |&micros| f64::from(micros) / 1000.0)
    }
}

/// Loads a server for `duration` over `connections` connections.
///
/// # Errors
/// When a connection breaks or an answer has another status: a measurement of wrong answers is worth nothing.
pub(crate) async fn run(
    load: &Load,
    connections: usize,
    duration: Duration,
    seed: u64,
) -> anyhow::Result<Outcome> {
    let begun = Instant::now();
    let end = begun + duration;
    let tasks: Vec<_> = (0..connections)
        .map(|number| {
            let load = load.clone();
            tokio::spawn(async move { one(&load, number, end, seed).await })
        })
        .collect();
    let mut all = Outcome::default();
    for task in tasks {
        let (took, bytes) = task.await??;
        all.took.extend(took);
        all.bytes += bytes;
    }
    all.seconds = begun.elapsed().as_secs_f64();
    all.took.sort_unstable();
    Ok(all)
}

async fn one(
    load: &Load,
    number: usize,
    end: Instant,
    seed: u64,
) -> anyhow::Result<(Vec<u32>, u64)> {
    let mut random = Random::new(seed.wrapping_mul(1_000).wrapping_add(number as u64));
    let mut client = Client::connect(load.address).await?;
    let (mut took, mut bytes) = (Vec::new(), 0);
    while Instant::now() < end {
        let request = (load.make)(&mut random, number);
        let begun = Instant::now();
        let answer = client.ask(&request).await?;
        took.push(u32::try_from(begun.elapsed().as_micros()).unwrap_or(u32::MAX));
        if answer.status != load.status {
            let head = String::from_utf8_lossy(&request);
            bail!(
                "`{}` was answered with {} instead of {}: {}",
                head.lines().next().unwrap_or_default(),
                answer.status,
                load.status,
                client.text(&answer).chars().take(600).collect::<String>()
            );
        }
        bytes += answer.length as u64;
    }
    Ok((took, bytes))
}

/// A connection that stays open.
pub(crate) struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// Where an answer lies in the buffer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    head: usize,
    pub(crate) length: usize,
}

impl Client {
    pub(crate) async fn connect(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            buffer: Vec::with_capacity(64 * 1024),
        })
    }

    /// Asks and reads the whole answer.
    pub(crate) async fn ask(&mut self, request: &[u8]) -> anyhow::Result<Answer> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        let head = loop {
            if let Some(at) = find(&self.buffer, b"\r\n\r\n") {
                break at + 4;
            }
            self.read().await?;
        };
        let text = std::str::from_utf8(&self.buffer[..head])?;
        let status = text
            .get(9..12)
            .and_then(|it| it.parse().ok())
            .context("no status")?;
        let length = text
            .lines()
            .filter_map(|line| line.split_once(':'))
            .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
            .map(|(_, value)| value.trim().parse::<usize>())
            .transpose()?
            .with_context(|| format!("an answer without its length:\n{text}"))?;
        while self.buffer.len() < head + length {
            self.read().await?;
        }
        Ok(Answer {
            status,
            head,
            length,
        })
    }

    /// The head and the body of the last answer.
    pub(crate) fn text(&self, answer: &Answer) -> String {
        String::from_utf8_lossy(&self.buffer[..answer.head + answer.length]).into_owned()
    }

    async fn read(&mut self) -> anyhow::Result<()> {
        if self.stream.read_buf(&mut self.buffer).await? == 0 {
            bail!("the server closed the connection in the middle of an answer");
        }
        Ok(())
    }
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|window| window == what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_the_sorted_times() {
        let outcome = Outcome {
            took: (1..=200).map(|ms| ms * 1000).collect(),
            seconds: 2.0,
            bytes: 0,
        };
        assert_eq!(outcome.percentile(0.5), 100.0);
        assert_eq!(outcome.percentile(0.99), 198.0);
        assert_eq!(outcome.per_second(), 100.0);
    }

    #[tokio::test]
    async fn an_answer_in_pieces_is_read_to_its_end_and_a_wrong_status_ends_the_run() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("binds");
        let address = listener.local_addr().expect("bound");
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.expect("a client");
            let mut asked = [0; 1024];
            for piece in ["HTTP/1.1 200 OK\r\nContent-", "Length: 5\r\n\r\nhel", "lo"] {
                if piece.starts_with("HTTP") {
                    let _ = stream.read(&mut asked).await;
                }
                stream.write_all(piece.as_bytes()).await.expect("writes");
                stream.flush().await.expect("writes");
            }
            let _ = stream.read(&mut asked).await;
            stream
                .write_all(b"HTTP/1.1 500 Oh\r\ncontent-length: 0\r\n\r\n")
                .await
                .expect("writes");
        });
        let mut client = Client::connect(address).await.expect("connects");
        let answer = client
            .ask(b"GET / HTTP/1.1\r\n\r\n")
            .await
            .expect("answers");
        assert_eq!((answer.status, answer.length), (200, 5));
        assert!(client.text(&answer).ends_with("hello"));
        assert_eq!(
            client
                .ask(b"GET / HTTP/1.1\r\n\r\n")
                .await
                .expect("answers")
                .status,
            500
        );
    }
}
