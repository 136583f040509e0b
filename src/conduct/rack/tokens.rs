//! Bearer tokens: issued, revoked. The secret leaves with the answer and is kept nowhere.

use std::sync::Arc;

use uuid::Uuid;

use crate::base::moment::Moment;
use crate::base::secret::Secret;
use crate::base::who::Role;
use crate::conduct::desk::Desk;
use crate::model::account::{Issued, PREFIX, TOKENS_LIMIT, Token, TokenAsk, TokenDraft};
use crate::model::decision::refusal::Refusal;
use crate::model::rack::{RackAnswer, RackAsk};

impl Desk {
    /// Makes a token; its secret is in the answer and nowhere else.
    pub async fn create_token(self: &Arc<Self>, draft: TokenDraft) -> Result<Issued, Refusal> {
        if let RackAnswer::Issued(issued) = self.rack(RackAsk::Token(TokenAsk::Create(draft))).await? {
            return Ok(*issued);
        }
        Err(Refusal::Internal("a token was made and not answered".to_owned()))
    }

    /// A token that may do everything, if there is none that may: for a start at which nobody could log in otherwise.
    /// It never expires, lest a rack that runs for a year locks its owner out.
    pub async fn first_admin_token(self: &Arc<Self>) -> Result<Option<Issued>, Refusal> {
        if self.keyring().has_admin(self.site.clock.wall()) {
            return Ok(None);
        }
        self.admin_token("first-admin").await.map(Some)
    }

    /// One more token that may do everything and never expires, for a host whose owner has lost the others.
    pub async fn admin_token(self: &Arc<Self>, kind: &str) -> Result<Issued, Refusal> {
        let number = Uuid::new_v4().simple().to_string();
        let name = format!("{kind}-{}", number.get(..NUMBER).unwrap_or_default());
        let draft = TokenDraft { name, role: Role::Admin, project: None, expires_at: None, created_by: None };
        self.create_token(draft).await
    }

    /// Takes back a token that could not be shown, the last of its kind or not.
    pub async fn unissue(self: &Arc<Self>, issued: &Issued) -> Result<(), Refusal> {
        let ident = issued.token.id.to_string();
        self.rack(RackAsk::Token(TokenAsk::Revoke { ident, last_too: true })).await.map(drop)
    }

    pub(super) async fn take_token_ask(&self, ask: TokenAsk) -> Result<RackAnswer, Refusal> {
        let _one_at_a_time = self.rack.lock().await;
        match ask {
            TokenAsk::Create(draft) => self.issue(draft).await,
            TokenAsk::Revoke { ident, last_too } => self.revoke(ident, last_too).await,
        }
    }

    async fn issue(&self, draft: TokenDraft) -> Result<RackAnswer, Refusal> {
        let at = self.site.clock.wall();
        draft.check(at)?;
        let random = (self.site.tokens)();
        if random.reveal().is_empty() {
            return Err(Refusal::Internal("the system gave no random numbers for a token".to_owned()));
        }
        let secret = Secret::new(format!("{PREFIX}{}", random.reveal()));
        let token = Token::new(Uuid::new_v4(), draft, &secret, at);
        let one = token.clone();
        let gone = self.site.writer.write("token", move |txn| {
            let all = txn.tokens().all()?;
            let (fresh, old): (Vec<_>, Vec<_>) = all.into_iter().partition(|token| !is_old(token, at));
            if fresh.iter().any(|token| token.name == one.name) {
                return Err(Refusal::Duplicate(format!("a token named {} already exists", one.name)));
            }
            if fresh.len() >= TOKENS_LIMIT {
                return Err(Refusal::Conflict(format!("there are {TOKENS_LIMIT} tokens: revoke some")));
            }
            for token in &old {
                txn.tokens().remove(token.id)?;
            }
            txn.tokens().put(&one)?;
            Ok(old)
        });
        gone.await?.iter().for_each(|token| self.keyring().remove(token));
        tracing::info!(token = token.name, role = %token.role, "a token was made");
        self.keyring().add(Arc::new(token.clone()));
        Ok(RackAnswer::Issued(Box::new(Issued { token, secret })))
    }

    async fn revoke(&self, ident: String, last_too: bool) -> Result<RackAnswer, Refusal> {
        let at = self.site.clock.wall();
        let work = self.site.writer.write("token", move |txn| {
            let mut all = txn.tokens().all()?;
            let is_it = |token: &Token| token.name == ident || token.id.to_string() == ident;
            let Some(place) = all.iter().position(is_it) else {
                return Err(Refusal::NotFound(format!("token {ident} could not be found")));
            };
            let token = all.swap_remove(place);
            let rules = |token: &Token| token.rules_all() && token.is_valid(at);
            if !last_too && rules(&token) && !all.iter().any(rules) {
                return Err(Refusal::Conflict(format!(
                    "token {} is the last that may do everything: make another one first",
                    token.name
                )));
            }
            txn.tokens().remove(token.id)?;
            Ok(token)
        });
        let token = work.await?;
        self.keyring().remove(&token);
        tracing::info!(token = token.name, "a token was revoked");
        Ok(RackAnswer::Done)
    }
}

/// Expired so long ago that nobody asks any more why it is refused.
fn is_old(token: &Token, now: Moment) -> bool {
    token.expires_at.is_some_and(|end| now.seconds_since(end) > KEPT)
}

/// Letters that tell one first token from another.
const NUMBER: usize = 8;
/// An expired token is listed for a month, in seconds.
const KEPT: u64 = 30 * 24 * 3600;
