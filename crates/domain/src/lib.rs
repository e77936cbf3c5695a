//! The rules of the desk, with no clock, no database and no network.
