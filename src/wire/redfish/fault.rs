//! Why a BMC refused: the body of an error read in every shape it comes in, and the questions that decide what is done.

use std::fmt;
use std::time::Duration;

use serde_json::Value;

use crate::base::secret::{MASK, Secret};
use crate::wire::redfish::lenient::{Field, Lenient, View, found};
use crate::wire::redfish::link::Link;
use crate::wire::redfish::power_state::Power;
use crate::wire::redfish::shape;
use crate::wire::redfish::task::LONGEST as LONGEST_TOLD;
use crate::wire::redfish::view::service::message::Message;

/// An answer that refused. Shown, it is one line for an operator.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Fault {
    pub status: u16,
    /// `error.code`.
    pub code: Option<String>,
    /// The worst first: critical, then warnings, then the rest.
    pub messages: Vec<Message>,
    /// `error.message`, or what was found in place of JSON.
    pub summary: Option<String>,
    /// The pause that the answer asked for (`Retry-After`).
    pub pause: Option<Duration>,
    /// The body in lower case, for words that are nowhere else.
    text: String,
}

impl Fault {
    /// Reads an answer's body, whatever it is. The body was bounded by who read it; only its beginning is searched.
    pub fn parse(status: u16, body: &[u8]) -> Self {
        let beginning = body.get(..TEXT_LIMIT).unwrap_or(body);
        let text = String::from_utf8_lossy(beginning).to_lowercase();
        let Some(json) = first_json(body) else {
            return Self { status, summary: other_body(&text), text, ..Self::default() };
        };
        let messages = messages(&json);
        let text_of = |keys: &[&str]| keys.iter().find_map(|key| String::lenient(found(&json, &[key])?));
        let code = text_of(&["error/code", "code"]);
        let summary = text_of(&["error/message", "error", "message", "Message"]);
        Self { status, code, messages, summary, text, ..Self::default() }
    }

    /// What a person reads: the worst message, else the summary; empty if the BMC said nothing.
    pub fn message(&self) -> String {
        let told = self.messages.iter().filter(|message| !is_empty(message)).find_map(told);
        let told = told.or_else(|| self.summary.clone()).or_else(|| self.code.clone());
        told.map_or_else(String::new, |text| {
            text.chars().take(SHOWN).filter(|one| !one.is_control()).collect()
        })
    }

    /// The same fault with a secret that we sent hidden, should the BMC repeat it.
    #[must_use]
    pub fn hiding(mut self, secret: &Secret) -> Self {
        let hidden = secret.reveal();
        if hidden.len() < SHORTEST_SECRET {
            return self;
        }
        let hide = |text: &mut String| *text = text.replace(hidden, MASK);
        self.summary.iter_mut().chain(&mut self.code).for_each(hide);
        for message in &mut self.messages {
            message
                .text
                .iter_mut()
                .chain(&mut message.arguments)
                .chain(&mut message.resolution)
                .for_each(hide);
        }
        self.text = self.text.replace(&hidden.to_lowercase(), MASK);
        self
    }

    /// Whether the body says the word anywhere; case does not count.
    pub fn says(&self, word: &str) -> bool {
        self.text.contains(&word.to_lowercase())
    }

    /// Whether a message has one of the keys (`ResourceInUse` of `Base.1.8.ResourceInUse`).
    fn has_key(&self, keys: &[&str]) -> bool {
        let is_code =
            |key: &&str| self.code.as_deref().and_then(|code| code.rsplit('.').next()) == Some(*key);
        keys.iter().any(is_code) || self.messages.iter().any(|message| keys.contains(&message.key()))
    }

    /// A message with one of the keys that names the member.
    fn names(&self, keys: &[&str], member: &str) -> bool {
        let about = |message: &Message| keys.contains(&message.key()) && message.names(member);
        self.messages.iter().any(about)
    }
}

/// Who may be asked what.
impl Fault {
    /// The log-in or the token is refused.
    pub fn is_unauthorized(&self) -> bool {
        self.status == 401
    }

    /// A 401 that says that user name or password are wrong, so that another way of showing them is of no use. A bare
    /// 401 does not: some services want a session where one is to be opened.
    pub fn is_wrong_login(&self) -> bool {
        self.status == 401 && WRONG_LOGIN.iter().any(|words| self.says(words))
    }

