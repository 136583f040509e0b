//! Request bodies: bounded in size and depth, JSON or a precise refusal.

use std::time::Duration;

use serde_json::Value;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

use crate::api::fault::Fault;
use crate::net::body::BodyError;
use crate::net::http::{Headers, Request};

/// Reads a body of `limit` bytes at most.
pub async fn read(request: &mut Request, limit: usize) -> Result<Vec<u8>, Fault> {
    request.read(limit).await.map_err(|error| {
        let status = match &error {
            BodyError::TooLarge { .. } => 413,
            BodyError::Slow { .. } => 408,
            BodyError::Broken(_) => 400,
        };
        Fault::bare(status, error.to_string())
    })
}

/// The JSON value of a body; `None` if there is no body.
pub fn json(bytes: &[u8]) -> Result<Option<Value>, Fault> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(None);
    }
    check_shape(bytes)?;
    check_numbers(bytes)?;
    if std::str::from_utf8(bytes).is_err() {
        return Err(Fault::invalid("the body is not UTF-8"));
    }
    // The parser's error names line and column only; the text around them may hold secrets.
    serde_json::from_slice(bytes).map(Some).map_err(|error| {
        Fault::invalid(format!(
            "the body is not JSON: mistake at line {}, column {}",
            error.line(),
            error.column()
        ))
    })
}

/// Refuses what is nested too deep or has too many values, before memory is spent on it: counts brackets and
/// commas outside texts. Good enough for text that is no JSON, which is refused afterwards.
fn check_shape(bytes: &[u8]) -> Result<(), Fault> {
    let (mut depth, mut values, mut quoted, mut escaped) = (0_usize, 1_usize, false, false);
    for byte in bytes {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'{' | b'[' if !quoted => depth += 1,
            b'}' | b']' if !quoted => depth = depth.saturating_sub(1),
            b',' if !quoted => values += 1,
            _ => {}
        }
        if depth > DEPTH_LIMIT {
            return Err(Fault::bare(400, format!("the body is nested deeper than {DEPTH_LIMIT} levels")));
        }
    }
    if values > VALUES_LIMIT {
        return Err(Fault::bare(400, format!("the body has more than {VALUES_LIMIT} values")));
    }
    Ok(())
}

/// Refuses whole numbers beyond 64 bits: they would be kept as something near them.
fn check_numbers(bytes: &[u8]) -> Result<(), Fault> {
    let tokens = outside_texts(bytes).flat_map(|part| part.split(|byte| !is_of_number(*byte)));
    for token in tokens.filter(|token| token.len() >= LONG_NUMBER) {
        let text = std::str::from_utf8(token).unwrap_or_default();
        let digits = text.strip_prefix('-').unwrap_or(text);
        let is_whole = digits.bytes().all(|byte| byte.is_ascii_digit());
        if is_whole && text.parse::<i64>().is_err() && text.parse::<u64>().is_err() {
            let shown: String = text.chars().take(SHOWN_DIGITS).collect();
            let dots = if shown.len() < text.len() { "..." } else { "" };
            return Err(Fault::invalid(format!(
                "the body has the whole number {shown}{dots}, which is beyond 64 bits: give it as a text"
            )));
        }
    }
    Ok(())
}

fn is_of_number(byte: u8) -> bool {
    byte.is_ascii_digit() || b"+-.eE".contains(&byte)
}

/// The parts of JSON that are outside of its texts.
fn outside_texts(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(bytes);
    std::iter::from_fn(move || {
        let all = rest.take()?;
        let Some(quote) = all.iter().position(|byte| *byte == b'"') else { return Some(all) };
        let (part, text) = all.split_at_checked(quote)?;
        rest = after_text(text);
        Some(part)
    })
}

/// What follows a text that begins with its quote.
fn after_text(quoted: &[u8]) -> Option<&[u8]> {
    let (_, text) = quoted.split_first()?;
    let mut escaped = false;
    let end = text.iter().position(|byte| {
        let ends = *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        ends
    });
    text.get(end?.checked_add(1)?..)
}

/// Requests with large bodies that are answered at once; the others wait before their bodies are read.
#[derive(Debug)]
pub struct Turns {
    free: Semaphore,
    wait: Duration,
}

impl Default for Turns {
    fn default() -> Self {
        Self { free: Semaphore::new(TURNS), wait: TURN_WAIT }
    }
}

impl Turns {
    /// Waits until a body of these headers may be read: at once if it is ordinary. The turn ends with the permit.
    pub async fn take(&self, headers: &Headers) -> Result<Option<SemaphorePermit<'_>>, Fault> {
        if !is_large(headers) {
            return Ok(None);
        }
        let turn = timeout(self.wait, self.free.acquire()).await;
        turn.ok().and_then(Result::ok).map(Some).ok_or_else(|| {
            let wait = self.wait.as_secs();
            Fault::new(
                503,
                format!("{TURNS} large bodies are being read, and none ended in {wait} s: ask again"),
            )
        })
    }
}

