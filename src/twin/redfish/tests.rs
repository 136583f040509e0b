//! A controller asked over its own doors.

mod asker;
mod book;
mod odd;
mod stranger;
