//! Passwords: hashing off the async threads, and the ways to a new one.

pub(crate) mod help;
pub(crate) mod link;

use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version, password_hash};
use chrono::{DateTime, Utc};
use serde_json::json;
use tierdesk_domain::field::FieldError;
use tierdesk_domain::id::PersonId;
use tierdesk_domain::outbox::MailKind;
use tierdesk_domain::password::check;
use tierdesk_store::{person, rate_limit, session};

pub use self::link::LinkState;
use crate::error::{DeskError, Result};
use crate::work::Mail;
use crate::{Caller, Desk, Work};

/// argon2id with m = 46 MiB, t = 2, p = 1 (OWASP password storage).
fn argon2() -> Argon2<'static> {
    let params = Params::new(47_104, 2, 1, None).expect("constants within argon2's limits");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// Whether a hash was made with weaker numbers than ours, or cannot be read.
pub(crate) fn is_outdated(hash: &str) -> bool {
    !hash.starts_with("$argon2id$v=19$m=47104,t=2,p=1$")
}

impl Desk {
    /// Hashes a password.
    pub async fn hash_password(&self, password: String) -> Result<String> {
        self.hashing(move || {
            let hash: password_hash::phc::PasswordHash =
                argon2().hash_password(password.as_bytes())?;
            Ok(hash.to_string())
        })
        .await
    }

    /// Whether the password fits the hash. An unreadable hash fits nothing.
    pub async fn verify_password(&self, password: String, hash: String) -> Result<bool> {
        self.hashing(
            move || match argon2().verify_password(password.as_bytes(), hash.as_str()) {
                Ok(()) => Ok(true),
                Err(password_hash::Error::PasswordInvalid) => Ok(false),
                Err(error) => Err(error),
            },
        )
        .await
    }

    async fn hashing<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> std::result::Result<T, password_hash::Error> + Send + 'static,
    ) -> Result<T> {
        tracing::trace!("a password is hashed");
        let _permit = self
            .hashing
            .acquire()
            .await
            .map_err(|_| DeskError::Broken("hashing was closed".to_owned()))?;
        tokio::task::spawn_blocking(work)
            .await
            .map_err(|error| DeskError::Broken(format!("hashing stopped: {error}")))?
            .map_err(|error| DeskError::Broken(format!("hashing failed: {error}")))
    }

    /// Checks a new password against the rules and against what others know of its person.
    ///
    /// # Errors
    /// [`DeskError::Invalid`] with the reason.
    pub(crate) fn check_password(&self, password: &str, name: &str, email: &str) -> Result<()> {
        let context = [name, email, &self.settings.site_name, "tierdesk"];
        check("password", password, &context).map_err(|error| vec![error].into())
    }

    /// Changes the caller's own password. Every other session of theirs ends.
    ///
    /// # Errors
    /// [`DeskError::Invalid`] for a wrong current password or a new one that is not taken.
    pub async fn change_password(
        &self,
        caller: &Caller,
        session_hash: &[u8],
        current: &str,
        new: &str,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let id = caller.person_id().ok_or(DeskError::Denied)?;
        let mut conn = self.acquire().await?;
        if let Some(wait) = rate_limit::take(
            &mut conn,
            "password.change",
            &id.to_string(),
            5.0,
            180.0,
            now,
        )
        .await?
        {
            return Err(too_often(wait));
        }
        let owner = person::find(&mut conn, id)
            .await?
            .ok_or(DeskError::NotFound)?;
        let hash = session::credential(&mut conn, id)
            .await?
            .map(|it| it.password_hash);
        drop(conn);
        let fits = match hash {
            Some(hash) => self.verify_password(current.to_owned(), hash).await?,
            None => false,
        };
        if !fits {
            return Err(vec![FieldError::new("current", "error.password_wrong")].into());
        }
        self.check_password(new, &owner.name, owner.email.as_deref().unwrap_or_default())?;
        let hash = self.hash_password(new.to_owned()).await?;
        let mut work = self.begin(caller, now).await?;
        change(&mut work, id, &hash, Some(session_hash)).await?;
        work.commit().await
    }
}

/// Sets a password within an action, with all that follows: sessions end, the person is told, the bot hears of it.
async fn change(
    work: &mut Work<'_>,
    person: PersonId,
    hash: &str,
    but: Option<&[u8]>,
) -> Result<()> {
    let now = work.now;
    session::set_credential(work.conn(), person, hash, now).await?;
    let ended = session::end_all(work.conn(), person, but, now).await?;
    work.audit(
        "password.changed",
        "person",
        &person.to_string(),
        json!({"sessions_ended": ended}),
    );
    work.mail(Mail {
        kind: MailKind::PasswordChanged,
        to: person,
        ticket: None,
        event: None,
        data: json!({}),
        secret: None,
    })
    .await?;
    crate::bot::password_was_set(work, person).await
}

/// An error that says how long to wait.
pub(crate) fn too_often(seconds: f64) -> DeskError {
    DeskError::RateLimited {
        retry_after: seconds.ceil() as u64,
    }
}
