//! Sums for dashboards. What lies in blocks changes only when somebody folds, so it is kept until then; what nobody folded
//! yet is read each time and added.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use tierdesk_domain::period::Period;
use tierdesk_domain::tally::{Block, Counts, NOW, cover};
use tierdesk_store::PgConnection;
use tierdesk_store::tally::block::{self, By, Only, Slice, Sum};

use crate::Desk;
use crate::error::{DeskError, Result};

/// How many sums of readers are kept.
const KEPT: usize = 64;
/// How often a read begins again because somebody folded in the middle of it.
const TRIES: usize = 20;

/// What is added up.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Asked {
    /// Which columns there are.
    pub(crate) slice: Slice,
    /// The spans, each with sums of its own.
    pub(crate) spans: Vec<Span>,
    /// Which rows.
    pub(crate) only: Only,
    /// What is told apart.
    pub(crate) by: By,
}

/// A stretch of days, or how it stands now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Span {
    /// Days, both ends included.
    Days(Period),
    /// From a day on, without an end.
    Since(NaiveDate),
    /// How it stands now.
    Now,
}

impl Span {
    fn blocks(self, today: NaiveDate) -> Vec<Block> {
        match self {
            Self::Days(period) => cover(period.from, period.end()),
            Self::Since(from) => cover(from, Period { from, to: today }.end()),
            Self::Now => vec![NOW],
        }
    }

    /// Takes out what it does not speak of. Counts that nobody folded yet have how many are open among those of their day, but
    /// that stands now alone, as in blocks.
    fn only_its_own(self, counts: Counts) -> Counts {
        match self {
            Self::Now => counts,
            Self::Days(_) | Self::Since(_) => counts.split().1,
        }
    }

    fn instants(self, zone: Tz) -> (DateTime<Utc>, DateTime<Utc>) {
        let ever = DateTime::from_timestamp(253_402_300_799, 0).unwrap_or_default();
        match self {
            Self::Days(period) => period.instants(zone),
            Self::Since(from) => (Period { from, to: from }.instants(zone).0, ever),
            Self::Now => (
                DateTime::from_timestamp(-62_135_596_800, 0).unwrap_or_default(),
                ever,
            ),
        }
    }
}

/// Sums of blocks, by what was asked: the reader's teams are part of the question.
#[derive(Debug, Default)]
pub(crate) struct Kept(Mutex<VecDeque<Entry>>);

#[derive(Debug)]
struct Entry {
    asked: Asked,
    today: NaiveDate,
    fold: i64,
    sums: Arc<Vec<Sum>>,
}

impl Kept {
    fn get(&self, asked: &Asked, today: NaiveDate, fold: i64) -> Option<Arc<Vec<Sum>>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter()
            .find(|it| it.fold == fold && it.today == today && it.asked == *asked)
            .map(|it| Arc::clone(&it.sums))
    }

    fn keep(&self, entry: Entry) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|it| it.fold == entry.fold && it.asked != entry.asked);
        if kept.len() == KEPT {
            kept.pop_front();
        }
        kept.push_back(entry);
    }
}

impl Desk {
    /// The zone whose days reports count.
    pub(crate) async fn reporting_zone(&self, conn: &mut PgConnection) -> Result<Tz> {
        let name = block::book(conn).await?.zone;
        name.parse()
            .map_err(|_| DeskError::Broken(format!("no zone is called {name}")))
    }

    /// Adds up. One group may come in two parts, one of blocks and one of what nobody folded yet.
    pub(crate) async fn sums(
        &self,
        conn: &mut PgConnection,
        asked: &Asked,
        zone: Tz,
        today: NaiveDate,
    ) -> Result<Vec<Sum>> {
        let instants: Vec<_> = asked.spans.iter().map(|it| it.instants(zone)).collect();
        for _ in 0..TRIES {
            let (slice, only, by) = (asked.slice, &asked.only, asked.by);
            let (fold, mut sums) = block::unfolded(conn, slice, &instants, only, by).await?;
            for sum in &mut sums {
                if let Some(span) = asked.spans.get(sum.span) {
                    sum.counts = span.only_its_own(std::mem::take(&mut sum.counts));
                }
            }
            sums.retain(|sum| !sum.counts.is_empty());
            if let Some(kept) = self.figures.get(asked, today, fold) {
                sums.extend(kept.iter().cloned());
                return Ok(sums);
            }
            let blocks: Vec<_> = asked.spans.iter().map(|it| it.blocks(today)).collect();
            let kept = Arc::new(block::sums(conn, slice, &blocks, only, by).await?);
            // Somebody may have folded between the two looks.
            if block::book(conn).await?.fold == fold {
                sums.extend(kept.iter().cloned());
                self.figures.keep(Entry {
                    asked: asked.clone(),
                    today,
                    fold,
                    sums: kept,
                });
                return Ok(sums);
            }
        }
        Err(DeskError::Broken(
            "the counts do not come to rest".to_owned(),
        ))
    }
}
