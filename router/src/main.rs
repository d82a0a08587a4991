//! The `watchfire` binary: one file per command under `cli`.

use std::process::ExitCode;

fn main() -> ExitCode {
    watchfire::cli::main()
}
