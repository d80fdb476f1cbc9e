//! Runs the files and commands of the documents, in order, each document in its own folder, with
//! links to the examples of the repository.
//!
//! A fence with the info string `toml file=NAME` (or another language) writes a file. In a
//! `console` fence, a line that begins with `$ ` is a command, and its output follows; `...` stands
//! for any text in a line, and as a line for any lines. If no output is shown, any output is
//! accepted. Commands that no test can run, because they build or need other programs, are in an
//! `sh` fence.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A fenced block of a document.
enum Block {
    File { name: String, text: String },
    Commands(Vec<Step>),
}

/// A command with its output.
struct Step {
    line: usize,
    command: String,
    expected: Vec<String>,
}

fn blocks(document: &str) -> Vec<Block> {
    let mut found = Vec::new();
    let mut lines = document.lines().enumerate();
    while let Some((_, line)) = lines.next() {
        let Some(info) = line.strip_prefix("```") else {
            continue;
        };
        let inside: Vec<(usize, &str)> = lines
            .by_ref()
            .take_while(|(_, line)| *line != "```")
            .collect();
        if let Some((_, name)) = info.split_once("file=") {
            let text = inside.iter().map(|(_, line)| format!("{line}\n")).collect();
            found.push(Block::File {
                name: name.to_owned(),
                text,
            });
        } else if info == "console" {
            found.push(Block::Commands(steps(&inside)));
        }
    }
    found
}

fn steps(lines: &[(usize, &str)]) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for (number, line) in lines {
        match (line.strip_prefix("$ "), steps.last_mut()) {
            (Some(command), _) => steps.push(Step {
                line: number + 1,
                command: command.to_owned(),
                expected: Vec::new(),
            }),
            (None, Some(step)) => step.expected.push((*line).to_owned()),
            (None, None) => panic!("line {}: a console begins with a command", number + 1),
        }
    }
    steps
}

/// Whether lines match a pattern.
fn matches(pattern: &[String], lines: &[&str]) -> bool {
    match pattern.split_first() {
        None => lines.is_empty(),
        Some((any, rest)) if any == "..." => {
            (0..=lines.len()).any(|skipped| matches(rest, &lines[skipped..]))
        }
        Some((first, rest)) => match lines.split_first() {
            Some((line, others)) => line_matches(first, line) && matches(rest, others),
            None => false,
        },
    }
}

fn line_matches(pattern: &str, line: &str) -> bool {
    let Some((before, after)) = pattern.split_once("...") else {
        return pattern == line;
    };
    let Some(rest) = line.strip_prefix(before) else {
        return false;
    };
    (0..=rest.len()).any(|skipped| {
        rest.get(skipped..)
            .is_some_and(|rest| line_matches(after, rest))
    })
}

fn run(document: &Path) {
    let text = fs::read_to_string(document).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let name = document.display();
    link_examples(folder.path());
    for block in blocks(&text) {
        match block {
            Block::File { name, text } => fs::write(folder.path().join(name), text).unwrap(),
            Block::Commands(steps) => {
                let mut place = folder.path().to_owned();
                for step in steps {
                    match step.command.strip_prefix("cd ") {
                        Some(to) => place.push(to),
                        None => check(&name.to_string(), &step, &place),
                    }
                }
            }
        }
    }
}

fn check(document: &str, step: &Step, place: &Path) {
    let Step {
        line,
        command,
        expected,
    } = step;
    let program = Path::new(env!("CARGO_BIN_EXE_research")).parent().unwrap();
    let mut path = vec![program.to_owned()];
    path.extend(env::split_paths(&env::var_os("PATH").unwrap()));
    let output = Command::new("sh")
        .args(["-c", command])
        .current_dir(place)
        .env("PATH", env::join_paths(path).unwrap())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{document}:{line}: `{command}` fails: {errors}"
    );
    let lines: Vec<&str> = printed.lines().collect();
    assert!(
        expected.is_empty() || matches(expected, &lines),
        "{document}:{line}: `{command}` prints\n{printed}\nand the document shows\n{}",
        expected.join("\n")
    );
}

