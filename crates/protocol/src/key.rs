//! Ed25519 keys and signatures, by ring. One algorithm, nothing to negotiate.

use std::fmt;
use std::str::FromStr;

use ring::rand::SystemRandom;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::encoding::{BadEncoding, Blob, hex};

/// A public key of a host or of the signer.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PublicKey([u8; 32]);

/// An Ed25519 signature.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Signature([u8; 64]);

/// The signature does not fit the bytes and the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the signature does not match")]
pub struct SignatureMismatch;

/// A private key. It can sign and be stored, and neither printed nor serialised:
///
/// ```
/// # use tierdesk_protocol::SecretKey;
/// let (key, _) = SecretKey::generate().unwrap();
/// println!("{:?}", key.public());
/// println!("{}", serde_json::to_string(&key.public()).unwrap());
/// ```
///
/// ```compile_fail
/// # use tierdesk_protocol::SecretKey;
/// let (key, _) = SecretKey::generate().unwrap();
/// println!("{:?}", key);
/// ```
///
/// ```compile_fail
/// # use tierdesk_protocol::SecretKey;
/// let (key, _) = SecretKey::generate().unwrap();
/// println!("{}", serde_json::to_string(&key).unwrap());
/// ```
pub struct SecretKey(Ed25519KeyPair);

impl SecretKey {
    /// Makes a new key; returns it with its PKCS #8 form for storage.
    pub fn generate() -> Result<(SecretKey, Vec<u8>), ring::error::Unspecified> {
        let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new())?;
        let key =
            Ed25519KeyPair::from_pkcs8(document.as_ref()).map_err(|_| ring::error::Unspecified)?;
        Ok((SecretKey(key), document.as_ref().to_vec()))
    }

    /// Reads a key from its PKCS #8 form.
    pub fn from_pkcs8(document: &[u8]) -> Result<SecretKey, BadEncoding> {
        Ed25519KeyPair::from_pkcs8(document)
            .map(SecretKey)
            .map_err(|_| BadEncoding)
    }

    /// The public half.
    pub fn public(&self) -> PublicKey {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(self.0.public_key().as_ref());
        PublicKey(bytes)
    }

    /// Signs bytes.
    pub fn sign(&self, bytes: &[u8]) -> Signature {
        let mut signature = [0; 64];
        signature.copy_from_slice(self.0.sign(bytes).as_ref());
        Signature(signature)
    }
}

impl PublicKey {
    /// A key from its 32 bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<PublicKey, BadEncoding> {
        bytes.try_into().map(PublicKey).map_err(|_| BadEncoding)
    }

    /// The 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Checks a signature over bytes.
    pub fn verify(&self, bytes: &[u8], signature: &Signature) -> Result<(), SignatureMismatch> {
        UnparsedPublicKey::new(&ED25519, self.0)
            .verify(bytes, &signature.0)
            .map_err(|_| SignatureMismatch)
    }

    /// A short name of the key: the first 8 bytes of its SHA-256, in hexadecimal.
    pub fn fingerprint(&self) -> String {
        hex(&ring::digest::digest(&ring::digest::SHA256, &self.0).as_ref()[..8])
    }
}

impl Signature {
    /// A signature from its 64 bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Signature, BadEncoding> {
        bytes.try_into().map(Signature).map_err(|_| BadEncoding)
    }

    /// The 64 bytes.
    pub fn as_bytes(&self) -> &[u8; 64] {
        &self.0
    }
}

macro_rules! travels_as_base64 {
    ($name:ident) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                Blob(self.0.to_vec()).fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl FromStr for $name {
            type Err = BadEncoding;

            fn from_str(text: &str) -> Result<Self, BadEncoding> {
                $name::from_bytes(&text.parse::<Blob>()?.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let blob = Blob::deserialize(deserializer)?;
                $name::from_bytes(&blob.0).map_err(serde::de::Error::custom)
            }
        }
    };
}

travels_as_base64!(PublicKey);
travels_as_base64!(Signature);
