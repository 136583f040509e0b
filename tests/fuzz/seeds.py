#!/usr/bin/env python3
"""First inputs of the boot servers' targets, from recorded traffic: writes corpus/TARGET/ beside this file."""

import hashlib
import json
import pathlib

HERE = pathlib.Path(__file__).resolve().parent
BOOT = HERE.parent / "goldens" / "boot"

NAMES = [
    "undionly.kpxe",
    "/boot/boot.ipxe",
    "boot/ipxe/52-54-00-00-00-01",
    "grub/52:54:00:00:00:01.cfg",
    "//grub//grub.cfg",
    "pxelinux.cfg/01-52-54-00-00-00-01",
    "pxelinux.cfg/4c4c4544-0051-3010-8051-b4c04f4d3732",
    "file/6a8b3c04-9d43-4f0e-8c0e-5b1f2d3c4e5f/t_-1/kernel",
    "/boot/iso/6a8b3c04-9d43-4f0e-8c0e-5b1f2d3c4e5f/t_-1/boot.iso",
    "file/discovery/arm64/ramdisk",
    "loader/../x",
    ".\\a\\..\\b",
]
RANGES = ["bytes=0-0", "bytes=-1", "bytes=5-", "bytes=0-18446744073709551615", "bytes=1-2,4-5", "Bytes = 7-9"]
WORDS = ["panic=20 console=ttyS0,115200n8", 'a="b c" -- d', 'empty=""']
HEADS = [b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd", b"\xfd7zXZ\x00", b"070701", b"\x7fELF\x02\x01", b"MZ" + bytes(62)]


def put(target: str, seed: bytes) -> None:
    folder = HERE / "corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / hashlib.sha1(seed).hexdigest()).write_bytes(seed)


def framed(way: int, packet: bytes) -> bytes:
    return bytes([way, 1]) + len(packet).to_bytes(2, "big") + packet


def dhcp(target: str, rows: list, modes: int, ways: list) -> None:
    """Each packet alone, and those of a case after each other."""
    cases: dict = {}
    for row in rows:
        cases.setdefault(row["case"], []).append(bytes.fromhex(row["hex"]))
    for packets in cases.values():
        for mode in range(modes):
            for way in ways:
                put(target, bytes([mode]) + b"".join(framed(way, packet) for packet in packets))
        for packet in packets:
            put(target, b"\0" + framed(0, packet))


def tftp(capture: dict) -> None:
    said = [one for one in capture["packets"] if one.get("from", "").startswith("client") and one.get("hex")]
    if not said:
        return
    request = bytes.fromhex(said[0]["hex"])
    seed, before = len(request).to_bytes(2, "big") + request, said[0]["t"]
    for one in said[1:200]:
        packet = bytes.fromhex(one["hex"])[:255]
        wait = min(int((one["t"] - before) * 1000), 65535)
        seed, before = seed + wait.to_bytes(2, "big") + bytes([len(packet)]) + packet, one["t"]
    put("tftp", seed)


def main() -> None:
    asked = json.loads((BOOT / "dhcp4" / "requests.json").read_text())
    dhcp("dhcp4", asked, 3, [0, 10])
    messages = json.loads((BOOT / "dhcp6" / "messages.json").read_text())
    dhcp("dhcp6", [row for row in messages if row["from"] == "client"], 4, [0, 6])
    for path in sorted((BOOT / "tftp").glob("*.json")):
        tftp(json.loads(path.read_text()))
    for name in NAMES:
        put("boot_name", name.encode())
    for value in RANGES:
        put("range", (1000).to_bytes(8, "little") + value.encode())
    for words in WORDS:
        put("boot_file", words.encode())
    for head in HEADS:
        put("boot_file", head + bytes(600))


if __name__ == "__main__":
    main()
