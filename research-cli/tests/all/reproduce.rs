//! `research reproduce`.

use crate::support::Project;

#[test]
fn an_experiment_is_run_again_and_compared_value_by_value() {
    let project = Project::with(
        r#"
        name = "p"
        n_iters = 3
        domain = "a=[1, 2] * x=uniform(0, 1)"
        [[unit]]
        name = "u"
        run = "./u.sh {a} {x} {seed} {iteration}"
        save_output_dict = true
        "#,
    );
    project.script(
        "u.sh",
        r#"[ -e changed ] && [ $4 = 1 ] && { echo "{\"a\": $1, \"x\": 0.5, \"more\": 1}"; exit; }
        echo "{\"a\": $1, \"x\": $2, \"seed\": $3}""#,
    );
    project.run(&[]);
    let csv = project.results("p", &["--format", "csv"]);
    let id = csv.lines().nth(1).unwrap().split(',').next().unwrap();
    let before = std::fs::read(project.path("p/events.log")).unwrap();
    let same = project.research(&["reproduce", "p", &id[..13]]);
    assert_eq!(same.code, Some(0), "{same:?}");
    assert_eq!(same.stdout, format!("{id}: the same: finished, 9 values\n"));
    project.write("changed", "");
    let other = project.research(&["reproduce", "p", id]);
    assert_eq!(other.code, Some(1), "{other:?}");
    assert!(other.stdout.contains("3 of 10 values differ"), "{other:?}");
    assert!(other.stdout.contains("and now it is 0.5"), "{other:?}");
    assert!(
        other
            .stdout
            .contains("more, iteration 1: nothing is stored"),
        "{other:?}"
    );
    assert_eq!(std::fs::read(project.path("p/events.log")).unwrap(), before);
    let none = project.research(&["reproduce", "p", "zz"]);
    assert_eq!(none.code, Some(2), "{none:?}");
}
