"""Plays a recorded machine: dhcp_replay.py INTERFACE MODE, on stdin a JSON list of recorded messages in hex (a DISCOVER
and a REQUEST, or what MODE says). Prints a JSON list of what came back: hex, from, to.

own    DISCOVER, then the REQUEST for what was offered
proxy  DISCOVER; waits for the offers of both servers
boot   a REQUEST to port 4011 of the server in argument 3, from port argument 4, with the address in argument 5
"""

import json
import socket
import struct
import sys
import time

ETH_IP = 0x0800
interface, mode = sys.argv[1:3]
sent = [bytearray.fromhex(text) for text in json.load(sys.stdin)]


def checksum(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    total = (total & 0xFFFF) + (total >> 16)
    return ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF


def frame(mac, payload):
    udp = struct.pack("!HHHH", 68, 67, 8 + len(payload), 0) + payload
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, bytes(4), b"\xff" * 4)
    ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
    return b"\xff" * 6 + mac + struct.pack("!H", ETH_IP) + ip + udp


def replies(raw, xid, count, patience):
    found, deadline = [], time.monotonic() + patience
    while len(found) < count and time.monotonic() < deadline:
        raw.settimeout(max(0.01, deadline - time.monotonic()))
        try:
            got = raw.recv(2048)
        except TimeoutError:
            break
        if got[23] != 17 or got[34:36] != b"\x00\x43" or got[46:50] != xid or got[42] != 2:
            continue
        length = struct.unpack("!H", got[38:40])[0] - 8
        found.append({"hex": got[42:42 + length].hex(), "from": socket.inet_ntoa(got[26:30]),
                      "to": socket.inet_ntoa(got[30:34]), "frame_to": got[:6].hex()})
    return found


def option(message, code):
    at = 240
    while message[at] != 255:
        if message[at] == 0:
            at += 1
            continue
        if message[at] == code:
            return at + 2, message[at + 1]
        at += 2 + message[at + 1]
    return None, 0


if mode == "boot":
    server, port, address = sys.argv[3], int(sys.argv[4]), sys.argv[5]
    message = sent[0]
    message[12:16] = socket.inet_aton(address)
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind((address, port))
    udp.settimeout(30)
    udp.sendto(bytes(message), (server, 4011))
    got, peer = udp.recvfrom(2048)
    print(json.dumps([{"hex": got.hex(), "from": peer[0], "port": peer[1]}]))
    sys.exit()

raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_IP))
raw.bind((interface, 0))
mac = bytes(sent[0][28:34])
raw.send(frame(mac, bytes(sent[0])))
if mode == "proxy":
    print(json.dumps(replies(raw, bytes(sent[0][4:8]), 2, 30)))
    sys.exit()
offers = replies(raw, bytes(sent[0][4:8]), 1, 30)
offer = bytes.fromhex(offers[0]["hex"])
request = sent[1]
request[4:8] = sent[0][4:8]
at, length = option(request, 50)
request[at:at + 4] = offer[16:20]
at, length = option(request, 54)
found, _ = option(offer, 54)
request[at:at + 4] = offer[found:found + 4]
raw.send(frame(mac, bytes(request)))
print(json.dumps(offers + replies(raw, bytes(sent[0][4:8]), 1, 30)))
