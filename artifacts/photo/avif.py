"""How many pixels an AVIF file's bitstreams hold, read before a decoder runs.

The container states a picture's size (`ispe`), and so does each AV1 bitstream in it. The decoder believes the
bitstream: 2 kB behind a stated size of 64 x 64 can ask for a gigabyte, and Pillow passes no limit on to it.

ISO/IEC 14496-12 (boxes, `iloc`, `iinf`) and the AV1 specification, sections 5.3 to 5.5 (OBUs, sequence header).
"""

from collections.abc import Iterator

SEQUENCE_HEADER = 1  # obu_type
_Boxes = dict[bytes, bytes]


class Bits:
    """Reads unsigned numbers of any number of bits, the highest bit first; ValueError past the end."""

    def __init__(self, data: bytes) -> None:
        self.value, self.left = int.from_bytes(data), 8 * len(data)

    def take(self, count: int) -> int:
        """The next `count` bits as a number."""
        self.left -= count
        if self.left < 0:
            raise ValueError("the data end within a number")
        return self.value >> self.left & (1 << count) - 1


def coded_pixels(data: bytes) -> int:
    """The pixels of all AV1 items in the file together: picture, tiles, transparency, thumbnails.

    ValueError where the file's structure cannot be followed.
    """
    meta = _boxes(_boxes(data).get(b"meta", b"")[4:])
    if b"iloc" not in meta or b"iinf" not in meta:
        raise ValueError("no list of items")
    items, sources = _av1_items(meta[b"iinf"]), (data, meta.get(b"idat", b""))
    return sum(_stream_pixels(stream) for item, stream in _streams(meta[b"iloc"], sources) if item in items)


def _boxes(data: bytes) -> _Boxes:
    """The first box of each kind, without its header."""
    found: _Boxes = {}
    place = 0
    while place + 8 <= len(data):
        size, header = int.from_bytes(data[place : place + 4]), 8
        if size == 1:
            size, header = int.from_bytes(data[place + 8 : place + 16]), 16
        size = size or len(data) - place  # 0: up to the end
        if size < header:
            raise ValueError("a box is smaller than its header")
        found.setdefault(data[place + 4 : place + 8], data[place + header : place + size])
        place += size
    return found


def _av1_items(iinf: bytes) -> set[int]:
    """The numbers of the items that are AV1 pictures."""
    wide, place, found = iinf[0] > 0, 8 if iinf[0] > 0 else 6, set()
    for _ in range(int.from_bytes(iinf[4 : 8 if wide else 6])):
        size = int.from_bytes(iinf[place : place + 4])
        entry = iinf[place + 8 : place + size]
        length = 4 if entry[0] == 3 else 2
        if entry[6 + length : 10 + length] == b"av01":
            found.add(int.from_bytes(entry[4 : 4 + length]))
        place += size
    return found


def _streams(iloc: bytes, sources: tuple[bytes, bytes]) -> Iterator[tuple[int, bytes]]:
    """Each item's number and bytes, which lie in the file or, `sources[1]`, in the `idat` box."""
    version, bits = iloc[0], Bits(iloc[4:])
    of_offset, of_length, of_base, of_index = (8 * bits.take(4) for _ in range(4))
    for _ in range(bits.take(32 if version == 2 else 16)):
        item = bits.take(32 if version == 2 else 16)
        source = sources[bits.take(16) & 1 if version else 0]
        bits.take(16)  # data_reference_index
        base, parts = bits.take(of_base), []
        for _ in range(bits.take(16)):
            bits.take(of_index if version else 0)
            start, length = base + bits.take(of_offset), bits.take(of_length)
            parts.append(source[start : start + length] if length else source[start:])
        yield item, b"".join(parts)


def _stream_pixels(stream: bytes) -> int:
    """The largest size that a sequence header of the bitstream allows."""
    most = place = 0
    while place < len(stream):
        kind, extended, sized = stream[place] >> 3 & 15, stream[place] >> 2 & 1, stream[place] >> 1 & 1
        place += 1 + extended
        length, place = _leb128(stream, place) if sized else (len(stream) - place, place)
        if kind == SEQUENCE_HEADER:
            most = max(most, _sequence_pixels(stream[place : place + length]))
        place += length
    return most


def _leb128(data: bytes, place: int) -> tuple[int, int]:
    """A number in groups of seven bits, the lowest first, and the place behind it."""
    value = 0
    for number, byte in enumerate(data[place : place + 8]):
        value |= (byte & 127) << 7 * number
        if byte < 128:
            return value, place + number + 1
    raise ValueError("a number does not end")


def _sequence_pixels(header: bytes) -> int:
    """max_frame_width x max_frame_height; ValueError for one with timing, which a still picture has no use for."""
    bits = Bits(header[:64])
    bits.take(4)  # seq_profile, still_picture
    if bits.take(1):  # reduced_still_picture_header
        bits.take(5)
    else:
        if bits.take(1):
            raise ValueError("timing in a still picture")
        delay = bits.take(1)
        for _ in range(bits.take(5) + 1):  # operating points
            bits.take(12)
            if bits.take(5) > 7:
                bits.take(1)
            if delay and bits.take(1):
                bits.take(4)
    across, down = bits.take(4) + 1, bits.take(4) + 1
    return (bits.take(across) + 1) * (bits.take(down) + 1)
