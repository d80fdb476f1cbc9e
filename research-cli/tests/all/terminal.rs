//! The program at a terminal.

mod hostile;
mod pseudo;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use pseudo::{Terminal, wait_for_file};
use tempfile::TempDir;

const WIDE: (u16, u16) = (24, 100);

fn folder_with(file: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("research.toml"), file).unwrap();
    folder
}

/// Six experiments, one of which fails.
const SQUARES: &str = r#"
name = "squares"
seed = 1
domain = "x=[1, 2, 3, 4, 5, 6]"
[[unit]]
name = "square"
run = 'test {x} = 4 && {{ echo "четыре is wrong" >&2; exit 3; }}; expr {x} \* {x}'
shell = true
output = "number"
save_to = "square"
"#;

/// Experiments that wait for a file of their name.
const WAITING: &str = r#"
name = "waiting"
workers = 2
seed = 1
domain = "x=[1, 2, 3, 4, 5]"
[[unit]]
name = "wait"
run = "while ! test -e go{x}; do sleep 0.02; done; echo {x}"
shell = true
output = "number"
save_to = "x"
"#;

fn squares() -> TempDir {
    folder_with(SQUARES)
}

fn go(folder: &Path, number: u32) {
    fs::write(folder.join(format!("go{number}")), "").unwrap();
}

fn research(folder: &Path, arguments: &[&str]) {
    let status = Command::new(env!("CARGO_BIN_EXE_research"))
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success());
}

#[test]
fn a_run_shows_a_bar_and_a_summary() {
    let folder = squares();
    for columns in [40, 80, 200] {
        let name = format!("at{columns}");
        let arguments = ["run", "research.toml", "--name", &name];
        let mut terminal = Terminal::start(folder.path(), (24, columns), &arguments);
        assert_eq!(terminal.end().code(), Some(1));
        let lines = terminal.lines();
        let starts = |begin: &str| lines.iter().filter(|line| line.starts_with(begin)).count();
        // The screen shows one bar.
        assert_eq!(starts(&format!("{name} ")), 1, "{lines:#?}");
        let bar = lines.iter().find(|line| line.starts_with(&name)).unwrap();
        assert!(bar.contains("100% 6/6"), "{bar}");
        assert!(bar.ends_with(" 1 failed"), "{bar}");
        assert_eq!(starts("failed: "), 1, "{lines:#?}");
        assert_eq!(starts("6 experiments in "), 1, "{lines:#?}");
        let all = lines.join("");
        assert!(all.contains("square: highest 36"), "{lines:#?}");
        assert!(all.contains("четыре is wrong"), "{lines:#?}");
        let logs = format!("`research show {name} ");
        assert!(all.contains(&logs), "{lines:#?}");
        let results = format!("`research results {name}`");
        assert!(all.ends_with(&results), "{lines:#?}");
    }
}

#[test]
fn colors_can_be_disabled() {
    let folder = squares();
    let has_colours = |name: &str, variables: &[(&str, &str)]| {
        let arguments = ["run", "research.toml", "--name", name];
        let mut terminal = Terminal::start_with(folder.path(), WIDE, &arguments, variables);
        terminal.end();
        let written = String::from_utf8_lossy(&terminal.written).into_owned();
        written.split("\x1b[").skip(1).any(|code| {
            let end = code.find(|c: char| c.is_ascii_alphabetic());
            end.is_some_and(|end| code[end..].starts_with('m'))
        })
    };
    assert!(has_colours("with", &[]));
    assert!(!has_colours("without", &[("NO_COLOR", "1")]));
    assert!(!has_colours("dumb", &[("TERM", "dumb")]));
}

#[test]
fn ctrl_c_interrupts_a_run() {
    let folder = folder_with(WAITING);
    let path = folder.path();
    let mut terminal = Terminal::start(path, WIDE, &["run", "research.toml"]);
    terminal.wait_until("it begins", |lines| {
        lines.iter().any(|line| line.contains("0/5 experiments"))
    });
    go(path, 1);
    terminal.wait_until("one is done", |lines| {
        lines.iter().any(|line| line.contains("1/5 experiments"))
    });
    terminal.input("\x03");
    (2..=5).for_each(|number| go(path, number));
    assert_eq!(terminal.end().code(), Some(130));
    let lines = terminal.lines();
    assert_eq!(
        lines.last().unwrap(),
        "resume it with `research resume waiting`",
        "{lines:#?}"
    );
    // The bar of the resumed run includes the earlier run.
    let mut terminal = Terminal::start(path, WIDE, &["resume", "waiting"]);
    assert_eq!(terminal.end().code(), Some(0));
    let lines = terminal.lines();
    assert!(lines[0].contains("100% 5/5 experiments"), "{lines:#?}");
    assert!(lines[1].starts_with("5 experiments in "), "{lines:#?}");
}

#[test]
fn watch_replaces_its_output_and_ends_with_the_run() {
    let folder = folder_with(WAITING);
    let path = folder.path();
    let mut run = Terminal::start(path, WIDE, &["run", "research.toml", "--quiet"]);
    wait_for_file(&path.join("waiting/events.log"));
    // This screen is too small.
    let arguments = ["status", "waiting", "--watch", "0.1"];
    let mut terminal = Terminal::start(path, (6, 50), &arguments);
    let has =
        |part: &'static str| move |lines: &[String]| lines.iter().any(|line| line.contains(part));
    terminal.wait_until("two run", has("2 running, 3 left"));
    go(path, 1);
    terminal.wait_until("one is done", has("1/5 experiments"));
    let lines = terminal.lines();
    assert!(lines.len() <= 6, "{lines:#?}");
    assert!(lines[0].starts_with("waiting: running"), "{lines:#?}");
    (2..=5).for_each(|number| go(path, number));
    assert_eq!(terminal.end().code(), Some(0));
    let lines = terminal.lines();
    assert_eq!(lines[0], "waiting: complete", "{lines:#?}");
    let titles = lines.iter().filter(|line| line.starts_with("waiting:"));
    assert_eq!(titles.count(), 1, "{lines:#?}");
    assert_eq!(run.end().code(), Some(0));
}

