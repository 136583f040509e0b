//! Bearer tokens: what is kept of one, and what is said to make one.
//!
//! The secret itself is shown once and kept nowhere. It has 256 random bits, so that one round of SHA-256 hides it as
//! well as any slow hash would.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::base::moment::Moment;
use crate::base::secret::Secret;
use crate::base::who::{Role, Who};
use crate::model::decision::refusal::Refusal;

/// What is kept of a token's secret.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Digest([u8; 32]);

impl Digest {
    pub fn of(secret: &str) -> Self {
        Self(Sha256::digest(secret.as_bytes()).into())
    }
}

/// Not even the hash is shown.
impl std::fmt::Debug for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Digest(..)")
    }
}

/// A bearer token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    pub id: Uuid,
    /// What the journal calls who bears it.
    pub name: String,
    pub role: Role,
    /// What it sees is what this project owns or has leased.
    #[serde(default)]
    pub project: Option<String>,
    pub created_at: Moment,
    /// Who asked for it; `None` if nobody had to log in.
    #[serde(default)]
    pub created_by: Option<String>,
    /// `None` for one that never expires.
    #[serde(default)]
    pub expires_at: Option<Moment>,
    digest: Digest,
}

impl Token {
    pub fn new(id: Uuid, draft: TokenDraft, secret: &Secret, at: Moment) -> Self {
        let TokenDraft { name, role, project, expires_at, created_by } = draft;
        let digest = Digest::of(secret.reveal());
        Self { id, name, role, project, created_at: at, created_by, expires_at, digest }
    }

    pub fn digest(&self) -> Digest {
        self.digest
    }

    pub fn is_valid(&self, now: Moment) -> bool {
        self.expires_at.is_none_or(|end| now < end)
    }

    /// Whether it may do everything in the whole rack.
    pub fn rules_all(&self) -> bool {
        self.role == Role::Admin && self.project.is_none()
    }

    /// Who bears it.
    pub fn bearer(&self) -> Who {
        Who { name: Some(format!("token:{}", self.name)), role: self.role, project: self.project.clone() }
    }
}

/// What is said to make a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenDraft {
    pub name: String,
    pub role: Role,
    pub project: Option<String>,
    pub expires_at: Option<Moment>,
    pub created_by: Option<String>,
}

impl TokenDraft {
    /// Whether its words can be kept and shown.
    pub fn check(&self, now: Moment) -> Result<(), Refusal> {
        let invalid = |text: String| Err(Refusal::Invalid(text));
        if !is_name(&self.name) {
            return invalid(format!("a token's name has 1 to {LONGEST} letters, digits or any of . _ ~ - @"));
        }
        let is_project = |project: &String| {
            (1..=PROJECT).contains(&project.len()) && !project.chars().any(char::is_control)
        };
        if self.project.as_ref().is_some_and(|project| !is_project(project)) {
            return invalid(format!("a project has 1 to {PROJECT} bytes without control characters"));
        }
        if self.expires_at.is_some_and(|end| end <= now) {
            return invalid("the token would have expired before it is made".to_owned());
        }
        Ok(())
    }
}

/// Whether it can be told apart in a list and in the journal.
fn is_name(name: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._~-@".contains(c);
    (1..=LONGEST).contains(&name.len()) && name.chars().all(is_plain)
}

/// What is asked about tokens.
#[derive(Debug, Clone, PartialEq)]
pub enum TokenAsk {
    Create(TokenDraft),
    Revoke {
        /// UUID or name.
        ident: String,
        /// Even the last one that may do everything, since there are other ways in.
        last_too: bool,
    },
}

/// A token that was just made, with its secret: the one time that it is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issued {
    pub token: Token,
    pub secret: Secret,
}

/// Tokens that are kept; more are a script that went wrong.
pub const TOKENS_LIMIT: usize = 1000;
/// What every secret begins with, so that a leaked one is found by searching.
pub const PREFIX: &str = "ferric_";
/// Letters of a name.
const LONGEST: usize = 64;
/// Bytes of a project, as an owner of a node has them.
const PROJECT: usize = 255;

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(name: &str) -> TokenDraft {
        TokenDraft {
            name: name.to_owned(),
            role: Role::Reader,
            project: None,
            expires_at: Some(Moment(20)),
            created_by: None,
        }
    }

    #[test]
    fn a_token_ends_at_its_moment() {
        let token = Token::new(Uuid::nil(), draft("a"), &Secret::new("s"), Moment(1));
        assert!(token.is_valid(Moment(19)) && !token.is_valid(Moment(20)));
        let endless = Token { expires_at: None, ..token };
        assert!(endless.is_valid(Moment(i64::MAX)));
    }

    #[test]
    fn neither_secret_nor_hash_is_shown() {
        let token = Token::new(Uuid::nil(), draft("a"), &Secret::new("s"), Moment(1));
        let shown = format!("{:?}", Issued { token, secret: Secret::new("hidden") });
        assert!(shown.contains("Digest(..)") && !shown.contains("hidden"), "{shown}");
    }

    #[test]
    fn names_and_ends_are_checked() {
        let now = Moment(10);
        assert!(draft("ci.main-1@rack").check(now).is_ok());
        for name in ["", "a b", "a\n", "é", "a/b", &"x".repeat(65)] {
            assert!(draft(name).check(now).is_err(), "{name:?}");
        }
        assert!(draft("a").check(Moment(20)).is_err());
        let project = |text: &str| TokenDraft { project: Some(text.to_owned()), ..draft("a") };
        assert!(project("p1").check(now).is_ok());
        assert!(project("").check(now).is_err() && project("a\u{1b}").check(now).is_err());
    }
}
