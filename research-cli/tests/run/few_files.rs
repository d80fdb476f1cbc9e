//! Whatever the system refuses at whatever moment of a run's start, the run ends, and can be resumed.

use std::process::Command;

use crate::place::Place;

const FILE: &str = r#"
name = "f"
workers = 2
domain = "a=[1, 2, 3]"
[[unit]]
name = "u"
run = "echo {a}"
save_to = "v"
"#;

/// With so few files each open, it comes a little further each time.
#[test]
fn a_run_that_may_open_few_files_ends_and_can_be_resumed() {
    let mut failed = 0;
    for files in 10..34 {
        let place = Place::with(FILE);
        let program = place.command(&[]).get_program().to_owned();
        let mut limited = Command::new("sh");
        let limit = format!("ulimit -n {files}; exec \"$0\" run research.toml");
        limited.args(["-c", &limit]).arg(program);
        let done = place.start_command(limited).end();
        place.wait_for_silence();
        if done.code != Some(0) {
            failed += 1;
            assert_eq!(done.code, Some(3), "{files} files: {done:?}");
            assert!(!done.err.is_empty(), "{files} files");
        }
        if place.path("f").exists() {
            let resumed = place.research(&["resume", "f"]);
            assert_eq!(resumed.code, Some(0), "{files} files: {resumed:?}");
            assert_eq!(place.table("f"), "a,iteration,v\n1,0,1\n2,0,2\n3,0,3");
        }
    }
    assert!(failed > 0, "there are always enough");
}
