//! One leader process: it is started, disturbed, and ends; afterwards no process may remain.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::intrusion::{Intrusion, intrude};
use crate::processes::{self, MARK, Process};
use crate::random::Random;

/// The time after which a run counts as hanging.
const LONGEST: Duration = Duration::from_secs(40);

const DEADLY: [Signal; 4] = [
    Signal::SIGKILL,
    Signal::SIGSEGV,
    Signal::SIGABRT,
    Signal::SIGTERM,
];

/// A disturbance of a process of the run.
#[derive(Clone, Copy, Debug)]
struct Deed {
    after: Duration,
    whom: Whom,
    signal: Signal,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whom {
    Leader,
    /// The leader and all its workers at the same moment.
    LeaderAndWorkers,
    Worker,
    /// An executor, a program, or a child of one of these.
    Other,
    /// The process that was stopped before.
    Stopped(i32),
    /// The folder of the research.
    Folder(Intrusion),
}

/// The disturbances of one leader. The leader, workers, or all of them at the same moment may be
/// killed; in the last case only the next run can kill the children of programs.
fn plan(random: &mut Random, the_leader: bool) -> Vec<Deed> {
    let mut deeds = Vec::new();
    let mut worker_dies = false;
    for _ in 0..1 + random.below(4) {
        let after = Duration::from_millis(random.below(400));
        let signal = random.pick(&DEADLY);
        let stop = random.chance(25);
        let whom = match random.below(3) {
            0 if the_leader && random.chance(30) => Whom::LeaderAndWorkers,
            0 if the_leader => Whom::Leader,
            0 if stop || !(the_leader || worker_dies) => Whom::Worker,
            _ => Whom::Other,
        };
        worker_dies |= whom == Whom::Worker && !stop;
        deeds.push(Deed {
            after,
            whom,
            signal: match whom {
                Whom::LeaderAndWorkers => Signal::SIGKILL,
                _ if stop => Signal::SIGSTOP,
                Whom::Leader => {
                    random.pick(&[signal, Signal::SIGINT, Signal::SIGHUP, Signal::SIGKILL])
                }
                _ => signal,
            },
        });
        if whom == Whom::Leader && random.chance(50) {
            let again = Duration::from_millis(random.below(30));
            deeds.push(Deed {
                after: after + again,
                whom,
                signal: random.pick(&[Signal::SIGINT, Signal::SIGTERM]),
            });
        }
    }
    if random.chance(30) {
        deeds.push(Deed {
            after: Duration::from_millis(random.below(400)),
            whom: Whom::Folder(Intrusion::draw(random)),
            signal: Signal::SIGCONT,
        });
    }
    deeds
}

pub(crate) struct Life<'a> {
    pub(crate) mark: &'a str,
    /// Whether the log was removed while the leader had it open. The run may not report success,
    /// and may have to start again.
    pub(crate) log_is_lost: &'a mut bool,
    pub(crate) folder: &'a Path,
    /// Whether a leader was killed with its workers, so strays may exist.
    pub(crate) orphans: &'a mut bool,
    pub(crate) log: &'a mut Vec<String>,
    pub(crate) tally: &'a mut Tally,
}

/// The number of disturbances of each kind.
#[derive(Default)]
pub(crate) struct Tally(BTreeMap<String, u32>);

impl Tally {
    pub(crate) fn add(&mut self, deed: impl Into<String>) {
        *self.0.entry(deed.into()).or_default() += 1;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let deeds = self.0.iter();
        let deeds = deeds.map(|(deed, count)| format!("{deed} {count}"));
        f.write_str(&deeds.collect::<Vec<_>>().join(", "))
    }
}

/// The disturbances of a leader.
pub(crate) struct Disturbance<'a> {
    pub(crate) random: &'a mut Random,
    /// Whether the leader may be killed, and then no worker without it.
    pub(crate) the_leader: bool,
    /// Whether the output of the leader has no reader.
    pub(crate) mute: bool,
}

