//! The study: the same experiments as Rust closures and as programs of a research file.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use research::base::rand_core::Rng;
use research::{Context, Isolation, Research, UnitError};

use crate::roots;

/// The number of experiments.
pub(crate) const EXPERIMENTS: u64 = 12;

/// The misdeeds of units against themselves and other processes, each done once; the last one ends
/// its worker.
pub(crate) const MISDEEDS: [&str; 6] = ["abort", "segv", "exit", "pipes", "hang", "worker"];

/// The timeout of an experiment, which is retried afterwards.
const TIMEOUT: u64 = 3;

/// The arguments of the program with closures.
pub(crate) struct Study {
    pub(crate) isolation: &'static str,
    pub(crate) threads: bool,
    pub(crate) workers: u64,
    pub(crate) branches: u64,
    pub(crate) resume: bool,
}

impl Study {
    pub(crate) fn arguments(&self, folder: &Path) -> Vec<String> {
        let words = [
            "study".to_owned(),
            folder.to_str().unwrap().to_owned(),
            self.isolation.to_owned(),
            self.threads.to_string(),
            self.workers.to_string(),
            self.branches.to_string(),
            self.resume.to_string(),
        ];
        words.to_vec()
    }
}

/// The program with closures: leader, worker and executor.
pub(crate) fn main(arguments: &[String]) -> i32 {
    let [folder, isolation, threads, workers, branches, resume] = arguments else {
        panic!("study FOLDER ISOLATION THREADS WORKERS BRANCHES RESUME, not {arguments:?}");
    };
    if threads == "true" {
        // A pool that lives as long as the program. Workers have it too, so they do not fork.
        std::thread::spawn(|| {
            loop {
                std::thread::park();
            }
        });
    }
    let study = closures(Path::new(folder), isolation == "worker")
        .isolation(match isolation.as_str() {
            "worker" => Isolation::Worker,
            _ => Isolation::Experiment,
        })
        .workers(workers.parse::<u32>().unwrap())
        .branches(branches.parse::<u32>().unwrap());
    let finished = match resume == "true" {
        true => study.resume(),
        false => study.run(),
    };
    match finished {
        Ok(finished) => {
            let report = finished.report().unwrap();
            match report.outcome {
                research::Outcome::Complete if report.counts.unsuccessful() == 0 => 0,
                research::Outcome::Complete => 1,
                _ => 130,
            }
        }
        Err(error) => {
            eprintln!("study: {error}");
            3
        }
    }
}

fn closures(folder: &Path, in_worker: bool) -> Research {
    let here = folder.to_owned();
    roots::add(
        Research::new("chaos")
            .folder(folder)
            .domain(roots::domain()),
    )
    .unit("draw", |cx: &mut Context| {
        Ok(i64::from(cx.rng().next_u32()))
    })
    .save_to("drawn")
    .unit("work", move |cx: &mut Context| work(cx, &here, in_worker))
    .save_to("value")
    .generator("steps", |_: &mut Context| Ok(0..3_i64))
    .save_to("step")
    .retries(1000)
    .timeout(Duration::from_secs(TIMEOUT))
    .seed(7)
}

/// Starts children, one of which leaves the group, and commits the assigned
/// misdeed.
fn work(cx: &mut Context, folder: &Path, in_worker: bool) -> Result<i64, UnitError> {
    let x: i64 = cx.config_item("x")?;
    let script = "sleep 300 & setsid sleep 300 > /dev/null 2>&1 & sleep 0.01";
    if cx.iteration() == 0 {
        // The worker must kill this stray.
        let mut child = Command::new("sh").args(["-c", script]).spawn()?;
        child.wait()?;
    }
    let order = folder.join("misdeeds").join(x.to_string());
    let misdeed = fs::read_to_string(&order).unwrap_or_default();
    if fs::remove_file(&order).is_ok() {
        misbehave(&misdeed, in_worker);
    }
    Ok(x * x)
}

fn misbehave(misdeed: &str, in_worker: bool) {
    use nix::sys::signal::{Signal, kill, raise};
    match misdeed {
        "abort" => std::process::abort(),
        "segv" => raise(Signal::SIGSEGV).unwrap(),
        "exit" => std::process::exit(3),
        "hang" => loop {
            std::thread::park();
        },
        "worker" if in_worker => raise(Signal::SIGKILL).unwrap(),
        "worker" => kill(nix::unistd::getppid(), Signal::SIGKILL).unwrap(),
        "pipes" => {
            for descriptor in 3..64 {
                // The descriptor may not be open.
                let _ = nix::unistd::close(descriptor);
            }
        }
        _ => {}
    }
}

/// Writes the research file of the same experiments, and the programs that it runs.
pub(crate) fn write_file(folder: &Path, workers: u64, branches: u64) {
    let here = folder.display();
    let text = format!(
        "name = \"chaos\"\nseed = 7\nworkers = {workers}\nbranches = {branches}\nretries = 1000\n\
         timeout = {TIMEOUT}\n\
         domain = '{}'\n{}\
         [[unit]]\nname = \"work\"\nrun = \"sh {here}/work.sh {{x}} {here}\"\nsave_to = \"value\"\n\
         [[unit]]\nname = \"steps\"\nmode = \"generator\"\nrun = \"sh {here}/steps.sh\"\n\
         save_to = \"step\"\n",
        roots::expression(),
        roots::units(folder)
    );
    fs::write(folder.join("chaos.toml"), text).unwrap();
    fs::write(folder.join("work.sh"), WORK).unwrap();
    fs::write(folder.join("steps.sh"), STEPS).unwrap();
}

const WORK: &str = r#"
sleep 300 &
setsid sleep 300 > /dev/null 2>&1 &
order=$2/misdeeds/$1
misdeed=$(cat $order 2> /dev/null)
if rm $order 2> /dev/null; then
    case $misdeed in
        abort) kill -ABRT $$ ;;
        segv) kill -SEGV $$ ;;
        exit) exit 3 ;;
        hang) sleep 300 ;;
        worker) kill -KILL $PPID ;;
        pipes) exec >&- 2>&-; exit 1 ;;
    esac
fi
sleep 0.0$(($1 % 4))
echo $(($1 * $1))
"#;

const STEPS: &str = r#"
sleep 300 &
for step in 0 1 2; do echo $step; done
sleep 0.005
"#;
