//! The journal of taken jobs: written and synced before anything runs, so that a job runs at
//! most once per attempt whatever happens, and its result survives a restart.

use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::Mutex;

use anyhow::Context as _;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use tierdesk_protocol::VERSION;
use tierdesk_protocol::job::Job;
use tierdesk_protocol::message::{Outcome, ResultRequest, Run};
use uuid::Uuid;

use crate::state::write_durably;

/// Delivered entries are kept, and results that the server does not take offered, so long; envelopes live a quarter of an hour.
pub(crate) const KEEP: TimeDelta = TimeDelta::days(1);

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Record {
    run: Run,
    taken_at: DateTime<Utc>,
    result: Option<ResultRequest>,
    delivered: bool,
}

/// What the journal says to a job that wants to run.
#[derive(Debug)]
pub(crate) enum Admission {
    /// Run it; it is written down.
    Run,
    /// It ran: this was its result.
    Done(Box<ResultRequest>),
    /// It was taken, and there is no result (yet).
    Taken,
}

/// The journal of one agent.
pub(crate) struct Journal {
    dir: PathBuf,
    /// One decision at a time.
    lock: Mutex<()>,
}

impl Journal {
    /// Opens the journal in this state folder.
    pub(crate) fn open(state_dir: &std::path::Path) -> anyhow::Result<Self> {
        let dir = state_dir.join("jobs");
        fs::create_dir_all(&dir).with_context(|| format!("cannot make {}", dir.display()))?;
        Ok(Journal {
            dir,
            lock: Mutex::new(()),
        })
    }

    /// Asks whether a job may run. *Run* means that it is on disk as taken.
    pub(crate) fn admit(&self, job: &Job, now: DateTime<Utc>) -> anyhow::Result<Admission> {
        let _one_at_a_time = self.lock.lock();
        if let Some(record) = self.read(job.job)? {
            // Only reading may be repeated, and only as a later attempt.
            let again = job.class.is_read_only() && job.attempt > record.run.attempt;
            if !again {
                return Ok(match record.result {
                    Some(result) => Admission::Done(Box::new(result)),
                    None => Admission::Taken,
                });
            }
        }
        self.write(&Record {
            run: Run {
                job: job.job,
                attempt: job.attempt,
            },
            taken_at: now,
            result: None,
            delivered: false,
        })?;
        Ok(Admission::Run)
    }

    /// Writes a result down before it is sent. That of an attempt that a later one took over is not kept: the server waits for
    /// the later one alone, and its record must survive a restart.
    pub(crate) fn finish(&self, result: &ResultRequest, now: DateTime<Utc>) -> anyhow::Result<()> {
        let _one_at_a_time = self.lock.lock();
        if let Some(record) = self.read(result.run.job)?
            && record.run.attempt > result.run.attempt
        {
            return Ok(());
        }
        self.write(&Record {
            run: result.run,
            taken_at: now,
            result: Some(result.clone()),
            delivered: false,
        })
    }

    /// The server has the result of this attempt. The record of another one stays as it is.
    pub(crate) fn delivered(&self, run: Run) -> anyhow::Result<()> {
        let _one_at_a_time = self.lock.lock();
        match self.read(run.job)? {
            Some(record) if record.run == run => self.write(&Record {
                delivered: true,
                ..record
            }),
            _ => Ok(()),
        }
    }

    /// After a start: what ran when the agent ended was interrupted; old entries go. Returns
    /// the results that the server does not have yet.
    pub(crate) fn recover(&self, now: DateTime<Utc>) -> anyhow::Result<Vec<ResultRequest>> {
        self.forget_old(now)?;
        let _one_at_a_time = self.lock.lock();
        let mut undelivered = Vec::new();
        for record in self.records()?.into_iter().filter(|it| !it.delivered) {
            let result = record.result.clone().unwrap_or(ResultRequest {
                version: VERSION,
                run: record.run,
                outcome: Outcome::Interrupted,
                started_at: record.taken_at,
                ended_at: now,
                dropped_bytes: 0,
                redactions: 0,
            });
            self.write(&Record {
                result: Some(result.clone()),
                ..record
            })?;
            undelivered.push(result);
        }
        Ok(undelivered)
    }

