//! The devices that experiments see. Workers execute this test program again.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use research::exec::devices::ScriptedProbe;
use research::storage::{Format, TableOptions};
use research::{
    CompletedRun, Context, Event, ExecutorTarget, Isolation, MemorySize, Research, ResearchError,
    Subscriber, option,
};
use serde_json::{Value as Json, json};

const GIB: u64 = 1 << 30;

/// A run in memory on a machine with four devices. Its experiments save the devices that their
/// process sees, and those in their config.
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

fn rows(finished: &CompletedRun) -> Vec<Json> {
    let mut text = Vec::new();
    let options = TableOptions::default();
    let results = finished.results();
    results.write(&options, Format::Json, &mut text).unwrap();
    serde_json::from_slice(&text).unwrap()
}

/// Returns the distinct observations.
fn seen(finished: &CompletedRun) -> Vec<(Json, Json)> {
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
    // No worker has a device, so no device is hidden.
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
        "unknown device `4`: available: 0 (A), 1 (B), 2 (C), 3 (C)"
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

/// Frees the memory of a device as soon as a worker waits for it, and records the reasons of
/// waiting.
struct Relief {
    probe: ScriptedProbe,
    reasons: Arc<Mutex<Vec<String>>>,
}

impl Subscriber for Relief {
    fn on_events(&mut self, events: &[Event]) {
        for event in events {
            if let Event::WorkerWaits { reason, .. } = event {
                self.reasons.lock().unwrap().extend(reason.clone());
                self.probe.set_free(0, 8 * GIB);
            }
        }
    }
}

#[test]
fn a_worker_waits_until_its_device_has_memory() {
    let probe = ScriptedProbe::new(["A"], 8 * GIB);
    probe.set_free(0, GIB);
    let reasons = Arc::new(Mutex::new(Vec::new()));
    for isolation in [Isolation::Experiment, Isolation::None] {
        let relief = Relief {
            probe: probe.clone(),
            reasons: Arc::clone(&reasons),
        };
        let research = study("waits", 3)
            .isolation(isolation)
            .device_probe(probe.clone())
            .devices(0)
            .memory_ratio(0.5)
            .gpu_check_delay(Duration::from_millis(20))
            .subscriber(relief);
        let finished = research.run().unwrap();
        assert_eq!(rows(&finished).len(), 3);
        let reason = "GPU 0 has 12% of its memory free, and `memory_ratio` asks for 50%";
        assert_eq!(std::mem::take(&mut *reasons.lock().unwrap()), [reason]);
        // Each task was checked.
        assert!(probe.asked() >= 4, "{}", probe.asked());
        probe.set_free(0, GIB);
    }
}

#[test]
fn a_run_that_cannot_continue_says_so_and_is_resumed() {
    let folder = common_folder("given_up");
    let probe = ScriptedProbe::new(["A"], 8 * GIB);
    let study = || {
        study("study", 3)
            .folder(&folder)
            .device_probe(probe.clone())
            .devices([0])
            .device_memory(MemorySize(6 * GIB))
            .n_gpu_checks(2)
            .gpu_check_delay(Duration::from_millis(10))
    };
    // The workers of the second run must pass the first.
    let past_first = folder.with_extension("over");
    if !past_first.exists() {
        probe.set_free(0, 4 * GIB);
        let error = study().run().unwrap_err().to_string();
        let expected = "GPU 0 has 4 GiB free of the 6 GiB that an experiment declares";
        assert!(
            error.contains(expected) && error.contains("2 checks"),
            "{error}"
        );
        std::fs::write(&past_first, "").unwrap();
    }
    probe.set_free(0, 8 * GIB);
    // Another number of workers, so that workers can distinguish this run from the previous one.
    let finished = study().workers(2).resume().unwrap();
    assert_eq!(rows(&finished).len(), 3);
}

/// Two experiments of 4 GiB have room on a device of 8 GiB, though there are four workers. The
/// first ones wait for each other, so two do run at once.
#[test]
fn several_experiments_share_a_device_by_what_they_declare() {
    let folder = common_folder("shared");
    let here = folder.clone();
    let research = Research::new("shared")
        .in_memory()
        .seed(1)
        .domain(option("x", 0..8_i64))
        .device_probe(ScriptedProbe::new(["A"], 8 * GIB))
        .workers(4)
        .devices(0)
        .device_memory(MemorySize(4 * GIB))
        .unit("at_once", move |cx: &mut Context| {
            let mark = here.join(cx.record().id.to_string());
            std::fs::write(&mark, "")?;
            let count = || std::fs::read_dir(&here).map(Iterator::count);
            if cx.config_item::<i64>("x")? < 2 {
                while count()? < 2 && !here.with_extension("over").exists() {
                    std::thread::yield_now();
                }
                std::fs::write(here.with_extension("over"), "")?;
            }
            let at_once = count()?;
            std::fs::remove_file(mark)?;
            Ok(at_once as u64)
        })
        .save_to("at_once");
    let finished = research.run().unwrap();
    let rows = rows(&finished);
    let most = rows
        .iter()
        .map(|row| row["at_once"].as_u64().unwrap())
        .max();
    assert_eq!((rows.len(), most), (8, Some(2)));
}

#[test]
fn memory_that_cannot_be_checked_is_a_mistake() {
    let error = |research: Research| research.run().unwrap_err().to_string();
    let without = || study("unchecked", 1).device_probe(ScriptedProbe::without_driver());
    let message = error(without().devices(0).memory_ratio(0.5));
    assert!(message.contains("no NVIDIA driver was found"), "{message}");
    let study = study("small", 1)
        .branches(3)
        .device_memory(MemorySize(4 * GIB));
    assert_eq!(
        error(study.devices([1])),
        "GPU 1 has 8 GiB in all, and worker 0 needs 12 GiB of it: each of its experiments there \
         declares 4 GiB"
    );
}

/// The declared memory has no effect without a device or a check.
#[test]
fn without_a_driver_nothing_is_checked() {
    let without = || study("without", 1).device_probe(ScriptedProbe::without_driver());
    assert!(without().memory_ratio(0.5).run().is_ok());
    assert!(without().devices(0).run().is_ok());
}

fn is_worker() -> bool {
    research::exec::WorkerBootstrap::received().is_some()
}

/// A folder that is new and empty when the test begins, at the same path in all its processes.
fn common_folder(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("devices")
        .join(name);
    if !is_worker() {
        let _ = std::fs::remove_dir_all(&path);
        let _ = std::fs::remove_file(path.with_extension("over"));
        std::fs::create_dir_all(&path).unwrap();
    }
    path
}
