//! What is kept beside results: what programs print, large values.

use std::fs;

use crate::place::{Place, names};

/// Programs that print lines in pieces, and the last of them without an end.
fn printing(options: &str) -> Place {
    let place = Place::with(&format!(
        r#"
        name = "printed"
        workers = 3
        {options}
        [domain]
        x = [1, 2, 3, 4, 5, 6]
        [[unit]]
        name = "print"
        run = ["./print", "{{x}}"]
        save_to = "printed"
        "#
    ));
    place.script(
        "print",
        "i=0; while [ $i -lt 200 ]; do printf \"$1:\"; printf \"$i:\" >&2; echo \"$i\"; echo \"$1\" >&2; i=$((i+1)); done; printf $1",
    );
    place
}

fn stdout(x: &str) -> String {
    let lines: String = (0..200).map(|i| format!("{x}:{i}\n")).collect();
    lines + x
}

/// The folders of experiments, with the values of `x`.
fn experiments(place: &Place) -> Vec<(String, String)> {
    let csv = place.results("printed", &["--format", "csv"]);
    let rows = csv.lines().skip(1).map(|row| {
        let mut cells = row.split(',');
        let id = cells.next().unwrap();
        (
            format!("printed/experiments/{id}"),
            cells.next().unwrap().to_owned(),
        )
    });
    rows.collect()
}

#[test]
fn what_programs_print_is_kept_and_is_their_output_too() {
    let place = printing("redirect_stdout = 3\nredirect_stderr = 2");
    place.run(&[]);
    let mut all = Vec::new();
    for (folder, x) in experiments(&place) {
        let printed = place.read(&format!("{folder}/stdout.txt"));
        assert_eq!(printed, stdout(&x));
        let errors: String = (0..200).map(|i| format!("{i}:{x}\n")).collect();
        assert_eq!(place.read(&format!("{folder}/stderr.txt")), errors);
        let files = names(&place.path(&folder));
        assert_eq!(files, ["config.json", "stderr.txt", "stdout.txt"]);
        all.extend(printed.lines().map(str::to_owned));
    }
    assert_eq!(all.len(), 6 * 201);
    let common = place.read("printed/stdout.txt");
    let mut common: Vec<String> = common.lines().map(str::to_owned).collect();
    common.sort();
    all.sort();
    assert!(
        common == all,
        "lines of programs that ran at once are whole"
    );
    assert!(!place.path("printed/stderr.txt").exists());
}

#[test]
fn one_common_file_makes_no_folders() {
    let place = printing("redirect_stdout = true");
    place.run(&[]);
    assert_eq!(place.read("printed/stdout.txt").lines().count(), 6 * 201);
    assert!(
        experiments(&place)
            .iter()
            .all(|(folder, _)| !place.path(folder).exists())
    );
}

#[test]
fn nothing_is_kept_unless_asked_for() {
    let place = printing("");
    place.run(&[]);
    let files = names(&place.path("printed"));
    assert!(
        !files.iter().any(|file| file.starts_with("std")),
        "{files:?}"
    );
    assert!(
        experiments(&place)
            .iter()
            .all(|(folder, _)| !place.path(folder).exists())
    );
}

#[test]
fn a_generator_keeps_what_was_not_asked_for_too() {
    let place = Place::with(
        r#"
        name = "printed"
        n_iters = 2
        redirect_stdout = 2
        [domain]
        x = [1]
        [[unit]]
        name = "lines"
        mode = "generator"
        run = "printf '1\n2\n3\nthe rest'"
        save_to = "item"
        "#,
    );
    place.run(&[]);
    assert_eq!(place.table("printed"), "x,iteration,item\n1,0,1\n1,1,2");
    let (folder, _) = experiments(&place).remove(0);
    assert_eq!(
        place.read(&format!("{folder}/stdout.txt")),
        "1\n2\n3\nthe rest"
    );
}

#[test]
fn a_failed_program_shows_its_last_lines_all_the_same() {
    let place = Place::with(
        r#"
        redirect_stderr = 2
        [[unit]]
        name = "fail"
        run = "echo the reason >&2; exit 1"
        shell = true
        "#,
    );
    let done = place.research(&["run", "research.toml"]);
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(place.read("research/research.log").contains("the reason"));
    let folder = names(&place.path("research/experiments")).remove(0);
    let errors = place.read(&format!("research/experiments/{folder}/stderr.txt"));
    assert_eq!(errors, "the reason\n");
}

#[test]
fn without_dump_results_the_table_is_all_that_is_left() {
    let place = printing("dump_results = false\nredirect_stdout = true");
    let done = place.run(&[]);
    assert_eq!(done.out.lines().count(), 2 + 6, "{}", done.out);
    assert_eq!(place.names(), ["print", "research.toml"]);
    let asks = "--set=unit=[{name=\"u\", run=\"printenv RESEARCH_PATH\"}]";
    let done = place.research(&["run", "research.toml", asks]);
    assert!(done.err.contains("6 failed"), "it has no folder: {done:?}");
    let done = place.research(&["run", "research.toml", "--set", "redirect_stdout=1"]);
    assert_eq!(done.code, Some(2), "{done:?}");
    assert!(done.err.contains("dump_results"), "{}", done.err);
}

#[test]
fn a_large_output_becomes_a_file() {
    let place = Place::with(
        r#"
        name = "large"
        [[unit]]
        name = "print"
        run = "head -c 3000000 /dev/zero | tr '\\0' x"
        shell = true
        output = "text"
        save_to = "text"
        "#,
    );
    place.run(&[]);
    let row = place.results("large", &["--format", "json"]);
    let rows: serde_json::Value = serde_json::from_str(&row).unwrap();
    let file = rows[0]["text"]["file"].as_str().unwrap();
    assert_eq!(rows[0]["text"]["bytes"], 3_000_000);
    let path = place.path("large").join(file);
    assert_eq!(fs::metadata(path).unwrap().len(), 3_000_000);
}
