//! Hosts: approval, description, what they report, and whether a request is from one.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use tierdesk_catalogue::{Facts, Policy};
use tierdesk_domain::actor::Actor;
use tierdesk_domain::authorize::{Action, authorize};
use tierdesk_domain::field::FieldError;
use tierdesk_domain::host::{HostState, MISMATCHES_ALLOWED, is_label};
use tierdesk_domain::id::HostId;
use tierdesk_store::{host, person};

use crate::error::{DeskError, Result};
use crate::{Caller, Desk};

/// Nonces are remembered for as long as a signed request can live: twice the clock skew, and a little more.
const NONCE_MEMORY: TimeDelta = TimeDelta::minutes(5);

/// What a host says about itself.
#[derive(Debug, Clone)]
pub struct Report {
    /// The agent's version.
    pub agent_version: String,
    /// The name it gives itself.
    pub hostname: String,
    /// Facts by name.
    pub facts: Facts,
    /// What its owner allows.
    pub policy: Policy,
    /// Entries it was built with, with their hashes.
    pub catalogue: BTreeMap<String, String>,
}

/// What an administrator says about a host.
#[derive(Debug, Clone, Default)]
pub struct Description {
    /// Labels, separated by blanks or commas.
    pub labels: String,
    /// The address of the person whose machine it is, or nothing.
    pub owner: String,
}

/// Reads labels as people type them.
pub(crate) fn read_labels(text: &str) -> Option<Vec<String>> {
    let mut labels: Vec<String> = text
        .split(|c: char| c == ',' || c.is_whitespace())
        .filter(|it| !it.is_empty())
        .map(str::to_lowercase)
        .collect();
    labels.sort_unstable();
    labels.dedup();
    (labels.len() <= 20 && labels.iter().all(|label| is_label(label))).then_some(labels)
}

/// A host whose facts were recorded elsewhere, for the demo (decision 38): it is enrolled properly and never comes online.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// Its own public key, 32 bytes.
    pub public_key: Vec<u8>,
    /// Its labels besides `demo-recorded`, separated by blanks.
    pub labels: String,
    /// The address of the person whose machine it is, or nothing.
    pub owner: String,
    /// What it said about itself when it was recorded.
    pub report: Report,
}

impl Desk {
    /// Enrols a recorded host by the same steps as any other: a token for its name, joining, its report, its description.
    ///
    /// # Errors
    /// Those of the steps.
    pub async fn enrol_recorded_host(
        &self,
        caller: &Caller,
        recorded: &Recorded,
        now: DateTime<Utc>,
    ) -> Result<HostId> {
        let token = crate::enrolment::NewToken {
            minutes: "60".to_owned(),
            uses: "1".to_owned(),
            expected_name: recorded.report.hostname.clone(),
            labels: tierdesk_domain::host::RECORDED.to_owned(),
        };
        let made = self.make_enrolment_token(caller, &token, now).await?;
        let joining = crate::enrolment::Joining {
            token: made.secret,
            hostname: recorded.report.hostname.clone(),
            machine: None,
            public_key: recorded.public_key.clone(),
            agent_version: recorded.report.agent_version.clone(),
            code: String::new(),
        };
        let joined = self.join_host(&caller.origin, &joining, now).await?;
        self.host_report(joined.host, &recorded.report, now).await?;
        let description = Description {
            labels: format!("{} {}", tierdesk_domain::host::RECORDED, recorded.labels),
            owner: recorded.owner.clone(),
        };
        self.describe_host(caller, joined.host, &description, now)
            .await?;
        Ok(joined.host)
    }

    /// The public key a request of this host must be signed with.
    ///
    /// # Errors
    /// [`DeskError::NotFound`] for a host that does not exist, [`DeskError::Denied`] for one that was sent away or stopped.
    pub async fn host_key(&self, id: HostId) -> Result<(HostState, Vec<u8>)> {
        let mut conn = self.acquire().await?;
        let (state, key) = host::key(&mut conn, id).await?.ok_or(DeskError::NotFound)?;
        match state {
            HostState::Pending | HostState::Active => Ok((state, key)),
            HostState::Suspended | HostState::Revoked => Err(DeskError::Denied),
        }
    }

    /// Notes a request whose signature held.
    ///
    /// # Errors
    /// [`DeskError::Conflict`] when this very request came before.
    pub async fn host_was_heard(&self, id: HostId, nonce: &str, now: DateTime<Utc>) -> Result<()> {
        let mut conn = self.acquire().await?;
        if !host::remember_nonce(&mut conn, id, nonce, now).await? {
            tracing::warn!(host = %id, "a signed request came twice");
            return Err(DeskError::Conflict);
        }
        host::seen(&mut conn, id, now).await?;
        Ok(())
    }

    /// Forgets nonces that are too old to matter. Returns how many.
    pub async fn forget_nonces(&self, now: DateTime<Utc>) -> Result<u64> {
        let mut conn = self.acquire().await?;
        Ok(host::forget_nonces(&mut conn, now - NONCE_MEMORY).await?)
    }

