//! Where attachments are kept.

use std::path::PathBuf;

use clap::Args;

use super::Problems;

const SETTING: &str = "TIERDESK_ATTACHMENTS";

#[derive(Debug, Clone, Args)]
#[group(skip)]
#[command(next_help_heading = "Files")]
pub(crate) struct Given {
    /// Folder for attachments; every process needs the same one
    #[arg(long, env = SETTING, default_value = "/var/lib/tierdesk/attachments", value_name = "DIR")]
    pub(crate) attachments: PathBuf,
}

/// A folder that exists and can be written.
#[derive(Debug)]
pub(crate) struct Files {
    pub(crate) attachments: PathBuf,
}

impl Given {
    pub(crate) fn check(&self, problems: &mut Problems) -> Option<Files> {
        let dir = &self.attachments;
        if !dir.is_dir() {
            return problems.note(
                SETTING,
                format!("there is no folder {}", dir.display()),
                format!(
                    "make it: install -d -m 0750 -o tierdesk -g tierdesk {}",
                    dir.display()
                ),
            );
        }
        if let Err(error) = tempfile::tempfile_in(dir) {
            return problems.note(
                SETTING,
                format!("{} cannot be written: {error}", dir.display()),
                "let the user of this program own it",
            );
        }
        Some(Files {
            attachments: dir.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_does_not_exist_is_a_problem_with_the_command_that_mends_it() {
        let mut problems = Problems::default();
        let given = Given {
            attachments: PathBuf::from("/nowhere/at/all"),
        };
        assert!(given.check(&mut problems).is_none());
        assert!(problems.to_string().contains("install -d"));
    }
}
