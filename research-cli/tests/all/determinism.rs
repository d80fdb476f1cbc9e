//! The same results, byte for byte, with any number of workers, transport, and kills.

use crate::support::{Project, send, wait_for};

const FILE: &str = r#"
name = "same"
seed = 11
n_reps = 2
n_iters = 3
domain = "a=[1, 2, 3, 4, 5, 6, 7, 8, 9, 10] * x=uniform(0, 1) * b=['p', 'q']"
[[unit]]
name = "root"
root = true
run = "./root.sh {b} {seed}"
output = "text"
save_to = "shared"
[[unit]]
name = "steps"
mode = "generator"
run = "./steps.sh {a} {seed}"
save_output_dict = true
[[unit]]
name = "u"
run = "echo {root} {x} {b} {steps.step} {iteration} {repetition}"
output = "text"
save_to = "said"
"#;

fn project() -> Project {
    let project = Project::with(&FILE.replace('\'', "\\\""));
    project.script("root.sh", "echo $1 $2 $RESEARCH_SEED $RESEARCH_CONFIG");
    // An experiment starts when it takes a ticket, a file that the test has written, or when the
    // file `open` exists.
    project.script(
        "steps.sh",
        r#"until [ -e open ]; do
            for ticket in ticket.*; do mv "$ticket" "taken.$$" 2>/dev/null && break 2; done
            sleep 0.005
        done
        for step in 1 2 3; do echo "{\"step\": $(($1 * step)), \"seed\": $2}"; sleep 0.005; done"#,
    );
    project
}

fn csv(project: &Project) -> String {
    project.results("same", &["--format", "csv"])
}

/// A deterministic random number.
fn next(state: &mut u64) -> u64 {
    *state = state
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    *state >> 33
}

#[test]
fn results_are_the_same_over_tcp() {
    let [local, tcp] = ["local", "tcp"].map(|transport| {
        let project = project();
        project.write("open", "");
        let mut command = project.command(&["run", "research.toml", "-w", "4"]);
        let done = command
            .env("RESEARCH_TRANSPORT", transport)
            .output()
            .unwrap();
        assert!(done.status.success(), "{done:?}");
        csv(&project)
    });
    assert_eq!(local, tcp);
}

#[test]
fn results_do_not_depend_on_workers_or_kills() {
    let [one, eight] = ["1", "8"].map(|workers| {
        let project = project();
        project.write("open", "");
        project.run(&["-w", workers]);
        csv(&project)
    });
    assert_eq!(one.lines().count(), 1 + 40 * 3);
    assert_eq!(one, eight);

    let project = project();
    let mut random = 3;
    let mut done = 0;
    for kill in 0..10_u64 {
        let workers = (1 + next(&mut random) % 4).to_string();
        let arguments: &[&str] = match kill {
            0 => &["run", "research.toml", "-w", &workers],
            _ => &["resume", "same", "-w", &workers],
        };
        let mut running = project.start(arguments);
        // A few more experiments have ended, and others are running.
        let more = next(&mut random) % 4;
        let wanted = done + more;
        for ticket in 0..=more {
            project.write(&format!("ticket.{kill}.{ticket}"), "");
        }
        let status = running.status_when("same", |status| {
            let begun = status["workers"].as_array().unwrap().iter().any(|worker| {
                worker["running"]
                    .as_array()
                    .is_some_and(|running| !running.is_empty())
            });
            status["finished"].as_u64().unwrap() >= wanted && status["state"] == "running" && begun
        });
        let workers = status["workers"].as_array().unwrap();
        let pids = workers.iter().filter_map(|worker| worker["pid"].as_u64());
        let pids: Vec<u64> = pids.collect();
        if next(&mut random).is_multiple_of(2) && !pids.is_empty() {
            let victim = pids[usize::try_from(next(&mut random)).unwrap() % pids.len()];
            let victim = u32::try_from(victim).unwrap();
            // The victim may have been a worker of the previous run.
            if project.processes().contains(&victim) {
                send("KILL", victim);
            }
        }
        running.signal("KILL");
        assert_eq!(running.end().code, None);
        project.wait_for_silence();
        done = project.status("same")["finished"].as_u64().unwrap();
    }
    assert!(done < 40, "there is something left to do: {done}");
    project.write("open", "");
    let resumed = project.research(&["resume", "same"]);
    assert_eq!(resumed.code, Some(0), "{resumed:?}");
    assert_eq!(csv(&project), one);
}

/// Root units run for tasks of all sizes; the rest of a task belongs to another one after a resume.
#[test]
fn results_do_not_depend_on_branches_after_kills() {
    let undisturbed = project();
    undisturbed.write("open", "");
    undisturbed.run(&["-w", "2"]);
    let expected = csv(&undisturbed);
    for branches in 1..=8 {
        let project = project();
        for ticket in 0..3 {
            project.write(&format!("ticket.0.{ticket}"), "");
        }
        let set = |branches: u32| format!("branches={branches}");
        let begun = ["run", "research.toml", "-w", "2", "--set", &set(branches)];
        let running = project.start(&begun);
        wait_for("the tickets to be taken", || {
            let is_left = |name: &String| name.starts_with("ticket.");
            (!project.names().iter().any(is_left)).then_some(())
        });
        running.signal("KILL");
        assert_eq!(running.end().code, None);
        project.wait_for_silence();
        project.write("open", "");
        let others = set(9 - branches);
        let resumed = [
            "resume",
            "same",
            "--file",
            "research.toml",
            "--set",
            &others,
        ];
        let resumed = project.research(&resumed);
        assert_eq!(resumed.code, Some(0), "{resumed:?}");
        assert_eq!(csv(&project), expected, "{branches} branches");
    }
}
