//! Requests to controllers behind the BMC: Send Message around the request, once or twice (IPMI 2.0 6.13, 22.7).
//!
//! ```text
//! single: BMC  <- Send Message(target channel) [ target <- request ]
//! dual:   BMC  <- Send Message(transit channel) [ transit <- Send Message(target channel) [ target <- request ] ]
//! ```

use crate::wire::ipmi::ask::Ask;
use crate::wire::ipmi::message::{BMC, CONSOLE, Checks, Request, Response};
use crate::wire::ipmi::status::Completion;

/// A controller on a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Hop {
    /// Four bits.
    pub channel: u8,
    pub address: u8,
}

/// The way to a controller behind the BMC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Bridge {
    Single {
        target: Hop,
    },
    /// `local` is our address in the innermost request: 20h unless told otherwise.
    Dual {
        transit: Hop,
        target: Hop,
        local: u8,
    },
}

impl Bridge {
    pub fn target(self) -> Hop {
        match self {
            Self::Single { target } | Self::Dual { target, .. } => target,
        }
    }
}

/// The message that carries `ask`, under this request number at every level.
pub fn wrap(ask: &Ask, sequence: u8) -> Vec<u8> {
    let innermost = |responder: u8, requester: u8| Request {
        responder,
        netfn: ask.netfn,
        lun: ask.lun,
        requester,
        requester_lun: 0,
        sequence,
        command: ask.command,
        data: &ask.data,
    };
    match ask.bridge {
        None => innermost(BMC, CONSOLE).emit(),
        Some(Bridge::Single { target }) => {
            let inner = innermost(target.address, CONSOLE).emit();
            send_message(BMC, target.channel, sequence, &inner)
        }
        Some(Bridge::Dual { transit, target, local }) => {
            let inner = innermost(target.address, local).emit();
            let middle = send_message(transit.address, target.channel, sequence, &inner);
            send_message(BMC, transit.channel, sequence, &middle)
        }
    }
}

fn send_message(responder: u8, channel: u8, sequence: u8, inner: &[u8]) -> Vec<u8> {
    let mut data = vec![TRACK | channel & 0x0f];
    data.extend(inner);
    let request = Request {
        responder,
        netfn: NETFN_APP,
        lun: 0,
        requester: CONSOLE,
        requester_lun: 0,
        sequence,
        command: SEND_MESSAGE,
        data: &data,
    };
    request.emit()
}

/// What an answer that bears our request number means to `ask`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning<'a> {
    /// The answer itself.
    Answer(Response<'a>),
    /// A controller on the way could not pass it on.
    Refused(Completion),
    /// Passed on; the answer is still to come.
    PassedOn,
    /// Not an answer to this.
    Foreign,
}

/// Reads an answer, which may lie in the data of Send Message's own or come as a packet of its own.
pub fn read<'a>(ask: &Ask, response: Response<'a>) -> Meaning<'a> {
    let is_ours = response.netfn == ask.netfn | 1 && response.command == ask.command;
    let Some(bridge) = ask.bridge else {
        return if is_ours { Meaning::Answer(response) } else { Meaning::Foreign };
    };
    let mut response = response;
    for _ in 0..=DEPTH {
        let from_target = response.responder == bridge.target().address;
        if response.netfn == ask.netfn | 1 && response.command == ask.command && from_target {
            return Meaning::Answer(response);
        }
        if response.netfn != NETFN_APP | 1 || response.command != SEND_MESSAGE {
            return Meaning::Foreign;
        }
        if !response.completion.is_ok() {
            return Meaning::Refused(response.completion);
        }
        let Ok(inner) = Response::parse(response.data, Checks::Strict) else {
            return Meaning::PassedOn;
        };
        response = inner;
    }
    Meaning::Foreign
}

const NETFN_APP: u8 = 0x06;
const SEND_MESSAGE: u8 = 0x34;
/// "Track the request": the BMC keeps who asked and passes the answer back.
const TRACK: u8 = 0x40;
/// How many Send Messages may lie around an answer.
const DEPTH: usize = 2;

#[cfg(test)]
mod tests {
    use super::*;

    const TARGET: Hop = Hop { channel: 7, address: 0x30 };

    fn ask() -> Ask {
        Ask::new(6, 1, []).via(Some(Bridge::Single { target: TARGET }))
    }

    fn answer(command: u8, responder: u8, data: &[u8]) -> Response<'_> {
        Response {
            requester: CONSOLE,
            netfn: 7,
            lun: 0,
            responder,
            responder_lun: 0,
            sequence: 5,
            command,
            completion: Completion::OK,
            data,
        }
    }

    #[test]
    fn the_answer_may_be_a_packet_of_its_own_or_lie_in_the_first() {
        assert_eq!(read(&ask(), answer(SEND_MESSAGE, BMC, &[])), Meaning::PassedOn);
        let inner = answer(1, TARGET.address, &[2, 8]);
        assert_eq!(read(&ask(), inner), Meaning::Answer(inner));
        let bytes = inner.emit();
        assert_eq!(read(&ask(), answer(SEND_MESSAGE, BMC, &bytes)), Meaning::Answer(inner));
    }

    #[test]
    fn an_answer_over_two_controllers_may_lie_in_those_of_both() {
        let transit = Hop { channel: 0, address: 0x82 };
        let dual = Ask::new(6, 1, []).via(Some(Bridge::Dual { transit, target: TARGET, local: BMC }));
        let inner = answer(1, TARGET.address, &[2, 8]);
        let bytes = inner.emit();
        let middle = answer(SEND_MESSAGE, transit.address, &bytes);
        assert_eq!(read(&dual, middle), Meaning::Answer(inner));
        let bytes = middle.emit();
        assert_eq!(read(&dual, answer(SEND_MESSAGE, BMC, &bytes)), Meaning::Answer(inner));
    }

    #[test]
    fn an_answer_of_the_bmc_itself_is_not_taken_for_the_target_s() {
        assert_eq!(read(&ask(), answer(1, BMC, &[2, 8])), Meaning::Foreign);
        assert_eq!(read(&Ask::new(6, 1, []), answer(2, BMC, &[])), Meaning::Foreign);
    }

    #[test]
    fn answers_wrapped_without_end_are_foreign() {
        let mut bytes = answer(SEND_MESSAGE, TARGET.address, &[]).emit();
        for _ in 0..5 {
            bytes = answer(SEND_MESSAGE, TARGET.address, &bytes).emit();
        }
        assert_eq!(read(&ask(), answer(SEND_MESSAGE, BMC, &bytes)), Meaning::Foreign);
    }
}
