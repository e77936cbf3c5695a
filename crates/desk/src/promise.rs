//! What is promised, for administrators: one policy, whose versions begin on a date.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use tierdesk_domain::authorize::{Action, authorize};
use tierdesk_domain::field::FieldError;
use tierdesk_domain::id::DocumentId;
use tierdesk_domain::sla::{MAX_RULES, MAX_TARGET, Metric, Policy, PolicyRule, Reopen};
use tierdesk_domain::ticket::Priority;
use tierdesk_store::configuration::{self, Document};
use uuid::Uuid;

use crate::calendar::begins;
use crate::error::Result;
use crate::rulebook::{CALENDAR, POLICY, Reign};
use crate::{Caller, Desk};

/// A promise of a sample ticket: what, in what time, and when it would be due if it were filed now.
pub type Promised = (Metric, TimeDelta, Option<DateTime<Utc>>);

impl Desk {
    /// Every version of the policy, the newest first; none before the first is saved.
    pub async fn promises(
        &self,
        caller: &Caller,
        now: DateTime<Utc>,
    ) -> Result<Vec<Reign<Policy>>> {
        authorize(&caller.who, Action::Administer)?;
        let mut conn = self.acquire().await?;
        let versions = configuration::history::<Policy>(&mut conn, POLICY).await?;
        Self::reigns(&mut conn, versions, now).await
    }

    /// Saves the policy as the version after `seen`, from a date of the zone on, or at once. Open tickets are counted anew
    /// when it comes into force.
    ///
    /// # Errors
    /// [`crate::DeskError::Invalid`] by field; [`crate::DeskError::Conflict`] if it changed since.
    pub async fn save_promises(
        &self,
        caller: &Caller,
        seen: i32,
        (from, zone): (Option<NaiveDate>, Tz),
        policy: Policy,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let mut work = self.begin(caller, now).await?;
        authorize(&caller.who, Action::Administer)?;
        let mut errors = Vec::new();
        if policy.rules.is_empty() {
            errors.push(FieldError::new("rules", "promise.no_rules"));
        }
        if policy.rules.len() > MAX_RULES {
            errors.push(FieldError {
                limit: Some(MAX_RULES),
                ..FieldError::new("rules", "promise.many_rules")
            });
        }
        if let Some((message, limit)) = policy.rules.iter().find_map(PolicyRule::fault) {
            errors.push(FieldError {
                limit: Some(limit),
                ..FieldError::new("rules", message)
            });
        }
        if let Reopen::Carry { at_least_seconds } = policy.reopen
            && at_least_seconds > MAX_TARGET
        {
            errors.push(FieldError::new("carry", "promise.bad_target"));
        }
        let calendars = configuration::current::<serde_json::Value>(work.conn(), CALENDAR).await?;
        let known = |rule: &PolicyRule| {
            let calendar = rule.calendar;
            calendar.is_none_or(|id| calendars.iter().any(|it| it.id == id && it.active))
        };
        if !policy.rules.iter().all(known) {
            errors.push(FieldError::new("rules", "error.choose_one"));
        }
        let valid_from = begins(from, zone, now, &mut errors);
        if !errors.is_empty() {
            return Err(errors.into());
        }
        let newest = configuration::current::<serde_json::Value>(work.conn(), POLICY).await?;
        let (id, name) = newest.into_iter().next().map_or_else(
            || (DocumentId(Uuid::now_v7()), "Service levels".to_owned()),
            |it| (it.id, it.name),
        );
        let document = Document {
            id,
            version: seen + 1,
            name,
            active: true,
            valid_from,
            author: caller.person_id(),
            body: policy,
        };
        Self::save_version(&mut work, POLICY, &document).await?;
        work.commit().await
    }

    /// What a rule would promise to a ticket of a priority that is filed now.
    pub async fn try_rule(
        &self,
        caller: &Caller,
        rule: &PolicyRule,
        priority: Priority,
        now: DateTime<Utc>,
    ) -> Result<Vec<Promised>> {
        authorize(&caller.who, Action::Administer)?;
        let mut conn = self.acquire().await?;
        let rulebook = self.rulebook(&mut conn).await?;
        let hours = rulebook.book.working_time(rule.calendar, now);
        let targets = rule.targets.get(&priority).into_iter().flatten();
        Ok(targets
            .map(|(metric, seconds)| {
                let target = TimeDelta::seconds(i64::from(*seconds));
                (*metric, target, hours.due(now, target))
            })
            .collect())
    }
}
