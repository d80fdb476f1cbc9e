//! Facts recorded from the original: the devices of each worker and each branch.

use std::path::PathBuf;

use research_core::domain::Value;
use research_exec::devices::get_devices;
use serde::Deserialize;

#[derive(Deserialize)]
struct Case {
    workers: u32,
    branches: u32,
    devices: Value,
    /// A branch without a device has a list with one null.
    expect: Vec<Vec<Vec<Option<String>>>>,
}

fn golden(name: &str) -> String {
    let folder = std::env::var_os("RESEARCH_GOLDEN").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/golden"),
        PathBuf::from,
    );
    std::fs::read_to_string(folder.join(name)).unwrap()
}

#[test]
fn devices_are_given_as_recorded() {
    let cases: Vec<Case> = serde_json::from_str(&golden("devices.json")).unwrap();
    assert!(cases.len() > 100, "{} cases", cases.len());
    for case in cases {
        let given = get_devices(&case.devices, case.workers, case.branches).unwrap();
        let given: Vec<Vec<Vec<Option<String>>>> = given
            .into_iter()
            .map(|worker| worker.into_iter().map(as_recorded).collect())
            .collect();
        let (workers, branches, devices) = (case.workers, case.branches, &case.devices);
        assert_eq!(
            given, case.expect,
            "{workers} workers, {branches} branches, {devices}"
        );
    }
}

fn as_recorded(devices: Vec<String>) -> Vec<Option<String>> {
    if devices.is_empty() {
        return vec![None];
    }
    devices.into_iter().map(Some).collect()
}