#[test]
fn a_confirmation_can_be_given() {
    let folder = squares();
    let path = folder.path();
    let arguments = ["run", "research.toml", "--set", "n_configs=2", "-q"];
    research(path, &arguments);
    for (answer, is_left) in [("n\n", true), ("\n", true), ("y\n", false)] {
        let mut terminal = Terminal::start(path, WIDE, &["remove", "squares"]);
        terminal.wait_until("it asks", |lines| {
            lines.iter().any(|line| line.contains("[y/N]"))
        });
        terminal.input(answer);
        assert_eq!(terminal.end().code(), Some(0));
        assert_eq!(path.join("squares").exists(), is_left, "{answer:?}");
    }
}

#[test]
fn text_of_any_script_keeps_its_columns() {
    let folder = folder_with(
        "name = \"研究\"\ndomain = 'слово=[\"研究\", \"a\", \"🦀\"]'\n\
         [[unit]]\nname = \"say\"\nrun = [\"echo\", \"{слово}\"]\noutput = \"text\"\n\
         save_to = \"сказано\"\n",
    );
    let arguments = ["run", "research.toml", "--no-bar", "--results"];
    let mut terminal = Terminal::start(folder.path(), WIDE, &arguments);
    assert_eq!(terminal.end().code(), Some(0));
    let screen = terminal.screen();
    let row_of = |text: &str| {
        (0..24)
            .find(|row| {
                let line = screen.contents_between(*row, 0, *row, 100);
                line.contains(text) && !line.contains("слово")
            })
            .unwrap()
    };
    // The column of the iteration is the same in each row.
    let column_of = |row: u16| {
        let is_zero = |column: &u16| {
            let cell = |column| {
                screen
                    .cell(row, column)
                    .map(|cell| cell.contents().to_owned())
            };
            cell(*column).as_deref() == Some("0")
                && cell(column - 1).is_none_or(|before| before.trim().is_empty())
        };
        (18..100).find(is_zero).unwrap()
    };
    let columns = ["研究", "🦀", "  a  "].map(|text| column_of(row_of(text)));
    assert_eq!(columns[0], columns[1]);
    assert_eq!(columns[0], columns[2]);
}

#[test]
fn errors_fit_the_width_of_the_terminal() {
    let key = "研究".repeat(20);
    let folder = folder_with(&format!("\"{key}\" = 1\n"));
    let arguments = ["run", "research.toml"];
    let mut terminal = Terminal::start(folder.path(), (24, 40), &arguments);
    assert_eq!(terminal.end().code(), Some(2));
    let lines = terminal.lines();
    let shown = lines
        .iter()
        .position(|line| line.starts_with("1 | "))
        .unwrap();
    assert!(lines[shown].ends_with('…'), "{lines:#?}");
    assert!(lines[shown + 1].starts_with("  | ^^^^"), "{lines:#?}");
    assert!(
        terminal
            .written
            .starts_with(b"\x1b[1;31merror:\x1b[0m unknown key")
    );
    let no_color = [("NO_COLOR", "1")];
    let mut plain = Terminal::start_with(folder.path(), (24, 200), &arguments, &no_color);
    plain.end();
    assert!(plain.written.starts_with(b"error: unknown key"));
    assert!(plain.lines()[3].ends_with(" = 1"), "{:#?}", plain.lines());
}

#[test]
fn results_fit_the_terminal() {
    let folder = folder_with(
        r#"
name = "wide"
seed = 1
[domain]
optimizer = ["stochastic-gradient-descent"]
schedule = ["cosine-with-warm-restarts"]
x = [1, 2, 3]
[[unit]]
name = "square"
run = "expr {x} * {x}"
output = "number"
save_to = "square"
"#,
    );
    research(folder.path(), &["run", "research.toml"]);
    let mut terminal = Terminal::start(folder.path(), (24, 80), &["results", "wide"]);
    assert_eq!(terminal.end().code(), Some(0));
    let lines = terminal.lines();
    assert_eq!(lines.len(), 7, "{lines:#?}");
    let words = |line: &str| {
        line.split_whitespace()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        words(&lines[0]),
        ["id", "optimizer", "x", "iteration", "square"]
    );
    assert_eq!(
        lines[5..],
        [
            "1 column is left out to fit: schedule=cosine-with-warm-restarts",
            "to see all, append `| less -S`"
        ]
    );
}

#[test]
fn help_is_wrapped_for_the_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let mut terminal = Terminal::start(folder.path(), (200, 60), &["help", "plot"]);
    assert_eq!(terminal.end().code(), Some(0));
    let lines = terminal.lines();
    let paragraph: Vec<&String> = lines.iter().take_while(|line| !line.is_empty()).collect();
    // Each line but the last has no room for the word that begins the next one.
    for pair in paragraph.windows(2) {
        let next = pair[1].split(' ').next().unwrap();
        assert!(pair[0].len() + 1 + next.len() > 60, "{lines:#?}");
    }
    assert!(paragraph.len() > 5);
}
