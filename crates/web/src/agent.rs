//! What host agents talk to. A host is who its signature says, and nothing in a body can say otherwise (AT-ENR-2).

use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{FromRequest, Request, State};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tierdesk_desk::enrolment::Joining;
use tierdesk_desk::host::Report;
use tierdesk_desk::job::{Heard, HostResult, Work4Host};
use tierdesk_desk::{DeskError, Origin};
use tierdesk_domain::host::HostState;
use tierdesk_domain::id::{HostId, JobId};
use tierdesk_domain::job::JobState;
use tierdesk_domain::secret::Secret;
use tierdesk_domain::text::fill;
use tierdesk_protocol::job::SignedJob;
use tierdesk_protocol::message::{
    CHUNKS, CLAIM, Checked, ChunksRequest, ClaimRequest, ClaimResponse, ENROL, EnrolRequest,
    EnrolResponse, HEARTBEAT, HeartbeatRequest, HeartbeatResponse, HostState as Told, MAX_RUNNING,
    Outcome, REPORT, RESULT, ReportRequest, ReportResponse, ResultRequest, Run,
};
use tierdesk_protocol::request::{RequestError, RequestHead};
use tierdesk_protocol::{Blob, MAX_BODY, PublicKey, Signature, VERSION, enrolment_code};
use tierdesk_store::job::Chunk;

use crate::extract::{Now, origin};
use crate::routes::{Audience, RequestTime, Routes};
use crate::{AppState, WebError};

/// How long a long poll sleeps at most before it looks again by itself.
const LOOK_AGAIN: Duration = Duration::from_secs(10);

pub(crate) fn routes(routes: &mut Routes) {
    routes.post(Audience::HostAgent, ENROL, enrol);
    routes.post(Audience::HostAgent, CLAIM, claim);
    routes.post(Audience::HostAgent, HEARTBEAT, heartbeat);
    routes.post(Audience::HostAgent, CHUNKS, chunks);
    routes.post(Audience::HostAgent, RESULT, result);
    routes.post(Audience::HostAgent, REPORT, report);
}

/// A message whose signature held, from a host that may talk to us.
struct Signed<T> {
    host: HostId,
    state: HostState,
    message: T,
    now: DateTime<Utc>,
    origin: Origin,
}

/// A message as it came, not signed by a known host.
struct Unsigned<T> {
    message: T,
    now: DateTime<Utc>,
    origin: Origin,
}

async fn body(request: Body) -> Result<bytes::Bytes, WebError> {
    to_bytes(request, MAX_BODY)
        .await
        .map_err(|_| WebError::TooLarge)
}

fn parse<T: DeserializeOwned + Checked>(bytes: &[u8]) -> Result<T, WebError> {
    let message: T = serde_json::from_slice(bytes).map_err(|error| {
        tracing::debug!(%error, "a host's message cannot be read");
        WebError::BadRequest
    })?;
    if message.is_within_bounds() {
        Ok(message)
    } else {
        Err(WebError::BadRequest)
    }
}

impl<T: DeserializeOwned + Checked> FromRequest<AppState> for Unsigned<T> {
    type Rejection = WebError;

    async fn from_request(request: Request, app: &AppState) -> Result<Self, WebError> {
        let (parts, stream) = request.into_parts();
        let time = parts.extensions.get::<RequestTime>();
        Ok(Self {
            now: time.map_or_else(|| app.now(), |time| time.0),
            origin: origin(&parts, app),
            message: parse(&body(stream).await?)?,
        })
    }
}

impl<T: DeserializeOwned + Checked> FromRequest<AppState> for Signed<T> {
    type Rejection = WebError;

