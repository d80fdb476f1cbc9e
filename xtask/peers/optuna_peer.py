"""Optuna: two processes that share a study in a journal file; random sampler, one value per trial."""
import multiprocessing

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from common import arguments, peak_mib, report, seconds

optuna.logging.set_verbosity(optuna.logging.WARNING)


def study(folder, create=False):
    storage = JournalStorage(JournalFileBackend(f"{folder}/journal.log"))
    sampler = optuna.samplers.RandomSampler()
    open_study = optuna.create_study if create else optuna.load_study
    return open_study(study_name="peer", storage=storage, sampler=sampler)


def work(folder, trials):
    study(folder).optimize(lambda trial: 2 * trial.suggest_int("x", 0, 1 << 30), n_trials=trials)


def run(folder, experiments):
    processes = [multiprocessing.Process(target=work, args=(folder, experiments // 2)) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()


def main():
    experiments, folder, _ = arguments()
    study(folder, create=True)
    taken, _ = seconds(lambda: run(folder, experiments))
    peak = peak_mib()
    load, rows = seconds(lambda: study(folder).trials_dataframe())
    assert len(rows) == experiments
    report(optuna.__version__, experiments, taken, peak, load, folder)


if __name__ == "__main__":
    main()
