//! A program beside the measured one: it says a line once it is ready, and ends when its standard input closes.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use anyhow::Context as _;

/// It, for as long as this is there.
pub(crate) struct Started(Child);

impl Started {
    /// Starts it: what it says first, without its end of line.
    pub(crate) fn by(command: &mut Command) -> anyhow::Result<(Self, String)> {
        let mut started = Self(command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?);
        let mut line = String::new();
        BufReader::new(started.0.stdout.take().context("it is piped")?).read_line(&mut line)?;
        Ok((started, line.trim().to_owned()))
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}
