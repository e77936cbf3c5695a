//! A schedule as a form. Each layer is a fieldset whose fields carry its number, so that it works without scripts: there is
//! always one empty layer more, and two empty places more in each.

use tierdesk_domain::calendar::{Week, read_windows, windows_in_words};
use tierdesk_domain::id::PersonId;
use tierdesk_domain::on_call::{Layer, MAX_LAYERS, MAX_PEOPLE, Schedule};
use tierdesk_domain::text::t;
use tierdesk_store::configuration::Document;
use uuid::Uuid;

use crate::form::Errors;

/// One layer as it was typed.
#[derive(Debug, Clone, Default)]
pub(super) struct LayerForm {
    pub(super) name: String,
    /// Ids; places that nobody fills are empty.
    pub(super) people: Vec<String>,
    pub(super) days: String,
    pub(super) hand_over: String,
    pub(super) start: String,
    pub(super) limited: bool,
    /// From Monday on.
    pub(super) windows: [String; 7],
}

/// The names of the days' fields, from Monday on.
pub(super) const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// All of it as it was typed.
#[derive(Debug, Clone, Default)]
pub(super) struct ScheduleForm {
    pub(super) version: i32,
    pub(super) name: String,
    pub(super) zone: String,
    pub(super) active: bool,
    pub(super) layers: Vec<LayerForm>,
}

impl LayerForm {
    fn fresh(start: &str) -> Self {
        Self {
            days: "7".to_owned(),
            hand_over: "09:00".to_owned(),
            start: start.to_owned(),
            ..Self::default()
        }
    }

    fn of(layer: &Layer) -> Self {
        let mut windows: [String; 7] = Default::default();
        if let Some(week) = &layer.only {
            for (text, day) in windows.iter_mut().zip(week.days()) {
                *text = windows_in_words(day);
            }
        }
        Self {
            name: layer.name.clone(),
            people: layer.people.iter().map(ToString::to_string).collect(),
            days: layer.days.to_string(),
            hand_over: layer.hand_over.to_string(),
            start: layer.start.to_string(),
            limited: layer.only.is_some(),
            windows,
        }
    }

    fn is_empty(&self) -> bool {
        self.people.iter().all(|it| it.trim().is_empty())
    }

    fn set(&mut self, field: &str, value: String) {
        match field {
            "name" => self.name = value,
            "person" => self.people.push(value),
            "days" => self.days = value,
            "hand_over" => self.hand_over = value,
            "start" => self.start = value,
            "limited" => self.limited = !value.is_empty(),
            day => {
                if let Some(at) = DAYS.iter().position(|it| *it == day) {
                    self.windows[at] = value;
                }
            }
        }
    }

    /// As a layer, or what is wrong with it.
    fn read(&self, number: usize, errors: &mut Errors) -> Option<Layer> {
        let mut wrong = |field: &str, key| errors.add(format!("l{number}-{field}"), t(key));
        let people: Option<Vec<_>> = self
            .people
            .iter()
            .filter(|it| !it.trim().is_empty())
            .map(|it| it.parse::<Uuid>().ok().map(PersonId))
            .collect();
        if people.is_none() {
            wrong("person", "error.choose_one");
        }
        let days = self.days.trim().parse().unwrap_or(0);
        let hand_over = self.hand_over.trim().parse();
        if hand_over.is_err() {
            wrong("hand_over", "error.time_of_day");
        }
        let start = self.start.trim().parse();
        if start.is_err() {
            wrong("start", "error.date");
        }
        let mut only = self.limited.then(Week::default);
        if let Some(week) = &mut only {
            let typed = week.days_mut().into_iter().zip(&self.windows).zip(DAYS);
            for ((day, text), name) in typed {
                match read_windows(text) {
                    Ok(found) => *day = found,
                    Err(_) => wrong(name, "error.windows"),
                }
            }
        }
        Some(Layer {
            name: match tierdesk_domain::field::one_line(&self.name) {
                name if name.is_empty() => {
                    tierdesk_domain::text::fill("on_call.layer", &[("n", &(number + 1))])
                }
                name => name.chars().take(100).collect(),
            },
            people: people?,
            days,
            hand_over: hand_over.ok()?,
            start: start.ok()?,
            only,
        })
    }
}

impl ScheduleForm {
    /// For a new one.
    pub(super) fn fresh(zone: &str) -> Self {
        Self {
            zone: zone.to_owned(),
            active: true,
            ..Self::default()
        }
    }

    /// For an existing one.
    pub(super) fn of(document: &Document<Schedule>) -> Self {
        Self {
            version: document.version,
            name: document.name.clone(),
            zone: document.body.zone.name().to_owned(),
            active: document.active,
            layers: document.body.layers.iter().map(LayerForm::of).collect(),
        }
    }

