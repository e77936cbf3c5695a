//! Request in, page out.
