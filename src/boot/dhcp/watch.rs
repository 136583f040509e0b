//! Looks out for other servers: asks as a machine that does not exist, and hears what others are answered.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::sync::PoisonError;
use std::time::Duration;

use crate::base::mac::Mac;
use crate::base::time::{Tick, sleep};
use crate::boot::dhcp::server::Server;
use crate::model::boot::plan::DhcpMode;
use crate::wire::dhcp4::packet::Packet;
use crate::wire::dhcp4::{CLIENT_PORT, Kind, SERVER_PORT, discover};
use crate::wire::frame::udp::{self, Datagram};

impl Server {
    /// Asks who else gives addresses before this host does.
    pub(super) async fn first_look(&self) {
        if self.served.network.dhcp == DhcpMode::Proxy {
            return;
        }
        self.ask();
        let mut frame = [0; FRAME];
        tokio::select! {
            () = self.listen(&mut frame) => {}
            () = sleep(&*self.served.clock, FIRST) => {}
        }
    }

    /// Goes on for as long as the network is served.
    pub(super) async fn watch(&self) {
        let mut frame = [0; FRAME];
        let is_proxy = self.served.network.dhcp == DhcpMode::Proxy;
        let mut next = self.served.now().after(if is_proxy { Duration::ZERO } else { OFTEN });
        let (mut asked, mut told) = (0_u32, None);
        loop {
            tokio::select! {
                () = self.listen(&mut frame) => {}
                () = self.served.clock.sleep_until(next) => {
                    if asked > 0 {
                        self.warn_if_lonely(&mut told);
                    }
                    self.ask();
                    asked = asked.saturating_add(1);
                    let is_lonely = self.others().is_lonely();
                    next = self.served.now().after(if is_lonely { LONELY } else { OFTEN });
                }
            }
        }
    }

    async fn listen(&self, frame: &mut [u8]) {
        loop {
            match self.replies.receive(frame).await {
                Ok(size) => self.hear(frame.get(..size).unwrap_or_default()),
                // The interface is down; it may come back.
                Err(_) => sleep(&*self.served.clock, LONELY).await,
            }
        }
    }

    /// Sends a DISCOVER of a machine that is not there.
    fn ask(&self) {
        let mut drawn = [0; 8];
        if getrandom::fill(&mut drawn).is_err() {
            return;
        }
        let [a, b, c, d, xid @ ..] = drawn;
        // Locally administered, as no card is made with.
        let made_up = Mac([0x02, 0xfe, a, b, c, d]);
        let from = SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, CLIENT_PORT);
        let to = SocketAddrV4::new(Ipv4Addr::BROADCAST, SERVER_PORT);
        let payload = discover::emit(made_up, u32::from_be_bytes(xid));
        if let Some(frame) = udp::broadcast(self.station, from, to, &payload) {
            self.replies.send(&frame);
        }
    }

    fn hear(&self, frame: &[u8]) {
        let Some(datagram) = Datagram::parse(frame).filter(|one| one.from.port() == SERVER_PORT) else {
            return;
        };
        let Ok(packet) = Packet::parse(datagram.payload) else { return };
        if packet.is_request || !matches!(packet.kind, Kind::Offer | Kind::Ack | Kind::Nak) {
            return;
        }
        let address = packet.server.unwrap_or(*datagram.from.ip());
        let served = &self.served;
        if address == served.address() || datagram.station == self.station {
            return;
        }
        if packet.kind == Kind::Ack && served.network.dhcp == DhcpMode::Proxy {
            served.heard.lock().unwrap_or_else(PoisonError::into_inner).put(packet.yiaddr, packet.mac);
        }
        if served.network.dhcp != DhcpMode::Proxy {
            let mac = datagram.station;
            let text = format!("the DHCP server {address} ({mac}) answers in this network, too");
            served.teller.error("other-server", address, text);
        }
        let is_news = self.others().hear(address, datagram.station, served.clock.wall(), served.now());
        if is_news {
            self.tell(address, datagram.station);
        }
    }

    fn tell(&self, address: Ipv4Addr, mac: Mac) {
        let network = &self.served.network.name;
        if self.served.network.dhcp == DhcpMode::Proxy {
            tracing::info!(network, %address, %mac, "another server gives the addresses, as it should");
        } else {
            tracing::error!(
                network, %address, %mac,
                "another DHCP server answers in this network: switch it off, or say dhcp = \"proxy\" if it is to give \
                 the addresses"
            );
        }
    }

    fn warn_if_lonely(&self, told: &mut Option<Tick>) {
        let now = self.served.now();
        let is_late = told.is_none_or(|told| now.since(told) >= OFTEN);
        if self.others().is_lonely() && is_late {
            *told = Some(now);
            self.served.teller.error("no-server", "", "no server gives addresses in this network");
            tracing::warn!(
                network = self.served.network.name,
                "no server gives addresses in this network, so nothing can boot: with dhcp = \"proxy\" another server must; \
                 say dhcp = \"own\" and give pools if this host shall"
            );
        }
    }

    fn others(&self) -> std::sync::MutexGuard<'_, crate::boot::dhcp::others::Others> {
        self.served.others.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long others may take to answer before this host serves; one that looks for the address first takes longer and is
/// heard all the same.
const FIRST: Duration = Duration::from_secs(1);
/// How often it is asked again.
const OFTEN: Duration = Duration::from_mins(10);
/// How often, as long as the server that there must be is not heard.
const LONELY: Duration = Duration::from_secs(15);
/// Longest frame that is looked at.
const FRAME: usize = 1600;
