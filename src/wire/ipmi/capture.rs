//! Recorded exchanges for tests: what others' clients and BMCs said to each other.

use std::fs;
use std::path::Path;

use serde_json::Value;

/// One recording.
#[derive(Debug)]
pub(super) struct Capture {
    pub(super) name: String,
    pub(super) user: String,
    /// What the client used.
    pub(super) password: String,
    /// What the BMC holds.
    pub(super) bmc_password: String,
    pub(super) kg: Vec<u8>,
    pub(super) packets: Vec<Recorded>,
}

/// One UDP payload.
#[derive(Debug, Clone)]
pub(super) struct Recorded {
    pub(super) from_client: bool,
    pub(super) bytes: Vec<u8>,
    /// Without encryption and padding.
    pub(super) plain: Option<Vec<u8>>,
    pub(super) lost: bool,
}

impl Capture {
    pub(super) fn load(name: &str) -> Self {
        let path = folder().join(format!("{name}.json"));
        let text = fs::read_to_string(&path).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
        let json: Value = serde_json::from_str(&text).unwrap();
        let text_of = |key: &str| json[key].as_str().unwrap_or_default().to_owned();
        let client_password = json["client_password"].as_str().map(str::to_owned);
        Self {
            name: name.to_owned(),
            user: text_of("username"),
            password: client_password.unwrap_or_else(|| text_of("password")),
            bmc_password: text_of("password"),
            kg: hex(json["kg_hex"].as_str().unwrap_or_default()),
            packets: json["packets"].as_array().unwrap().iter().map(Recorded::read).collect(),
        }
    }

    /// Every recording here.
    pub(super) fn all() -> Vec<Self> {
        let mut names: Vec<String> = fs::read_dir(folder())
            .unwrap()
            .filter_map(|entry| {
                entry.unwrap().file_name().to_str().unwrap().strip_suffix(".json").map(str::to_owned)
            })
            .collect();
        names.sort();
        assert!(names.len() > 40, "{} recordings", names.len());
        names.iter().map(|name| Self::load(name)).collect()
    }
}

impl Recorded {
    fn read(json: &Value) -> Self {
        Self {
            from_client: json["dir"] == "c2b",
            bytes: hex(json["hex"].as_str().unwrap()),
            plain: json["plain"].as_str().filter(|text| !text.is_empty()).map(hex),
            lost: json["lost"] == true,
        }
    }
}

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens/ipmi")
}

pub(super) fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> =
        text.chars().map(|digit| u8::try_from(digit.to_digit(16).unwrap()).unwrap()).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}
