"""The back end `ezaudio`: EzAudio, which runs in a worker process (`auricle.generation.worker`) from the user's clone.

It is on no registry, its packages are called `api` and `src`, and its paths are relative to the clone: `inside.py`
runs there, `back_end.py` here. Sounds are mono at 24 kHz. The clone fetches weights that it does not have by itself,
into its own folder, and its text encoder from the Hugging Face hub, which makes the first start long.

How ``EzAudio`` of ``api/ezaudio.py`` is made and asked, and how its parts fit together, was read in its published code.
Tested is a stand-in that has the same signatures and, where diffusers is installed, the scheduler that EzAudio uses;
not EzAudio with its weights.

Source: J. Hai et al., EzAudio: Enhancing Text-to-Audio Generation with Efficient Diffusion Transformer, 2024,
arXiv:2409.10819; code and weights, MIT: https://github.com/haidog-yaqub/EzAudio.
"""
