//! The `watchfire` binary: one file per command under `cli`.

use std::process::ExitCode;

/// An event is some thousand small pieces of text: with the C library's allocator a third of the work on it is memory.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // The allocator asks for pages of two megabytes where the system gives them to whoever asks; a worker would use a tenth
    // of most. A system that has none of this has no such pages either.
    #[cfg(target_os = "linux")]
    let _ = rustix::thread::disable_transparent_huge_pages(true);
    watchfire::cli::main()
}
