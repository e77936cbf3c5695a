//! The product under test.
