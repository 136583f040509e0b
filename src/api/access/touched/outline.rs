//! What a body is made of, read without keeping it: a config drive of 60 MB is passed over.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::api::access::touched::{LONGEST_WORD, MOST};

/// A JSON value, cut down in every direction.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outline {
    /// Nothing, or what lies too deep.
    Nothing,
    Word(String),
    List(Vec<Outline>),
    Members(Vec<(String, Outline)>),
}

impl Outline {
    /// Of a body that is no JSON: nothing.
    pub(super) fn read(body: &[u8]) -> Self {
        let mut reader = serde_json::Deserializer::from_slice(body);
        let read = Outliner { depth: DEPTH }.deserialize(&mut reader);
        read.ok().filter(|_| reader.end().is_ok()).unwrap_or(Self::Nothing)
    }

    /// A member of an object.
    pub(super) fn get(&self, name: &str) -> Option<&Self> {
        let Self::Members(members) = self else { return None };
        members.iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    pub(super) fn word(&self) -> Option<&str> {
        if let Self::Word(word) = self { Some(word) } else { None }
    }
}

/// A name or a value as it is told.
pub(super) fn clean(text: &str) -> String {
    let mut letters = text.chars().filter(|letter| !letter.is_control());
    let mut shown: String = letters.by_ref().take(LONGEST_WORD).collect();
    if letters.next().is_some() {
        shown.push_str("...");
    }
    shown
}

/// Reads so many levels.
#[derive(Clone, Copy)]
struct Outliner {
    depth: u8,
}

impl<'de> DeserializeSeed<'de> for Outliner {
    type Value = Outline;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Outline, D::Error> {
        if self.depth == 0 {
            return deserializer.deserialize_ignored_any(IgnoredAny).map(|_| Outline::Nothing);
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Outliner {
    type Value = Outline;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Outline, A::Error> {
        let below = Self { depth: self.depth.saturating_sub(1) };
        let mut members: Vec<(String, Outline)> = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            let key = clean(&key);
            let known = members.iter().position(|(name, _)| *name == key);
            if known.is_none() && members.len() >= MOST {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            let value = map.next_value_seed(below)?;
            // The last of two counts, as for the resource.
            match known.and_then(|place| members.get_mut(place)) {
                Some(member) => member.1 = value,
                None => members.push((key, value)),
            }
        }
        Ok(Outline::Members(members))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Outline, A::Error> {
        let below = Self { depth: self.depth.saturating_sub(1) };
        let mut list = Vec::new();
        while list.len() < MOST {
            let Some(one) = seq.next_element_seed(below)? else { return Ok(Outline::List(list)) };
            list.push(one);
        }
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Outline::List(list))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Outline, E> {
        Ok(Outline::Word(clean(text)))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Outline, E> {
        Ok(Outline::Word(value.to_string()))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Outline, E> {
        Ok(Outline::Word(value.to_string()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Outline, E> {
        Ok(Outline::Word(value.to_string()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Outline, E> {
        Ok(Outline::Word(value.to_string()))
    }

    fn visit_unit<E: Error>(self) -> Result<Outline, E> {
        Ok(Outline::Nothing)
    }
}

/// A body, its members or operations, and those of a step.
const DEPTH: u8 = 4;
