//! Devices, as programs see them.

use std::collections::BTreeSet;

use research::exec::devices::{DeviceProbe, NvmlProbe};

use crate::place::Place;

/// The unit saves what it is told of devices in its command and its environment.
const UNIT: &str = r#"
domain = "a=[1, 2, 3, 4]"
[[unit]]
name = "u"
run = ["sh", "-c", 'echo "$CUDA_VISIBLE_DEVICES $CUDA_DEVICE_ORDER $0"', "{device}"]
output = "text"
save_to = "v"
"#;

/// Devices that are not there can be given only where no driver knows better.
fn has_driver() -> bool {
    let has = NvmlProbe::new().devices().is_ok();
    if has {
        eprintln!("skipped: the driver of this machine knows which devices there are");
    }
    has
}

fn saved(place: &Place, name: &str) -> BTreeSet<String> {
    let lines = place.results(name, &["--format", "jsonl"]);
    let value = |line: &str| -> serde_json::Value { serde_json::from_str(line).unwrap() };
    let text = |line| value(line)["v"].as_str().unwrap().to_owned();
    lines.lines().map(text).collect()
}

#[test]
fn programs_see_the_devices_of_their_worker() {
    if has_driver() {
        return;
    }
    let place = Place::new();
    place.write("research.toml", &format!("devices = [5, 7]\n{UNIT}"));
    let set = |all: &[&str]| {
        all.iter()
            .map(|one| (*one).to_owned())
            .collect::<BTreeSet<_>>()
    };

    place.run(&["--name", "one"]);
    assert_eq!(saved(&place, "one"), set(&["5,7 PCI_BUS_ID 0,1"]));

    place.run(&["--name", "two", "-w", "2"]);
    let of_workers = set(&["5 PCI_BUS_ID 0", "7 PCI_BUS_ID 0"]);
    assert!(saved(&place, "two").is_subset(&of_workers));

    place.run(&["--name", "given", "--devices", "3,GPU-abc"]);
    assert_eq!(saved(&place, "given"), set(&["3,GPU-abc PCI_BUS_ID 0,1"]));

    let table = place.results("given", &["--format", "csv", "--aux"]);
    let shown = "0,0,\"[\"\"0\"\",\"\"1\"\"]\",0,";
    assert!(
        table.starts_with("id,a,repetition,updates,device,iteration,v\n"),
        "{table}"
    );
    assert_eq!(table.matches(shown).count(), 4, "{table}");

    place.run(&["--name", "later", "--set", "n_configs=1"]);
    let resume = [
        "resume",
        "later",
        "--file",
        "research.toml",
        "--devices",
        "9",
    ];
    let done = place.research(&resume);
    assert_eq!(done.code, Some(0), "{done:?}");
    let both = set(&["5,7 PCI_BUS_ID 0,1", "9 PCI_BUS_ID 0"]);
    assert_eq!(saved(&place, "later"), both);

    // Without workers, programs are processes of their own all the same.
    place.run(&["--name", "here", "--set", "isolation=none"]);
    assert_eq!(saved(&place, "here"), set(&["5,7 PCI_BUS_ID 0,1"]));

    place.run(&["--name", "branches", "--set", "branches=2"]);
    let each = set(&["5,7 PCI_BUS_ID 0", "5,7 PCI_BUS_ID 1"]);
    assert_eq!(saved(&place, "branches"), each);
}

#[test]
fn devices_that_cannot_be_given_are_a_wrong_use() {
    let place = Place::new();
    place.write("research.toml", UNIT);
    for (devices, expected) in [
        ("devices=[[0], [1]]", "2 entries, and `workers` is 1:"),
        ("devices=[0, 0]", "GPU 0 twice"),
        ("devices=[-1]", "-1 is no device"),
    ] {
        if devices.contains("0, 0") && has_driver() {
            continue;
        }
        let done = place.research(&["run", "research.toml", "--set", devices]);
        assert_eq!(done.code, Some(2), "{done:?}");
        assert!(done.err.contains(expected), "{devices}: {done:?}");
        assert!(!place.path("research").exists());
    }
}
