//! Contents that the agent refuses before it takes a command on.

use serde_json::{Map, Value};

/// `Err` is the text of the 400 answer.
pub(super) fn check(command: &str, params: &Map<String, Value>) -> Result<(), String> {
    match command {
        "prepare_image" => image(params.get("image_info").unwrap_or(&Value::Null)),
        "set_node_info" => {
            Err("Invalid command: only an agent that stands alone can be told its node".to_owned())
        }
        _ => Ok(()),
    }
}

/// An image needs an id, a place and something to verify it by.
pub(super) fn image(info: &Value) -> Result<(), String> {
    let invalid = |text: &str| Err(format!("Invalid command parameters: {text}"));
    for field in ["id", "urls"] {
        if info.get(field).is_none() {
            return invalid(&format!("Image is missing '{field}' field."));
        }
    }
    let urls = info.get("urls").and_then(Value::as_array);
    if urls.is_none_or(|urls| urls.is_empty() || !urls.iter().all(Value::is_string)) {
        return invalid("Image 'urls' must be a list of texts, not empty.");
    }
    let has = |field: &str| info.get(field).and_then(Value::as_str).is_some_and(|text| !text.is_empty());
    if !(has("checksum") || has("os_hash_algo") && has("os_hash_value")) {
        return invalid("Image checksum is missing: 'checksum', or 'os_hash_algo' with 'os_hash_value'.");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_image_needs_id_place_and_checksum() {
        assert!(image(&json!({"id": "x"})).unwrap_err().contains("'urls'"));
        assert!(image(&json!({"id": "x", "urls": []})).is_err());
        assert!(image(&json!({"id": "x", "urls": ["u"], "os_hash_algo": "md5"})).is_err());
        assert_eq!(image(&json!({"id": "x", "urls": ["u"], "checksum": "0"})), Ok(()));
    }
}
