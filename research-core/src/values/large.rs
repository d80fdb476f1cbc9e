//! Saved values that are too large for the log: each is in a separate file, named by its hash.

use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use research_domain::Value;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::codec;
use crate::folder::create_folders;
use crate::regular_file::open_regular;

/// The size from which a value is stored in a separate file, if the research has a folder.
pub const LARGE_BYTES: usize = 1 << 20;

/// The folder of such files, within that of the research.
pub const VALUES: &str = "values";

/// The format of a value in its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LargeKind {
    /// A string, unchanged.
    Text,
    /// Bytes, unchanged.
    Bytes,
    /// Any other value, in bincode's standard configuration.
    Value,
}

impl LargeKind {
    fn extension(self) -> &'static str {
        match self {
            Self::Text => "txt",
            Self::Bytes => "bin",
            Self::Value => "value",
        }
    }
}

/// The file of a large value, and its expected content.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct LargeValue {
    /// The format of the file.
    pub kind: LargeKind,
    /// The length of the file.
    pub bytes: u64,
    /// The SHA-256 of the file, in hexadecimal digits, as `sha256sum` prints it.
    pub sha256: String,
}

/// A large value cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum LargeValueError {
    /// The system returned an error.
    #[error("cannot {action} {}, the file of a saved value: {source}", path.display())]
    Io {
        /// The action.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// The file does not hold the value that was saved.
    #[error(
        "{} does not hold the value that was saved: {reason}; restore it from a copy, all other \
         values can be read",
        path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The difference.
        reason: String,
    },
    /// The value cannot be encoded.
    #[error("a value could not be encoded: {0}")]
    Encode(io::Error),
}

fn io_error(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> LargeValueError {
    let path = path.to_owned();
    move |source| LargeValueError::Io {
        action,
        path,
        source,
    }
}

impl LargeValue {
    /// Writes a value to a file in `research`, the research's folder. Equal values share one file.
    /// The file gets its name after its content is on the disk.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write(value: &Value, research: &Path) -> Result<Self, LargeValueError> {
        let kind = match value {
            Value::Text(_) => LargeKind::Text,
            Value::Bytes(_) => LargeKind::Bytes,
            _ => LargeKind::Value,
        };
        let mut hash = Hashing::default();
        // Writing to memory cannot fail, so every error is one of the value.
        write_content(value, &mut hash).map_err(LargeValueError::Encode)?;
        let large = Self {
            kind,
            bytes: hash.bytes,
            sha256: hexadecimal(&hash.digest.finalize()),
        };
        let path = large.path(research);
        // An existing file of this name may be damaged.
        if !holds(&path, value, large.bytes) {
            create_folders(research, &research.join(VALUES))
                .map_err(io_error("make the folder of", &path))?;
            write(value, &path)?;
        }
        Ok(large)
    }

    /// Returns the file's path within the research's folder. It never leaves that folder, whatever
    /// the log says.
    #[must_use]
    pub fn file(&self) -> PathBuf {
        let digits = self.sha256.chars().filter(char::is_ascii_hexdigit);
        let name: String = digits.take(64).collect();
        Path::new(VALUES).join(format!("{name}.{}", self.kind.extension()))
    }

    /// Whether a file in the folder of values has the name of a large value.
    #[must_use]
    pub fn is_file_name(name: &str) -> bool {
        let kinds = [LargeKind::Text, LargeKind::Bytes, LargeKind::Value];
        name.split_once('.').is_some_and(|(hash, extension)| {
            hash.len() == 64
                && hash.bytes().all(|byte| byte.is_ascii_hexdigit())
                && kinds.iter().any(|kind| kind.extension() == extension)
        })
    }

    fn path(&self, research: &Path) -> PathBuf {
        research.join(self.file())
    }

    /// Reads the value from its file in `research`, the research's folder.
    ///
    /// # Errors
    /// The file is missing, or does not hold the value that was saved. The error names the file.
    pub fn read(&self, research: &Path) -> Result<Value, LargeValueError> {
        let path = self.path(research);
        let damaged = |reason: String| LargeValueError::Damaged {
            path: path.clone(),
            reason,
        };
        let mut bytes = Vec::new();
        self.read_checked(research, &mut bytes)?;
        match self.kind {
            LargeKind::Bytes => Ok(Value::Bytes(bytes)),
            LargeKind::Text => String::from_utf8(bytes)
                .map(Value::Text)
                .map_err(|error| damaged(error.to_string())),
            LargeKind::Value => {
                codec::decode_large(&bytes).map_err(|error| damaged(error.to_string()))
            }
        }
    }

    /// Checks that the file exists and holds the value that was saved.
    ///
    /// # Errors
    /// It does not. The error names the file.
    pub fn check(&self, research: &Path) -> Result<(), LargeValueError> {
        self.read_checked(research, &mut io::sink())
    }

    /// Passes the content of the file to `take`, and checks at the end that it is what was saved.
    fn read_checked(
        &self,
        research: &Path,
        output: &mut impl Write,
    ) -> Result<(), LargeValueError> {
        let path = self.path(research);
        let damaged = |reason: String| LargeValueError::Damaged {
            path: path.clone(),
            reason,
        };
        let found = fs::symlink_metadata(&path).map_err(io_error("read", &path))?;
        if !found.is_file() || found.len() != self.bytes {
            return Err(damaged(format!(
                "it has {} bytes, and {} were saved",
                found.len(),
                self.bytes
            )));
        }
        let mut hash = Hashing::default();
        read(&path, |piece| {
            hash.write_all(piece)?;
            output.write_all(piece)
        })
        .map_err(io_error("read", &path))?;
        match hexadecimal(&hash.digest.finalize()) == self.sha256 {
            true => Ok(()),
            false => Err(damaged("its hash is another".to_owned())),
        }
    }

    /// Returns the replacement of the value in tables: a map with its file and its length.
    #[must_use]
    pub fn stand_in(&self) -> Value {
        let file = self.file().to_string_lossy().into_owned();
        let bytes = i64::try_from(self.bytes).unwrap_or(i64::MAX);
        Value::Map(vec![
            ("file".to_owned(), file.into()),
            ("bytes".to_owned(), bytes.into()),
        ])
    }
}

