"""What headers of sound files announce and the libraries that read them do not tell.

Sources: the RIFF specification (Microsoft and IBM, 1991); the ID3v2.4 standard, section 3.1; the Xing header as
described by G. Bouvigne, "MP3 info tag", revision 1.
"""

import struct
from typing import BinaryIO

_WITHIN_BYTES = 8192  # of the first MPEG frame stands the announcement: at most 1,441 bytes, after some padding


def declared_wav_bytes(opened: BinaryIO) -> int | None:
    """Return where the sample data of a wav file ends by its own header, None for other or streamed files.

    libsndfile silently shortens such a file, and a clip that is shorter than its captions say is no longer that clip.

    Example:
        >>> import io
        >>> declared_wav_bytes(io.BytesIO(b"RIFF0000WAVEdata" + bytes([8, 0, 0, 0])))
        28
    """
    if opened.read(4) != b"RIFF" or opened.read(8)[4:] != b"WAVE":
        return None
    while len(header := opened.read(8)) == 8:
        name, size = struct.unpack("<4sI", header)
        if name == b"data":
            streamed = size in (0, 0xFFFFFFFF, 0x7FFFFFFF)
            return None if streamed else opened.tell() + size
        opened.seek(size + size % 2, 1)
    return None


def announces_mp3_length(opened: BinaryIO) -> bool:
    """Return whether an MP3 file says how long it is, in a Xing, Info or VBRI header; without one, it is guessed.

    Example:
        >>> import io
        >>> announces_mp3_length(io.BytesIO(bytes([255, 251, 144, 0]) + b"Xing" + bytes([0, 0, 0, 1, 0, 0, 2, 0])))
        True
        >>> announces_mp3_length(io.BytesIO(bytes([255, 251, 144, 0]) + b"any other bytes"))
        False
    """
    while (tag := opened.read(10))[:3] == b"ID3" and len(tag) == 10:
        size = sum(byte << 7 * place for place, byte in enumerate(reversed(tag[6:])))  # seven bits of each
        opened.seek(size, 1)
    start = tag + opened.read(_WITHIN_BYTES)
    for name in (b"Xing", b"Info"):
        place = start.find(name)
        if place >= 0 and len(start) >= place + 12:
            flags, n_frames = struct.unpack(">II", start[place + 4 : place + 12])
            return bool(flags & 1) and n_frames > 0
    return b"VBRI" in start
