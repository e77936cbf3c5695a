//! The form of a report, as it was typed.

use chrono::NaiveTime;
use chrono_tz::Tz;
use serde::Deserialize;
use tierdesk_desk::report::NewReport;
use tierdesk_domain::id::PersonId;
use tierdesk_domain::report::{Rhythm, Schedule};
use tierdesk_domain::text;
use tierdesk_store::report::Report;

use crate::WebError;
use crate::form::Errors;
use crate::frame::Frame;

/// The form as it was typed.
#[derive(Deserialize, Default, Clone)]
#[serde(default)]
pub(super) struct Typed {
    pub(super) name: String,
    pub(super) page: String,
    pub(super) view: String,
    pub(super) rhythm: String,
    pub(super) weekday: String,
    pub(super) monthday: String,
    pub(super) at: String,
    pub(super) zone: String,
    pub(super) csv: String,
    #[serde(rename = "recipient")]
    pub(super) recipients: Vec<String>,
    pub(super) version: i32,
}

impl Typed {
    /// What a saved report says.
    pub(super) fn of(report: &Report, frame: &Frame) -> Result<Self, WebError> {
        let schedule = report.schedule;
        let on = |rhythm: Rhythm| {
            let on = schedule.filter(|it| it.rhythm == rhythm).map(|it| it.on);
            on.unwrap_or(1).to_string()
        };
        let time = |it: Schedule| it.at.format("%H:%M").to_string();
        let zone = schedule.map_or(frame.zone, |it| it.zone);
        Ok(Self {
            name: report.name.clone(),
            page: report.page.to_string(),
            view: serde_json::to_string(&report.view).map_err(WebError::internal)?,
            rhythm: schedule.map_or_else(String::new, |it| it.rhythm.to_string()),
            weekday: on(Rhythm::Weekly),
            monthday: on(Rhythm::Monthly),
            at: schedule.map_or_else(|| "07:30".to_owned(), time),
            zone: zone.name().to_owned(),
            csv: if report.csv { "yes" } else { "" }.to_owned(),
            recipients: report.recipients.iter().map(ToString::to_string).collect(),
            version: report.version,
        })
    }

    /// What the form says; sentences for fields that say nothing one can use.
    pub(super) fn read(&self) -> Result<(NewReport, Errors), WebError> {
        let mut errors = Errors::default();
        let rhythm = match self.rhythm.as_str() {
            "" => None,
            word => Some(word.parse::<Rhythm>().map_err(|_| WebError::BadRequest)?),
        };
        let on = |field: &str, most: u32| field.parse().ok().filter(|n| (1..=most).contains(n));
        let schedule = rhythm.and_then(|rhythm| {
            let (field, on) = match rhythm {
                Rhythm::Daily => ("at", Some(0)),
                Rhythm::Weekly => ("weekday", on(&self.weekday, 7)),
                Rhythm::Monthly => ("monthday", on(&self.monthday, 31)),
            };
            if on.is_none() {
                errors.add(field, text::t("report.bad_day"));
            }
            let at = NaiveTime::parse_from_str(self.at.trim(), "%H:%M").ok();
            if at.is_none() {
                errors.add("at", text::t("report.bad_time"));
            }
            let zone = self.zone.trim().parse::<Tz>().ok();
            if zone.is_none() {
                errors.add("zone", text::t("dashboard.no_such_zone"));
            }
            Some(Schedule {
                rhythm,
                on: on?,
                at: at?,
                zone: zone?,
            })
        });
        let recipients = self.recipients.iter().map(|it| it.parse().map(PersonId));
        let new = NewReport {
            name: self.name.clone(),
            page: self.page.parse().map_err(|_| WebError::BadRequest)?,
            view: serde_json::from_str(&self.view).map_err(|_| WebError::BadRequest)?,
            schedule,
            csv: self.csv == "yes",
            recipients: recipients
                .collect::<Result<_, _>>()
                .map_err(|_| WebError::BadRequest)?,
        };
        Ok((new, errors))
    }
}
