//! The signed job. The signature covers exact bytes under a domain prefix; they are parsed
//! only after it held, and only in canonical form.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use tierdesk_catalogue::{Class, Entry, Params, Policy, Reach, find};
use uuid::Uuid;

use crate::encoding::Blob;
use crate::{CLOCK_SKEW_SECONDS, PublicKey, Refusal, SecretKey, Signature, VERSION};

/// The longest life of an envelope (decision 24), in minutes.
pub const MAX_LIFE_MINUTES: i64 = 15;

const DOMAIN: &[u8] = b"tierdesk-job-v1\n";

/// One run of one entry on one host, as it is signed. Field order is the canonical order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Job {
    /// Protocol version.
    pub version: u32,
    /// The job.
    pub job: Uuid,
    /// Which try this is, from 1. With the job it makes the fence for results.
    pub attempt: u32,
    /// The only host that may run it.
    pub host: Uuid,
    /// The entry's id.
    pub entry: String,
    /// The entry's hash as this host reported it.
    pub entry_hash: String,
    /// The entry's class, for the host's log.
    pub class: Class,
    /// Parameters in canonical form.
    pub params: BTreeMap<String, String>,
    /// How far it may reach. Left out where that is anywhere, so that older agents read the jobs of people; one that is
    /// held to others they refuse.
    #[serde(default, skip_serializing_if = "Reach::is_anywhere")]
    pub reach: Reach,
    /// Who asked for it, for the host's log.
    pub requested_by: String,
    /// The ticket it belongs to, such as `TD-10482`.
    pub ticket: Option<String>,
    /// Not before this time (whole seconds).
    #[serde(with = "chrono::serde::ts_seconds")]
    pub not_before: DateTime<Utc>,
    /// Not from this time on (whole seconds).
    #[serde(with = "chrono::serde::ts_seconds")]
    pub expires_at: DateTime<Utc>,
    /// Random, so that no two envelopes are alike.
    pub nonce: Blob,
}

/// A job as it travels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedJob {
    /// The canonical bytes of a [`Job`].
    pub payload: Blob,
    /// Signature over domain prefix and payload.
    pub signature: Signature,
}

/// A job that this host may run: verified, known, parsed and allowed.
#[derive(Debug)]
pub struct VerifiedJob {
    /// The job.
    pub job: Job,
    /// Its entry in this build.
    pub entry: &'static Entry,
    /// Its parameters, parsed here.
    pub params: Params,
}

impl Job {
    /// The bytes that are signed.
    pub fn canonical_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a job is plain data with string keys")
    }

    /// Signs the job. Only the signer has such a key.
    pub fn sign(&self, key: &SecretKey) -> SignedJob {
        let payload = self.canonical_bytes();
        let signature = key.sign(&with_domain(&payload));
        SignedJob {
            payload: Blob(payload),
            signature,
        }
    }
}

impl SignedJob {
    /// Checks the signature and reads the job; nothing else is judged yet.
    pub fn open(&self, keys: &[PublicKey]) -> Result<Job, Refusal> {
        let bytes = with_domain(&self.payload.0);
        if !keys
            .iter()
            .any(|key| key.verify(&bytes, &self.signature).is_ok())
        {
            return Err(Refusal::BadSignature);
        }
        let version = serde_json::from_slice::<Versioned>(&self.payload.0)
            .map_err(|_| Refusal::Malformed)?
            .version;
        if version != VERSION {
            return Err(Refusal::UnknownVersion);
        }
        let job: Job = serde_json::from_slice(&self.payload.0).map_err(|_| Refusal::Malformed)?;
        if job.canonical_bytes() == self.payload.0 {
            Ok(job)
        } else {
            Err(Refusal::Malformed)
        }
    }

