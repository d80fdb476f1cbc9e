//! The thread that decides on updates of the domain.

use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use research_core::{Column, Event, ExperimentNumber, Iterations, Status, Timestamp, When};

use super::{DomainUpdater, EndedCounts, Tally, UpdateCommand, Updates};
use crate::scheduler::UpdateRequest;
use crate::task::NewDomain;

/// Reports each request, and answers when the test allows it.
struct Slow {
    asked: Sender<EndedCounts>,
    may_answer: Receiver<()>,
}

impl DomainUpdater for Slow {
    fn rules(&self) -> Vec<When> {
        Vec::new()
    }

    fn tally(&mut self) -> Tally {
        Tally::new(0)
    }

    fn update(
        &mut self,
        _: &UpdateRequest,
        ended: &EndedCounts,
    ) -> Result<Option<NewDomain>, String> {
        self.asked.send(ended.clone()).unwrap();
        self.may_answer.recv().unwrap();
        Ok(None)
    }
}

fn ended(number: u64) -> Event {
    Event::ExperimentEnded {
        at: Timestamp(0),
        experiment: ExperimentNumber(number),
        attempt: 1,
        status: Status::Finished,
        reason: None,
        iterations: 1,
        usage: Default::default(),
    }
}

#[test]
fn no_events_wait_for_an_updater_that_is_slow() {
    let (asked, questions) = unbounded();
    let (answer, may_answer) = bounded(0);
    let (inbox, _answers) = unbounded();
    let slow = Box::new(Slow { asked, may_answer });
    let (updates, mut subscriber) = Updates::start(slow, inbox).unwrap();
    let ask = || {
        let request = UpdateRequest {
            rules: Vec::new(),
            generated: 0,
            updates: 0,
            is_exhausted: false,
        };
        let counts = super::lock(&updates.tally).counts().clone();
        updates
            .commands
            .send(UpdateCommand::Ask(request, counts))
            .unwrap();
        questions.recv().unwrap()
    };
    assert_eq!(ask(), EndedCounts::default());
    let variable: Arc<str> = "loss".into();
    for number in 0..10 {
        let saved = Event::Values {
            experiment: ExperimentNumber(number),
            variable: Arc::clone(&variable),
            iterations: Iterations::Run { first: 0, count: 1 },
            column: Column::Float(vec![0.5]),
        };
        subscriber.on_events(&[saved, ended(number)]);
    }
    assert_eq!(Arc::strong_count(&variable), 1);
    answer.send(()).unwrap();
    let counts = ask();
    assert_eq!((counts.events, counts.count(|_| true)), (20, 10));
    answer.send(()).unwrap();
    updates.stop();
}
