//! The program driven as a user would, in a folder of the test's own, and the parts of it that
//! are called as a library.
#![allow(
    clippy::unwrap_used,
    unreachable_pub,
    reason = "a test may panic; helpers are seen by one test executable alone"
)]

mod bad_input;
mod cancelled;
mod clock;
mod common;
mod configs;
mod copied;
mod corpora;
mod damaged;
mod detached;
mod devices;
mod devices_command;
mod disturbed;
mod docs;
mod doctor;
mod domain_command;
mod env;
mod examples;
mod failures;
mod faults;
mod few_files;
mod files;
mod first_steps;
mod full_disk;
mod kept;
mod killed;
mod left_behind;
mod logs;
mod outputs;
mod place;
mod profile_command;
mod program;
mod read_back;
mod reference;
mod reproduced;
mod research_file;
mod resumed;
mod roots;
mod said;
mod same;
mod shared_files;
mod stopped;
mod stored;
mod streams;
mod tables;
mod terminal;
mod timeouts;
mod updates;
mod usage;
mod wrong_files;
