//! Skills: the catalogue and what categories need, set by administrators; what people say they know, confirmed by those
//! who answer for them.

use chrono::{DateTime, Days, NaiveDate, Utc};
use serde_json::json;
use tierdesk_domain::authorize::{Action, authorize};
use tierdesk_domain::calendar::start_of_day;
use tierdesk_domain::field::{self, FieldError};
use tierdesk_domain::id::{CategoryId, PersonId, SkillId};
use tierdesk_domain::outbox::MailKind;
use tierdesk_domain::skill::{Level, MAX_CERTIFICATE, MAX_NAME, Needed, REMINDER_DAYS};
use tierdesk_store::category::{self, Category};
use tierdesk_store::skill::{self as kept, Declared, PersonSkill, Skill};
use uuid::Uuid;

use crate::error::{DeskError, Result};
use crate::routing::{needs_changed, somebody_new};
use crate::shift::{engineer, leads, shift, shifts, staff};
use crate::work::Mail;
use crate::{Caller, Desk, Work};

/// Deadline: tell somebody that a certificate ends soon.
pub(crate) const REMINDER: &str = "certificate";

/// The catalogue as administrators see it.
#[derive(Debug)]
pub struct Catalogue {
    /// Every skill.
    pub skills: Vec<Skill>,
    /// Every category, with what it needs.
    pub categories: Vec<(Category, Vec<Needed>)>,
}

/// What somebody says of a skill.
#[derive(Debug, Clone)]
pub struct Statement {
    /// Which skill.
    pub skill: SkillId,
    /// How well.
    pub level: Level,
    /// The certificate, or `""`.
    pub certificate: String,
    /// The last day it counts.
    pub expires_on: Option<NaiveDate>,
}

impl Desk {
    /// The catalogue, and what each category needs.
    pub async fn skill_catalogue(&self, caller: &Caller) -> Result<Catalogue> {
        authorize(&caller.who, Action::Administer)?;
        let mut conn = self.acquire().await?;
        let skills = kept::all(&mut conn).await?;
        let needed = kept::needed(&mut conn).await?;
        let categories = category::all(&mut conn).await?;
        let of = |id| {
            let own = needed.iter().filter(|(category, _)| *category == id);
            own.map(|(_, needed)| needed.clone()).collect()
        };
        Ok(Catalogue {
            skills,
            categories: categories
                .into_iter()
                .map(|it| (it.clone(), of(it.id)))
                .collect(),
        })
    }

    /// Adds a skill to the catalogue.
    ///
    /// # Errors
    /// [`DeskError::Invalid`], also for a name that another skill has.
    pub async fn add_skill(
        &self,
        caller: &Caller,
        name: &str,
        description: &str,
        needs_certificate: bool,
        now: DateTime<Utc>,
    ) -> Result<SkillId> {
        authorize(&caller.who, Action::Administer)?;
        let (name, description) = (field::one_line(name), field::one_line(description));
        let mut errors = Vec::new();
        field::required("name", &name, MAX_NAME, &mut errors);
        if description.chars().count() > 200 {
            errors.push(FieldError::too_long("description", 200));
        }
        if !errors.is_empty() {
            return Err(errors.into());
        }
        let id = SkillId(Uuid::now_v7());
        let mut work = self.begin(caller, now).await?;
        let added =
            kept::insert(work.conn(), id, &name, &description, needs_certificate, now).await;
        if let Err(error) = added {
            return Err(match error.is_constraint("skill_name") {
                true => vec![FieldError::new("name", "error.name_taken")].into(),
                false => error.into(),
            });
        }
        work.audit(
            "skill.added",
            "skill",
            &id.to_string(),
            json!({"name": name}),
        );
        work.commit().await?;
        Ok(id)
    }

