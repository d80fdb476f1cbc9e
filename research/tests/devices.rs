//! What experiments see of devices; this test program is started again as their workers.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use research::exec::devices::ScriptedProbe;
use research::storage::{Format, TableOptions};
use research::{Context, ExecutorTarget, Finished, Isolation, Research, ResearchError, option};
use serde_json::{Value as Json, json};

const GIB: u64 = 1 << 30;

/// A run in memory, where there are four devices; its experiments save what their process sees of
/// these, and what their config says.
fn study(name: &str, configs: i64) -> Research {
    Research::new(name)
        .in_memory()
        .seed(1)
        .domain(option("x", 0..configs))
        .device_probe(ScriptedProbe::new(["A", "B", "C", "C"], 8 * GIB))
        .unit("seen", |_: &mut Context| {
            let names = ["CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER"];
            let value = |name| std::env::var(name).unwrap_or("not set".to_owned());
            Ok(names.map(value).join(" "))
        })
        .save_to("seen")
        .unit("device", |cx: &mut Context| {
            Ok(cx.full_config().get("device").unwrap().clone())
        })
        .save_to("device")
}

fn rows(finished: &Finished) -> Vec<Json> {
    let mut text = Vec::new();
    let options = TableOptions::default();
    let results = finished.results();
    results.write(&options, Format::Json, &mut text).unwrap();
    serde_json::from_slice(&text).unwrap()
}

/// What was seen, each once.
fn seen(finished: &Finished) -> Vec<(Json, Json)> {
    let mut seen = Vec::new();
    for row in rows(finished) {
        let one = (row["seen"].clone(), row["device"].clone());
        if !seen.contains(&one) {
            seen.push(one);
        }
    }
    seen.sort_by_key(|(seen, device)| format!("{seen}{device}"));
    seen
}

/// With four devices for two workers, an experiment sees the two of its worker.
#[test]
fn experiments_see_the_devices_of_their_worker() {
    for isolation in [Isolation::Experiment, Isolation::Worker] {
        let research = study("seen", 2)
            .workers(2)
            .isolation(isolation)
            .devices([0, 1, 2, 3]);
        let finished = research.run().unwrap();
        for (seen, device) in seen(&finished) {
            let ours = ["GPU-00000000,GPU-00000001", "GPU-00000002,GPU-00000003"];
            let is_ours = |visible: &&str| seen == json!(format!("{visible} PCI_BUS_ID"));
            assert!(ours.iter().any(is_ours), "{seen}");
            assert_eq!(device, json!(["0", "1"]));
        }
    }
}

/// A program that started threads before `run` starts its executors by execution.
#[test]
fn executed_executors_see_them_too() {
    let (stop, stopped) = std::sync::mpsc::channel::<()>();
    let thread = std::thread::spawn(move || stopped.recv());
    let finished = study("executed", 2).devices(["a"]).run().unwrap();
    assert_eq!(
        seen(&finished),
        [(json!("GPU-00000000 PCI_BUS_ID"), json!("0"))]
    );
    drop(stop);
    let _ = thread.join();
}

#[test]
fn branches_have_devices_of_their_own() {
    for target in [ExecutorTarget::Threads, ExecutorTarget::For] {
        let research = study("branches", 4).branches(2).executor_target(target);
        let finished = research
            .devices(vec![vec![vec![3, 1], vec![1]]])
            .run()
            .unwrap();
        let all = json!("GPU-00000003,GPU-00000001 PCI_BUS_ID");
        assert_eq!(
            seen(&finished),
            [(all.clone(), json!("1")), (all, json!(["0", "1"]))]
        );
    }
}

#[test]
fn a_worker_without_devices_sees_none() {
    let research = study("none", 1).devices(vec![Vec::<i64>::new()]);
    // Nobody has any: nothing is hidden.
    let finished = research.run().unwrap();
    assert_eq!(rows(&finished)[0]["device"], json!(null));

    let research = study("some", 8).workers(2).devices(vec![None, Some(2)]);
    let finished = research.run().unwrap();
    let of_workers = [
        (json!(" PCI_BUS_ID"), json!(null)),
        (json!("GPU-00000002 PCI_BUS_ID"), json!("0")),
    ];
    assert!(seen(&finished).iter().all(|one| of_workers.contains(one)));
}

#[test]
fn this_process_sees_what_it_has_always_seen() {
    let before = std::env::var("CUDA_VISIBLE_DEVICES").unwrap_or("not set".to_owned());
    let research = study("in_process", 2)
        .isolation(Isolation::None)
        .devices([2, 3]);
    let finished = research.run().unwrap();
    let (visible, device) = seen(&finished).remove(0);
    assert!(visible.as_str().unwrap().starts_with(&before));
    assert_eq!(device, json!(["2", "3"]));
}

#[test]
fn what_cannot_be_given_is_said_before_anything_is_stored() {
    let folder = tempfile::tempdir().unwrap();
    let error = |research: Research| {
        let path = folder.path().join("wrong");
        let error = research.folder(folder.path()).run().unwrap_err();
        assert!(!path.exists(), "{error}");
        (
            matches!(error, ResearchError::Devices(_)),
            error.to_string(),
        )
    };
    let (is_devices, message) = error(study("wrong", 1).devices([3, 4]));
    assert!(is_devices);
    assert_eq!(
        message,
        "there is no device `4`: there are 0 (A), 1 (B), 2 (C), 3 (C)"
    );
    assert!(
        error(study("wrong", 1).devices([0, 0]))
            .1
            .contains("GPU 0 twice")
    );
    assert!(
        error(study("wrong", 1).devices("C"))
            .1
            .contains("devices 2, 3")
    );
    assert!(
        error(study("wrong", 1).memory_ratio(1.5))
            .1
            .contains("memory_ratio")
    );
    assert!(
        error(study("wrong", 1).n_gpu_checks(0))
            .1
            .contains("n_gpu_checks")
    );
}
