//! What only some resources have: one request below one of them, described and not written out.

pub mod below;

use form_urlencoded::Serializer;
use serde_json::{Map, Value};

use crate::cli::Exit;
use crate::cli::console::one_line;
use crate::cli::fault::way::Facts;
use crate::cli::fault::{CliError, Subject};
use crate::cli::node::view::{View, plain};
use crate::cli::place::{place, segment};
use crate::cli::report;
use crate::cli::resource::IDENT;
use crate::cli::resource::ask::Given;
use crate::cli::resource::field::{Field, Shape, json};
use crate::cli::resource::list;
use crate::cli::resource::show;
use crate::cli::session::{Payload, Request, Session};
use crate::cli::value::object;
use crate::net::http::Method;

/// A word below a resource, or a group of words.
#[derive(Debug)]
pub enum Branch {
    Leaf(Call),
    Group { word: &'static str, about: &'static str, story: &'static str, calls: &'static [Call] },
}

impl Branch {
    pub fn word(&self) -> &'static str {
        match self {
            Self::Leaf(call) => call.word,
            Self::Group { word, .. } => word,
        }
    }
}

/// One request.
#[derive(Debug)]
pub struct Call {
    pub word: &'static str,
    pub about: &'static str,
    /// What it does, for messages.
    pub deed: &'static str,
    method: Method,
    /// What follows the resource in the path; `{option}` stands for an input.
    tail: &'static str,
    pub inputs: &'static [Field],
    sends: Sends,
    shown: Shown,
    pub examples: &'static [&'static str],
    pub next: &'static str,
    /// The command that lists what its input names; `{ident}` stands for the resource.
    lists: &'static str,
    caveat: Option<Caveat>,
}

/// What is said besides where the resource's `field` is `value`.
#[derive(Debug)]
struct Caveat {
    field: &'static str,
    value: &'static str,
    said: &'static str,
}

/// Which resource calls are below of.
#[derive(Debug, Clone, Copy)]
pub struct Of {
    /// What stands behind `ferric`.
    pub words: &'static str,
    pub path: &'static str,
}

