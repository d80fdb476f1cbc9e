//! The choice of the next input of the scheduler, faults included.

use std::sync::atomic::Ordering;

use rand_chacha::rand_core::Rng;
use research_core::domain::Domain;
use research_core::{Event, ExperimentNumber, Status, Timestamp, WorkerNumber};

use super::{Message, State, Worker, World};
use crate::scheduler::Input;
use crate::task::Ending;
use crate::task::NewDomain;
use crate::transport::messages::{Task, TaskNumber, Termination};

impl World {
    pub(super) fn next_input(&mut self) -> Option<Input> {
        if self.stop_at.is_some_and(|at| at <= self.inputs) {
            // A second request may follow, which ends the run at once.
            self.stop_at = self.chance(2).then(|| self.inputs + 5);
            let kill = self.stopped || self.chance(2);
            self.stopped = true;
            return Some(if kill {
                self.shared.is_asked.store(false, Ordering::Relaxed);
                Input::Kill
            } else {
                Input::Stop
            });
        }
        if self.shared.is_asked.load(Ordering::Relaxed) && self.chance(3) {
            return Some(self.answer());
        }
        if self.chance(self.chances.cancel)
            && let Some(input) = self.cancel()
        {
            return Some(input);
        }
        if self.chance(3)
            && let Some(input) = self.pass_time()
        {
            return Some(input);
        }
        if self.chance(self.chances.late)
            && let Some(message) = self.pick_stale()
        {
            let (worker, task) = (message.worker, message.number);
            return Some(match self.ended(&message, &[], false) {
                Input::Ended { events, .. } if self.chance(2) => Input::Events {
                    worker,
                    task,
                    events,
                },
                input => input,
            });
        }
        if [State::Quitting, State::Starting, State::Running]
            .iter()
            .all(|state| self.list(*state).is_empty())
        {
            if let Some(devices) = &mut self.devices
                && devices.is_looking()
            {
                return devices.look();
            }
            // No worker can act, so only the time can advance.
            return self.wait();
        }
        let choices = [State::Quitting, State::Starting, State::Running];
        let choice = choices[self.random.next_u32() as usize % choices.len()];
        let worker = self.pick(choice)?;
        Some(match choice {
            State::Quitting => self.lose(worker, "it was told to go"),
            State::Starting if self.chance(15) => self.lose(worker, "it did not start"),
            State::Starting => {
                self.change(worker, State::Starting, State::Idle);
                Input::WorkerUp {
                    worker,
                    pid: 1,
                    host: None,
                }
            }
            _ if self.chance(4) && self.has_more_to_tell(worker) => self.tell_some(worker)?,
            // Only its timeout ends it.
            _ if self.workers[worker.0 as usize].hangs => self.wait()?,
            _ if self.chance(self.chances.crash) => {
                self.drop_task(worker);
                self.lose(worker, "it crashed, or its message was lost")
            }
            _ if self.chance(self.chances.termination) => self.die(worker)?,
            _ => self.finish(worker)?,
        })
    }

    /// A user cancels an experiment, which may have ended meanwhile.
    fn cancel(&mut self) -> Option<Input> {
        let worker = self.pick(State::Running)?;
        let Worker { task, told, .. } = &self.workers[worker.0 as usize];
        let (_, task) = task.as_ref()?;
        let number = task[self.inputs as usize % task.len()].number;
        if !told.contains(&number) {
            self.cancelling = Some((worker, number));
        }
        Some(Input::Cancel {
            experiment: number,
            status: Status::Cancelled,
            reason: None,
        })
    }

    /// Returns whether the worker runs experiments whose ends it has not reported.
    fn has_more_to_tell(&self, worker: WorkerNumber) -> bool {
        let Worker { task, told, .. } = &self.workers[worker.0 as usize];
        task.as_ref()
            .is_some_and(|(_, task)| told.len() < task.len())
    }

    /// The worker reports the ends of some experiments of its task; others continue.
    fn tell_some(&mut self, worker: WorkerNumber) -> Option<Input> {
        let Worker { task, told, .. } = &self.workers[worker.0 as usize];
        let (number, task) = task.clone()?;
        let mut told = told.clone();
        let message = Message {
            worker,
            number,
            task,
        };
        // With `retiring`, about half of the remaining experiments end.
        let input = self.ended(&message, &told, true);
        let Input::Ended { events, .. } = input else {
            return None;
        };
        told.extend(events.iter().filter_map(|event| match event {
            Event::ExperimentEnded { experiment, .. } => Some(*experiment),
            _ => None,
        }));
        self.workers[worker.0 as usize].told = told;
        Some(Input::Events {
            worker,
            task: number,
            events,
        })
    }

