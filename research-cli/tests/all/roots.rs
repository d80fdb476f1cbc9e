//! Root units: their results depend on the parameters that they use, never on how experiments are
//! grouped into tasks.

use crate::support::{Project, SHOW};

/// A root unit that uses `opt`; the unit after it fails for `n = 2` until the file `mended`
/// exists.
fn building(branches: u32, domain: &str) -> Project {
    let project = Project::with(&format!(
        "name = \"b\"\nseed = 1\nworkers = 2\nbranches = {branches}\ndomain = '{domain}'\n\
         [[unit]]\nname = \"build\"\nroot = true\nrun = \"./build.sh {{opt}}\"\n\
         output = \"text\"\nsave_to = \"built\"\n\
         [[unit]]\nname = \"use\"\nrun = \"./use.sh {{n}} {{build}}\"\noutput = \"text\"\n\
         save_to = \"used\"\n"
    ));
    project.script(
        "build.sh",
        "echo $1 >> builds; echo built-$1-$RESEARCH_SEED",
    );
    project.script("use.sh", "[ $1 = 2 ] && [ ! -e mended ] && exit 1; echo $2");
    project
}

const OPT_FIRST: &str = r#"opt=["A", "B", "C"] * n=[1, 2]"#;
const N_FIRST: &str = r#"n=[1, 2] * opt=["A", "B", "C"]"#;

/// Checks that each experiment has the output for its own `opt`.
fn check_built(table: &str) {
    for row in table.lines().skip(1) {
        let option = row.split(',').find(|cell| "ABC".contains(cell)).unwrap();
        let built: Vec<&str> = row
            .split(',')
            .filter(|cell| cell.starts_with("built-"))
            .collect();
        let is_own = |built: &&str| built.starts_with(&format!("built-{option}-"));
        assert_eq!(built.len(), 2, "{row}");
        assert!(built.iter().all(is_own), "{row}");
        assert_eq!(built[0], built[1], "{row}");
    }
}

#[test]
fn results_do_not_depend_on_branches_or_resumes() {
    for domain in [OPT_FIRST, N_FIRST] {
        let undisturbed = building(1, domain);
        undisturbed.write("mended", "");
        undisturbed.run(&[]);
        let expected = undisturbed.table("b");
        check_built(&expected);
        for branches in 1..=8 {
            let project = building(branches, domain);
            let failed = project.research(&["run", "research.toml"]);
            assert_eq!(failed.code, Some(1), "{failed:?}");
            project.write("mended", "");
            let resumed = project.research(&["resume", "b", "--failed"]);
            assert_eq!(resumed.code, Some(0), "{resumed:?}");
            assert_eq!(
                project.table("b"),
                expected,
                "{branches} branches, {domain}"
            );
        }
    }
}

/// Experiments that are not adjacent in the domain share a task.
#[test]
fn tasks_share_root_units_in_any_order_of_the_domain() {
    for domain in [OPT_FIRST, N_FIRST] {
        let project = building(2, domain);
        project.write("mended", "");
        project.run(&[]);
        let mut builds: Vec<String> = project.read("builds").lines().map(str::to_owned).collect();
        builds.sort();
        assert_eq!(builds, ["A", "B", "C"], "{domain}");
    }
}

/// The values of a root unit are saved with each branch, as if the branch were alone.
#[test]
fn values_of_root_units_are_saved_with_each_branch() {
    let project = Project::with(&format!(
        "name = \"b\"\nbranches = 2\n[domain]\nx = [1, 2, 3]\n\
         [[unit]]\nname = \"load\"\nroot = true\nrun = \"./load.sh\"\nsave_to = \"loaded\"\n{SHOW}"
    ));
    project.script("load.sh", "echo x >> loads; wc -l < loads");
    project.run(&[]);
    assert_eq!(project.read("loads").lines().count(), 2);
    assert_eq!(
        project.table("b"),
        "x,iteration,loaded,shown\n1,0,1,1\n2,0,1,2\n3,0,2,3"
    );
}

