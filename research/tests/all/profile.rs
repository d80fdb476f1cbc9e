//! Profiles of whole researches.

use crate::common::folder;
use research::storage::Format;
use research::{ExecutorTarget, ProfileOptions, Research, ResearchError, ec, it, option};
use tracing::info_span;

fn study(name: &str, level: u8) -> Research {
    let step = || info_span!("step").in_scope(|| std::hint::black_box(1));
    Research::new(name)
        .folder(folder(name))
        .domain(option("a", 0..6_i64))
        .callable(
            "train",
            move |_: u64| {
                let _span = info_span!("train").entered();
                (0..10).map(|_| step()).sum::<i64>()
            },
            (it(),),
        )
        .callable("test", |i: u64| i, (it(),))
        .when(2)
        .n_iters(4)
        .workers(2)
        .profile(level)
}

#[test]
fn a_profile_says_what_units_took_in_all_experiments_and_in_some() {
    let finished = study("profiled", 1).run().unwrap();
    let profile = finished.profile().unwrap();
    let mut calls: Vec<_> = profile
        .units
        .iter()
        .map(|time| (time.unit.as_deref(), time.calls))
        .collect();
    calls.sort_unstable();
    assert_eq!(calls, [(None, 24), (Some("test"), 12), (Some("train"), 24)]);
    assert_eq!(profile.units[0].unit, None, "the iterations took most");
    assert!(
        profile
            .units
            .iter()
            .all(|time| time.mean() <= time.longest && time.longest <= time.total)
    );
    assert!(profile.spans.is_empty() && profile.iterations.is_empty());

    let results = finished.results().load().unwrap();
    let id = results.experiments().next().unwrap().record.id.to_string();
    let options = ProfileOptions::default().ids([id]).by_iteration(true);
    let one = finished.profile_with(&options).unwrap();
    let calls: Vec<_> = one
        .iterations
        .iter()
        .map(|(iteration, time)| (*iteration, time.unit.as_deref(), time.calls))
        .collect();
    assert_eq!(calls[..2], [(0, None, 1), (0, Some("train"), 1)]);
    assert_eq!(
        calls[2..5],
        [(1, None, 1), (1, Some("test"), 1), (1, Some("train"), 1)]
    );
    let unknown = finished.profile_with(&ProfileOptions::default().ids(["abc"]));
    assert!(matches!(unknown, Err(ResearchError::Options(problem)) if problem.contains("abc")));
}

#[test]
fn spans_of_units_come_from_all_processes_and_are_kept() {
    let finished = study("spans", 2).run().unwrap();
    let loaded = research::CompletedRun::load(finished.folder().unwrap()).unwrap();
    let profile = loaded.profile().unwrap();
    let mut spans: Vec<_> = profile
        .spans
        .iter()
        .map(|one| (one.unit.as_str(), one.span.name.as_str(), one.span.calls))
        .collect();
    spans.sort_unstable();
    assert_eq!(spans, [("train", "step", 240), ("train", "train", 24)]);
    assert!(profile.units.iter().any(|time| time.peak_memory > 0));
    let mut text = Vec::new();
    profile.spans_table().write(Format::Csv, &mut text).unwrap();
    let text = String::from_utf8(text).unwrap();
    assert!(
        text.starts_with("span,unit,calls,own,total,target\n"),
        "{text}"
    );
    let columns = profile.units_table().columns().join(",");
    assert_eq!(
        columns,
        "unit,calls,total,mean,longest,share,cpu,page_faults,peak_memory"
    );
}

#[test]
fn iterations_of_branches_take_no_longer_than_the_run() {
    for target in [ExecutorTarget::For, ExecutorTarget::Threads] {
        let spin = |_: i64| (0..300_000_u64).map(std::hint::black_box).sum::<u64>();
        let finished = Research::new("branches")
            .in_memory()
            .domain(option("a", 0..4_i64))
            .callable("spin", spin, (ec("a"),))
            .n_iters(5)
            .branches(4)
            .executor_target(target)
            .profile(1)
            .run()
            .unwrap();
        let results = finished.results().load().unwrap();
        let seconds = results.experiments().filter_map(|one| one.seconds());
        let profile = finished.profile().unwrap();
        let iterations = profile.units.iter().find(|time| time.unit.is_none());
        let iterations = iterations.unwrap();
        assert_eq!(iterations.calls, 20);
        // The four experiments run at the same time.
        assert!(
            iterations.total <= seconds.fold(0.0, f64::max),
            "{profile:?}"
        );
    }
}