    /// A host named something that is not its own: audited and counted; after three times it is suspended (AT-ENR-2).
    pub async fn host_mismatch(
        &self,
        id: HostId,
        what: &str,
        origin: &crate::Origin,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let caller = Caller {
            who: tierdesk_domain::authorize::Who::Machine(Actor::host(id)),
            origin: origin.clone(),
        };
        let mut work = self.begin(&caller, now).await?;
        let count = host::count_mismatch(work.conn(), id).await?;
        work.audit(
            "host.mismatch",
            "host",
            &id.to_string(),
            json!({ "what": what, "count": count }),
        );
        if count >= MISMATCHES_ALLOWED
            && host::decide(
                work.conn(),
                id,
                &[HostState::Active, HostState::Pending],
                HostState::Suspended,
                None,
                now,
            )
            .await?
        {
            work.audit(
                "host.suspended",
                "host",
                &id.to_string(),
                json!({ "why": "foreign" }),
            );
        }
        work.commit().await
    }

    /// Keeps what a host says about itself.
    pub async fn host_report(&self, id: HostId, report: &Report, now: DateTime<Utc>) -> Result<()> {
        let caller = Caller::machine(Actor::host(id));
        let mut work = self.begin(&caller, now).await?;
        let operating_system = report
            .facts
            .get("os")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let operating_system: String = operating_system
            .chars()
            .filter(|c| !c.is_control())
            .take(120)
            .collect();
        let before = host::find(work.conn(), id)
            .await?
            .ok_or(DeskError::NotFound)?;
        host::report(
            work.conn(),
            id,
            &host::Report {
                agent_version: &report.agent_version,
                name: &report.hostname,
                operating_system: &operating_system,
                facts: &Value::Object(report.facts.clone()),
                policy: &report.policy,
                catalogue: &report.catalogue,
            },
            now,
        )
        .await?;
        if before.policy != report.policy || before.name != report.hostname {
            let detail = json!({ "name": report.hostname, "policy": report.policy });
            work.audit("host.changed", "host", &id.to_string(), detail);
        }
        work.commit().await
    }

    /// Lets a host work, after its four words were compared. Brings a suspended one back as well.
    ///
    /// # Errors
    /// [`DeskError::State`] for a host that does not wait.
    pub async fn approve_host(
        &self,
        caller: &Caller,
        id: HostId,
        now: DateTime<Utc>,
    ) -> Result<()> {
        self.decide_host(
            caller,
            id,
            &[HostState::Pending, HostState::Suspended],
            HostState::Active,
            "host.approved",
            now,
        )
        .await
    }

    /// Sends a host away: its next request is refused. What waits for it expires.
    ///
    /// # Errors
    /// [`DeskError::State`] for a host that was sent away before.
    pub async fn revoke_host(&self, caller: &Caller, id: HostId, now: DateTime<Utc>) -> Result<()> {
        let from = [HostState::Pending, HostState::Active, HostState::Suspended];
        self.decide_host(caller, id, &from, HostState::Revoked, "host.revoked", now)
            .await
    }

    async fn decide_host(
        &self,
        caller: &Caller,
        id: HostId,
        from: &[HostState],
        to: HostState,
        action: &str,
        now: DateTime<Utc>,
    ) -> Result<()> {
        authorize(&caller.who, Action::Administer)?;
        let mut work = self.begin(caller, now).await?;
        let found = host::find(work.conn(), id)
            .await?
            .ok_or(DeskError::NotFound)?;
        if !host::decide(work.conn(), id, from, to, caller.person_id(), now).await? {
            return Err(DeskError::State("state.host"));
        }
        work.audit(
            action,
            "host",
            &id.to_string(),
            json!({ "name": found.name, "from": found.state, "to": to }),
        );
        tierdesk_store::notify(work.conn(), "host", &id.to_string()).await?;
        work.commit().await
    }

    /// Sets labels and owner.
    ///
    /// # Errors
    /// [`DeskError::Invalid`] for labels that are none, or an address that nobody has.
    pub async fn describe_host(
        &self,
        caller: &Caller,
        id: HostId,
        description: &Description,
        now: DateTime<Utc>,
    ) -> Result<()> {
        authorize(&caller.who, Action::Administer)?;
        let mut work = self.begin(caller, now).await?;
        let found = host::find(work.conn(), id)
            .await?
            .ok_or(DeskError::NotFound)?;
        let mut errors = Vec::new();
        let labels = read_labels(&description.labels);
        if labels.is_none() {
            errors.push(FieldError::new("labels", "error.labels"));
        }
        let owner = match description.owner.trim() {
            "" => None,
            address => match person::by_email(work.conn(), address).await? {
                Some(person) => Some(person),
                None => {
                    errors.push(FieldError::new("owner", "error.nobody_with_address"));
                    None
                }
            },
        };
        let (true, Some(labels)) = (errors.is_empty(), labels) else {
            return Err(errors.into());
        };
        host::describe(work.conn(), id, &labels, owner).await?;
        let detail = json!({ "name": found.name, "labels": labels, "owner": owner, "before": { "labels": found.labels, "owner": found.owner } });
        work.audit("host.described", "host", &id.to_string(), detail);
        work.commit().await
    }
}

#[cfg(test)]
mod tests {
    use super::read_labels;

    #[test]
    fn labels_are_read_as_people_type_them() {
        assert_eq!(
            read_labels(" Hall3, prod\nprod "),
            Some(vec!["hall3".into(), "prod".into()])
        );
        assert_eq!(read_labels(""), Some(Vec::new()));
        assert_eq!(read_labels("<b>"), None);
    }
}
