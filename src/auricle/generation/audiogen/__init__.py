"""AudioGen: a transformer that writes sound in the alphabet of a codec, led by a caption; on transformers.

::

    checkpoint    audiocraft's files: where they are, opened without running code, what their configuration says
    loading       their tensors in the classes that transformers has for MusicGen, one to one
    sampling      the loop: delayed codebooks, windows, drawing a token; knows no model
    back_end      captions, lengths and seeds in, sounds out

A caption is read by T5. The decoder writes 50 frames a second, each of 4 tokens, one per codebook, every codebook a
step behind the one before; the codec (EnCodec, 16 kHz) turns frames into samples. More than the 10 s that the decoder
learned is written in windows, each of which begins with the end of the one before.

audiocraft, where AudioGen comes from, is not needed: its requirements exclude current versions of torch. With the same
weights this package makes, greedily, the same tokens as audiocraft 1.3.0 does for a caption alone. It differs on
purpose where captions are padded to one length: there padding takes attention away from the shorter ones, here it is
masked, so that a clip does not depend on its batch.

Sources: F. Kreuk et al., AudioGen: Textually Guided Audio Generation, ICLR 2023; J. Copet et al., Simple and
Controllable Music Generation, NeurIPS 2023.
"""
