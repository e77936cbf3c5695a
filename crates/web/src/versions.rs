//! The versions of a document, as every page that has some lists them (`ui::versions`).

use tierdesk_desk::rulebook::{Reign, Standing};
use tierdesk_domain::text::t;

use crate::frame::Frame;
use crate::moment::Moment;

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
        let (standing, tone) = match (it.document.active, it.standing) {
            (false, _) => (t("calendar.retired"), ""),
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
