//! A form that came after its sender's session, or the proof of who they are, had run out. Nothing is kept on the server: the page
//! that asks for the proof carries it, sealed for that one person, and it is sent again as any form is, with every check.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use tierdesk_domain::id::PersonId;
use tierdesk_store::session;

use crate::Desk;
use crate::error::Result;
use crate::keys::hash_secret;

/// How long a sealed form can be sent on.
const GOOD_FOR: TimeDelta = TimeDelta::hours(12);

/// A form that was interrupted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interrupted {
    /// Where it was sent: a path of ours with a route.
    pub path: String,
    /// Whether it goes there as a form with files. The files themselves are not kept.
    pub with_files: bool,
    /// What was filled in, in the order of the form. Never a password.
    pub fields: Vec<(String, String)>,
}

#[derive(Serialize, Deserialize)]
struct Sealed {
    at: DateTime<Utc>,
    form: Interrupted,
}

impl Desk {
    /// Whose session a cookie belongs to, even if it has run out. Nobody's once it was ended on purpose.
    pub async fn whose_session(&self, cookie: &str) -> Result<Option<PersonId>> {
        let mut conn = self.acquire().await?;
        Ok(session::whose(&mut conn, &hash_secret(cookie)).await?)
    }

    /// Seals a form for somebody, for a hidden field of the page that asks who they are.
    pub fn seal_interrupted(
        &self,
        person: PersonId,
        form: Interrupted,
        now: DateTime<Utc>,
    ) -> String {
        let plain = serde_json::to_vec(&Sealed { at: now, form }).unwrap_or_default();
        URL_SAFE_NO_PAD.encode(self.keys.seal(&place(person), &plain))
    }

    /// Opens a form that was sealed for this person, within half a day; nothing for anybody else.
    pub fn open_interrupted(
        &self,
        person: PersonId,
        sealed: &str,
        now: DateTime<Utc>,
    ) -> Option<Interrupted> {
        let sealed = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let plain = self.keys.open(&place(person), &sealed).ok()?;
        let Sealed { at, form } = serde_json::from_slice(&plain).ok()?;
        (now - at <= GOOD_FOR).then_some(form)
    }
}

fn place(person: PersonId) -> String {
    format!("interrupted:{person}")
}
