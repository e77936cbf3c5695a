//! What mail says, and how it travels.
