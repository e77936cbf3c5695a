//! Password hashing: argon2id off the async threads, at most as many at once as there are cores.

use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version, password_hash};

use crate::Desk;
use crate::error::{DeskError, Result};

/// The longest password taken, in characters; longer ones cost time without adding safety.
pub const MAX_LENGTH: usize = 256;
/// The shortest password taken where there is no second factor (ASVS 6.2.1).
pub const MIN_LENGTH: usize = 15;

/// argon2id with m = 46 MiB, t = 2, p = 1 (OWASP password storage, security.md's numbers).
fn argon2() -> Argon2<'static> {
    Argon2::new(
        Algorithm::Argon2id,
        Version::V0x13,
        Params::new(47_104, 2, 1, None).expect("constants within argon2's limits"),
    )
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
}
