//! Text of other programs with control sequences, which every command removes.

use std::fs;
use std::path::Path;

use super::WIDE;
use super::pseudo::Terminal;

/// Sequences that set the window title, make a terminal reply, set colors, and clear the screen,
/// control characters of one and of two bytes, and a change of direction.
const HOSTILE: &str =
    "\u{1b}]0;title\u{7}\u{1b}[6n\u{1b}[31;7mred\u{1b}[2J\u{8}\u{9b}5m\u{202e}end";

/// The same sequences in a TOML or JSON string.
const ESCAPED: &str =
    r"\u001b]0;title\u0007\u001b[6n\u001b[31;7mred\u001b[2J\u0008\u009b5m\u202eend";

/// Returns a study with this text in every possible place.
fn study() -> String {
    format!(
        r#"
        name = "evil"
        seed = 1
        redirect_stdout = 3
        redirect_stderr = 3
        profile = 1
        env_meta = [{{ commands = {{ text = "cat hostile.txt" }} }}]
        [domain]
        "x{ESCAPED}" = [1, 2]
        y = ["{ESCAPED}"]
        [[unit]]
        name = "say"
        run = ["sh", "-c", '''
            cat hostile.txt; cat hostile.txt >&2; cp hostile.txt "$1/$2"; echo
            echo "{{{{\"v$2\": \"$2\", \"n\": 1}}}}" | tr "\007\010\033" "   "
            ''', "sh", "{{path}}", "{{y}}"]
        save_output_dict = true
        [[unit]]
        name = "fail"
        run = ["sh", "-c", 'cat hostile.txt >&2; exit $(($1 - 1))', "sh", "{{x{ESCAPED}}}"]
        "#
    )
}

/// Adds the sequences to the record, as the sender of a folder may do.
fn spoil(folder: &Path) {
    let path = folder.join("evil/research.json");
    let record = fs::read_to_string(&path).unwrap();
    let mut record: serde_json::Value = serde_json::from_str(&record).unwrap();
    record["name"] = format!("evil{HOSTILE}").into();
    record["program"] = format!("research {HOSTILE}").into();
    record["units"][0] = format!("say {HOSTILE}").into();
    fs::write(path, record.to_string()).unwrap();
}

/// Panics if the output contains control sequences.
#[track_caller]
fn assert_harmless(called: &str, written: &[u8]) {
    let text = String::from_utf8_lossy(written);
    for code in [
        "\u{1b}]",
        "\u{7}",
        "\u{1b}[6n",
        "\u{1b}[31;7m",
        "\u{1b}[2J",
        "\u{9b}",
        "\u{202e}",
    ] {
        assert!(!text.contains(code), "{called}: {code:?} in {text:?}");
    }
}

#[test]
fn foreign_text_cannot_control_the_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    fs::write(path.join("hostile.txt"), HOSTILE).unwrap();
    fs::write(path.join("research.toml"), study()).unwrap();
    let mut shown = 0;
    let mut show = |arguments: &[&str], code: i32| {
        let mut terminal = Terminal::start(path, WIDE, arguments);
        let ended = terminal.end();
        let called = arguments.join(" ");
        let text = String::from_utf8_lossy(&terminal.written).into_owned();
        assert_eq!(ended.code(), Some(code), "{called}: {text}");
        assert_harmless(&called, &terminal.written);
        // The printable part is shown.
        shown += usize::from(text.contains("redend") || text.contains("red5mend"));
        text
    };
    show(&["run", "research.toml", "--dry-run"], 0);
    show(&["run", "research.toml", "--results"], 1);
    let id = fs::read_dir(path.join("evil/experiments"))
        .unwrap()
        .next()
        .unwrap();
    let id = id.unwrap().file_name().into_string().unwrap();
    show(&["status", "evil"], 0);
    show(&["resume", "evil", "--failed"], 1);
    spoil(path);
    for arguments in [
        &["reproduce", "evil", &id][..],
        &["status", "evil"],
        &["status", "evil", "--watch"],
        &["list"],
        &["logs", "evil"],
        &["logs", "evil", "--id", &id],
        &["results", "evil"],
        &["results", "evil", "--format", "csv"],
        &["results", "evil", "--format", "jsonl"],
        &["results", "evil", "--summary"],
        &["query", "evil", "select * from results"],
        &["query", "evil", "select * from experiments"],
        &["plot", "evil", "--y", "n"],
        &["profile", "evil"],
        &["artifacts", "evil"],
        &["env", "evil"],
        &["env", "evil", "text"],
        &["doctor", "evil"],
        &["compact", "evil"],
        &["domain", "research.toml"],
        &["domain", "research.toml", "--format", "jsonl"],
        &["devices"],
        &["completions", "bash"],
        &["man"],
    ] {
        let mut terminal = Terminal::start(path, WIDE, arguments);
        terminal.end();
        assert_harmless(&arguments.join(" "), &terminal.written);
    }
    show(&["resume", "evil"], 1);
    // Errors quote the invalid part.
    fs::write(path.join("wrong.toml"), format!("name = \"{HOSTILE}\"")).unwrap();
    let name = format!("no{HOSTILE}");
    for arguments in [
        &["run", "wrong.toml"][..],
        &["run", "research.toml", "--set", &name],
        &["run", "research.toml", "--name", &name],
        &["run", &name],
        &["domain", &format!("a={HOSTILE}")],
        &["status", &name],
        &["results", "evil", "--var", &name],
        &[
            "query",
            "evil",
            &format!("select \"{HOSTILE}\" from results"),
        ],
        &["env", "evil", &name],
        &["logs", "evil", "--id", &name],
        &["init", &name],
        &["plot", "evil", "--y", &name],
        &[&name],
        &["run", &format!("--{HOSTILE}")],
        &["results", "evil", "--format", &name],
    ] {
        let mut terminal = Terminal::start(path, WIDE, arguments);
        let ended = terminal.end();
        assert_harmless(&arguments.join(" "), &terminal.written);
        if arguments[0] != "init" {
            assert_ne!(ended.code(), Some(0), "{arguments:?}");
        }
    }
    let mut terminal = Terminal::start(path, WIDE, &["remove", "evil"]);
    terminal.wait_until("the question", |lines| lines.join("").contains("[y/N]"));
    terminal.input("y\n");
    terminal.end();
    assert_harmless("remove", &terminal.written);
    assert!(!path.join("evil").exists());
    assert!(shown >= 3, "hostile text is shown");
}

#[test]
fn pipes_receive_the_stored_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    fs::write(
        path.join("research.toml"),
        format!(
            "name = 'r'\n[domain]\ny = [\"{ESCAPED}\"]\n\
             [[unit]]\nname = 'u'\nrun = 'echo {{y}}'\noutput = 'text'\nsave_to = 'v'"
        ),
    )
    .unwrap();
    let run = |arguments: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_research"));
        command.args(arguments).current_dir(path).output().unwrap()
    };
    assert!(run(&["run", "research.toml"]).status.success());
    let csv = run(&["results", "r", "--format", "csv"]).stdout;
    let csv = String::from_utf8(csv).unwrap();
    assert_eq!(csv.matches(HOSTILE).count(), 2, "{csv:?}");
}
