use super::*;

fn loopback() -> SocketAddr {
    ([127, 0, 0, 1], 0).into()
}

fn pair() -> (StdSocket, Link) {
    let client = StdSocket::bind(loopback()).unwrap();
    let link = Link::open(loopback(), client.local_addr().unwrap()).unwrap();
    client.connect(link.socket.local_addr().unwrap()).unwrap();
    (client, link)
}

fn blocks(client: &StdSocket, count: usize) -> Vec<Vec<u8>> {
    let mut datagram = vec![0; 65536];
    (0..count).map(|_| client.recv(&mut datagram).map(|size| datagram[..size].to_vec()).unwrap()).collect()
}

#[tokio::test]
async fn a_run_goes_out_as_numbered_blocks_cut_by_the_kernel_or_not() {
    let bytes: Vec<u8> = (0..=255).cycle().take(1468 * 50 + 77).collect();
    for cuts in [true, false] {
        let (client, mut link) = pair();
        link.cuts = cuts;
        // 65535 is followed by 0.
        link.send_run(Run { first: 65_530, bytes: &bytes, blksize: 1468 }).await.unwrap();
        let heard = blocks(&client, 51);
        for (place, datagram) in (65_530..).zip(&heard) {
            assert_eq!(datagram[..4], [&[0, 3][..], &wire(place).to_be_bytes()].concat());
        }
        assert_eq!(heard.iter().flat_map(|datagram| &datagram[4..]).copied().collect::<Vec<u8>>(), bytes);
        assert_eq!(link.cuts, cuts);
        link.send_run(Run { first: 7, bytes: &[], blksize: 1468 }).await.unwrap();
        assert_eq!(blocks(&client, 1), [[0, 3, 0, 7]]);
    }
}

#[tokio::test]
async fn a_kernel_that_does_not_cut_is_asked_once() {
    let (client, mut link) = pair();
    // No device takes segments of this length.
    let bytes = vec![7; 65_000 * 2];
    link.send_run(Run { first: 1, bytes: &bytes, blksize: 65_000 }).await.unwrap();
    assert_eq!(blocks(&client, 2).len(), 2);
    assert!(link.room() > 60_000, "{}", link.room());
}

#[tokio::test]
async fn only_acks_and_errors_are_heard() {
    let (client, mut link) = pair();
    for datagram in [
        &b""[..],
        b"\0",
        b"\0\x03\0\x01x",
        b"\0\x04\0",
        b"\0\x01f\0octet\0",
        b"\xff\xff\0\0",
        b"\0\x04\x01\x02",
    ] {
        client.send(datagram).unwrap();
    }
    assert_eq!(link.hear().await.unwrap(), Packet::Ack(0x0102));
    client.send(b"\0\x05\0\x63what").unwrap();
    assert!(matches!(link.hear().await.unwrap(), Packet::Error { code: ErrorCode::NotDefined, .. }));
}

#[tokio::test]
async fn a_closed_port_is_told() {
    let (client, mut link) = pair();
    drop(client);
    link.send(b"x").await.unwrap();
    assert_eq!(link.hear().await.unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
}

#[test]
fn a_refusal_comes_from_another_port() {
    let client = StdSocket::bind(loopback()).unwrap();
    refuse(loopback(), client.local_addr().unwrap(), ErrorCode::FileNotFound, "none").unwrap();
    assert_eq!(blocks(&client, 1), [b"\0\x05\0\x01none\0"]);
}
