//! Messages beside recorded ones, and files by TFTP from a stand-in.

use std::net::{Ipv4Addr, SocketAddr};

use proptest::prelude::*;
use serde_json::Value;
use uuid::Uuid;

use crate::base::mac::Mac;
use crate::twin::netboot::Kind;
use crate::twin::netboot::message::{Reply, Speaker, Taken, Words};

fn recorded(name: &str) -> Vec<Value> {
    let text = match name {
        "requests" => include_str!("../../../tests/goldens/boot/dhcp4/requests.json"),
        _ => include_str!("../../../tests/goldens/boot/dhcp4/replies.json"),
    };
    serde_json::from_str(text).unwrap()
}

fn bytes(row: &Value) -> Vec<u8> {
    let hex = row["hex"].as_str().unwrap();
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

#[test]
fn our_words_are_those_that_were_recorded() {
    let machine = Uuid::parse_str("4c4c4544-0051-3010-8051-b4c04f4d3732").unwrap();
    let kinds = [
        (Speaker::Ipxe(Kind::Bios), "PXEClient:Arch:00000:UNDI:002001", 400),
        (Speaker::Firmware(Kind::Uefi), "PXEClient:Arch:00007:UNDI:003000", 347),
        (Speaker::Ipxe(Kind::Uefi), "PXEClient:Arch:00007:UNDI:003010", 388),
        (Speaker::Firmware(Kind::UefiHttp), "HTTPClient:Arch:00016:UNDI:003000", 340),
    ];
    for (speaker, class, length) in kinds {
        for (kind, length) in [("DISCOVER", length), ("REQUEST", length + 12)] {
            let rows = recorded("requests");
            let row = rows.iter().find(|row| {
                row["class"] == class
                    && row["length"] == length
                    && row["type"] == kind
                    && row["ciaddr"] == "0.0.0.0"
            });
            let theirs = bytes(row.unwrap());
            let field =
                |name: &str| row.unwrap()[name].as_str().map(|text| text.parse::<Ipv4Addr>().unwrap());
            let taken = field("requested").map(|address| Taken { address, server: field("server").unwrap() });
            let mac = Mac(theirs[28..34].try_into().unwrap());
            let ours = Words { speaker, mac, machine, xid: 7 }.emit(0, taken);
            assert_eq!(ours[236..], theirs[236..], "{class} {kind}");
            assert_eq!((ours.len(), &ours[28..34]), (theirs.len(), &theirs[28..34]));
        }
    }
}

#[test]
fn answers_are_read_as_a_machine_reads_them() {
    for row in recorded("replies") {
        let bytes = bytes(&row);
        let mac = Mac(bytes[28..34].try_into().unwrap());
        let reply = Reply::parse(&bytes, mac).unwrap_or_else(|| panic!("{row}"));
        assert!([2, 5, 6].contains(&reply.kind), "{row}");
        assert!(Reply::parse(&bytes, Mac([2, 9, 9, 9, 9, 9])).is_none(), "for another machine");
        for end in 0..bytes.len() {
            Reply::parse(&bytes[..end], mac);
        }
    }
}

proptest! {
    #[test]
    fn no_answer_makes_a_machine_stumble(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        Reply::parse(&bytes, Mac([0; 6]));
        let mut head = vec![0; 240];
        head[0] = 2;
        head[236..240].copy_from_slice(&[99, 130, 83, 99]);
        head.extend(bytes);
        Reply::parse(&head, Mac([0; 6]));
    }
}

mod tftp {
    use std::sync::Arc;

    use tokio::net::UdpSocket;
    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::base::time::{RealClock, SharedClock};
    use crate::twin::machine::Machine;
    use crate::twin::netboot::Netboot;
    use crate::twin::netboot::segment::Segment;
    use crate::twin::netboot::tftp::{File, TftpError};
    use crate::twin::server::Server;
    use crate::twin::settings::Settings;

    /// Gives `size` bytes in windows of `window` blocks; the first DATA of each number in `lost` is not sent.
    async fn serve(socket: UdpSocket, size: usize, mut lost: Vec<usize>) {
        let mut buffer = [0; 600];
        let (mut block, mut window) = (512, 1);
        while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
            let heard = &buffer[..length];
            match heard[1] {
                1 => {
                    let text = String::from_utf8_lossy(&heard[2..]).into_owned();
                    let words: Vec<&str> = text.split('\0').collect();
                    if words[0] == "missing" {
                        socket.send_to(b"\0\x05\0\x01no such file\0", from).await.unwrap();
                        continue;
                    }
                    let value =
                        |name| words.iter().position(|word| *word == name).map(|found| words[found + 1]);
                    let mut oack = b"\0\x06".to_vec();
                    for (name, granted) in
                        [("blksize", value("blksize")), ("windowsize", value("windowsize"))]
                    {
                        if let Some(granted) = granted {
                            oack.extend(format!("{name}\0{granted}\0").bytes());
                        }
                    }
                    if value("tsize").is_some() {
                        oack.extend(format!("tsize\0{size}\0").bytes());
                    }
                    block = value("blksize").map_or(512, |value| value.parse().unwrap());
                    window = value("windowsize").map_or(1, |value| value.parse().unwrap());
                    socket.send_to(&oack, from).await.unwrap();
                }
                4 => {
                    let at = usize::from(u16::from_be_bytes([heard[2], heard[3]]));
                    for number in at..at + window {
                        if number * block > size {
                            break;
                        }
                        if let Some(found) = lost.iter().position(|one| *one == number + 1) {
                            lost.remove(found);
                            continue;
                        }
                        let mut data = vec![0, 3];
                        data.extend(u16::try_from(number + 1).unwrap().to_be_bytes());
                        data.resize(4 + block.min(size - number * block), 7);
                        socket.send_to(&data, from).await.unwrap();
                    }
                }
                _ => {}
            }
        }
    }

    async fn fetched(speaker: Speaker, name: &str, size: usize, lost: Vec<usize>) -> Result<u64, TftpError> {
        let server = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let port = server.local_addr().unwrap().port();
        tokio::spawn(serve(server, size, lost));
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let nobody: SocketAddr = "127.0.0.1:9".parse().unwrap();
        let segment = Segment::over(socket, nobody, port, &CancellationToken::new());
        let netboot = Netboot { pace: 0.01, ..Netboot::new(segment, Kind::Uefi) };
        let place = tempfile::tempdir().unwrap();
        let settings =
            Settings { disk_size: 1 << 20, ..Settings::new("t", Mac([2; 6]), place.path(), "http://x") };
        let clock: SharedClock = Arc::new(RealClock::new());
        let machine = Machine::unbooted(&Server::new(settings, clock).unwrap());
        let (machine, netboot) = (&machine, &netboot);
        File { machine, netboot, server: Ipv4Addr::LOCALHOST, name, speaker }.fetch().await
    }

    #[tokio::test]
    async fn files_come_whole_in_windows_and_when_blocks_are_lost() {
        for speaker in
            [Speaker::Firmware(Kind::Bios), Speaker::Firmware(Kind::Uefi), Speaker::Ipxe(Kind::Uefi)]
        {
            // One that ends with a full block, which an empty one follows.
            for size in [0, 5000, 1468 * 8, 1456 * 3, 1432 * 2] {
                for lost in [vec![], vec![1], vec![2, 3]] {
                    let got = fetched(speaker, "file", size, lost.clone()).await.unwrap();
                    assert_eq!(got, u64::try_from(size).unwrap(), "{speaker:?} {lost:?}");
                }
            }
        }
    }

    #[tokio::test]
    async fn a_refusal_is_told() {
        let why = fetched(Speaker::Firmware(Kind::Uefi), "missing", 10, vec![]).await.unwrap_err();
        assert_eq!(why.to_string(), "the TFTP server refused missing: no such file");
    }
}