/// A root unit with this command and a unit that shows `x`, with two branches.
fn with_root(head: &str, unit: &str) -> Project {
    Project::with(&format!(
        "name = \"b\"\nseed = 1\nbranches = 2\n{head}\n[domain]\nx = [1, 2]\ny = [1, 2]\n\
         [[unit]]\nname = \"root\"\nroot = true\noutput = \"text\"\nsave_to = \"root\"\n{unit}\n\
         {SHOW}"
    ))
}

#[test]
fn root_units_that_cannot_be_shared_are_refused() {
    let id = "run = \"echo {id}\"";
    let cases = [
        ("", id, "unit `root` reads `{id}`"),
        ("", "run = \"echo {path}\"", "unit `root` reads `{path}`"),
        (
            "",
            "run = 'echo $RESEARCH_ID'\nshell = true",
            "unit `root` reads `RESEARCH_ID`",
        ),
        (
            "",
            "run = \"true\"\noutput = { file = \"out.txt\" }",
            "the experiment's folder, in which its `output` is a file",
        ),
        (
            "branch_by = [\"z\"]",
            id,
            "`branch_by`: unknown parameter `z`",
        ),
        (
            "branch_by = [\"y\"]",
            "run = \"echo {x}\"",
            "root units use `x`, which is not in `branch_by`",
        ),
        (
            "branches = [{ side = 1 }, { side = 2 }]",
            "run = \"echo {side}\"",
            "root units use `side`, which is not the same in all configs of `branches`",
        ),
    ];
    for (head, unit, expected) in cases {
        let unit = match unit.contains("output") {
            true => unit.to_owned(),
            false => format!("{unit}\noutput = \"text\""),
        };
        let project = with_root(head, &unit);
        let file = project.read("research.toml");
        let mut file = file.replacen("output = \"text\"\n", "", 1);
        if head.starts_with("branches") {
            file = file.replacen("branches = 2\n", "", 1);
        }
        project.write("research.toml", &file);
        for flags in [&[][..], &["--dry-run"]] {
            let refused = project.research(&[&["run", "research.toml"], flags].concat());
            assert_eq!(refused.code, Some(2), "{refused:?}");
            assert!(refused.stderr.contains(expected), "{refused:?}");
            assert!(!project.path("b").exists());
        }
    }
}

/// With `branch_by`, a root unit may use parameters that belong to one branch.
#[test]
fn declared_parameters_are_accepted() {
    let unit = "run = \"sh -c 'basename $RESEARCH_PATH > id; echo {path} > path; echo same'\"";
    let project = with_root("branch_by = []", unit);
    project.run(&[]);
    let id = project.read("id");
    assert!(project.read("path").trim().ends_with(id.trim()), "{id}");
    let rows = project.table("b");
    assert!(
        rows.lines().skip(1).all(|row| row.contains(",same,")),
        "{rows}"
    );
}

/// A root unit receives only the common parameters of its task, with any number of branches.
#[test]
fn the_environment_of_a_root_unit_has_only_used_parameters() {
    let unit =
        "run = \"sh -c 'echo {x} $RESEARCH_CONFIG $RESEARCH_SEED ${{RESEARCH_ID-none}} {seed}'\"";
    // A script reads the variable, so its use cannot be detected.
    let unit = unit.replace(
        "sh -c 'echo {x} $RESEARCH_CONFIG $RESEARCH_SEED ${{RESEARCH_ID-none}} {seed}'",
        "./env.sh {x} {seed}",
    );
    let tables = [1, 3].map(|branches| {
        let project = with_root("n_reps = 2", &unit);
        project.script(
            "env.sh",
            "echo $1 $2 $RESEARCH_SEED ${RESEARCH_ID-none} ${RESEARCH_PATH-none} $RESEARCH_CONFIG",
        );
        project.run(&["--set", &format!("branches={branches}")]);
        project.results("b", &["--format", "json", "--aux"])
    });
    assert_eq!(tables[0], tables[1]);
    let rows: serde_json::Value = serde_json::from_str(&tables[0]).unwrap();
    let mut seeds = Vec::new();
    for row in rows.as_array().unwrap() {
        let words: Vec<&str> = row["root"].as_str().unwrap().split(' ').collect();
        let [x, seed, again, id, path, config] = words[..] else {
            panic!("{row}");
        };
        assert_eq!((seed, id, path), (again, "none", "none"));
        assert_eq!(config, format!("{{\"x\":{x}}}"));
        seeds.push((x.to_owned(), row["repetition"].as_u64(), seed.to_owned()));
    }
    seeds.sort();
    seeds.dedup();
    assert_eq!(seeds.len(), 4, "one for each x and repetition: {seeds:?}");
}

