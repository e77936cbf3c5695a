//! Impact × urgency → priority: the ITIL matrix, as a versioned document that administrators may edit.

use serde::{Deserialize, Serialize};

use crate::ticket::{Impact, Priority, Urgency};

/// The matrix. Rows are impact (site, group, person), columns urgency (high, medium, low).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Matrix {
    /// `rows[impact.number() - 1][urgency.number() - 1]`.
    pub rows: [[Priority; 3]; 3],
}

impl Default for Matrix {
    fn default() -> Self {
        use Priority::{P1, P2, P3, P4};
        Self {
            rows: [[P1, P2, P3], [P2, P3, P4], [P3, P4, P4]],
        }
    }
}

impl Matrix {
    /// The priority of a ticket with this impact and urgency.
    pub fn priority(&self, impact: Impact, urgency: Urgency) -> Priority {
        let row = match impact {
            Impact::Site => &self.rows[0],
            Impact::Group => &self.rows[1],
            Impact::Person => &self.rows[2],
        };
        match urgency {
            Urgency::High => row[0],
            Urgency::Medium => row[1],
            Urgency::Low => row[2],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_impact_or_urgency_is_never_less_pressing() {
        let matrix = Matrix::default();
        for &impact in Impact::ALL {
            for pair in Urgency::ALL.windows(2) {
                assert!(matrix.priority(impact, pair[1]) <= matrix.priority(impact, pair[0]));
            }
        }
        for &urgency in Urgency::ALL {
            for pair in Impact::ALL.windows(2) {
                assert!(matrix.priority(pair[1], urgency) <= matrix.priority(pair[0], urgency));
            }
        }
        assert_eq!(matrix.priority(Impact::Site, Urgency::High), Priority::P1);
        assert_eq!(matrix.priority(Impact::Person, Urgency::Low), Priority::P4);
    }
}
