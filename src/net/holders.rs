//! Which programs of this host have a UDP port, beside this one: sockets that share a port hear nothing of one another.

use std::collections::HashSet;
use std::fs;

/// How many sockets of other programs are bound to this port in this network namespace, whatever their interface; as
/// far as the kernel tells (`/proc/self/net/udp`, proc(5); the service unit hides `/proc/net`), else none.
pub fn others_at(port: u16) -> usize {
    let table = fs::read_to_string("/proc/self/net/udp").unwrap_or_default();
    let own = own();
    at(&table, port).filter(|inode| !own.contains(inode)).count()
}

/// The inodes of the sockets at a port.
fn at(table: &str, port: u16) -> impl Iterator<Item = u64> {
    table.lines().skip(1).filter_map(move |line| {
        let mut fields = line.split_ascii_whitespace();
        let (_, local) = fields.nth(1)?.split_once(':')?;
        let is_there = u16::from_str_radix(local, 16) == Ok(port);
        fields.nth(7)?.parse().ok().filter(|_| is_there)
    })
}

/// The inodes of this program's sockets.
fn own() -> HashSet<u64> {
    let Ok(files) = fs::read_dir("/proc/self/fd") else { return HashSet::new() };
    let inode =
        |link: std::path::PathBuf| link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok();
    files.filter_map(|file| fs::read_link(file.ok()?.path()).ok()).filter_map(inode).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_table_is_read() {
        let table = "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops\n\
                     \x20 12: 00000000:0043 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 4711 2 0 0\n\
                     \x20 13: 0100007F:0045 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 4712 2 0 0\n\
                     nonsense\n";
        assert_eq!(at(table, 67).collect::<Vec<_>>(), [4711]);
        assert_eq!(at(table, 68).count(), 0);
    }

    #[test]
    fn own_sockets_are_no_others() {
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let port = socket.local_addr().unwrap().port();
        let table = fs::read_to_string("/proc/net/udp").unwrap();
        assert_eq!((at(&table, port).count(), others_at(port)), (1, 0));
    }
}
