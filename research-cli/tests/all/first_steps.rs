//! The first commands of a new user: `init`, `run --dry-run`, `completions`, `man`, `--version`.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::{research, text};
use research::file::{Format, ResearchFile};

#[test]
fn the_file_of_init_runs_and_is_never_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    assert_eq!(research(path, &["init"]).status.code(), Some(0));
    let run = research(path, &["run", "research.toml", "--results"]);
    assert_eq!(run.status.code(), Some(0), "{run:?}");
    // The output has titles, a rule, and a row for each of four times two configs.
    assert_eq!(text(&run.stdout).lines().count(), 2 + 8, "{run:?}");

    fs::write(path.join("research.toml"), "mine").unwrap();
    let again = research(path, &["init"]);
    assert_eq!(again.status.code(), Some(2));
    assert!(text(&again.stderr).contains("already exists"), "{again:?}");
    assert_eq!(fs::read(path.join("research.toml")).unwrap(), b"mine");

    let nowhere = research(path, &["init", "nowhere/study.toml"]);
    assert_eq!(nowhere.status.code(), Some(3), "{nowhere:?}");
    research(path, &["init", "study.toml"]);
    let named = fs::read_to_string(path.join("study.toml")).unwrap();
    assert!(named.contains("name = \"study\""), "{named}");
}

/// Commented settings are valid settings.
#[test]
fn commented_settings_of_init_are_valid() {
    let folder = tempfile::tempdir().unwrap();
    research(folder.path(), &["init"]);
    let file = fs::read_to_string(folder.path().join("research.toml")).unwrap();
    let is_setting = |line: &str| {
        let key = line
            .strip_prefix("# ")
            .and_then(|line| line.split_once(" = "));
        key.is_some_and(|(key, _)| key.chars().all(|c| c.is_ascii_lowercase() || c == '_'))
    };
    let settings = file.lines().filter(|line| is_setting(line)).count();
    assert!(settings > 8, "{file}");
    for (place, setting) in file
        .lines()
        .enumerate()
        .filter(|(_, line)| is_setting(line))
    {
        let changed: Vec<&str> = file
            .lines()
            .enumerate()
            .map(|(at, line)| if at == place { &line[2..] } else { line })
            .collect();
        let read = ResearchFile::parse(&changed.join("\n"), Format::Toml);
        assert!(read.is_ok(), "{setting}: {}", read.unwrap_err());
    }
}

const STUDY: &str = r#"
name = "study"
workers = 3
n_reps = 2
seed = 5
domain = "a=[1, 2] * word=['it is', 'x']"
[[unit]]
name = "first"
run = ["sh", "first.sh", "--a={a}", "{word}", "{path}", "{id}", "{repetition}"]
[[unit]]
name = "second"
run = "wc -c {word} | cat"
shell = true
[[unit]]
name = "third"
mode = "generator"
run = "cat {first.size} {{x}}"
"#;

#[test]
fn a_dry_run_shows_the_plan_and_creates_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    fs::write(path.join("study.toml"), STUDY.replace('\'', "\\\"")).unwrap();
    let shown = research(path, &["run", "study.toml", "--dry-run", "-w", "4"]);
    assert_eq!(shown.status.code(), Some(0), "{shown:?}");
    let ids = research(
        path,
        &["domain", "study.toml", "--id-prefix=1", "--head", "1"],
    );
    assert!(ids.status.success());
    let said = text(&shown.stdout);
    let begin = "\
study: 8 experiments
domain: a=[1, 2] * word=[\"it is\", \"x\"]
repetitions of each config: 2
seed: 5
workers: 4
folder: study (will be created)
the first experiments:
";
    assert!(said.starts_with(begin), "{said}");
    let lines: Vec<&str> = said.lines().skip(begin.lines().count()).collect();
    assert_eq!(lines.len(), 3 * 4);
    let (id, title) = lines[0].trim().split_once(": ").unwrap();
    assert_eq!(title, "a=1, word=\"it is\", repetition 0");
    assert_eq!(
        lines[1],
        format!("    first: sh first.sh --a=1 'it is' {{path}} {id} 0")
    );
    assert_eq!(lines[2], "    second: wc -c 'it is' | cat");
    assert_eq!(lines[3], "    third (generator): cat {first.size} {x}");
    let as_json = ["run", "study.toml", "--dry-run", "-w4", "--format=json"];
    let plan = research(path, &as_json);
    let plan: serde_json::Value = serde_json::from_slice(&plan.stdout).unwrap();
    assert_eq!((&plan["name"], &plan["seed"]), (&"study".into(), &5.into()));
    assert_eq!(
        (&plan["experiments"], &plan["workers"]),
        (&8.into(), &4.into())
    );
    let one = &plan["first"][0];
    assert_eq!((&one["id"], &one["config"]["a"]), (&id.into(), &1.into()));
    assert_eq!(one["commands"][2]["unit"], "third");
    assert_eq!(one["commands"][2]["mode"], "generator");
    assert_eq!(one["commands"][2]["command"], "cat {first.size} {x}");
    let alone = research(path, &["run", "study.toml", "--format=json"]);
    assert_eq!(alone.status.code(), Some(2), "{alone:?}");
    assert_eq!(fs::read_dir(path).unwrap().count(), 1);
}

