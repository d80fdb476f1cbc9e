//! Writes captured lines to files and to memory.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use research_core::domain::ExperimentId;
use research_core::executor::OutputSink;
use research_core::files::{append_to_regular, create_experiment_folder, leave_experiment_folder};
use research_core::{
    Event, EventSink, ExperimentNumber, LogLevel, OutputStream, Redirect, SinkError, Timestamp,
};

use super::PerStream;
use crate::task::TaskExperiment;

/// The destination of each output, if it is captured.
pub(crate) type Redirects = PerStream<Redirect>;

/// Writes the captured outputs of one experiment, or of several that share a process.
#[derive(Debug)]
pub(crate) struct OutputWriter {
    streams: PerStream<Option<Mutex<Kept>>>,
}

/// The destinations of one output.
#[derive(Debug, Default)]
struct Kept {
    files: Vec<KeptFile>,
    /// The captured output in memory that was not sent yet.
    memory: Option<Vec<u8>>,
    failure: Option<String>,
}

#[derive(Debug)]
struct KeptFile {
    path: PathBuf,
    /// Whether other processes write to the file, too, so that each line must end with a newline.
    is_common: bool,
    /// Opened with the first line, because only that should create the folder.
    file: Option<File>,
}

impl OutputWriter {
    /// Creates the writer for these experiments, whose folders are in `experiments` if they have
    /// any; `None` if no output is captured.
    pub(crate) fn new<'i>(
        redirects: Redirects,
        experiments: Option<&Path>,
        ids: impl IntoIterator<Item = &'i ExperimentId> + Clone,
    ) -> Option<Arc<Self>> {
        if redirects == Redirects::default() {
            return None;
        }
        let streams = PerStream::of(|stream| {
            let redirect = *redirects.get(stream);
            (redirect != Redirect::None).then(|| {
                let ids = ids.clone().into_iter();
                Mutex::new(Kept::new(stream, redirect, experiments, ids))
            })
        });
        Some(Arc::new(Self { streams }))
    }

    /// Sends the captured output in memory as that of these experiments.
    pub(crate) fn send_memory(
        &self,
        experiments: impl Iterator<Item = ExperimentNumber> + Clone,
        sink: &mut dyn EventSink,
    ) -> Result<(), SinkError> {
        for stream in OutputStream::ALL {
            let Some(text) = self.with(stream, Kept::take_memory).flatten() else {
                continue;
            };
            for experiment in experiments.clone() {
                sink.emit(Event::Output {
                    experiment,
                    stream,
                    text: text.clone(),
                })?;
            }
        }
        Ok(())
    }

    /// Ends a task: sends the captured output in memory, reports output that could not be written,
    /// and completes the folders of experiments with their configs.
    pub(crate) fn tell(
        &self,
        task: &[TaskExperiment],
        sink: &mut dyn EventSink,
    ) -> Result<(), SinkError> {
        self.send_memory(task.iter().map(|one| one.number), sink)?;
        let failure = self.take_failure().or_else(|| {
            self.leave_folders(task)
                .err()
                .map(|error| error.to_string())
        });
        match failure {
            None => Ok(()),
            Some(failure) => sink.emit(Event::Message {
                at: Timestamp::now(),
                experiment: task.first().map(|one| one.number),
                level: LogLevel::Warning,
                text: format!("its output was not captured completely: {failure}"),
            }),
        }
    }

    /// Writes the configs to the folders of experiments with captured output.
    fn leave_folders(&self, task: &[TaskExperiment]) -> io::Result<()> {
        for file in OutputStream::ALL
            .into_iter()
            .filter_map(|stream| self.with(stream, Kept::written))
            .flatten()
        {
            let folder = file.parent().unwrap_or(&file);
            let of_folder = |one: &&TaskExperiment| folder.ends_with(one.record.id.as_str());
            if let Some(experiment) = task.iter().find(of_folder) {
                leave_experiment_folder(folder, &experiment.record.full_config())?;
            }
        }
        Ok(())
    }

    /// Takes the reason that output could not be written, if there is one.
    pub(crate) fn take_failure(&self) -> Option<String> {
        OutputStream::ALL
            .into_iter()
            .find_map(|stream| self.with(stream, |kept| kept.failure.take()).flatten())
    }

    fn with<T>(&self, stream: OutputStream, act: impl FnOnce(&mut Kept) -> T) -> Option<T> {
        let kept = self.streams.get(stream).as_ref()?;
        // Ignore poisoning: lines that a panicked thread has added are valid.
        Some(act(&mut kept
            .lock()
            .unwrap_or_else(PoisonError::into_inner)))
    }
}

impl OutputSink for OutputWriter {
    fn keeps(&self, stream: OutputStream) -> bool {
        self.streams.get(stream).is_some()
    }

    fn keep(&self, stream: OutputStream, lines: &[u8]) {
        self.with(stream, |kept| kept.keep(lines));
    }
}

impl Kept {
    fn new<'i>(
        stream: OutputStream,
        redirect: Redirect,
        experiments: Option<&Path>,
        ids: impl Iterator<Item = &'i ExperimentId>,
    ) -> Self {
        let mut kept = Self::default();
        let Some(experiments) = experiments else {
            kept.memory = Some(Vec::new());
            return kept;
        };
        let mut add = |folder: PathBuf, is_common| {
            kept.files.push(KeptFile {
                path: folder.join(stream.file_name()),
                is_common,
                file: None,
            });
        };
        if redirect.is_common() {
            add(experiments.parent().unwrap_or(experiments).to_owned(), true);
        }
        if redirect.is_per_experiment() {
            ids.for_each(|id| add(experiments.join(id.as_str()), false));
        }
        kept
    }

    fn keep(&mut self, lines: &[u8]) {
        if let Some(memory) = &mut self.memory {
            memory.extend_from_slice(lines);
        }
        for file in &mut self.files {
            if let Err(error) = file.append(lines) {
                let path = file.path.display();
                self.failure
                    .get_or_insert_with(|| format!("{path} cannot be written: {error}"));
            }
        }
    }

    /// Returns the files of experiments that have content.
    fn written(&mut self) -> Vec<PathBuf> {
        let written = |file: &&KeptFile| !file.is_common && file.file.is_some();
        let files = self.files.iter().filter(written);
        files.map(|file| file.path.clone()).collect()
    }

    fn take_memory(&mut self) -> Option<String> {
        let memory = self.memory.as_mut().filter(|memory| !memory.is_empty())?;
        Some(String::from_utf8_lossy(&std::mem::take(memory)).into_owned())
    }
}

impl KeptFile {
    fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            None => self.file.insert(open(&self.path, self.is_common)?),
        };
        // Write with one call, so that lines of other processes cannot come between these.
        if self.is_common && !lines.ends_with(b"\n") {
            file.write_all(&[lines, b"\n"].concat())
        } else {
            file.write_all(lines)
        }
    }
}

fn open(path: &Path, is_common: bool) -> io::Result<File> {
    let open = || {
        if let Some(folder) = path.parent().filter(|_| !is_common) {
            create_experiment_folder(folder)?;
        }
        append_to_regular(path)
    };
    match open() {
        // The end of an experiment may just have removed its empty folder.
        Err(error) if error.kind() == io::ErrorKind::NotFound => open(),
        result => result,
    }
}
