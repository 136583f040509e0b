//! Several servers made alike.

use crate::base::mac::Mac;
use crate::base::time::SharedClock;
use crate::twin::server::{Server, TwinError};
use crate::twin::settings::Settings;

/// A rack of simulated servers.
#[derive(Debug, Clone)]
pub struct Rack {
    servers: Vec<Server>,
}

impl Rack {
    /// `count` servers like `model`, named `{name}-1` and so on, with addresses and seeds that follow the model's.
    pub fn new(count: u16, model: &Settings, clock: &SharedClock) -> Result<Self, TwinError> {
        let servers = (1..=count).map(|number| {
            let settings = Settings {
                name: format!("{}-{number}", model.name),
                macs: model.macs.iter().map(|mac| shifted(*mac, number)).collect(),
                seed: model.seed.wrapping_add(u64::from(number)),
                ..model.clone()
            };
            Server::new(settings, clock.clone())
        });
        Ok(Self { servers: servers.collect::<Result<_, _>>()? })
    }

    pub fn servers(&self) -> &[Server] {
        &self.servers
    }

    /// The server of this name.
    pub fn server(&self, name: &str) -> Option<&Server> {
        self.servers.iter().find(|server| server.settings().name == name)
    }

    /// Cuts the power of all.
    pub async fn power_off(&self) {
        for server in &self.servers {
            server.power_off().await;
        }
    }
}

/// The address with `number` added to its fourth and fifth octets, so that several cards of one server stay apart.
fn shifted(mac: Mac, number: u16) -> Mac {
    let Mac([a, b, c, high, low, card]) = mac;
    let [high, low] = u16::from_be_bytes([high, low]).wrapping_add(number).to_be_bytes();
    Mac([a, b, c, high, low, card])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_a_rack_differ() {
        let model = Mac([0x52, 0x54, 0, 0, 0, 1]);
        assert_eq!(shifted(model, 1).to_string(), "52:54:00:00:01:01");
        assert_eq!(shifted(model, 300).to_string(), "52:54:00:01:2c:01");
    }
}
