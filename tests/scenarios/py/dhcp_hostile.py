"""A machine that does not behave: dhcp_hostile.py INTERFACE WHAT [COUNT [ARGUMENT]]

play       words from standard input, a line each, an answer line each: discover, request, decline, claim (an ARP reply
           of another machine for the address that was offered)
discover   COUNT DISCOVERs of made-up machines
makers     the same with addresses as makers assign them; the frames of both go to hardware address ARGUMENT alone, if there
           is one: what is broadcast drowns other clients, too
declines   COUNT made-up machines that decline what they are given, and then one machine that does so COUNT times
malformed  COUNT messages: cut short, with options that lie about their length, noise
relay      COUNT messages of relays that nobody knows, and whose option 82 lies
six        COUNT messages of DHCPv6: 32 relays deep, cut short, noise, made-up clients
solicit    COUNT SOLICITs of DHCPv6 of made-up clients
asks       one SOLICIT of this machine itself, whose answer is waited for
routers    COUNT router advertisements and solicitations
tftp       COUNT requests to TFTP server ARGUMENT from as many ports, none of which goes on
"""

import os
import random
import socket
import struct
import sys
import time

interface, what = sys.argv[1:3]
count = int(sys.argv[3]) if len(sys.argv) > 3 else 0
alone = bytes.fromhex(sys.argv[4].replace(":", "")) if what in ("discover", "makers") and len(sys.argv) > 4 else b"\xff" * 6
random.seed(7)


def own_mac():
    with open(f"/sys/class/net/{interface}/address") as file:
        return bytes.fromhex(file.read().strip().replace(":", ""))


def made_up():
    return b"\x02" + random.randbytes(5)


def total(data):
    data = data + b"\0" * (len(data) % 2)
    value = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    value = (value & 0xFFFF) + (value >> 16)
    return ~((value & 0xFFFF) + (value >> 16)) & 0xFFFF


def raw(kind=3):
    made = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(kind))
    made.bind((interface, 0))
    return made


def frame4(mac, payload):
    udp = struct.pack("!HHHH", 68, 67, 8 + len(payload), 0) + payload
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, bytes(4), b"\xff" * 4)
    ip = ip[:10] + struct.pack("!H", total(ip)) + ip[12:]
    return alone + mac + b"\x08\x00" + ip + udp


def frame6(mac, to, kind, payload):
    """From the address of one link that belongs to the hardware address; kind 17 or 58 with room for a checksum."""
    source = b"\xfe\x80" + bytes(6) + bytes([mac[0] ^ 2]) + mac[1:3] + b"\xff\xfe" + mac[3:]
    target = socket.inet_pton(socket.AF_INET6, to)
    at = 6 if kind == 17 else 2
    pseudo = source + target + struct.pack("!II", len(payload), kind)
    payload = payload[:at] + struct.pack("!H", total(pseudo + payload)) + payload[at + 2:]
    head = struct.pack("!IHBB", 6 << 28, len(payload), kind, 255) + source + target
    return b"\x33\x33" + target[12:] + mac + b"\x86\xdd" + head + payload


def message(mac, kind, options=b"", giaddr=bytes(4), xid=None):
    head = struct.pack("!BBBB", 1, 1, 6, 0) + (xid or random.randbytes(4)) + struct.pack("!HH", 0, 0x8000)
    head += bytes(12) + giaddr + mac + bytes(10) + bytes(192) + b"\x63\x82\x53\x63"
    return head + bytes([53, 1, kind]) + options + b"\xff"


def send_all(frames):
    sender = raw()
    for frame in frames:
        try:
            sender.send(frame)
        except OSError:
            time.sleep(0.001)


