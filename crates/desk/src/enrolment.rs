//! Joining: tokens that administrators make, and hosts that come with them.

use chrono::{DateTime, Utc};
use serde_json::json;
use tierdesk_domain::actor::Actor;
use tierdesk_domain::authorize::{Action, authorize};
use tierdesk_domain::field::FieldError;
use tierdesk_domain::host::{HostState, TOKEN_LIFE, TOKEN_USES};
use tierdesk_domain::id::HostId;
use tierdesk_domain::secret::Secret;
use tierdesk_store::{enrolment, host, rate_limit};
use uuid::Uuid;

use crate::error::{DeskError, Result};
use crate::host::read_labels;
use crate::keys::{hash_secret, random};
use crate::password::too_often;
use crate::{Caller, Desk, Origin};

/// What an administrator fills in for a token.
#[derive(Debug, Clone)]
pub struct NewToken {
    /// How many minutes it is good, at most 60.
    pub minutes: String,
    /// How many hosts may join with it.
    pub uses: String,
    /// The only name that may join; with a single use such a host needs no approval.
    pub expected_name: String,
    /// Labels its hosts get.
    pub labels: String,
}

/// A token, this one time with its secret.
#[derive(Clone)]
pub struct Made {
    /// `tde_…`.
    pub secret: Secret,
    /// Until when it is good.
    pub expires_at: DateTime<Utc>,
}

/// A host that asks to join; that it has its key was proved.
#[derive(Clone)]
pub struct Joining {
    /// The token's secret.
    pub token: Secret,
    /// The name it gives itself.
    pub hostname: String,
    /// Hash of its machine id.
    pub machine: Option<String>,
    /// Its public key, 32 bytes.
    pub public_key: Vec<u8>,
    /// The agent's version.
    pub agent_version: String,
    /// Four words made from both keys.
    pub code: String,
}

/// A host that joined.
#[derive(Debug, Clone, Copy)]
pub struct Joined {
    /// Its id.
    pub host: HostId,
    /// Whether it must wait for approval.
    pub state: HostState,
}

impl Desk {
    /// Makes a token. Its secret is returned once and kept only as a hash.
    ///
    /// # Errors
    /// [`DeskError::Invalid`] with the fields that are wrong.
    pub async fn make_enrolment_token(
        &self,
        caller: &Caller,
        new: &NewToken,
        now: DateTime<Utc>,
    ) -> Result<Made> {
        authorize(&caller.who, Action::Administer)?;
        let made_by = caller.person_id().ok_or(DeskError::Denied)?;
        let mut errors = Vec::new();
        let most = TOKEN_LIFE.num_minutes();
        let minutes = new
            .minutes
            .trim()
            .parse::<i64>()
            .ok()
            .filter(|n| (1..=most).contains(n));
        if minutes.is_none() {
            errors.push(FieldError::new("minutes", "error.token_minutes"));
        }
        let uses = new
            .uses
            .trim()
            .parse::<i32>()
            .ok()
            .filter(|n| (1..=TOKEN_USES).contains(n));
        if uses.is_none() {
            errors.push(FieldError::new("uses", "error.token_uses"));
        }
        let expected = new.expected_name.trim();
        if expected.chars().count() > 253 || expected.chars().any(char::is_control) {
            errors.push(FieldError::too_long("expected_name", 253));
        }
        let labels = read_labels(&new.labels);
        if labels.is_none() {
            errors.push(FieldError::new("labels", "error.labels"));
        }
        let (Some(minutes), Some(uses), Some(labels), true) =
            (minutes, uses, labels, errors.is_empty())
        else {
            return Err(errors.into());
        };
        let secret = new_token();
        let expires_at = now + chrono::TimeDelta::minutes(minutes);
        let id = Uuid::now_v7();
        let mut work = self.begin(caller, now).await?;
        let expected_name = (!expected.is_empty()).then_some(expected);
        enrolment::insert(
            work.conn(),
            &enrolment::NewToken {
                id,
                token_hash: &hash_secret(secret.reveal()),
                created_by: made_by,
                expires_at,
                uses,
                expected_name,
                labels: &labels,
            },
            now,
        )
        .await?;
        let detail = json!({ "uses": uses, "expires_at": expires_at, "expected_name": expected_name, "labels": labels });
        work.audit(
            "enrolment_token.made",
            "enrolment_token",
            &id.to_string(),
            detail,
        );
        work.commit().await?;
        Ok(Made { secret, expires_at })
    }

