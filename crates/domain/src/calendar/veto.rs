//! Which days of a holiday feed are offered, and what becomes of those that an administrator leaves out: they are
//! remembered, so that the next import of the feed does not bring them back.

use super::document::CalendarDocument;
use super::feed::Entry;

/// How an entry of a feed stands to a calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// The calendar does not know it.
    New,
    /// It is a holiday already.
    Holiday,
    /// The day has hours of its own, which a holiday does not change.
    OwnHours,
    /// It was left out before, on this day or under this name.
    LeftOut,
}

impl Known {
    /// Whether its box is ticked before anybody decides.
    pub fn ticked(self) -> bool {
        matches!(self, Self::New | Self::Holiday)
    }
}

impl CalendarDocument {
    /// How an entry of a feed stands to this calendar. A name of which every day was left out is left out in other
    /// years too.
    pub fn knows(&self, entry: &Entry) -> Known {
        let named = |names: &std::collections::BTreeMap<_, String>| {
            names.values().any(|name| *name == entry.name)
        };
        if self.holidays.contains(&entry.date) {
            Known::Holiday
        } else if self.dates.contains_key(&entry.date) {
            Known::OwnHours
        } else if self.left_out.get(&entry.date) == Some(&entry.name)
            || (named(&self.left_out) && !named(&self.names))
        {
            Known::LeftOut
        } else {
            Known::New
        }
    }

    /// Takes the ticked entries as holidays and remembers the others as left out. A holiday that came from the feed and
    /// lost its tick is one no more.
    pub fn decide(&mut self, entries: &[(Entry, bool)]) {
        for (entry, _) in entries.iter().filter(|(_, ticked)| !ticked) {
            if self.names.get(&entry.date) == Some(&entry.name) && self.holidays.remove(&entry.date)
            {
                self.names.remove(&entry.date);
            }
            self.left_out.insert(entry.date, entry.name.clone());
        }
        for (entry, _) in entries.iter().filter(|(_, ticked)| *ticked) {
            self.holidays.insert(entry.date);
            self.names.insert(entry.date, entry.name.clone());
            self.left_out.remove(&entry.date);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(date: &str, name: &str) -> Entry {
        Entry {
            date: date.parse().unwrap(),
            name: name.to_owned(),
        }
    }

    #[test]
    fn what_was_left_out_is_not_brought_back_by_the_next_import_nor_by_next_years() {
        let mut calendar: CalendarDocument = serde_json::from_str(
            r#"{"zone":"UTC","windows":{},"dates":{"2026-12-24":[["09:00","12:00"]]}}"#,
        )
        .unwrap();
        let martin = entry("2026-11-11", "St. Martin");
        let christmas = entry("2026-12-25", "Christmas");
        assert_eq!(calendar.knows(&martin), Known::New);
        calendar.decide(&[(martin.clone(), false), (christmas.clone(), true)]);

        assert_eq!(calendar.knows(&martin), Known::LeftOut);
        assert_eq!(
            calendar.knows(&entry("2027-11-11", "St. Martin")),
            Known::LeftOut
        );
        assert_eq!(calendar.knows(&christmas), Known::Holiday);
        assert_eq!(
            calendar.knows(&entry("2027-12-25", "Christmas")),
            Known::New
        );
        assert_eq!(calendar.knows(&entry("2026-12-24", "Eve")), Known::OwnHours);
        assert!(calendar.holidays.len() == 1 && calendar.names.len() == 1);
    }

    #[test]
    fn a_name_that_is_a_holiday_on_some_days_is_offered_on_others() {
        let mut calendar: CalendarDocument =
            serde_json::from_str(r#"{"zone":"UTC","windows":{}}"#).unwrap();
        let bank = |date: &str| entry(date, "Bank holiday");
        calendar.decide(&[(bank("2026-05-04"), true), (bank("2026-05-25"), false)]);
        assert_eq!(calendar.knows(&bank("2026-05-25")), Known::LeftOut);
        assert_eq!(calendar.knows(&bank("2026-08-31")), Known::New);
    }

    #[test]
    fn a_holiday_that_loses_its_tick_is_a_working_day_and_can_come_back() {
        let mut calendar: CalendarDocument =
            serde_json::from_str(r#"{"zone":"UTC","windows":{}}"#).unwrap();
        let day = entry("2026-05-04", "Bank holiday");
        calendar.decide(&[(day.clone(), true)]);
        calendar.decide(&[(day.clone(), false)]);
        assert!(calendar.holidays.is_empty() && calendar.names.is_empty());
        calendar.decide(&[(day.clone(), true)]);
        assert!(calendar.left_out.is_empty());
        assert_eq!(calendar.knows(&day), Known::Holiday);
    }
}
