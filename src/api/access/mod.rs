//! Who asks, and whether they may.
//!
//! ```text
//! request -> guard (401, 429) -> the service behind -> policy (403, or 404 for what a tenant cannot see)
//! ```
//!
//! - `guard`   in front of everything at the operator's door: passwords and tokens to a name with a role
//! - `users`   the file of users; `verdicts` passwords that were found right lately; `throttle` those that were not
//! - `policy`  the least role for each route, and what a token that is bound to a project may do
//! - `sight`   what it sees: nodes of its project and what belongs to them
//! - `touched` what of a request the audit keeps: targets and names, never a value that could be a secret
//! - `tokens`, `audit` our own pages about them

pub mod audit;
pub mod guard;
pub mod policy;
pub mod sight;
mod stay;
pub mod throttle;
pub mod tokens;
pub mod touched;
pub mod users;
pub mod verdicts;
