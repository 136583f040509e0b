//! The live table: server, state, step, bytes, time.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::base::size::human;
use crate::base::time::{SharedClock, Tick};
use crate::cli::console::Console;
use crate::cli::table;
use crate::twin::server::Server;

/// One server's line.
#[derive(Debug, Clone, Default)]
pub struct Row {
    pub id: Option<String>,
    pub state: String,
    pub step: String,
    pub power: String,
    /// Time stands still when the server is done.
    pub ended: Option<Duration>,
}

/// What is known of each server, drawn in place on a terminal, a line a change elsewhere.
#[derive(Debug)]
pub struct Board {
    servers: Vec<Server>,
    rows: Mutex<Vec<Row>>,
    drawn: Mutex<Drawn>,
    clock: SharedClock,
    began: Tick,
}

#[derive(Debug, Default)]
struct Drawn {
    lines: usize,
    told: Vec<String>,
}

impl Board {
    pub fn new(servers: &[Server], clock: SharedClock) -> Self {
        let began = clock.tick();
        let rows = Mutex::new(vec![Row::default(); servers.len()]);
        Self { servers: servers.to_vec(), rows, drawn: Mutex::default(), clock, began }
    }

    /// Changes a row.
    pub fn update(&self, row: usize, change: impl FnOnce(&mut Row)) {
        let mut rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(row) = rows.get_mut(row) {
            change(row);
        }
    }

    /// The row as it is.
    pub fn row(&self, row: usize) -> Row {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner).get(row).cloned().unwrap_or_default()
    }

    /// The row is done: its time stands still.
    pub fn end(&self, row: usize) {
        let took = self.clock.tick().since(self.began);
        self.update(row, |row| row.ended = Some(took));
    }

    /// Draws the table over the last one, or tells what has changed where there is no terminal.
    pub fn draw(&self, console: &mut Console<'_>) -> std::io::Result<()> {
        if console.terminal { self.draw_over(console) } else { self.tell(console) }
    }

    /// The table as it is at the end.
    pub fn draw_last(&self, console: &mut Console<'_>) -> std::io::Result<()> {
        if console.terminal {
            return self.draw_over(console);
        }
        self.tell(console)?;
        console.line("")?;
        self.lines(None).iter().try_for_each(|line| console.line(line))
    }

    fn draw_over(&self, console: &mut Console<'_>) -> std::io::Result<()> {
        let lines = self.lines(console.width);
        let mut drawn = self.drawn.lock().unwrap_or_else(PoisonError::into_inner);
        if drawn.lines > 0 {
            // ECMA-48: cursor up so many lines, erase below.
            write!(console.out, "\x1b[{}A\x1b[J", drawn.lines)?;
        }
        drawn.lines = lines.len();
        lines.iter().try_for_each(|line| console.line(line))
    }

    fn tell(&self, console: &mut Console<'_>) -> std::io::Result<()> {
        let rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut drawn = self.drawn.lock().unwrap_or_else(PoisonError::into_inner);
        drawn.told.resize(rows.len(), String::new());
        let seconds = self.clock.tick().since(self.began).as_secs_f64();
        for ((server, row), told) in self.servers.iter().zip(&rows).zip(&mut drawn.told) {
            let now = format!("{} {}", row.state, row.step);
            if *told != now {
                console.line(&format!("{seconds:7.1} s  {:<10} {now}", server.settings().name))?;
                *told = now;
            }
        }
        Ok(())
    }

    fn lines(&self, width: Option<u16>) -> Vec<String> {
        let header: Vec<_> = ["SERVER", "STATE", "STEP", "POWER", "BYTES", "TIME"].map(str::to_owned).into();
        let rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        let cells =
            self.servers.iter().zip(rows.iter()).map(|(server, row)| self.cells(server, row)).collect();
        table::lines(&header, cells, width)
    }

    fn cells(&self, server: &Server, row: &Row) -> Vec<String> {
        let progress = server.progress();
        let took = row.ended.unwrap_or_else(|| self.clock.tick().since(self.began));
        vec![
            server.settings().name.clone(),
            row.state.clone(),
            row.step.clone(),
            row.power.clone(),
            human(progress.image_bytes),
            format!("{:.1} s", took.as_secs_f64()),
        ]
    }
}
