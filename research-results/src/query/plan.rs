//! The plan of a query, which SQLite forwards from its planner to a cursor as text.

use std::fmt::{self, Display, Formatter};

/// The experiments that a cursor reads, and their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    /// The columns with a given value, each with one argument.
    pub(super) equal: Vec<usize>,
    /// Whether the iteration is given, by one more argument.
    pub(super) iteration: bool,
    /// The columns by which rows are grouped.
    pub(super) grouped: Option<Vec<usize>>,
}

impl Display for Plan {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let list = |columns: &[usize]| {
            let columns: Vec<String> = columns.iter().map(usize::to_string).collect();
            columns.join(",")
        };
        let iteration = if self.iteration { "i" } else { "" };
        let grouped = self
            .grouped
            .as_deref()
            .map(|columns| format!("g{}", list(columns)));
        write!(
            f,
            "{};{iteration};{}",
            list(&self.equal),
            grouped.unwrap_or_default()
        )
    }
}

impl Plan {
    pub(super) fn parse(text: &str) -> Self {
        let list = |text: &str| {
            text.split(',')
                .filter_map(|column| column.parse().ok())
                .collect()
        };
        let mut parts = text.split(';');
        Self {
            equal: list(parts.next().unwrap_or_default()),
            iteration: parts.next() == Some("i"),
            grouped: parts
                .next()
                .and_then(|text| text.strip_prefix('g'))
                .map(list),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Plan;

    #[test]
    fn a_plan_reads_back() {
        let plans = [
            Plan::default(),
            Plan {
                equal: vec![0, 12],
                iteration: true,
                grouped: Some(vec![3]),
            },
            Plan {
                grouped: Some(vec![1, 2]),
                ..Plan::default()
            },
        ];
        for plan in plans {
            assert_eq!(Plan::parse(&plan.to_string()), plan);
        }
    }
}
