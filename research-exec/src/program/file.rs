//! A program's output that is a file.

use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Component, PathBuf};
use std::time::{Duration, SystemTime};

use research_core::Context;

use super::failure::Failure;
use super::names::RenderError;
use super::output::OutputError;
use super::template::Template;

/// The file that a program is about to write.
#[derive(Debug)]
pub(super) struct OutputFile {
    path: PathBuf,
    /// What was there before, and when that was looked at; `None` if nothing is left there.
    before: Option<(Metadata, SystemTime)>,
}

/// How far a file's time may be behind the clock: file systems go by the kernel's tick.
const TICK: Duration = Duration::from_millis(10);

impl OutputFile {
    /// Sees to it that what an earlier call wrote is not taken for this one's: inside the
    /// experiment's folder it is removed. A file elsewhere is not ours to remove; it has to change.
    pub(super) fn prepare(template: &Template, context: &Context) -> Result<Self, Failure> {
        let path = PathBuf::from(template.render(context).map_err(Failure::Render)?);
        if path.is_absolute() {
            let now = SystemTime::now();
            let before = fs::metadata(&path).ok().map(|metadata| (metadata, now));
            return Ok(Self { path, before });
        }
        if path
            .components()
            .any(|component| component == Component::ParentDir)
        {
            return Err(Failure::File(OutputError::Outside(path)));
        }
        let folder = context.path().and_then(std::path::absolute);
        let folder = folder.map_err(|error| Failure::Render(RenderError::Folder(error)))?;
        let path = folder.join(path);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(Failure::File(failed("remove", path)(error)))
            }
            _ => Ok(Self { path, before: None }),
        }
    }

    /// What the program wrote.
    pub(super) fn read(self, limit: usize) -> Result<Vec<u8>, OutputError> {
        let file = match File::open(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(OutputError::NotWritten(self.path));
            }
            file => file.map_err(failed("open", self.path.clone()))?,
        };
        let metadata = file.metadata().map_err(failed("read", self.path.clone()))?;
        if !self.is_new(&metadata) {
            return Err(OutputError::NotWritten(self.path));
        }
        let mut content = Vec::new();
        let read = file.take(limit as u64 + 1).read_to_end(&mut content);
        read.map_err(failed("read", self.path.clone()))?;
        match content.len() > limit {
            true => Err(OutputError::LongFile {
                path: self.path,
                limit,
            }),
            false => Ok(content),
        }
    }

    fn is_new(&self, metadata: &Metadata) -> bool {
        let Some((before, at)) = &self.before else {
            return true;
        };
        let identity = |m: &Metadata| (m.ino(), m.len(), m.mtime(), m.mtime_nsec());
        let written = metadata.modified().is_ok_and(|time| time + TICK >= *at);
        written || identity(before) != identity(metadata)
    }
}

fn failed(action: &'static str, path: PathBuf) -> impl FnOnce(io::Error) -> OutputError {
    move |source| OutputError::File {
        action,
        path,
        source,
    }
}
