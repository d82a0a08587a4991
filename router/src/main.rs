//! The `watchfire` binary: one file per command under `cli`.

use std::process::ExitCode;

/// An event is some thousand small pieces of text: with the C library's allocator a third of the work on it is memory.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    watchfire::cli::main()
}
