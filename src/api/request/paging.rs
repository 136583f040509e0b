//! Lists in pages: fields, sorting, limit, marker and the link to the next page.

use form_urlencoded::Serializer;
use serde_json::Value;
use uuid::Uuid;

use crate::api::fault::Fault;
use crate::api::request::args::Args;
use crate::api::request::call::Call;
use crate::model::draft::given::parse_uuid;
use crate::model::shape::{self, Field, Pick, Place, Shown, json};
use crate::net::http::Response;

/// What a list request says besides its filters.
#[derive(Debug)]
pub struct Paging<T: 'static> {
    limit: usize,
    /// The text of the last item that the client has seen.
    pub marker: Option<String>,
    column: Option<&'static Field<T>>,
    descending: bool,
    pick: Pick<T>,
    /// Pairs of the query that the link to the next page repeats.
    repeated: Vec<(&'static str, String)>,
    /// No more than one item can be found: there is no next page.
    single: bool,
}

/// How the answer of a list is put together.
#[derive(Debug)]
pub struct Listing<'a, T: 'static> {
    pub table: &'static [Field<T>],
    /// The key of the array, and the path of the collection.
    pub name: &'static str,
    pub path: &'a str,
    /// Where the next page goes on after this item.
    pub marker: fn(&T) -> String,
    /// The order of creation.
    pub order: fn(&T) -> u64,
}

/// Which list is asked for.
#[derive(Debug)]
pub struct Wanted<T: 'static> {
    pub table: &'static [Field<T>],
    /// What is shown when no field is named.
    pub short: &'static [&'static str],
    pub version: u16,
    /// The longest page (`api.max_limit`).
    pub longest: usize,
    /// The path itself says that everything is shown.
    pub detailed: bool,
    /// Since which minor version `detail` may be in the query.
    pub detail_since: u16,
}

impl<T> Paging<T> {
    /// Reads `fields`, `detail`, `limit`, `marker`, `sort_key`, `sort_dir`.
    pub fn take(args: &mut Args, wanted: &Wanted<T>) -> Result<Self, Fault> {
        args.too_new(&[("fields", FIELDS_SINCE)], wanted.version)?;
        // Not 406: to the reference an older list has no such argument.
        args.unknown_below("detail", wanted.detail_since, wanted.version)?;
        let mut repeated = Vec::new();
        let pick = take_pick(args, wanted, &mut repeated)?;
        let limit = take_limit(args, wanted.longest)?;
        let column = take_sort(args, wanted.table, wanted.version)?;
        let descending = take_descending(args)?;
        repeated.push(("sort_key", column.map_or("id", |row| row.name).to_owned()));
        repeated.push(("sort_dir", if descending { "desc" } else { "asc" }.to_owned()));
        Ok(Self { limit, marker: args.text("marker")?, column, descending, pick, repeated, single: false })
    }

    /// The record that the marker names, where records are named by UUID.
    pub fn marked<R>(&self, word: &str, find: impl FnOnce(Uuid) -> Option<R>) -> Result<Option<R>, Fault> {
        let Some(marker) = &self.marker else { return Ok(None) };
        let id = parse_uuid(marker).ok_or_else(|| Fault::invalid("marker must be a UUID"))?;
        find(id).map(Some).ok_or_else(|| Fault::not_found(format!("marker names no {word}")))
    }

    /// One more pair for the link to the next page.
    pub fn repeat(&mut self, name: &'static str, value: Option<bool>) {
        if let Some(value) = value {
            self.repeated.push((name, if value { "True" } else { "False" }.to_owned()));
        }
    }

    /// Says that no more than one item can be found.
    pub fn expect_one(&mut self, single: bool) {
        self.single = single;
    }

    /// Whether records come in the order of their creation.
    pub fn is_natural(&self) -> bool {
        self.column.is_none() && !self.descending
    }

    /// The answer: `found` comes in the order of creation; `after` is the item that the marker names.
    pub fn answer<'a>(
        &self,
        call: &Call<'_>,
        listing: &Listing<'_, T>,
        found: impl Iterator<Item = &'a T>,
        after: Option<&T>,
    ) -> Response
    where
        T: 'a,
    {
        let page: Vec<&T> = if self.is_natural() {
            let least = after.map_or(0, listing.order);
            let beyond = |one: &&T| after.is_none() || (listing.order)(one) > least;
            found.filter(beyond).take(self.limit).collect()
        } else {
            self.sorted(call, listing, found, after)
        };
        self.write(call, listing, &page)
    }

    fn sorted<'a>(
        &self,
        call: &Call<'_>,
        listing: &Listing<'_, T>,
        found: impl Iterator<Item = &'a T>,
        after: Option<&T>,
    ) -> Vec<&'a T>
    where
        T: 'a,
    {
        let key = |record: &T| {
            let shown = Shown { record, frame: call.frame() };
            let key = self.column.map(|row| shape::sort_key(row, &shown)).unwrap_or_default();
            (key, (listing.order)(record))
        };
        let mut keyed: Vec<_> = found.map(|one| (key(one), one)).collect();
        keyed.sort_by(|(a, _), (b, _)| if self.descending { b.cmp(a) } else { a.cmp(b) });
        let last = after.map(key);
        let beyond = |(key, _): &((Vec<u8>, u64), &T)| match &last {
            None => true,
            Some(last) if self.descending => key < last,
            Some(last) => key > last,
        };
        keyed.into_iter().filter(beyond).map(|(_, one)| one).take(self.limit).collect()
    }

    fn write(&self, call: &Call<'_>, listing: &Listing<'_, T>, page: &[&T]) -> Response {
        let frame = call.frame();
        let each = if matches!(self.pick, Pick::All) { WHOLE_SIZE } else { SHORT_SIZE };
        let mut out = Vec::with_capacity(page.len() * each + SHORT_SIZE);
        out.push(b'{');
        json::key(&mut out, listing.name);
        json::array(&mut out, page, |out, record| {
            shape::write(listing.table, &self.pick, &Shown { record, frame }, out);
        });
        if let Some(last) = page.last().filter(|_| page.len() == self.limit && !self.single) {
            out.push(b',');
            json::key(&mut out, "next");
            json::text(&mut out, &self.next(call, listing, last));
        }
        out.push(b'}');
        Response::json(200, out)
    }

    fn next(&self, call: &Call<'_>, listing: &Listing<'_, T>, last: &T) -> String {
        let mut query = Serializer::new(String::new());
        query.extend_pairs(&self.repeated);
        query.append_pair("limit", &self.limit.to_string());
        query.append_pair("marker", &(listing.marker)(last));
        // A comma may stand in a query as it is (RFC 3986 3.4), and clients look for it so.
        format!("{}/v1/{}?{}", call.base, listing.path, query.finish().replace("%2C", ","))
    }
}

