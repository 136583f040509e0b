//! Runbooks as clients write them, checked before they are kept.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::base::moment::Moment;
use crate::model::Object;
use crate::model::decision::ask::PatchOp;
use crate::model::decision::refusal::Refusal;
use crate::model::draft::given::{Given, given, parse_uuid};
use crate::model::draft::{RECORD_LIMIT, bytes, chosen, known, name, required};
use crate::model::patch::whole;
use crate::model::runbook::{Runbook, RunbookWished, TRAITS_SINCE};
use crate::model::shape::runbook::TABLE;
use crate::model::shape::{Accepts, TEXT};
use crate::model::step::kept::{self, KeptStep, Rank};
use crate::model::trait_name::{RULE, TRAITS_LIMIT, is_trait};

impl Runbook {
    /// A runbook from a create body; `id` is used if the client chose none. The rack's lane gives it its moment.
    pub fn draft(body: Object, id: Uuid, version: u16) -> Result<Self, Refusal> {
        known(TABLE, &body, &[])?;
        if version < TRAITS_SINCE && body.contains_key("description") {
            return Err(unknown("description"));
        }
        required(&body, "name")?;
        required(&body, "steps")?;
        let id = chosen(&body, "uuid")?.unwrap_or(id);
        let wished = RunbookWished::read(body, &[])?;
        check_name(&wished.name, version)?;
        if wished.public && wished.owner.is_some() {
            return Err(exclusive());
        }
        Ok(Self { id, order: 0, created_at: Moment::default(), updated_at: None, traits: Vec::new(), wished })
    }

    /// What it is after a patch. One that becomes public has no owner any more.
    pub fn patched(&self, operations: &[PatchOp], version: u16) -> Result<Self, Refusal> {
        let mut before = self.wished.written();
        if version < TRAITS_SINCE {
            before.remove("description");
        }
        let after = whole::patched(before, operations)?;
        required(&after, "name")?;
        required(&after, "steps")?;
        let mut wished = RunbookWished::read(after, &self.wished.steps)?;
        if version < TRAITS_SINCE {
            wished.description.clone_from(&self.wished.description);
        }
        if wished.name != self.wished.name {
            check_name(&wished.name, version)?;
        }
        if wished.public && wished.owner.is_some() {
            if whole::touches(operations, "owner") {
                return Err(exclusive());
            }
            wished.owner = None;
        }
        Ok(Self { wished, ..self.clone() })
    }

    /// The same with these traits, each once.
    pub fn with_traits(&self, names: &[String]) -> Result<Self, Refusal> {
        let mut traits: Vec<String> = Vec::new();
        for name in names {
            check_trait(name)?;
            if !traits.contains(name) {
                traits.push(name.clone());
            }
        }
        if traits.len() > TRAITS_LIMIT {
            return Err(Refusal::Invalid(format!("a runbook has {TRAITS_LIMIT} traits at most")));
        }
        Ok(Self { traits, ..self.clone() })
    }
}

impl RunbookWished {
    fn read(body: Object, before: &[KeptStep]) -> Result<Self, Refusal> {
        let mut wished = Self::default();
        for (name, value) in body {
            match name.as_str() {
                "name" => wished.name = word(value)?,
                "steps" => wished.steps = kept::read(value, Rank::Order, before)?,
                "description" => wished.description = text("description", value)?,
                "owner" => wished.owner = text("owner", value)?,
                "public" => wished.public = flag("public", value)?,
                "disable_ramdisk" => wished.disable_ramdisk = flag("disable_ramdisk", value)?,
                "extra" => wished.extra = object("extra", value)?,
                // `uuid`; all else was refused.
                _ => {}
            }
        }
        if bytes(&wished.extra) > RECORD_LIMIT {
            return Err(Refusal::Invalid(format!("extra must be smaller than {RECORD_LIMIT} bytes")));
        }
        Ok(wished)
    }

    /// What can be patched, as a client would write it.
    fn written(&self) -> Object {
        let mut written = Object::new();
        for (name, value) in [
            ("name", json!(self.name)),
            ("description", json!(self.description)),
            ("extra", json!(self.extra)),
            ("public", json!(self.public)),
            ("owner", json!(self.owner)),
            ("disable_ramdisk", json!(self.disable_ramdisk)),
            ("steps", kept::written(&self.steps, Rank::Order)),
        ] {
            written.insert(name.to_owned(), value);
        }
        written
    }
}

/// Refuses what is no trait.
pub fn check_trait(name: &str) -> Result<(), Refusal> {
    if is_trait(name) {
        return Ok(());
    }
    let shown: String = name.chars().take(64).collect();
    Err(Refusal::Invalid(format!("{shown:?} is no trait: {RULE}")))
}

fn check_name(given: &str, version: u16) -> Result<(), Refusal> {
    if version < TRAITS_SINCE {
        return if is_trait(given) {
            Ok(())
        } else {
            Err(Refusal::Invalid(format!("name must be a trait below version 1.{TRAITS_SINCE}: {RULE}")))
        };
    }
    if parse_uuid(given).is_some() {
        return Err(Refusal::Invalid("name must not look like a UUID".to_owned()));
    }
    name::check_logical(given)
}

fn unknown(name: &str) -> Refusal {
    Refusal::Invalid(format!("{name} is not known below version 1.{TRAITS_SINCE}"))
}

fn exclusive() -> Refusal {
    Refusal::Invalid("a public runbook has no owner: give it an owner, or make it public".to_owned())
}

