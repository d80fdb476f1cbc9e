//! Units that read the results and the storage of their own research.

use std::time::{Duration, Instant};

use crate::common::{csv, folder, last_values};
use research::{
    CompletedRun, Context, Executor, Experiment, Isolation, Research, Results, Shared, Status,
    UnitError, ec, option, r, s,
};

/// Waits until the research has this many saved values of `x`, and returns their sum.
fn sum_of_earlier(cx: &mut Context) -> Result<i64, UnitError> {
    let place = usize::try_from(cx.record().place)?;
    let begin = Instant::now();
    loop {
        let results: Shared<Results> = cx.read(&r())?;
        let before = results
            .experiments()
            .filter(|one| one.record.place < place as u64);
        let values: Vec<i64> = before
            .filter_map(|one| one.variable("x")?.column().get(0)?.to().ok())
            .collect();
        if values.len() == place {
            return Ok(values.iter().sum());
        }
        if begin.elapsed() > Duration::from_secs(20) {
            return Err(format!("only {} values of {place} came", values.len()).into());
        }
        std::thread::yield_now();
    }
}

fn study(name: &str) -> Research {
    Research::new(name)
        .domain(option("x", 1..=4_i64))
        .callable("x", |x: i64| x, (ec("x"),))
        .save_to("x")
        .unit("sum", sum_of_earlier)
        .save_to("sum")
}

#[test]
fn a_unit_reads_what_experiments_before_it_have_saved() {
    let folder = folder("reading");
    let forked = study("forked").folder(&folder).run().unwrap();
    assert_eq!(last_values(&forked), ["0", "1", "3", "6"]);
    let shared = study("shared")
        .folder(&folder)
        .isolation(Isolation::Worker)
        .run()
        .unwrap();
    assert_eq!(last_values(&shared), ["0", "1", "3", "6"]);
    let here = study("here")
        .folder(&folder)
        .isolation(Isolation::None)
        .run()
        .unwrap();
    assert_eq!(last_values(&here), ["0", "1", "3", "6"]);
    let memory = study("memory")
        .in_memory()
        .isolation(Isolation::None)
        .run()
        .unwrap();
    assert_eq!(last_values(&memory), ["0", "1", "3", "6"]);
}

#[test]
fn a_unit_reads_the_storage() {
    let folder = folder("storage");
    let finished = Research::new("kept")
        .folder(&folder)
        .callable(
            "name",
            |storage: Shared<CompletedRun>| {
                let path = storage
                    .folder()
                    .map(|folder| folder.join("research.json").is_file());
                (storage.record().name.clone(), path)
            },
            (s(),),
        )
        .save_parts_to([Some("name"), Some("has_record")])
        .run()
        .unwrap();
    assert!(
        csv(&finished).ends_with(",0,kept,true\n"),
        "{}",
        csv(&finished)
    );
}

#[test]
fn what_cannot_be_read_is_an_error_of_the_unit() {
    let reason = |finished: &CompletedRun| {
        let results = finished.results().load().unwrap();
        let one = results.experiments().next().unwrap();
        assert_eq!(one.status, Some(Status::Failed));
        one.reason.clone().unwrap()
    };
    let elsewhere = study("elsewhere").in_memory().run().unwrap();
    assert!(
        reason(&elsewhere).contains(
            "unit `sum` failed in iteration 0: the research cannot be \
             read: it is kept in the memory of another process"
        ),
        "{}",
        reason(&elsewhere)
    );
    let wrong_type = Research::new("wrong")
        .in_memory()
        .isolation(Isolation::None)
        .callable("f", |_: f64| 1, (r(),))
        .run()
        .unwrap();
    assert!(
        reason(&wrong_type).contains("the results so far is an object"),
        "{}",
        reason(&wrong_type)
    );
    let experiment = Experiment::builder().callable("f", |_: Shared<Results>| 1, (r(),));
    let alone = Executor::new(experiment.build().unwrap()).run().unwrap();
    let ending = &alone.branches()[0].ending;
    assert!(
        ending
            .reason
            .as_ref()
            .unwrap()
            .contains("this executor stands alone"),
        "{ending:?}"
    );
}
