//! Updates of the domain: asks the rules that are due, and applies their answers.

use research_core::{Event, When};

use super::Action;
use super::state_machine::{Phase, Scheduler};
use crate::clock::Now;
use crate::task::NewDomain;

/// The update rules.
#[derive(Debug, Default)]
pub(super) struct Updates {
    /// The time at which each rule is asked.
    rules: Vec<When>,
    /// The number of tasks that have ended since the rules were checked.
    ended: usize,
    /// Whether an answer is awaited.
    is_asked: bool,
}

/// A request to update the domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpdateRequest {
    /// The indices of the rules to ask, in order; the first answer counts.
    pub rules: Vec<usize>,
    /// The number of experiments that were taken from the domain so far.
    pub generated: u64,
    /// The number of updates so far.
    pub updates: u64,
    /// Whether the domain is exhausted.
    pub is_exhausted: bool,
}

impl Updates {
    pub(super) fn new(rules: Vec<When>) -> Self {
        Self {
            rules,
            ..Self::default()
        }
    }

    pub(super) fn has_rules(&self) -> bool {
        !self.rules.is_empty()
    }

    /// Records that a task has ended and is not retried.
    pub(super) fn task_ended(&mut self) {
        if self.has_rules() {
            self.ended += 1;
        }
    }

    /// Returns the number of tasks that have ended since the rules were checked. After the check
    /// the same number of tasks is taken from the source.
    pub(super) fn ended(&self) -> usize {
        self.ended
    }

    pub(super) fn is_asked(&self) -> bool {
        self.is_asked
    }

    /// Stops waiting for an answer.
    pub(super) fn forget(&mut self) {
        self.is_asked = false;
    }
}

impl Scheduler {
    /// Asks for an update that was due when an earlier run ended.
    pub(super) fn ask_for_missed_update(&mut self, actions: &mut Vec<Action>) {
        let progress = self.queue.progress();
        if progress.generated > progress.updated_at {
            self.ask_for_update(actions);
        }
    }

    /// Asks the rules for the next ended task; returns false if there is none.
    pub(super) fn ask_rules(&mut self, actions: &mut Vec<Action>) -> bool {
        let has_ended = self.updates.ended > 0;
        if has_ended {
            self.updates.ended -= 1;
            self.ask_for_update(actions);
        }
        has_ended
    }

    /// Asks the rules that are due; configs count as iterations.
    fn ask_for_update(&mut self, actions: &mut Vec<Action>) {
        let progress = self.queue.progress();
        let is_exhausted = self.queue.is_exhausted();
        let latest = progress.generated.saturating_sub(1);
        let due = |when: &When| when.is_due(latest, None, is_exhausted);
        let rules = self.updates.rules.iter().enumerate();
        let rules: Vec<usize> = rules
            .filter(|(_, when)| due(when))
            .map(|(number, _)| number)
            .collect();
        if !rules.is_empty() {
            self.updates.is_asked = true;
            actions.push(Action::Update(UpdateRequest {
                rules,
                generated: progress.generated,
                updates: progress.updates,
                is_exhausted,
            }));
        }
    }

    /// Applies an answer. While the run stops, the update is recorded for the resumed run.
    pub(super) fn updated(
        &mut self,
        now: Now,
        answer: Result<Option<NewDomain>, String>,
        actions: &mut Vec<Action>,
    ) {
        if !self.updates.is_asked || self.phase == Phase::Done {
            return;
        }
        self.updates.is_asked = false;
        let updated = match answer {
            Ok(None) => return,
            Ok(Some(new)) => self.queue.update(&new).map_err(|error| error.to_string()),
            Err(reason) => Err(reason),
        };
        match updated {
            Ok(update) => {
                let update = Box::new(update);
                actions.push(Action::Append(vec![Event::DomainUpdated {
                    at: now.at,
                    update,
                }]));
            }
            // Give up: running the configs that the update would replace wastes time. The resumed
            // run asks again.
            Err(reason) => self.give_up(
                now,
                format!("the domain cannot be updated: {reason}"),
                actions,
            ),
        }
    }
}