    /// Logged in, but nothing works until the password is changed.
    pub fn is_password_change_required(&self) -> bool {
        self.has_key(&["PasswordChangeRequired"]) || self.status == 403 && self.says("passwordchangerequired")
    }

    /// The account whose password is due, where the BMC names it.
    pub fn account(&self) -> Option<Link> {
        let due = self.messages.iter().find(|message| message.key() == "PasswordChangeRequired")?;
        due.arguments.iter().find(|argument| argument.starts_with('/')).map(Link::new)
    }

    /// What was asked for wants a licence that the BMC does not have.
    pub fn is_licence(&self) -> bool {
        let by_key =
            |message: &Message| LICENCE_KEYS.iter().any(|key| message.key().eq_ignore_ascii_case(key));
        self.messages.iter().any(by_key)
            || self.status == 403 && LICENCE_KEYS.iter().any(|key| self.says(key))
    }

    /// No more sessions until old ones end.
    pub fn is_session_limit(&self) -> bool {
        self.has_key(&["SessionLimitExceeded"]) || self.says("rac0218")
    }

    /// Dell's system lockdown: every write is refused.
    pub fn is_lockdown(&self) -> bool {
        self.says("lockdown")
    }
}

/// Whether and when to ask again.
impl Fault {
    /// The BMC is not ready; the same request works later, whatever its method.
    pub fn is_busy(&self) -> bool {
        let is_refusal = self.status == 400 || self.status >= 500;
        let dell = is_refusal && self.says("sys518");
        let hpe = is_refusal && self.says("ilo") && self.says("invalidoperationforsystemstate");
        dell || hpe || self.has_key(&["ServiceTemporarilyUnavailable", "ResourceInStandby"])
    }

    /// The BMC says that it has too much to do: nothing was done.
    pub fn is_overload(&self) -> bool {
        matches!(self.status, 429 | 503)
    }

    /// How long to wait before the same is asked again after so many tries; `None`: it is not, for that is no refusal
    /// of the moment, it went on too long, or the pause that the BMC wants is longer than anyone waits.
    pub fn pause_before(&self, tries: u32) -> Option<Duration> {
        let may = (self.is_busy() || self.is_overload()) && tries < BUSY_TRIES;
        let pause = self.pause.unwrap_or_default().max(BUSY_PAUSE.saturating_mul(1 << tries.min(BUSY_TRIES)));
        (may && pause <= LONGEST_PAUSE).then_some(pause)
    }

    /// The host is in POST, and what was asked is not changed meanwhile.
    pub fn is_in_post(&self) -> bool {
        self.has_key(&["UnableToModifyDuringSystemPOST"]) || self.says("unabletomodifyduringsystempost")
    }

    /// A reset that conflicts with the present state: already there, or not yet.
    pub fn is_value_conflict(&self) -> bool {
        self.has_key(&["ActionParameterValueConflict"]) || self.says("actionparametervalueconflict")
    }

    /// The power that the text says the host already has.
    pub fn already(&self) -> Option<Power> {
        let says = |word: &str| {
            [format!("host is powered {word}"), format!("already powered {word}")]
                .iter()
                .any(|text| self.says(text))
        };
        match (says("on"), says("off")) {
            (true, false) => Some(Power::On),
            (false, true) => Some(Power::Off),
            (true, true) | (false, false) => None,
        }
    }

    /// Whether a refused reset may be one that was not needed: look at the power.
    pub fn may_be_there(&self) -> bool {
        matches!(self.status, 400 | 409)
    }

    /// Dell: a configuration job waits for a reboot.
    pub fn is_config_pending(&self) -> bool {
        self.says("lc068")
    }

    /// Dell: a job runs; wait.
    pub fn is_job_running(&self) -> bool {
        self.says("rac0679")
    }
}

/// What the request lacked or had too much.
impl Fault {
    /// `If-Match` is missing.
    pub fn wants_if_match(&self) -> bool {
        self.status == 428 || self.has_key(&["PreconditionRequired", "PreconditionHeaderMissing"])
    }

