//! Server-sent events out of bytes, however they are cut (WHATWG HTML 9.2.6).

/// One event, or how far the stream has come: a number without data.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Event {
    /// Its number, if it has one.
    pub id: Option<u64>,
    /// One line of JSON.
    pub data: String,
}

/// Bytes of a stream on their way to events.
#[derive(Debug, Default)]
pub struct Reader {
    line: Vec<u8>,
    next: Event,
}

impl Reader {
    /// The events that `bytes` end.
    pub fn take(&mut self, bytes: &[u8]) -> Result<Vec<Event>, TooLong> {
        let mut events = Vec::new();
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            if self.line.len().saturating_add(piece.len()) > LONGEST {
                return Err(TooLong);
            }
            self.line.extend_from_slice(piece);
            if piece.ends_with(b"\n") {
                let line = std::mem::take(&mut self.line);
                events.extend(self.line(String::from_utf8_lossy(&line).trim_end_matches(['\n', '\r'])));
            }
        }
        Ok(events)
    }

    fn line(&mut self, line: &str) -> Option<Event> {
        if line.is_empty() {
            let ended = |event: &Event| event.id.is_some() || !event.data.is_empty();
            return Some(std::mem::take(&mut self.next)).filter(ended);
        }
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "id" => self.next.id = value.parse().ok(),
            "data" => {
                if !self.next.data.is_empty() {
                    self.next.data.push('\n');
                }
                self.next.data.push_str(value);
            }
            // Comments have no name; the type is in the data, too.
            _ => {}
        }
        None
    }
}

/// No event of the API is that long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a line is longer than any event")]
pub struct TooLong;

/// Bytes of a line: a node of 64 KiB written as JSON fits many times.
const LONGEST: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &[u8] =
        b": watching\nretry: 1000\n\nid: 7\nevent: a\ndata: {\"x\":1}\n\n: beat\n\nid: 8\r\ndata:{}\r\n\r\nid: 9\n\n";

    #[test]
    fn events_come_out_wherever_the_bytes_are_cut() {
        let wanted = [
            Event { id: Some(7), data: "{\"x\":1}".to_owned() },
            Event { id: Some(8), data: "{}".to_owned() },
            Event { id: Some(9), data: String::new() },
        ];
        for size in 1..STREAM.len() {
            let mut reader = Reader::default();
            let events: Vec<Event> =
                STREAM.chunks(size).flat_map(|bytes| reader.take(bytes).unwrap()).collect();
            assert_eq!(events, wanted, "in pieces of {size}");
        }
    }

    #[test]
    fn an_endless_line_is_refused() {
        let mut reader = Reader::default();
        let outcome = (0..2000).map(|_| reader.take(&[b'x'; 1024])).find(Result::is_err);
        assert_eq!(outcome, Some(Err(TooLong)));
    }
}