fn word(value: Value) -> Result<String, Refusal> {
    match value {
        Value::String(text) => Ok(text),
        _ => Err(Refusal::Invalid("name must be a text".to_owned())),
    }
}

fn text(name: &str, value: Value) -> Result<Option<String>, Refusal> {
    if let Given::Text(text) = given(name, TEXT, value)? { Ok(text) } else { Ok(None) }
}

fn flag(name: &str, value: Value) -> Result<bool, Refusal> {
    if let Given::Flag(flag) = given(name, Accepts::Flag, value)? {
        Ok(flag.unwrap_or_default())
    } else {
        Ok(false)
    }
}

fn object(name: &str, value: Value) -> Result<Object, Refusal> {
    if let Given::Object(members) = given(name, Accepts::Object, value)? {
        Ok(members)
    } else {
        Ok(Object::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::decision::ask::PatchVerb;

    fn draft(more: &Value, version: u16) -> Result<Runbook, Refusal> {
        let step = json!({"interface": "bios", "step": "x", "args": {"secret": "hunter2"}, "order": 1});
        let mut body = json!({"name": "CUSTOM_A", "steps": [step]});
        for (name, value) in more.as_object().unwrap() {
            body[name] = value.clone();
        }
        Runbook::draft(body.as_object().unwrap().clone(), Uuid::nil(), version)
    }

    fn op(op: PatchVerb, path: &str, value: Value) -> PatchOp {
        PatchOp { op, path: path.to_owned(), value }
    }

    #[test]
    fn names_are_traits_until_they_are_free() {
        assert!(draft(&json!({"name": "rb-1~x"}), 112).is_ok());
        assert!(draft(&json!({"name": "rb-1~x"}), 111).is_err());
        for name in ["", "a b", "a/b", "é", "1be26c0b-03f2-4d2e-ae87-c02d7f33c123", &"x".repeat(256)] {
            assert!(draft(&json!({"name": name}), 115).is_err(), "{name}");
        }
        assert!(draft(&json!({"name": null}), 115).is_err());
    }

    #[test]
    fn null_is_the_default_and_what_is_wrong_is_named() {
        let made = draft(&json!({"public": null, "disable_ramdisk": null, "owner": null, "extra": null}), 92);
        assert!(!made.unwrap().wished.public);
        for (more, version, word) in [
            (json!({"traits": ["CUSTOM_A"]}), 115, "traits"),
            (json!({"description": "x"}), 111, "description"),
            (json!({"description": "x".repeat(256)}), 112, "description"),
            (json!({"owner": "x".repeat(256)}), 112, "owner"),
            (json!({"public": "maybe"}), 112, "public"),
            (json!({"disable_ramdisk": 1}), 112, "disable_ramdisk"),
            (json!({"owner": "a", "public": true}), 112, "owner"),
            (json!({"steps": []}), 112, "steps"),
            (json!({"x": 1}), 112, "\"x\""),
        ] {
            let refusal = draft(&more, version).unwrap_err().to_string();
            assert!(refusal.contains(word), "{more}: {refusal}");
        }
    }

    #[test]
    fn one_that_becomes_public_loses_its_owner() {
        let owned = draft(&json!({"owner": "p1"}), 115).unwrap();
        let public = op(PatchVerb::Replace, "/public", json!(true));
        assert_eq!(owned.patched(std::slice::from_ref(&public), 115).unwrap().wished.owner, None);
        let private = op(PatchVerb::Replace, "/public", json!(false));
        assert_eq!(owned.patched(&[private.clone()], 115).unwrap().wished.owner.as_deref(), Some("p1"));
        let owner = op(PatchVerb::Replace, "/owner", json!("p2"));
        assert!(owned.patched(&[public.clone(), owner.clone()], 115).is_err());
        let made_public = owned.patched(&[public], 115).unwrap();
        assert!(made_public.patched(std::slice::from_ref(&owner), 115).is_err());
        let given = made_public.patched(&[private, owner], 115).unwrap();
        assert_eq!((given.wished.public, given.wished.owner.as_deref()), (false, Some("p2")));
    }

    #[test]
    fn a_patch_of_an_older_client_leaves_what_it_does_not_know() {
        let made = draft(&json!({"name": "free-name", "description": "d"}), 115).unwrap();
        let after = made.patched(&[op(PatchVerb::Add, "/extra/a", json!(1))], 92).unwrap();
        assert_eq!(
            (after.wished.name.as_str(), after.wished.description.as_deref()),
            ("free-name", Some("d"))
        );
        for (path, value) in
            [("/name", json!("other-name")), ("/description", json!("e")), ("/traits", json!([]))]
        {
            assert!(made.patched(&[op(PatchVerb::Replace, path, value)], 111).is_err(), "{path}");
        }
        assert!(made.patched(&[op(PatchVerb::Replace, "/name", json!("CUSTOM_B"))], 111).is_ok());
    }

    #[test]
    fn traits_are_there_once_and_are_traits() {
        let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        let made = draft(&json!({}), 115).unwrap();
        let after = made.with_traits(&names(&["CUSTOM_B", "CUSTOM_A", "CUSTOM_B"])).unwrap();
        assert_eq!(after.traits, ["CUSTOM_B", "CUSTOM_A"]);
        assert!(made.with_traits(&names(&["abc"])).is_err());
        let many: Vec<_> = (0..51).map(|n| format!("CUSTOM_{n}")).collect();
        assert!(made.with_traits(&many).is_err());
    }
}
