//! Runs of research files: domains, modes, rules, saved values, and the commands that show the
//! results.

use crate::support::Project;

const SHOW: &str = "
[[unit]]
name = \"show\"
run = 'printf {a}-{b}'
output = \"text\"
save_to = \"shown\"
";

#[test]
fn a_domain_is_a_table_or_an_expression() {
    let table = format!("name = \"t\"\n[domain]\na = [1, 2]\nb = [\"x\", \"y\"]\n{SHOW}");
    let project = Project::with(&table);
    project.run(&[]);
    let expected = "a,b,iteration,shown\n1,x,0,1-x\n1,y,0,1-y\n2,x,0,2-x\n2,y,0,2-y";
    assert_eq!(project.table("t"), expected);

    project.write(
        "research.toml",
        &format!("name = \"e\"\ndomain = 'a=[1, 2] * b=[\"x\", \"y\"]'\n{SHOW}"),
    );
    project.run(&[]);
    assert_eq!(project.table("e"), expected);
    project.write("research.toml", &table);
    project.run(&["--name", "s", "--set", "domain.a=[7]"]);
    assert_eq!(
        project.table("s"),
        "a,b,iteration,shown\n7,x,0,7-x\n7,y,0,7-y"
    );
}

#[test]
fn draws_depend_on_the_seed_and_not_on_the_number_of_workers() {
    let project = Project::with(
        r#"
        n_configs = 5
        n_reps = 2
        [domain]
        lr = "log_uniform(1e-5, 1e-1)"
        [[unit]]
        name = "lr"
        run = ["echo", "{lr} {seed}"]
        output = "text"
        save_to = "drawn"
        "#,
    );
    let csv = |name: &str, seed: &str, workers: &str| {
        project.run(&["--name", name, "--seed", seed, "-w", workers]);
        project.results(name, &["--format", "csv"])
    };
    let first = csv("first", "3", "1");
    assert_eq!(first.lines().count(), 11);
    assert_eq!(csv("second", "3", "3"), first);
    assert_ne!(csv("third", "4", "3"), first);
}

#[test]
fn a_generator_starts_once_and_yields_an_item_when_due() {
    let project = Project::with(
        r#"
        name = "g"
        n_iters = 3
        domain = "a=[10, 20]"
        [[unit]]
        name = "steps"
        mode = "generator"
        run = "./steps.sh {a}"
        save_to = "step"
        [[unit]]
        name = "double"
        run = ["sh", "-c", "echo $((2 * {steps}))"]
        when = 2
        save_to = "doubled"
        [[unit]]
        name = "end"
        run = "echo {iteration}"
        when = "last"
        save_to = "end"
        "#,
    );
    project.script(
        "steps.sh",
        "echo x >> starts.$1; for i in 1 2 3; do echo $(($1 + i)); done",
    );
    project.run(&[]);
    let expected = "a,iteration,step,doubled,end\n\
        10,0,11,,\n10,1,12,24,\n10,2,13,,2\n20,0,21,,\n20,1,22,44,\n20,2,23,,2";
    assert_eq!(project.table("g"), expected);
    assert_eq!(
        (project.read("starts.10"), project.read("starts.20")),
        ("x\n".into(), "x\n".into())
    );
}

#[test]
fn rules_select_the_iterations_of_a_unit() {
    let project = Project::with(
        r##"
        name = "w"
        n_iters = 5
        domain = "a=[1]"
        [[unit]]
        name = "every"
        run = "echo {iteration}"
        save_to = "every"
        [[unit]]
        name = "some"
        run = "echo {iteration}"
        when = ["#1", "last"]
        save_to = "some"
        "##,
    );
    project.run(&[]);
    assert_eq!(
        project.table("w"),
        "a,iteration,every,some\n1,0,0,\n1,1,1,1\n1,2,2,\n1,3,3,\n1,4,4,4"
    );
}

