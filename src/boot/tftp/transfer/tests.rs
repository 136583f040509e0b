use super::*;
use crate::boot::tftp::request::Request;
use crate::boot::tftp::terms::Limits;

mod replay;
mod weather;

fn terms(options: &str) -> Terms {
    let request =
        Request::parse(&[b"\0\x01f\0octet\0", options.replace(' ', "\0").as_bytes(), b"\0"].concat());
    Terms::settle(request.unwrap().wishes, Limits { blksize: 1468, windowsize: 64 })
}

/// A transfer and what it sends, on a clock that the test moves.
struct Rig {
    transfer: Transfer,
    now: Tick,
    offers: usize,
    /// Blocks in the order in which they went out, since somebody looked.
    out: Vec<u64>,
}

impl Rig {
    fn new(options: &str, last: u64) -> Self {
        let terms = terms(options);
        let now = Tick::default();
        let mut transfer = Transfer::new(&terms, terms.oack(Some(1)).is_some(), now);
        transfer.ends_with(last);
        let mut rig = Self { transfer, now, offers: 0, out: Vec::new() };
        rig.send();
        rig
    }

    /// Does all that is to be done now.
    fn send(&mut self) -> Option<End> {
        loop {
            match self.transfer.next() {
                Next::Wait => return None,
                Next::Over(end) => return Some(end),
                Next::Offer => {
                    self.offers += 1;
                    self.transfer.offered(self.now);
                }
                Next::Blocks { first, most } => {
                    self.out.extend(first..first + most);
                    self.transfer.sent(most, self.now);
                }
            }
        }
    }

    fn hear(&mut self, packet: &Packet) -> Option<End> {
        self.transfer.hear(packet, self.now);
        self.send()
    }

    fn ack(&mut self, number: u16) -> Option<End> {
        self.hear(&Packet::Ack(number))
    }

    fn pass(&mut self, time: Duration) -> Option<End> {
        self.now = self.now.after(time);
        self.transfer.wake(self.now);
        self.send()
    }

    /// What went out since the last look.
    fn out(&mut self) -> Vec<u64> {
        std::mem::take(&mut self.out)
    }

    /// Time until something more is sent than so far, or it is over.
    fn until_repeat(&mut self) -> Duration {
        let began = self.now;
        let (offers, blocks) = (self.offers, self.out.len());
        while self.offers == offers
            && self.out.len() == blocks
            && self.pass(Duration::from_millis(1)).is_none()
        {}
        self.now.since(began)
    }
}

const MILLI: Duration = Duration::from_millis(1);

#[test]
fn without_options_data_comes_at_once_block_for_block() {
    let mut rig = Rig::new("", 3);
    assert_eq!((rig.offers, rig.out()), (0, vec![1]));
    assert_eq!(rig.ack(1), None);
    assert_eq!(rig.ack(2), None);
    assert_eq!(rig.out(), [2, 3]);
    assert_eq!(rig.ack(3), Some(End::Complete));
}

#[test]
fn options_come_first_and_are_said_again_until_they_are_confirmed() {
    let mut rig = Rig::new("blksize 1024 windowsize 2", 5);
    assert_eq!((rig.offers, rig.out()), (1, vec![]));
    let waits: Vec<u128> = (0..3).map(|_| rig.until_repeat().as_millis()).collect();
    assert_eq!(waits, [500, 1000, 2000]);
    assert_eq!(rig.offers, 4);
    rig.ack(1);
    assert!(rig.out().is_empty(), "a block that was never sent cannot be confirmed");
    rig.ack(0);
    assert_eq!(rig.out(), [1, 2]);
}

#[test]
fn a_size_that_was_asked_for_and_nothing_more_ends_it() {
    let mut rig = Rig::new("tsize 0 blksize 1468 windowsize 4", 119);
    let declined = Packet::Error { code: ErrorCode::RefusedOption, msg: "User aborted".to_owned() };
    assert_eq!(rig.hear(&declined), Some(End::Declined(ErrorCode::RefusedOption)));
    assert_eq!(rig.ack(0), Some(End::Declined(ErrorCode::RefusedOption)));
    assert!(rig.out().is_empty());
    let mut rig = Rig::new("tsize 0", 119);
    let mut gone = Duration::ZERO;
    while rig.transfer.next() == Next::Wait {
        gone += rig.until_repeat();
    }
    assert_eq!(rig.send(), Some(End::Silent));
    assert!(gone < Duration::from_secs(8), "{gone:?}");
    assert!(rig.offers <= 4, "{}", rig.offers);
}

#[test]
fn an_ack_in_the_middle_begins_a_window_after_it() {
    let mut rig = Rig::new("windowsize 4", 99);
    rig.ack(0);
    rig.ack(4);
    assert_eq!(rig.out(), [1, 2, 3, 4, 5, 6, 7, 8]);
    rig.ack(6);
    assert_eq!(rig.out(), [7, 8, 9, 10]);
    assert!(!rig.transfer.pace.is_repeating());
}

