//! Signing in and out.

use std::sync::LazyLock;

use chrono::{DateTime, TimeDelta, Utc};
use tierdesk_domain::authorize::Principal;
use tierdesk_domain::id::PersonId;
use tierdesk_domain::password::MAX_LENGTH;
use tierdesk_domain::person::{AuthStrength, Role};
use tierdesk_domain::secret::Secret;
use tierdesk_store::person::Person;
use tierdesk_store::{PgConnection, person, rate_limit, session, token};
use uuid::Uuid;

use crate::caller::{Caller, Origin};
use crate::error::{DeskError, Result};
use crate::keys::{hash_secret, new_secret};
use crate::{Desk, password};

/// Idle and absolute limits by role: engineers, managers and administrators 30 min and 10 h,
/// requesters 60 min and 24 h.
pub fn limits(role: Role) -> (TimeDelta, TimeDelta) {
    match role {
        Role::Requester => (TimeDelta::minutes(60), TimeDelta::hours(24)),
        Role::Engineer | Role::Manager | Role::Administrator => {
            (TimeDelta::minutes(30), TimeDelta::hours(10))
        }
    }
}

/// A person with a live session.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// Their rights, read afresh for each request.
    pub principal: Principal,
    /// Who they are.
    pub person: Person,
    /// When they last proved who they are.
    pub auth_time: DateTime<Utc>,
    /// The hash of the session's id.
    pub session_hash: Vec<u8>,
    /// How many notifications they have not read; more than a hundred are not counted.
    pub unread: u64,
}

/// Who makes a page ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AskedBy {
    /// Somebody pressed or typed something.
    Person,
    /// The page keeps itself up to date, whether anybody sits before it or not.
    Page,
}

/// The session with that hash within all its limits, the idle one too, and whose it is.
async fn alive(
    conn: &mut PgConnection,
    id_hash: &[u8],
    now: DateTime<Utc>,
) -> Result<Option<session::Visit>> {
    let found = session::visit(conn, id_hash, now).await?;
    Ok(found.filter(|it| {
        let (idle, _) = limits(it.principal.role());
        now - it.session.last_seen_at <= idle
    }))
}

/// A hash that no password fits; an unknown address costs the same work as a known one (AT-ENUM-1).
static NOBODY: LazyLock<String> = LazyLock::new(|| {
    "$argon2id$v=19$m=47104,t=2,p=1$c29tZXRoaW5nc2FsdHk$m3zPgk1Ehg7Xg5PO4pHfKtAUOFaYWSuzGNF9ZCFhLqo"
        .to_owned()
});

/// How long a place where somebody signed in stays known.
const KNOWN_FOR: TimeDelta = TimeDelta::days(30);
/// How long a link is remembered that ran out.
const LINKS_KEPT: TimeDelta = TimeDelta::days(30);
/// How many links are forgotten at once.
const SWEPT: i64 = 1_000;

