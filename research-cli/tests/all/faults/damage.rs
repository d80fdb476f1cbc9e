//! Damaged logs: all commands agree on the intact part, and every loss is reported.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::mutations::damage;
use super::random::Random;
use super::study::{
    Study, assert_complete, assert_nothing_is_wrong, cells, count, expected, results,
};
use super::{for_each_seed, research};
use crate::support::Project;

#[test]
fn damaged_logs() {
    expected();
    for_each_seed("damage", 24, |random| {
        let studies = Study::all();
        let study = &studies[usize::try_from(random.below(3)).unwrap()];
        let other = &studies[usize::try_from(random.below(3)).unwrap()];
        let (way, bytes) = damage(&study.log(), &other.log(), random);
        let project = study.copy();
        fs::write(project.path("s/events.log"), &bytes).unwrap();
        let case = Case {
            study,
            what: format!("{}, {way}", study.state),
            bytes,
            folder: project.path("."),
            _place: project,
        };
        case.check(random);
    });
}

struct Case<'s> {
    study: &'s Study,
    what: String,
    bytes: Vec<u8>,
    folder: PathBuf,
    _place: Project,
}

impl Case<'_> {
    fn check(&self, random: &mut Random) {
        let found = self.found_by_doctor();
        let shown = self.shown_by_readers(found);
        self.compact(shown);
        match random.chance(50) && found == 1 {
            true => self.salvage(),
            false => self.resume(),
        }
    }

    /// The exit code of `doctor`: 0 intact, 1 damaged, 3 unreadable.
    fn found_by_doctor(&self) -> i32 {
        let done = research(&self.folder, &["doctor", "s"]);
        let code = done.code.unwrap();
        assert!([0, 1, 3].contains(&code), "{}: {done:?}", self.what);
        code
    }

    /// Checks that all readers agree with `doctor`. Returns the number of values.
    fn shown_by_readers(&self, found: i32) -> usize {
        let folder = &self.folder;
        let status = research(folder, &["status", "s"]);
        let results = results(folder);
        let query = research(folder, &["query", "s", "select count(*) from results"]);
        for done in [&status, &results, &query] {
            let what = format!("{}: doctor said {found}, and then {done:?}", self.what);
            match (found, done.code) {
                (0, Some(0)) => assert!(!done.stderr.contains("warning"), "{what}"),
                (_, Some(0)) => assert!(done.stderr.contains("warning"), "{what}"),
                (1 | 3, Some(2 | 3)) => assert!(done.stderr.contains("error: "), "{what}"),
                _ => panic!("{what}"),
            }
        }
        assert_eq!(status.code, results.code, "{}: {results:?}", self.what);
        if results.code != Some(0) {
            return 0;
        }
        let cells = cells(&results.stdout);
        assert_nothing_is_wrong(&cells, &self.what);
        if found == 0 && self.bytes == self.study.log() && self.study.state == "finished" {
            assert_eq!(&cells, expected(), "{}", self.what);
        }
        count(&cells)
    }

    /// Checks that tables and large values beyond the log are kept.
    fn compact(&self, shown: usize) {
        let copy = tempfile::tempdir().unwrap();
        super::copy(&self.folder.join("."), copy.path());
        let before = kept(copy.path());
        let done = research(copy.path(), &["compact", "s"]);
        assert!(matches!(done.code, Some(0..=3)), "{}: {done:?}", self.what);
        let after = kept(copy.path());
        let is_less = shown < count(expected());
        for (path, bytes) in &before {
            let is_table = path.extension().is_some_and(|it| it == "parquet");
            if is_less || !is_table {
                let what = format!("{}: {path:?} after {done:?}", self.what);
                assert!(after.get(path) == Some(bytes), "{what}");
            }
        }
    }

    /// Checks that `resume` completes the research, or is refused and changes nothing.
    fn resume(&self) {
        let folder = &self.folder;
        let done = research(folder, &["resume", "s"]);
        match done.code {
            Some(0) => {
                assert_complete(folder, &format!("{}, resumed: {done:?}", self.what));
                // If nothing remains to run, only a torn end is cut off.
                let now = fs::read(folder.join("s/events.log")).unwrap();
                if now == self.bytes {
                    let is_said = done.stderr.contains("nothing to run");
                    assert!(is_said, "{}: {done:?}", self.what);
                    research(folder, &["doctor", "s", "--salvage"]);
                    assert_complete(folder, &self.what);
                }
                let doctor = research(folder, &["doctor", "s"]);
                assert_eq!(doctor.code, Some(0), "{}: {doctor:?}", self.what);
            }
            Some(2 | 3) => {
                assert!(done.stderr.contains("error: "), "{}: {done:?}", self.what);
                let now = fs::read(folder.join("s/events.log")).unwrap();
                assert!(now == self.bytes, "{}: the log was changed", self.what);
            }
            _ => panic!("{}: {done:?}", self.what),
        }
    }

    /// Checks that repair keeps the intact experiments, and that the others run again.
    fn salvage(&self) {
        let folder = &self.folder;
        let done = research(folder, &["doctor", "s", "--salvage"]);
        let what = format!("{}, salvaged: {done:?}", self.what);
        if done.code == Some(3) {
            let now = fs::read(folder.join("s/events.log")).unwrap();
            assert!(now == self.bytes, "{what}");
            return;
        }
        let salvaged = results(folder);
        assert_eq!(salvaged.code, Some(0), "{what}, then {salvaged:?}");
        assert_nothing_is_wrong(&cells(&salvaged.stdout), &what);
        let resumed = research(folder, &["resume", "s"]);
        assert_eq!(resumed.code, Some(0), "{what}, then {resumed:?}");
        assert_complete(folder, &what);
    }
}

/// Returns the tables and the files of large values.
fn kept(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let research = folder.join("s");
    let mut kept = BTreeMap::new();
    for folder in [research.clone(), research.join("values")] {
        for entry in fs::read_dir(&folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            let is_value = folder.ends_with("values");
            if is_value || path.extension().is_some_and(|it| it == "parquet") {
                let bytes = fs::read(&path).unwrap();
                kept.insert(path.strip_prefix(&research).unwrap().to_owned(), bytes);
            }
        }
    }
    kept
}
