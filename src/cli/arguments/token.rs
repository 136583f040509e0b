//! Arguments of `ferric token` and `ferric audit`.

use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand};

use crate::base::moment::Moment;
use crate::base::who::Role;
use crate::cli::arguments::node;

/// Arguments of every command about tokens, and the command; without one they are listed.
#[derive(Debug, Args)]
pub struct TokenArguments {
    #[arg(long, global = true, default_value_t = node::address(), hide_default_value = true, help = node::URL)]
    pub url: String,
    /// Print the API's JSON instead of text
    #[arg(long, global = true)]
    pub json: bool,
    #[command(subcommand)]
    pub command: Option<TokenCommand>,
}

/// What to do with tokens.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum TokenCommand {
    /// List the tokens that are kept, the oldest first
    #[command(after_help = LIST)]
    List,
    /// Make a token and print it: the only time that it is shown
    #[command(after_help = CREATE)]
    Create {
        /// What the journal calls who bears it
        name: String,
        /// What it may do: reader looks, operator works with nodes, admin does everything
        #[arg(long, default_value = "reader", value_parser = role())]
        role: Role,
        /// Let it see and change only what this project owns or has leased
        #[arg(long)]
        project: Option<String>,
        /// When it ends: a number with s, m, h, d or y, or `never`
        #[arg(long, default_value = "90d", value_parser = lifetime, value_name = "TIME")]
        expires: Lifetime,
    },
    /// End tokens at once
    #[command(after_help = REVOKE)]
    Revoke {
        /// Names or UUIDs
        #[arg(required = true, value_name = "TOKEN", value_parser = named)]
        which: Vec<String>,
    },
}

/// How long a token is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lifetime {
    Never,
    Of(Duration),
}

/// Arguments of `ferric audit`.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct AuditArguments {
    #[arg(long, default_value_t = node::address(), hide_default_value = true, help = node::URL)]
    pub url: String,
    /// Print the API's JSON instead of text
    #[arg(long)]
    pub json: bool,
    /// How many rows, the latest first; all that are kept are 20000
    #[arg(long, value_name = "COUNT", default_value_t = 50)]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=20_000))]
    pub limit: u16,
    /// What was asked of this node, or of what belongs to it: its UUID or name
    #[arg(long)]
    pub node: Option<String>,
    /// What this user did, or a token by its name
    #[arg(long)]
    pub user: Option<String>,
    /// From then on: a time as 2026-11-22T08:00 (UTC), or how long ago with s, m, h, d or y, as 12h
    #[arg(long, value_parser = since, value_name = "TIME")]
    pub since: Option<Since>,
}

/// From when on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    At(Moment),
    Ago(Duration),
}

fn since(text: &str) -> Result<Since, String> {
    if let Ok(Lifetime::Of(length)) = lifetime(text) {
        return Ok(Since::Ago(length));
    }
    let wrong = "a time as 2026-11-22T08:00, or a number with s, m, h, d or y, as 12h";
    Moment::parse(text).map(Since::At).ok_or_else(|| wrong.to_owned())
}

/// A role by its name.
fn role() -> impl TypedValueParser<Value = Role> {
    let names = PossibleValuesParser::new(Role::ALL.iter().map(|role| role.name()));
    names.try_map(|name| Role::of(&name).ok_or("no role"))
}

/// A TOKEN as typed: an empty one would name all of them.
fn named(text: &str) -> Result<String, &'static str> {
    if text.trim().is_empty() { Err("it is empty; give a token's name or UUID") } else { Ok(text.to_owned()) }
}

fn lifetime(text: &str) -> Result<Lifetime, String> {
    if text == "never" {
        return Ok(Lifetime::Never);
    }
    let wrong = || "a number with s, m, h, d or y, as in 12h or 90d, or never".to_owned();
    let unit = text.chars().last().ok_or_else(wrong)?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 24 * 3600,
        'y' => 365 * 24 * 3600,
        _ => return Err(wrong()),
    };
    let number: u64 = text.strip_suffix(unit).and_then(|digits| digits.parse().ok()).ok_or_else(wrong)?;
    let length =
        number.checked_mul(seconds).filter(|length| (1..=LONGEST).contains(length)).ok_or_else(wrong)?;
    Ok(Lifetime::Of(Duration::from_secs(length)))
}

/// Ten years, in seconds: what is to last longer never ends.
const LONGEST: u64 = 10 * 366 * 24 * 3600;

pub const EXAMPLE: &str = "\
Examples:
  ferric token create ci --role operator --expires 30d
  ferric token create tenant-a --role admin --project 8e6b1f
  ferric token list
  ferric token revoke ci

What happens next:
  A token is shown once, when it is made, and only its hash is kept. Give it to
  a command by --token-file, FERRIC_TOKEN or FERRIC_TOKEN_FILE, or put it into
  ~/.config/ferric/token. Only admins make, list and revoke tokens; on loopback
  with [auth] strategy none everybody may.";

const LIST: &str = "\
Example:
  ferric token list --json

What happens next:
  Nothing changes. A token that has expired is listed for another month.";

const CREATE: &str = "\
Examples:
  ferric token create ci --role operator --expires 30d
  ferric token create ci > ~/.config/ferric/token

What happens next:
  The token is printed on standard output, and what it may do on standard error.
  It is good at once. With `curl -H 'Authorization: Bearer TOKEN'`, with the
  stock client `baremetal --os-auth-type http_basic --os-username token
  --os-password TOKEN --os-endpoint URL`.";

const REVOKE: &str = "\
Examples:
  ferric token revoke ci
  ferric token revoke ci tenant-a

What happens next:
  Requests that bear it are answered with 401 from now on. The last token that
  may do everything stays where tokens are the only way in: make another first.";

pub const AUDIT: &str = "\
Examples:
  ferric audit
  ferric audit --node n1 --since 2d
  ferric audit --user ci --limit 5000 --json

What happens next:
  Nothing changes. Each row is a request that changed something or was refused:
  when, who, from where, with which outcome, and what: targets and names, of
  other fields their names alone, so no secret. Log-ins that failed stand among
  them, a row an address with how often; with --node or --user they are left
  out, since nobody knows who that was. The last 20000 requests are kept. What
  happened to one node, with who asked for it, is in `ferric node history NODE`.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lifetimes_are_numbers_with_a_unit() {
        assert_eq!(lifetime("90d"), Ok(Lifetime::Of(Duration::from_hours(2160))));
        assert_eq!(lifetime("12h"), Ok(Lifetime::Of(Duration::from_hours(12))));
        assert_eq!(lifetime("never"), Ok(Lifetime::Never));
        for text in ["", "d", "90", "-1d", "0s", "11y", "1w", "99999999999999999999d", "1é"] {
            assert!(lifetime(text).is_err(), "{text}");
        }
    }

    #[test]
    fn since_is_a_time_or_how_long_ago() {
        assert_eq!(since("2d"), Ok(Since::Ago(Duration::from_hours(48))));
        assert_eq!(since("1970-01-01T00:00:01"), Ok(Since::At(Moment(1_000_000))));
        assert_eq!(since("1970-01-01T01:00:01+01:00"), Ok(Since::At(Moment(1_000_000))));
        for text in ["", "never", "yesterday", "2"] {
            assert!(since(text).is_err(), "{text}");
        }
    }

    #[test]
    fn roles_are_words() {
        let read = |word: &str| role().parse_ref(&clap::Command::new("x"), None, word.as_ref());
        assert_eq!(read("operator").unwrap(), Role::Operator);
        assert!(read("root").is_err());
    }
}