    /// Takes a token back.
    ///
    /// # Errors
    /// [`DeskError::NotFound`] when there is none to take back.
    pub async fn revoke_enrolment_token(
        &self,
        caller: &Caller,
        id: Uuid,
        now: DateTime<Utc>,
    ) -> Result<()> {
        authorize(&caller.who, Action::Administer)?;
        let mut work = self.begin(caller, now).await?;
        if !enrolment::revoke(work.conn(), id, now).await? {
            return Err(DeskError::NotFound);
        }
        work.audit(
            "enrolment_token.revoked",
            "enrolment_token",
            &id.to_string(),
            json!({}),
        );
        work.commit().await
    }

    /// Lets a host join with a token. It waits for approval, unless its token was for one host of exactly its name. A known
    /// name or machine never takes over the old host: it becomes another one, and the page says so.
    ///
    /// # Errors
    /// [`DeskError::Denied`] for a token that is not good, [`DeskError::RateLimited`] for too many tries from one network.
    pub async fn join_host(
        &self,
        origin: &Origin,
        joining: &Joining,
        now: DateTime<Utc>,
    ) -> Result<Joined> {
        let caller = Caller {
            who: tierdesk_domain::authorize::Who::Machine(Actor::system()),
            origin: origin.clone(),
        };
        let mut conn = self.acquire().await?;
        if let Some(wait) =
            rate_limit::take(&mut conn, "enrol", &origin.network(), 20.0, 30.0, now).await?
        {
            return Err(too_often(wait));
        }
        drop(conn);
        let mut work = self.begin(&caller, now).await?;
        let hash = hash_secret(joining.token.reveal());
        let Some(token) = enrolment::use_once(work.conn(), &hash, &joining.hostname, now).await?
        else {
            // A known token that is used up or over is worth an alarm; nonsense is only counted.
            if let Some(id) = enrolment::find(work.conn(), &hash).await? {
                let detail = json!({ "name": joining.hostname });
                work.audit(
                    "enrolment.refused",
                    "enrolment_token",
                    &id.to_string(),
                    detail,
                );
                work.commit().await?;
                tracing::warn!(token = %id, ip = origin.ip, "a token that is not good any more was tried");
            }
            return Err(DeskError::Denied);
        };
        let named = token.expected_name.is_some() && token.uses_left == 0;
        let state = if named {
            HostState::Active
        } else {
            HostState::Pending
        };
        let id = HostId(Uuid::now_v7());
        let inserted = host::insert(
            work.conn(),
            &host::NewHost {
                id,
                name: &joining.hostname,
                state,
                public_key: &joining.public_key,
                machine: joining.machine.as_deref().map(str::as_bytes),
                join_code: &joining.code,
                labels: &token.labels,
                agent_version: &joining.agent_version,
                token: token.id,
            },
            now,
        )
        .await;
        match inserted {
            Err(error) if error.is_constraint("host_key") => return Err(DeskError::Conflict),
            other => other?,
        }
        let detail = json!({ "name": joining.hostname, "state": state, "token": token.id });
        work.audit("host.joined", "host", &id.to_string(), detail);
        work.commit().await?;
        Ok(Joined { host: id, state })
    }

    /// Public keys of the signer, newest first.
    pub async fn signer_keys(&self) -> Result<Vec<Vec<u8>>> {
        let mut conn = self.acquire().await?;
        Ok(enrolment::signer_keys(&mut conn).await?)
    }
}

/// `tde_` and 256 random bits in letters and digits that survive a double click.
fn new_token() -> Secret {
    const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let bytes: [u8; 52] = random();
    let letters = bytes
        .iter()
        .map(|byte| char::from(ALPHABET[usize::from(byte & 31)]));
    Secret::new("tde_".chars().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_say_what_they_are_and_never_repeat() {
        let (one, other) = (new_token(), new_token());
        let (one, other) = (one.reveal(), other.reveal());
        assert!(one.starts_with("tde_") && one.len() == 56);
        assert_ne!(one, other);
    }
}
