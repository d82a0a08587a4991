//! What every store promises: one suite, whatever keeps the data.
//!
//! Each promise takes a closure that opens the store; called again, after the first was dropped, it opens
//! the same one. [`store_contract!`](crate::store_contract!) makes each promise a test.

#![allow(clippy::unwrap_used, missing_docs, reason = "these are tests, each named for its promise")]

mod audit;
mod builders;
mod digest;
mod due;
mod journal;
mod leases;
mod looking;
mod merges;
mod model;
mod prune;
mod records;
mod set_back;
mod subjects;
mod wakes;

pub use audit::*;
pub use builders::{at, done, entry, finding, record};
pub use digest::*;
pub use due::*;
pub use journal::*;
pub use leases::*;
pub use looking::*;
pub use merges::*;
pub use model::*;
pub use prune::*;
pub use records::*;
pub use set_back::*;
pub use subjects::*;
pub use wakes::*;

/// Makes each promise a test: `store_contract!(expression)`, where the expression is a new closure that
/// opens a store nobody has used before.
#[macro_export]
macro_rules! store_contract {
    ($fresh:expr) => {
        $crate::store_contract! { $fresh =>
            what_is_committed_is_found
            an_unknown_event_is_not_found
            an_event_is_decided_once
            an_event_decided_before_is_said_to_be_so_even_to_a_stale_decision
            one_of_many_who_decide_the_same_event_at_once_succeeds
            an_outcome_is_found_with_its_entry
            an_outcome_is_never_overwritten
            outcomes_that_come_with_the_entry_are_kept
            an_outcome_for_an_unknown_event_is_refused
            an_outcome_for_an_unknown_effect_is_refused_and_nothing_is_written
            the_newest_decisions_come_first
            everything_is_there_after_reopening
            a_record_is_loaded_as_it_was_committed
            a_record_that_is_loaded_again_stays_as_it_was_read
            a_decision_on_a_changed_record_is_stale_and_changes_nothing
            a_decision_on_a_record_that_appeared_since_is_stale
            what_a_decision_is_about_is_checked_though_it_stays_as_it_is
            what_a_decision_only_looked_at_may_have_changed
            a_change_without_reading_is_refused
            many_at_once_on_one_incident_lose_nothing
            merges_of_decisions_that_read_the_same_are_all_made
            a_merge_without_room_makes_a_decision_stale_and_changes_nothing
            a_merge_that_comes_to_nothing_changes_no_version
            a_merge_without_reading_is_refused
            decisions_about_different_subjects_never_make_each_other_stale
            the_lines_of_an_edition_are_gathered_and_those_of_no_other
            a_fresh_entry_is_due_from_its_decision_on
            the_longest_due_come_first
            what_is_postponed_is_not_due_before
            what_is_settled_is_not_due
            what_is_settled_in_part_is_due
            postponing_what_is_settled_does_nothing
            postponing_an_unknown_event_is_refused
            whoever_commits_has_what_is_left_to_do_in_hand
            what_is_leased_is_never_more_than_the_room
            what_is_leased_is_room_again_a_minute_after_it_is_over
            many_who_lease_at_once_get_the_room_and_no_more
            what_is_due_is_said_with_its_time_and_not_before
            the_records_longest_due_come_first
            a_record_that_is_due_at_another_time_is_due_only_then
            a_record_that_nothing_is_due_about_any_more_is_not_due
            a_timeline_has_what_was_decided_about_an_incident_the_oldest_first
            a_timeline_that_is_too_long_has_the_latest
            records_are_gathered_by_the_beginning_of_their_key_in_its_order
            keys_are_found_by_their_beginning_in_their_order_and_no_more_than_are_asked_for
            what_is_open_is_gathered_without_the_rest
            what_events_looked_like_is_gathered_from_a_time_on
            the_journal_is_streamed_as_lines_the_oldest_first_with_every_event_as_it_came
            a_backup_is_the_same_as_long_as_nothing_is_written_and_another_afterwards
            old_entries_and_records_are_pruned
            what_is_pending_is_never_pruned
            an_open_incident_and_its_findings_are_never_pruned
            what_is_open_does_not_hide_what_is_old
            a_record_that_changed_since_is_kept_until_that_is_old
            pruning_takes_no_more_than_it_is_told
            a_record_that_was_pruned_and_came_back_is_not_taken_for_the_old_one
            of_two_who_write_the_next_entry_of_the_trail_one_is_stale
            the_audit_trail_is_never_pruned_and_follows_itself
            events_are_found_by_what_their_senders_call_them
            events_are_found_by_how_begins_what_their_senders_call_them
            records_of_a_later_time_are_found_when_the_clock_is_set_back
            what_was_put_off_by_a_clock_that_was_ahead_is_hastened
            random_operations_do_what_a_map_would_do
            a_ping_is_answered
            the_last_sign_is_the_one_that_was_left_last
            a_store_that_is_well_is_not_broken
        }
    };
    ($fresh:expr => $($promise:ident)+) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $promise() {
                $crate::store_contract::$promise($fresh).await;
            }
        )+
    };
}
