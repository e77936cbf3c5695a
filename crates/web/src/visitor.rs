//! Who is asking: the signed-in person as pages need them.

use std::future::Future;
use std::pin::Pin;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use uuid::Uuid;

use crate::WebError;

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
    /// The person.
    pub person: Uuid,
    /// The name as pages show it.
    pub name: String,
    /// A line below the name, for instance `L2 Network`.
    pub line: String,
    /// What they are besides a requester.
    pub roles: Roles,
    /// Their zone.
    pub zone: Tz,
    /// Their preferences.
    pub preferences: Preferences,
}

/// The first letters of up to two words of a name, for avatars.
#[must_use]
pub fn initials(name: &str) -> String {
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

/// One queue in the navigation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueLink {
    /// `L2 Network`.
    pub label: String,
    /// Its address.
    pub href: String,
    /// Open tickets in it.
    pub open: u64,
}

/// What the navigation counts for one engineer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Workload {
    /// Tickets assigned to this engineer and not yet solved.
    pub mine: u64,
    /// The queues of this engineer's memberships.
    pub queues: Vec<QueueLink>,
}

/// A boxed future, as traits behind `dyn` need it.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, WebError>> + Send + 'a>>;

/// The web's way to the sessions and the queue counts.
pub trait Visitors: Send + Sync + 'static {
    /// The person behind a session cookie, if that session is alive.
    fn visitor<'a>(&'a self, cookie: &'a str, now: DateTime<Utc>) -> Answer<'a, Option<Visitor>>;
    /// The counts of the navigation.
    fn workload<'a>(&'a self, visitor: &'a Visitor, now: DateTime<Utc>) -> Answer<'a, Workload>;
    /// Whether the database answers.
    fn ready(&self) -> Answer<'_, ()>;
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
