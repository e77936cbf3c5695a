//! The versions of a document, as the pages of documents list them (`ui::versions`).

use serde::Deserialize;
use tierdesk_desk::rulebook::{Reign, Standing};
use tierdesk_domain::text::t;

use crate::WebError;
use crate::frame::Frame;
use crate::moment::Moment;

/// What is asked of the page of a document.
#[derive(Default, Deserialize)]
pub(crate) struct Asked {
    /// The version that the form begins with; the newest without one.
    version: Option<i32>,
}

impl Asked {
    /// What a form of these versions begins with; nothing where there are none.
    ///
    /// # Errors
    /// [`WebError::NotFound`] for a version that does not exist.
    pub(crate) fn among<'a, T>(
        &self,
        versions: &'a [Reign<T>],
    ) -> Result<Option<Begins<'a, T>>, WebError> {
        let based_on = match self.version {
            None => versions.first(),
            Some(number) => {
                let mut all = versions.iter();
                let found = all.find(|it| it.document.version == number);
                Some(found.ok_or(WebError::NotFound)?)
            }
        };
        let pair = versions.first().zip(based_on);
        Ok(pair.map(|(newest, with)| Begins { newest, with }))
    }
}

/// What the form of a document begins with.
pub(crate) struct Begins<'a, T> {
    /// The newest version, after which the form is saved.
    pub(crate) newest: &'a Reign<T>,
    /// The version whose words stand in it.
    pub(crate) with: &'a Reign<T>,
}

/// The newest version of a document that somebody saw who switches it off or on.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Seen {
    pub(crate) version: i32,
}

/// A version, the newest first.
pub(crate) struct VersionLine {
    pub(crate) number: i32,
    pub(crate) standing: &'static str,
    pub(crate) tone: &'static str,
    pub(crate) from: Moment,
    pub(crate) until: Option<Moment>,
    pub(crate) author: String,
    pub(crate) says: String,
    /// Whether the form beside the list begins with it.
    pub(crate) shown: bool,
}

impl VersionLine {
    /// A version in words; `shown` is the number of the one that the form begins with.
    pub(crate) fn new<T>(it: &Reign<T>, says: String, shown: i32, frame: &Frame) -> Self {
        Self::of(it, says, shown, frame, t("calendar.retired"))
    }

    /// The same for a document that is switched off and on.
    pub(crate) fn switched<T>(it: &Reign<T>, says: String, shown: i32, frame: &Frame) -> Self {
        Self::of(it, says, shown, frame, t("rules.off"))
    }

    fn of<T>(it: &Reign<T>, says: String, shown: i32, frame: &Frame, off: &'static str) -> Self {
        let (standing, tone) = match (it.document.active, it.standing) {
            (false, _) => (off, ""),
            (true, Standing::Now) => (t("calendar.in_force"), "success"),
            (true, Standing::Later) => (t("calendar.planned"), "info"),
            (true, Standing::Past) => (t("calendar.past"), ""),
            (true, Standing::Never) => (t("calendar.replaced"), ""),
        };
        let author = it.author.clone();
        Self {
            number: it.document.version,
            standing,
            tone,
            from: frame.at(&it.document.valid_from),
            until: it.until.map(|at| frame.at(&at)),
            author: author.unwrap_or_else(|| t("rules.shipped").to_owned()),
            says,
            shown: it.document.version == shown,
        }
    }
}
