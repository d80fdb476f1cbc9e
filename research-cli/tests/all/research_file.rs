//! Parsing of valid research files.

use std::time::Duration;

use research::base::units::UnitBody;
use research::base::{
    EnvMeta, ExecutorTarget, FsyncPolicy, Isolation, LogLevel, MemorySize, Redirect, RunOptions,
    When,
};
use research::domain::{Config, Value};
use research::exec::program::{Groups, OutputSpec, RegexOutput, RegexType, Run, Setting, Stdin};
use research::file::{Format, Mode, ResearchFile, Save};

fn parse(text: &str) -> ResearchFile {
    ResearchFile::parse(text, Format::Toml).unwrap_or_else(|error| panic!("{error}"))
}

const UNIT: &str = "\n[[unit]]\nname = \"u\"\nrun = \"true\"\n";

/// A file with every key.
const EVERYTHING: &str = r##"
name = "power"
workers = [{ gpu = 0 }, { gpu = 1, host = "b" }]
branches = 4
branch_by = ["a", "repetition"]
create_id_prefix = 3
profile = 1
monitor_log = true
executor_target = "for"
n_iters = 5
n_configs = 7
n_reps = 3
repeat_each = 2
seed = 9223372036854775807
finalize = false
isolation = "worker"
parallel = true
retries = 1
retry_delay = "1.5m"
double_retry_delay = true
max_failures = 9
timeout = "2h"
devices = [[0, "GPU-1"], 2]
memory_ratio = 0.5
device_memory = "6 GiB"
n_gpu_checks = 5
gpu_check_delay = "2s"
fsync = "always"
loglevel = "warning"
redirect_stdout = 3
redirect_stderr = true
git_meta = ["/nowhere"]
env_meta = [{ commands = [
    "ldconfig -p", "/bin/uname -a",
], cwd = "/", dst = "a/b", replace = { "x+" = "y" } }]

[domain]
a = [2, 3]
b = ["x", true, 2.5, [1, 2], { k = "v" }, 1979-05-27]
"odd name" = [{ value = 1000, alias = "k" }]
single = 7
lr = "log_uniform(1e-5, 1e-1)"
momentum = { sampler = "uniform", low = 0.8, high = 1.0 }
where = ["a < 3", "lr < momentum"]

[[unit]]
name = "train"
mode = "generator"
run = "python3 train.py --lr {lr} '--b={b}'"
save_output_dict = true
output = { json = "lines", skip_others = true }
env = { OMP_NUM_THREADS = 2, LR = "{lr}", B = "{b?}" }
cwd = "{path}"
stdin = "a={a}\n"
memory_limit = "2 GiB"

[[unit]]
name = "score"
run = ["sh", "score.sh", "{train.loss}", "{id}", "{path}", "{iteration}", "{{x}}"]
output = { regex = 'score=(\S+) (\S+) (\S+)', type = "number" }
save_to = ["first", "", "third"]
when = [10, "#3", "last"]
dump = [100, "last"]
stdin = { file = "input-{a}.txt" }

[[unit]]
name = "shell"
run = "cat {path}/x | wc -l"
shell = true
output = { file = "{iteration}.json" }
save_to = "lines"
when = "last"
root = true
timeout = 1.5

[[update]]
when = [10, "last"]
run = "python3 next.py {results}"
n_configs = 5
n_reps = 2
repeat_each = 1

[[update]]
run = ["sh", "-c", "cat next", "{generated}", "{updates}"]
n_items = 3
"##;

#[test]
fn words_are_aliases_of_numbers_and_of_older_words() {
    let unit = "[[unit]]\nname = \"u\"\nrun = \"true\"\n";
    let options = |keys: &str| parse(&format!("{keys}\n{unit}")).options;
    for (number, word) in ["none", "shared", "each", "both"].iter().enumerate() {
        let by_word = options(&format!("redirect_stdout = \"{word}\""));
        assert_eq!(by_word, options(&format!("redirect_stdout = {number}")));
    }
    let sequential = options("executor_target = \"sequential\"");
    assert_eq!(sequential, options("executor_target = \"for\""));
    let backoff = options("retry_backoff = true");
    assert!(backoff.double_retry_delay);
    assert_eq!(backoff, options("double_retry_delay = true"));
}

