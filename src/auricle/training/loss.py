"""InfoNCE: a caption should be nearer to its clip than to the other clips of the batch, and the other way round.

Also known as NT-Xent, N-pairs with temperature, the CLIP loss. With scale = 1 / temperature this is the mean of two
cross-entropies over the cosine matrix. The prior system sums the two directions instead of taking their mean: its loss
is twice this one, with the same optimum (and, under Adam, the same steps up to its epsilon).

Sources: A. van den Oord, Y. Li, O. Vinyals, Representation Learning with Contrastive Predictive Coding, 2018;
A. Radford et al., Learning Transferable Visual Models From Natural Language Supervision, 2021, figure 3.
"""

import torch
from torch import Tensor
from torch.nn import functional as F


def info_nce(audio: Tensor, text: Tensor, *, temperature: Tensor | float, related: Tensor | None = None) -> Tensor:
    """Return the symmetric InfoNCE loss of a batch, a scalar.

    Args:
        audio: Embeddings (batch, dim) of length 1.
        text: Embeddings (batch, dim) of length 1; row i describes row i of `audio`.
        temperature: Above 0; smaller is sharper.
        related: Booleans (batch, batch), symmetric: pairs that are not each other's negatives, because their clips
            share a sound or a caption. The diagonal is ignored. A row without any negative contributes 0.

    Example:
        >>> perfect = torch.eye(2)
        >>> round(info_nce(perfect, perfect, temperature=1.0).item(), 4)  # -log(e / (e + 1))
        0.3133
    """
    logits = audio @ text.T / temperature
    if related is not None:
        others = related & ~torch.eye(len(logits), dtype=torch.bool, device=related.device)
        logits = logits.masked_fill(others, -torch.inf)
    own = torch.arange(len(logits), device=logits.device)
    return (F.cross_entropy(logits, own) + F.cross_entropy(logits.T, own)) / 2