#[test]
fn a_unit_can_use_the_fields_of_another() {
    let project = Project::with(
        r#"
        name = "u"
        domain = "a=[3]"
        [[unit]]
        name = "first"
        run = ["echo", '{{"low": {a}, "all": [4, 5]}}']
        save_output_dict = true
        [[unit]]
        name = "second"
        run = "echo {first.low} {first.all.1} {first}"
        output = "text"
        save_to = "read"
        "#,
    );
    project.run(&[]);
    let json = project.results("u", &["--format", "jsonl", "--var", "low", "--var", "read"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["low"], 3);
    assert_eq!(json["read"], "3 5 {\"low\":3,\"all\":[4,5]}");
}

#[test]
fn results_are_the_same_in_each_format() {
    let project = Project::with(
        r#"
        name = "power"
        n_reps = 2
        seed = 1
        domain = "a=[2, 3]"
        [[unit]]
        name = "square"
        run = ["sh", "-c", "echo $(({a} * {a})).5"]
        output = "number"
        save_to = "square"
        "#,
    );
    let done = project.run(&["--results"]);
    assert_eq!(done.stdout, project.results("power", &[]));
    let rows: Vec<&str> = done.stdout.lines().collect();
    assert_eq!(
        rows[0].split_whitespace().collect::<Vec<_>>(),
        ["id", "a", "iteration", "square"]
    );
    assert_eq!(rows.len(), 6);

    let csv = project.results("power", &["--format", "csv", "--aux"]);
    assert_eq!(
        csv.lines().filter(|line| line.ends_with(",0,9.5")).count(),
        2,
        "{csv}"
    );
    let json = project.results("power", &["--format", "json"]);
    let json: Vec<serde_json::Value> = serde_json::from_str(&json).unwrap();
    let lines = project.results("power", &["--format", "jsonl"]);
    let lines: Vec<serde_json::Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(json, lines);
    assert_eq!(
        (&json[0]["square"], &json[3]["square"]),
        (&4.5.into(), &9.5.into())
    );
}

#[test]
fn a_research_is_shown_listed_and_removed() {
    let project = Project::with(&format!(
        "name = \"t\"\ndomain = 'a=[1, 2] * b=[3]'\n{SHOW}"
    ));
    let done = project.run(&[]);
    assert_eq!(done.stdout, "");
    assert!(done.stderr.contains("2 experiments in "), "{done:?}");
    assert!(done.stderr.ends_with(": 2 finished\n"), "{done:?}");

    let status = project.research(&["status", "t"]);
    assert!(
        status.stdout.starts_with("t: complete\n2/2 experiments, "),
        "{status:?}"
    );
    assert!(
        status.stdout.ends_with("\n2 finished, 0 left\n"),
        "{status:?}"
    );
    let json = project.status("t");
    assert_eq!(
        (&json["state"], &json["total"]),
        (&"complete".into(), &2.into())
    );

    let list = project.research(&["list"]).stdout;
    assert_eq!(list.lines().count(), 2);
    assert_eq!(
        list.lines()
            .nth(1)
            .unwrap()
            .split_whitespace()
            .collect::<Vec<_>>(),
        ["t", "complete", "2", "0", "2"]
    );
    assert_eq!(project.research(&["remove", "t", "-y"]).code, Some(0));
    assert_eq!(project.names(), ["research.toml"]);
}

#[test]
fn resuming_a_complete_research_reports_that_and_does_nothing() {
    let project = Project::with(&format!(
        "name = \"t\"\ndomain = 'a=[1, 2] * b=[3]'\n{SHOW}"
    ));
    project.run(&[]);
    let log = std::fs::read(project.path("t/events.log")).unwrap();
    let done = project.research(&["resume", "t"]);
    assert_eq!(
        (done.code, &*done.stdout, &*done.stderr),
        (Some(0), "", "t is complete, nothing to run: 2 finished\n")
    );
    assert_eq!(std::fs::read(project.path("t/events.log")).unwrap(), log);
    let done = project.research(&["resume", "t", "--results"]);
    assert_eq!(done.stdout, project.results("t", &[]));
}

#[test]
fn saved_values_are_visible_during_a_long_iteration() {
    let project = Project::with(
        r#"
name = "s"
n_iters = 2
domain = "a=[1]"
[[unit]]
name = "u"
mode = "generator"
run = "./u.sh"
save_to = "v"
"#,
    );
    project.script(
        "u.sh",
        "echo 7; touch begun; while ! [ -e gate ]; do sleep 0.01; done; echo 8",
    );
    let running = project.start(&["run", "research.toml"]);
    running.wait_for_file("begun");
    crate::support::wait_for("the first value", || {
        project.table("s").contains("1,0,7").then_some(())
    });
    project.write("gate", "");
    assert_eq!(running.end().code, Some(0));
    assert_eq!(project.table("s"), "a,iteration,v\n1,0,7\n1,1,8");
}