#[test]
fn every_key_is_read() {
    let file = parse(EVERYTHING);
    assert_eq!(file.name, "power");
    assert_eq!(file.seed, Some(i64::MAX as u64));
    let mut options = RunOptions::default();
    options.workers = 2;
    options.branches = 4;
    options.worker_configs = vec![
        Config::from_pairs([("gpu", 0)]),
        Config::from_pairs([("gpu", 1)]).with("host", "b"),
    ];
    options.branch_by = Some(vec!["a".to_owned(), "repetition".to_owned()]);
    options.executor_target = ExecutorTarget::For;
    options.n_iters = Some(5);
    options.n_configs = Some(7);
    options.n_reps = 3;
    options.repeat_each = Some(2);
    options.create_id_prefix = Some(3);
    options.finalize = false;
    options.isolation = Isolation::Worker;
    options.retries = 1;
    options.retry_delay = Duration::from_secs(90);
    options.double_retry_delay = true;
    options.max_failures = Some(9);
    options.timeout = Some(Duration::from_secs(7200));
    options.devices = Value::from(vec![
        Value::from(vec![Value::from(0), Value::from("GPU-1")]),
        Value::from(2),
    ]);
    options.memory_ratio = Some(0.5);
    options.device_memory = Some(MemorySize(6 << 30));
    options.n_gpu_checks = 5;
    options.gpu_check_delay = Duration::from_secs(2);
    options.profile = 1;
    options.monitor_log = true;
    options.fsync = FsyncPolicy::Always;
    options.loglevel = LogLevel::Warning;
    options.redirect_stdout = Redirect::Both;
    options.redirect_stderr = Redirect::Common;
    options.env_meta = vec![
        EnvMeta::git("/nowhere"),
        EnvMeta::new()
            .command("ldconfig", "ldconfig -p")
            .command("uname", "/bin/uname -a")
            .cwd("/")
            .dst("a/b")
            .replace("x+", "y"),
    ];
    assert_eq!(file.options, options);
    assert_eq!(
        file.domain.to_string(),
        "a=[2, 3] * b=[\"x\", true, 2.5, [1, 2], {\"k\": \"v\"}, \"1979-05-27\"] \
         * `odd name`=[1000 as \"k\"] * single=[7] * lr=log_uniform(1e-5, 0.1) \
         * momentum=uniform(0.8, 1.0) where a < 3 and lr < momentum"
    );
    let [next, cat] = file.updates.as_slice() else {
        panic!("{:?}", file.updates);
    };
    assert_eq!(next.when, When::every(10).or(When::last()));
    assert_eq!(
        (next.n_configs, next.n_reps, next.repeat_each),
        (Some(5), Some(2), Some(1))
    );
    assert_eq!((&cat.when, cat.n_configs), (&When::always(), Some(3)));
    let [train, score, shell] = file.units.as_slice() else {
        panic!("{:?}", file.units);
    };
    assert_eq!(train.mode, Mode::Generator);
    assert_eq!(
        (train.timeout, shell.timeout),
        (None, Some(Duration::from_millis(1500)))
    );
    assert_eq!(train.save, Save::OutputDict);
    assert_eq!(train.when, When::always());
    assert_eq!(
        train.program.run,
        Run::Line("python3 train.py --lr {lr} '--b={b}'".to_owned())
    );
    assert_eq!(train.program.output, OutputSpec::JsonAmongOthers);
    let Setting {
        env,
        cwd,
        stdin,
        memory_limit,
        ..
    } = &train.program.setting;
    let env: Vec<(&str, &str)> = env
        .iter()
        .map(|(name, value)| (&**name, &**value))
        .collect();
    assert_eq!(
        env,
        [("B", "{b?}"), ("LR", "{lr}"), ("OMP_NUM_THREADS", "2")]
    );
    assert_eq!(cwd.as_deref(), Some("{path}"));
    assert_eq!(*stdin, Some(Stdin::Text("a={a}\n".to_owned())));
    assert_eq!(*memory_limit, Some(2 << 30));
    let file = Stdin::File("input-{a}.txt".to_owned());
    assert_eq!(score.program.setting.stdin, Some(file));
    assert_eq!(shell.program.setting, Setting::default());
    assert_eq!(
        score.program.output,
        OutputSpec::Regex(RegexOutput {
            pattern: r"score=(\S+) (\S+) (\S+)".to_owned(),
            value_type: RegexType::Number,
            groups: Groups::All,
        })
    );
    assert_eq!(
        score.save,
        Save::Parts(vec![
            Some("first".to_owned()),
            None,
            Some("third".to_owned())
        ])
    );
    assert_eq!(score.when, When::every(10).or(When::at(3)).or(When::last()));
    assert_eq!(score.dump, Some(When::every(100).or(When::last())));
    assert_eq!(shell.dump, None);
    assert!(shell.program.shell.is_some() && shell.root && !score.root);
    assert_eq!(shell.program.output, OutputSpec::file("{iteration}.json"));
    assert_eq!(shell.save, Save::To("lines".to_owned()));
}

