//! The file that a program writes as its output.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Component, Path, PathBuf};
use std::thread;
use std::time::Duration;

use nix::time::{ClockId, clock_gettime};
use research_core::Context;

use super::claim::Claim;
use super::failure::Failure;
use super::output_error::OutputError;
use super::render_error::RenderError;
use super::template::Template;

/// The file that a program is about to write.
#[derive(Debug)]
pub(super) struct OutputFile {
    path: PathBuf,
    /// The state of the file before the program ran; `None` if there was no file.
    before: Option<FileState>,
    /// Keeps other programs from writing the file until its content is read.
    _claim: Option<Claim>,
}

/// The metadata that changes when a file is written or replaced, even with the same bytes.
///
/// The kernel sets the change time (ctime) by itself, and no program can set it back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct FileState {
    file: (u64, u64),
    bytes: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

/// The longest interval between two ticks of the clock that stamps files, that of the slowest
/// kernels.
const LONGEST_TICK: Duration = Duration::from_millis(10);

impl OutputFile {
    /// Records the state of the file that an earlier call, attempt or run may have left. Does not
    /// remove it: a program may append to its file.
    pub(super) fn prepare(template: &Template, context: &Context) -> Result<Self, Failure> {
        let path = path(template, context)?;
        let claim = Claim::new(&path).map_err(Failure::File)?;
        let before = match fs::metadata(&path) {
            Ok(metadata) => Some(FileState::new(&metadata)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(Failure::File(failed("read", path)(error))),
        };
        if let Some(before) = &before {
            before.wait_for_next_tick();
        }
        Ok(Self {
            path,
            before,
            _claim: claim,
        })
    }

    /// Returns the path of the file.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Reads the file that the program wrote.
    pub(super) fn read(&self, limit: usize) -> Result<Vec<u8>, OutputError> {
        let path = || self.path.clone();
        let file = match open(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(OutputError::NotWritten(path()));
            }
            file => file.map_err(failed("open", path()))?,
        };
        let metadata = file.metadata().map_err(failed("read", path()))?;
        if !metadata.is_file() {
            return Err(OutputError::NotAFile(path()));
        }
        if self.before == Some(FileState::new(&metadata)) {
            return Err(OutputError::NotWritten(path()));
        }
        let mut content = Vec::new();
        let read = file.take(limit as u64 + 1).read_to_end(&mut content);
        read.map_err(failed("read", path()))?;
        match content.len() > limit {
            true => Err(OutputError::LongFile {
                path: path(),
                limit,
            }),
            false => Ok(content),
        }
    }
}

/// Returns the path of the template. A relative path is inside the experiment's folder.
fn path(template: &Template, context: &Context) -> Result<PathBuf, Failure> {
    let path = PathBuf::from(template.render(context).map_err(Failure::Render)?);
    if path.is_absolute() {
        return Ok(path);
    }
    let mut components = path.components();
    if components.any(|component| component == Component::ParentDir) {
        return Err(Failure::File(OutputError::Outside(path)));
    }
    let folder = context.path().and_then(std::path::absolute);
    let folder = folder.map_err(|error| Failure::Render(RenderError::Folder(error)))?;
    Ok(folder.join(path))
}

/// Opens a file for reading, without blocking if it is a pipe without a writer.
fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).custom_flags(libc::O_NONBLOCK).open(path)
}

impl FileState {
    fn new(metadata: &Metadata) -> Self {
        Self {
            file: (metadata.dev(), metadata.ino()),
            bytes: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }

    /// Waits until the clock that stamps files has advanced beyond the time of the last change.
    ///
    /// The clock advances in ticks of some milliseconds. A file that is written twice within one
    /// tick would look as if it were written once.
    fn wait_for_next_tick(&self) {
        for _ in 0..LONGEST_TICK.as_millis() {
            let Ok(now) = clock_gettime(ClockId::CLOCK_REALTIME_COARSE) else {
                return;
            };
            let since = Duration::from(now).as_nanos() as i128
                - (i128::from(self.changed.0) * 1_000_000_000 + i128::from(self.changed.1));
            // A time far ahead was set by another machine, or before the clock was set back.
            if since > 0 || -since > LONGEST_TICK.as_nanos() as i128 {
                return;
            }
            thread::sleep(Duration::from_millis(1));
        }
    }
}

fn failed(action: &'static str, path: PathBuf) -> impl FnOnce(io::Error) -> OutputError {
    move |source| OutputError::File {
        action,
        path,
        source,
    }
}
