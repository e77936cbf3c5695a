//! A calendar as a form: a line of windows per weekday, a line per holiday and per day with hours of its own.

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use serde::Deserialize;
use tierdesk_desk::rulebook::{Reign, Standing};
use tierdesk_domain::calendar::{
    CalendarDocument, Wrong, read_dates, read_holidays, read_windows, start_of_day,
    windows_in_words, written_dates, written_holidays,
};
use tierdesk_domain::text::{fill, t};

use crate::form::Errors;

/// The fields of the days from Monday on.
pub(super) const DAY_FIELDS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// What the form sends.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct CalendarForm {
    /// The newest version that its writer saw.
    pub(super) version: i32,
    /// The version that it began with.
    pub(super) based_on: i32,
    pub(super) name: String,
    pub(super) zone: String,
    mon: String,
    tue: String,
    wed: String,
    thu: String,
    fri: String,
    sat: String,
    sun: String,
    pub(super) holidays: String,
    pub(super) dates: String,
    /// The day on which it begins; at once where empty.
    pub(super) from: String,
    /// So many days are tried.
    pub(super) days: String,
    /// `preview` looks, `try` tries it on the past, everything else saves.
    r#do: String,
}

impl CalendarForm {
    /// For a new calendar.
    pub(super) fn fresh(zone: Tz) -> Self {
        let day = || "09:00–17:00".to_owned();
        Self {
            zone: zone.name().to_owned(),
            mon: day(),
            tue: day(),
            wed: day(),
            thu: day(),
            fri: day(),
            ..Self::default()
        }
    }

    /// For the next version of an existing one.
    pub(super) fn of(reign: &Reign<CalendarDocument>, newest: i32) -> Self {
        let document = &reign.document;
        let calendar = &document.body;
        let [mon, tue, wed, thu, fri, sat, sun] =
            calendar.windows.days().map(|day| windows_in_words(day));
        let begins = document.valid_from.with_timezone(&calendar.zone);
        Self {
            version: newest,
            based_on: document.version,
            name: document.name.clone(),
            zone: calendar.zone.name().to_owned(),
            mon,
            tue,
            wed,
            thu,
            fri,
            sat,
            sun,
            holidays: written_holidays(&calendar.holidays, &calendar.names),
            dates: written_dates(&calendar.dates, &calendar.names),
            from: match reign.standing {
                Standing::Later => begins.date_naive().to_string(),
                _ => String::new(),
            },
            ..Self::default()
        }
    }

    /// Whether it is only looked at.
    pub(super) fn is_preview(&self) -> bool {
        self.r#do == "preview"
    }

    /// Whether it is tried on the tickets of the last days.
    pub(super) fn is_trial(&self) -> bool {
        self.r#do == "try"
    }

    /// What is typed for a day.
    pub(super) fn day(&self, field: &str) -> &str {
        match field {
            "mon" => &self.mon,
            "tue" => &self.tue,
            "wed" => &self.wed,
            "thu" => &self.thu,
            "fri" => &self.fri,
            "sat" => &self.sat,
            _ => &self.sun,
        }
    }

    /// As a calendar, as far as it can be read, and what cannot.
    pub(super) fn read(&self) -> (CalendarDocument, Errors) {
        let mut errors = Errors::default();
        let zone = self.zone.trim().parse::<Tz>();
        if zone.is_err() {
            errors.add("zone", t("calendar.bad_zone"));
        }
        let mut calendar = CalendarDocument {
            zone: zone.unwrap_or(Tz::UTC),
            windows: Default::default(),
            holidays: Default::default(),
            dates: Default::default(),
            names: Default::default(),
            left_out: Default::default(),
        };
        let mut wrong =
            |field, it: Wrong| errors.add(field, fill(it.message, &[("text", &it.text)]));
        for (field, windows) in DAY_FIELDS.into_iter().zip(calendar.windows.days_mut()) {
            match read_windows(self.day(field)) {
                Ok(read) => *windows = read,
                Err(it) => wrong(field, it),
            }
        }
        match read_holidays(&self.holidays) {
            Ok((dates, names)) => {
                calendar.holidays = dates;
                calendar.names.extend(names);
            }
            Err(it) => wrong("holidays", it),
        }
        match read_dates(&self.dates) {
            Ok((dates, names)) => {
                calendar.dates = dates;
                calendar.names.extend(names);
            }
            Err(it) => wrong("dates", it),
        }
        (calendar, errors)
    }

    /// The day on which it begins; none at once.
    pub(super) fn effective_from(&self, errors: &mut Errors) -> Option<NaiveDate> {
        crate::form::date("from", &self.from, errors)
    }

    /// When it begins, for a preview.
    pub(super) fn begins(&self, zone: Tz, now: DateTime<Utc>) -> DateTime<Utc> {
        let date = self.effective_from(&mut Errors::default());
        date.map_or(now, |date| start_of_day(zone, date).max(now))
    }
}