impl Desk {
    /// Signs a person in and returns the id for their cookie.
    ///
    /// # Errors
    /// [`DeskError::Denied`] for a wrong address or password, which look the same; [`DeskError::RateLimited`].
    pub async fn sign_in(
        &self,
        email: &str,
        password: &str,
        user_agent: &str,
        origin: &Origin,
        now: DateTime<Utc>,
    ) -> Result<Secret> {
        let email = email.trim().to_lowercase();
        let mut conn = self.acquire().await?;
        let found = person::by_email(&mut conn, &email).await?;
        // Somebody who keeps guessing must not lock the person out: places where they signed in before count apart.
        // An unknown address is looked up like a known one (AT-ENUM-1).
        let account = found.unwrap_or(PersonId(Uuid::nil()));
        let known = session::known_at(&mut conn, account, &origin.ip, now - KNOWN_FOR).await?;
        let counted = if known {
            format!("{email} {}", origin.ip)
        } else {
            email.clone()
        };
        for (bucket, key, capacity, every) in [
            ("sign_in.account", counted.as_str(), 5.0, 240.0),
            ("sign_in.ip", origin.network().as_str(), 30.0, 2.0),
            ("sign_in.all", "", 600.0, 0.1),
        ] {
            // Nor must a flood against everybody.
            if known && bucket == "sign_in.all" {
                continue;
            }
            if let Some(wait) =
                rate_limit::take(&mut conn, bucket, key, capacity, every, now).await?
            {
                return Err(password::too_often(wait));
            }
        }
        let credential = session::credential(&mut conn, account).await?;
        drop(conn);

        let outdated = credential
            .as_ref()
            .is_some_and(|it| password::is_outdated(&it.password_hash));
        let hash = credential.map_or_else(|| NOBODY.clone(), |it| it.password_hash);
        let fits = password.chars().count() <= MAX_LENGTH
            && self.verify_password(password.to_owned(), hash).await?;

        let stronger = if fits && outdated {
            Some(self.hash_password(password.to_owned()).await?)
        } else {
            None
        };

        let mut conn = self.acquire().await?;
        let principal = match found {
            Some(id) if fits => person::principal(&mut conn, id).await?,
            _ => None,
        };
        drop(conn);
        let caller = match &principal {
            Some(principal) => Caller::person(principal.clone(), origin.clone()),
            None => Caller {
                origin: origin.clone(),
                ..Caller::machine(tierdesk_domain::actor::Actor::system())
            },
        };
        let mut work = self.begin(&caller, now).await?;
        let Some(principal) = principal else {
            work.audit("session.refused", "address", &email, serde_json::json!({}));
            work.commit().await?;
            return Err(DeskError::Denied);
        };
        if let Some(hash) = &stronger {
            session::strengthen(work.conn(), principal.person, hash).await?;
        }
        let (secret, id_hash) = new_secret();
        let (_, absolute) = limits(principal.role());
        session::insert(
            work.conn(),
            &session::NewSession {
                id_hash: &id_hash,
                person: principal.person,
                expires_at: now + absolute,
                strength: AuthStrength::Password,
                ip: &origin.ip,
                user_agent,
            },
            now,
        )
        .await?;
        work.audit(
            "session.started",
            "person",
            &principal.person.to_string(),
            serde_json::json!({}),
        );
        work.commit().await?;
        Ok(secret)
    }

    /// The person behind a session's cookie, if the session is alive. Rights are read afresh, so a change of role or a
    /// deactivation holds from the next request on (AT-SESS-1). What nobody asked for does not keep a session alive.
    pub async fn who_is(
        &self,
        conn: &mut PgConnection,
        cookie: &str,
        by: AskedBy,
        now: DateTime<Utc>,
    ) -> Result<Option<SignedIn>> {
        let id_hash = hash_secret(cookie);
        let Some(found) = alive(conn, &id_hash, now).await? else {
            return Ok(None);
        };
        // Once a minute is exact enough for a limit of half an hour.
        let rested = now - found.session.last_seen_at;
        if by == AskedBy::Person && rested > TimeDelta::minutes(1) {
            session::touch(conn, &id_hash, now).await?;
        }
        Ok(Some(SignedIn {
            principal: found.principal,
            person: found.person,
            auth_time: found.session.auth_time,
            session_hash: id_hash,
            unread: found.unread.unsigned_abs(),
        }))
    }

    /// Whether a session is still alive, for pages that stay open. Asking does not keep it alive.
    pub async fn is_alive(
        &self,
        conn: &mut PgConnection,
        session_hash: &[u8],
        now: DateTime<Utc>,
    ) -> Result<bool> {
        Ok(alive(conn, session_hash, now).await?.is_some())
    }

    /// Ends a session.
    pub async fn sign_out(
        &self,
        caller: &Caller,
        session_hash: &[u8],
        now: DateTime<Utc>,
    ) -> Result<()> {
        let mut work = self.begin(caller, now).await?;
        session::end(work.conn(), session_hash, now).await?;
        if let Some(person) = caller.person_id() {
            work.audit(
                "session.ended",
                "person",
                &person.to_string(),
                serde_json::json!({}),
            );
        }
        work.commit().await
    }
}