/// Whether more than an ordinary body is announced, or no length.
fn is_large(headers: &Headers) -> bool {
    let length = headers.get("Content-Length").map(str::parse::<usize>);
    headers.get("Transfer-Encoding").is_some()
        || length.is_some_and(|length| length.is_ok_and(|size| size > LIMIT))
}

/// Digits and sign of a number that may be beyond 64 bits, at the least.
const LONG_NUMBER: usize = 19;

/// How much of such a number is shown.
const SHOWN_DIGITS: usize = 40;

/// Each may take three times [`PROVISION_LIMIT`] until its config drive is a file.
const TURNS: usize = 2;

/// Some large bodies one after the other on a fast network; clients wait longer for an answer.
const TURN_WAIT: Duration = Duration::from_secs(30);

/// Levels of nesting, as in the reference.
const DEPTH_LIMIT: usize = 25;

/// Values of one body: what a body of [`LIMIT`] can hold at the most. A larger one has few and long texts; as
/// many values as bytes would take a gigabyte of memory.
const VALUES_LIMIT: usize = 1 << 19;

/// Bytes of an ordinary body, as in the reference.
pub const LIMIT: usize = 1 << 20;

/// Bytes of a body that may carry a config drive, as in the reference.
pub const PROVISION_LIMIT: usize = 64 << 20;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn depth_is_counted_outside_texts() {
        let nested = |depth| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
        assert!(json(nested(25).as_bytes()).is_ok());
        assert_eq!(json(nested(26).as_bytes()).unwrap_err().status(), 400);
        assert!(json(br#"{"a": "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\"[["}"#).is_ok());
    }

    #[test]
    fn values_are_counted_outside_texts() {
        let many = |count| format!("[{}1]", "1,".repeat(count));
        assert!(json(many(VALUES_LIMIT - 1).as_bytes()).is_ok());
        assert_eq!(json(many(VALUES_LIMIT).as_bytes()).unwrap_err().status(), 400);
        assert!(json(format!("\"{}\"", ",".repeat(VALUES_LIMIT + 1)).as_bytes()).is_ok());
    }

    #[test]
    fn whole_numbers_keep_their_value_or_are_refused() {
        for good in [
            "[18446744073709551615, -9223372036854775808, 1e30, 123456789012345678901.5]",
            r#"{"a\"1": "123456789012345678901234567890", "b": "\\", "c": 1}"#,
        ] {
            assert!(json(good.as_bytes()).is_ok(), "{good}");
        }
        for (bad, shown) in [
            (r#"{"x\"": 123456789012345678901234567890}"#, "123456789012345678901234567890,"),
            ("18446744073709551616", "18446744073709551616,"),
            ("[0,-9223372036854775809]", "-9223372036854775809,"),
        ] {
            let fault = json(bad.as_bytes()).unwrap_err();
            assert!(fault.status() == 400 && fault.text().contains(shown), "{bad}: {}", fault.text());
        }
        let long = json("1".repeat(1000).as_bytes()).unwrap_err();
        assert!(long.text().len() < 200, "{}", long.text());
    }

    #[tokio::test]
    async fn large_bodies_take_turns_and_small_ones_need_none() {
        let turns = Turns { free: Semaphore::new(TURNS), wait: Duration::ZERO };
        let with = |name: &str, value: &str| {
            let mut headers = Headers::new();
            headers.push(name, value);
            headers
        };
        let (small, large) = (with("Content-Length", "1048576"), with("Content-Length", "1048577"));
        let endless = with("Transfer-Encoding", "chunked");
        let first = turns.take(&large).await.unwrap();
        let second = turns.take(&endless).await.unwrap();
        assert!(first.is_some() && second.is_some());
        assert_eq!(turns.take(&large).await.unwrap_err().status(), 503);
        assert!(turns.take(&small).await.unwrap().is_none());
        drop(first);
        assert!(turns.take(&large).await.unwrap().is_some());
    }

    #[test]
    fn nothing_is_no_body() {
        assert_eq!(json(b"").unwrap(), None);
        assert_eq!(json(b" \n").unwrap(), None);
    }

    #[test]
    fn a_mistake_does_not_show_what_is_around_it() {
        let fault = json(br#"{"password": "hunter2" "x"}"#).unwrap_err();
        assert_eq!(fault.status(), 400);
        assert!(!fault.text().contains("hunter2"), "{}", fault.text());
        assert_eq!(json(b"\"\xff\"").unwrap_err().text(), "the body is not UTF-8");
    }

    proptest! {
        #[test]
        fn no_bytes_are_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            json(&bytes).ok();
        }

        #[test]
        fn what_is_json_is_read(value in prop_oneof![any::<i64>().prop_map(Value::from), ".*".prop_map(Value::from)]) {
            prop_assert_eq!(json(value.to_string().as_bytes()).unwrap(), Some(value));
        }
    }
}
