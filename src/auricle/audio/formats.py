"""Which files are taken for sounds, and which library reads them.

In a folder, the ending says what is a sound. It is listed if it practically always means one: not ``.mp4`` or
``.webm``, which are mostly films, nor ``.dts``, which is mostly the source of a device tree. A file is then read by
its first bytes: a FLAC that is called ``.wav`` is read as what it is.

MP3 could be read by libsndfile too. It guesses the length of a file that does not say it (a minute as 97 seconds), so
that whole files look cut short, and writes to standard error by itself; FFmpeg takes 0.9 of its time.
"""

SUFFIXES = frozenset(
    """
    .aac .ac3 .aif .aifc .aiff .amr .ape .au .bwf .caf .eac3 .flac .m4a .m4b .mka .mp2 .mp3 .mpc .oga .ogg .opus .rf64
    .snd .spx .tta .w64 .wav .wave .weba .wma .wv
    """.split()
)
"""What is taken for a sound in a folder, compared in lower case."""

OF_LIBSNDFILE = (b"RIFF", b"RIFX", b"RF64", b"riff", b"FORM", b".snd", b"NIST", b"caff", b"fLaC", b"OggS")
"""The first bytes of files that libsndfile is asked for first. All others, and what it cannot read, FFmpeg is asked."""

DEMUXERS = frozenset("aac ac3 aiff amr ape asf au caf eac3 flac matroska mov mp3 mpc mpc8 ogg tta w64 wav wv".split())
"""The containers that FFmpeg may recognise, by its names; others, such as play lists, lead it to further files."""

GUESSED = frozenset({"aac", "ac3", "amr", "eac3"})
"""Those of `DEMUXERS` without a length in their header, where FFmpeg gives a guess from the bit rate."""
