//! The rules of the clocks, one per module: what other desks got wrong about it, each as a test, and what holds of it for
//! every ticket. 2026-06-01 is a Monday; Berlin is two hours ahead.

mod ahead;