    /// Throws away what was delivered more than a day ago: an agent runs for months.
    pub(crate) fn forget_old(&self, now: DateTime<Utc>) -> anyhow::Result<()> {
        let _one_at_a_time = self.lock.lock();
        for record in self.records()? {
            if record.delivered && now - record.taken_at > KEEP {
                fs::remove_file(self.path(record.run.job))?;
            }
        }
        Ok(())
    }

    /// Everything that can be read. A damaged entry stays where it is, so that its job never runs again, and keeps no
    /// other from being looked at.
    fn records(&self) -> anyhow::Result<Vec<Record>> {
        let mut records = Vec::new();
        for file in fs::read_dir(&self.dir)? {
            let name = file?.file_name();
            let job = name
                .to_str()
                .and_then(|name| name.strip_suffix(".json")?.parse().ok());
            match job.map(|job| self.read(job)) {
                Some(Ok(record)) => records.extend(record),
                Some(Err(error)) => {
                    tracing::error!(error = format!("{error:#}"), "an entry is left out");
                }
                None => {}
            }
        }
        Ok(records)
    }

    fn path(&self, job: Uuid) -> PathBuf {
        self.dir.join(format!("{job}.json"))
    }

    fn read(&self, job: Uuid) -> anyhow::Result<Option<Record>> {
        let path = self.path(job);
        match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map(Some)
                .with_context(|| format!("{} is damaged", path.display())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
        }
    }

    fn write(&self, record: &Record) -> anyhow::Result<()> {
        let path = self.path(record.run.job);
        write_durably(&path, &serde_json::to_vec(record)?)
            .with_context(|| format!("cannot write {}", path.display()))
    }
}

#[cfg(test)]
mod tests {
    use tierdesk_catalogue::Class;
    use tierdesk_protocol::Blob;

