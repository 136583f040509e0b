//! What goes with a deployment: a config drive and deploy steps, as JSON, a file, or `-` for standard input.

use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;

use crate::cli::fault::CliError;
use crate::cli::resource::field::{bytes, json};

/// A config drive as the API takes it: an object as it is, an ISO image gzipped and in base64.
pub fn config_drive(text: &str) -> Result<Value, CliError> {
    let bytes = bytes(text, LARGEST)?;
    if bytes.starts_with(GZIP) {
        return Ok(Value::from(STANDARD.encode(&bytes)));
    }
    if bytes.get(ISO_AT..).is_some_and(|rest| rest.starts_with(ISO)) {
        let packed = gzip(&bytes).map_err(|source| CliError::File { path: text.into(), source })?;
        return Ok(Value::from(STANDARD.encode(packed)));
    }
    let value: Option<Value> = serde_json::from_slice(&bytes).ok();
    value.filter(Value::is_object).ok_or_else(|| {
        content(text, "is neither a JSON object nor an ISO 9660 image nor a gzipped one".to_owned())
    })
}

/// Deploy steps: an array. What is in it the API checks.
pub fn steps(text: &str) -> Result<Value, CliError> {
    let value = json(text)?;
    if value.is_array() { Ok(value) } else { Err(content(text, "is not a JSON array of steps".to_owned())) }
}

fn gzip(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes)?;
    encoder.finish()
}

fn content(text: &str, why: String) -> CliError {
    CliError::Content { path: text.into(), why }
}

/// RFC 1952 2.3.1.
const GZIP: &[u8] = &[0x1f, 0x8b];

/// ECMA-119 8.4: the first volume descriptor is in sector 16, its identifier behind the type byte.
const ISO_AT: usize = 16 * 2048 + 1;
const ISO: &[u8] = b"CD001";

/// What fits a provision request of 64 MiB in base64.
const LARGEST: u64 = 48 << 20;

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::read::GzDecoder;
    use serde_json::json;
    use tempfile::NamedTempFile;

    use super::*;

    fn file(bytes: &[u8]) -> NamedTempFile {
        let mut file = NamedTempFile::new().unwrap();
        file.write_all(bytes).unwrap();
        file
    }

    fn name(file: &NamedTempFile) -> &str {
        file.path().to_str().unwrap()
    }

    fn said(result: Result<Value, CliError>) -> String {
        result.unwrap_err().to_string()
    }

    #[test]
    fn an_object_goes_as_it_is() {
        let file = file(br#"{"meta_data": {"hostname": "n1"}}"#);
        let wanted = json!({"meta_data": {"hostname": "n1"}});
        assert_eq!(config_drive(name(&file)).unwrap(), wanted);
        assert_eq!(config_drive(r#"{"meta_data": {"hostname": "n1"}}"#).unwrap(), wanted);
    }

    #[test]
    fn an_image_goes_packed_and_a_packed_one_as_it_is() {
        let mut iso = vec![0; ISO_AT];
        iso.extend(b"CD001 and so on");
        let sent = config_drive(name(&file(&iso))).unwrap();
        let packed = STANDARD.decode(sent.as_str().unwrap()).unwrap();
        let mut unpacked = Vec::new();
        GzDecoder::new(packed.as_slice()).read_to_end(&mut unpacked).unwrap();
        assert_eq!(unpacked, iso);
        assert_eq!(config_drive(name(&file(&packed))).unwrap(), sent);
    }

    #[test]
    fn files_that_are_something_else_are_named() {
        let text = file(b"hello");
        assert!(said(config_drive(name(&text))).ends_with("nor a gzipped one"));
        assert!(said(config_drive("[1]")).ends_with("nor a gzipped one"));
        assert!(said(steps(name(&text))).contains("is not JSON: expected value at line 1"));
        assert!(said(steps(name(&file(b"{}")))).ends_with("is not a JSON array of steps"));
        assert_eq!(said(steps("/nonexistent/x")), "cannot read /nonexistent/x");
        assert_eq!(steps(" []").unwrap(), json!([]));
    }
}
