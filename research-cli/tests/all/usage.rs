//! Resource usage of experiments, in `status` and in results.

use crate::support::{Project, wait_for};

/// A unit that holds 200 MB until the test lets it continue.
const GROW: &str = r#"
name = "g"
domain = 'a=[1]'
[[unit]]
name = "u"
run = ["./u.sh"]
"#;

const SCRIPT: &str = r#"
mkfifo go
{ head -c 200000000 /dev/zero; touch begun; cat go; } | tail -c 200000000 | wc -c
"#;

#[test]
fn status_shows_the_memory_and_processor_time_of_running_experiments() {
    for (isolation, has_time) in [("experiment", true), ("worker", false)] {
        let project = Project::with(&format!("isolation = \"{isolation}\"\n{GROW}"));
        project.script("u.sh", SCRIPT);
        let running = project.start(&["run", "research.toml"]);
        running.wait_for_file("begun");
        // The log may not have the start of the experiment yet.
        let status = wait_for("the experiment in the log", || {
            let status = project.status("g");
            let running = status["workers"][0]["running"].as_array()?.clone();
            (!running.is_empty()).then_some(running)
        });
        let memory = status[0]["memory"].as_u64().unwrap();
        // `tail` may not have read everything yet.
        assert!((190_000_000..300_000_000).contains(&memory), "{memory}");
        assert_eq!(status[0]["cpu_seconds"].is_number(), has_time, "{status:?}");
        let text = project.research(&["status", "g"]).stdout;
        assert!(text.contains(" MiB"), "{text}");
        assert_eq!(text.contains("of processor time"), has_time, "{text}");
        std::fs::write(project.path("go"), "").unwrap();
        let done = running.end();
        assert_eq!(done.code, Some(0), "{done:?}");
    }
}

#[test]
fn results_have_the_memory_processor_time_and_exit_code_of_programs() {
    let project = Project::with(
        r#"
name = "u"
domain = 'task=["grow", "burn", "fail", "kill"]'
[[unit]]
name = "u"
run = ["./u.sh", "{task}"]
save_to = "v"
output = "text"
"#,
    );
    project.script(
        "u.sh",
        r#"case $1 in
grow) dd if=/dev/zero of=/dev/null bs=200M count=1 ;;
burn) sh -c 'i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done'; : ;;
fail) exit 3 ;;
kill) kill -9 $$ ;;
esac"#,
    );
    let run = project.research(&["run", "research.toml"]);
    assert_eq!(run.code, Some(1), "{run:?}");
    let question = "select task, status, peak_memory > 209715200 as large, \
                    cpu_seconds > 0.02 as busy, exit_code from experiments \
                    where task <> 'grow' or cpu_seconds is not null";
    let answer = project.research(&["query", "u", question, "--format", "csv"]);
    let rows: Vec<_> = answer.stdout.lines().collect();
    assert_eq!(rows[0], "task,status,large,busy,exit_code");
    assert!(rows[1].starts_with("grow,finished,1,"), "{answer:?}");
    assert!(rows[1].ends_with(",0"), "{answer:?}");
    assert!(rows[2].starts_with("burn,finished,"), "{answer:?}");
    assert!(rows[2].ends_with(",1,0"), "{answer:?}");
    assert!(rows[3].starts_with("fail,failed,"), "{answer:?}");
    assert!(rows[3].ends_with(",3"), "{answer:?}");
    assert!(rows[4].starts_with("kill,killed,"), "{answer:?}");
    assert!(rows[4].ends_with(','), "{answer:?}");
    let table = project.research(&["results", "u", "--with-usage", "--format", "csv"]);
    let header = table.stdout.lines().next().unwrap();
    assert_eq!(
        header,
        "id,task,peak_memory,cpu_seconds,exit_code,iteration,v"
    );
}
