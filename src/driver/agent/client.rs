//! Speaks to one boot of an agent: under the certificate that its heartbeat showed, with its token, following nothing.

use std::time::Duration;

use serde_json::Value;
use url::Url;

use crate::base::beside::beside;
use crate::base::chain::chain;
use crate::base::secret::Secret;
use crate::driver::agent::{AgentSettings, BUSY_PAUSE};
use crate::driver::error::DriverError;
use crate::model::Object;
use crate::model::boot::Agent;
use crate::model::turn::{Failure, FailureKind, Memo, Turn};
use crate::net::client::Client;
use crate::net::client::outgoing::{Answer, ClientError, Outgoing, Trust};
use crate::net::http::Method;
use crate::wire::agent::answer::{self, Refusal};
use crate::wire::agent::command::{CommandError, CommandResult, LIST_LIMIT, RESULT_LIMIT, Request};
use crate::wire::agent::path;

/// Why an agent gave no good answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AgentError {
    /// No heartbeat of this boot has told where it is.
    #[error("the agent has not called in yet")]
    NoAddress,
    /// Nothing is known; `sent` says that it may have received the request.
    #[error("no answer from the agent: {why}")]
    Silent { sent: bool, why: String },
    /// Another certificate, or another token: another boot, or another agent.
    #[error("the agent is not the one that called in: {0}")]
    Another(String),
    #[error("the agent is busy: {0}")]
    Busy(String),
    #[error("the agent refuses the command: {0}")]
    BadRequest(String),
    /// No such command id or extension.
    #[error("the agent does not know this: {0}")]
    Unknown(String),
    /// Status 5xx; on the list of commands it means that the list stays unreadable.
    #[error("the agent failed with status {status}: {text}")]
    Broken { status: u16, text: String },
    /// The command was run and did not work.
    #[error("{0}")]
    Failed(String),
    /// It answered something that cannot be understood.
    #[error("the agent's answer cannot be understood: {0}")]
    Garbled(String),
}

impl AgentError {
    /// Whether the request may have been taken although the answer says nothing of it.
    pub fn may_have_been_taken(&self) -> bool {
        matches!(self, Self::Silent { sent: true, .. } | Self::Garbled(_))
    }

    /// What a step says of it; a busy agent is looked at again with this memo.
    pub fn turn(&self, memo: &Memo) -> Turn {
        let kind = match self {
            Self::Busy(_) => return Turn::LookIn { after: BUSY_PAUSE, memo: memo.clone() },
            Self::NoAddress | Self::Silent { .. } => FailureKind::Silent,
            Self::Another(_) => FailureKind::Lost,
            Self::BadRequest(_)
            | Self::Unknown(_)
            | Self::Broken { .. }
            | Self::Failed(_)
            | Self::Garbled(_) => FailureKind::Step,
        };
        Turn::Failed(Failure::new(kind, self.to_string()))
    }

    /// The same for a call that is no step.
    pub fn driver(&self, what: &str) -> DriverError {
        match self {
            Self::Silent { why, .. } => DriverError::silent("the agent", why),
            Self::NoAddress | Self::Busy(_) => DriverError::silent("the agent", self.to_string()),
            Self::Another(why) => DriverError::Lost { why: why.clone() },
            Self::BadRequest(_)
            | Self::Unknown(_)
            | Self::Broken { .. }
            | Self::Failed(_)
            | Self::Garbled(_) => DriverError::refused(what, self.to_string()),
        }
    }
}

impl From<Refusal> for AgentError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Busy(text) => Self::Busy(text),
            Refusal::WrongToken => Self::Another("it does not accept the token".to_owned()),
            Refusal::BadRequest(text) => Self::BadRequest(text),
            Refusal::Unknown(text) => Self::Unknown(text),
            Refusal::Redirected(status) => Self::BadRequest(format!("it redirects (status {status})")),
            Refusal::Broken { status, text } => Self::Broken { status, text },
            Refusal::Garbled(text) => Self::Garbled(text),
        }
    }
}

impl From<ClientError> for AgentError {
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::WrongCertificate { .. } => Self::Another(error.to_string()),
            ClientError::TooLarge { .. } => Self::Garbled(error.to_string()),
            ClientError::Unsendable { .. }
            | ClientError::Unreachable { .. }
            | ClientError::Tls { .. }
            | ClientError::Timeout { .. }
            | ClientError::Protocol { .. }
            | ClientError::Sink { .. } => Self::Silent { sent: error.sent(), why: chain(&error) },
        }
    }
}

/// A client of one boot of an agent.
#[derive(Debug)]
pub struct AgentClient<'a> {
    client: &'a Client,
    settings: &'a AgentSettings,
    base: String,
    token: Secret,
    trust: Trust,
}

impl<'a> AgentClient<'a> {
    /// `agent` as the record has it; an address must have come with a heartbeat.
    pub fn new(
        client: &'a Client,
        agent: Option<&Agent>,
        settings: &'a AgentSettings,
    ) -> Result<Self, AgentError> {
        let agent = agent.ok_or(AgentError::NoAddress)?;
        let address = agent.url.as_deref().filter(|url| !url.is_empty()).ok_or(AgentError::NoAddress)?;
        let base = address.trim_end_matches('/').to_owned();
        let trust = match (base.starts_with("https:"), &agent.verify_ca) {
            (false, _) => Trust::Plain,
            (true, Some(pem)) => Trust::Pinned(pem.clone().into_bytes()),
            (true, None) => Trust::Roots,
        };
        Ok(Self { client, settings, base, token: agent.token.clone(), trust })
    }

