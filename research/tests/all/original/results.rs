//! Tables of results, and their filters.

use crate::common::{csv_with, folder};
use research::domain::{aliased, option};
use research::{CompletedRun, Isolation, Research, TableOptions};

use super::sum;

/// The same research in memory and in a folder, in this process and in workers.
fn studies() -> impl Iterator<Item = CompletedRun> {
    let both = [Isolation::None, Isolation::Experiment];
    both.into_iter().flat_map(|isolation| {
        let study = |name: &str| sum(name).n_iters(3).isolation(isolation);
        let folder = folder(&format!("original-results-{isolation:?}"));
        let studies = [study("memory").in_memory(), study("folder").folder(folder)];
        studies.map(|study| study.run().unwrap())
    })
}

/// Returns the number of rows of a table, and whether all of them have 2 as `y`.
fn rows(finished: &CompletedRun, options: &TableOptions) -> (usize, bool) {
    let table = csv_with(finished, options);
    let mut rows = table.lines().skip(1);
    let is_two = rows.clone().all(|row| row.split(',').nth(2) == Some("2"));
    (rows.by_ref().count(), is_two)
}

#[test]
fn tables_are_filtered_by_config_by_alias_and_by_domain() {
    for finished in studies() {
        assert_eq!(rows(&finished, &TableOptions::new()), (18, false));
        let config = TableOptions::new().config("y", 2);
        assert_eq!(rows(&finished, &config), (6, true));
        let alias = TableOptions::new().alias("y", "2");
        assert_eq!(rows(&finished, &alias), (6, true));
        let domain = TableOptions::new().domain(option("y", [2, 3]));
        assert_eq!(rows(&finished, &domain), (12, false));
    }
}

#[test]
fn a_stored_research_is_filtered_in_the_same_way() {
    let finished = sum("stored")
        .n_iters(3)
        .folder(folder("original-stored"))
        .run()
        .unwrap();
    let loaded = CompletedRun::load(finished.folder().unwrap()).unwrap();
    let domain = TableOptions::new().domain(option("y", [2, 3]));
    assert_eq!(rows(&loaded, &domain).0, 12);
}

#[test]
fn lists_stand_in_a_row_as_they_are_or_as_their_alias() {
    let finished = Research::new("lists")
        .in_memory()
        .domain(option("a", [aliased(vec![1, 2, 3], "list")]))
        .callable("one", || 1, ())
        .save_to("res")
        .run()
        .unwrap();
    for (use_alias, shown) in [(true, "list"), (false, "\"[1,2,3]\"")] {
        let table = csv_with(&finished, &TableOptions::new().use_alias(use_alias));
        let rows: Vec<&str> = table.lines().collect();
        assert_eq!(rows.len(), 2);
        assert!(rows[1].contains(shown), "{table}");
    }
}
