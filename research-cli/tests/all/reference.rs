//! docs/research-file.md has exactly the keys, placeholders, variables and codes of the program.

use std::env;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use research::base::Status;
use research::file::{Format, ResearchFile};
use research_cli::exit::Exit;

/// A row of a table of the page.
struct Row {
    /// The title of the table's first column.
    table: String,
    cells: Vec<String>,
}

impl Row {
    /// The words in backticks in the first cell.
    fn names(&self) -> impl Iterator<Item = &str> {
        self.cells[0].split('`').skip(1).step_by(2)
    }

    /// The default in backticks.
    fn default(&self) -> Option<&str> {
        self.cells[2].strip_prefix('`')?.strip_suffix('`')
    }
}

fn rows() -> Vec<Row> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/research-file.md");
    let page = fs::read_to_string(page).unwrap();
    let mut rows: Vec<Row> = Vec::new();
    let mut title = None;
    for line in page.lines() {
        let Some(line) = line.strip_prefix('|') else {
            title = None;
            continue;
        };
        let cells: Vec<String> = line.split('|').map(|cell| cell.trim().to_owned()).collect();
        match &title {
            None => title = Some(cells[0].clone()),
            Some(_) if cells[0].starts_with("---") => {}
            Some(table) => rows.push(Row {
                table: table.clone(),
                cells,
            }),
        }
    }
    rows
}

/// The names in the first column of the tables with this title.
fn described(title: &str) -> Vec<String> {
    let rows = rows();
    let rows = rows.iter().filter(|row| row.table == title);
    let mut names: Vec<String> = rows.flat_map(Row::names).map(str::to_owned).collect();
    names.sort();
    assert!(!names.is_empty(), "the page has no table of `{title}`");
    names
}

const UNIT: &str = "[[unit]]\nname = \"u\"\nrun = \"true\"\n";

/// The known names that an error lists.
fn listed(file: &str) -> Vec<String> {
    let error = ResearchFile::parse(file, Format::Toml)
        .unwrap_err()
        .to_string();
    let (_, all) = error.split_once("available: ").expect(&error);
    let mut all: Vec<String> = all.trim().split(", ").map(str::to_owned).collect();
    all.sort();
    all
}

#[test]
fn the_page_has_exactly_the_known_keys() {
    let unknown = "zqzqzq = 1\n";
    let cases = [
        ("key of the file", format!("{unknown}{UNIT}")),
        ("key of `[[unit]]`", format!("{UNIT}{unknown}")),
        (
            "key of `[[update]]`",
            format!("{UNIT}[[update]]\nrun = \"true\"\n{unknown}"),
        ),
        (
            "key of `output`",
            format!("{UNIT}output = {{ zqzqzq = 1 }}\n"),
        ),
        (
            "key of `[[env_meta]]`",
            format!("{UNIT}[[env_meta]]\n{unknown}"),
        ),
    ];
    for (title, file) in cases {
        assert_eq!(described(title), listed(&file), "{title}");
    }
}

#[test]
fn the_page_has_the_right_defaults() {
    let cases = [
        ("key of the file", "", UNIT),
        ("key of `[[unit]]`", UNIT, ""),
        ("key of `[[update]]`", "[[update]]\nrun = \"true\"\n", UNIT),
        (
            "key of `[[env_meta]]`",
            "[[env_meta]]\ncommands = [\"date\"]\n",
            UNIT,
        ),
    ];
    let mut count = 0;
    for (title, before, after) in cases {
        let without = ResearchFile::parse(&format!("{before}{after}"), Format::Toml).unwrap();
        for row in rows().iter().filter(|row| row.table == title) {
            let key = row.names().next().unwrap();
            let Some(default) = row.default() else {
                continue;
            };
            let file = format!("{before}{key} = {default}\n{after}");
            let with = ResearchFile::parse(&file, Format::Toml).expect(&file);
            assert_eq!(with, without, "{title}: {key} = {default}");
            count += 1;
        }
    }
    assert!(count > 30, "{count}");
}

#[test]
fn the_page_has_all_placeholders_and_variables() {
    let file = format!("[domain]\nkey = [1]\n{UNIT}");
    let file = file
        .replace("\"u\"", "\"unit\"")
        .replace("true", "echo {zqzqzq}");
    let mut placeholders = described("placeholder");
    placeholders.retain(|name| !name.contains(['.', '[']) && !name.contains("{{") && name != "}}");
    let known: Vec<String> = listed(&file)
        .iter()
        .map(|name| format!("{{{name}}}"))
        .collect();
    assert_eq!(placeholders, known);

    let folder = tempfile::tempdir().unwrap();
    let names = "env | grep ^RESEARCH_ | cut -d= -f1 | LC_ALL=C sort > names";
    let file = format!("[[unit]]\nname = \"u\"\nshell = true\nrun = \"{names}\"\n");
    fs::write(folder.path().join("research.toml"), file).unwrap();
    let mut run = Command::new(env!("CARGO_BIN_EXE_research"));
    run.args(["run", "research.toml"]);
    run.current_dir(folder.path()).stdin(Stdio::null());
    for (name, _) in env::vars_os() {
        // Environment variables of the test itself do not count.
        if name.to_string_lossy().starts_with("RESEARCH_") {
            run.env_remove(name);
        }
    }
    let ended = run.output().unwrap();
    assert!(ended.status.success(), "{ended:?}");
    let names = fs::read_to_string(folder.path().join("names")).unwrap();
    let names: Vec<&str> = names.lines().collect();
    assert_eq!(described("variable of the environment"), names);
}

#[test]
fn the_page_has_all_statuses_and_exit_codes() {
    let said: Vec<(String, bool)> = rows()
        .iter()
        .filter(|row| row.table == "status")
        .map(|row| (row.cells[0].replace('`', ""), row.cells[2] == "yes"))
        .collect();
    let there_are = Status::ALL.map(|status| (status.as_str().to_owned(), status.is_success()));
    assert_eq!(said, there_are);

    let codes: Vec<String> = rows()
        .iter()
        .filter(|row| row.table == "exit code of `research`")
        .map(|row| row.cells[0].clone())
        .collect();
    let exits = [
        Exit::Success,
        Exit::Failures,
        Exit::Usage,
        Exit::Impossible,
        Exit::Interrupted,
    ];
    assert_eq!(codes, exits.map(|exit| exit.code().to_string()));
}
