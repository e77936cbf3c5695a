//! Output of a run: hostile bytes, shown as text, whole or as it comes.

use std::convert::Infallible;
use std::time::Duration;

use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use tierdesk_desk::job::visible;
use tierdesk_domain::id::JobId;
use tierdesk_store::job::{self, Chunk, Job};

use super::word;
use crate::extract::Me;
use crate::wake::Ear;
use crate::{AppState, WebError};

/// Pieces per look.
const BATCH: i64 = 64;
/// How long a stream sleeps at most before it looks again by itself.
const LOOK_AGAIN: Duration = Duration::from_secs(10);

/// All output as text, with a line where the host dropped some.
pub(super) fn text(chunks: &[Chunk]) -> String {
    let mut out = Vec::new();
    let mut expected = [0i64; 2];
    for chunk in chunks {
        let place = &mut expected[usize::from(chunk.stream == "stderr")];
        if chunk.start > *place {
            out.extend_from_slice(gap(chunk.start - *place).as_bytes());
        }
        *place = chunk.start + i64::try_from(chunk.bytes.len()).unwrap_or(0);
        out.extend_from_slice(&chunk.bytes);
    }
    visible(&out)
}

fn gap(bytes: i64) -> String {
    let size = crate::moment::size(u64::try_from(bytes).unwrap_or(0));
    format!(
        "\n{}\n",
        tierdesk_domain::text::fill("job.gap", &[("size", &size)])
    )
}

/// `output` for each piece (its number is the event's id, so that a page that comes back continues) and `state` when the run
/// goes on or ends. After the end the stream ends.
pub(super) fn stream(app: &AppState, me: &Me, job: &Job, last_event: Option<&str>) -> Response {
    let (attempt, after) = last_event.and_then(read_place).unwrap_or((job.attempt, -1));
    let page = Watched {
        app: app.clone(),
        me: me.clone(),
        id: job.id,
        attempt,
        after,
        carry: [Vec::new(), Vec::new()],
        told: "",
        over: false,
        waiting: Vec::new(),
        ear: app.wake.subscribe(),
    };
    let events = futures_util::stream::unfold(page, async |mut page| {
        let event = page.next().await?;
        Some((Ok::<_, Infallible>(event), page))
    });
    let mut response = Sse::new(Box::pin(events))
        .keep_alive(KeepAlive::default())
        .into_response();
    response.headers_mut().insert(
        "x-accel-buffering",
        axum::http::HeaderValue::from_static("no"),
    );
    response
}

/// `attempt.sequence`, as [`Watched`] numbers its events.
fn read_place(text: &str) -> Option<(i32, i32)> {
    let (attempt, seq) = text.split_once('.')?;
    Some((attempt.parse().ok()?, seq.parse().ok()?))
}

/// A page that watches a run.
struct Watched {
    app: AppState,
    me: Me,
    id: JobId,
    attempt: i32,
    after: i32,
    /// Ends of pieces that stop in the middle of a character, by stream.
    carry: [Vec<u8>; 2],
    told: &'static str,
    over: bool,
    waiting: Vec<Event>,
    ear: Ear,
}

impl Watched {
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.waiting.pop() {
                return Some(event);
            }
            if self.over {
                return None;
            }
            match self.look().await {
                Ok(true) => {}
                Ok(false) => self.ear.wait_for(self.id.0, LOOK_AGAIN).await,
                Err(error) => {
                    tracing::warn!(%error, "a live output could not be kept up to date");
                    return None;
                }
            }
        }
    }

    /// Collects what is new, last first; `false` when nothing is. Ends with the session, and with the right to read.
    async fn look(&mut self) -> Result<bool, WebError> {
        let now = self.app.now();
        let mut conn = self.app.desk.acquire().await?;
        let session = &self.me.visitor.session_hash;
        if !self.app.desk.is_alive(&mut conn, session, now).await? {
            self.over = true;
            return Ok(true);
        }
        let job = self.app.desk.read_job(&self.me.caller, self.id).await?;
        let mut events = Vec::new();
        if job.attempt != self.attempt {
            // Another try: what was shown is void.
            self.attempt = job.attempt;
            self.after = -1;
            self.carry = [Vec::new(), Vec::new()];
            events.push(Event::default().event("again").data("1"));
        }
        let chunks = job::chunks(&mut conn, self.id, self.attempt, self.after, BATCH).await?;
        let full = i64::try_from(chunks.len()).unwrap_or(0) == BATCH;
        for chunk in chunks {
            let carry = &mut self.carry[usize::from(chunk.stream == "stderr")];
            let mut bytes = std::mem::take(carry);
            bytes.extend_from_slice(&chunk.bytes);
            let whole = whole_characters(&bytes);
            *carry = bytes.split_off(whole);
            self.after = chunk.seq;
            let data = json!({ "stream": chunk.stream, "text": visible(&bytes) });
            let id = format!("{}.{}", self.attempt, chunk.seq);
            events.push(
                Event::default()
                    .event("output")
                    .id(id)
                    .data(data.to_string()),
            );
        }
        if !full && (job.state.is_final() || self.told != job.state.as_str()) {
            self.told = job.state.as_str();
            self.over = job.state.is_final();
            let data = json!({ "state": job.state, "word": word(job.state), "over": self.over });
            events.push(Event::default().event("state").data(data.to_string()));
        }
        events.reverse();
        let any = !events.is_empty();
        self.waiting = events;
        Ok(any)
    }
}

/// How many bytes from the beginning end at the end of a character; what is no UTF-8 counts as it is.
fn whole_characters(bytes: &[u8]) -> usize {
    match std::str::from_utf8(bytes) {
        Ok(_) => bytes.len(),
        // Cut inside the last character: no more than three bytes wait.
        Err(error) if error.error_len().is_none() => error.valid_up_to(),
        Err(_) => {
            let tail = bytes.len().saturating_sub(3);
            (tail..bytes.len())
                .find(|at| matches!(std::str::from_utf8(&bytes[*at..]), Err(e) if e.error_len().is_none() && e.valid_up_to() == 0))
                .unwrap_or(bytes.len())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_is_never_cut_in_two() {
        let text = "aü‹€".as_bytes();
        for cut in 0..=text.len() {
            let first = whole_characters(&text[..cut]);
            assert!(std::str::from_utf8(&text[..first]).is_ok(), "{cut}");
            assert!(cut - first <= 3);
        }
        assert_eq!(whole_characters(b"\xff\xfea"), 3);
        assert_eq!(whole_characters(b"\xffa\xe2\x82"), 2);
    }

    #[test]
    fn the_place_of_dropped_output_is_shown() {
        let chunk = |seq, start, bytes: &[u8]| Chunk {
            seq,
            stream: "stdout".into(),
            start,
            bytes: bytes.to_vec(),
        };
        let text = text(&[chunk(0, 0, b"head\n"), chunk(1, 1_048_581, b"tail\n")]);
        assert!(text.starts_with("head\n") && text.ends_with("tail\n"));
        assert!(text.contains("1.0 MB"), "{text}");
    }

    #[test]
    fn a_place_is_read_or_not_at_all() {
        assert_eq!(read_place("2.17"), Some((2, 17)));
        for bad in ["", "2", "a.b", "2.17.3"] {
            assert_eq!(read_place(bad), None);
        }
    }
}
