//! The devices that programs see.

use std::collections::BTreeSet;

use research::exec::devices::{DeviceProbe, NvmlProbe};

use crate::support::Project;

/// The unit saves the devices in its command and its environment.
const UNIT: &str = r#"
domain = "a=[1, 2, 3, 4]"
[[unit]]
name = "u"
run = ["sh", "-c", 'echo "$CUDA_VISIBLE_DEVICES $CUDA_DEVICE_ORDER $0"', "{device}"]
output = "text"
save_to = "v"
"#;

/// Unknown devices can be assigned only without a driver.
fn has_driver() -> bool {
    let has = NvmlProbe::new().devices().is_ok();
    if has {
        eprintln!("skipped: the driver of this machine knows which devices there are");
    }
    has
}

fn saved(project: &Project, name: &str) -> BTreeSet<String> {
    let lines = project.results(name, &["--format", "jsonl"]);
    let value = |line: &str| -> serde_json::Value { serde_json::from_str(line).unwrap() };
    let text = |line| value(line)["v"].as_str().unwrap().to_owned();
    lines.lines().map(text).collect()
}

#[test]
fn programs_see_the_devices_of_their_worker() {
    if has_driver() {
        return;
    }
    let project = Project::new();
    project.write("research.toml", &format!("devices = [5, 7]\n{UNIT}"));
    let set = |all: &[&str]| {
        all.iter()
            .map(|one| (*one).to_owned())
            .collect::<BTreeSet<_>>()
    };

    project.run(&["--name", "one"]);
    assert_eq!(saved(&project, "one"), set(&["5,7 PCI_BUS_ID 0,1"]));

    project.run(&["--name", "two", "-w", "2"]);
    let of_workers = set(&["5 PCI_BUS_ID 0", "7 PCI_BUS_ID 0"]);
    assert!(saved(&project, "two").is_subset(&of_workers));

    project.run(&["--name", "given", "--devices", "3,GPU-abc"]);
    assert_eq!(saved(&project, "given"), set(&["3,GPU-abc PCI_BUS_ID 0,1"]));

    let table = project.results("given", &["--format", "csv", "--aux"]);
    let shown = "0,0,\"[\"\"0\"\",\"\"1\"\"]\",0,";
    assert!(
        table.starts_with("id,a,repetition,updates,device,iteration,v\n"),
        "{table}"
    );
    assert_eq!(table.matches(shown).count(), 4, "{table}");

    project.run(&["--name", "later", "--set", "n_configs=1"]);
    let resume = [
        "resume",
        "later",
        "--file",
        "research.toml",
        "--devices",
        "9",
    ];
    let done = project.research(&resume);
    assert_eq!(done.code, Some(0), "{done:?}");
    let both = set(&["5,7 PCI_BUS_ID 0,1", "9 PCI_BUS_ID 0"]);
    assert_eq!(saved(&project, "later"), both);

    // Without workers, programs still have their own processes.
    project.run(&["--name", "here", "--set", "isolation=none"]);
    assert_eq!(saved(&project, "here"), set(&["5,7 PCI_BUS_ID 0,1"]));

    project.run(&["--name", "branches", "--set", "branches=2"]);
    let each = set(&["5,7 PCI_BUS_ID 0", "5,7 PCI_BUS_ID 1"]);
    assert_eq!(saved(&project, "branches"), each);
}

#[test]
fn devices_that_cannot_be_assigned_are_a_usage_error() {
    let project = Project::new();
    project.write("research.toml", UNIT);
    for (devices, expected) in [
        ("devices=[[0], [1]]", "2 entries, and `workers` is 1:"),
        ("devices=[0, 0]", "GPU 0 twice"),
        ("devices=[-1]", "-1 is not a device"),
    ] {
        if devices.contains("0, 0") && has_driver() {
            continue;
        }
        let done = project.research(&["run", "research.toml", "--set", devices]);
        assert_eq!(done.code, Some(2), "{done:?}");
        assert!(done.stderr.contains(expected), "{devices}: {done:?}");
        assert!(!project.path("research").exists());
    }
}
