//! The host agent: runs catalogue entries on one host and reports.
