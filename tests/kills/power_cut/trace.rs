//! What strace saw: system calls in the order in which they began and ended, with their bytes.

use std::collections::HashMap;

/// One system call that succeeded. A moment is twice the number of a line of the trace, one more at a call's end.
#[derive(Debug)]
pub struct Call {
    pub began: usize,
    pub ended: usize,
    pub name: String,
    arguments: String,
    pub result: u64,
}

/// The calls of a trace, in the order of their beginnings, but those that open a file in the order of their ends: the
/// descriptor that one returns may have been closed while it ran. A call that failed, or never ended, is left out.
pub fn calls(trace: &str) -> Vec<Call> {
    let mut unfinished: HashMap<&str, (usize, String)> = HashMap::new();
    let mut calls = Vec::new();
    for (number, line) in trace.lines().enumerate() {
        let (now, then) = (2 * number, 2 * number + 1);
        let Some((thread, rest)) = line.split_once(' ') else { continue };
        let rest = rest.trim_start();
        if let Some(begun) = rest.strip_suffix("<unfinished ...>") {
            unfinished.insert(thread, (now, begun.trim_end().to_owned()));
        } else if let Some(resumed) = rest.strip_prefix("<... ") {
            let Some((moment, begun)) = unfinished.remove(thread) else { continue };
            let (_, end) = resumed.split_once("resumed>").expect("a resumed call says so");
            calls.extend(call(moment, then, &format!("{begun}{end}")));
        } else {
            calls.extend(call(now, then, rest));
        }
    }
    calls.sort_by_key(|call| if call.name == "openat" { call.ended } else { call.began });
    calls
}

/// `name(arguments) = result`
fn call(began: usize, ended: usize, text: &str) -> Option<Call> {
    let (name, rest) = text.split_once('(')?;
    let (arguments, result) = rest.rsplit_once(") = ").or_else(|| {
        // strace pads short calls so that their results stand below each other.
        let (arguments, result) = rest.rsplit_once(" = ")?;
        Some((arguments.trim_end().strip_suffix(')')?, result))
    })?;
    let digits: String = result.chars().take_while(char::is_ascii_digit).collect();
    let (name, arguments) = (name.to_owned(), arguments.to_owned());
    Some(Call { began, ended, name, arguments, result: digits.parse().ok()? })
}

impl Call {
    /// The file descriptor in the first argument.
    pub fn descriptor(&self) -> Option<u64> {
        self.arguments.split_once('<')?.0.parse().ok()
    }

    /// What the descriptor in the first argument stands for: a path, or `socket:[...]`.
    pub fn target(&self) -> Option<String> {
        let (_, rest) = self.arguments.split_once('<')?;
        Some(String::from_utf8_lossy(&bytes(rest.split_once('>')?.0)).into_owned())
    }

    /// The texts between quotes: paths, or what was written or read.
    pub fn texts(&self) -> Vec<Vec<u8>> {
        self.arguments.split('"').skip(1).step_by(2).map(bytes).collect()
    }

    /// The texts between quotes as one: a gathered write.
    pub fn data(&self) -> Vec<u8> {
        self.texts().concat()
    }

    /// The last number among the arguments.
    pub fn last_number(&self) -> u64 {
        self.arguments.rsplit(", ").find_map(|word| word.trim().parse().ok()).unwrap_or_default()
    }

    /// Whether a flag is among the arguments.
    pub fn has(&self, flag: &str) -> bool {
        self.arguments.contains(flag)
    }
}

/// `\x61\x62` as bytes; other characters stand for themselves.
fn bytes(text: &str) -> Vec<u8> {
    let mut pieces = text.split("\\x");
    let mut bytes = pieces.next().unwrap_or_default().as_bytes().to_vec();
    for piece in pieces {
        let (code, plain) = piece.split_at(2);
        bytes.push(u8::from_str_radix(code, 16).unwrap());
        bytes.extend(plain.as_bytes());
    }
    bytes
}

#[test]
fn calls_are_read_with_their_moments() {
    let trace = "7  pwrite64(3<\\x2f\\x61>, \"\\x61\\x00\", 2, 4096 <unfinished ...>\n\
                 8  fdatasync(3<\\x2f\\x61>)         = 0\n\
                 7  <... pwrite64 resumed>)          = 2\n\
                 8  close(4<\\x2f>) = -1 EBADF (Bad file descriptor)\n";
    let calls = calls(trace);
    assert_eq!(calls.len(), 2, "{calls:?}");
    assert_eq!((calls[0].began, calls[0].ended, calls[0].result), (0, 5, 2));
    assert_eq!((calls[0].descriptor(), calls[0].target()), (Some(3), Some("/a".to_owned())));
    assert_eq!((calls[0].data(), calls[0].last_number()), (b"a\0".to_vec(), 4096));
    assert_eq!((calls[1].name.as_str(), calls[1].began, calls[1].ended), ("fdatasync", 2, 3));
}
