"""The demo model in PyTorch: a small Llama, with the rotary embedding that GGUF files call NORM."""

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F


__all__ = ["Shape", "Llama"]


@dataclass(frozen=True, kw_only=True)
class Shape:
    """Hyperparameters. Every length that a matrix row can have is a multiple of 256, the longest block of
    any GGUF format, so that the file can be quantised into all of them.

    Parameters
    ----------
    dim, layers, heads, kv_heads, ffn, vocab, context : int
    theta : float
        Base of the rotary embedding's wavelengths.
    eps : float
        Added to the mean square in RMSNorm.

    Raises
    ------
    ValueError
        When the parameters do not fit each other.
    """

    dim: int = 256
    layers: int = 2
    heads: int = 4
    kv_heads: int = 2
    ffn: int = 512
    vocab: int = 768
    context: int = 256
    theta: float = 10000.0
    eps: float = 1e-5

    def __post_init__(self):
        for name in ("dim", "ffn", "vocab"):
            if getattr(self, name) % 256:
                raise ValueError(f"{name} must be a multiple of 256, not {getattr(self, name)!r}")
        if self.heads % self.kv_heads:
            raise ValueError(f"heads must be a multiple of kv_heads={self.kv_heads}, not {self.heads!r}")
        if self.dim % (2 * self.heads):
            raise ValueError(f"dim must be a multiple of 2 * heads={2 * self.heads}, not {self.dim!r}")

    @property
    def head_dim(self):
        return self.dim // self.heads


class RMSNorm(nn.Module):
    """``x / sqrt(mean(x**2) + eps) * weight`` over the last axis."""

    def __init__(self, dim, eps):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(dim))
        self.eps = eps

    def forward(self, x):
        return F.rms_norm(x, self.weight.shape, self.weight, self.eps)


class Block(nn.Module):
    """One layer: attention and gated feed-forward, each on the normalised residual.

    The attributes bear the names of the GGUF tensors.
    """

    def __init__(self, shape):
        super().__init__()
        kv = shape.kv_heads * shape.head_dim
        self.shape = shape
        self.attn_norm = RMSNorm(shape.dim, shape.eps)
        self.attn_q = nn.Linear(shape.dim, shape.dim, bias=False)
        self.attn_k = nn.Linear(shape.dim, kv, bias=False)
        self.attn_v = nn.Linear(shape.dim, kv, bias=False)
        self.attn_output = nn.Linear(shape.dim, shape.dim, bias=False)
        self.ffn_norm = RMSNorm(shape.dim, shape.eps)
        self.ffn_gate = nn.Linear(shape.dim, shape.ffn, bias=False)
        self.ffn_up = nn.Linear(shape.dim, shape.ffn, bias=False)
        self.ffn_down = nn.Linear(shape.ffn, shape.dim, bias=False)

    def forward(self, x, cos, sin, mask):
        y = self.attn_norm(x)
        q = rotate(self.heads(self.attn_q(y)), cos, sin)
        k = rotate(self.heads(self.attn_k(y)), cos, sin)
        v = self.heads(self.attn_v(y))
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, enable_gqa=True)
        x = x + self.attn_output(y.transpose(1, 2).flatten(2))
        y = self.ffn_norm(x)
        return x + self.ffn_down(F.silu(self.ffn_gate(y)) * self.ffn_up(y))

    def heads(self, x):
        """(batch, position, heads * head_dim) to (batch, heads, position, head_dim)."""
        return x.unflatten(-1, (-1, self.shape.head_dim)).transpose(1, 2)


def rotate(x, cos, sin):
    """Rotates the pairs (0, 1), (2, 3), ... of each head, as GGUF's NORM rope does.

    Parameters
    ----------
    x : tensor, (batch, heads, position, head_dim)
    cos, sin : tensor, (position, head_dim / 2)
    """
    even, odd = x[..., 0::2], x[..., 1::2]
    return torch.stack((even * cos - odd * sin, even * sin + odd * cos), -1).flatten(-2)


class Llama(nn.Module):
    """The whole model; the output matrix is the token embedding.

    Parameters
    ----------
    shape : Shape
    """

    def __init__(self, shape):
        super().__init__()
        self.shape = shape
        self.token_embd = nn.Embedding(shape.vocab, shape.dim)
        self.blk = nn.ModuleList(Block(shape) for _ in range(shape.layers))
        self.output_norm = RMSNorm(shape.dim, shape.eps)
        pair = torch.arange(0, shape.head_dim, 2, dtype=torch.float64)
        angle = torch.outer(torch.arange(shape.context), shape.theta ** (-pair / shape.head_dim))
        self.register_buffer("cos", angle.cos().float(), persistent=False)
        self.register_buffer("sin", angle.sin().float(), persistent=False)
        for name, weight in self.named_parameters():
            if weight.ndim == 2:
                # What is added to the residual starts smaller, by the number of such additions.
                small = name.endswith(("attn_output.weight", "ffn_down.weight"))
                nn.init.normal_(weight, std=0.02 / (2 * shape.layers) ** 0.5 if small else 0.02)

    def forward(self, ids, story=None):
        """Logits of every position.

        Parameters
        ----------
        ids : int64 tensor, (batch, position)
            At most ``context`` positions.
        story : int64 tensor, (batch, position), optional
            Which story a position belongs to; a position sees only its own story. Absent: one story a row.

        Returns
        -------
        float32 tensor, (batch, position, vocab)
        """
        length = ids.shape[1]
        mask = torch.ones(length, length, dtype=torch.bool).tril()
        if story is not None:
            mask = mask & (story[:, :, None] == story[:, None, :])[:, None]
        x = self.token_embd(ids)
        for block in self.blk:
            x = block(x, self.cos[:length], self.sin[:length], mask)
        return F.linear(self.output_norm(x), self.token_embd.weight)
