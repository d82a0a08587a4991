//! What passes is paid for by AWS's rules, and what an event takes of a table.
