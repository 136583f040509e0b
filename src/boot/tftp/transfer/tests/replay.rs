//! The recorded clients, with our side of the talk beside the recorded one (`tests/goldens/boot/tftp`).

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::*;

/// A recorded packet.
struct Seen {
    is_client: bool,
    bytes: Vec<u8>,
    note: Value,
}

struct Recorded {
    name: String,
    packets: Vec<Seen>,
}

fn all() -> Vec<Recorded> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens/boot/tftp");
    let mut found: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.sort();
    found.retain(|path| path.extension().is_some_and(|end| end == "json"));
    found.iter().map(|path| recorded(path)).collect()
}

fn recorded(path: &Path) -> Recorded {
    let json: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let packets = json["packets"].as_array().unwrap().iter();
    let packets = packets.filter(|packet| packet.get("hex").is_some()).map(|packet| Seen {
        is_client: packet["from"].as_str().unwrap().starts_with("client"),
        bytes: unhex(packet["hex"].as_str().unwrap()),
        note: packet["note"].clone(),
    });
    Recorded { name: path.file_stem().unwrap().to_str().unwrap().to_owned(), packets: packets.collect() }
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

impl Recorded {
    /// Bytes of the file, as the recorded server had it.
    fn size(&self) -> u64 {
        let told = self.packets.iter().filter_map(|packet| packet.note["options"].as_array()).flatten();
        let told = told.filter(|option| option[0].as_str().unwrap().eq_ignore_ascii_case("tsize"));
        told.filter_map(|option| option[1].as_str().unwrap().parse().ok())
            .max()
            .unwrap_or(1_000_000)
            .max(2000)
    }

    /// Whether the recorded server answered options as it should.
    fn is_proper(&self) -> bool {
        let odd = ["upper", "unasked", "wrongtsize", "blk1024", "noopt"];
        self.name.starts_with("i-") && !odd.iter().any(|word| self.name.ends_with(word))
    }
}

#[test]
fn recorded_requests_are_read_and_their_options_answered_as_recorded() {
    let (mut requests, mut offers) = (0, 0);
    for case in all() {
        let mut asked: Option<Request> = None;
        for packet in &case.packets {
            match packet.note["type"].as_str().unwrap() {
                "RRQ" => {
                    let request = Request::parse(&packet.bytes).unwrap();
                    assert_eq!(Value::from(request.name.clone()), packet.note["file"], "{}", case.name);
                    let spelled = request.wishes.iter().map(|wish| wish.spelled.clone());
                    let noted = packet.note["options"].as_array().unwrap().iter();
                    assert!(
                        spelled.eq(noted.map(|option| option[0].as_str().unwrap().to_owned())),
                        "{}",
                        case.name
                    );
                    asked = Some(request);
                    requests += 1;
                }
                "OACK" if case.is_proper() => {
                    let wishes = asked.clone().unwrap().wishes;
                    let terms = Terms::settle(wishes, Limits { blksize: 1468, windowsize: 64 });
                    assert_eq!(terms.oack(Some(case.size())).as_ref(), Some(&packet.bytes), "{}", case.name);
                    offers += 1;
                }
                _ => {}
            }
        }
    }
    assert!(requests > 100 && offers > 30, "{requests} {offers}");
}

/// Our side of one recorded talk.
struct Side {
    rig: Rig,
    last: u64,
    window: u64,
    /// Recorded ACKs that are no end of a window.
    odd_acks: u64,
    sent: u64,
}

impl Side {
    fn begin(request: &[u8], size: u64) -> Self {
        let wishes = Request::parse(request).unwrap().wishes;
        let terms = Terms::settle(wishes, Limits { blksize: 1468, windowsize: 64 });
        let last = size / u64::from(terms.blksize) + 1;
        let offers = terms.oack(Some(size)).is_some();
        let mut transfer = Transfer::new(&terms, offers, Tick::default());
        transfer.ends_with(last);
        let mut rig = Rig { transfer, now: Tick::default(), offers: 0, out: Vec::new() };
        rig.send();
        assert_eq!((rig.offers > 0, rig.out.is_empty()), (offers, offers), "options first, or data at once");
        Self { rig, last, window: terms.windowsize.into(), odd_acks: 0, sent: 0 }
    }

    /// What the client confirmed while the record is silent about it.
    fn catch_up(&mut self, number: u16) {
        loop {
            self.sent += u64::try_from(self.rig.out().len()).unwrap();
            let Transfer { acked, highest, .. } = self.rig.transfer;
            let is_old = number.wrapping_sub(wire(acked)) > 32_768;
            if is_old || (acked..=highest).any(|block| wire(block) == number) || highest == self.last {
                return;
            }
            assert_eq!(self.rig.ack(wire(highest)), None);
        }
    }

    fn ack(&mut self, number: u16) {
        self.catch_up(number);
        let Transfer { acked, sent, .. } = self.rig.transfer;
        let is_end = number == wire(sent) && sent > acked;
        self.odd_acks += u64::from(!is_end);
        self.rig.now = self.rig.now.after(Duration::from_micros(200));
        self.rig.ack(number);
    }

    /// No loss, no doubling and no impatience of a client brings out more than it is worth.
    fn settle(mut self, name: &str) {
        self.sent += u64::try_from(self.rig.out().len()).unwrap();
        let worth = self.last + self.odd_acks * self.window;
        assert!(self.sent <= worth, "{name}: {} blocks sent of {}, {worth} would do", self.sent, self.last);
    }
}

#[test]
fn no_recorded_client_makes_us_double_what_we_send() {
    let mut complete = 0;
    for case in all() {
        let length = case.size();
        let mut side: Option<Side> = None;
        for packet in case.packets.iter().filter(|packet| packet.is_client) {
            match packet.note["type"].as_str().unwrap() {
                "RRQ" => {
                    let before = side.replace(Side::begin(&packet.bytes, length));
                    if let Some(before) = before {
                        before.settle(&case.name);
                    }
                }
                "ACK" => {
                    let number = packet.note["block"].as_u64().unwrap();
                    side.as_mut().unwrap().ack(u16::try_from(number).unwrap());
                }
                "ERROR" => {
                    let side = side.as_mut().unwrap();
                    let ended = side.rig.hear(&Packet::deserialize(&packet.bytes).unwrap());
                    assert!(ended.is_some(), "{}", case.name);
                }
                other => panic!("{other} of {}", case.name),
            }
        }
        let side = side.unwrap();
        complete += usize::from(side.rig.transfer.next() == Next::Over(End::Complete));
        side.settle(&case.name);
    }
    assert!(complete > 30, "{complete}");
}

/// The recorded fault, met by our rules: what the recorded server sent for it is the measure.
#[test]
fn a_doubled_block_of_ovmf_costs_less_than_it_did_when_it_was_recorded() {
    let case = all().into_iter().find(|case| case.name == "i-ovmf-dup-once").unwrap();
    let acks = case.packets.iter().filter(|packet| packet.is_client && packet.note["type"] == "ACK");
    let mut rig = Rig::new("blksize 1468 windowsize 4", 119);
    rig.ack(0);
    rig.ack(4);
    rig.ack(8);
    rig.out();
    for packet in acks.skip_while(|packet| packet.note["block"] != 10).take(4) {
        rig.ack(u16::try_from(packet.note["block"].as_u64().unwrap()).unwrap());
    }
    // Recorded: a10 a11 a12 a12, and a window for each of the first three.
    assert_eq!(rig.out(), [11, 12, 13, 14, 15, 16]);
}
