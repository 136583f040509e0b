//! The Range header of RFC 9110 14.2, single byte ranges only.

/// What a Range header asks of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Span {
    /// No range, several, or one that cannot be read: the whole file.
    Whole,
    /// `length` bytes from `start`, inside the file.
    Part { start: u64, length: u64 },
    /// Nothing that the file holds (416).
    Outside,
}

impl Span {
    /// Reads the header's value for a file of `size` bytes.
    #[must_use]
    pub fn of(value: &str, size: u64) -> Self {
        let Some((unit, set)) = value.split_once('=') else { return Self::Whole };
        if !unit.trim().eq_ignore_ascii_case("bytes") {
            return Self::Whole;
        }
        let Some((first, last)) = set.trim().split_once('-') else { return Self::Whole };
        match (number(first), number(last)) {
            (Number::None, Number::Some(length)) => Self::suffix(length, size),
            (Number::Some(first), Number::None) => Self::between(first, u64::MAX, size),
            (Number::Some(first), Number::Some(last)) if first <= last => Self::between(first, last, size),
            (Number::None, Number::None)
            | (Number::Some(_), Number::Some(_))
            | (Number::Bad, _)
            | (_, Number::Bad) => Self::Whole,
        }
    }

    fn between(first: u64, last: u64, size: u64) -> Self {
        if first >= size {
            return Self::Outside;
        }
        let rest = size - first;
        Self::Part { start: first, length: rest.min((last - first).saturating_add(1)) }
    }

    /// The last `length` bytes. Those of an empty file are all of it.
    fn suffix(length: u64, size: u64) -> Self {
        let length = length.min(size);
        match (length, size) {
            (_, 0) => Self::Whole,
            (0, _) => Self::Outside,
            _ => Self::Part { start: size - length, length },
        }
    }
}

enum Number {
    None,
    Some(u64),
    Bad,
}

/// Digits only; what exceeds 64 bits is as good as the largest number.
fn number(text: &str) -> Number {
    if text.is_empty() {
        return Number::None;
    }
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Number::Bad;
    }
    Number::Some(text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests;
