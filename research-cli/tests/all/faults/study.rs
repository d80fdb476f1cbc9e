//! The research that is disturbed, as it stands when it has finished, was stopped, or was killed; and
//! how what is read of it is compared with what it should be.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use super::{copy, research};
use crate::place::{Done, Place};

/// Iterations with numbers and a text; one text is long enough to have a file of its own.
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

/// What is in the folder of a research in some state, and what it would come to.
pub(super) struct Study {
    place: Place,
    pub(super) state: &'static str,
}

/// The values of a table, by experiment and iteration, and then by column.
pub(super) type Cells = BTreeMap<(String, String), BTreeMap<String, String>>;

impl Study {
    /// A folder with the research file and its programs, which wait for a file `gate` where `a` is more
    /// than 3.
    pub(super) fn files() -> Place {
        let place = Place::with(FILE);
        place.script(
            "steps.sh",
            "for i in 1 2 3; do echo $(($1 * 10 + $i)); done",
        );
        place.script(
            "u.sh",
            "touch begun.$1
            [ $1 -le 3 ] || while ! [ -e gate ]; do sleep 0.01; done
            if [ $1 = 2 ]; then head -c 1200000 /dev/zero | tr '\\0' b; else echo text of $1; fi",
        );
        place
    }

    fn finished() -> Self {
        let place = Self::files();
        place.write("gate", "");
        place.run(&[]);
        Self {
            place,
            state: "finished",
        }
    }

    /// One that some signals have ended in the middle.
    fn ended_by(state: &'static str, signals: &[&str]) -> Self {
        let place = Self::files();
        let running = place.start(&["run", "research.toml"]);
        running.wait_for_file("begun.4");
        running.wait_for_file("begun.5");
        for signal in signals {
            running.signal(signal);
            if *signal == "INT" {
                running.wait_for_log("s", "running experiments finish");
            }
        }
        running.end();
        place.wait_for_silence();
        place.write("gate", "");
        Self { place, state }
    }

    /// A research in each state, which is made once.
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

    /// A copy of it, with the programs that it needs.
    pub(super) fn copy(&self) -> Place {
        let place = Place::new();
        copy(&self.place.path("."), &place.path("."));
        place
    }

    pub(super) fn log(&self) -> Vec<u8> {
        fs::read(self.place.path("s/events.log")).unwrap()
    }
}

/// What every complete run comes to.
pub(super) fn expected() -> &'static Cells {
    static EXPECTED: OnceLock<Cells> = OnceLock::new();
    EXPECTED.get_or_init(|| {
        let place = Study::all()[0].place.path(".");
        let all = cells(&results(&place).out);
        assert_eq!(all.len(), 24, "{all:?}");
        all
    })
}

pub(super) fn results(folder: &Path) -> Done {
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

/// How many cells there are.
pub(super) fn count(cells: &Cells) -> usize {
    cells.values().map(BTreeMap::len).sum()
}

/// No cell has another value than it should have.
pub(super) fn assert_nothing_is_wrong(cells: &Cells, what: &str) {
    for (key, row) in cells {
        for (name, cell) in row {
            let wanted = expected().get(key).and_then(|row| row.get(name));
            assert_eq!(Some(cell), wanted, "{what}: {name} of {key:?}");
        }
    }
}

/// Nothing is missing, and nothing is wrong.
pub(super) fn assert_complete(folder: &Path, what: &str) {
    let done = results(folder);
    assert_eq!(done.code, Some(0), "{what}: {done:?}");
    assert_eq!(&cells(&done.out), expected(), "{what}");
}

/// A command that has run experiments under some fault: it has done all, or says what is wrong; and
/// what is missing can be run again.
pub(super) fn assert_recovers(place: &Place, done: &Done, what: &str) {
    let folder = place.path(".");
    let exists = place.path("s").exists();
    if exists {
        let results = results(&folder);
        assert_eq!(results.code, Some(0), "{what}, then {results:?}");
        // What an experiment that fails saves at its end is at another iteration.
        if done.code != Some(1) {
            assert_nothing_is_wrong(&cells(&results.out), what);
        }
    }
    match done.code.unwrap() {
        0 => assert_complete(&folder, what),
        // What could not be started is a failure of its experiment.
        1 => {
            assert!(
                done.err.contains("failed") || done.err.contains("killed"),
                "{what}"
            );
            let again = research(&folder, &["resume", "s", "--failed"]);
            assert_eq!(again.code, Some(0), "{what}, then {again:?}");
            assert_complete(&folder, what);
        }
        2 | 3 => {
            assert!(done.err.contains("error: "), "{what}");
            let says_why = ["os error", "Errno(", "lost", "has ended"];
            assert!(says_why.iter().any(|why| done.err.contains(why)), "{what}");
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