#[test]
fn a_dry_run_shows_the_common_parameters_of_a_task() {
    let project = with_root("", "run = \"echo {x}\"");
    let dry = project.research(&["run", "research.toml", "--dry-run"]);
    assert!(
        dry.stdout
            .contains("workers: 1, 2 experiments at once in each, which agree in x\n"),
        "{dry:?}"
    );
    let json = project.research(&["run", "research.toml", "--dry-run", "--format", "json"]);
    let plan: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(plan["branch_by"], serde_json::json!(["x"]));
}

/// Results of different root parameters must not be mixed.
#[test]
fn a_resumed_research_keeps_its_root_parameters() {
    let project = with_root("branch_by = [\"x\"]", "run = \"echo {x}\"");
    project.run(&[]);
    let other = [
        "resume",
        "b",
        "--file",
        "research.toml",
        "--set",
        "branch_by=[\"x\", \"y\"]",
    ];
    let refused = project.research(&other);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(
        refused
            .stderr
            .contains("what root units use was [x] (`branch_by`), and is [x, y] (`branch_by`)"),
        "{refused:?}"
    );
    let allowed = project.research(&[&other[..], &["--allow-changes"]].concat());
    assert_eq!(allowed.code, Some(0), "{allowed:?}");
}

/// A research from before there was `branch_by` has no `root_view` in its record.
#[test]
fn an_old_research_is_resumed_by_its_root_rules() {
    for (unit, warns) in [
        ("run = \"./root.sh {x} {id}\"", true),
        ("run = \"./root.sh {x} $\"", false),
    ] {
        let project = with_root("", unit);
        project.script(
            "root.sh",
            "echo $1 >> roots; echo $2 | cut -c 1-3; echo $RESEARCH_CONFIG",
        );
        project.run(&["--set", "branches=1", "--set", "domain.y=[1]"]);
        let record = project.read("b/research.json");
        let mut record: serde_json::Value = serde_json::from_str(&record).unwrap();
        record["options"]
            .as_object_mut()
            .unwrap()
            .remove("root_view");
        record["options"]
            .as_object_mut()
            .unwrap()
            .remove("branch_by");
        project.write("b/research.json", &record.to_string());
        project.write("roots", "");
        let resumed = project.research(&["resume", "b", "--file", "research.toml"]);
        assert_eq!(resumed.code, Some(0), "{resumed:?}");
        let warned = resumed.stderr.contains(
            "each experiment gets a task of its own, because root unit `root` reads `{id}`",
        );
        assert_eq!(warned, warns, "{resumed:?}");
        let mut roots: Vec<String> = project.read("roots").lines().map(str::to_owned).collect();
        roots.sort();
        assert_eq!(roots, ["1", "2"]);
        let table = project.results("b", &["--format", "json"]);
        let rows: serde_json::Value = serde_json::from_str(&table).unwrap();
        let rows = rows.as_array().unwrap().iter();
        for row in rows.filter(|row| row["y"] == 2) {
            let whole = format!("{{\"x\":{},\"y\":{}}}", row["x"], row["y"]);
            assert!(row["root"].as_str().unwrap().ends_with(&whole), "{row}");
        }
    }
}
