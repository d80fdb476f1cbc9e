//! Sets the output of `research --version`, which is the same for each build of the same source by
//! the same compiler.

use std::env;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let version = env::var("CARGO_PKG_VERSION").unwrap_or_default();
    let commit = commit().map(|commit| format!(" ({commit})"));
    let target = env::var("TARGET").unwrap_or_default();
    let profile = match env::var("OPT_LEVEL").as_deref() {
        Ok("0") => "not optimised",
        _ => "optimised",
    };
    println!(
        "cargo::rustc-env=RESEARCH_LONG_VERSION={version}{}; {target}, {}, {profile}",
        commit.unwrap_or_default(),
        compiler().unwrap_or_default(),
    );
}

/// Returns the commit, if this source is the top level of a repository.
fn commit() -> Option<String> {
    // A copy inside another repository has no commit.
    output("git", &["ls-files", "--error-unmatch", "Cargo.toml"])?;
    for path in ["HEAD", "refs", "packed-refs"] {
        if let Some(path) = output("git", &["rev-parse", "--git-path", path]) {
            println!("cargo::rerun-if-changed={path}");
        }
    }
    output("git", &["rev-parse", "--short=12", "HEAD"])
}

/// Returns the compiler, as in `rustc 1.95.0`.
fn compiler() -> Option<String> {
    let rustc = env::var("RUSTC").ok()?;
    let version = output(&rustc, &["--version"])?;
    Some(version.split(' ').take(2).collect::<Vec<_>>().join(" "))
}

fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}