#[test]
fn missing_keys_have_their_defaults() {
    let file = parse(UNIT);
    assert_eq!(file.name, "research");
    assert_eq!(file.options, RunOptions::default());
    assert_eq!(file.seed, None);
    assert_eq!(file.domain.len().unwrap().finite(), Some(1));
    assert_eq!(file.units[0].save, Save::Nothing);
    assert_eq!(file.units[0].program.output, OutputSpec::Json);
}

#[test]
fn parameters_keep_the_order_of_the_file() {
    let file = parse(&format!("[domain]\nz = [1]\na = [2]\nm = [3]\n{UNIT}"));
    assert_eq!(file.domain.to_string(), "z=[1] * a=[2] * m=[3]");
}

#[test]
fn a_parameter_may_have_the_name_of_an_option() {
    let domain = |parameter: &str| {
        let file = parse(&format!("[domain]\n{parameter}\n{UNIT}"));
        file.domain.to_string()
    };
    assert_eq!(domain("seed = [1]"), "seed=[1]");
    assert_eq!(domain("seed = \"int(0, 100)\""), "seed=int(0, 100)");
    assert_eq!(domain("workers = \"range(3)\""), "workers=[0, 1, 2]");
}

#[test]
fn a_domain_may_be_an_expression() {
    let file = parse(&format!(
        "domain = \"0.5 * a=[1] + 2.0 * b=int(0, 9)\"\n{UNIT}"
    ));
    assert_eq!(file.domain.to_string(), "0.5 * a=[1] + 2.0 * b=int(0, 9)");
}

#[test]
fn json_and_toml_are_equivalent() {
    let toml = parse(EVERYTHING);
    let json = serde_json::json!({
        "name": "x",
        "domain": {"a": [2, 3], "b": ["uniform(0, 1)", null]},
        "unit": [{"name": "u", "run": ["echo", "{a}"], "save_to": ["v", null]}],
    });
    let file = ResearchFile::parse(&json.to_string(), Format::Json).unwrap();
    assert_eq!(
        file.domain.to_string(),
        r#"a=[2, 3] * b=["uniform(0, 1)", null]"#
    );
    assert_eq!(
        file.units[0].save,
        Save::Parts(vec![Some("v".to_owned()), None])
    );

    let written = serde_json::to_string(&toml).unwrap();
    assert_eq!(ResearchFile::parse(&written, Format::Json).unwrap(), toml);
}

#[test]
fn a_recorded_file_equals_the_file() {
    let mut file = parse(EVERYTHING);
    file.seed = Some(u64::MAX);
    let record = serde_json::to_value(&file).unwrap();
    assert_eq!(ResearchFile::from_record(&record).unwrap(), file);
    assert_eq!(
        serde_json::from_value::<ResearchFile>(record).unwrap(),
        file
    );
}