def play():
    hear, mac, offered, server = raw(), own_mac(), None, None
    kinds = {2: "offer", 5: "ack", 6: "nak"}
    for line in sys.stdin:
        word, xid = line.strip(), random.randbytes(4)
        if word == "claim":
            other = b"\x02\x00\x00\x00\xee\xee"
            arp = struct.pack("!HHBBH", 1, 0x0800, 6, 4, 2) + other + offered + b"\xff" * 6 + offered
            hear.send(b"\xff" * 6 + other + b"\x08\x06" + arp + bytes(18))
            print("claimed", socket.inet_ntoa(offered), flush=True)
            continue
        options = b"" if word == "discover" else b"\x32\x04" + offered + b"\x36\x04" + server
        kind = {"discover": 1, "request": 3, "decline": 4}[word]
        if kind == 4:
            hear.send(frame4(mac, message(mac, kind, options, xid=xid)))
            print("declined", socket.inet_ntoa(offered), flush=True)
            continue
        for _ in range(30):
            hear.send(frame4(mac, message(mac, kind, options, xid=xid)))
            reply = answer(hear, xid, 2)
            if reply:
                break
        found = dict(walk(reply))
        server = found[54]
        if found[53][0] == 2:
            offered = reply[16:20]
        print(kinds[found[53][0]], socket.inet_ntoa(reply[16:20]), flush=True)


def answer(hear, xid, patience):
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        hear.settimeout(max(0.01, deadline - time.monotonic()))
        try:
            got = hear.recv(2048)
        except TimeoutError:
            return None
        if got[12:14] == b"\x08\x00" and got[23] == 17 and got[34:36] == b"\x00\x43" and got[46:50] == xid:
            return got[42:]
    return None


def walk(reply):
    at = 240
    while reply[at] != 255:
        yield reply[at], reply[at + 2:at + 2 + reply[at + 1]]
        at += 2 + reply[at + 1]


def exchange(hear, kind, asked):
    """Sends a message for each hardware address with its options; what was answered to each, as (kind, address, server)."""
    waiting, got, deadline = {random.randbytes(4): mac for mac in asked}, {}, time.monotonic() + 3
    for xid, mac in waiting.items():
        hear.send(frame4(mac, message(mac, kind, asked[mac], xid=xid)))
    while len(got) < len(waiting) and time.monotonic() < deadline:
        hear.settimeout(0.1)
        try:
            frame = hear.recv(2048)
        except TimeoutError:
            continue
        mac = waiting.get(frame[46:50])
        if mac and frame[12:14] == b"\x08\x00" and frame[23] == 17 and frame[34:36] == b"\x00\x43":
            found = dict(walk(frame[42:]))
            got[mac] = found[53][0], frame[58:62], found[54]
    return got


def declines():
    hear = raw()
    for macs in [[made_up() for _ in range(count)]] + [[b"\x00\x25\x90\x77\x00\x01"]] * count:
        offers = exchange(hear, 1, {mac: b"" for mac in macs})
        options = {mac: b"\x32\x04" + address + b"\x36\x04" + server for mac, (_, address, server) in offers.items()}
        for mac, (kind, _, _) in exchange(hear, 3, options).items():
            if kind == 5:
                hear.send(frame4(mac, message(mac, 4, options[mac])))


def malformed():
    whole = message(made_up(), 1, b"\x3d\x07\x01" + made_up() + b"\x37\x03\x01\x03\x06")
    for number in range(count):
        kind = number % 5
        if kind == 0:
            yield whole[:number % len(whole)]
        elif kind == 1:
            yield whole[:-1] + bytes([random.choice([43, 60, 61, 77, 82, 93, 97, 175]), 255, 1, 2])
        elif kind == 2:
            yield whole[:240] + random.randbytes(300)
        elif kind == 3:
            yield random.randbytes(random.randrange(1, 1400))
        else:
            yield whole[:2] + bytes([random.choice([0, 1, 16, 17, 255])]) + whole[3:240] + bytes([53, 1, 1]) + bytes([82, 4, 1, 200, 5, 250]) * 40 + b"\xff"


