//! What every page has around it: who is signed in, navigation, theme, the sentence about what just happened.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use chrono::{DateTime, SecondsFormat, Utc};
use chrono_tz::Tz;
use tierdesk_domain::outbox::Way;
use tierdesk_domain::person::Role;
use tierdesk_domain::text::{self, t};

use crate::moment::Moment;
use crate::navigation::Navigation;
use crate::routes::RequestTime;
use crate::state::Settings;
use crate::visitor::{Density, Preferences, Theme, Visitor, initials};
use crate::{AppState, WebError};

/// The frame of a page. A page struct has a field `frame: Frame`, a handler takes it as an argument.
#[derive(Clone)]
pub(crate) struct Frame {
    settings: Arc<Settings>,
    /// The signed-in person.
    pub(crate) visitor: Option<Arc<Visitor>>,
    preferences: Preferences,
    /// Where one can go from here.
    pub(crate) nav: Navigation,
    /// The time of this request.
    pub(crate) now: DateTime<Utc>,
    /// The reader's zone.
    pub(crate) zone: Tz,
    said: Option<&'static str>,
    mail: Way,
}

impl Frame {
    /// A frame without a person, for errors.
    pub(crate) fn bare(app: &AppState, theme: Theme) -> Self {
        Self {
            settings: Arc::clone(&app.settings),
            visitor: None,
            preferences: Preferences {
                theme,
                ..Preferences::default()
            },
            nav: Navigation::default(),
            now: app.now(),
            zone: app.settings.zone,
            said: None,
            mail: app.desk.settings.mail,
        }
    }

    /// The company's name.
    pub(crate) fn company(&self) -> &str {
        &self.settings.company
    }

    /// How to reach the desk without this program, or `""`.
    pub(crate) fn contact(&self) -> &str {
        self.settings.contact.as_deref().unwrap_or_default()
    }

    /// The value of `data-theme`, or `""` for the system's.
    pub(crate) fn theme(&self) -> &'static str {
        match self.preferences.theme {
            Theme::System => "",
            chosen => chosen.as_str(),
        }
    }

    /// Whether this theme is the chosen one.
    pub(crate) fn theme_is(&self, word: &str) -> bool {
        self.preferences.theme.as_str() == word
    }

    /// The value of `data-density` for engineers' pages.
    pub(crate) fn density(&self) -> &'static str {
        self.preferences.density.as_str()
    }

    /// Whether rows are compact.
    pub(crate) fn is_compact(&self) -> bool {
        self.preferences.density == Density::Compact
    }

    /// The value of `data-keys`.
    pub(crate) fn keys(&self) -> &'static str {
        if self.preferences.keys { "on" } else { "off" }
    }

    /// The server's time for the scripts.
    pub(crate) fn now_iso(&self) -> String {
        self.now.to_rfc3339_opts(SecondsFormat::Secs, true)
    }

    /// The zone's name for the foot of the page.
    pub(crate) fn zone_name(&self) -> &'static str {
        self.zone.name()
    }

    /// The reader's name, or `""`.
    pub(crate) fn name(&self) -> &str {
        self.visitor.as_deref().map_or("", |v| &v.name)
    }

    /// The line below the reader's name: what they are.
    pub(crate) fn line(&self) -> &'static str {
        match self.visitor.as_deref().map(|v| v.principal.role()) {
            None => "",
            Some(Role::Requester) => t("nav.requester"),
            Some(Role::Engineer) => t("nav.engineer"),
            Some(Role::Manager) => t("nav.manager"),
            Some(Role::Administrator) => t("nav.administrator"),
        }
    }

    /// The reader's initials.
    pub(crate) fn initials(&self) -> String {
        initials(self.name())
    }

    /// How many notifications the reader has not read.
    pub(crate) fn unread(&self) -> u64 {
        self.visitor.as_deref().map_or(0, |v| v.unread)
    }

    /// Whether the reader works on the desk's side.
    pub(crate) fn is_staff(&self) -> bool {
        self.visitor.as_deref().is_some_and(|v| v.roles.staff())
    }

    /// The sentence about what just happened, or `""`.
    pub(crate) fn said(&self) -> &'static str {
        self.said.unwrap_or_default()
    }

    /// Whether mail reaches anybody: a page that promises some asks this, and says so where it does not.
    pub(crate) fn mails(&self) -> bool {
        self.mail.leads_somewhere()
    }

    /// A moment as this reader sees it.
    pub(crate) fn at(&self, at: &DateTime<Utc>) -> Moment {
        Moment::new(*at, self.now, self.zone)
    }
}

/// `?said=saved` shows the catalogue's `said.saved`, and nothing that is not in the catalogue.
fn said(query: Option<&str>, mail: Way) -> Option<&'static str> {
    let word = query?
        .split('&')
        .find_map(|pair| pair.strip_prefix("said="))?;
    match word {
        "invited" if !mail.leads_somewhere() => Some(t("said.invited_waits")),
        _ => text::find(&format!("said.{word}")),
    }
}

impl FromRequestParts<AppState> for Frame {
    type Rejection = WebError;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, WebError> {
        let now = parts
            .extensions
            .get::<RequestTime>()
            .map_or_else(|| app.now(), |time| time.0);
        let visitor = parts
            .extensions
            .get::<Option<Arc<Visitor>>>()
            .cloned()
            .flatten();
        let nav = match &visitor {
            Some(visitor) => Navigation::of(visitor, parts.uri.path(), app.mailbox()),
            None => Navigation::default(),
        };
        Ok(Self {
            settings: Arc::clone(&app.settings),
            preferences: visitor
                .as_deref()
                .map_or_else(Preferences::default, |v| v.preferences),
            zone: visitor.as_deref().map_or(app.settings.zone, |v| v.zone),
            said: said(parts.uri.query(), app.desk.settings.mail),
            mail: app.desk.settings.mail,
            visitor,
            nav,
            now,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_says_only_what_the_catalogue_knows() {
        let said = |query| said(query, Way::Server);
        assert_eq!(said(Some("said=saved")), Some("Saved."));
        assert_eq!(said(Some("q=1&said=saved")), Some("Saved."));
        assert_eq!(said(Some("said=<script>")), None);
        assert_eq!(said(None), None);
    }

    #[test]
    fn without_a_mail_server_no_mail_is_on_its_way() {
        let invited = |way| said(Some("said=invited"), way).unwrap_or_default();
        assert!(invited(Way::Nowhere).contains("waits"));
        for way in [Way::Server, Way::Mailbox] {
            assert_eq!(invited(way), t("said.invited"));
        }
        assert_eq!(said(Some("said=saved"), Way::Nowhere), Some("Saved."));
    }
}