/// Where the inputs go that are not in the path.
#[derive(Debug, Clone, Copy)]
pub enum Sends {
    Nothing,
    /// Into an object, each by its name.
    Members,
    /// Behind the path, each by its name.
    Query,
    /// This input is the body.
    Whole(&'static str),
    /// The input `http-method` is the method, the pairs of `argument` are the body.
    Vendor,
}

/// How an answer is shown.
#[derive(Debug, Clone, Copy)]
pub enum Shown {
    /// A sentence; `{ident}` and `{option}` stand for what was typed.
    Said(&'static str),
    /// An array of objects in this member (the answer itself if it has no name), as a table.
    Rows { key: &'static str, columns: &'static [&'static str] },
    /// An array of texts in this member, a line each.
    Words(&'static str),
    /// The answer's members, a line each.
    Members,
    /// The answer's members are objects: a table with the member's name in front.
    Named(&'static [&'static str]),
    /// JSON, however it looks; nothing if the answer is empty.
    Json,
}

/// A call that reads and takes nothing more.
pub const fn call(word: &'static str, about: &'static str, deed: &'static str, tail: &'static str) -> Call {
    Call {
        word,
        about,
        deed,
        method: Method::Get,
        tail,
        inputs: &[],
        sends: Sends::Nothing,
        shown: Shown::Json,
        examples: &[],
        next: "Nothing changes.",
        lists: "",
        caveat: None,
    }
}

impl Call {
    #[must_use]
    pub const fn shown(mut self, shown: Shown) -> Self {
        self.shown = shown;
        self
    }

    #[must_use]
    pub const fn examples(mut self, examples: &'static [&'static str]) -> Self {
        self.examples = examples;
        self
    }

    #[must_use]
    pub const fn inputs(mut self, inputs: &'static [Field]) -> Self {
        self.inputs = inputs;
        self
    }

    /// It changes something: how, what it sends, what is said of it, and what happens next.
    #[must_use]
    pub const fn doing(
        mut self,
        method: Method,
        sends: Sends,
        said: &'static str,
        next: &'static str,
    ) -> Self {
        self.method = method;
        self.sends = sends;
        self.shown = Shown::Said(said);
        self.next = next;
        self
    }

    /// What the input names is listed by this command.
    #[must_use]
    pub const fn listed(mut self, command: &'static str) -> Self {
        self.lists = command;
        self
    }

    /// `said` is noted once it is done, if the resource's `field` is `value`.
    #[must_use]
    pub const fn caveat(mut self, field: &'static str, value: &'static str, said: &'static str) -> Self {
        self.caveat = Some(Caveat { field, value, said });
        self
    }

    /// The command that shows what there is, if `error` says that what the input names is not there; whether the resource
    /// itself is must be known.
    fn lost(&self, error: &CliError, ident: &str) -> Option<String> {
        let CliError::Refused(fault) = error else { return None };
        // A vendor method that is not there is a mistake in the ask, says the reference.
        let missing = fault.status == 404 || (fault.status == 400 && matches!(self.sends, Sends::Vendor));
        (missing && !self.lists.is_empty()).then(|| self.lists.replace("{ident}", &one_line(ident)))
    }

    /// The input in the path that may have several values: the call is made for each.
    fn several(&self) -> Option<&'static Field> {
        self.inputs.iter().find(|input| input.shape == Shape::Texts && self.is_in_path(input))
    }

    fn is_in_path(&self, input: &Field) -> bool {
        self.tail.contains(&format!("{{{}}}", input.option))
    }
}

/// Makes the call, once for each value of an input that has several. What is refused is told, and keeps no other from
/// being done. The worst of the ends is returned.
pub async fn run(session: &mut Session<'_, '_>, of: Of, call: &'static Call, given: &Given) -> Exit {
    let several = call.several();
    let option = several.map(|several| several.option).unwrap_or_default();
    let values = several.map_or_else(|| vec![""], |several| given.texts(several.option));
    let mut exit = Exit::Done;
    for value in values {
        let Err(error) = once(session, of.path, call, given, &[(option, value)]).await else { continue };
        exit = exit.max(refused(session, of, call, given, &error).await);
        if !matches!(error, CliError::Refused(_)) {
            break;
        }
    }
    exit
}

/// Tells of a refusal, with what helps as the resource is now.
async fn refused(
    session: &mut Session<'_, '_>,
    of: Of,
    call: &'static Call,
    given: &Given,
    error: &CliError,
) -> Exit {
    let ident = given.text(IDENT).unwrap_or_default();
    let facts = if of.words == "node" { Facts::look(session, error, Some(ident)).await } else { None };
    let mut lost = call.lost(error, ident);
    // What is missing may be the resource itself.
    if lost.is_some() && facts.is_none() && session.fetch(place(of.path, ident, "")).await.is_err() {
        lost = None;
    }
    let name = Some(ident).filter(|ident| !ident.is_empty());
    let subject = Subject { kind: of.words, name, facts: facts.as_ref(), lost: lost.as_deref() };
    report(session.console, error, call.deed, subject)
}

async fn once(
    session: &mut Session<'_, '_>,
    collection: &str,
    call: &'static Call,
    given: &Given,
    one: &[(&str, &str)],
) -> Result<(), CliError> {
    let ident = given.text(IDENT).unwrap_or_default();
    let tail = filled(call.tail, call, given, one, segment);
    let path = match tail.strip_prefix(OURS) {
        Some(_) => tail.replace("{ident}", &segment(ident)),
        None => place(collection, ident, &tail),
    };
    let request = request(call, given, path)?;
    if let Shown::Rows { key, .. } = call.shown {
        let value = list::all_pages(session, &request.path, key).await?;
        return print(session, call, ident, &value);
    }
    let answer = session.ask(request).await?;
    let said =
        |sentence: &str| filled(sentence, call, given, one, one_line).replace("{ident}", &one_line(ident));
    if let Shown::Said(sentence) = call.shown {
        // Most of these answers are empty: there is no JSON to print.
        if !session.json {
            session.console.line(&said(sentence))?;
            warn(session, call, &place(collection, ident, "")).await;
        }
        return Ok(());
    }
    if answer.body.is_empty() {
        if answer.status == ACCEPTED && !session.json {
            session.console.line(&format!("{}: begun; it answers nothing", one_line(ident)))?;
        }
        return Ok(());
    }
    let value = serde_json::from_slice(&answer.body);
    let value = value.map_err(|_| CliError::Garbled { url: session.url.to_owned() })?;
    print(session, call, ident, &value)
}

/// Says what is to be known beside the success. A look that fails says nothing.
async fn warn(session: &mut Session<'_, '_>, call: &Call, path: &str) {
    let Some(Caveat { field, value, said }) = call.caveat else { return };
    let found = session.value(format!("{path}?fields={field}")).await;
    if found.is_ok_and(|found| View(&found).text(field) == value) {
        session.console.note(said);
    }
}

/// `{option}` in a text becomes what was typed.
fn filled(
    text: &str,
    call: &Call,
    given: &Given,
    one: &[(&str, &str)],
    write: impl Fn(&str) -> String,
) -> String {
    let known =
        |option: &str| one.iter().find(|(name, _)| *name == option).map(|(_, value)| (*value).to_owned());
    let mut text = text.to_owned();
    for input in call.inputs {
        let typed = known(input.option).or_else(|| given.text(input.option).map(str::to_owned));
        let typed = typed.or_else(|| given.switch(input.option).map(|switch| switch.to_string()));
        if let Some(value) = typed {
            text = text.replace(&format!("{{{}}}", input.option), &write(&value));
        }
    }
    text
}

fn request(call: &Call, given: &Given, path: String) -> Result<Request, CliError> {
    let (mut method, mut path) = (call.method, path);
    let body = match call.sends {
        Sends::Nothing => Payload::Nothing,
        Sends::Members => Payload::Json(Value::Object(members(call, given)?)),
        Sends::Whole(input) => Payload::Json(given.text(input).map_or(Ok(Value::Null), json)?),
        Sends::Query => {
            let mut query = Serializer::new(String::new());
            for (name, value) in members(call, given)? {
                query.append_pair(&name, &texts(&value));
            }
            let query = query.finish();
            if !query.is_empty() {
                path = format!("{path}?{query}");
            }
            Payload::Nothing
        }
        Sends::Vendor => {
            method = given.text("http-method").map_or(method, method_named);
            let pairs = given.pairs("argument");
            // A GET has no body; what goes with it is not known beforehand.
            if pairs.is_empty() && method == Method::Get {
                Payload::Nothing
            } else {
                Payload::Json(object(&pairs)?)
            }
        }
    };
    Ok(Request { method, path, body })
}

fn texts(value: &Value) -> String {
    let list = value.as_array().map(|items| items.iter().map(plain).collect::<Vec<_>>().join(","));
    list.unwrap_or_else(|| plain(value))
}

fn members(call: &Call, given: &Given) -> Result<Map<String, Value>, CliError> {
    let mut members = Map::new();
    for input in call.inputs.iter().filter(|input| !call.is_in_path(input)) {
        if let Some(value) = input.given(given)? {
            members.insert(input.name.to_owned(), value);
        }
    }
    Ok(members)
}

fn method_named(word: &str) -> Method {
    match word {
        "GET" => Method::Get,
        "PUT" => Method::Put,
        "PATCH" => Method::Patch,
        "DELETE" => Method::Delete,
        _ => Method::Post,
    }
}

fn print(session: &mut Session<'_, '_>, call: &Call, ident: &str, value: &Value) -> Result<(), CliError> {
    if session.json {
        return session.print_value(value);
    }
    let strings = |columns: &[&str]| columns.iter().map(|&column| column.to_owned()).collect::<Vec<_>>();
    match call.shown {
        Shown::Said(_) | Shown::Json => session.print_pretty(value),
        Shown::Rows { key, columns } => {
            let rows = if key.is_empty() { Some(value) } else { value.get(key) };
            let rows = rows.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
            list::print(session, &strings(columns), rows)
        }
        Shown::Words(key) => {
            let words = value.get(key).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
            if words.is_empty() {
                session.console.note(&format!("{}: none", one_line(ident)));
            }
            words.iter().try_for_each(|word| session.console.line(&plain(word)).map_err(CliError::from))
        }
        Shown::Members => {
            let mut rows = Vec::new();
            let members = value.as_object().into_iter().flatten();
            members.for_each(|(key, value)| show::add(&mut rows, one_line(key), value));
            show::print(session, &rows)
        }
        Shown::Named(columns) => {
            let members = value.as_object().into_iter().flatten();
            let rows: Vec<Value> = members.map(|(name, value)| named(name, value, columns)).collect();
            let header = [&["name"], columns].concat();
            list::print(session, &strings(&header), &rows)
        }
    }
}

/// A member's value with its name in it.
fn named(name: &str, value: &Value, columns: &[&str]) -> Value {
    let texts = columns.iter().map(|&column| (column.to_owned(), Value::from(list::cell(value, column))));
    let name = ("name".to_owned(), Value::from(name));
    Value::Object(std::iter::once(name).chain(texts).collect())
}

/// The status of what is done later.
const ACCEPTED: u16 = 202;

/// What pages of ours begin with: such a tail is a whole path.
const OURS: &str = "/ferric/";
