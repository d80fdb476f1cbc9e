//! Devices: the forms of the option, their names, and the reports of the driver.

use research_core::RunOptions;
use research_core::domain::Value;
use research_exec::devices::{
    DevicePlan, DeviceProbe, DevicesError, NvmlProbe, ProbeError, ScriptedProbe, get_devices,
};

/// Parses a value from JSON.
fn value(json: &str) -> Value {
    serde_json::from_str(json).unwrap()
}

fn given(json: &str, workers: u32, branches: u32) -> Result<String, String> {
    let devices = get_devices(&value(json), workers, branches);
    devices
        .map(|devices| serde_json::to_string(&devices).unwrap())
        .map_err(|error| error.to_string())
}

#[test]
fn nested_lists_have_an_entry_for_each_worker() {
    let cases = [
        // The entry of each worker is distributed over its branches.
        ("[[0, 1], [2]]", 2, 1, r#"[[["0","1"]],[["2"]]]"#),
        ("[[0, 1], [2]]", 2, 2, r#"[[["0"],["1"]],[["2"],["2"]]]"#),
        (
            "[[0, 1, 2], 3]",
            2,
            2,
            r#"[[["0","1"],["2","0"]],[["3"],["3"]]]"#,
        ),
        // An entry for each branch.
        (
            "[[[0], [1, 2]], [3, null]]",
            2,
            2,
            r#"[[["0"],["1","2"]],[["3"],[]]]"#,
        ),
        // Some workers without devices.
        ("[null, 0]", 2, 1, r#"[[[]],[["0"]]]"#),
        ("[[], [0]]", 2, 1, r#"[[[]],[["0"]]]"#),
        ("[null]", 1, 2, "[[[],[]]]"),
        ("[]", 2, 1, "[[[]],[[]]]"),
        (r#"["GPU-abc", " 1 "]"#, 2, 1, r#"[[["GPU-abc"]],[["1"]]]"#),
    ];
    for (devices, workers, branches, expected) in cases {
        assert_eq!(
            given(devices, workers, branches).as_deref(),
            Ok(expected),
            "{devices}"
        );
    }
}

#[test]
fn what_cannot_be_is_said() {
    let cases = [
        ("[[0], [1]]", 3, 1, "2 entries, and `workers` is 3"),
        (
            "[[[0], [1]], 0]",
            2,
            3,
            "2 entries for the 3 branches of worker 0",
        ),
        ("[[[0], [[1]]]]", 1, 2, "[1] is not a device"),
        ("1.5", 1, 1, "1.5 is not a device"),
        ("[true]", 1, 1, "true is not a device"),
        (r#"{"a": 1}"#, 1, 1, "is not a device"),
        ("[-1]", 1, 1, "-1 is not a device"),
        (r#"" ""#, 1, 1, "is not a device"),
        (r#""0,1""#, 1, 1, "0,1 is not a device"),
    ];
    for (devices, workers, branches, expected) in cases {
        let error = given(devices, workers, branches).unwrap_err();
        assert!(error.contains(expected), "{devices}: {error}");
    }
}

fn plan(json: &str, workers: u32, probe: &ScriptedProbe) -> Result<DevicePlan, DevicesError> {
    DevicePlan::new(&options(json, workers), &mut probe.clone())
}

fn options(devices: &str, workers: u32) -> RunOptions {
    let mut options = RunOptions::default();
    options.devices = value(devices);
    options.workers = workers;
    options
}

#[test]
fn a_device_is_known_by_index_name_and_uuid() {
    let probe = ScriptedProbe::new(["Big GPU", "Small GPU", "Small GPU"], 1 << 30);
    let by_index = plan("[0]", 1, &probe).unwrap();
    for name in [
        r#""0""#,
        r#""cuda:0""#,
        r#""gpu:0""#,
        r#""big gpu""#,
        r#""GPU-00000000""#,
    ] {
        assert_eq!(plan(name, 1, &probe).unwrap(), by_index, "{name}");
    }
    assert_ne!(plan("[1]", 1, &probe).unwrap(), by_index);

    let error = |json| plan(json, 1, &probe).unwrap_err().to_string();
    assert_eq!(
        error("3"),
        "unknown device `3`: available: 0 (Big GPU), 1 (Small GPU), 2 (Small GPU)"
    );
    assert_eq!(
        error(r#""Small GPU""#),
        "`Small GPU` can be any of the devices 1, 2: give its index or its UUID"
    );
    assert!(error(r#""GPU-0000""#).contains("any of the devices 0, 1, 2"));
    assert!(error(r#""GPU-""#).contains("unknown device `GPU-`"));
    assert_eq!(
        error(r#"[0, "GPU-00000000"]"#),
        "`devices` gives GPU 0 twice to the same branch (worker 0, branch 0)"
    );
    // The driver does not list parts of devices.
    assert!(plan(r#""MIG-1""#, 1, &probe).is_ok());
    // Workers may share a device.
    assert!(plan(r#"[0, "GPU-00000000"]"#, 2, &probe).is_ok());
}

#[test]
fn without_a_driver_names_are_taken_as_they_are() {
    let probe = ScriptedProbe::without_driver();
    assert!(plan(r#"[7, "GPU-whatever"]"#, 2, &probe).is_ok());
    assert_eq!(plan("null", 2, &probe).unwrap(), DevicePlan::default());
    assert!(plan("[7, 7]", 1, &probe).is_err());

    probe.fail(Some(ProbeError::Failed {
        what: "which devices there are",
        reason: "it is tired".to_owned(),
    }));
    let error = plan("0", 1, &probe).unwrap_err().to_string();
    assert!(error.contains("it is tired"), "{error}");
    // No device is requested.
    assert!(plan("null", 1, &probe).is_ok());
}

/// Queries the real driver, if the machine has one.
#[test]
fn the_driver_reports_its_devices() {
    let mut probe = NvmlProbe::new();
    let devices = match probe.devices() {
        Ok(devices) => devices,
        Err(error @ ProbeError::NoDriver { .. }) => {
            assert!(error.to_string().starts_with("no NVIDIA driver was found"));
            eprintln!("skipped: {error}");
            return;
        }
        Err(error) => panic!("{error}"),
    };
    assert!(!probe.driver().unwrap().is_empty());
    for device in &devices {
        let memory = probe.memory(&device.uuid).unwrap();
        assert!(
            memory.free <= memory.total && memory.total > 0,
            "{device:?} {memory:?}"
        );
        let mut planned = |devices: serde_json::Value| {
            DevicePlan::new(&options(&devices.to_string(), 2), &mut probe).unwrap()
        };
        let plan = planned(serde_json::json!([device.index, &device.uuid]));
        let by_index = planned(serde_json::json!(device.index));
        assert_eq!(plan, by_index);
    }
    let beyond = devices.last().map_or(0, |last| last.index + 1);
    assert!(DevicePlan::new(&options(&beyond.to_string(), 1), &mut probe).is_err());
}
