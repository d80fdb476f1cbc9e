//! What the log asks of a file.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// The file beneath a [`LogWriter`](super::LogWriter): a real one, or one that fails on purpose.
pub trait LogFile: Send {
    /// Writes all the bytes at an offset.
    ///
    /// # Errors
    /// The system's; some of the bytes may have been written.
    fn write_all_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()>;

    /// Cuts the file to a length.
    ///
    /// # Errors
    /// The system's.
    fn set_len(&mut self, len: u64) -> io::Result<()>;

    /// Waits until what was written would outlive the machine.
    ///
    /// # Errors
    /// The system's; then it is unknown which bytes would.
    fn sync(&mut self) -> io::Result<()>;
}

impl LogFile for File {
    fn write_all_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()> {
        FileExt::write_all_at(self, bytes, offset)
    }

    fn set_len(&mut self, len: u64) -> io::Result<()> {
        File::set_len(self, len)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }
}