fn take_pick<T>(
    args: &mut Args,
    wanted: &Wanted<T>,
    repeated: &mut Vec<(&'static str, String)>,
) -> Result<Pick<T>, Fault> {
    let Wanted { table, short, version, detailed, .. } = *wanted;
    let fields = args.list("fields")?;
    let detail = args.flag("detail")?;
    match (fields, detail) {
        (Some(_), Some(true)) => Err(Fault::invalid("fields and detail cannot be given together")),
        (Some(_), _) if detailed => Err(Fault::invalid("fields cannot be given for a detailed list")),
        (Some(names), _) => {
            repeated.push(("fields", names.join(",")));
            pick(table, &names, version)
        }
        (None, Some(true)) => {
            repeated.push(("detail", "True".to_owned()));
            Ok(Pick::All)
        }
        (None, _) if detailed => Ok(Pick::All),
        (None, _) => Ok(Pick::named(table, short)),
    }
}

/// The members that a client asked for by name.
pub fn pick<T>(table: &'static [Field<T>], names: &[String], version: u16) -> Result<Pick<T>, Fault> {
    for name in names {
        let known = name == "links" || shape::field(table, name).is_some_and(Field::is_value);
        if !known {
            let shown: String = name.chars().take(64).collect();
            return Err(Fault::invalid(format!("fields names {shown:?}, which is no field")));
        }
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    if let Some(row) = shape::too_new(table, names.iter().copied(), version) {
        return Err(Fault::too_new(&format!("field {}", row.name), row.since));
    }
    Ok(Pick::named(table, &names))
}

/// `fields` of a single record.
pub fn pick_one<T>(call: &Call<'_>, table: &'static [Field<T>]) -> Result<Pick<T>, Fault> {
    if call.query.is_empty() {
        return Ok(Pick::All);
    }
    let mut args = call.args()?;
    args.too_new(&[("fields", FIELDS_SINCE)], call.version)?;
    let names = args.list("fields")?;
    args.finish()?;
    names.map_or(Ok(Pick::All), |names| pick(table, &names, call.version))
}

/// `limit`: `longest` at most, and without it.
pub fn take_limit(args: &mut Args, longest: usize) -> Result<usize, Fault> {
    match args.amount("limit")? {
        None => Ok(longest),
        Some(limit) if limit > 0 => Ok(usize::try_from(limit).unwrap_or(longest).min(longest)),
        Some(_) => Err(Fault::invalid("limit must be a positive number")),
    }
}

fn take_sort<T>(
    args: &mut Args,
    table: &'static [Field<T>],
    version: u16,
) -> Result<Option<&'static Field<T>>, Fault> {
    let Some(name) = args.text("sort_key")?.filter(|name| name != "id") else { return Ok(None) };
    let Some(row) = shape::field(table, &name).filter(|row| row.place == Place::Column) else {
        let shown: String = name.chars().take(64).collect();
        return Err(Fault::invalid(format!("sort_key {shown:?} is no field to sort by")));
    };
    if row.since > version {
        return Err(Fault::too_new(&format!("sort_key {}", row.name), row.since));
    }
    Ok(Some(row))
}

/// Whether `sort_dir` asks for the reverse order.
pub fn take_descending(args: &mut Args) -> Result<bool, Fault> {
    match args.take("sort_dir") {
        None => Ok(false),
        Some(Value::String(word)) if word == "asc" => Ok(false),
        Some(Value::String(word)) if word == "desc" => Ok(true),
        Some(_) => Err(Fault::invalid("sort_dir must be asc or desc")),
    }
}

/// Bytes of one short record, to make room once.
const SHORT_SIZE: usize = 420;

/// Bytes of one whole record.
const WHOLE_SIZE: usize = 3800;

/// Since then a client names the fields that it wants.
const FIELDS_SINCE: u16 = 8;

/// Since then `detail` may be in the query of a list, unless the list had it from the start.
pub const DETAIL_SINCE: u16 = 43;
