//! The operations on a file that the log needs.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// The file beneath a [`LogWriter`](super::LogWriter): a real one, or one that fails on purpose.
pub trait LogFile: Send {
    /// Writes all the bytes at an offset.
    ///
    /// # Errors
    /// The error of the system; some of the bytes may have been written.
    fn write_all_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()>;

    /// Truncates the file to `len` bytes.
    ///
    /// # Errors
    /// The error of the system.
    fn set_len(&mut self, len: u64) -> io::Result<()>;

    /// Waits until the written bytes are on the disk and survive a crash of the machine.
    ///
    /// # Errors
    /// The error of the system; it is then unknown which bytes survive.
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