/// Returns the SHA-256 of bytes, in hexadecimal digits, as `sha256sum` prints it.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    hexadecimal(&Sha256::digest(bytes))
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Computes the hash and the length of what is written.
#[derive(Default)]
struct Hashing {
    digest: Sha256,
    bytes: u64,
}

impl Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.digest.update(bytes);
        self.bytes += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Passes the content of a file to `take`, in chunks.
fn read(path: &Path, mut take: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
    let mut file = open_regular(path)?;
    let mut piece = vec![0; 64 << 10];
    loop {
        match file.read(&mut piece) {
            Ok(0) => return Ok(()),
            Ok(length) => take(&piece[..length])?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Writes the content of a value's file. It makes no copy, because the value may take a large part
/// of the memory.
fn write_content(value: &Value, output: &mut impl Write) -> io::Result<()> {
    match value {
        Value::Text(text) => output.write_all(text.as_bytes()),
        Value::Bytes(bytes) => output.write_all(bytes),
        other => {
            let mut output = BufWriter::with_capacity(64 << 10, output);
            codec::encode_to(other, &mut output)?;
            output.flush()
        }
    }
}

/// Whether a file holds a value. All bytes are compared, which is faster than hashing them.
fn holds(path: &Path, value: &Value, bytes: u64) -> bool {
    let is_file = fs::symlink_metadata(path)
        .is_ok_and(|metadata| metadata.is_file() && metadata.len() == bytes);
    let Some(file) = is_file.then(|| open_regular(path).ok()).flatten() else {
        return false;
    };
    let mut comparing = Comparing {
        file,
        piece: vec![0; 64 << 10],
    };
    write_content(value, &mut comparing).is_ok()
}

/// A writer that fails at bytes that differ from those of a file.
struct Comparing {
    file: File,
    piece: Vec<u8>,
}

impl Write for Comparing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let length = bytes.len().min(self.piece.len());
        let (expected, piece) = (&bytes[..length], &mut self.piece[..length]);
        self.file.read_exact(piece)?;
        match piece == expected {
            true => Ok(length),
            false => Err(io::Error::other("other bytes")),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes to a temporary file beside `path`, and renames it when it is on the disk.
fn write(value: &Value, path: &Path) -> Result<(), LargeValueError> {
    /// The number of the next temporary file, because threads of a process may write at the same
    /// time.
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let folder = path.parent().unwrap_or(Path::new("."));
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let temporary = folder.join(format!(".{}-{number}", std::process::id()));
    let written = File::create(&temporary)
        .and_then(|mut file| {
            write_content(value, &mut file)?;
            file.sync_all()
        })
        .and_then(|()| fs::rename(&temporary, path))
        .and_then(|()| File::open(folder)?.sync_all());
    if written.is_err() {
        // The file may not exist; the first error is the one to report.
        let _ = fs::remove_file(&temporary);
    }
    written.map_err(io_error("write", path))
}
