//! Tests of the program, which runs in a separate folder for each test, and of the parts that are
//! called as a library.
#![allow(
    clippy::unwrap_used,
    unreachable_pub,
    reason = "a test may panic; helpers are seen by one test executable alone"
)]

mod cancelled;
mod captured_output;
mod classifiers;
mod clock_changes;
mod configs;
mod copied;
mod corpora;
mod damaged_logs;
mod detached;
mod determinism;
mod devices;
mod devices_command;
mod docs;
mod doctor;
mod domain_command;
mod examples;
mod failures;
mod faults;
mod first_steps;
mod folder_changes;
mod from_batchflow;
mod full_disk;
mod hints;
mod invalid_files;
mod invalid_input;
mod kills;
mod logs;
mod messages;
mod outputs;
mod profile_command;
mod program;
mod recorded_environment;
mod reference;
mod reproduce;
mod research_file;
mod research_file_runs;
mod resource_limits;
mod resume;
mod roots;
mod round_trips;
mod settings;
mod shared_files;
mod show;
mod signals;
mod stored_research;
mod stray_processes;
mod streams;
mod support;
mod tables;
mod terminal;
mod timeouts;
mod updates;
mod usage;
