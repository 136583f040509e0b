//! A server that boots from the network, against stand-ins for DHCP and HTTP.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio_util::sync::CancellationToken;

use crate::base::mac::Mac;
use crate::twin::netboot::segment::Segment;
use crate::twin::netboot::{Kind, Netboot};
use crate::twin::progress::{BootFrom, Phase, Progress, Stage};
use crate::twin::server::Server;
use crate::twin::settings::Settings;
use crate::twin::tests::appliance::Appliance;

/// A DHCP server on loopback that gives firmware and iPXE each a file.
struct Dhcp {
    address: SocketAddr,
}

impl Dhcp {
    /// The first `deaf` messages are not answered.
    async fn start(loader: String, script: String, mut deaf: u32) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        tokio::spawn(async move {
            let mut buffer = [0; 1500];
            while let Ok((size, from)) = socket.recv_from(&mut buffer).await {
                if deaf > 0 {
                    deaf -= 1;
                    continue;
                }
                let asked = &buffer[..size];
                let is_ipxe = asked.windows(6).any(|bytes| bytes == b"\x4d\x04iPXE");
                let file = if is_ipxe { &script } else { &loader };
                socket.send_to(&answer(asked, file), from).await.unwrap();
            }
        });
        Self { address }
    }
}

fn answer(asked: &[u8], file: &str) -> Vec<u8> {
    let mut reply = asked[..240].to_vec();
    reply[0] = 2;
    reply[16..20].copy_from_slice(&[10, 0, 0, 9]);
    reply[20..24].copy_from_slice(&[127, 0, 0, 1]);
    let kind = if asked[242] == 1 { 2 } else { 5 };
    reply.extend([53, 1, kind, 54, 4, 127, 0, 0, 1, 1, 4, 255, 0, 0, 0, 60, 10]);
    reply.extend(b"HTTPClient");
    reply.extend([67, u8::try_from(file.len()).unwrap()]);
    reply.extend(file.as_bytes());
    reply.push(255);
    reply
}

/// A server of this firmware that is told of `script`, and asks servers that miss its first messages.
async fn booted(
    appliance: &Appliance,
    script: &str,
    (deaf, again): (u32, Option<Duration>),
) -> (tempfile::TempDir, Server) {
    let loader = appliance.file("snponly.efi", &[7; 3000]);
    appliance.file("kernel", &vec![1; 20_000]);
    appliance.file("ramdisk", &vec![2; 70_000]);
    let script = appliance.file("script", script.replace("HOST", &appliance.url).as_bytes());
    let dhcp = Dhcp::start(loader, script, deaf).await;
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let segment = Segment::over(socket, dhcp.address, 69, &CancellationToken::new());
    let (place, server) = appliance.server(|settings: &mut Settings| {
        settings.api = "http://127.0.0.1:1".to_owned();
        settings.macs = vec![Mac([2, 0, 0, 0, 0, 1])];
        let kind = Kind::UefiHttp;
        settings.netboot = Some(Netboot { pace: 0.01, again, ..Netboot::new(segment, kind) });
    });
    server.power_on();
    (place, server)
}

fn phases(seen: &Progress) -> Vec<Phase> {
    seen.marks.iter().map(|mark| mark.phase).collect()
}

const START: &str = "#!ipxe\nset tries:int32 0\n:again\nimgfree\n\
    kernel HOST/kernel text ipa-api-url=HOST BOOTIF=02:00:00:00:00:01 initrd=ramdisk || goto failed\n\
    initrd --name ramdisk --timeout 9 HOST/ramdisk || goto failed\nboot || goto failed\n\
    :failed\ninc tries\niseq ${tries} 3 && goto gone ||\nsleep 5\ngoto again\n:gone\npoweroff || reboot\n";

#[tokio::test]
async fn a_server_boots_from_the_network_to_its_agent() {
    let appliance = Appliance::start().await;
    let (_place, server) = booted(&appliance, START, (0, None)).await;
    let seen = server.wait_for(|seen| seen.beats > 0).await;
    let net = seen.net;
    assert_eq!((net.rounds, net.discovers, net.leases, net.ramdisks, net.failures), (1, 2, 2, 1, 0));
    assert_eq!(net.http_bytes, 93_000, "the loader, the kernel and the ramdisk");
    let before = [
        Phase::Power,
        Phase::Address,
        Phase::Loader,
        Phase::IpxeAddress,
        Phase::Script,
        Phase::KernelAsked,
        Phase::Kernel,
        Phase::Found,
    ];
    assert_eq!(phases(&seen)[..8], before);
    assert!(seen.came_by(1, Phase::Power) <= seen.came_by(1, Phase::Found));
    let paths = appliance.desk.lock().unwrap().paths.clone();
    assert_eq!(paths[..5], ["/snponly.efi", "/snponly.efi", "/script", "/kernel", "/ramdisk"]);
}

#[tokio::test]
async fn a_message_that_is_lost_is_said_again() {
    let appliance = Appliance::start().await;
    let (_place, server) = booted(&appliance, START, (2, None)).await;
    let seen = server.wait_for(|seen| seen.net.ramdisks == 1).await;
    assert_eq!((seen.net.rounds, seen.net.discovers), (1, 4));
}

#[tokio::test]
async fn a_server_that_is_sent_to_its_disk_goes_there() {
    let appliance = Appliance::start().await;
    let script = "#!ipxe\niseq ${platform} efi && exit 1 ||\npoweroff\n";
    let (_place, server) = booted(&appliance, script, (0, None)).await;
    let seen = server.wait_for(|seen| seen.stage == Stage::Installed).await;
    assert_eq!((seen.net.rounds, seen.net.ramdisks, phases(&seen).last()), (1, 0, Some(&Phase::Disk)));
}

#[tokio::test]
async fn nobody_answers_and_a_blank_machine_begins_anew_as_often_as_it_may() {
    let appliance = Appliance::start().await;
    let (_place, server) = booted(&appliance, START, (5, Some(Duration::from_secs(1)))).await;
    let seen = server.wait_for(|seen| seen.net.ramdisks == 1).await;
    assert_eq!(seen.net.rounds, 2);
    let (_place, server) = booted(&appliance, START, (5, None)).await;
    let seen = server.wait_for(|seen| seen.stage == Stage::Installed).await;
    assert_eq!((seen.net.rounds, seen.net.discovers), (1, 4));
}

#[tokio::test]
async fn a_file_that_is_missing_is_tried_as_the_script_says_and_the_machine_switches_itself_off() {
    let appliance = Appliance::start().await;
    let script = START.replace("HOST/ramdisk", "HOST/gone");
    let (_place, server) = booted(&appliance, &script, (0, None)).await;
    let seen = server.wait_for(|seen| seen.stage == Stage::Off && seen.boots == 1).await;
    assert_eq!((seen.net.failures, seen.net.ramdisks), (3, 0));
    assert!(seen.refusal.unwrap().contains("/gone was answered with 404"));
}

#[tokio::test]
async fn without_the_setting_nothing_is_asked_of_the_network() {
    let appliance = Appliance::start().await;
    let (_place, server) = appliance.server(|_| {});
    server.boot_from(BootFrom::Ramdisk);
    server.power_on();
    let seen = server.wait_for(|seen| seen.beats > 0).await;
    assert_eq!(seen.net.rounds, 0);
    Arc::new(server).power_off().await;
}
