//! Takes the output of a run, redacts it and hands it on in chunks.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use tierdesk_catalogue::Limits;
use tierdesk_protocol::Blob;
use tierdesk_protocol::message::{Chunk, MAX_CHUNK, Stream};

use crate::output::{HeadTail, Sink};
use crate::redact::Redactor;

/// How long output may wait for company before it is sent.
pub(crate) const EVERY: Duration = Duration::from_millis(200);

struct Side {
    stream: Stream,
    redactor: Redactor,
    kept: HeadTail,
    sent: u64,
    waiting: Vec<u8>,
}

impl Side {
    fn new(stream: Stream, limits: &Limits) -> Self {
        Side {
            stream,
            redactor: Redactor::default(),
            kept: HeadTail::new(limits.head_bytes, limits.tail_bytes),
            sent: 0,
            waiting: Vec::new(),
        }
    }

    fn accept(&mut self, redacted: &[u8]) {
        let head = self.kept.push(redacted);
        self.waiting.extend_from_slice(head);
    }
}

/// The output of one run on its way to the server. The beginning goes live; the end follows
/// when the run is over, with the number of bytes dropped between them.
pub(crate) struct Capture {
    sides: [Side; 2],
    ready: VecDeque<Chunk>,
    next_seq: u32,
    last_cut: Instant,
}

impl Capture {
    pub(crate) fn new(limits: &Limits) -> Self {
        Capture {
            sides: [
                Side::new(Stream::Stdout, limits),
                Side::new(Stream::Stderr, limits),
            ],
            ready: VecDeque::new(),
            next_seq: 0,
            last_cut: Instant::now(),
        }
    }

    /// Chunks that should go now.
    pub(crate) fn due(&mut self, now: Instant) -> Vec<Chunk> {
        if now.duration_since(self.last_cut) >= EVERY {
            self.last_cut = now;
            self.cut();
        }
        self.ready.drain(..).collect()
    }

    /// The run is over: all that is left, with the end of long outputs.
    pub(crate) fn finish(&mut self) -> Vec<Chunk> {
        for side in &mut self.sides {
            let rest = side.redactor.finish();
            side.accept(&rest);
        }
        self.cut();
        for side in &mut self.sides {
            let (offset, tail) = side.kept.take_tail();
            for (index, piece) in tail.chunks(MAX_CHUNK).enumerate() {
                self.ready.push_back(Chunk {
                    stream: side.stream,
                    seq: self.next_seq,
                    offset: offset + (index * MAX_CHUNK) as u64,
                    bytes: Blob(piece.to_vec()),
                });
                self.next_seq += 1;
            }
        }
        self.ready.drain(..).collect()
    }

    /// Bytes that were not kept.
    pub(crate) fn dropped(&self) -> u64 {
        self.sides.iter().map(|side| side.kept.dropped()).sum()
    }

    /// Secrets that were removed.
    pub(crate) fn redactions(&self) -> u32 {
        self.sides.iter().map(|side| side.redactor.count()).sum()
    }

    fn cut(&mut self) {
        for side in &mut self.sides {
            let waiting = std::mem::take(&mut side.waiting);
            for piece in waiting.chunks(MAX_CHUNK) {
                self.ready.push_back(Chunk {
                    stream: side.stream,
                    seq: self.next_seq,
                    offset: side.sent,
                    bytes: Blob(piece.to_vec()),
                });
                self.next_seq += 1;
                side.sent += piece.len() as u64;
            }
        }
    }
}

impl Sink for Capture {
    fn take(&mut self, stream: Stream, bytes: &[u8]) {
        let side = match stream {
            Stream::Stdout => &mut self.sides[0],
            Stream::Stderr => &mut self.sides[1],
        };
        let redacted = side.redactor.push(bytes);
        side.accept(&redacted);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_goes_live_redacted_in_order_and_without_gaps() {
        let mut capture = Capture::new(&Limits::DEFAULT);
        capture.take(Stream::Stdout, b"one\npass");
        let first = capture.due(Instant::now() + EVERY);
        assert_eq!(first.len(), 1);
        assert_eq!(first[0].bytes.0, b"one\n");
        capture.take(Stream::Stdout, b"word=x\n");
        capture.take(Stream::Stderr, b"oops");
        let rest = capture.finish();
        assert_eq!(rest[0].bytes.0, "password=‹redacted›\n".as_bytes());
        assert_eq!((rest[0].seq, rest[0].offset), (1, 4));
        assert_eq!(
            (rest[1].seq, rest[1].offset, rest[1].stream),
            (2, 0, Stream::Stderr)
        );
        assert_eq!(capture.redactions(), 1);
    }

    #[test]
    fn of_a_flood_the_first_64_and_the_last_192_kib_are_kept() {
        let mut capture = Capture::new(&Limits::DEFAULT);
        let line = format!("{}\n", "x".repeat(1023));
        for _ in 0..10_000 {
            capture.take(Stream::Stdout, line.as_bytes());
        }
        capture.take(Stream::Stdout, b"the end\n");
        let chunks = capture.finish();
        let bytes: usize = chunks.iter().map(|chunk| chunk.bytes.0.len()).sum();
        assert_eq!(bytes, 256 * 1024);
        assert!(chunks.last().unwrap().bytes.0.ends_with(b"the end\n"));
        assert_eq!(capture.dropped(), 10_000 * 1024 + 8 - 256 * 1024);
        assert!(chunks.windows(2).all(|pair| pair[0].seq + 1 == pair[1].seq));
        assert!(chunks.iter().all(|chunk| chunk.bytes.0.len() <= MAX_CHUNK));
    }
}