    /// The executor of a worker dies.
    fn die(&mut self, worker: WorkerNumber) -> Option<Input> {
        let (number, task) = self.take_task(worker)?;
        task.iter().for_each(|one| self.ledger.rests(one.number));
        self.change(worker, State::Running, State::Idle);
        Some(Input::ExecutorDied {
            worker,
            task: number,
            termination: Termination::killed("it died".to_owned()),
        })
    }

    /// Time passes until the next deadline of the scheduler, or longer, as if the leader was
    /// delayed.
    fn wait(&mut self) -> Option<Input> {
        let deadline = self.scheduler.next_deadline()?;
        let held_up = if self.chance(10) { 2_000_000 } else { 0 };
        self.now = self.now.max(deadline.0 + held_up);
        Some(Input::Tick)
    }

    /// The used memory of devices changes, and samples are taken.
    fn pass_time(&mut self) -> Option<Input> {
        let devices = self.devices.as_mut()?;
        devices.pass_time(&mut self.random);
        let fails = self.random.next_u32().is_multiple_of(20);
        let hangs = self.random.next_u32().is_multiple_of(10);
        if fails {
            devices.fail(hangs)
        } else {
            devices.look()
        }
    }

    fn answer(&mut self) -> Input {
        self.shared.is_asked.store(false, Ordering::Relaxed);
        Input::Updated(if self.chance(self.chances.refusal) {
            Err("it does not know".to_owned())
        } else if self.updates_left > 0 && self.chance(2) {
            self.updates_left -= 1;
            let configs = self.random.next_u64() % (self.size.configs + 1);
            Ok(Some(NewDomain::new(Domain::new()).n_configs(configs)))
        } else {
            Ok(None)
        })
    }

    /// A worker ends its task. The same report may arrive again later.
    fn finish(&mut self, worker: WorkerNumber) -> Option<Input> {
        let (number, task) = self.take_task(worker)?;
        task.iter().for_each(|one| self.ledger.rests(one.number));
        self.change(worker, State::Running, State::Idle);
        let message = Message {
            worker,
            number,
            task,
        };
        let retiring = self.chance(self.chances.retiring);
        self.workers[worker.0 as usize].retiring = retiring;
        let told = std::mem::take(&mut self.workers[worker.0 as usize].told);
        let input = self.ended(&message, &told, retiring);
        if self.chance(self.chances.twice) {
            self.stale.push(message);
        }
        Some(input)
    }

    /// A worker loses its task. A stale report may still arrive that the task ended.
    pub(super) fn drop_task(&mut self, worker: WorkerNumber) {
        if let Some((number, task)) = self.take_task(worker) {
            task.iter().for_each(|one| self.ledger.rests(one.number));
            self.stale.push(Message {
                worker,
                number,
                task,
            });
        }
    }

    /// Takes the task from its worker.
    fn take_task(&mut self, worker: WorkerNumber) -> Option<(TaskNumber, Task)> {
        if let Some(devices) = &mut self.devices {
            devices.end(worker);
        }
        self.workers[worker.0 as usize].task.take()
    }

    /// Returns the end of a task. The experiments in `told` have ended before.
    fn ended(&mut self, message: &Message, told: &[ExperimentNumber], retiring: bool) -> Input {
        let mut events = Vec::with_capacity(message.task.len());
        let mut endings = Vec::with_capacity(message.task.len());
        for experiment in &message.task {
            if told.contains(&experiment.number) {
                continue;
            }
            if retiring && self.chance(2) {
                // The end of another experiment has interrupted it.
                continue;
            }
            let status = if self.chance(self.chances.failure) {
                Status::Failed
            } else {
                Status::Finished
            };
            let (number, attempt) = (experiment.number, experiment.attempt);
            events.push(Event::ExperimentEnded {
                at: Timestamp(self.now),
                experiment: number,
                attempt,
                status,
                reason: None,
                iterations: 1,
                usage: Default::default(),
            });
            endings.push(Ending {
                number,
                status,
                reason: None,
                iterations: 1,
            });
        }
        Input::Ended {
            worker: message.worker,
            task: message.number,
            events,
            endings,
            retiring,
        }
    }

    fn lose(&mut self, worker: WorkerNumber, reason: &str) -> Input {
        let state = self.workers[worker.0 as usize].state;
        self.change(worker, state, State::Gone);
        Input::WorkerLost {
            worker,
            reason: reason.to_owned(),
        }
    }
}