/// The folders of examples, each with copies of its files.
fn link_examples(folder: &Path) {
    for example in fs::read_dir(root().join("examples")).unwrap() {
        let example = example.unwrap();
        if !example.file_type().unwrap().is_dir() {
            continue;
        }
        let copy = folder.join("examples").join(example.file_name());
        fs::create_dir_all(&copy).unwrap();
        for file in fs::read_dir(example.path()).unwrap() {
            let file = file.unwrap();
            if file.file_type().unwrap().is_file() {
                fs::copy(file.path(), copy.join(file.file_name())).unwrap();
            }
        }
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Whether Python is installed.
fn is_python_there() -> bool {
    Command::new("python3").arg("--version").output().is_ok()
}

/// The documents of a folder, at least `count` of them.
fn documents(folder: &str, at_least: usize) -> Vec<PathBuf> {
    let mut documents: Vec<PathBuf> = fs::read_dir(root().join(folder))
        .unwrap()
        .map(|document| document.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .collect();
    documents.sort();
    assert!(documents.len() >= at_least, "{documents:?}");
    documents
}

#[test]
fn the_readmes_match_the_program() {
    if is_python_there() {
        run(&root().join("README.md"));
        run(&root().join("examples/README.md"));
    }
}

#[test]
fn the_docs_match_the_program() {
    if is_python_there() {
        documents("docs", 4).iter().for_each(|one| run(one));
    }
}

#[test]
fn the_tutorial_matches_the_program() {
    if is_python_there() {
        documents("docs/tutorial", 5)
            .iter()
            .for_each(|one| run(one));
    }
}

#[test]
fn links_in_documents_have_targets() {
    let all = ["", "docs", "docs/tutorial", "examples", "fuzz"].map(|folder| documents(folder, 1));
    for document in all.iter().flatten() {
        let text = fs::read_to_string(document).unwrap();
        for link in text.split("](").skip(1) {
            let link = link.split([')', '#']).next().unwrap();
            if link.contains("://") || link.contains(char::is_whitespace) {
                continue;
            }
            let place = document.parent().unwrap().join(link);
            assert!(place.exists(), "{}: {link}", document.display());
        }
    }
}

/// The commands that a document names, each with its flags; in a row of a table that begins with a
/// command, also those in the rest of the row.
fn named(document: &str) -> Vec<(String, Vec<String>)> {
    let mut found = Vec::new();
    for line in document.lines() {
        for (number, rest) in line.split("`research ").skip(1).enumerate() {
            let is_row = number == 0 && line.starts_with("| `research ");
            let text = if is_row {
                rest
            } else {
                rest.split('`').next().unwrap()
            };
            let mut words = text.split([' ', '`', '[', ']', ',', ';', '|', '\\']);
            let command = words.next().unwrap().to_owned();
            let flags = words.filter(|word| word.starts_with('-') && *word != "-");
            found.push((command, flags.map(str::to_owned).collect()));
        }
    }
    found
}

#[test]
fn documented_commands_and_flags_exist() {
    let mut program = research_cli::arguments::program();
    program.build();
    let mut count = 0;
    for document in ["", "docs", "docs/tutorial", "examples"].map(|folder| documents(folder, 1)) {
        for path in document {
            let text = fs::read_to_string(&path).unwrap();
            for (name, flags) in named(&text) {
                let shown = path.display();
                let command = program.find_subcommand(&name);
                let command = command.unwrap_or_else(|| panic!("{shown}: research {name}"));
                for flag in flags {
                    let is_there = command.get_arguments().any(|argument| {
                        let long = argument.get_long_and_visible_aliases().unwrap_or_default();
                        let short = argument.get_short().map(|short| format!("-{short}"));
                        long.iter().any(|long| flag == format!("--{long}"))
                            || short.as_ref() == Some(&flag)
                    });
                    assert!(is_there, "{shown}: research {name} {flag}");
                    count += 1;
                }
            }
        }
    }
    assert!(count > 20, "only {count} flags were found");
    // The README names all of them.
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    for command in program.get_subcommands() {
        let name = command.get_name();
        let ways = [
            format!("`research {name}"),
            format!("`{name} "),
            format!("`{name}`"),
        ];
        let is_named = name == "help" || ways.iter().any(|way| readme.contains(way));
        assert!(is_named, "README.md does not name `research {name}`");
    }
}

#[test]
fn ellipses_match_any_output() {
    let pattern = ["a ... c", "...", "end"].map(str::to_owned);
    assert!(matches(&pattern, &["a b c", "end"]));
    assert!(matches(&pattern, &["a  c", "x", "y", "end"]));
    assert!(!matches(&pattern, &["a b d", "end"]));
    assert!(!matches(&pattern, &["a b c", "end", "more"]));
}