#[test]
fn a_dry_run_has_the_ids_of_the_run_and_reports_an_existing_research() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    research(path, &["init"]);
    let dry = research(path, &["run", "research.toml", "--dry-run"]);
    let first = text(&dry.stdout)
        .lines()
        .find_map(|line| line.trim().strip_suffix(": x=1, y=0.5"))
        .unwrap();
    research(path, &["run", "research.toml", "-q"]);
    let results = research(path, &["results", "first", "--id", first]);
    assert!(text(&results.stdout).contains(first), "{results:?}");
    let again = research(path, &["run", "research.toml", "--dry-run"]);
    assert_eq!(again.status.code(), Some(2));
    assert!(
        text(&again.stderr).contains("research resume first"),
        "{again:?}"
    );
    let prefixed = ["run", "research.toml", "--set=create_id_prefix=2", "-n=two"];
    let dry = research(path, &[&prefixed[..], &["--dry-run"]].concat());
    let id = format!("00_00_00_{first}");
    assert!(
        text(&dry.stdout).contains(&format!("  {id}: x=1")),
        "{dry:?}"
    );
    research(path, &[&prefixed[..], &["-q"]].concat());
    let results = research(path, &["results", "two", "--id", &id]);
    assert!(text(&results.stdout).contains(&id), "{results:?}");
}

#[test]
fn a_dry_run_shows_the_unique_names_of_units() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let unit = "[[unit]]\nname = \"u\"\nrun = \"echo 1\"\n";
    fs::write(path.join("twice.toml"), unit.repeat(2)).unwrap();
    let dry = research(path, &["run", "twice.toml", "--dry-run"]);
    assert!(
        text(&dry.stdout).ends_with("    u: echo 1\n    u_1: echo 1\n"),
        "{dry:?}"
    );
}

#[test]
fn a_research_in_memory_has_no_folder_and_cannot_be_detached() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    research(path, &["init"]);
    // A folder of another program, which a run in memory ignores.
    fs::create_dir(path.join("first")).unwrap();
    fs::write(path.join("first/output.txt"), "mine").unwrap();
    let run = ["run", "research.toml", "--set=dump_results=false"];
    let dry = research(path, &[&run[..], &["--dry-run"]].concat());
    assert!(
        text(&dry.stdout).contains("\nfolder: none (kept in memory)\n"),
        "{dry:?}"
    );
    let detached = research(path, &[&run[..], &["--detach"]].concat());
    assert_eq!(detached.status.code(), Some(2), "{detached:?}");
    assert!(
        text(&detached.stderr).contains("dump_results"),
        "{detached:?}"
    );
    let kept = fs::read_to_string(path.join("first/output.txt")).unwrap();
    assert_eq!(kept, "mine");
}

#[test]
fn a_dry_run_without_a_seed_warns_about_its_draws() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    research(path, &["init"]);
    let dry = |domain: &str, seed: &str| {
        let domain = format!("domain={domain:?}");
        let flags = [
            "--set",
            &domain,
            "--set=n_configs=2",
            "--set",
            seed,
            "--dry-run",
        ];
        let done = research(path, &[&["run", "research.toml"], &flags[..]].concat());
        text(&done.stdout).to_owned()
    };
    let drawn = "x=uniform(0, 1) * y=[1, 2]";
    let note = "the first experiments (the draws of the run will differ):";
    let text_unseeded = {
        let file = fs::read_to_string(path.join("research.toml")).unwrap();
        let unseeded: Vec<&str> = file
            .lines()
            .filter(|line| !line.starts_with("seed"))
            .collect();
        fs::write(path.join("research.toml"), unseeded.join("\n")).unwrap();
        dry(drawn, "workers=1")
    };
    assert!(text_unseeded.contains(note), "{text_unseeded}");
    assert!(!dry(drawn, "seed=1").contains("others"));
    assert!(!dry("x=[1] * y=[1, 2]", "workers=1").contains("others"));
}

