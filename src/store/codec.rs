//! Records as bytes: one shape byte, then MessagePack with field names.
//!
//! Field names let a later version add fields with a default; a change that defaults cannot carry takes
//! the next shape byte and a file in `upgrade/`.

use std::io;
use std::path::Path;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::store::error::StoreError;

/// The record's bytes.
pub fn encode<T: Serialize>(record: &T, what: impl Fn() -> String) -> Result<Vec<u8>, StoreError> {
    let mut bytes = vec![SHAPE];
    rmp_serde::encode::write_named(&mut bytes, record)
        .map_err(|error| StoreError::Encode { what: what(), source: Arc::new(error) })?;
    Ok(bytes)
}

/// The record of these bytes. `what` names it in errors, `file` says where it lies.
pub fn decode<T: DeserializeOwned>(
    bytes: &[u8],
    file: &Path,
    what: impl Fn() -> String,
) -> Result<T, StoreError> {
    let (shape, body) = bytes.split_first().unwrap_or((&BLANK, &[]));
    let unreadable = |source| StoreError::Unreadable { file: file.to_path_buf(), record: what(), source };
    match *shape {
        SHAPE => rmp_serde::from_slice(body).map_err(|error| unreadable(Arc::new(error))),
        BLANK => Err(unreadable(Arc::new(io::Error::other("it is blank")))),
        found => Err(StoreError::Shape { file: file.to_path_buf(), record: what(), found, known: SHAPE }),
    }
}

/// Shape of every record that this version writes.
pub const SHAPE: u8 = 1;

/// No shape: what is read where a page was lost.
const BLANK: u8 = 0;

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<Vec<u32>, StoreError> {
        decode(bytes, Path::new("/data/store"), || "row 7".to_owned())
    }

    #[test]
    fn a_record_comes_back_as_it_went() {
        let bytes = encode(&vec![1_u32, 70_000], || "row 7".to_owned()).unwrap();
        assert_eq!(read(&bytes).unwrap(), [1, 70_000]);
    }

    #[test]
    fn an_unknown_shape_is_named_with_file_record_and_remedy() {
        let text = read(&[9, 0x90]).unwrap_err().to_string();
        for part in ["row 7", "/data/store", "shape 9", "knows 1", "restore a backup"] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }

    #[test]
    fn damaged_bytes_are_an_error_and_no_panic() {
        assert!(matches!(read(&[0; 40]), Err(StoreError::Unreadable { .. })));
        let whole = encode(&vec![1_u32, 70_000], || "row 7".to_owned()).unwrap();
        for length in 0..whole.len() {
            assert!(read(&whole[..length]).is_err(), "{length}");
        }
    }
}