    /// Takes a skill out of the catalogue. Categories no longer need it.
    pub async fn retire_skill(
        &self,
        caller: &Caller,
        id: SkillId,
        now: DateTime<Utc>,
    ) -> Result<()> {
        authorize(&caller.who, Action::Administer)?;
        let mut work = self.begin(caller, now).await?;
        if !kept::retire(work.conn(), id, now).await? {
            return Err(DeskError::NotFound);
        }
        work.audit("skill.retired", "skill", &id.to_string(), json!({}));
        needs_changed(&mut work, id.0).await?;
        work.commit().await
    }

    /// Sets what a category needs; without a level it no longer needs the skill.
    pub async fn need_skill(
        &self,
        caller: &Caller,
        category: CategoryId,
        skill: SkillId,
        level: Option<Level>,
        now: DateTime<Utc>,
    ) -> Result<()> {
        authorize(&caller.who, Action::Administer)?;
        let mut work = self.begin(caller, now).await?;
        let categories = category::all(work.conn()).await?;
        let known = kept::all(work.conn())
            .await?
            .iter()
            .any(|it| it.id == skill);
        if !known || !categories.iter().any(|it| it.id == category) {
            return Err(DeskError::NotFound);
        }
        kept::set_needed(work.conn(), category, skill, level).await?;
        let detail = json!({"skill": skill, "level": level});
        work.audit("category.skill", "category", &category.to_string(), detail);
        needs_changed(&mut work, skill.0).await?;
        work.commit().await
    }

    /// The skills of some people, or, where none are named, everybody's that nobody confirmed, each with whether its
    /// certificate has ended where its holder works; for those who work at the desk.
    pub async fn skills_of(
        &self,
        caller: &Caller,
        people: Option<&[PersonId]>,
        now: DateTime<Utc>,
    ) -> Result<Vec<(PersonSkill, bool)>> {
        let scope = staff(caller)?;
        let mut conn = self.acquire().await?;
        let skills = kept::of_people(&mut conn, &scope, people).await?;
        let holders: Vec<_> = skills.iter().map(|it| it.person).collect();
        let rulebook = self.rulebook(&mut conn).await?;
        let shifts = shifts(&mut conn, &rulebook, &holders, None, now).await?;
        let ended = |it: &PersonSkill| {
            let holder = shifts.get(&it.person);
            holder.is_some_and(|holder| it.held.has_ended(holder.today(now)))
        };
        let skills = skills.into_iter().map(|it| {
            let ended = ended(&it);
            (it, ended)
        });
        Ok(skills.collect())
    }

    /// The catalogue's skills, for those who say what they know.
    pub async fn skills(&self, caller: &Caller) -> Result<Vec<Skill>> {
        staff(caller)?;
        let mut conn = self.acquire().await?;
        Ok(kept::all(&mut conn).await?)
    }

    /// Writes what an engineer knows. What people say of themselves counts once somebody confirms it; what a manager of
    /// one of their teams or an administrator writes of others is confirmed by that.
    ///
    /// # Errors
    /// [`DeskError::Invalid`] by field; [`DeskError::Denied`] for somebody else's skills.
    pub async fn declare_skill(
        &self,
        caller: &Caller,
        person: PersonId,
        it: Statement,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let by = caller.person_id().ok_or(DeskError::Denied)?;
        let mut work = self.begin(caller, now).await?;
        let oneself = by == person;
        if !oneself {
            leads(&mut work, person).await?;
        }
        engineer(&mut work, person).await?;
        let certificate = field::one_line(&it.certificate);
        let mut errors = Vec::new();
        let found = kept::all(work.conn()).await?;
        let Some(found) = found.into_iter().find(|skill| skill.id == it.skill) else {
            return Err(vec![FieldError::new("skill", "error.choose_one")].into());
        };
        if certificate.chars().count() > MAX_CERTIFICATE {
            errors.push(FieldError::too_long("certificate", MAX_CERTIFICATE));
        }
        if certificate.is_empty() && (it.expires_on.is_some() || found.needs_certificate) {
            errors.push(FieldError::new("certificate", "error.certificate"));
        }
        if !errors.is_empty() {
            return Err(errors.into());
        }
        let declared = Declared {
            person,
            skill: it.skill,
            level: it.level,
            certificate: &certificate,
            expires_on: it.expires_on,
            by,
            confirmed: !oneself,
        };
        let row = kept::declare(work.conn(), &declared, now).await?;
        let detail = json!({"skill": found.name, "level": it.level, "certificate": certificate, "expires_on": it.expires_on, "confirmed": !oneself});
        work.audit("person.skill", "person", &person.to_string(), detail);
        if declared.confirmed {
            somebody_new(&mut work, person).await?;
        }
        work.clear_timer(REMINDER, row).await?;
        if let Some(last) = it.expires_on {
            let rulebook = work.rulebook().await?;
            let holder = shift(work.conn(), &rulebook, person, now).await?;
            if last >= holder.today(now) {
                let at = remind_at(&mut work, person, last).await?;
                work.timer(REMINDER, row, 0, at.max(now));
            }
        }
        work.commit().await
    }

