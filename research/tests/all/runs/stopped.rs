//! Runs that their handles stop, completed later.

use research::{CompletedRun, Isolation, Outcome};

use crate::common::{folder, is_worker, square};

#[test]
fn a_run_is_stopped_by_its_handle_and_completed_by_running_or_resuming_it() {
    let folder = folder("run-or-resume");
    for isolation in [Isolation::None, Isolation::Experiment] {
        let study = || {
            square(&format!("{isolation:?}"))
                .folder(&folder)
                .isolation(isolation)
        };
        let research = study();
        let handle = research.stop_handle();
        handle.stop();
        let outcome = |finished: &CompletedRun| finished.report().unwrap().outcome;
        let stopped = research.run_or_resume().unwrap();
        let finished = study().run_or_resume().unwrap();
        // The handle has no effect on other runs.
        handle.kill();
        let again = study().run_or_resume().unwrap();
        // Workers pass these runs, and have no reports of them.
        if !is_worker() {
            assert_eq!(outcome(&stopped), Outcome::Interrupted);
            assert_eq!(outcome(&finished), Outcome::Complete);
            assert_eq!(again.report().unwrap().counts.total(), 0);
        }
    }
}
