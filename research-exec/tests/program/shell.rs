//! Commands that go through a shell.