#[test]
fn the_summary_shows_requested_variables() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    research(path, &["init"]);
    let arguments = [
        "run",
        "research.toml",
        "--summary-of=root",
        "--summary-of=loss",
    ];
    let run = research(path, &arguments);
    let said = text(&run.stderr);
    assert!(said.contains("\n  root: lowest 0.7071"), "{said}");
    assert!(said.contains(": x=3, y=0.5)\n"), "{said}");
    assert!(
        said.contains("loss: no experiment saved a number of this name"),
        "{said}"
    );
    let quiet = research(path, &["run", "research.toml", "--name", "b", "--quiet"]);
    assert_eq!((text(&quiet.stdout), text(&quiet.stderr)), ("", ""));
}

#[test]
fn the_summary_has_a_command_for_each_group_of_failures() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let file = "name = \"causes\"\ndomain = \"x=[1, 2]\"\nn_reps = 2\n[[unit]]\nname = \"ends\"\n\
                shell = true\nrun = \"exit {x}\"\n";
    fs::write(path.join("causes.toml"), file).unwrap();
    let ended = research(path, &["run", "causes.toml", "--no-bar"]);
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    let said = text(&ended.stderr);
    let commands: Vec<&str> = said
        .lines()
        .filter_map(|line| line.strip_prefix("  research show causes "))
        .collect();
    assert_eq!(commands.len(), 2, "{said}");
    for id in commands {
        let shown = research(path, &["show", "causes", id]);
        assert!(
            text(&shown.stdout).contains(": failed: exit code"),
            "{shown:?}"
        );
    }
}

#[test]
fn the_nearest_name_is_suggested() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    research(path, &["init"]);
    research(path, &["run", "research.toml", "-q"]);
    for (arguments, hint) in [
        (["status", "frist"], "did you mean `first`?"),
        (
            ["results", "./something"],
            "`research list` shows the researches in a folder",
        ),
        (["resume", "firs"], "did you mean `first`?"),
    ] {
        let ended = research(path, &arguments);
        assert_eq!(ended.status.code(), Some(2));
        let last = text(&ended.stderr).lines().last().unwrap().to_owned();
        assert_eq!(last, format!("  = help: {hint}"), "{ended:?}");
    }
}

#[test]
fn shell_completions_list_names_and_flags() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    fs::create_dir(path.join("data")).unwrap();
    research(path, &["init", "first.toml"]);
    research(path, &["run", "first.toml", "-q"]);
    for (shell, word) in [
        ("bash", "complete "),
        ("zsh", "#compdef"),
        ("fish", "complete "),
    ] {
        let script = research(path, &["completions", shell]);
        assert!(text(&script.stdout).contains(word), "{script:?}");
    }
    let completed = |words: &[&str]| {
        let answer = Command::new(env!("CARGO_BIN_EXE_research"))
            .args(["--", "research"])
            .args(words)
            .current_dir(path)
            .env("RESEARCH_COMPLETE", "bash")
            .env("_CLAP_COMPLETE_INDEX", words.len().to_string())
            .env("_CLAP_IFS", "\n")
            .output()
            .unwrap();
        text(&answer.stdout)
            .lines()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(completed(&["stat"]), ["status"]);
    assert_eq!(completed(&["status", "f"]), ["first"]);
    assert_eq!(completed(&["run", "f"]), ["first.toml", "first/"]);
    assert_eq!(completed(&["status", "--form"]), ["--format"]);
    assert_eq!(
        completed(&["status", "first", "--format", ""]),
        ["text", "json", "csv"]
    );
}

#[test]
fn each_command_has_a_manual_page() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    assert!(research(path, &["man", "--to", "pages"]).status.success());
    let page = fs::read_to_string(path.join("pages/research-run.1")).unwrap();
    assert!(
        page.contains("research\\-run \\- Run the experiments"),
        "{page}"
    );
    assert_eq!(text(&research(path, &["man", "run"]).stdout), page);
    let main = text(&research(path, &["man"]).stdout).to_owned();
    assert_eq!(
        main,
        fs::read_to_string(path.join("pages/research.1")).unwrap()
    );
    assert_eq!(research(path, &["man", "rnu"]).status.code(), Some(2));
}

#[test]
fn the_version_describes_the_build() {
    let here = Path::new(".");
    let long = research(here, &["--version"]);
    let begin = format!("research {}", env!("CARGO_PKG_VERSION"));
    assert!(text(&long.stdout).starts_with(&begin));
    assert!(text(&long.stdout).contains("; "), "{long:?}");
    assert!(text(&long.stdout).contains(", rustc 1."), "{long:?}");
    assert_eq!(text(&research(here, &["-V"]).stdout).trim(), begin);
}
