//! `--set KEY=VALUE`: settings that override a research file.

use std::fs;

use research::base::{Isolation, When};
use research::exec::program::Run;
use research::file::ResearchFile;

const UNIT: &str = "\n[[unit]]\nname = \"u\"\nrun = \"true\"\n";

#[test]
fn settings_override_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("research.toml");
    fs::write(
        &path,
        format!("workers = 2\n[domain]\na = [1]\nb = [2]\n{UNIT}"),
    )
    .unwrap();
    let settings = [
        "workers=4",
        "name=other name",
        "domain.a=[0.1,0.2]",
        "domain.c=uniform(0, 1)",
        "domain.d=\"int(0, 5)\"",
        "seed = 7",
        "isolation=none",
        "finalize=false",
    ];
    let file = ResearchFile::load(&path, &settings.map(str::to_owned)).unwrap();
    assert_eq!(file.options.workers, 4);
    assert_eq!(file.name, "other name");
    assert_eq!(file.seed, Some(7));
    assert_eq!(file.options.isolation, Isolation::None);
    assert!(!file.options.finalize);
    assert_eq!(
        file.domain.to_string(),
        "a=[0.1, 0.2] * b=[2] * c=uniform(0.0, 1.0) * d=int(0, 5)"
    );
    let whole = ["domain={x = [1]}".to_owned()];
    let file = ResearchFile::load(&path, &whole).unwrap();
    assert_eq!(file.domain.to_string(), "x=[1]");
    let expression = ["domain=y=[1, 2] * z=[3]".to_owned()];
    let file = ResearchFile::load(&path, &expression).unwrap();
    assert_eq!(file.domain.to_string(), "y=[1, 2] * z=[3]");
}

#[test]
fn settings_reach_elements_of_lists_and_parameters_of_expressions() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("research.toml");
    let load = |domain: &str, settings: &[&str]| {
        fs::write(&path, format!("domain = '{domain}'\n{UNIT}")).unwrap();
        let settings: Vec<String> = settings
            .iter()
            .map(|setting| (*setting).to_owned())
            .collect();
        ResearchFile::load(&path, &settings).unwrap()
    };
    let settings = [
        "unit.0.run=echo {a} x=1",
        "unit.0.env.OMP=2",
        "unit.0.when=[2, \"last\"]",
    ];
    let file = load("a=[1]", &settings);
    assert_eq!(
        file.units[0].program.run,
        Run::Line("echo {a} x=1".to_owned())
    );
    assert_eq!(file.units[0].program.setting.env["OMP"], "2");
    assert_eq!(file.units[0].when, When::every(2).or(When::last()));
    assert_eq!(file.units[0].name, "u");

    let domain = "m=[1] * a=[1, 2] * b=uniform(0, 1) + m=[2] * c=[3] * a=[1, 2] where a > 0";
    let settings = ["domain.a=[5]", "domain.b=[0.5]", "domain.c=\"int(0, 3)\""];
    assert_eq!(
        load(domain, &settings).domain.to_string(),
        "m=[1] * a=[5] * b=[0.5] + m=[2] * c=int(0, 3) * a=[5] where a > 0"
    );
    let file = load("z=[0]", &["domain=a=[1] * b=[2]", "domain.b=[3, 4]"]);
    assert_eq!(file.domain.to_string(), "a=[1] * b=[3, 4]");

    for (setting, hint) in [
        (
            "domain.m=[3]",
            "it has 2 different values in the expression: set all of `domain`",
        ),
        ("domain.d=[3]", "available: m, b"),
        ("domain.b=[3", "invalid TOML"),
        ("domain.b=unifrm(0, 1)", "unknown distribution `unifrm`"),
    ] {
        let domain = "domain=m=[1] * b=[1] + m=[2]";
        let settings = [domain.to_owned(), setting.to_owned()];
        let error = ResearchFile::load(&path, &settings)
            .unwrap_err()
            .to_string();
        assert!(error.contains(hint), "{setting}: {error}");
    }
}
