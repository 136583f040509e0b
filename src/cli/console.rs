//! Where a command prints: two writers handed in, and what is known of the terminal behind them.

use std::fmt;
use std::io::{self, IsTerminal, Write};

use crate::base::visible::is_visible;

/// Standard output and error, or a test's buffers.
pub struct Console<'a> {
    pub out: &'a mut dyn Write,
    pub err: &'a mut dyn Write,
    /// Whether a person reads `out`.
    pub terminal: bool,
    /// Whether `out` may hold colours.
    pub colour: bool,
    /// Columns of the terminal; `None` where nothing need be shortened.
    pub width: Option<u16>,
}

/// Colours that mean something here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paint {
    /// Failed or at fault.
    Bad,
    /// At work or in need of attention.
    Busy,
    /// In use or done.
    Good,
    /// Headings.
    Head,
    /// As it is.
    Plain,
}

impl<'a> Console<'a> {
    /// For writers that are the process's standard streams: asks the environment what they can show.
    /// `NO_COLOR` is obeyed when it is set and not empty (no-color.org).
    pub fn standard(out: &'a mut dyn Write, err: &'a mut dyn Write) -> Self {
        let terminal = io::stdout().is_terminal();
        let no_colour = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|value| value == "dumb");
        let size = terminal_size::terminal_size_of(io::stdout());
        let width = size.map(|(width, _)| width.0).filter(|_| terminal);
        Self { out, err, terminal, colour: terminal && !no_colour && !dumb, width }
    }

    /// For writers that are no terminal.
    pub fn plain(out: &'a mut dyn Write, err: &'a mut dyn Write) -> Self {
        Self { out, err, terminal: false, colour: false, width: None }
    }

    /// A line of result. Flushed, so that one who follows sees it at once.
    pub fn line(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out, "{text}")?;
        self.out.flush()
    }

    /// A line beside the result, on standard error. That nobody may read there is no reason to stop.
    pub fn note(&mut self, text: &str) {
        writeln!(self.err, "ferric: {text}").and_then(|()| self.err.flush()).ok();
    }

    /// `text` in a colour, where colours are shown.
    pub fn painted(&self, text: &str, paint: Paint) -> String {
        let code = match paint {
            Paint::Plain => return text.to_owned(),
            Paint::Bad => "31",
            Paint::Busy => "33",
            Paint::Good => "32",
            Paint::Head => "1",
        };
        if self.colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

impl fmt::Debug for Console<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Console")
            .field("terminal", &self.terminal)
            .field("colour", &self.colour)
            .field("width", &self.width)
            .finish_non_exhaustive()
    }
}

/// Foreign text on one line and without control characters, so that it cannot move the cursor or break a table.
pub fn one_line(text: &str) -> String {
    let visible: String = text.chars().map(|c| if is_visible(c) { c } else { ' ' }).collect();
    visible.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_cannot_steer_the_terminal() {
        assert_eq!(one_line("a\x1b[2J\n\tb\u{9b}c  d "), "a [2J b c d");
    }

    #[test]
    fn colours_are_shown_only_where_they_may_be() {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let mut console = Console::plain(&mut out, &mut err);
        assert_eq!(console.painted("x", Paint::Bad), "x");
        console.colour = true;
        assert_eq!(console.painted("x", Paint::Bad), "\x1b[31mx\x1b[0m");
        assert_eq!(console.painted("x", Paint::Plain), "x");
    }

    #[test]
    fn results_and_notes_go_their_own_ways() {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let mut console = Console::plain(&mut out, &mut err);
        console.line("result").unwrap();
        console.note("beside");
        assert_eq!((out, err), (b"result\n".to_vec(), b"ferric: beside\n".to_vec()));
    }
}
