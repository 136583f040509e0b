//! `/ferric/v1/tokens`: bearer tokens. The secret is in the answer to who made it, and nowhere else.

use serde_json::{Value, json};

use crate::api::fault::Fault;
use crate::api::request::args::Args;
use crate::api::request::call::Call;
use crate::api::root::answer;
use crate::base::moment::Moment;
use crate::base::who::Role;
use crate::model::access::Strategy;
use crate::model::account::{Issued, Token, TokenAsk, TokenDraft};
use crate::model::decision::refusal::Refusal;
use crate::model::rack::{RackAnswer, RackAsk};
use crate::net::http::Response;

/// `GET /ferric/v1/tokens`: all that are kept, the oldest first.
pub fn list(call: &Call<'_>) -> Result<Response, Fault> {
    call.no_query()?;
    let now = call.lanes().now();
    let tokens: Vec<Value> = call.lanes().tokens().iter().map(|token| shown(token, now)).collect();
    Ok(answer(&json!({"tokens": tokens})))
}

/// `POST /ferric/v1/tokens` with `name`, and perhaps `role` (reader), `project` and `expires_in` (seconds; 90 days,
/// 0 for never).
pub async fn create(call: &Call<'_>) -> Result<Response, Fault> {
    let mut args = call.action().await?;
    let draft = draft(&mut args, call)?;
    args.finish()?;
    match call.lanes().rack(RackAsk::Token(TokenAsk::Create(draft))).await? {
        RackAnswer::Issued(issued) => Ok(made(call, &issued)),
        other => Err(Refusal::Internal(format!("a token was made and not answered: {other:?}")).into()),
    }
}

/// `DELETE /ferric/v1/tokens/{name or uuid}`.
pub async fn revoke(call: &Call<'_>) -> Result<Response, Fault> {
    call.no_query()?;
    // Where there are other ways in, the last token may go.
    let last_too = call.policy().access.strategy != Strategy::Token;
    let ident = call.ident(0).to_owned();
    call.lanes().rack(RackAsk::Token(TokenAsk::Revoke { ident, last_too })).await?;
    Ok(Response::empty(204))
}

fn draft(args: &mut Args, call: &Call<'_>) -> Result<TokenDraft, Fault> {
    let name = args.needed_text("name")?;
    let role = match args.text("role")? {
        None => Role::Reader,
        Some(text) => Role::of(&text).ok_or_else(|| {
            let names: Vec<_> = Role::ALL.iter().map(|role| role.name()).collect();
            Fault::invalid(format!("role must be one of {}", names.join(", ")))
        })?,
    };
    let length = args.number("expires_in")?.unwrap_or(LIFETIME);
    if !(0..=LONGEST).contains(&length) {
        return Err(Fault::invalid(format!(
            "expires_in is a number of seconds from 1 to {LONGEST}, or 0 for a token that never expires"
        )));
    }
    let now = call.lanes().now();
    let end = Moment(now.0.saturating_add(length.saturating_mul(1_000_000)));
    Ok(TokenDraft {
        name,
        role,
        project: args.text("project")?,
        expires_at: (length > 0).then_some(end),
        created_by: call.who.name.clone(),
    })
}

fn made(call: &Call<'_>, issued: &Issued) -> Response {
    let mut value = shown(&issued.token, call.lanes().now());
    if let Some(members) = value.as_object_mut() {
        members.insert("token".to_owned(), json!(issued.secret.reveal()));
    }
    let location = format!("{}/ferric/v1/tokens/{}", call.base, issued.token.id);
    Response::json(201, value.to_string().into_bytes())
        .with("Location", location)
        .with("Cache-Control", "no-store")
}

fn shown(token: &Token, now: Moment) -> Value {
    json!({
        "uuid": token.id.to_string(),
        "name": token.name,
        "role": token.role.name(),
        "project": token.project,
        "created_at": token.created_at.iso(),
        "created_by": token.created_by,
        "expires_at": token.expires_at.map(Moment::iso),
        "expired": !token.is_valid(now),
    })
}

/// 90 days, in seconds.
const LIFETIME: i64 = 90 * 24 * 3600;
/// Ten years.
const LONGEST: i64 = 10 * 366 * 24 * 3600;
