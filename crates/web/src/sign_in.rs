//! The sign-in page.
