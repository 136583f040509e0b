//! Words that stand behind the node: `ferric node power n1 on`. Some other tools have them the other way round.

use std::ffi::OsStr;

use clap::builder::{EnumValueParser, PossibleValue, StyledStr, TypedValueParser};
use clap::error::{ContextKind, ContextValue};
use clap::{Arg, Command, Error, ValueEnum};

/// One of the words of `E`; who typed something else is told where the node belongs.
#[derive(Debug, Clone)]
pub struct Behind<E: ValueEnum + Clone + Send + Sync + 'static> {
    words: EnumValueParser<E>,
    example: &'static str,
}

pub fn behind<E: ValueEnum + Clone + Send + Sync + 'static>(example: &'static str) -> Behind<E> {
    Behind { words: EnumValueParser::new(), example }
}

impl<E: ValueEnum + Clone + Send + Sync + 'static> TypedValueParser for Behind<E> {
    type Value = E;

    fn parse_ref(&self, command: &Command, arg: Option<&Arg>, value: &OsStr) -> Result<E, Error> {
        self.words.parse_ref(command, arg, value).map_err(|mut error| {
            let tip = StyledStr::from(format!("the node comes first, as in `{}`", self.example));
            error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip]));
            error
        })
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        self.words.possible_values()
    }
}