    async fn from_request(request: Request, app: &AppState) -> Result<Self, WebError> {
        let (parts, stream) = request.into_parts();
        let time = parts.extensions.get::<RequestTime>();
        let now = time.map_or_else(|| app.now(), |time| time.0);
        let header = |name: &str| {
            parts
                .headers
                .get(name)
                .and_then(|value| value.to_str().ok())
        };
        let head = RequestHead::read(header).map_err(|_| WebError::SignInFirst)?;
        let host = HostId(head.host);
        let (state, key) = app.desk.host_key(host).await.map_err(|error| match error {
            // A host that does not exist looks like one with the wrong key.
            DeskError::NotFound => WebError::SignInFirst,
            other => other.into(),
        })?;
        let key = PublicKey::from_bytes(&key).map_err(WebError::internal)?;
        let path = parts.uri.path_and_query().map_or("", |it| it.as_str());
        let bytes = body(stream).await?;
        head.verify(&key, now, parts.method.as_str(), path, &bytes)
            .map_err(|error| match error {
                RequestError::Clock => WebError::State("state.host_clock"),
                RequestError::Signature | RequestError::Malformed => WebError::SignInFirst,
            })?;
        app.desk.host_was_heard(host, &head.nonce, now).await?;
        Ok(Self {
            host,
            state,
            message: parse(&bytes)?,
            now,
            origin: origin(&parts, app),
        })
    }
}

impl<T> Signed<T> {
    /// Work is for approved hosts only.
    fn active(&self) -> Result<(), WebError> {
        if self.state == HostState::Active {
            Ok(())
        } else {
            Err(WebError::Forbidden)
        }
    }

    /// Passes on what the desk said; a run that is not this host's is counted against it.
    async fn own<R>(
        &self,
        app: &AppState,
        run: Run,
        result: Result<R, DeskError>,
    ) -> Result<R, WebError> {
        if matches!(result, Err(DeskError::NotFound)) {
            tracing::warn!(host = %self.host, job = %run.job, "a host named a run that is not its own");
            app.desk
                .host_mismatch(self.host, &run.job.to_string(), &self.origin, self.now)
                .await?;
        }
        Ok(result?)
    }
}

fn told(state: HostState) -> Told {
    match state {
        HostState::Active => Told::Active,
        HostState::Pending | HostState::Suspended | HostState::Revoked => Told::Pending,
    }
}

fn json(message: &impl Serialize) -> Response {
    axum::Json(message).into_response()
}

fn known_version(version: u32) -> Result<(), WebError> {
    if version == VERSION {
        Ok(())
    } else {
        Err(WebError::State("state.agent_version"))
    }
}

async fn enrol(
    State(app): State<AppState>,
    call: Unsigned<EnrolRequest>,
) -> Result<Response, WebError> {
    let message = call.message;
    known_version(message.version)?;
    if !message.proves_possession() {
        return Err(WebError::BadRequest);
    }
    let signer_keys: Vec<PublicKey> = app
        .desk
        .signer_keys()
        .await?
        .iter()
        .filter_map(|key| PublicKey::from_bytes(key).ok())
        .collect();
    let Some(signer) = signer_keys.first() else {
        return Err(WebError::State("state.no_signer"));
    };
    let joining = Joining {
        code: enrolment_code(&message.public_key, signer),
        token: Secret::new(message.token),
        hostname: message.hostname,
        machine: message.machine,
        public_key: message.public_key.as_bytes().to_vec(),
        agent_version: message.agent_version,
    };
    let joined = app.desk.join_host(&call.origin, &joining, call.now).await?;
    Ok(json(&EnrolResponse {
        host: joined.host.0,
        state: told(joined.state),
        signer_keys,
    }))
}

/// Waits for work, or for something to stop.
async fn claim(
    State(app): State<AppState>,
    call: Signed<ClaimRequest>,
) -> Result<Response, WebError> {
    known_version(call.message.version)?;
    let patience = Duration::from_secs(call.message.wait_seconds.into());
    let until = tokio::time::Instant::now() + patience;
    let mut ear = app.wake.subscribe();
    let most = i64::try_from(MAX_RUNNING).unwrap_or(1);
    loop {
        // Asked anew each time: approved or sent away while it waited is effective now, not at its next question.
        let (state, _) = app.desk.host_key(call.host).await?;
        let found = if state == HostState::Active {
            app.desk.work_for_host(call.host, most, app.now()).await?
        } else {
            Work4Host::default()
        };
        let left = until.saturating_duration_since(tokio::time::Instant::now());
        let news = state != call.state || found.envelope.is_some() || !found.stop.is_empty();
        if news || left.is_zero() {
            let job = match found.envelope {
                Some((payload, signature)) => Some(SignedJob {
                    payload: Blob(payload),
                    signature: Signature::from_bytes(&signature).map_err(WebError::internal)?,
                }),
                None => None,
            };
            return Ok(json(&ClaimResponse {
                state: told(state),
                job,
                stop: found.stop.iter().map(|id| id.0).collect(),
            }));
        }
        ear.wait_for(call.host.0, left.min(LOOK_AGAIN)).await;
    }
}

