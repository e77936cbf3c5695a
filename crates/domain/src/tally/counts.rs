//! Counts of one place, as they are kept: a string of records that adds up by being put together.

use std::collections::BTreeMap;

use super::Measure;
use super::spread::{self, Spread};

/// The slot of a plain count.
const COUNT: i16 = -1;
/// The slot of a sum of seconds.
const SUM: i16 = -2;
/// Bytes of a record: measure, slot, number; the highest byte first.
const RECORD: usize = 12;

/// How often things happened, and how long they took.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts(BTreeMap<(Measure, i16), i64>);

/// A string that no version of Tierdesk wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("counts that cannot be read")]
pub struct BadCounts;

impl Counts {
    /// Counts `n` more.
    pub fn add(&mut self, measure: Measure, n: i64) {
        self.put((measure, COUNT), n);
    }

    /// Adds a time in seconds.
    pub fn time(&mut self, measure: Measure, seconds: i64) {
        self.put((measure, spread::slot(seconds)), 1);
        self.put((measure, SUM), seconds.max(0));
    }

    fn put(&mut self, key: (Measure, i16), n: i64) {
        let sum = self.0.entry(key).or_default();
        *sum += n;
        if *sum == 0 {
            self.0.remove(&key);
        }
    }

    /// Adds what another has.
    pub fn join(&mut self, other: &Self) {
        for (key, n) in &other.0 {
            self.put(*key, *n);
        }
    }

    /// The same with every number turned round, for taking back.
    #[must_use]
    pub fn negated(mut self) -> Self {
        self.0.values_mut().for_each(|n| *n = -*n);
        self
    }

    /// Whether nothing was counted.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How often, never less than nothing.
    pub fn number(&self, measure: Measure) -> u64 {
        let n = self.0.get(&(measure, COUNT)).copied().unwrap_or(0);
        n.max(0).unsigned_abs()
    }

    /// How times of this kind are spread.
    pub fn spread(&self, measure: Measure) -> Spread {
        let all = self.0.range((measure, SUM)..=(measure, i16::MAX));
        let mut spread = Spread::default();
        for ((_, slot), n) in all {
            match *slot {
                SUM => spread.sum = *n,
                COUNT => {}
                slot => {
                    spread.slots.insert(slot, *n);
                }
            }
        }
        spread
    }

    /// The plain counts, those of nothing left out.
    pub fn numbers(&self) -> impl Iterator<Item = (Measure, i64)> {
        let plain = self.0.iter().filter(|((_, slot), _)| *slot == COUNT);
        plain.map(|((measure, _), n)| (*measure, *n))
    }

    /// Takes out what stands now, which is kept apart from days.
    #[must_use]
    pub fn split(self) -> (Self, Self) {
        let (now, days) = self
            .0
            .into_iter()
            .partition(|((measure, _), _)| *measure == Measure::Open);
        (Self(now), Self(days))
    }

    /// As it is kept, in one string.
    pub fn encode(&self) -> Vec<u8> {
        self.written(|_| true)
    }

    /// As it is kept, in two strings: the plain counts, and the times.
    pub fn encode_apart(&self) -> (Vec<u8>, Vec<u8>) {
        (
            self.written(|slot| slot == COUNT),
            self.written(|slot| slot != COUNT),
        )
    }

    fn written(&self, these: impl Fn(i16) -> bool) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.0.len() * RECORD);
        for ((measure, slot), n) in self.0.iter().filter(|((_, slot), _)| these(*slot)) {
            bytes.extend(measure.code().to_be_bytes());
            bytes.extend(slot.to_be_bytes());
            bytes.extend(n.to_be_bytes());
        }
        bytes
    }

    /// Reads any number of strings put one after the other. Measures that this version does not know are left out.
    ///
    /// # Errors
    /// [`BadCounts`] when a record is cut short.
    pub fn decode(bytes: &[u8]) -> Result<Self, BadCounts> {
        let mut counts = Self::default();
        let (records, rest) = bytes.as_chunks::<RECORD>();
        if !rest.is_empty() {
            return Err(BadCounts);
        }
        for &[m0, m1, s0, s1, n @ ..] in records {
            if let Some(measure) = Measure::from_code(i16::from_be_bytes([m0, m1])) {
                let slot = i16::from_be_bytes([s0, s1]);
                counts.put((measure, slot), i64::from_be_bytes(n));
            }
        }
        Ok(counts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_counts() -> impl Strategy<Value = Counts> {
        let one = (
            0..Measure::ALL.len(),
            -3..3_i64,
            prop::option::of(0..9_000_000_i64),
        );
        prop::collection::vec(one, 0..20).prop_map(|all| {
            let mut counts = Counts::default();
            for (measure, n, seconds) in all {
                match seconds {
                    Some(seconds) => counts.time(Measure::ALL[measure], seconds),
                    None => counts.add(Measure::ALL[measure], n),
                }
            }
            counts
        })
    }

    proptest! {
        #[test]
        fn putting_two_strings_together_adds_them_up(a in any_counts(), b in any_counts()) {
            let together = [a.encode(), b.encode()].concat();
            let mut sum = a.clone();
            sum.join(&b);
            prop_assert_eq!(Counts::decode(&together), Ok(sum));
            let (plain, times) = a.encode_apart();
            prop_assert_eq!(Counts::decode(&[plain, times].concat()), Ok(a.clone()));
            prop_assert_eq!(Counts::decode(&[a.encode(), a.clone().negated().encode()].concat()), Ok(Counts::default()));
        }

        #[test]
        fn a_cut_string_is_refused_and_never_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
            prop_assert_eq!(Counts::decode(&bytes).is_err(), bytes.len() % RECORD != 0);
        }
    }

    #[test]
    fn times_of_one_kind_do_not_mix_with_another() {
        let mut counts = Counts::default();
        counts.time(Measure::ResolveElapsed, 10);
        counts.time(Measure::ResolveElapsed, 14);
        counts.time(Measure::ResolveBusiness, 3);
        counts.add(Measure::Resolved, 2);
        assert_eq!(counts.spread(Measure::ResolveElapsed).number(), 2);
        assert_eq!(counts.spread(Measure::ResolveElapsed).mean(), Some(12));
        assert_eq!(counts.spread(Measure::Resolved).number(), 0);
        assert_eq!(counts.number(Measure::Resolved), 2);
    }
}
