//! The research of the fault tests when it is finished, stopped, or killed, and comparisons of its
//! results with the expected ones.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use super::{copy, research};
use crate::support::{CommandOutput, Project};

/// Iterations with numbers and a string; one string is long enough for a separate file.
pub(super) const FILE: &str = r#"
name = "s"
seed = 1
workers = 2
domain = "a=[1, 2, 3, 4, 5, 6]"
[[unit]]
name = "steps"
mode = "generator"
run = "./steps.sh {a}"
save_to = "step"
[[unit]]
name = "u"
run = "./u.sh {a}"
output = "text"
save_to = "text"
when = "last"
"#;

/// The folder of a research in some state, and its expected results.
pub(super) struct Study {
    project: Project,
    pub(super) state: &'static str,
}

/// The values of a table, by experiment and iteration, and then by column.
pub(super) type Cells = BTreeMap<(String, String), BTreeMap<String, String>>;

impl Study {
    /// Creates a folder with the research file and its programs, which wait for a file `gate` if
    /// `a` is more than 3.
    pub(super) fn files() -> Project {
        let project = Project::with(FILE);
        project.script(
            "steps.sh",
            "for i in 1 2 3; do echo $(($1 * 10 + $i)); done",
        );
        project.script(
            "u.sh",
            "touch begun.$1
            [ $1 -le 3 ] || while ! [ -e gate ]; do sleep 0.01; done
            if [ $1 = 2 ]; then head -c 1200000 /dev/zero | tr '\\0' b; else echo text of $1; fi",
        );
        project
    }

    fn finished() -> Self {
        let project = Self::files();
        project.write("gate", "");
        project.run(&[]);
        Self {
            project,
            state: "finished",
        }
    }

    /// Returns a research whose run signals have ended.
    fn ended_by(state: &'static str, signals: &[&str]) -> Self {
        let project = Self::files();
        let running = project.start(&["run", "research.toml"]);
        running.wait_for_file("begun.4");
        running.wait_for_file("begun.5");
        for signal in signals {
            running.signal(signal);
            if *signal == "INT" {
                running.wait_for_log("s", "running experiments finish");
            }
        }
        running.end();
        project.wait_for_silence();
        project.write("gate", "");
        Self { project, state }
    }

    /// Returns a research in each state. Each is created once.
    pub(super) fn all() -> &'static [Self; 3] {
        static ALL: OnceLock<[Study; 3]> = OnceLock::new();
        ALL.get_or_init(|| {
            [
                Self::finished(),
                Self::ended_by("stopped", &["INT", "INT"]),
                Self::ended_by("killed", &["KILL"]),
            ]
        })
    }

    /// Copies the folder, with its programs.
    pub(super) fn copy(&self) -> Project {
        let project = Project::new();
        copy(&self.project.path("."), &project.path("."));
        project
    }

    pub(super) fn log(&self) -> Vec<u8> {
        fs::read(self.project.path("s/events.log")).unwrap()
    }
}

/// The results of every complete run.
pub(super) fn expected() -> &'static Cells {
    static EXPECTED: OnceLock<Cells> = OnceLock::new();
    EXPECTED.get_or_init(|| {
        let project = Study::all()[0].project.path(".");
        let all = cells(&results(&project).stdout);
        assert_eq!(all.len(), 24, "{all:?}");
        all
    })
}

pub(super) fn results(folder: &Path) -> CommandOutput {
    research(folder, &["results", "s", "--format", "csv"])
}

/// The filled cells of a table.
pub(super) fn cells(csv: &str) -> Cells {
    let mut lines = csv.lines();
    let names: Vec<&str> = lines.next().unwrap_or_default().split(',').collect();
    let mut cells = Cells::new();
    for line in lines {
        let mut row: BTreeMap<String, String> = names
            .iter()
            .zip(line.split(','))
            .filter(|(_, cell)| !cell.is_empty())
            .map(|(name, cell)| ((*name).to_owned(), cell.to_owned()))
            .collect();
        let id = row.remove("id").expect("an id");
        let iteration = row.remove("iteration").unwrap_or_default();
        let before = cells.insert((id, iteration), row);
        assert!(before.is_none(), "a row is there twice: {line}");
    }
    cells
}

/// Returns the number of cells.
pub(super) fn count(cells: &Cells) -> usize {
    cells.values().map(BTreeMap::len).sum()
}

/// Checks that no cell has a wrong value.
pub(super) fn assert_nothing_is_wrong(cells: &Cells, what: &str) {
    for (key, row) in cells {
        for (name, cell) in row {
            let wanted = expected().get(key).and_then(|row| row.get(name));
            assert_eq!(Some(cell), wanted, "{what}: {name} of {key:?}");
        }
    }
}

/// Checks that all values are present and correct.
pub(super) fn assert_complete(folder: &Path, what: &str) {
    let done = results(folder);
    assert_eq!(done.code, Some(0), "{what}: {done:?}");
    assert_eq!(&cells(&done.stdout), expected(), "{what}");
}

/// Checks a command that ran under a fault: it succeeded or reported an error, and missing
/// experiments can be run again.
pub(super) fn assert_recovers(project: &Project, done: &CommandOutput, what: &str) {
    let folder = project.path(".");
    let exists = project.path("s").exists();
    if exists {
        let results = results(&folder);
        assert_eq!(results.code, Some(0), "{what}, then {results:?}");
        // A failed experiment saves its last value at another iteration.
        if done.code != Some(1) {
            assert_nothing_is_wrong(&cells(&results.stdout), what);
        }
    }
    match done.code.unwrap() {
        0 => assert_complete(&folder, what),
        // An experiment fails if its program cannot be started.
        1 => {
            assert!(
                done.stderr.contains("failed") || done.stderr.contains("killed"),
                "{what}"
            );
            let again = research(&folder, &["resume", "s", "--failed"]);
            assert_eq!(again.code, Some(0), "{what}, then {again:?}");
            assert_complete(&folder, what);
        }
        2 | 3 => {
            assert!(done.stderr.contains("error: "), "{what}");
            let says_why = ["os error", "Errno(", "lost", "has ended"];
            assert!(
                says_why.iter().any(|why| done.stderr.contains(why)),
                "{what}"
            );
            let arguments: &[&str] = match exists {
                true => &["resume", "s"],
                false => &["run", "research.toml"],
            };
            let again = research(&folder, arguments);
            assert_eq!(again.code, Some(0), "{what}, then {again:?}");
            assert_complete(&folder, what);
        }
        _ => panic!("{what}"),
    }
    let doctor = research(&folder, &["doctor", "s"]);
    assert_eq!(doctor.code, Some(0), "{what}, then {doctor:?}");
}
