use super::*;

async fn hear(door: &mut Door, asked: &str) -> (SocketAddr, Vec<u8>) {
    let asked: IpAddr = asked.parse().unwrap();
    let client = UdpSocket::bind(SocketAddr::new(asked, 0)).await.unwrap();
    client.send_to(&vec![1; LONGEST + 1], (asked, door.address().port())).await.unwrap();
    client.send_to(b"hello", (asked, door.address().port())).await.unwrap();
    let letter = door.hear().await.unwrap();
    assert_eq!(letter.from, client.local_addr().unwrap());
    (letter.to, letter.bytes.to_vec())
}

#[tokio::test]
async fn the_address_that_was_asked_is_told_and_what_is_too_long_is_passed_over() {
    let mut door = Door::bind("0.0.0.0:0".parse().unwrap()).unwrap();
    for asked in ["127.0.0.1", "127.8.9.10"] {
        let (to, bytes) = hear(&mut door, asked).await;
        assert_eq!((to.to_string(), bytes), (format!("{asked}:0"), b"hello".to_vec()));
    }
    let mut door = Door::bind("[::]:0".parse().unwrap()).unwrap();
    let (to, bytes) = hear(&mut door, "::1").await;
    assert_eq!((to.to_string(), bytes), ("[::1]:0".to_owned(), b"hello".to_vec()));
}

#[tokio::test]
async fn both_versions_have_doors_at_one_port() {
    let first = Door::bind("0.0.0.0:0".parse().unwrap()).unwrap();
    let port = first.address().port();
    Door::bind(format!("[::]:{port}").parse().unwrap()).unwrap();
    assert_eq!(Door::bind(first.address()).unwrap_err().kind(), io::ErrorKind::AddrInUse);
}