    /// Confirms what somebody said of themselves. Nobody confirms their own.
    ///
    /// # Errors
    /// [`DeskError::NotFound`], [`DeskError::Denied`].
    pub async fn confirm_skill(
        &self,
        caller: &Caller,
        row: Uuid,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let by = caller.person_id().ok_or(DeskError::Denied)?;
        let mut work = self.begin(caller, now).await?;
        let (person, name, ..) = kept::row(work.conn(), row)
            .await?
            .ok_or(DeskError::NotFound)?;
        leads(&mut work, person).await?;
        if person == by {
            return Err(DeskError::State("state.own_skill"));
        }
        kept::confirm(work.conn(), row, by, now).await?;
        let detail = json!({"skill": name});
        work.audit(
            "person.skill_confirmed",
            "person",
            &person.to_string(),
            detail,
        );
        somebody_new(&mut work, person).await?;
        work.commit().await
    }

    /// Takes a skill off somebody's file: one's own, or that of somebody the caller answers for. Returns whose.
    pub async fn remove_skill(
        &self,
        caller: &Caller,
        row: Uuid,
        now: DateTime<Utc>,
    ) -> Result<PersonId> {
        let mut work = self.begin(caller, now).await?;
        let (person, name, ..) = kept::row(work.conn(), row)
            .await?
            .ok_or(DeskError::NotFound)?;
        if caller.person_id() != Some(person) {
            leads(&mut work, person).await?;
        }
        kept::remove(work.conn(), row).await?;
        work.clear_timer(REMINDER, row).await?;
        let detail = json!({"skill": name});
        work.audit(
            "person.skill_removed",
            "person",
            &person.to_string(),
            detail,
        );
        work.commit().await?;
        Ok(person)
    }
}

/// When its holder is told that a certificate ends: as their hours are on that day, so many days before.
async fn remind_at(
    work: &mut Work<'_>,
    person: PersonId,
    last: NaiveDate,
) -> Result<DateTime<Utc>> {
    let day = last - Days::new(REMINDER_DAYS);
    let (now, rulebook) = (work.now, work.rulebook().await?);
    let present = shift(work.conn(), &rulebook, person, now).await?;
    // A calendar may be another one by then.
    let begins = start_of_day(present.zone, day);
    let then = shift(work.conn(), &rulebook, person, begins.max(now)).await?;
    Ok(then.telling(day))
}

/// A certificate ends soon: its holder is told, once.
pub(crate) async fn remind(work: &mut Work<'_>, row: Uuid) -> Result<()> {
    let Some((person, skill, certificate, Some(last))) = kept::row(work.conn(), row).await? else {
        return Ok(());
    };
    let at = remind_at(work, person, last).await?;
    if at > work.now {
        // They work at other hours than when this was set.
        work.timer(REMINDER, row, 0, at);
        return Ok(());
    }
    work.mail(Mail {
        kind: MailKind::CertificateEnds,
        to: person,
        ticket: None,
        event: None,
        data: json!({"skill": skill, "certificate": certificate, "last_day": last}),
        secret: None,
    })
    .await
}
