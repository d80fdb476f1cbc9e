//! Reproducing one experiment of a stored research.

use std::fs;
use std::path::Path;

use crate::common::{folder, is_worker};
use research::base::rand_core::Rng;
use research::{CompletedRun, Context, Difference, Research, ResearchError, Status, Value, option};

/// Returns the name of a test's study, by which workers distinguish its runs from those of other
/// tests.
fn name(folder: &Path) -> &str {
    folder.file_name().unwrap().to_str().unwrap()
}

/// Three experiments that draw random numbers; the number that they add is in a file.
fn study(folder: &Path) -> Research {
    let added = folder.join("added");
    Research::new(name(folder))
        .folder(folder)
        .domain(option("x", [1_i64, 2, 3]))
        .unit("draw", |cx: &mut Context| {
            Ok(i64::from(cx.rng().next_u32()))
        })
        .save_to("drawn")
        .unit("add", move |cx: &mut Context| {
            let added: i64 = fs::read_to_string(&added)?.trim().parse()?;
            if added < 0 {
                return Err("it is less than nothing".into());
            }
            Ok(cx.config_item::<i64>("x")? + added * i64::from(cx.iteration() == 1))
        })
        .save_to("sum")
        .n_iters(2)
        .seed(7)
}

/// Writes the number to add; a worker finds the file of its leader.
fn add(folder: &Path, number: i64) {
    if !is_worker() {
        fs::write(folder.join("added"), number.to_string()).unwrap();
    }
}

fn ids(finished: &CompletedRun) -> Vec<String> {
    let results = finished.results().load().unwrap();
    let experiments = results.experiments();
    experiments.map(|one| one.record.id.to_string()).collect()
}

/// Returns all files of the research, with their contents.
fn stored(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(folder.join(name(folder))).unwrap().flatten();
    let files = entries.filter(|entry| entry.path().is_file());
    let mut files: Vec<_> = files
        .map(|entry| {
            let name = entry.file_name().into_string().unwrap();
            (name, fs::read(entry.path()).unwrap())
        })
        .collect();
    files.sort();
    files
}

#[test]
fn what_an_experiment_does_again_is_the_same_and_touches_nothing() {
    let folder = folder("reproduce-same");
    add(&folder, 10);
    let finished = study(&folder).workers(2).run().unwrap();
    let before = (!is_worker()).then(|| stored(&folder));
    for id in ids(&finished) {
        let again = study(&folder)
            .workers(2)
            .branches(3)
            .reproduce(&id)
            .unwrap();
        assert!(again.is_same(), "{:?}", again.differences);
        // Two variables in two iterations.
        assert_eq!(again.compared, 4);
        assert_eq!(again.now.values, again.stored.values);
        assert_eq!(again.now.record, again.stored.record);
        assert_eq!(again.now.record.id.to_string(), id);
        assert_eq!(again.now.status, Some(Status::Finished));
    }
    assert_eq!(stored(&folder), before.unwrap());
}

#[test]
fn what_differs_is_told_value_by_value() {
    let folder = folder("reproduce-differs");
    add(&folder, 10);
    let finished = study(&folder).run().unwrap();
    let id = ids(&finished).remove(1);
    add(&folder, 20);
    // A unique prefix of the id is enough.
    let again = study(&folder).reproduce(&id[..8]).unwrap();
    assert!(!again.is_same());
    let difference = Difference {
        variable: "sum".to_owned(),
        iteration: 1,
        stored: Some(Value::Int(12)),
        now: Some(Value::Int(22)),
    };
    assert_eq!(again.differences, [difference]);
    assert_eq!(
        again.differences[0].to_string(),
        "sum, iteration 1: 12 is stored, and now it is 22"
    );

    add(&folder, -1);
    let failed = study(&folder).reproduce(&id).unwrap();
    assert!(!failed.is_same());
    assert_eq!(failed.stored.status, Some(Status::Finished));
    assert_eq!(failed.now.status, Some(Status::Failed));
    let missing = failed.differences.iter().filter(|one| one.now.is_none());
    assert_eq!(missing.count(), 3, "{:?}", failed.differences);
}

#[test]
fn what_cannot_be_reproduced_is_refused() {
    let folder = folder("reproduce-refused");
    add(&folder, 10);
    let finished = study(&folder).run().unwrap();
    let id = ids(&finished).remove(0);
    let refused = |study: Research, id: &str| study.reproduce(id).unwrap_err();

    let unknown = refused(study(&folder), "zz");
    assert!(
        matches!(unknown, ResearchError::NoExperiment { .. }),
        "{unknown}"
    );
    let memory = refused(study(&folder).in_memory(), &id);
    assert!(matches!(memory, ResearchError::InMemory { .. }), "{memory}");
    let changed = refused(study(&folder).n_iters(3), &id);
    assert!(
        matches!(changed, ResearchError::Changed { .. }),
        "{changed}"
    );
    let seed = refused(study(&folder).seed(8), &id);
    assert!(seed.to_string().contains("seed 7"), "{seed}");
    let nowhere = refused(study(&folder.join("elsewhere")), &id);
    assert!(matches!(nowhere, ResearchError::Storage(_)), "{nowhere}");
}

#[test]
fn large_values_are_compared_too() {
    let folder = folder("reproduce-large");
    let study = |folder: &Path| {
        let added = folder.join("added");
        Research::new(name(folder))
            .folder(folder)
            .unit("text", move |_: &mut Context| {
                Ok(fs::read_to_string(&added)?.repeat(1 << 20))
            })
            .save_to("text")
            .seed(7)
    };
    add(&folder, 1);
    let finished = study(&folder).run().unwrap();
    let id = ids(&finished).remove(0);
    let again = study(&folder).reproduce(&id).unwrap();
    assert!(again.is_same(), "{:?}", again.differences);
    assert_eq!(again.compared, 1);
    add(&folder, 2);
    let other = study(&folder).reproduce(&id).unwrap();
    assert_eq!(other.differences.len(), 1, "{:?}", other.differences);
}
