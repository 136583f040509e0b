//! What can go wrong with a controller on demand, whoever made it.

use std::time::Duration;

/// One thing that goes wrong from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BmcFault {
    /// Every answer comes this much later.
    Slow(Duration),
    /// Connections are refused.
    Dead,
    /// Connections are taken by the system and never looked at.
    BlackHole,
    /// Requests are read and never answered.
    Mute,
    /// The account's password is another one now.
    WrongPassword,
    /// Connections that wait this long for their client are closed without notice.
    ClosesIdle(Duration),
    /// Answers to requests whose path holds this are a page of HTML.
    Html(String),
    /// Answers to requests whose path holds this are 100 MB long.
    Huge(String),
    /// Answers to requests whose path holds this are JSON cut in the middle.
    Cut(String),
    /// Collections lead back to themselves, and chassis contain each other.
    Cyclic,
    /// Requests whose path holds the first are sent to the second, a URL without a path.
    Redirect(String, String),
    /// Answers to requests whose path holds this are of this status, with an error in the body.
    Refuses(String, u16),
    /// Orderly shutdowns are accepted and nothing happens.
    IgnoresShutdown,
    /// Every change is done, but the connection breaks before its answer; counts changes.
    LosesAnswers(u32),
}

/// The faults in force.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BmcFaults {
    pub slow: Option<Duration>,
    pub dead: bool,
    pub black_hole: bool,
    pub mute: bool,
    pub wrong_password: bool,
    pub closes_idle: Option<Duration>,
    pub html: Option<String>,
    pub huge: Option<String>,
    pub cut: Option<String>,
    pub cyclic: bool,
    pub redirect: Option<(String, String)>,
    pub refuses: Option<(String, u16)>,
    pub ignores_shutdown: bool,
    pub loses_answers: u32,
}

impl BmcFaults {
    /// Adds one to those in force; one of the same kind replaces it.
    pub fn set(&mut self, fault: BmcFault) {
        match fault {
            BmcFault::Slow(delay) => self.slow = Some(delay),
            BmcFault::Dead => self.dead = true,
            BmcFault::BlackHole => self.black_hole = true,
            BmcFault::Mute => self.mute = true,
            BmcFault::WrongPassword => self.wrong_password = true,
            BmcFault::ClosesIdle(after) => self.closes_idle = Some(after),
            BmcFault::Html(path) => self.html = Some(path),
            BmcFault::Huge(path) => self.huge = Some(path),
            BmcFault::Cut(path) => self.cut = Some(path),
            BmcFault::Cyclic => self.cyclic = true,
            BmcFault::Redirect(path, to) => self.redirect = Some((path, to)),
            BmcFault::Refuses(path, status) => self.refuses = Some((path, status)),
            BmcFault::IgnoresShutdown => self.ignores_shutdown = true,
            BmcFault::LosesAnswers(times) => self.loses_answers = times,
        }
    }
}
