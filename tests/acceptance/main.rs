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
mod bot_rule;
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
mod interrupted;
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
mod no_mail;
mod notification;
mod numbers;
mod on_call;
mod output;
mod packaging;
mod pages;
mod password;
mod people;
mod privilege;
mod programs;
mod promise;
mod prompt;
#[cfg(debug_assertions)]
mod pseudo_locale;
mod queue;
mod race;
mod rate_limit;
mod receiver;
mod recount;
mod report;
mod requester;
mod retention;
mod room;
mod routing;
mod schema;
mod search;
mod sentences;
mod sign_in_help;
mod skill;
mod sla_compute;
mod subject;
mod ticket;
mod transport;
mod triage;
mod web;
mod xss;
