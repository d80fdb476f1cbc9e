//! The configs that run: their order and repetitions, configs of workers and branches, and prefixes
//! of ids.

use crate::support::{Project, SHOW};

#[test]
fn workers_and_branches_can_be_lists_of_configs() {
    let file = |head: &str| format!("{head}\n[domain]\nx = [1, 2, 3, 4]\n{SHOW}");
    let project = Project::with(&file("name = \"plain\"\nseed = 1"));
    project.run(&[]);
    let unit = "[[unit]]\nname = \"where\"\nrun = \"echo {gpu}{side}\"\noutput = \"text\"\n\
        save_to = \"place\"\n";
    let head = "name = \"placed\"\nseed = 1\nworkers = [{ gpu = \"one\" }, { gpu = \"two\" }]\n\
        branches = [{ side = \"left\" }, { side = \"right\" }]";
    project.write("research.toml", &(file(head) + unit));
    project.run(&["-w", "1"]);
    let with_ids =
        |name: &str, variable: &str| project.results(name, &["--format", "csv", "--var", variable]);
    assert_eq!(with_ids("placed", "shown"), with_ids("plain", "shown"));
    let places: Vec<String> = project
        .results("placed", &["--format", "csv", "--var", "place", "--aux"])
        .lines()
        .map(|line| line.split_once(',').unwrap().1.to_owned())
        .collect();
    let expected = [
        "x,repetition,updates,iteration,place",
        "1,0,0,0,oneleft",
        "2,0,0,0,oneright",
        "3,0,0,0,oneleft",
        "4,0,0,0,oneright",
    ];
    assert_eq!(places, expected);
    let done = project.research(&["run", "research.toml", "--name", "three", "-w", "3"]);
    assert_eq!(done.code, Some(2), "{done:?}");
    assert!(
        done.stderr.contains("`workers` is a list of 2 configs"),
        "{done:?}"
    );
}

#[test]
fn added_parameters_are_columns_on_request_and_may_replace_others() {
    let project = Project::with(&format!(
        "name = \"a\"\nworkers = [{{ x = 7, gpu = 2 }}]\n[domain]\nx = [1, 2]\n{SHOW}"
    ));
    let done = project.research(&["run", "research.toml"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    let warning = "`workers`: `x` is a parameter of the domain, too; experiments use the added";
    assert!(done.stderr.contains(warning), "{done:?}");
    let configs = |flags: &[&str]| {
        let table = project.results("a", &[&["--format", "csv"], flags].concat());
        let lines = table.lines().map(|line| line.split(',').skip(1).take(2));
        let lines = lines.map(|cells| cells.collect::<Vec<_>>().join(","));
        lines.collect::<Vec<_>>()
    };
    assert_eq!(configs(&["--with-added"]), ["x,gpu", "7,2", "7,2"]);
    let plain: Vec<String> = configs(&[])
        .iter()
        .map(|one| one.split(',').next().unwrap().into())
        .collect();
    assert_eq!(plain, ["x", "1", "2"]);
}

#[test]
fn id_prefixes_match_those_of_the_domain_command() {
    let project = Project::with(&format!(
        "name = \"p\"\nn_reps = 2\nseed = 3\ncreate_id_prefix = 2\n[domain]\nx = [7, 8, 7]\n{SHOW}"
    ));
    project.run(&["-w", "3"]);
    let csv = project.results("p", &["--format", "csv"]);
    let ids: Vec<&str> = csv
        .lines()
        .skip(1)
        .map(|l| l.split(',').next().unwrap())
        .collect();
    let shown = project.research(&[
        "domain",
        "research.toml",
        "--id-prefix",
        "2",
        "--format",
        "jsonl",
    ]);
    let shown: Vec<String> = shown
        .stdout
        .lines()
        .map(|line| {
            serde_json::from_str::<serde_json::Value>(line).unwrap()["id"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    assert_eq!(ids, shown);
    assert!(ids[1].starts_with("01_00_"), "{ids:?}");
}

#[test]
fn configs_are_repeated_in_blocks() {
    let project = Project::with(&format!(
        "name = \"r\"\nn_reps = 2\nrepeat_each = 2\nn_configs = 3\n[domain]\nx = [1, 2, 3, 4]\n\
         {SHOW}"
    ));
    project.run(&["-w", "2"]);
    let csv = project.results("r", &["--format", "csv", "--aux"]);
    let rows = csv.lines().skip(1).map(|row| {
        let cells: Vec<&str> = row.split(',').collect();
        format!("{}:{}", cells[1], cells[2])
    });
    let order = ["1:0", "2:0", "1:1", "2:1", "3:0", "3:1"];
    assert_eq!(rows.collect::<Vec<_>>(), order);
}

#[test]
fn aliases_are_shown_instead_of_values() {
    let project = Project::with(&format!(
        "name = \"a\"\ndomain = 'x=[10 as \"ten\", 20]'\n{SHOW}"
    ));
    project.run(&[]);
    assert_eq!(project.table("a"), "x,iteration,shown\n10,0,10\n20,0,20");
    let aliases = project.results("a", &["--alias", "--format", "csv"]);
    let rows: Vec<&str> = aliases
        .lines()
        .map(|row| row.split_once(',').unwrap().1)
        .collect();
    assert_eq!(rows, ["x,iteration,shown", "ten,0,10", "20,0,20"]);
}
