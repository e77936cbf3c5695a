//! From columns to domain types, without panics.

use std::str::FromStr;

use tierdesk_domain::tier::Tier;

use crate::{Result, StoreError};

/// A word of an enumeration.
pub(crate) fn word<T: FromStr>(table: &'static str, text: &str) -> Result<T>
where
    T::Err: std::error::Error + Send + Sync + 'static,
{
    text.parse()
        .map_err(|error: T::Err| StoreError::corrupt(table, error))
}

/// A word of an enumeration, or nothing.
pub(crate) fn maybe_word<T: FromStr>(table: &'static str, text: Option<&str>) -> Result<Option<T>>
where
    T::Err: std::error::Error + Send + Sync + 'static,
{
    text.map(|text| word(table, text)).transpose()
}

/// A number that stands for a value.
pub(crate) fn number<T>(
    table: &'static str,
    number: i16,
    read: impl Fn(i16) -> Option<T>,
) -> Result<T> {
    read(number).ok_or_else(|| StoreError::corrupt(table, format!("unexpected number {number}")))
}

/// A tier.
pub(crate) fn tier(table: &'static str, n: i16) -> Result<Tier> {
    number(table, n, Tier::from_number)
}
