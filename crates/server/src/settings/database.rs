//! Where the database is.

use clap::Args;

use super::Problems;

#[derive(Clone, Args)]
#[group(skip)]
#[command(next_help_heading = "Database")]
pub(crate) struct Given {
    /// Address of the PostgreSQL database (15 or newer), `postgres://user:password@host/database`;
    /// `DATABASE_URL` works too
    #[arg(
        long,
        env = "TIERDESK_DATABASE_URL",
        hide_env_values = true,
        value_name = "URL"
    )]
    pub(crate) database_url: Option<String>,
    /// Most connections of one process
    #[arg(
        long,
        env = "TIERDESK_DATABASE_CONNECTIONS",
        default_value = "16",
        value_name = "N"
    )]
    pub(crate) database_connections: String,
}

// Written by hand, because the address holds a password.
impl std::fmt::Debug for Given {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Given")
            .field("database_url", &self.address().map(|it| redacted(&it)))
            .field("database_connections", &self.database_connections)
            .finish()
    }
}

/// A usable address.
pub(crate) struct Database {
    pub(crate) url: String,
    pub(crate) connections: u32,
}

impl std::fmt::Debug for Database {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            out,
            "{} ({} connections)",
            redacted(&self.url),
            self.connections
        )
    }
}

impl Given {
    fn address(&self) -> Option<String> {
        self.database_url
            .clone()
            .or_else(|| std::env::var("DATABASE_URL").ok())
            .filter(|it| !it.is_empty())
    }

    pub(crate) fn check(&self, problems: &mut Problems) -> Option<Database> {
        const URL: &str = "TIERDESK_DATABASE_URL";
        let example = "give an address like postgres://tierdesk:password@db.example.org/tierdesk";
        let url = match self.address() {
            None => problems.note(URL, "is not set", example),
            Some(url) if !is_postgres(&url) => {
                problems.note(URL, "is not the address of a PostgreSQL database", example)
            }
            Some(url) => Some(url),
        };
        let connections = match self.database_connections.parse() {
            Ok(number @ 2..=500) => Some(number),
            _ => problems.note(
                "TIERDESK_DATABASE_CONNECTIONS",
                format!("`{}` is no number from 2 to 500", self.database_connections),
                "16 is right for most; the sum over all processes must stay below max_connections",
            ),
        };
        Some(Database {
            url: url?,
            connections: connections?,
        })
    }
}

fn is_postgres(url: &str) -> bool {
    ["postgres://", "postgresql://"].iter().any(|scheme| {
        url.strip_prefix(scheme)
            .is_some_and(|rest| !rest.is_empty())
    })
}

/// The address without its password and options.
pub(crate) fn redacted(url: &str) -> String {
    let url = url.split('?').next().unwrap_or_default();
    let Some((scheme, rest)) = url.split_once("://") else {
        return "…".to_owned();
    };
    match rest.rsplit_once('@') {
        Some((user, place)) => {
            let user = user.split(':').next().unwrap_or_default();
            format!("{scheme}://{user}:…@{place}")
        }
        None => format!("{scheme}://{rest}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_in_the_address_is_never_shown() {
        for url in [
            "postgres://desk:hunter2@db/tierdesk",
            "postgres://desk:hunter2@db/tierdesk?password=hunter2",
            "postgres://desk:hu@nter2@db/tierdesk",
        ] {
            let given = Given {
                database_url: Some(url.to_owned()),
                database_connections: "16".to_owned(),
            };
            let database = given.check(&mut Problems::default()).expect("usable");
            let shown = format!("{given:?} {database:?}");
            assert!(!shown.contains("nter2"), "{shown}");
            assert!(shown.contains("db/tierdesk"), "{shown}");
        }
    }

    #[test]
    fn an_address_of_another_kind_is_a_problem() {
        let mut problems = Problems::default();
        let given = Given {
            database_url: Some("mysql://db/tierdesk".to_owned()),
            database_connections: "many".to_owned(),
        };
        assert!(given.check(&mut problems).is_none());
        assert_eq!(problems.iter().count(), 2);
    }
}
