"""What sets a model apart, in words."""

from host.arch.choices import NormKind, Pooling

__all__ = ["features", "windows"]

_NORMS = {NormKind.RMS: "RMSNorm", NormKind.LAYER: "LayerNorm"}


def features(hp):
    """Phrases that describe a model.

    Parameters
    ----------
    hp : host.arch.hyperparameters.Hyperparameters

    Returns
    -------
    list of str
    """
    found = [_NORMS[hp.norm], f"{hp.activation}{' with a gate' if hp.gated else ''}"]
    found += [_rope(hp, rope) for rope in hp.ropes.values()]
    if not hp.ropes:
        found.append("no rope")
    found += windows(hp)
    if not hp.causal:
        found.append("encoder" + (f", pooling {hp.pooling.name.lower()}" if hp.pooling != Pooling.NONE else ""))
    found += ["parallel residual"] * hp.parallel + ["tied output"] * (hp.tied and hp.causal)
    numbers = {"scores times": hp.attention_scale, "scores capped at": hp.attention_cap,
               "logits capped at": hp.logit_cap, "embeddings times": _factor(hp.embedding_scale),
               "branches times": _factor(hp.residual_scale), "logits times": _factor(hp.logit_scale)}
    return found + [f"{what} {number:g}" for what, number in numbers.items() if number is not None]


def _factor(value):
    return None if value == 1 else value


def _rope(hp, rope):
    """``rope of 8 elements, base 10000``, and what is unusual of it."""
    whole = rope.dim == hp.head_dim
    words = ["rope" if whole else f"rope of {rope.dim} of {hp.head_dim} elements", f"base {rope.theta:.10g}"]
    if rope.scale != 1:
        words.append(f"positions divided by {rope.scale:g}")
    if rope.factors is not None:
        words.append("factors")
    if rope.long_factors is not None:
        words.append(f"others beyond {rope.short_context} positions")
    if rope.magnitude != 1:
        words.append(f"magnitude {rope.magnitude:g}")
    share = _share(hp, lambda kind: kind.rope == rope)
    return " ".join((", ".join(words), *share))


def windows(hp):
    """Phrases like ``window of 512 and 4 sinks in 5 of 6 layers``, for each width: list of str."""
    def phrase(window, sinks):
        seen = f"window of {window}" + (f" and {sinks} sinks" if sinks else "")
        return " ".join((seen, *_share(hp, lambda kind: (kind.window, kind.sinks) == (window, sinks))))

    return [phrase(*seen) for seen in sorted({(kind.window, kind.sinks) for kind in hp.kinds if kind.window})]


def _share(hp, is_such):
    """How many layers there are of a kind, if these are not all."""
    count = sum(is_such(hp.kind(layer)) for layer in range(hp.layers))
    return [] if count == hp.layers else [f"in {count} of {hp.layers} layers"]
