//! What is said where there is nothing to do, and how names are told.

use crate::place::Place;

#[test]
fn where_there_is_nothing_to_do_or_to_ask_that_is_said() {
    let place = Place::with(
        "name = \"n\"\ndomain = 'a=[1, 2] where a > 2'\n[[unit]]\nname = \"u\"\nrun = \"true\"\n",
    );
    let done = place.run(&[]);
    assert!(
        done.err.contains("warning: the domain has no configs"),
        "{done:?}"
    );
    let printed = place.research(&["domain", "research.toml"]);
    assert_eq!((printed.code, &*printed.out), (Some(0), ""), "{printed:?}");
    assert_eq!(printed.err, "no configs\n");
    // Nobody is asked where it would change nothing.
    let stopped = place.research(&["stop", "n"]);
    assert_eq!(stopped.err, "n is not running\n");
    std::fs::create_dir(place.path("photos")).unwrap();
    for command in ["stop", "remove"] {
        for name in ["none", "photos"] {
            let refused = place.research(&[command, name]);
            assert_eq!(refused.code, Some(2), "{refused:?}");
            assert!(refused.err.contains("is no research"), "{refused:?}");
        }
    }
    let asked = place.research(&["remove", "n"]);
    assert!(asked.err.contains("use `-y`"), "{asked:?}");
}

#[test]
fn a_table_without_rows_comes_with_the_reason() {
    let file = "name = \"n\"\n[domain]\na = [1]\n[[unit]]\nname = \"u\"\nrun = \"echo 1\"\n";
    let place = Place::with(file);
    let reason =
        "no results: a [[unit]] saves its output if it has `save_to` or `save_output_dict`\n";
    let run = place.run(&["--results"]);
    assert!(run.err.ends_with(reason), "{run:?}");
    let results = place.research(&["results", "n"]);
    assert_eq!(results.err, reason, "{results:?}");
    assert!(results.out.starts_with("id  a  iteration\n"), "{results:?}");
    // Programs read that there are no rows.
    assert_eq!(place.results("n", &["--format", "csv"]), "id,a,iteration\n");
    let artifacts = place.research(&["artifacts", "n"]);
    assert_eq!(artifacts.err, "no experiment created files\n");
    let chosen = place.research(&["artifacts", "n", "--where", "a=1"]);
    let reason = "no selected experiment created files\n";
    assert_eq!(chosen.err, reason, "{chosen:?}");

    let fails = file.replace("echo 1", "false");
    place.write("research.toml", &format!("{fails}save_to = \"v\"\n"));
    place.research(&["run", "research.toml", "--name", "failed"]);
    let none = place.research(&["results", "failed"]);
    assert_eq!(none.err, "no results so far\n");

    place.write("research.toml", &format!("{file}save_to = \"v\"\n"));
    place.run(&["--name", "saved"]);
    let none = place.research(&["results", "saved", "--iterations", "7"]);
    assert_eq!(none.err, "no results match the selection\n");
}

#[test]
fn names_are_told_as_they_are_typed_in_a_shell() {
    let file = "name = \"a study\"\n[[unit]]\nname = \"u\"\nrun = \"true\"\n";
    let place = Place::with(file);
    place.run(&[]);
    for flags in [
        &["run", "research.toml"][..],
        &["run", "research.toml", "--dry-run"],
    ] {
        let done = place.research(flags);
        assert!(done.err.contains("`research resume 'a study'`"), "{done:?}");
    }
}
