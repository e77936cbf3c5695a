//! Where the output of a run goes.

use tierdesk_protocol::message::Stream;

/// Takes output as it comes: raw bytes, not yet redacted.
pub(crate) trait Sink: Send {
    /// Takes the next bytes of a stream.
    fn take(&mut self, stream: Stream, bytes: &[u8]);

    /// Called now and then while nothing comes.
    fn tick(&mut self) {}
}

/// Keeps the beginning and the end of a stream and counts what fell out between them.
#[derive(Debug)]
pub(crate) struct HeadTail {
    head_limit: usize,
    tail_limit: usize,
    head: Vec<u8>,
    tail: std::collections::VecDeque<u8>,
    total: u64,
}

impl HeadTail {
    pub(crate) fn new(head_limit: u32, tail_limit: u32) -> Self {
        HeadTail {
            head_limit: head_limit as usize,
            tail_limit: tail_limit as usize,
            head: Vec::new(),
            tail: std::collections::VecDeque::new(),
            total: 0,
        }
    }

    /// Takes bytes; returns the part that still belongs to the head.
    pub(crate) fn push<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        self.total += bytes.len() as u64;
        let room = self.head_limit - self.head.len();
        let (head, rest) = bytes.split_at(bytes.len().min(room));
        self.head.extend_from_slice(head);
        // Of a large piece only the last part can survive: skip the rest at once.
        let rest = &rest[rest.len().saturating_sub(self.tail_limit)..];
        self.tail.extend(rest);
        let excess = self.tail.len().saturating_sub(self.tail_limit);
        self.tail.drain(..excess);
        head
    }

    /// Bytes that were not kept.
    pub(crate) fn dropped(&self) -> u64 {
        self.total - self.head.len() as u64 - self.tail.len() as u64
    }

    /// Where the tail begins in the stream, and the tail.
    pub(crate) fn take_tail(&mut self) -> (u64, Vec<u8>) {
        let offset = self.head.len() as u64 + self.dropped();
        (offset, self.tail.iter().copied().collect())
    }

    /// Head and tail together.
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        let mut bytes = self.head;
        bytes.extend(self.tail);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_gibibyte_leaves_head_and_tail() {
        let mut kept = HeadTail::new(4, 3);
        for _ in 0..1024 {
            kept.push(&[b'x'; 1024]);
        }
        kept.push(b"end");
        assert_eq!(kept.dropped(), 1024 * 1024 + 3 - 7);
        assert_eq!(kept.take_tail(), (1024 * 1024, b"end".to_vec()));
        assert_eq!(kept.into_bytes(), b"xxxxend");
    }

    proptest! {
        #[test]
        fn pieces_do_not_matter(bytes in prop::collection::vec(any::<u8>(), 0..100), cuts in prop::collection::vec(0..100usize, 0..6)) {
            let mut whole = HeadTail::new(10, 7);
            whole.push(&bytes);
            let mut pieces = HeadTail::new(10, 7);
            let mut from = 0;
            let mut cuts: Vec<_> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
            cuts.sort_unstable();
            for cut in cuts.into_iter().chain([bytes.len()]) {
                pieces.push(&bytes[from..cut]);
                from = cut;
            }
            prop_assert_eq!(whole.dropped(), pieces.dropped());
            prop_assert_eq!(whole.into_bytes(), pieces.into_bytes());
        }
    }
}