impl Desk {
    /// Forgets sessions that are long over, with the addresses they were used from: nothing asks for them any more once a
    /// place no longer counts as known. Returns how many.
    pub async fn sweep_sessions(&self, now: DateTime<Utc>) -> Result<u64> {
        let mut conn = self.acquire().await?;
        Ok(session::sweep(&mut conn, now - KNOWN_FOR).await?)
    }

    /// Forgets rate limits that nobody came near for a day: they have long been full again. Anybody can fill this table with
    /// addresses and names. Returns how many.
    pub async fn sweep_rate_limits(&self, now: DateTime<Utc>) -> Result<u64> {
        let mut conn = self.acquire().await?;
        Ok(rate_limit::sweep(&mut conn, now - TimeDelta::days(1)).await?)
    }

    /// Forgets links to passwords and accounts that ran out long ago, used or not: until then a page can still say what became of
    /// one. Returns how many.
    pub async fn sweep_links(&self, now: DateTime<Utc>) -> Result<u64> {
        let mut conn = self.acquire().await?;
        let mut swept = 0;
        loop {
            let batch = token::sweep(&mut conn, now - LINKS_KEPT, SWEPT).await?;
            if batch == 0 {
                return Ok(swept);
            }
            swept += batch;
        }
    }

    /// The caller proves again who they are. Returns the id for the cookie; the old one is worth nothing any more.
    ///
    /// # Errors
    /// [`DeskError::Denied`] for a wrong password; [`DeskError::RateLimited`].
    pub async fn confirm_identity(
        &self,
        caller: &Caller,
        session_hash: &[u8],
        password: &str,
        now: DateTime<Utc>,
    ) -> Result<Secret> {
        let id = caller.person_id().ok_or(DeskError::Denied)?;
        let mut conn = self.acquire().await?;
        if let Some(wait) =
            rate_limit::take(&mut conn, "confirm", &id.to_string(), 5.0, 180.0, now).await?
        {
            return Err(password::too_often(wait));
        }
        let hash = session::credential(&mut conn, id)
            .await?
            .map(|it| it.password_hash);
        drop(conn);
        let hash = hash.unwrap_or_else(|| NOBODY.clone());
        let fits = password.chars().count() <= MAX_LENGTH
            && self.verify_password(password.to_owned(), hash).await?;
        let mut work = self.begin(caller, now).await?;
        if !fits {
            work.audit(
                "session.not_confirmed",
                "person",
                &id.to_string(),
                serde_json::json!({}),
            );
            work.commit().await?;
            return Err(DeskError::Denied);
        }
        let (secret, id_hash) = new_secret();
        session::rotate(work.conn(), session_hash, &id_hash, now).await?;
        work.audit(
            "session.confirmed",
            "person",
            &id.to_string(),
            serde_json::json!({}),
        );
        work.commit().await?;
        Ok(secret)
    }

    /// Ends one of the caller's own sessions, by its hash.
    ///
    /// # Errors
    /// [`DeskError::NotFound`] for a session that is not theirs or has ended.
    pub async fn end_session(
        &self,
        caller: &Caller,
        id_hash: &[u8],
        now: DateTime<Utc>,
    ) -> Result<()> {
        let id = caller.person_id().ok_or(DeskError::Denied)?;
        let mut work = self.begin(caller, now).await?;
        if !session::end_own(work.conn(), id, id_hash, now).await? {
            return Err(DeskError::NotFound);
        }
        work.audit(
            "session.ended",
            "person",
            &id.to_string(),
            serde_json::json!({}),
        );
        work.commit().await
    }

    /// Ends all of the caller's sessions but this one. Returns how many.
    pub async fn end_other_sessions(
        &self,
        caller: &Caller,
        session_hash: &[u8],
        now: DateTime<Utc>,
    ) -> Result<u64> {
        let id = caller.person_id().ok_or(DeskError::Denied)?;
        let mut work = self.begin(caller, now).await?;
        let ended = session::end_all(work.conn(), id, Some(session_hash), now).await?;
        work.audit(
            "session.ended",
            "person",
            &id.to_string(),
            serde_json::json!({"others": ended}),
        );
        work.commit().await?;
        Ok(ended)
    }
}
