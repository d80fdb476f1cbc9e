//! The program driven as a user would: research files whose units are small scripts are run,
//! interrupted, killed and resumed in a folder of the test's own.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod bad_input;
mod clock;
mod configs;
mod copied;
mod damaged;
mod detached;
mod devices;
mod disturbed;
mod doctor;
mod env;
mod failures;
mod faults;
mod few_files;
mod files;
mod full_disk;
mod kept;
mod killed;
mod left_behind;
mod logs;
mod outputs;
mod place;
mod read_back;
mod reproduced;
mod resumed;
mod roots;
mod said;
mod same;
mod shared_files;
mod stopped;
mod streams;
mod timeouts;
mod updates;