    /// Everything a host demands of a job before it runs it, save that it is new.
    pub fn verify(
        &self,
        keys: &[PublicKey],
        host: Uuid,
        now: DateTime<Utc>,
        policy: &Policy,
    ) -> Result<VerifiedJob, Refusal> {
        let job = self.open(keys)?;
        if job.host != host {
            return Err(Refusal::WrongHost);
        }
        let skew = TimeDelta::seconds(CLOCK_SKEW_SECONDS);
        if job.expires_at - job.not_before > TimeDelta::minutes(MAX_LIFE_MINUTES) {
            return Err(Refusal::LivesTooLong);
        }
        if now >= job.expires_at + skew {
            return Err(Refusal::Expired);
        }
        if now + skew < job.not_before {
            return Err(Refusal::NotYetValid);
        }
        let entry = find(&job.entry).ok_or(Refusal::UnknownEntry)?;
        if entry.hash().to_string() != job.entry_hash || entry.class != job.class {
            return Err(Refusal::EntryChanged);
        }
        let params = Params::parse(entry, &job.params).map_err(|_| Refusal::BadParameters)?;
        if params.canonical() != job.params {
            return Err(Refusal::BadParameters);
        }
        policy.check_entry(entry).map_err(|_| Refusal::HostPolicy)?;
        policy
            .check_params(&params)
            .map_err(|_| Refusal::HostPolicy)?;
        if !params.addresses().all(|ip| job.reach.allows(ip)) {
            return Err(Refusal::OutOfReach);
        }
        Ok(VerifiedJob { job, entry, params })
    }
}

#[derive(Deserialize)]
struct Versioned {
    version: u32,
}

