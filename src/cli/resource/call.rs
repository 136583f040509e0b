//! What only some resources have: one request below one of them, described and not written out.

use std::borrow::Cow;

use form_urlencoded::Serializer;
use serde_json::{Map, Value};

use crate::cli::Exit;
use crate::cli::console::one_line;
use crate::cli::fault::CliError;
use crate::cli::node::view::{View, plain};
use crate::cli::place::{place, segment};
use crate::cli::resource::IDENT;
use crate::cli::resource::ask::Given;
use crate::cli::resource::field::{Field, Shape, json};
use crate::cli::resource::list;
use crate::cli::resource::show;
use crate::cli::session::{Answer, Payload, Request, Session};
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

    /// The input in the path that may have several values: the call is made for each.
    fn several(&self) -> Option<&'static Field> {
        self.inputs.iter().find(|input| input.shape == Shape::Texts && self.is_in_path(input))
    }

    fn is_in_path(&self, input: &Field) -> bool {
        self.tail.contains(&format!("{{{}}}", input.option))
    }
}

/// Makes the call, once for each value of an input that has several.
pub async fn run(
    session: &mut Session<'_, '_>,
    collection: &str,
    call: &'static Call,
    given: &Given,
) -> Result<Exit, CliError> {
    let Some(several) = call.several() else {
        return once(session, collection, call, given, &[]).await;
    };
    for value in given.texts(several.option) {
        once(session, collection, call, given, &[(several.option, value)]).await?;
    }
    Ok(Exit::Done)
}