    /// Runs `name`; with `wait` the answer comes when it has ended, else at once.
    pub async fn run(&self, name: &str, params: Object, wait: bool) -> Result<CommandResult, AgentError> {
        let request = Request::new(name, params);
        let size = request.params.values().map(weight).sum();
        let body = beside(size, move || request.emit().to_string().into_bytes()).await;
        let mut outgoing = self.outgoing(Method::Post, &path::run(&self.token, wait), RESULT_LIMIT)?;
        outgoing.headers.push("Content-Type", "application/json");
        outgoing.body = body;
        let answer = self.send(outgoing).await?;
        with_plain_id(read(answer, answer::result).await?)
    }

    /// Runs `name` to its end and gives its result; what the command says of its own failure is an error here.
    pub async fn result(&self, name: &str, params: Object) -> Result<(String, Value), AgentError> {
        let done = self.run(name, params, true).await?;
        match (done.status.emit(), done.error) {
            ("SUCCEEDED", _) => Ok((done.id, done.result)),
            (word, None) => Err(AgentError::Failed(format!("{name} ended as {word}"))),
            (_, Some(error)) => Err(AgentError::Failed(format!("{name} failed: {}", self.shown(&error)))),
        }
    }

    /// Every command since its boot, oldest first.
    pub async fn list(&self) -> Result<Vec<CommandResult>, AgentError> {
        let answer = self.send(self.outgoing(Method::Get, &path::list(&self.token), LIST_LIMIT)?).await?;
        read(answer, answer::list).await?.into_iter().map(with_plain_id).collect()
    }

    /// One command by its id.
    pub async fn command(&self, id: &str) -> Result<CommandResult, AgentError> {
        let place = path::one(id, &self.token, false);
        let answer = self.send(self.outgoing(Method::Get, &place, RESULT_LIMIT)?).await?;
        Ok(read(answer, answer::result).await?)
    }

    /// What a failed command says, as a person may read it: bounded, without this boot's token or passwords in URLs.
    pub fn shown(&self, error: &CommandError) -> String {
        let text = error.to_string().replace(self.token.reveal(), "******");
        let plain: String = text.chars().filter(|letter| *letter == '\n' || !letter.is_control()).collect();
        without_passwords(&plain).chars().take(TEXT_SHOWN).collect()
    }

    /// The same client with a shorter patience, for looks in passing.
    #[must_use]
    pub fn within(self, settings: &'a AgentSettings) -> Self {
        Self { settings, ..self }
    }

    fn outgoing(&self, method: Method, path: &str, limit: usize) -> Result<Outgoing, AgentError> {
        let unsendable = || AgentError::Silent { sent: false, why: "its address is not a URL".to_owned() };
        let url = Url::parse(&format!("{}{path}", self.base)).map_err(|_| unsendable())?;
        let mut outgoing = Outgoing::new(method, url, self.trust.clone());
        outgoing.floor = self.settings.tls_floor;
        outgoing.deadline = self.settings.command_timeout;
        outgoing.answer_limit = limit;
        Ok(outgoing)
    }

    async fn send(&self, outgoing: Outgoing) -> Result<Answer, AgentError> {
        tracing::debug!(request = ?outgoing, "asking the agent");
        Ok(self.client.send(outgoing).await?)
    }
}

/// Reads an answer, which an agent may make as long as its limit.
async fn read<T: Send + 'static>(
    answer: Answer,
    reading: impl FnOnce(u16, &[u8]) -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Refusal> {
    beside(answer.body.len(), move || reading(answer.status, &answer.body)).await
}

/// Bytes of a value's texts: what makes a request long is a config drive.
fn weight(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
        Value::String(text) => text.len(),
        Value::Array(list) => list.iter().map(weight).sum(),
        Value::Object(members) => members.values().map(weight).sum(),
    }
}

/// Ids go into memos and addresses: those of the real agent are UUIDs.
fn with_plain_id(command: CommandResult) -> Result<CommandResult, AgentError> {
    let id = &command.id;
    let is_plain = (1..=LONGEST_ID).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic());
    if is_plain { Ok(command) } else { Err(AgentError::Garbled("the id of a command is no id".to_owned())) }
}

/// Replaces what stands between `://` and `@` in every URL of a text.
fn without_passwords(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (place, part) in text.split("://").enumerate() {
        if place == 0 {
            out.push_str(part);
            continue;
        }
        out.push_str("://");
        let host = part.find(|letter: char| letter == '/' || letter.is_whitespace()).unwrap_or(part.len());
        let (authority, rest) = part.split_at(host);
        match authority.rsplit_once('@') {
            Some((_, bare)) => out.extend(["******@", bare, rest]),
            None => out.push_str(part),
        }
    }
    out
}

/// Bytes; a UUID has 36.
const LONGEST_ID: usize = 64;

/// Characters of an agent's text that `last_error` repeats.
const TEXT_SHOWN: usize = 2048;

/// The longest wait for an answer to a look in passing.
pub const GLANCE: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_in_addresses_are_not_shown() {
        assert_eq!(
            without_passwords("got http://u:p@h/x and https://h2/y@z then ftp://a@b"),
            "got http://******@h/x and https://h2/y@z then ftp://******@b"
        );
        assert_eq!(without_passwords("no address"), "no address");
    }
}
