//! Impact × urgency → priority: the ITIL matrix, as a versioned document that administrators may edit.

use serde::{Deserialize, Serialize};

use crate::field::FieldError;
use crate::ticket::{Impact, Priority, Urgency};

/// The matrix's impacts and urgencies, most first, as its rows and columns are.
pub const IMPACTS: [Impact; 3] = [Impact::Site, Impact::Group, Impact::Person];
/// See [`IMPACTS`].
pub const URGENCIES: [Urgency; 3] = [Urgency::High, Urgency::Medium, Urgency::Low];

/// The fields of the matrix in a form, in the places of its rows and columns.
pub const FIELDS: [[&str; 3]; 3] = [
    ["site-high", "site-medium", "site-low"],
    ["group-high", "group-medium", "group-low"],
    ["person-high", "person-medium", "person-low"],
];

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

    /// Where more impact or more urgency would be less pressing: everybody reads the answers as steps of one ladder, so a
    /// step that leads down is a mistake. By field, each once.
    pub fn check(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        for (row, fields) in FIELDS.iter().enumerate() {
            for (column, field) in fields.iter().enumerate() {
                let here = self.rows[row][column];
                let falls = |other: Option<&Priority>| other.is_some_and(|other| *other < here);
                let less_impact = self.rows.get(row + 1).and_then(|it| it.get(column));
                let less_urgency = self.rows[row].get(column + 1);
                if falls(less_impact) || falls(less_urgency) {
                    errors.push(FieldError::new(field, "error.matrix_falls"));
                }
            }
        }
        errors
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_matrix() -> impl Strategy<Value = Matrix> {
        let priority = prop::sample::select(Priority::ALL.to_vec());
        prop::array::uniform3(prop::array::uniform3(priority)).prop_map(|rows| Matrix { rows })
    }

    proptest! {
        #[test]
        fn a_matrix_is_fine_exactly_where_more_impact_or_urgency_is_never_less_pressing(matrix in any_matrix()) {
            let steps = |all: &[(Impact, Urgency)]| all.windows(2).all(|pair| {
                matrix.priority(pair[0].0, pair[0].1) <= matrix.priority(pair[1].0, pair[1].1)
            });
            let rows = IMPACTS.iter().all(|impact| steps(&URGENCIES.map(|it| (*impact, it))));
            let columns = URGENCIES.iter().all(|urgency| steps(&IMPACTS.map(|it| (it, *urgency))));
            prop_assert_eq!(matrix.check().is_empty(), rows && columns);
        }
    }

    #[test]
    fn the_usual_matrix_is_fine() {
        let matrix = Matrix::default();
        assert!(matrix.check().is_empty());
        assert_eq!(matrix.priority(Impact::Site, Urgency::High), Priority::P1);
        assert_eq!(matrix.priority(Impact::Person, Urgency::Low), Priority::P4);
    }

    #[test]
    fn a_step_that_leads_down_is_named_at_the_answer_that_asks_for_more() {
        let mut matrix = Matrix::default();
        matrix.rows[0][1] = Priority::P4;
        let wrong: Vec<_> = matrix.check().iter().map(|it| it.field).collect();
        assert_eq!(wrong, ["site-medium"]);
        matrix.rows[2][2] = Priority::P1;
        let wrong: Vec<_> = matrix.check().iter().map(|it| it.field).collect();
        assert_eq!(wrong, ["site-medium", "group-low", "person-medium"]);
    }

    #[test]
    fn fields_are_called_what_their_places_are() {
        for (impact, fields) in IMPACTS.iter().zip(FIELDS) {
            for (urgency, field) in URGENCIES.iter().zip(fields) {
                assert_eq!(field, format!("{impact}-{urgency}"));
            }
        }
    }
}