async fn once(
    session: &mut Session<'_, '_>,
    collection: &str,
    call: &'static Call,
    given: &Given,
    one: &[(&str, &str)],
) -> Result<Exit, CliError> {
    let ident = given.text(IDENT).unwrap_or_default();
    let tail = filled(call.tail, call, given, one, segment);
    let path = match tail.strip_prefix(OURS) {
        Some(_) => tail.replace("{ident}", &segment(ident)),
        None => place(collection, ident, &tail),
    };
    let request = request(call, given, path)?;
    let answer = session.ask(request).await?;
    if let Shown::Said(sentence) = call.shown {
        let sentence = filled(sentence, call, given, one, |text| one_line(text));
        let sentence = sentence.replace("{ident}", &one_line(ident));
        // Most of these answers are empty: there is no JSON to print.
        if !session.json {
            session.console.line(&sentence)?;
        }
        return Ok(Exit::Done);
    }
    print(session, call, &answer)?;
    Ok(Exit::Done)
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

fn print(session: &mut Session<'_, '_>, call: &Call, answer: &Answer) -> Result<(), CliError> {
    let value: Value = match serde_json::from_slice(&answer.body) {
        Ok(value) => value,
        Err(_) if answer.body.is_empty() => return Ok(()),
        Err(_) => return Err(CliError::Garbled { url: session.url.to_owned() }),
    };
    if session.json {
        return session.print_value(&value);
    }
    let strings = |columns: &[&str]| columns.iter().map(|&column| column.to_owned()).collect::<Vec<_>>();
    match call.shown {
        Shown::Said(_) | Shown::Json => session.print_pretty(&value),
        Shown::Rows { key, columns } => {
            let rows = if key.is_empty() { Some(&value) } else { value.get(key) };
            let rows = rows.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
            list::print(session, &strings(columns), rows)
        }
        Shown::Words(key) => {
            let words = value.get(key).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
            words.iter().try_for_each(|word| session.console.line(&plain(word)).map_err(CliError::from))
        }
        Shown::Members => {
            let mut rows = Vec::new();
            let members = value.as_object().into_iter().flatten();
            let members = members.filter(|(key, _)| *key != "links");
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
    let texts =
        columns.iter().map(|&column| (column.to_owned(), Value::from(Cow::from(View(value).text(column)))));
    let name = ("name".to_owned(), Value::from(name));
    Value::Object(std::iter::once(name).chain(texts).collect())
}

/// What pages of ours begin with: such a tail is a whole path.
const OURS: &str = "/ferric/";

/// The calls about the traits of a resource.
macro_rules! traits {
    ($words:literal, $ident:literal) => {
        [
            $crate::cli::resource::call::call("list", "List them", "list traits", "/traits")
                .shown($crate::cli::resource::call::Shown::Words("traits"))
                .examples(&[concat!("ferric ", $words, " trait list ", $ident)]),
            $crate::cli::resource::call::call("add", "Add some", "add traits", "/traits/{trait}")
                .inputs($crate::cli::resource::call::TRAITS)
                .doing(
                    $crate::net::http::Method::Put,
                    $crate::cli::resource::call::Sends::Nothing,
                    "{ident}: {trait} added",
                    "It has these traits from now on, beside those that it has.",
                )
                .examples(&[concat!(
                    "ferric ",
                    $words,
                    " trait add ",
                    $ident,
                    " CUSTOM_NVME HW_CPU_X86_VMX"
                )]),
            $crate::cli::resource::call::call("remove", "Take some away", "remove traits", "/traits/{trait}")
                .inputs($crate::cli::resource::call::TRAITS)
                .doing(
                    $crate::net::http::Method::Delete,
                    $crate::cli::resource::call::Sends::Nothing,
                    "{ident}: {trait} removed",
                    "It no longer has these traits; the others stay.",
                )
                .examples(&[concat!("ferric ", $words, " trait remove ", $ident, " CUSTOM_NVME")]),
            $crate::cli::resource::call::call("set", "Say all of them", "set traits", "/traits")
                .inputs($crate::cli::resource::call::TRAITS)
                .doing(
                    $crate::net::http::Method::Put,
                    $crate::cli::resource::call::Sends::Members,
                    "{ident}: traits set",
                    "It has these traits and no others.",
                )
                .examples(&[concat!("ferric ", $words, " trait set ", $ident, " CUSTOM_NVME CUSTOM_GPU")]),
            $crate::cli::resource::call::call("clear", "Take all away", "remove all traits", "/traits")
                .doing(
                    $crate::net::http::Method::Delete,
                    $crate::cli::resource::call::Sends::Nothing,
                    "{ident}: all traits removed",
                    "It has no traits.",
                )
                .examples(&[concat!("ferric ", $words, " trait clear ", $ident)]),
        ]
    };
}

/// The calls of a resource's vendor methods.
macro_rules! vendor {
    ($words:literal, $ident:literal, $method:literal) => {
        [
            $crate::cli::resource::call::call(
                "methods",
                "List the methods",
                "list vendor methods",
                "/vendor_passthru/methods",
            )
            .shown($crate::cli::resource::call::Shown::Named(&["http_methods", "async", "description"]))
            .examples(&[concat!("ferric ", $words, " vendor methods ", $ident)]),
            $crate::cli::resource::call::call(
                "call",
                "Call a method",
                "call the vendor method",
                "/vendor_passthru/{method}",
            )
            .inputs($crate::cli::resource::call::VENDOR)
            .doing(
                $crate::net::http::Method::Post,
                $crate::cli::resource::call::Sends::Vendor,
                "",
                "The method does what its maker says. What it answers is printed as JSON; one that works in the \
                 background answers nothing.",
            )
            .shown($crate::cli::resource::call::Shown::Json)
            .examples(&[concat!("ferric ", $words, " vendor call ", $ident, " ", $method, " bar=1")]),
        ]
    };
}

pub(crate) use {traits, vendor};

pub const TRAITS: &[Field] = &[crate::cli::resource::field::field(
    "traits",
    "trait",
    "TRAIT",
    "A standard trait, or one of yours: `CUSTOM_` and capital letters",
)
.of(Shape::Texts)
.needed()
.placed()];

pub const VENDOR: &[Field] = &[
    crate::cli::resource::field::field("method", "method", "METHOD", "The method's name").needed().placed(),
    crate::cli::resource::field::field("argument", "argument", "KEY=VALUE", "Arguments of the method")
        .of(Shape::Pairs)
        .placed(),
    crate::cli::resource::field::field(
        "http_method",
        "http-method",
        "METHOD",
        "How it is called: POST unless given",
    )
    .of(Shape::Word(&["GET", "POST", "PUT", "PATCH", "DELETE"])),
];
