//! Request bodies: bounded in size and depth, JSON or a precise refusal.

use serde_json::Value;

use crate::api::fault::Fault;
use crate::net::body::BodyError;
use crate::net::http::Request;

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
