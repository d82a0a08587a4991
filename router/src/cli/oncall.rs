//! `watchfire oncall`: who is on call, as a calendar or PagerDuty has it.

use super::Failed;
use super::asking::{look, second};
use super::screen::{self, plain};
use super::watching::Listing;
use crate::api::OperatorEndpoint;
use crate::api::views::OnCall;

/// Says who is on call, who comes next, and where that is read.
pub(super) fn oncall(listing: &Listing) -> Result<(), Failed> {
    listing.each(
        |whom| look::<OnCall>(whom, OperatorEndpoint::OnCall.path()),
        |_, OnCall { place, known }| {
            let (Some(place), Some(known)) = (place, known) else {
                say!("nobody says who is on call: it is not configured (oncall)");
                return Ok(());
            };
            let rows = [
                ("On call", Some(plain(&known.said))),
                ("Read from", Some(plain(&place))),
                ("Read at", known.as_of.map(second)),
                ("Not read", known.trouble.map(|why| plain(&why))),
            ];
            for (name, value) in rows {
                for line in value.iter().flat_map(|value| screen::row(name, value)) {
                    say!("{line}");
                }
            }
            Ok(())
        },
    )
}