    /// `If-Match` was wrong: the next step of the ladder.
    pub fn is_etag_refused(&self) -> bool {
        self.status == 412 || self.has_key(&["PreconditionFailed"])
    }

    /// A body is missing where none is needed by the standard: `{}` helps.
    pub fn wants_body(&self) -> bool {
        matches!(self.status, 400 | 415)
    }

    /// `InsertMedia` needs `TransferProtocolType`.
    pub fn wants_transfer_protocol(&self) -> bool {
        self.names(MISSING_KEYS, "TransferProtocolType")
            || self.is_vague() && self.says("transferprotocoltype")
    }

    /// `InsertMedia` needs `TransferMethod`.
    pub fn wants_transfer_method(&self) -> bool {
        self.names(MISSING_KEYS, "TransferMethod") || self.is_vague() && self.says("transfermethod")
    }

    /// `InsertMedia` needs `UserName` and `Password`, sometimes said without any code.
    pub fn wants_credentials(&self) -> bool {
        let asks = |member| self.names(MISSING_KEYS, member);
        let asked = asks("UserName") || asks("Password");
        asked || self.is_vague() && (self.says("username") || self.says("password"))
    }

    /// The member is unknown, read-only or refused here: leave it out.
    pub fn refuses(&self, member: &str) -> bool {
        self.names(REFUSED_KEYS, member)
    }

    /// The value is none of those that the BMC takes.
    pub fn is_value_refused(&self) -> bool {
        self.has_key(VALUE_KEYS)
    }

    /// AMI: the boot members go to the settings object under `SD`.
    pub fn wants_future_state(&self) -> bool {
        self.says("operationsupportedinfuturestateuri")
    }

    /// The action, the operation or the whole resource is not there.
    pub fn is_unsupported(&self) -> bool {
        matches!(self.status, 404 | 405 | 501)
            || self.has_key(&["UnsupportedOperation", "ActionNotSupported"])
    }

    /// Dell: `@Redfish.OperationApplyTime` is refused though advertised.
    pub fn refuses_apply_time(&self) -> bool {
        self.says("sys029") && self.says("operationapplytime")
    }

    /// Neither keys nor codes tell what is wrong; the text may.
    fn is_vague(&self) -> bool {
        let is_plain = |key: &str| VAGUE_KEYS.contains(&key);
        if self.messages.is_empty() {
            return self.code.as_deref().and_then(|code| code.rsplit('.').next()).is_none_or(is_plain);
        }
        self.messages.iter().all(|message| is_plain(message.key()))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.message() {
            text if text.is_empty() => write!(f, "HTTP {} without a reason", self.status)?,
            text => write!(f, "HTTP {}: {text}", self.status)?,
        }
        match self.pause {
            Some(pause) if pause >= LONGEST_TOLD => {
                write!(f, " (it wants a pause of {} s or more)", pause.as_secs())
            }
            Some(pause) => write!(f, " (it wants a pause of {} s)", pause.as_secs()),
            None => Ok(()),
        }
    }
}

/// The first JSON document of the body: some answers hold two, the error first.
fn first_json(body: &[u8]) -> Option<Value> {
    let first = serde_json::Deserializer::from_slice(body).into_iter::<Value>().next()?;
    first.ok().filter(|value| value.is_object() || value.is_array())
}

/// What stands in place of JSON, for the operator.
fn other_body(text: &str) -> Option<String> {
    let trimmed = text.trim_start();
    if trimmed.is_empty() {
        return None;
    }
    if !trimmed.starts_with('<') {
        return Some(format!("text in place of JSON: {}", trimmed.chars().take(EXCERPT).collect::<String>()));
    }
    let title = trimmed.split_once("<title>").and_then(|(_, rest)| rest.split_once("</title>"));
    let title = title.map(|(title, _)| title.trim().chars().take(EXCERPT).collect::<String>());
    Some(title.map_or_else(
        || "an HTML page in place of JSON".to_owned(),
        |title| format!("an HTML page in place of JSON ({title})"),
    ))
}

