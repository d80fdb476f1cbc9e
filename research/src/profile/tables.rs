//! A profile as tables.

use research_results::{Cell, Table};

use super::{Profile, UnitTime};

/// The name of whole iterations among the units.
const ITERATIONS: &str = "(iteration)";

impl Profile {
    /// Returns a table with a row for each unit and one for whole iterations, the longest total
    /// time first: calls, total and mean time, the longest call (in seconds), and the share of the
    /// iterations' time; with level 2 also processor time, page faults and peak memory (in bytes;
    /// missing if unknown).
    #[must_use]
    pub fn units_table(&self) -> Table<'_> {
        let (iterations, units): (Vec<_>, Vec<_>) =
            self.units.iter().partition(|time| time.unit.is_none());
        let total = |times: &[&UnitTime]| times.iter().map(|time| time.total).sum::<f64>();
        // Branches in threads run units at the same time.
        let whole = total(&iterations).max(total(&units));
        let has_more = |time: &UnitTime| time.cpu > 0.0 || time.peak_memory > 0;
        let is_detailed = self.units.iter().any(has_more);
        let mut columns = vec!["unit", "calls", "total", "mean", "longest", "share"];
        if is_detailed {
            columns.extend(["cpu", "page_faults", "peak_memory"]);
        }
        let rows = self.units.iter().map(|time| {
            let mut row = vec![
                name(time),
                Cell::Count(time.calls),
                Cell::Float(time.total),
                Cell::Float(time.mean()),
                Cell::Float(time.longest),
                if whole > 0.0 {
                    Cell::Float(time.total / whole)
                } else {
                    Cell::Missing
                },
            ];
            if is_detailed {
                row.extend(details(time));
            }
            row
        });
        table(&columns, rows.collect())
    }

    /// A row for each experiment, iteration if these were read, and unit: calls, total and mean
    /// time, the longest call, in seconds; with level 2 also processor time, page faults and peak
    /// memory.
    #[must_use]
    pub fn experiments_table(&self) -> Table<'_> {
        let times = || self.experiments.iter().map(|one| &one.time);
        let has_iterations = self.experiments.iter().any(|one| one.iteration.is_some());
        let is_detailed = times().any(|time| time.cpu > 0.0 || time.peak_memory > 0);
        let mut columns = vec!["id"];
        columns.extend(has_iterations.then_some("iteration"));
        columns.extend(["unit", "calls", "total", "mean", "longest"]);
        if is_detailed {
            columns.extend(["cpu", "page_faults", "peak_memory"]);
        }
        let rows = self.experiments.iter().map(|one| {
            let mut row = vec![Cell::from(one.id.as_str())];
            row.extend(one.iteration.map(Cell::Count));
            row.extend([
                name(&one.time),
                Cell::Count(one.time.calls),
                Cell::Float(one.time.total),
                Cell::Float(one.time.mean()),
                Cell::Float(one.time.longest),
            ]);
            if is_detailed {
                row.extend(details(&one.time));
            }
            row
        });
        table(&columns, rows.collect())
    }

    /// Returns a table with a row for each span in each unit, the longest own time first: the
    /// number of entries, and its time without and with that of inner spans, in seconds.
    #[must_use]
    pub fn spans_table(&self) -> Table<'_> {
        let columns = ["span", "unit", "calls", "own", "total", "target"];
        let rows = self.spans.iter().map(|one| {
            vec![
                Cell::from(one.span.name.as_str()),
                Cell::from(one.unit.as_str()),
                Cell::Count(one.span.calls),
                Cell::Float(one.span.own),
                Cell::Float(one.span.total),
                Cell::from(one.span.target.as_str()),
            ]
        });
        table(&columns, rows.collect())
    }

    /// Returns a table with a row for each iteration and unit, over all selected experiments:
    /// calls, total and mean time, the longest call, in seconds.
    #[must_use]
    pub fn iterations_table(&self) -> Table<'_> {
        let columns = ["iteration", "unit", "calls", "total", "mean", "longest"];
        let rows = self.iterations.iter().map(|(iteration, time)| {
            vec![
                Cell::Count(*iteration),
                name(time),
                Cell::Count(time.calls),
                Cell::Float(time.total),
                Cell::Float(time.mean()),
                Cell::Float(time.longest),
            ]
        });
        table(&columns, rows.collect())
    }
}

fn table<'a>(columns: &[&str], rows: Vec<Vec<Cell<'a>>>) -> Table<'a> {
    Table::from_rows(columns.iter().map(|&name| name.to_owned()).collect(), rows)
}

/// Processor time, page faults and peak memory, which whole iterations do not have.
fn details<'a>(time: &UnitTime) -> [Cell<'a>; 3] {
    match &time.unit {
        Some(_) => [
            Cell::Float(time.cpu),
            Cell::Int(time.page_faults),
            match time.peak_memory {
                0 => Cell::Missing,
                peak => Cell::Int(peak),
            },
        ],
        None => [Cell::Missing, Cell::Missing, Cell::Missing],
    }
}

fn name(time: &UnitTime) -> Cell<'_> {
    Cell::from(time.unit.as_deref().unwrap_or(ITERATIONS))
}
