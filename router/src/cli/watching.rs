//! A list shown once, or again and again until somebody has seen enough.

use std::time::Duration;

use clap::Args;

use super::asking::Whom;
use super::{Failed, screen};

/// Between two looks.
const PACE: Duration = Duration::from_secs(2);

/// What every list takes.
#[derive(Clone, Debug, Args)]
pub(super) struct Listing {
    /// Show it again every two seconds
    #[arg(long, short)]
    watch: bool,
    #[command(flatten)]
    pub(super) whom: Whom,
}

impl Listing {
    /// Shows what is asked for; none where it has been printed for a program. While it is watched, a worker that does not
    /// answer is said so and asked again.
    ///
    /// # Errors
    /// Why there is no answer, unless it is watched.
    pub(super) fn each<T>(
        &self,
        ask: impl Fn(&Whom) -> Result<Option<T>, Failed>,
        show: impl Fn(&Whom, T) -> Result<(), Failed>,
    ) -> Result<(), Failed> {
        let Self { watch, whom } = self;
        loop {
            let answer = ask(whom);
            if *watch && screen::is_terminal() {
                screen::clear()?;
            }
            match answer {
                Ok(Some(answer)) => show(whom, answer)?,
                Ok(None) => {}
                Err(Failed::Because(error)) if *watch => complain!("watchfire: {error:#}"),
                Err(failed) => return Err(failed),
            }
            if !watch {
                return Ok(());
            }
            std::thread::sleep(PACE);
        }
    }
}