/// Every message of the body, the worst first, in every place where BMCs put them.
fn messages(json: &Value) -> Vec<Message> {
    let body = json.as_array().and_then(|list| list.first()).unwrap_or(json);
    let mut all: Vec<Message> = Vec::new();
    for place in PLACES {
        all.extend(Vec::<Message>::field(found(body, &[place])));
    }
    for (name, value) in body.as_object().into_iter().flatten() {
        if name.len() > "@Message.ExtendedInfo".len() && name.ends_with("@Message.ExtendedInfo") {
            all.extend(Vec::<Message>::field(Some(value)));
        }
    }
    all.truncate(MESSAGE_LIMIT);
    all.sort_by_key(|message| match message.severity.as_deref().map(str::to_ascii_lowercase).as_deref() {
        Some("critical" | "error" | "fatal") => 0,
        Some("warning") => 1,
        _ => 2,
    });
    all
}

/// The text of one message: its own, else the registry's, else its id. Success is no reason.
/// A general error that says nothing of its own: `error.message` may.
fn is_empty(message: &Message) -> bool {
    message.key() == "GeneralError" && message.text.as_deref().is_none_or(|text| text.trim().is_empty())
}

fn told(message: &Message) -> Option<String> {
    if message.key() == "Success" {
        return None;
    }
    let own = message.text.clone().filter(|text| !text.eq_ignore_ascii_case("unknown"));
    own.or_else(|| {
        let known = Message::read(&shape::base_message(message.key(), &message.arguments)?);
        known.text
    })
    .or_else(|| message.id.clone())
}

/// Where messages are.
const PLACES: &[&str] = &[
    "error/@Message.ExtendedInfo",
    "@Message.ExtendedInfo",
    "error/error/@Message.ExtendedInfo",
    "error/ExtendedInfo",
    "Messages",
    "error/Messages",
];

/// Keys that say that something is missing.
const MISSING_KEYS: &[&str] =
    &["ActionParameterMissing", "PropertyMissing", "CreateFailedMissingReqProperties", "MissingParameter"];

/// Keys that say that something should not be there.
const REFUSED_KEYS: &[&str] = &[
    "PropertyUnknown",
    "PropertyNotWritable",
    "ActionParameterUnknown",
    "ActionParameterNotSupported",
    "PropertyNotWritableOrUnknown",
    "UnsupportedParameter",
];

/// Keys that say nothing.
const VAGUE_KEYS: &[&str] = &["", "GeneralError", "InternalError", "ExtendedInfo", "ExtendedError"];

/// Bytes of a secret that is hidden: a shorter one is part of common words.
const SHORTEST_SECRET: usize = 4;

/// Keys about values.
const VALUE_KEYS: &[&str] = &[
    "PropertyValueNotInList",
    "ActionParameterValueNotInList",
    "PropertyValueError",
    "PropertyValueIncorrect",
    "ActionParameterValueError",
    "PropertyValueFormatError",
    "ActionParameterValueFormatError",
];

/// How licences are asked for: Supermicro, DMTF, HPE.
const LICENCE_KEYS: &[&str] =
    &["OemLicenseNotPassed", "LicenseRequired", "LicenseKeyRequired", "LicenseNotSupported"];

/// How a log-in is refused in words: DMTF and HPE keys, then what vendors write.
const WRONG_LOGIN: &[&str] = &[
    "InvalidCredentials",
    "UnauthorizedLoginAttempt",
    "AuthenticationFailed",
    "username or password",
    "user name or password",
    "wrong password",
    "invalid password",
    "incorrect password",
    "password is incorrect",
    "password is invalid",
    "invalid credentials",
    "credentials are invalid",
    "credentials included with this request are missing or invalid",
];
/// How often what a busy BMC refused is asked again.
const BUSY_TRIES: u32 = 3;
/// Before the first repeat, doubled by each further one.
const BUSY_PAUSE: Duration = Duration::from_secs(3);
/// The longest pause of a BMC's asking that is waited for.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Bytes of a body that are searched for words.
const TEXT_LIMIT: usize = 64 * 1024;

/// Messages that are kept of one answer.
const MESSAGE_LIMIT: usize = 64;

/// Characters shown to the operator.
const SHOWN: usize = 500;

/// Characters shown of a page or text that is not JSON.
const EXCERPT: usize = 80;

#[cfg(test)]
mod tests;