async fn heartbeat(
    State(app): State<AppState>,
    call: Signed<HeartbeatRequest>,
) -> Result<Response, WebError> {
    known_version(call.message.version)?;
    call.active()?;
    let mut stop = Vec::new();
    for run in &call.message.running {
        let one = [(JobId(run.job), attempt(*run)?)];
        let result = app.desk.host_beat(call.host, &one, call.now).await;
        let let_go = call.own(&app, *run, result).await?;
        stop.extend(let_go.iter().map(|id| id.0));
    }
    Ok(json(&HeartbeatResponse { stop }))
}

async fn chunks(
    State(app): State<AppState>,
    call: Signed<ChunksRequest>,
) -> Result<Response, WebError> {
    known_version(call.message.version)?;
    call.active()?;
    let run = call.message.run;
    let chunks = call
        .message
        .chunks
        .iter()
        .map(|chunk| {
            Ok(Chunk {
                seq: i32::try_from(chunk.seq).map_err(|_| WebError::BadRequest)?,
                stream: chunk.stream.as_str().to_owned(),
                start: i64::try_from(chunk.offset).map_err(|_| WebError::BadRequest)?,
                bytes: chunk.bytes.0.clone(),
            })
        })
        .collect::<Result<Vec<_>, WebError>>()?;
    let result = app
        .desk
        .host_output(call.host, JobId(run.job), attempt(run)?, &chunks, call.now)
        .await;
    let heard = call.own(&app, run, result).await?;
    Ok(json(&answer(run, heard)))
}

async fn result(
    State(app): State<AppState>,
    call: Signed<ResultRequest>,
) -> Result<Response, WebError> {
    known_version(call.message.version)?;
    call.active()?;
    let message = &call.message;
    let run = message.run;
    let ran = (message.ended_at - message.started_at).num_milliseconds();
    let (state, judged, reason, refusal) = match &message.outcome {
        Outcome::Succeeded {
            verdict,
            summary,
            facts,
            exit,
        } => {
            let judged = (*verdict, summary.clone(), facts.clone(), exit.clone());
            (JobState::Succeeded, Some(judged), None, None)
        }
        Outcome::Failed { reason } => {
            let reason = tierdesk_domain::field::one_line(reason);
            (JobState::Failed, None, Some(reason), None)
        }
        Outcome::TimedOut => (JobState::TimedOut, None, None, None),
        Outcome::Cancelled => (JobState::Cancelled, None, None, None),
        Outcome::Interrupted => (JobState::Interrupted, None, None, None),
        Outcome::Refused { refusal } => {
            let why = fill("job.host_refused", &[("why", refusal)]);
            (JobState::Refused, None, Some(why), Some(refusal.as_str()))
        }
    };
    let told = HostResult {
        state,
        judged,
        reason,
        refusal,
        duration_ms: ran,
        dropped_bytes: message.dropped_bytes,
        redactions: message.redactions,
        raw: serde_json::to_value(message).map_err(WebError::internal)?,
    };
    let result = app
        .desk
        .host_result(call.host, JobId(run.job), attempt(run)?, &told, call.now)
        .await;
    call.own(&app, run, result).await?;
    Ok(json(&HeartbeatResponse::default()))
}

async fn report(
    State(app): State<AppState>,
    Now(now): Now,
    call: Signed<ReportRequest>,
) -> Result<Response, WebError> {
    known_version(call.message.version)?;
    let message = call.message;
    let report = Report {
        agent_version: message.agent_version,
        hostname: message.hostname,
        facts: message.facts,
        policy: message.policy,
        catalogue: message.catalogue,
    };
    app.desk.host_report(call.host, &report, now).await?;
    Ok(json(&ReportResponse {
        state: told(call.state),
    }))
}

fn attempt(run: Run) -> Result<i32, WebError> {
    i32::try_from(run.attempt).map_err(|_| WebError::BadRequest)
}

fn answer(run: Run, heard: Heard) -> HeartbeatResponse {
    HeartbeatResponse {
        stop: match heard {
            Heard::Taken => Vec::new(),
            Heard::Void => vec![run.job],
        },
    }
}
