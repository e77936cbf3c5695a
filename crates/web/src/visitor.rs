//! Who is asking: the signed-in person as pages need them.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use tierdesk_desk::session::{AskedBy, SignedIn};
use tierdesk_domain::authorize::Principal;
use tierdesk_store::queue::{self, Workload};

use crate::{AppState, WebError};

/// What a person may be besides a requester, which everybody is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Roles {
    /// Works tickets: has at least one (team, tier).
    pub engineer: bool,
    /// Reads tickets and dashboards of their teams.
    pub manager: bool,
    /// Configures the desk.
    pub administrator: bool,
}

impl Roles {
    /// What follows from somebody's rights.
    #[must_use]
    pub fn of(principal: &Principal) -> Self {
        Self {
            engineer: principal.is_engineer(),
            manager: principal.manages.is_some(),
            administrator: principal.administrator,
        }
    }

    /// Anybody who works on the desk's side.
    #[must_use]
    pub fn staff(self) -> bool {
        self.engineer || self.manager || self.administrator
    }
}

/// Colours: the reader's system decides, or the reader does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Theme {
    /// As the system asks.
    #[default]
    System,
    /// Always light.
    Light,
    /// Always dark.
    Dark,
}

impl Theme {
    /// Reads what the form and the table say; anything else means the system's.
    #[must_use]
    pub fn from_word(word: &str) -> Self {
        match word {
            "light" => Self::Light,
            "dark" => Self::Dark,
            _ => Self::System,
        }
    }

    /// The word in the table and in `data-theme`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

/// How much fits on a screen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Density {
    /// Engineers' default.
    #[default]
    Compact,
    /// Larger rows and controls.
    Comfortable,
}

impl Density {
    /// Reads what the form and the table say; anything else means compact.
    #[must_use]
    pub fn from_word(word: &str) -> Self {
        if word == "comfortable" {
            Self::Comfortable
        } else {
            Self::Compact
        }
    }

    /// The word in the table and in `data-density`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Compact => "compact",
            Self::Comfortable => "comfortable",
        }
    }
}

/// What a person chose about the pages themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Preferences {
    /// Light, dark or the system's.
    pub theme: Theme,
    /// Compact or comfortable.
    pub density: Density,
    /// Whether single keys are shortcuts (WCAG 2.1.4: they can be switched off).
    pub keys: bool,
}

impl Default for Preferences {
    fn default() -> Self {
        Self {
            theme: Theme::System,
            density: Density::Compact,
            keys: true,
        }
    }
}

/// The signed-in person behind a request.
#[derive(Debug, Clone)]
pub struct Visitor {
    /// Their rights, read afresh for this request.
    pub principal: Principal,
    /// The name as pages show it.
    pub name: String,
    /// The address mail goes to.
    pub email: Option<String>,
    /// What they are besides a requester.
    pub roles: Roles,
    /// Their zone.
    pub zone: Tz,
    /// Their preferences.
    pub preferences: Preferences,
    /// When they last proved who they are.
    pub auth_time: DateTime<Utc>,
    /// The hash of their session's id.
    pub session_hash: Vec<u8>,
    /// How many notifications they have not read; more than a hundred are not counted.
    pub unread: u64,
    /// What an engineer's navigation counts; empty where no page is shown.
    pub workload: Workload,
}

/// What is wanted of a visitor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Who they are.
    Rights,
    /// That, and what the frame of a page shows.
    Page,
}

impl Visitor {
    /// The person behind a session's cookie, if the session is alive.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn by_cookie(
        app: &AppState,
        cookie: &str,
        needs: Needs,
        by: AskedBy,
        now: DateTime<Utc>,
    ) -> Result<Option<Self>, WebError> {
        let mut conn = app.desk.acquire().await?;
        let Some(SignedIn {
            principal,
            person,
            auth_time,
            session_hash,
            unread,
        }) = app.desk.who_is(&mut conn, cookie, by, now).await?
        else {
            return Ok(None);
        };
        let roles = Roles::of(&principal);
        // Read here and not by the frame, because another turn at the pool costs more than this.
        let workload = match (roles.engineer, needs) {
            (true, Needs::Page) => queue::workload(&mut conn, principal.person).await?,
            _ => Workload::default(),
        };
        Ok(Some(Self {
            roles,
            workload,
            principal,
            name: person.name,
            email: person.email,
            // A zone that this build does not know: the instance's.
            zone: person.time_zone.parse().unwrap_or(app.settings.zone),
            preferences: Preferences {
                theme: Theme::from_word(&person.theme),
                density: Density::from_word(&person.density),
                keys: person.single_keys,
            },
            auth_time,
            session_hash,
            unread,
        }))
    }
}

/// The first letters of up to two words of a name, for avatars.
#[must_use]
pub(crate) fn initials(name: &str) -> String {
    let mut words = name
        .split_whitespace()
        .filter_map(|w| w.chars().find(|c| c.is_alphanumeric()));
    let first = words.next();
    let last = words.next_back();
    [first, last]
        .into_iter()
        .flatten()
        .flat_map(char::to_uppercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initials_are_the_first_and_the_last_word() {
        assert_eq!(initials("Ana Ferreira"), "AF");
        assert_eq!(initials("Maria de la Cruz"), "MC");
        assert_eq!(initials("élodie"), "É");
        assert_eq!(initials("  "), "");
    }
}