def relay():
    for number in range(count):
        mac, kind = made_up(), number % 4
        if kind == 0:
            yield message(mac, 1, giaddr=random.randbytes(4))
        elif kind == 1:
            yield message(mac, 1, b"\x52\x06\x05\x04" + random.randbytes(4), giaddr=bytes([10, 97, 0, 200]))
        elif kind == 2:
            yield message(mac, 3, b"\x52\x06\x0b\x04" + random.randbytes(4) + b"\x32\x04" + random.randbytes(4), giaddr=b"\x7f\x00\x00\x01")
        else:
            yield message(mac, 1, b"\x52\xff" + random.randbytes(255), giaddr=b"\xff" * 4)


def solicit(kind):
    duid = b"\x00\x03\x00\x01" + made_up()
    return bytes([kind]) + random.randbytes(3) + struct.pack("!HH", 1, len(duid)) + duid + b"\x00\x03\x00\x0c" + random.randbytes(4) + bytes(8)


def asks():
    own = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    own.bind(("::", 546))
    own.settimeout(2)
    said = solicit(1)
    own.sendto(said, ("ff02::1:2", 547, 0, socket.if_nametoindex(interface)))
    try:
        while own.recv(2048)[:4] != b"\x02" + said[1:4]:
            pass
    except TimeoutError:
        os._exit(1)


def six():
    for number in range(count):
        kind = number % 5
        if kind == 0:
            inner = solicit(1)
            for hop in range(32):
                inner = bytes([12, hop]) + bytes(16) + bytes(16) + struct.pack("!HH", 9, len(inner)) + inner
            yield inner[:1400]
        elif kind == 1:
            yield solicit(1)[:number % 40]
        elif kind == 2:
            yield random.randbytes(random.randrange(1, 1200))
        elif kind == 3:
            yield solicit(1)
        else:
            # Two messages instead of four: takes an address at once.
            yield solicit(1) + b"\x00\x0e\x00\x00"


def routers():
    for number in range(count):
        mac = made_up()
        if number % 2:
            yield frame6(mac, "ff02::2", 58, bytes([133, 0, 0, 0]) + bytes(4))
        else:
            yield frame6(mac, "ff02::1", 58, bytes([134, 0, 0, 0, 64, 0xC0, 0xFF, 0xFF]) + bytes(8))


def tftp():
    server, names = sys.argv[4], [b"snponly.efi", b"boot.ipxe", b"nothing", b"../../etc/passwd"]
    family = socket.AF_INET6 if ":" in server else socket.AF_INET
    kept = []
    for number in range(count):
        one = socket.socket(family, socket.SOCK_DGRAM)
        options = random.choice([b"", b"blksize\x0065464\0", b"windowsize\x0065535\0tsize\0-1\0", b"blksize\x007\0" * 30])
        one.sendto(b"\x00\x01" + names[number % 4] + b"\0octet\0" + options, (server, 69))
        kept.append(one)
        if len(kept) > 900:
            kept.pop(0).close()


if what == "play":
    play()
elif what == "discover":
    send_all(frame4(mac, message(mac, 1)) for mac in (made_up() for _ in range(count)))
elif what == "makers":
    send_all(frame4(mac, message(mac, 1)) for mac in (b"\x00" + random.randbytes(5) for _ in range(count)))
elif what == "declines":
    declines()
elif what == "malformed":
    send_all(frame4(made_up(), one) for one in malformed())
elif what == "relay":
    send_all(frame4(made_up(), one) for one in relay())
elif what in ("six", "solicit"):
    said = six() if what == "six" else (solicit(1) for _ in range(count))
    send_all(frame6(made_up(), "ff02::1:2", 17, struct.pack("!HHHH", 546, 547, 8 + len(one), 0) + one) for one in said)
elif what == "asks":
    asks()
elif what == "routers":
    send_all(routers())
elif what == "tftp":
    tftp()
else:
    os._exit(2)
