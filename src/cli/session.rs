//! One run of a command: the way to the API, the console and the clock, with the retries that clients of Ironic make.

use std::time::Duration;

use serde_json::Value;

use crate::base::time::{Clock, Later, Tick, sleep};
use crate::base::visible::is_visible;
use crate::cli::console::Console;
use crate::cli::fault::{CliError, refusal};
use crate::net::http::Method;

/// Carries one request to the API and its answer back.
pub trait Exchange: Send + Sync {
    fn exchange(&self, request: Request) -> Later<'_, Result<Answer, CliError>>;
}

/// What is asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    pub method: Method,
    /// Path and query below the API's address, as `/v1/nodes?limit=1`.
    pub path: String,
    pub body: Payload,
}

/// What a request carries.
#[derive(Debug, Clone, PartialEq)]
pub enum Payload {
    Nothing,
    Json(Value),
    Slice(Slice),
}

/// Bytes of a file that is sent in several requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slice {
    pub bytes: Vec<u8>,
    /// Where in the file they stand.
    pub start: u64,
    /// Bytes of the whole file.
    pub total: u64,
}

/// What came back, whatever its status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub body: Vec<u8>,
}

/// All that a command works with.
pub struct Session<'s, 'c> {
    pub link: &'s dyn Exchange,
    pub console: &'s mut Console<'c>,
    pub clock: &'s dyn Clock,
    /// Where the API is, for messages.
    pub url: &'s str,
    /// Whether results are printed as the API's JSON.
    pub json: bool,
    /// When the API last answered; `None` while it never has.
    pub heard: Option<Tick>,
}

impl std::fmt::Debug for Session<'_, '_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("url", &self.url).field("json", &self.json).finish_non_exhaustive()
    }
}

impl Session<'_, '_> {
    pub async fn fetch(&mut self, path: String) -> Result<Answer, CliError> {
        self.ask(Request { method: Method::Get, path, body: Payload::Nothing }).await
    }

    /// A resource as a value.
    pub async fn value(&mut self, path: String) -> Result<Value, CliError> {
        let answer = self.fetch(path).await?;
        self.parse(&answer)
    }

    pub fn parse(&self, answer: &Answer) -> Result<Value, CliError> {
        let value: Option<Value> = serde_json::from_slice(&answer.body).ok();
        value.filter(Value::is_object).ok_or_else(|| CliError::Garbled { url: self.url.to_owned() })
    }

    pub async fn post(&mut self, path: String, body: Value) -> Result<Answer, CliError> {
        self.ask(Request { method: Method::Post, path, body: Payload::Json(body) }).await
    }

    pub async fn put(&mut self, path: String, body: Value) -> Result<Answer, CliError> {
        self.ask(Request { method: Method::Put, path, body: Payload::Json(body) }).await
    }

    pub async fn patch(&mut self, path: String, operations: Value) -> Result<Answer, CliError> {
        self.ask(Request { method: Method::Patch, path, body: Payload::Json(operations) }).await
    }

    pub async fn delete(&mut self, path: String) -> Result<Answer, CliError> {
        self.ask(Request { method: Method::Delete, path, body: Payload::Nothing }).await
    }

    /// Sends a slice of a file.
    pub async fn send(&mut self, path: String, slice: Slice) -> Result<Answer, CliError> {
        self.once(Request { method: Method::Put, path, body: Payload::Slice(slice) }).await
    }

    /// Asks, and asks again a few times while another change holds the node.
    pub async fn ask(&mut self, request: Request) -> Result<Answer, CliError> {
        for attempt in 1..=RETRIES {
            match self.once(request.clone()).await {
                Err(CliError::Refused(fault)) if fault.is_locked() => {
                    let why = if attempt == 1 { fault.to_string() } else { "still locked".to_owned() };
                    self.console.note(&format!("{why}; trying again ({attempt} of {RETRIES})"));
                    sleep(self.clock, PAUSE).await;
                }
                settled => return settled,
            }
        }
        self.once(request).await
    }

    async fn once(&mut self, request: Request) -> Result<Answer, CliError> {
        let answer = self.link.exchange(request).await?;
        // What a server error comes from may be a proxy with nothing behind it.
        if answer.status < 500 {
            self.heard = Some(self.clock.tick());
        }
        if (200..300).contains(&answer.status) {
            return Ok(answer);
        }
        Err(refusal(self.url, answer.status, &answer.body))
    }

    /// Prints an answer's body: byte for byte into a pipe, indented for a person.
    pub fn print_answer(&mut self, answer: &Answer) -> Result<(), CliError> {
        let value = self.parse(answer)?;
        if self.console.terminal {
            return self.print_value(&value);
        }
        self.console.out.write_all(&answer.body)?;
        Ok(self.console.line("")?)
    }

    /// Prints a value as JSON that people read.
    pub fn print_pretty(&mut self, value: &Value) -> Result<(), CliError> {
        Ok(self.console.line(&escaped(&format!("{value:#}")))?)
    }

    /// Prints a value as JSON.
    pub fn print_value(&mut self, value: &Value) -> Result<(), CliError> {
        let text = if self.console.terminal { escaped(&format!("{value:#}")) } else { value.to_string() };
        Ok(self.console.line(&text)?)
    }
}

/// JSON whose letters that would do something to a terminal are written as JSON's escapes.
fn escaped(json: &str) -> String {
    let mut shown = String::with_capacity(json.len());
    for letter in json.chars() {
        if letter == '\n' || is_visible(letter) {
            shown.push(letter);
        } else {
            let units = &mut [0; 2];
            let escapes = letter.encode_utf16(units).iter().map(|unit| format!("\\u{unit:04x}"));
            shown.extend(escapes);
        }
    }
    shown
}

/// Asks again after a refusal as locked; python-ironicclient and openstacksdk try about as often.
const RETRIES: u32 = 5;

/// Between two such asks; the daemon itself has waited 3 s for the lock by then.
const PAUSE: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests;
