//! A private PostgreSQL from this machine's own binaries, for the demo and the tests.