    use super::*;

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_790_000_000, 0).unwrap()
    }

    fn job(attempt: u32, class: Class) -> Job {
        Job {
            version: VERSION,
            job: Uuid::from_u128(5),
            attempt,
            host: Uuid::nil(),
            entry: "fs.df".into(),
            entry_hash: String::new(),
            class,
            params: Default::default(),
            reach: Default::default(),
            requested_by: String::new(),
            ticket: None,
            not_before: now(),
            expires_at: now(),
            nonce: Blob::default(),
        }
    }

    fn result(attempt: u32) -> ResultRequest {
        ResultRequest {
            version: VERSION,
            run: Run {
                job: Uuid::from_u128(5),
                attempt,
            },
            outcome: Outcome::TimedOut,
            started_at: now(),
            ended_at: now(),
            dropped_bytes: 0,
            redactions: 0,
        }
    }

    #[test]
    fn a_repeat_gets_the_stored_result_even_after_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let journal = Journal::open(dir.path()).unwrap();
        assert!(matches!(
            journal.admit(&job(1, Class::R0), now()).unwrap(),
            Admission::Run
        ));
        assert!(matches!(
            journal.admit(&job(1, Class::R0), now()).unwrap(),
            Admission::Taken
        ));
        journal.finish(&result(1), now()).unwrap();
        let reopened = Journal::open(dir.path()).unwrap();
        let admission = reopened.admit(&job(1, Class::R0), now()).unwrap();
        assert!(matches!(admission, Admission::Done(stored) if *stored == result(1)));
    }

    #[test]
    fn reading_may_be_tried_again_and_changing_never() {
        let dir = tempfile::tempdir().unwrap();
        let journal = Journal::open(dir.path()).unwrap();
        journal.admit(&job(1, Class::R1), now()).unwrap();
        assert!(matches!(
            journal.admit(&job(2, Class::R1), now()).unwrap(),
            Admission::Run
        ));
        assert!(matches!(
            journal.admit(&job(1, Class::R1), now()).unwrap(),
            Admission::Taken
        ));
        for class in [Class::C2, Class::C3] {
            assert!(matches!(
                journal.admit(&job(9, class), now()).unwrap(),
                Admission::Taken
            ));
        }
    }

    #[test]
    fn what_ran_when_the_agent_was_killed_is_reported_as_interrupted_once() {
        let dir = tempfile::tempdir().unwrap();
        let journal = Journal::open(dir.path()).unwrap();
        journal.admit(&job(1, Class::R0), now()).unwrap();
        let undelivered = Journal::open(dir.path()).unwrap().recover(now()).unwrap();
        assert_eq!(undelivered.len(), 1);
        assert_eq!(undelivered[0].outcome, Outcome::Interrupted);
        journal.delivered(result(1).run).unwrap();
        assert!(journal.recover(now()).unwrap().is_empty());
        // Still remembered, and forgotten only after a day.
        assert!(matches!(
            journal.admit(&job(1, Class::R0), now()).unwrap(),
            Admission::Done(_)
        ));
        journal.recover(now() + TimeDelta::hours(25)).unwrap();
        assert!(matches!(
            journal.admit(&job(1, Class::R0), now()).unwrap(),
            Admission::Run
        ));
    }

    #[test]
    fn an_earlier_attempt_leaves_the_record_of_a_later_one_alone() {
        let dir = tempfile::tempdir().unwrap();
        let journal = Journal::open(dir.path()).unwrap();
        journal.admit(&job(1, Class::R0), now()).unwrap();
        // The agent starts again, and the interrupted attempt is reported while the next one is on its way already.
        assert_eq!(journal.recover(now()).unwrap().len(), 1);
        journal.admit(&job(2, Class::R0), now()).unwrap();
        journal.delivered(result(1).run).unwrap();
        journal.finish(&result(1), now()).unwrap();

        let undelivered = Journal::open(dir.path()).unwrap().recover(now()).unwrap();
        assert_eq!(undelivered.len(), 1);
        assert_eq!(undelivered[0].run, result(2).run);
        assert_eq!(undelivered[0].outcome, Outcome::Interrupted);

        journal.finish(&result(2), now()).unwrap();
        journal.delivered(result(1).run).unwrap();
        assert_eq!(journal.recover(now()).unwrap(), [result(2)]);
        journal.delivered(result(2).run).unwrap();
        assert_eq!(journal.recover(now()).unwrap(), []);
    }

    #[test]
    fn delivered_entries_go_after_a_day_while_the_agent_runs() {
        let dir = tempfile::tempdir().unwrap();
        let journal = Journal::open(dir.path()).unwrap();
        let left = || fs::read_dir(dir.path().join("jobs")).unwrap().count();
        journal.admit(&job(1, Class::R0), now()).unwrap();
        journal.finish(&result(1), now()).unwrap();
        journal.forget_old(now() + TimeDelta::days(30)).unwrap();
        assert_eq!(left(), 1, "the server does not have it yet");
        journal.delivered(result(1).run).unwrap();
        journal.forget_old(now() + TimeDelta::hours(23)).unwrap();
        assert_eq!(left(), 1);
        journal.forget_old(now() + TimeDelta::hours(25)).unwrap();
        assert_eq!(left(), 0);
    }

    #[test]
    fn a_damaged_entry_keeps_the_agent_neither_from_starting_nor_from_its_other_results() {
        let dir = tempfile::tempdir().unwrap();
        let journal = Journal::open(dir.path()).unwrap();
        journal.admit(&job(1, Class::C2), now()).unwrap();
        let damaged = Uuid::from_u128(6);
        fs::write(journal.path(damaged), b"{").unwrap();
        let undelivered = journal.recover(now()).unwrap();
        assert_eq!(undelivered.len(), 1);
        // Whatever it said: that job does not run.
        let again = Job {
            job: damaged,
            ..job(1, Class::C2)
        };
        assert!(journal.admit(&again, now()).is_err());
    }
}
