//! What nobody may read but whom it is for: passwords, links, cookies, tokens.

use serde::{Deserialize, Deserializer};

/// A password, or a token that opens something. It can be read from a form and is shown on purpose only, by
/// [`Secret::reveal`]. It has neither `Debug`, `Display` nor `Serialize`, and so has nothing that holds one and derives them:
/// a secret in a log line, a page's data or an event does not compile (AT-LEAK-2).
///
/// ```
/// # use tierdesk_domain::secret::Secret;
/// let secret = Secret::new("tde_x".to_owned());
/// assert_eq!(format!("{:?}", secret.reveal()), r#""tde_x""#);
/// assert_eq!(serde_json::to_string(secret.reveal()).unwrap(), r#""tde_x""#);
/// #[derive(Clone, Default, serde::Deserialize)]
/// struct Form { password: Secret }
/// ```
///
/// ```compile_fail
/// # use tierdesk_domain::secret::Secret;
/// let secret = Secret::new("tde_x".to_owned());
/// assert_eq!(format!("{:?}", secret), "");
/// ```
///
/// ```compile_fail
/// # use tierdesk_domain::secret::Secret;
/// let secret = Secret::new("tde_x".to_owned());
/// assert_eq!(secret.to_string(), "");
/// ```
///
/// ```compile_fail
/// # use tierdesk_domain::secret::Secret;
/// let secret = Secret::new("tde_x".to_owned());
/// assert_eq!(serde_json::to_string(&secret).unwrap(), "");
/// ```
///
/// ```compile_fail
/// # use tierdesk_domain::secret::Secret;
/// #[derive(Debug)]
/// struct Form { password: Secret }
/// ```
///
/// ```compile_fail
/// # use tierdesk_domain::secret::Secret;
/// #[derive(serde::Serialize)]
/// struct Form { password: Secret }
/// ```
#[derive(Clone, Default)]
pub struct Secret(String);

impl Secret {
    /// Keeps a secret.
    #[must_use]
    pub fn new(secret: String) -> Self {
        Self(secret)
    }

    /// The secret itself, for whom it is for.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self)
    }
}