fn with_domain(payload: &[u8]) -> Vec<u8> {
    [DOMAIN, payload].concat()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HOST: Uuid = Uuid::from_u128(1);

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_790_000_000, 0).unwrap()
    }

    fn job() -> Job {
        let entry = find("net.tcp").unwrap();
        Job {
            version: VERSION,
            job: Uuid::from_u128(5),
            attempt: 1,
            host: HOST,
            entry: entry.id.into(),
            entry_hash: entry.hash().to_string(),
            class: entry.class,
            params: [("host", "db.example"), ("port", "5432")]
                .map(|(k, v)| (k.to_owned(), v.to_owned()))
                .into(),
            reach: Reach::Anywhere,
            requested_by: "Ana Ferreira".into(),
            ticket: Some("TD-10482".into()),
            not_before: now(),
            expires_at: now() + TimeDelta::minutes(15),
            nonce: Blob(vec![1; 16]),
        }
    }

    fn key() -> SecretKey {
        SecretKey::generate().unwrap().0
    }

    fn refused(change: impl FnOnce(&mut Job)) -> Option<Refusal> {
        let (key, mut job) = (key(), job());
        change(&mut job);
        job.sign(&key)
            .verify(&[key.public()], HOST, now(), &Policy::default())
            .err()
    }

    #[test]
    fn a_good_job_is_accepted() {
        assert_eq!(refused(|_| ()), None);
    }

    #[test]
    fn each_rule_has_its_refusal() {
        let minutes = TimeDelta::minutes;
        assert_eq!(
            refused(|job| job.version = 2),
            Some(Refusal::UnknownVersion)
        );
        assert_eq!(
            refused(|job| job.host = Uuid::from_u128(2)),
            Some(Refusal::WrongHost)
        );
        assert_eq!(
            refused(|job| job.expires_at += minutes(1)),
            Some(Refusal::LivesTooLong)
        );
        assert_eq!(
            refused(|job| {
                job.not_before -= minutes(20);
                job.expires_at -= minutes(20);
            }),
            Some(Refusal::Expired)
        );
        assert_eq!(
            refused(|job| {
                job.not_before += minutes(3);
                job.expires_at += minutes(3);
            }),
            Some(Refusal::NotYetValid)
        );
        assert_eq!(
            refused(|job| job.entry = "rm.rf".into()),
            Some(Refusal::UnknownEntry)
        );
        assert_eq!(
            refused(|job| job.entry_hash = "00".into()),
            Some(Refusal::EntryChanged)
        );
        assert_eq!(
            refused(|job| job.class = Class::C3),
            Some(Refusal::EntryChanged)
        );
        let set = |name: &'static str, value: &'static str| {
            refused(move |job| {
                job.params.insert(name.into(), value.into());
            })
        };
        assert_eq!(
            set("host", "-oProxyCommand=id"),
            Some(Refusal::BadParameters)
        );
        assert_eq!(set("host", "DB.example"), Some(Refusal::BadParameters));
        assert_eq!(set("extra", "1"), Some(Refusal::BadParameters));
    }

    #[test]
    fn the_owner_of_the_host_has_the_last_word() {
        let (key, job) = (key(), job());
        let mut policy = Policy::default();
        policy.denied_entries.insert("net.tcp".into());
        let refusal = job
            .sign(&key)
            .verify(&[key.public()], HOST, now(), &policy)
            .unwrap_err();
        assert_eq!(refusal, Refusal::HostPolicy);
    }

    #[test]
    fn a_job_that_is_held_to_others_does_not_take_the_hosts_own_address() {
        let own = |reach| {
            refused(|job| {
                job.reach = reach;
                job.params.insert("host".into(), "127.0.0.1".into());
            })
        };
        assert_eq!(own(Reach::Anywhere), None);
        assert_eq!(own(Reach::Others), Some(Refusal::OutOfReach));
        assert_eq!(refused(|job| job.reach = Reach::Others), None, "a name");
        // Nobody takes it off the signed bytes, and the jobs of people are signed as before.
        let text = String::from_utf8(job().canonical_bytes()).unwrap();
        assert!(!text.contains("reach"), "{text}");
        let job = Job {
            reach: Reach::Others,
            ..job()
        };
        let text = String::from_utf8(job.canonical_bytes()).unwrap();
        assert!(text.contains(r#""reach":"others""#), "{text}");
    }

    #[test]
    fn either_of_two_active_keys_is_enough_and_no_other_is() {
        let (old, new, stranger) = (key(), key(), key());
        let keys = [old.public(), new.public()];
        assert!(job().sign(&new).open(&keys).is_ok());
        assert!(job().sign(&old).open(&keys).is_ok());
        assert_eq!(
            job().sign(&stranger).open(&keys),
            Err(Refusal::BadSignature)
        );
        assert_eq!(job().sign(&new).open(&[]), Err(Refusal::BadSignature));
    }

    #[test]
    fn signed_bytes_in_another_form_are_refused() {
        let key = key();
        let text = String::from_utf8(job().canonical_bytes()).unwrap();
        for other in [
            format!(" {text}"),
            text.replacen("\"attempt\":1", "\"attempt\":1,\"attempt\":1", 1),
            text.replacen('{', "{\"extra\":1,", 1),
            text.replacen("\"port\":\"5432\"", "\"port\":\"22\",\"port\":\"5432\"", 1),
        ] {
            assert_ne!(other, text);
            let payload = other.into_bytes();
            let signature = key.sign(&with_domain(&payload));
            let signed = SignedJob {
                payload: Blob(payload),
                signature,
            };
            assert_eq!(signed.open(&[key.public()]), Err(Refusal::Malformed));
        }
    }

    #[test]
    fn a_signature_for_another_purpose_is_worth_nothing() {
        let key = key();
        let payload = job().canonical_bytes();
        let signature = key.sign(&payload);
        let signed = SignedJob {
            payload: Blob(payload),
            signature,
        };
        assert_eq!(signed.open(&[key.public()]), Err(Refusal::BadSignature));
    }

    proptest! {
        #[test]
        fn a_flipped_bit_anywhere_is_refused(at: prop::sample::Index, bit in 0..8u8, in_signature: bool) {
            let key = key();
            let mut signed = job().sign(&key);
            if in_signature {
                let mut bytes = *signed.signature.as_bytes();
                bytes[at.index(64)] ^= 1 << bit;
                signed.signature = Signature::from_bytes(&bytes).unwrap();
            } else {
                let at = at.index(signed.payload.0.len());
                signed.payload.0[at] ^= 1 << bit;
            }
            prop_assert_eq!(signed.open(&[key.public()]), Err(Refusal::BadSignature));
        }

        #[test]
        fn any_signed_bytes_are_safe_to_open(payload in prop::collection::vec(any::<u8>(), 0..200)) {
            let key = key();
            let signature = key.sign(&with_domain(&payload));
            let signed = SignedJob { payload: Blob(payload), signature };
            prop_assert!(signed.open(&[key.public()]).is_err());
        }
    }
}
