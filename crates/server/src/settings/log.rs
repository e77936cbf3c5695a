//! How the program speaks to its operator.

use clap::{Args, ValueEnum};

#[derive(Debug, Clone, Args)]
#[group(skip)]
pub(crate) struct Given {
    /// What to log, such as `info` or `info,tierdesk_web=debug`
    #[arg(
        long,
        env = "TIERDESK_LOG",
        default_value = "info",
        global = true,
        value_name = "FILTER"
    )]
    pub(crate) log: String,
    /// One JSON object per line, or text for people
    #[arg(
        long,
        env = "TIERDESK_LOG_FORMAT",
        default_value = "json",
        global = true,
        value_name = "FORMAT"
    )]
    pub(crate) log_format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Json,
    Text,
}
