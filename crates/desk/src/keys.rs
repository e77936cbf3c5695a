//! The instance's secret: seals what must not be read at rest, signs what must come back unchanged (decision 11).

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::rand::{SecureRandom, SystemRandom};
use ring::{digest, hkdf, hmac};
use tierdesk_domain::secret::Secret;

/// The instance's key-encryption key and the keys made from it. Cannot be printed:
///
/// ```
/// # use tierdesk_desk::Keys;
/// let _ = Keys::read(&Keys::generate());
/// ```
///
/// ```compile_fail
/// # use tierdesk_desk::Keys;
/// println!("{:?}", Keys::read(&Keys::generate()));
/// ```
pub struct Keys {
    id: u8,
    sealing: LessSafeKey,
    signing: hmac::Key,
}

/// Why a secret cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// Not what `tierdesk secret new` prints.
    #[error("the instance secret is not one that `tierdesk secret new` made")]
    Unreadable,
    /// A sealed value was changed, or sealed with another key.
    #[error("a sealed value cannot be opened with this instance's secret")]
    Sealed,
}

struct Length(usize);

impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

impl Keys {
    /// A fresh secret, as it is written to a file: `tierdesk-secret-1:KEYID:BASE64`.
    pub fn generate() -> String {
        format!("tierdesk-secret-1:1:{}", STANDARD.encode(random::<32>()))
    }

    /// Reads what [`Self::generate`] made.
    ///
    /// # Errors
    /// [`KeyError::Unreadable`] for anything else.
    pub fn read(text: &str) -> Result<Self, KeyError> {
        let mut parts = text.trim().splitn(3, ':');
        let (Some("tierdesk-secret-1"), Some(id), Some(key)) =
            (parts.next(), parts.next(), parts.next())
        else {
            return Err(KeyError::Unreadable);
        };
        let id = id.parse().map_err(|_| KeyError::Unreadable)?;
        let secret: [u8; 32] = STANDARD
            .decode(key)
            .ok()
            .and_then(|it| it.try_into().ok())
            .ok_or(KeyError::Unreadable)?;
        let sealing = UnboundKey::new(&AES_256_GCM, &derive(&secret, b"seal"))
            .map_err(|_| KeyError::Unreadable)?;
        Ok(Self {
            id,
            sealing: LessSafeKey::new(sealing),
            signing: hmac::Key::new(hmac::HMAC_SHA256, &derive(&secret, b"sign")),
        })
    }

    /// Seals `plain`; `place` (table, column and row) must be given again to open it.
    pub fn seal(&self, place: &str, plain: &[u8]) -> Vec<u8> {
        let nonce: [u8; 12] = random();
        let mut sealed = plain.to_vec();
        self.sealing
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(place.as_bytes()),
                &mut sealed,
            )
            .expect("the text is far shorter than the cipher's limit");
        let mut out = vec![self.id];
        out.extend_from_slice(&nonce);
        out.extend_from_slice(&sealed);
        out
    }

    /// Opens what [`Self::seal`] made for the same place.
    ///
    /// # Errors
    /// [`KeyError::Sealed`] if it was changed, moved, or sealed with another key.
    pub fn open(&self, place: &str, sealed: &[u8]) -> Result<Vec<u8>, KeyError> {
        let (id, rest) = sealed.split_first().ok_or(KeyError::Sealed)?;
        let (nonce, body) = rest.split_at_checked(12).ok_or(KeyError::Sealed)?;
        if *id != self.id {
            return Err(KeyError::Sealed);
        }
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| KeyError::Sealed)?;
        let mut body = body.to_vec();
        let plain = self
            .sealing
            .open_in_place(nonce, Aad::from(place.as_bytes()), &mut body)
            .map_err(|_| KeyError::Sealed)?;
        Ok(plain.to_vec())
    }

    /// A short-lived signature over `message`, for addresses that must work without a cookie.
    pub fn sign(&self, message: &str) -> String {
        URL_SAFE_NO_PAD.encode(hmac::sign(&self.signing, message.as_bytes()))
    }

    /// Whether [`Self::sign`] made `signature` for `message`; compared in constant time.
    pub fn verify(&self, message: &str, signature: &str) -> bool {
        URL_SAFE_NO_PAD
            .decode(signature)
            .is_ok_and(|tag| hmac::verify(&self.signing, message.as_bytes(), &tag).is_ok())
    }
}

fn derive(secret: &[u8; 32], purpose: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    hkdf::Salt::new(hkdf::HKDF_SHA256, b"tierdesk")
        .extract(secret)
        .expand(&[purpose], Length(32))
        .and_then(|okm| okm.fill(&mut out))
        .expect("32 bytes are within HKDF's limit");
    out
}

/// Random bytes from the operating system.
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    SystemRandom::new()
        .fill(&mut bytes)
        .expect("the operating system has random bytes");
    bytes
}

/// A secret of 256 bits for a link or a cookie, and the hash that is kept of it.
pub fn new_secret() -> (Secret, Vec<u8>) {
    let secret = Secret::new(URL_SAFE_NO_PAD.encode(random::<32>()));
    let hash = hash_secret(secret.reveal());
    (secret, hash)
}

/// The hash that is kept of a secret with 256 random bits; such a secret needs no slow hash.
pub fn hash_secret(secret: &str) -> Vec<u8> {
    digest::digest(&digest::SHA256, secret.as_bytes())
        .as_ref()
        .to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sealed_opens_only_in_its_place_and_unchanged() {
        let keys = Keys::read(&Keys::generate()).expect("fresh");
        let mut sealed = keys.seal("outbox:1", b"secret link");
        assert_eq!(
            keys.open("outbox:1", &sealed).expect("opens"),
            b"secret link"
        );
        assert!(keys.open("outbox:2", &sealed).is_err());
        assert!(
            Keys::read(&Keys::generate())
                .expect("fresh")
                .open("outbox:1", &sealed)
                .is_err()
        );
        *sealed.last_mut().expect("not empty") ^= 1;
        assert!(keys.open("outbox:1", &sealed).is_err());
        assert!(keys.open("outbox:1", b"").is_err());
    }

    #[test]
    fn a_signature_holds_for_its_message_only() {
        let keys = Keys::read(&Keys::generate()).expect("fresh");
        let tag = keys.sign("a");
        assert!(keys.verify("a", &tag));
        assert!(!keys.verify("b", &tag));
        assert!(!keys.verify("a", "x"));
    }

    #[test]
    fn a_damaged_secret_is_refused() {
        for text in [
            "",
            "tierdesk-secret-1:1:",
            "tierdesk-secret-1:x:AAAA",
            "tierdesk-secret-2:1:AAAA",
        ] {
            assert!(Keys::read(text).is_err(), "{text}");
        }
    }
}
