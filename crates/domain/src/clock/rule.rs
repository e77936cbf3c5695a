//! The rules of the clocks, one per module: what other desks got wrong about each as a named test, and what holds of it for any
//! ticket as a property. All of them at once are compared with the slow way in the [oracle](super::oracle). 2026-06-01 is a
//! Monday; Berlin is two hours ahead.

mod ahead;
mod bounce;
mod breach;
mod category;
mod change;
mod ledger;
mod metric;
mod pause;
mod pick_up;
mod reopen;
mod response;
mod tier;
mod version;
