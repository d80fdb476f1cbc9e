//! Updates of the domain: when they are asked for, and what becomes of the answers.

use research_core::{Event, When};

use super::Action;
use super::transitions::{Phase, Scheduler};
use crate::clock::Now;
use crate::task::NewDomain;

/// The rules by which the domain is updated.
#[derive(Debug, Default)]
pub(super) struct Updates {
    /// When each rule is asked.
    rules: Vec<When>,
    /// How many tasks have ended since the rules were looked at.
    ended: usize,
    /// An answer is awaited.
    is_asked: bool,
}

/// A question: is the domain to be updated?
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpdateRequest {
    /// The rules that are asked, in order, by their numbers; the first answer counts.
    pub rules: Vec<usize>,
    /// How many experiments were taken from the domain so far.
    pub generated: u64,
    /// How often it was updated.
    pub updates: u64,
    /// Whether nothing is left of it.
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

    /// Notes that a task has ended for good.
    pub(super) fn task_ended(&mut self) {
        if self.has_rules() {
            self.ended += 1;
        }
    }

    /// How many tasks have ended since the rules were looked at: as many are to be taken after
    /// that.
    pub(super) fn ended(&self) -> usize {
        self.ended
    }

    pub(super) fn is_asked(&self) -> bool {
        self.is_asked
    }

    /// Nobody waits for an answer any more.
    pub(super) fn forget(&mut self) {
        self.is_asked = false;
    }
}

impl Scheduler {
    /// A run that goes on with a research may have been ended before an update that was due.
    pub(super) fn look_for_missed_update(&mut self, actions: &mut Vec<Action>) {
        let progress = self.queue.progress();
        if progress.generated > progress.updated_at {
            self.ask_for_update(actions);
        }
    }

    /// Looks at the rules for the next task that has ended; false if there is none.
    pub(super) fn look_at_rules(&mut self, actions: &mut Vec<Action>) -> bool {
        let has_ended = self.updates.ended > 0;
        if has_ended {
            self.updates.ended -= 1;
            self.ask_for_update(actions);
        }
        has_ended
    }

    /// Asks the rules that are due, as if configs were iterations.
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

    /// Takes in an answer. One that comes while the run is stopped is kept for the resumed run.
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
            // To go on with what was to be replaced would waste what it takes. The resumed run
            // asks again.
            Err(reason) => self.give_up(
                now,
                format!("the domain cannot be updated: {reason}"),
                actions,
            ),
        }
    }
}
