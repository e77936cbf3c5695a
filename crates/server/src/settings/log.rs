//! How the program speaks to its operator.

use clap::{Args, ValueEnum};

#[derive(Debug, Clone, Args)]
#[group(skip)]
#[command(next_help_heading = "Logs")]
pub(crate) struct Given {
    /// What to log, such as `info` or `info,tierdesk_web=debug` [default: info; demo: warn]
    #[arg(long, env = "TIERDESK_LOG", global = true, value_name = "FILTER")]
    pub(crate) log: Option<String>,
    /// One JSON object per line, or text for people [default: json; demo: text]
    #[arg(
        long,
        env = "TIERDESK_LOG_FORMAT",
        global = true,
        value_name = "FORMAT"
    )]
    pub(crate) log_format: Option<Format>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Json,
    Text,
}
