//! What the rows of `tests/checklist.md` say and no other test does: one test for each sentence.

mod deployments;
mod interfaces;
mod requests;
