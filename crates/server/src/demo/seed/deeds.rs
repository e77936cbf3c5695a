//! What people of the demo company do with a ticket, each through the desk's own function.

use chrono::{DateTime, Utc};
use tierdesk_desk::caller::Origin;
use tierdesk_desk::conversation::Afterwards;
use tierdesk_desk::password::LinkState;
use tierdesk_desk::{Caller, DeskError};
use tierdesk_domain::actor::Actor;
use tierdesk_domain::handover::Handover;
use tierdesk_domain::id::TicketNumber;
use tierdesk_domain::ticket::{Priority, Status};
use tierdesk_store::ticket::Ticket;
use tierdesk_store::{mailbox, person, ticket};

use super::super::company::{self, GUIDES, PEOPLE};
use super::super::story::{Deed, tell};
use super::super::vantage::WorkingPage;
use super::{Ends, Seeder, Thread};

impl Seeder<'_> {
    pub(super) async fn act(
        &mut self,
        thread: usize,
        deed: Deed,
        at: DateTime<Utc>,
    ) -> Result<(), DeskError> {
        let Thread {
            id,
            number,
            requester,
            telling,
            ends,
            ..
        } = self.threads[thread];
        let site = self.people[requester].site;
        let page = self.page.as_ref().map(WorkingPage::url).unwrap_or_default();
        let told = |text: &str| tell(text, site, telling, &page);
        let found = self.look_up(number).await?;
        let engineer = self.people.iter().find(|it| Some(it.id) == found.assignee);
        let has_it = || engineer.map(|it| &it.caller).ok_or(DeskError::Denied);
        let files = &self.people[requester].caller;
        match deed {
            Deed::Take | Deed::Accept(_) | Deed::Bounce(..) => {
                let mut free: Vec<_> = (0..self.people.len())
                    .filter(|at| self.people[*at].queues.contains(&(found.team, found.tier)))
                    .collect();
                // What has only just come is not yet with those as whom people sign in.
                let is_guide = |at: &usize| GUIDES.iter().any(|it| it.0 == PEOPLE[*at].name);
                if matches!(ends, Ends::WaitsAfter(_)) && !free.iter().all(is_guide) {
                    free.retain(|at| !is_guide(at));
                }
                // Whoever has it already, else one of the queue.
                let picked = self.chance.one_of(&free).map(|at| &self.people[*at]);
                let who = self
                    .people
                    .iter()
                    .find(|it| Some(it.id) == found.assignee)
                    .or(picked)
                    .ok_or(DeskError::Denied)?;
                self.desk.mark_read(&who.caller, id, at).await?;
                match deed {
                    Deed::Accept(quality) => {
                        self.desk
                            .accept_handover(&who.caller, id, Some(quality), at)
                            .await
                    }
                    Deed::Bounce(code, reason) => {
                        let reason = told(reason);
                        self.desk
                            .bounce(&who.caller, id, found.version, Some(code), &reason, at)
                            .await
                    }
                    // Whoever routing gave it to says that they begin.
                    _ => {
                        self.desk
                            .assign(&who.caller, id, Some(who.id), found.assignee, at)
                            .await?;
                        if found.priority != Priority::P1 {
                            return Ok(());
                        }
                        // That it is as pressing as its requester says is the first thing an engineer looks at.
                        match self.desk.confirm_priority(&who.caller, id, at).await {
                            Err(DeskError::State(_)) => Ok(()),
                            done => done,
                        }
                    }
                }
            }
            Deed::Reply(text) => self
                .desk
                .reply(has_it()?, id, told(text).as_str(), Afterwards::Open, at)
                .await
                .map(drop),
            Deed::Ask(text) => self
                .desk
                .reply(has_it()?, id, told(text).as_str(), Afterwards::Pending, at)
                .await
                .map(drop),
            Deed::Answer(text) => self.desk.answer(files, id, told(text).as_str(), at).await,
            Deed::Note(text) => self
                .desk
                .note(has_it()?, id, told(text).as_str(), at)
                .await
                .map(drop),
            Deed::Escalate {
                team,
                tier,
                known,
                tried,
                evidence,
                ask,
            } => {
                let team = *self.teams.get(team).ok_or(DeskError::NotFound)?;
                let note = Handover {
                    known: told(known),
                    tried: told(tried),
                    evidence: told(evidence),
                    ask: told(ask),
                };
                self.desk
                    .escalate(has_it()?, id, found.version, (team, tier), note, at)
                    .await
            }
            Deed::HandBack(reason) => {
                self.desk
                    .hand_back(has_it()?, id, found.version, &told(reason), at)
                    .await
            }
            Deed::Hold => {
                self.desk
                    .set_status(has_it()?, id, found.version, Status::OnHold, at)
                    .await
            }
            Deed::GoOn => {
                self.desk
                    .set_status(has_it()?, id, found.version, Status::Open, at)
                    .await
            }
            Deed::Resolve(code, text) => {
                self.desk
                    .resolve(has_it()?, id, code, &told(text), at)
                    .await
            }
            Deed::Reopen(text) => self.desk.reopen(files, id, told(text).as_str(), at).await,
            Deed::Close => self.desk.close_by_requester(files, id, at).await,
            Deed::UseLink => self.use_link(files, at).await,
        }
    }

    /// Reads the newest mail with a link, follows it and sets the password of the demo again. A link that is over its time
    /// offers a fresh one, as its page does.
    async fn use_link(&self, files: &Caller, at: DateTime<Utc>) -> Result<(), DeskError> {
        let origin = Origin::default();
        let mut secret = self.newest_link(files).await?;
        if self.desk.reset_link(&secret, at).await? == LinkState::Expired {
            self.desk.fresh_reset_link(&secret, &origin, at).await?;
            self.worker.drain(at).await?;
            secret = self.newest_link(files).await?;
        }
        self.desk
            .set_password_by_link(&secret, company::PASSWORD, &origin, at)
            .await?;
        // The bot hears of it and resolves.
        self.worker.drain(at).await.map(drop)
    }

    /// The secret of the newest link in somebody's mail.
    async fn newest_link(&self, of: &Caller) -> Result<String, DeskError> {
        const PATH: &str = "/password/reset/";
        let person = of.person_id().ok_or(DeskError::Denied)?;
        let mut conn = self.desk.acquire().await?;
        let address = person::find(&mut conn, person)
            .await?
            .and_then(|it| it.email);
        let mails = mailbox::kept(&mut conn, address.as_deref(), None, 5).await?;
        drop(conn);
        for mail in mails {
            let (_, content) = self.desk.kept_mail(mail.id).await?;
            if let Some((_, rest)) = content.text.split_once(PATH) {
                let secret =
                    rest.split(|it: char| !it.is_ascii_alphanumeric() && it != '-' && it != '_');
                return Ok(secret.into_iter().next().unwrap_or_default().to_owned());
            }
        }
        Err(DeskError::State("password.link_over"))
    }

    pub(super) async fn look_up(&self, number: TicketNumber) -> Result<Ticket, DeskError> {
        let system = Caller::machine(Actor::system());
        let scope = self.desk.scope(&system)?;
        let mut conn = self.desk.acquire().await?;
        ticket::by_number(&mut conn, &scope, number)
            .await?
            .ok_or(DeskError::NotFound)
    }
}
