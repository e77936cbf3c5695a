//! What a host refuses, it refuses itself: the real agent is handed envelopes that a server of ours would never make, signed
//! with the signer's own key where that matters, and runs none of them (AT-JOB-1).

use std::io::ErrorKind;
use std::net::TcpListener;

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use support::{Tierdesk, database};
use tierdesk_catalogue::find;
use tierdesk_domain::id::JobId;
use tierdesk_domain::job::JobState;
use tierdesk_protocol::job::{Job as Envelope, SignedJob};
use tierdesk_protocol::{Blob, SecretKey, VERSION};
use tierdesk_worker::signer::Signer;
use uuid::Uuid;

use crate::agent::{ask, ticket};

/// The signer's key, as whoever owns the database and knows the secret could open it.
async fn signers_key(tierdesk: &Tierdesk) -> SecretKey {
    let mut owner = database::connect(&tierdesk.database).await;
    let (id, sealed): (Uuid, Vec<u8>) = sqlx::query_as("select id, sealed from signer_key")
        .fetch_one(&mut owner)
        .await
        .unwrap();
    let document = tierdesk
        .desk
        .keys
        .open(&format!("signer_key.sealed.{id}"), &sealed)
        .unwrap();
    SecretKey::from_pkcs8(&document).unwrap()
}

/// What the signer would sign: a connection to a port of this machine.
fn envelope(id: JobId, host: Uuid, port: &str, now: DateTime<Utc>) -> Envelope {
    let entry = find("net.tcp").unwrap();
    let not_before = now.trunc_subsecs(0);
    Envelope {
        version: VERSION,
        job: id.0,
        attempt: 1,
        host,
        entry: entry.id.to_owned(),
        entry_hash: entry.hash().to_string(),
        class: entry.class,
        params: [("host", "127.0.0.1"), ("port", port)]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        requested_by: "Ana Ferreira".to_owned(),
        ticket: None,
        not_before,
        expires_at: not_before + TimeDelta::minutes(14),
        nonce: Blob(vec![7; 16]),
        reach: tierdesk_catalogue::Reach::Anywhere,
    }
}

/// Puts an envelope where the signer would put it, which the application cannot.
async fn hand_over(tierdesk: &Tierdesk, id: JobId, signed: &SignedJob) {
    let mut owner = database::connect(&tierdesk.database).await;
    sqlx::query("insert into job_envelope (job_id, attempt, payload, signature, signed_at) values ($1, 1, $2, $3, now())")
        .bind(id.0)
        .bind(&signed.payload.0)
        .bind(signed.signature.as_bytes().as_slice())
        .execute(&mut owner)
        .await
        .unwrap();
}

/// How many connections came since it was asked last.
fn connections(listener: &TcpListener) -> usize {
    let mut count = 0;
    loop {
        match listener.accept() {
            Ok(_) => count += 1,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return count,
            Err(error) => panic!("{error}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_runs_nothing_but_what_was_signed_for_it_now_and_that_once() {
    let tierdesk = Tierdesk::start().await;
    tierdesk.clock.follow();
    Signer::new(tierdesk.desk.clone())
        .prepare(tierdesk.now())
        .await
        .unwrap();
    let key = signers_key(&tierdesk).await;
    let (ana, ticket) = ticket(&tierdesk).await;
    // No signer runs here: the test signs.
    let agent = tierdesk.real_agent("", "").await;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let params = [("host", "127.0.0.1"), ("port", port.as_str())];
    let ask = async || ask(&tierdesk, &ana, ticket, &agent, "net.tcp", &params).await;

    type Change<'a> = Box<dyn Fn(&mut Envelope) + 'a>;
    let minutes = TimeDelta::minutes;
    let signed: [(&str, Change<'_>); 9] = [
        (
            "wrong_host",
            Box::new(|it: &mut Envelope| it.host = Uuid::now_v7()),
        ),
        (
            "entry_changed",
            Box::new(|it: &mut Envelope| it.entry_hash = "0".repeat(64)),
        ),
        (
            "expired",
            Box::new(|it: &mut Envelope| {
                it.not_before -= minutes(20);
                it.expires_at -= minutes(20);
            }),
        ),
        (
            "not_yet_valid",
            Box::new(|it: &mut Envelope| {
                it.not_before += minutes(20);
                it.expires_at += minutes(20);
            }),
        ),
        (
            "lives_too_long",
            Box::new(|it: &mut Envelope| it.expires_at += minutes(5)),
        ),
        (
            "unknown_entry",
            Box::new(|it: &mut Envelope| it.entry = "fs.rm".to_owned()),
        ),
        (
            "unknown_version",
            Box::new(|it: &mut Envelope| it.version = VERSION + 1),
        ),
        (
            "bad_parameters",
            Box::new(|it: &mut Envelope| {
                it.params
                    .insert("host".to_owned(), "-oProxyCommand=id".to_owned());
            }),
        ),
        (
            "bad_parameters",
            Box::new(|it: &mut Envelope| {
                it.params.insert("extra".to_owned(), "1".to_owned());
            }),
        ),
    ];
    let mut asked = Vec::new();
    for (refusal, change) in signed {
        let id = ask().await;
        let mut envelope = envelope(id, agent.host.0, &port, Utc::now());
        change(&mut envelope);
        hand_over(&tierdesk, id, &envelope.sign(&key)).await;
        asked.push((id, refusal));
    }
    // Signed by nobody whom the host knows, and changed after it was signed.
    let (stranger, _) = SecretKey::generate().unwrap();
    let id = ask().await;
    let forged = envelope(id, agent.host.0, &port, Utc::now()).sign(&stranger);
    hand_over(&tierdesk, id, &forged).await;
    asked.push((id, "bad_signature"));
    let id = ask().await;
    let mut flipped = envelope(id, agent.host.0, &port, Utc::now()).sign(&key);
    let at = flipped
        .payload
        .0
        .windows(3)
        .position(|it| it == b"Ana")
        .unwrap();
    flipped.payload.0[at] ^= 1;
    hand_over(&tierdesk, id, &flipped).await;
    asked.push((id, "bad_signature"));

    for (id, refusal) in asked {
        let job = tierdesk.until(id, |job| job.state.is_final()).await;
        assert_eq!(job.state, JobState::Refused, "{refusal}: {:?}", job.summary);
        assert_eq!(job.refusal.as_deref(), Some(refusal));
        assert!(!job.summary.unwrap_or_default().is_empty(), "{refusal}");
    }
    assert_eq!(connections(&listener), 0, "something was executed");

    // What is right is run, and the same run a second time is not: its host answers with the result that it has.
    let id = ask().await;
    let right = envelope(id, agent.host.0, &port, Utc::now()).sign(&key);
    hand_over(&tierdesk, id, &right).await;
    let first = tierdesk.until(id, |job| job.state.is_final()).await;
    assert_eq!(first.state, JobState::Succeeded, "{:?}", first.summary);
    assert!(connections(&listener) > 0, "it was executed");
    let mut owner = database::connect(&tierdesk.database).await;
    sqlx::query(
        "update job set state = 'leased', lease_until = now() + interval '1 minute', started_at = null, finished_at = null, verdict = null, summary = null
         where id = $1",
    )
    .bind(id.0)
    .execute(&mut owner)
    .await
    .unwrap();
    let again = tierdesk.until(id, |job| job.state.is_final()).await;
    assert_eq!(
        (again.state, again.summary),
        (JobState::Succeeded, first.summary)
    );
    assert_eq!(connections(&listener), 0, "it was executed twice");
}