    /// What a form sent: `name`, `zone` …, and `l0.person` for the first layer's.
    pub(super) fn sent(pairs: Vec<(String, String)>) -> Self {
        let mut form = Self::default();
        for (name, value) in pairs {
            match name.as_str() {
                "version" => form.version = value.parse().unwrap_or_default(),
                "name" => form.name = value,
                "zone" => form.zone = value,
                "active" => form.active = !value.is_empty(),
                other => {
                    let place = other.strip_prefix('l').and_then(|it| it.split_once('.'));
                    let Some((Ok(number), field)) =
                        place.map(|(number, field)| (number.parse::<usize>(), field))
                    else {
                        continue;
                    };
                    if number < MAX_LAYERS {
                        if form.layers.len() <= number {
                            form.layers.resize(number + 1, LayerForm::default());
                        }
                        form.layers[number].set(field, value);
                    }
                }
            }
        }
        form
    }

    /// As a schedule; `None` once something is wrong, which is then said beside its field.
    pub(super) fn read(&self, errors: &mut Errors) -> Option<Schedule> {
        let zone = self.zone.trim().parse();
        if zone.is_err() {
            errors.add("zone", t("error.time_zone"));
        }
        let filled = self
            .layers
            .iter()
            .enumerate()
            .filter(|(_, it)| !it.is_empty());
        let (numbers, layers): (Vec<_>, Vec<_>) = filled
            .map(|(number, layer)| (number, layer.read(number, errors)))
            .unzip();
        let schedule = Schedule {
            zone: zone.ok()?,
            layers: layers.into_iter().collect::<Option<_>>()?,
        };
        for (layer, error) in schedule.check() {
            let number = numbers.get(layer).copied().unwrap_or(0);
            let field = match error.field {
                "people" => "person",
                "only" => "mon",
                other => other,
            };
            errors.add(format!("l{number}-{field}"), t(error.message));
        }
        errors.is_empty().then_some(schedule)
    }

    /// With one empty layer more and two empty places in each, to be shown. `today` is when a new layer begins.
    pub(super) fn with_room(mut self, today: &str) -> Self {
        self.layers.retain(|layer| !layer.is_empty());
        if self.layers.len() < MAX_LAYERS {
            self.layers.push(LayerForm::fresh(today));
        }
        for layer in &mut self.layers {
            layer.people.retain(|it| !it.is_empty());
            let room = (layer.people.len() + 2).clamp(4, MAX_PEOPLE);
            layer.people.resize(room, String::new());
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;
    use tierdesk_domain::calendar::Window;
    use tierdesk_domain::id::DocumentId;

    fn pairs(form: &ScheduleForm) -> Vec<(String, String)> {
        let mut pairs = vec![
            ("name".to_owned(), form.name.clone()),
            ("zone".to_owned(), form.zone.clone()),
            ("version".to_owned(), form.version.to_string()),
        ];
        for (n, layer) in form.layers.iter().enumerate() {
            let mut add = |field: &str, value: &str| {
                pairs.push((format!("l{n}.{field}"), value.to_owned()));
            };
            add("name", &layer.name);
            layer.people.iter().for_each(|it| add("person", it));
            add("days", &layer.days);
            add("hand_over", &layer.hand_over);
            add("start", &layer.start);
            if layer.limited {
                add("limited", "yes");
            }
            for (day, text) in DAYS.iter().zip(&layer.windows) {
                add(day, text);
            }
        }
        pairs
    }

    #[test]
    fn a_schedule_that_is_shown_and_sent_back_is_the_same_schedule() {
        let night = Window::new(
            "17:00".parse().expect("a time"),
            "09:00".parse().expect("a time"),
        )
        .expect("a window");
        let layer = |only| Layer {
            name: "Nights".to_owned(),
            people: vec![PersonId(Uuid::from_u128(7)), PersonId(Uuid::from_u128(8))],
            days: 7,
            hand_over: "08:30".parse().expect("a time"),
            start: "2026-06-01".parse().expect("a day"),
            only,
        };
        let body = Schedule {
            zone: chrono_tz::Tz::Europe__Lisbon,
            layers: vec![
                layer(Some(Week {
                    mon: vec![night],
                    ..Week::default()
                })),
                layer(None),
            ],
        };
        let document = Document {
            id: DocumentId(Uuid::nil()),
            version: 3,
            name: "Network".to_owned(),
            active: true,
            valid_from: DateTime::UNIX_EPOCH,
            author: None,
            body,
        };
        let shown = ScheduleForm::of(&document).with_room("2026-06-01");
        let sent = ScheduleForm::sent(pairs(&shown));
        let mut errors = Errors::default();
        assert_eq!(sent.read(&mut errors), Some(document.body), "{errors:?}");
        assert_eq!((sent.version, sent.name.as_str()), (3, "Network"));
    }

    #[test]
    fn what_is_wrong_is_said_beside_its_field() {
        let form = ScheduleForm::sent(vec![
            ("zone".to_owned(), "Mars/Base".to_owned()),
            ("l0.person".to_owned(), Uuid::nil().to_string()),
            ("l0.hand_over".to_owned(), "9".to_owned()),
            ("l0.limited".to_owned(), "yes".to_owned()),
            ("l0.tue".to_owned(), "late".to_owned()),
            ("l99.person".to_owned(), "x".to_owned()),
        ]);
        let mut errors = Errors::default();
        assert_eq!(form.read(&mut errors), None);
        for field in ["zone", "l0-hand_over", "l0-start", "l0-tue"] {
            assert_ne!(errors.of(field), "", "{field}");
        }
    }
}
