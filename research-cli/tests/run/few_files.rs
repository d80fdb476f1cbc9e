//! Whatever the system refuses at whatever moment of a run's start, the run ends, and can be resumed.

use std::process::Command;

use crate::place::Place;

const FILE: &str = r#"
name = "f"
workers = 2
domain = "a=[1, 2, 3, 4, 5, 6]"
[[unit]]
name = "u"
run = "echo {a}"
save_to = "v"
"#;

const TABLE: &str = "a,iteration,v\n1,0,1\n2,0,2\n3,0,3\n4,0,4\n5,0,5\n6,0,6";

/// With so few files each open, it comes a little further each time. More workers have more threads
/// that open something at the same moment.
#[test]
fn a_run_that_may_open_few_files_ends_and_can_be_resumed() {
    let two = (10..34).step_by(2).map(|files| (2, files));
    let six = (15..46).step_by(3).map(|files| (6, files));
    let mut failed = 0;
    for (workers, files) in two.chain(six) {
        let place = Place::with(FILE);
        let program = place.command(&[]).get_program().to_owned();
        let mut limited = Command::new("sh");
        let limit = format!("ulimit -n {files}; exec \"$0\" run research.toml -w {workers}");
        limited.args(["-c", &limit]).arg(program);
        let done = place.start_command(limited).end();
        place.wait_for_silence();
        let what = format!("{workers} workers, {files} files: {done:?}");
        assert!(!done.err.contains("panicked"), "{what}");
        if done.code != Some(0) {
            failed += 1;
            assert_eq!(done.code, Some(3), "{what}");
            assert!(done.err.contains("os error 24"), "{what}");
        }
        if place.path("f").exists() {
            let resumed = place.research(&["resume", "f"]);
            assert_eq!(resumed.code, Some(0), "{what}, then {resumed:?}");
            assert_eq!(place.table("f"), TABLE);
        }
    }
    assert!(failed > 0, "there are always enough");
}