#[test]
fn an_invalid_recorded_file_is_an_error() {
    let mut record = serde_json::to_value(parse(UNIT)).unwrap();
    record["workers"] = "many".into();
    let error = ResearchFile::from_record(&record).unwrap_err().to_string();
    assert!(
        error.contains("--> the recorded research file:3:14"),
        "{error}"
    );
}

#[test]
fn the_experiment_has_all_units() {
    let experiment = parse(EVERYTHING).experiment().unwrap();
    assert_eq!(
        experiment.describe(),
        [
            "train (generator, when 1, its keys saved)",
            "score (callable, when 10, #3, last, saved as first, -, third, dumped when 100, last)",
            "shell (callable, when last, root, saved as lines)",
        ]
    );
    assert!(experiment.is_processes());
    assert!(matches!(
        experiment.units()[0].body(),
        UnitBody::Generator(_)
    ));
}

#[test]
fn units_with_equal_names_are_numbered() {
    let text = format!("{UNIT}{UNIT}\n[[unit]]\nname = \"last\"\nrun = \"echo {{u}} {{u_1}}\"\n");
    let experiment = parse(&text).experiment().unwrap();
    let names: Vec<&str> = experiment.units().iter().map(|unit| unit.name()).collect();
    assert_eq!(names, ["u", "u_1", "last"]);
}

#[test]
fn the_example_files_are_valid() {
    for name in ["compression", "power", "search", "training"] {
        let path = format!(
            "{}/../examples/{name}/research.toml",
            env!("CARGO_MANIFEST_DIR")
        );
        let file = ResearchFile::load(path.as_ref(), &[]).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(file.name, name);
        file.experiment().unwrap();
    }
}

#[test]
fn durations_are_seconds_or_strings_with_units() {
    for (text, milliseconds) in [
        ("2", 2000),
        ("0.5", 500),
        ("0", 0),
        ("\"250ms\"", 250),
        ("\"90s\"", 90_000),
        ("\" 1.5 m \"", 90_000),
        ("\"2h\"", 7_200_000),
        ("\"1d\"", 86_400_000),
        ("\"7\"", 7000),
    ] {
        let file = parse(&format!("retry_delay = {text}{UNIT}"));
        assert_eq!(
            file.options.retry_delay,
            Duration::from_millis(milliseconds),
            "{text}"
        );
    }
}

#[test]
fn parallel_false_and_debug_use_no_processes() {
    let options = |text: &str| parse(&format!("{text}{UNIT}")).options;
    assert_eq!(options("parallel = false").isolation, Isolation::None);
    assert_eq!(options("parallel = true").isolation, Isolation::Experiment);
    let debug = options("debug = true");
    assert!(debug.debug);
    assert_eq!(debug.isolation, Isolation::None);
    assert_eq!(debug.executor_target, ExecutorTarget::For);
    let chosen = options("debug = true\nisolation = \"worker\"");
    assert_eq!(
        chosen.isolation,
        Isolation::Worker,
        "which running it reports"
    );
}

#[test]
fn a_byte_order_mark_is_skipped() {
    let folder = tempfile::tempdir().unwrap();
    let toml = "name = \"marked\"\n[[unit]]\nname = \"u\"\nrun = \"true\"\n";
    let json = r#"{"name": "marked", "unit": [{"name": "u", "run": "true"}]}"#;
    for (name, text) in [("r.toml", toml), ("r.json", json)] {
        let path = folder.path().join(name);
        std::fs::write(&path, format!("\u{feff}{text}")).unwrap();
        assert_eq!(ResearchFile::load(&path, &[]).unwrap().name, "marked");
    }
}

#[test]
fn integers_of_64_bits_are_exact() {
    let json = r#"{"domain": {"a": [18446744073709551615, -9223372036854775808]},
                   "unit": [{"name": "u", "run": "true"}]}"#;
    let file = ResearchFile::parse(json, Format::Json).unwrap();
    let domain = "a=[18446744073709551615, -9223372036854775808]";
    assert_eq!(file.domain.to_string(), domain);
    let record = serde_json::to_value(&file).unwrap();
    let again = ResearchFile::from_record(&record).unwrap();
    assert_eq!(again.domain, file.domain);
}
