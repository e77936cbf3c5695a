//! What the product promises, told as stories. One file per part of the product.
#![expect(
    clippy::unwrap_used,
    reason = "a test that unwraps says where it failed"
)]

mod account;
mod agent;
mod agent_refusal;
mod architecture;
mod attachment;
mod audit;
mod bot;
mod bot_agent;
mod calendar;
mod clock;
mod clock_page;
mod csrf;
mod dashboard;
mod deadline;
mod demo;
mod dry_run;
mod escalation;
mod filter;
mod handover;
mod host;
mod in_charge;
mod job;
mod job_given_up;
mod job_permit;
mod journey;
mod leak;
mod log;
mod looks;
mod looks_of_all;
mod mail;
mod many;
mod matrix;
mod notification;
mod numbers;
mod on_call;
mod output;
mod packaging;
mod pages;
mod people;
mod privilege;
mod programs;
mod promise;
mod prompt;
mod queue;
mod recount;
mod report;
mod requester;
mod retention;
mod room;
mod routing;
mod schema;
mod search;
mod sla_compute;
mod ticket;
mod transport;
mod triage;
mod web;
mod xss;