#[test]
fn one_loss_is_one_way_back_however_often_the_client_says_so() {
    let mut rig = Rig::new("windowsize 4", 99);
    rig.ack(0);
    rig.ack(4);
    rig.out();
    for _ in 0..3 {
        rig.ack(4);
    }
    assert_eq!(rig.out(), [5, 6, 7, 8], "block 5 was lost, and its three followers brought an ACK each");
    rig.ack(8);
    assert_eq!(rig.out(), [9, 10, 11, 12]);
}

#[test]
fn a_doubled_block_costs_a_window_and_then_nothing() {
    let mut rig = Rig::new("windowsize 4", 99);
    rig.ack(0);
    rig.ack(4);
    rig.ack(8);
    rig.out();
    // 10 came twice: the client confirms it, and takes 11 and 12 from the first copy.
    rig.ack(10);
    assert_eq!(rig.out(), [11, 12, 13, 14]);
    // The second copies of 11 and 12 bring ACKs that are no losses.
    rig.ack(12);
    rig.ack(12);
    assert_eq!(rig.out(), [15, 16]);
    rig.ack(16);
    assert_eq!(rig.out(), [17, 18, 19, 20]);
}

#[test]
fn what_is_lost_on_the_way_back_is_sent_after_a_moment() {
    let mut rig = Rig::new("windowsize 4", 99);
    rig.ack(0);
    rig.now = rig.now.after(MILLI);
    rig.ack(4);
    rig.ack(6);
    rig.out();
    // 7 again, and 8 was lost again: nobody can tell that from an ACK for a second copy.
    rig.ack(7);
    assert_eq!(rig.out(), [11]);
    assert_eq!(rig.until_repeat(), Duration::from_millis(5));
    assert_eq!(rig.out(), [8, 9, 10, 11]);
}

#[test]
fn with_one_block_at_a_time_repeats_are_passed_over() {
    let mut rig = Rig::new("", 99);
    rig.ack(1);
    for _ in 0..5 {
        rig.ack(1);
    }
    rig.ack(2);
    rig.ack(1);
    rig.ack(2);
    assert_eq!(rig.out(), [1, 2, 3]);
}

#[test]
fn an_impatient_client_is_answered_once() {
    let mut rig = Rig::new("", 99);
    rig.ack(1);
    rig.out();
    while rig.transfer.pace.patience() < Duration::from_secs(2) {
        rig.until_repeat();
    }
    rig.out();
    rig.pass(MILLI * 100);
    for _ in 0..5 {
        rig.ack(1);
    }
    assert_eq!(rig.out(), [2]);
}

#[test]
fn data_is_repeated_until_the_client_was_silent_for_long() {
    let mut rig = Rig::new("windowsize 3", 99);
    rig.ack(0);
    rig.ack(3);
    rig.out();
    let mut waits = Vec::new();
    while rig.send().is_none() {
        waits.push(rig.until_repeat().as_millis());
    }
    assert_eq!(waits[..7], [50, 100, 200, 400, 800, 1600, 3200]);
    assert_eq!(rig.out()[..6], [4, 5, 6, 4, 5, 6]);
    assert_eq!(rig.send(), Some(End::Silent));
    let all: u128 = waits.iter().sum();
    assert!((30_000..35_000).contains(&all), "{all}");
}

#[test]
fn a_request_that_comes_again_is_answered_again_but_not_a_doubled_one() {
    let mut rig = Rig::new("blksize 1024", 5);
    rig.transfer.asked_again(rig.now);
    rig.send();
    assert_eq!(rig.offers, 1);
    rig.pass(MILLI * 250);
    rig.transfer.asked_again(rig.now);
    rig.send();
    assert_eq!(rig.offers, 2);
    let mut rig = Rig::new("", 5);
    rig.pass(MILLI * 250);
    rig.transfer.asked_again(rig.now);
    rig.send();
    assert_eq!(rig.out(), [1, 1]);
    rig.ack(1);
    rig.pass(MILLI * 30);
    rig.transfer.asked_again(rig.now);
    rig.send();
    assert_eq!(rig.out(), [2]);
}

#[test]
fn numbers_roll_over_to_nothing() {
    let mut rig = Rig::new("windowsize 64", 200_000);
    rig.ack(0);
    let mut next = 64_u64;
    while next < 200_000 {
        assert_eq!(rig.ack(wire(next)), None);
        next += 64;
    }
    assert_eq!(rig.ack(wire(200_000)), Some(End::Complete));
    assert_eq!(rig.out(), (1..=200_000).collect::<Vec<_>>());
    assert_eq!((wire(65_535), wire(65_536), wire(65_537)), (65_535, 0, 1));
}

#[test]
fn it_is_not_over_before_the_end_is_known() {
    let terms = terms("");
    let mut transfer = Transfer::new(&terms, false, Tick::default());
    transfer.sent(1, Tick::default());
    transfer.hear(&Packet::Ack(1), Tick::default());
    assert_eq!(transfer.next(), Next::Blocks { first: 2, most: 1 });
    transfer.ends_with(2);
    transfer.sent(1, Tick::default());
    transfer.hear(&Packet::Ack(2), Tick::default());
    assert_eq!(transfer.next(), Next::Over(End::Complete));
}
