"""What a program needs to be loaded: its machine, its loader, its libraries. As the ELF specification has it, 64 bits, little-endian."""

import struct
from pathlib import Path

MACHINES = {62: "amd64", 183: "arm64"}
TRIPLES = {"amd64": "x86_64-linux-gnu", "arm64": "aarch64-linux-gnu"}
LOAD, DYNAMIC, INTERPRETER = 1, 2, 3
NEEDED, STRINGS = 1, 5


class Wrong(Exception):
    """It is no program of ours, with what was expected."""


class Elf:
    """One file."""

    def __init__(self, path):
        data = Path(path).read_bytes()
        if data[:6] != b"\x7fELF\x02\x01":
            raise Wrong(f"{path}: expected a 64-bit ELF program, found something else")
        machine, = struct.unpack_from("<H", data, 18)
        if machine not in MACHINES:
            raise Wrong(f"{path}: expected amd64 or arm64, found machine {machine}")
        self.machine = MACHINES[machine]
        start, = struct.unpack_from("<Q", data, 32)
        size, number = struct.unpack_from("<HH", data, 54)
        headers = [struct.unpack_from("<IIQQQQ", data, start + index * size) for index in range(number)]
        loads = [(address, offset, length) for kind, _, offset, address, _, length in headers if kind == LOAD]
        at = lambda address: next(offset + address - begin for begin, offset, length in loads if begin <= address < begin + length)
        text = lambda offset: data[offset:data.index(b"\0", offset)].decode()
        self.interpreter = next((text(offset) for kind, _, offset, _, _, _ in headers if kind == INTERPRETER), None)
        dynamic = next(((offset, length) for kind, _, offset, _, _, length in headers if kind == DYNAMIC), None)
        pairs = [struct.unpack_from("<qQ", data, dynamic[0] + each) for each in range(0, dynamic[1], 16)] if dynamic else []
        strings = next((at(value) for tag, value in pairs if tag == STRINGS), 0)
        self.needed = [text(strings + value) for tag, value in pairs if tag == NEEDED]


def libraries(program, folder=None):
    """Where each library of a program goes, and the file that it is; none of a static one. `folder` is where to look instead."""
    elf = Elf(program)
    triple = TRIPLES[elf.machine]
    places = [Path(folder)] if folder else [Path(f"/lib/{triple}"), Path(f"/usr/lib/{triple}"), Path("/lib64"), Path("/usr/lib64")]
    found, open_ones = {}, list(elf.needed)
    if elf.interpreter:
        found[elf.interpreter] = the(elf.interpreter.rpartition("/")[2], places, program)
    while open_ones:
        name = open_ones.pop()
        if any(place.endswith(f"/{name}") for place in found):
            continue
        file = the(name, places, program)
        found[f"/lib/{triple}/{name}"] = file
        open_ones += Elf(file).needed
    return elf.machine, found


def the(name, places, program):
    for place in places:
        if (place / name).is_file():
            return (place / name).resolve()
    raise Wrong(f"{program} needs {name}, which is not in {', '.join(map(str, places))}: --libraries names its folder")