impl Life<'_> {
    /// Runs a command to its end, disturbed or not.
    pub(crate) fn live(
        &mut self,
        command: &mut Command,
        disturbance: Option<Disturbance<'_>>,
    ) -> Result<ExitStatus, String> {
        if *self.orphans && !processes::marked(self.mark).is_empty() {
            self.tally.add("resumed with processes left");
        }
        let mut leader = command
            .env(MARK, self.mark)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(self.errors(&disturbance))
            .spawn()
            .unwrap();
        let is_disturbed = disturbance.is_some();
        let mut deeds = disturbance.map(
            |Disturbance {
                 random, the_leader, ..
             }| (plan(random, the_leader), random),
        );
        let ended = self.wait(&mut leader, &mut deeds);
        // Stopped processes are continued, because the leader has to end by itself.
        if let Some((deeds, _)) = deeds {
            for deed in deeds {
                if let Whom::Stopped(pid) = deed.whom {
                    send(pid, Signal::SIGCONT);
                }
            }
        }
        // The resumed run may be killed before it has killed the strays.
        *self.orphans &= is_disturbed;
        let result = match ended {
            Ok(status) if *self.orphans => Ok(status),
            ended => ended.and_then(|status| processes::wait_for_end(self.mark).map(|()| status)),
        };
        if result.is_err() {
            for process in processes::marked(self.mark) {
                send(process.pid, Signal::SIGKILL);
            }
            // A leader that was killed can be waited for.
            let _ = leader.wait();
        }
        result
    }

    /// Returns the standard error of the leader: a file, or a pipe without a reader.
    fn errors(&mut self, disturbance: &Option<Disturbance<'_>>) -> Stdio {
        if disturbance.as_ref().is_some_and(|one| one.mute) {
            self.log.push("  its output has no reader".to_owned());
            let (_, writer) = std::io::pipe().unwrap();
            return writer.into();
        }
        let mut options = File::options();
        let file = options.create(true).append(true);
        file.open(self.folder.join("stderr")).unwrap().into()
    }

    fn wait(
        &mut self,
        leader: &mut Child,
        deeds: &mut Option<(Vec<Deed>, &mut Random)>,
    ) -> Result<ExitStatus, String> {
        let start = Instant::now();
        loop {
            if let Some(status) = leader.try_wait().unwrap() {
                self.log.push(format!("  the leader ended: {status}"));
                return Ok(status);
            }
            if start.elapsed() > LONGEST {
                let who = processes::describe(&processes::marked(self.mark));
                return Err(format!("the run hangs:{who}"));
            }
            if let Some((deeds, random)) = deeds {
                self.do_what_is_due(deeds, random, start, leader.id());
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn do_what_is_due(
        &mut self,
        deeds: &mut Vec<Deed>,
        random: &mut Random,
        start: Instant,
        leader: u32,
    ) {
        let due = deeds.iter().position(|deed| deed.after <= start.elapsed());
        let Some(deed) = due.map(|position| deeds.swap_remove(position)) else {
            return;
        };
        let leader = i32::try_from(leader).unwrap();
        let victim = match deed.whom {
            Whom::Stopped(pid) => Some(pid),
            Whom::LeaderAndWorkers => {
                self.kill_workers_with(leader);
                Some(leader)
            }
            Whom::Folder(intrusion) => {
                if intrude(intrusion, self.folder, self.mark, leader) {
                    let after = start.elapsed().as_millis();
                    self.log.push(format!("  after {after} ms: {intrusion:?}"));
                    self.tally.add(format!("{intrusion:?}"));
                    *self.log_is_lost |= intrusion != Intrusion::Copy;
                } else {
                    // The leader has not opened the log yet, or has closed it.
                    deeds.push(deed);
                }
                None
            }
            whom => self.choose(whom, leader, random),
        };
        let Some(victim) = victim else { return };
        self.log.push(format!(
            "  {:?} after {} ms: {} to {victim}",
            deed.whom,
            start.elapsed().as_millis(),
            deed.signal
        ));
        match deed.whom {
            Whom::Stopped(_) => {}
            whom => self.tally.add(format!("{whom:?} {}", deed.signal)),
        }
        send(victim, deed.signal);
        if deed.signal == Signal::SIGSTOP {
            deeds.push(Deed {
                after: start.elapsed() + Duration::from_millis(random.below(300)),
                whom: Whom::Stopped(victim),
                signal: Signal::SIGCONT,
            });
        }
    }

    /// Kills all workers of a stopped leader, which is killed next.
    fn kill_workers_with(&mut self, leader: i32) {
        send(leader, Signal::SIGSTOP);
        for process in processes::marked(self.mark) {
            if process.parent == leader {
                send(process.pid, Signal::SIGKILL);
            }
        }
        *self.orphans = true;
    }

    fn choose(&self, whom: Whom, leader: i32, random: &mut Random) -> Option<i32> {
        if whom == Whom::Leader {
            return Some(leader);
        }
        let all = processes::marked(self.mark);
        let fits = |process: &&Process| {
            let is_worker = process.parent == leader;
            process.pid != leader && is_worker == (whom == Whom::Worker)
        };
        let pids: Vec<i32> = all.iter().filter(fits).map(|one| one.pid).collect();
        (!pids.is_empty()).then(|| random.pick(&pids))
    }
}

fn send(pid: i32, signal: Signal) {
    // The process may have ended.
    let _ = kill(Pid::from_raw(pid), signal);
}
