//! `research devices`.

use std::process::{Command, Stdio};

use research::exec::devices::{DeviceProbe, NvmlProbe, ProbeError, ScriptedProbe};
use research_cli::commands::devices::{Arguments, Format, show};

fn shown(probe: &ScriptedProbe, format: Format) -> String {
    let mut out = Vec::new();
    show(&mut probe.clone(), &Arguments { format }, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn devices_are_listed_with_their_memory() {
    let probe = ScriptedProbe::new(["Big GPU", "Small GPU"], 8 << 30);
    probe.set_free(1, (2 << 30) + (1 << 29));
    assert_eq!(
        shown(&probe, Format::Table),
        "index  name       UUID          total  free     driver\n\
         \u{20}   0  Big GPU    GPU-00000000  8 GiB  8 GiB       1.0\n\
         \u{20}   1  Small GPU  GPU-00000001  8 GiB  2.5 GiB     1.0\n"
    );
    let lines: serde_json::Value = serde_json::from_str(&shown(&probe, Format::Json)).unwrap();
    let expected = serde_json::json!({
        "index": 1, "name": "Small GPU", "uuid": "GPU-00000001",
        "total_memory": 8_u64 << 30, "free_memory": 5_u64 << 29, "driver": "1.0",
    });
    assert_eq!(lines[1], expected);
}

#[test]
fn a_driver_that_does_not_answer_is_an_error() {
    let probe = ScriptedProbe::default();
    assert_eq!(
        shown(&probe, Format::Table),
        "no devices: the NVIDIA driver reports none\n"
    );
    probe.fail(Some(ProbeError::Failed {
        what: "which devices there are",
        reason: "a GPU has fallen off the bus".to_owned(),
    }));
    let arguments = Arguments {
        format: Format::Json,
    };
    let error = show(&mut probe.clone(), &arguments, &mut Vec::new()).unwrap_err();
    assert!(error.to_string().contains("fallen off the bus"), "{error}");
}

#[test]
fn without_a_driver_no_devices_are_listed() {
    let probe = ScriptedProbe::without_driver();
    assert_eq!(
        shown(&probe, Format::Table),
        "no devices: no NVIDIA driver was found (this is a test)\n"
    );
    assert_eq!(shown(&probe, Format::Json), "[]\n");

    // Run the program itself, with the devices of this machine.
    let run = |format| {
        let output = Command::new(env!("CARGO_BIN_EXE_research"))
            .args(["devices", "--format", format])
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    if let Err(ProbeError::NoDriver { .. }) = NvmlProbe::new().devices() {
        assert!(run("table").starts_with("no devices: no NVIDIA driver was found"));
        assert_eq!(run("json"), "[]\n");
    } else {
        assert!(run("table").starts_with("index"));
    }
}
