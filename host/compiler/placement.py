"""Where everything lies in DRAM."""

from host.arch.position_table import learned_table
from host.arch.tensor_spec import TensorKind
from host.compiler.layer_cache import LayerCache, layer_window
from host.compiler.memory_tensors import memory_tensors
from host.image.header import HEADER_BYTES
from host.image.memory_map import ALIGNMENT, MemoryMap
from host.image.program_table import ENTRY_BYTES
from host.image.formats import FORMATS
from host.image.formats.block_format import BlockFormat
from host.image.row_geometry import RowGeometry
from gateware.isa import CodeKind, INSTRUCTION_BITS, Scale, VECTOR_CODES

__all__ = ["EMBEDDING", "KV_BITS", "LOGITS", "Placement", "STATES", "UNCAPPED"]

KV_BITS = (16, 8, 4)
"""Bits that a code of the KV cache may have."""

EMBEDDING = "token_embd.weight"
"""The matrix of which tokens have a row each."""

LOGITS = "logits"
"""Where the host reads them."""

STATES = "states"
"""Of an encoder's text, a row for each position; at the end the host reads them."""

UNCAPPED = "uncapped_logits"
"""Logits on their way, of models that cap them."""

_SCALE_BYTES = 4
_FP32_BYTES = 4


class Placement:
    """Memory map of a packed model.

    Content that is loaded comes first (programs, position tables, vectors, matrices, the table of the programs), then
    what starts as zeros (KV cache, and logits or states). K of a KV head is a row per position, V a row per dimension
    that runs along positions, of the whole context or of those that a window needs (`gateware.window.Window`); each
    position has one fp32 scale for its K and one for its V. In V of 4 bits two dimensions share the bytes of a row: a
    position then writes whole bytes. Of an encoder only two layers have a cache, which the others use in turn.

    Parameters
    ----------
    model : host.gguf.model.Model
    config : gateware.config.Config
    context : int
        Positions of the KV cache.
    instructions : int
        Length of all programs together.
    group : int
        Most tokens of a group: so many have room for logits, and programs.
    kv_bits : int
        One of ``KV_BITS``.

    Attributes
    ----------
    map : host.image.memory_map.MemoryMap
    tables : dict of str to host.arch.position_table.PositionTable
        By their region.
    content_bytes : int
        End of what is loaded.
    tensors : dict of str to host.gguf.tensor.Tensor
        What is packed, by its name: see `host.compiler.memory_tensors.memory_tensors`.
    rows : dict of str to RowGeometry
        Of every matrix among them.
    key_row, value_row : RowGeometry
        Of the KV cache. Codes only; the scales are an operand of the vector unit.
    value_rows : int
        Rows of V in memory: one per dimension, or per pair of dimensions.
    state_bytes : int
        From a row of states, of an encoder, to the next.
    caches : list of LayerCache
        Of every layer.
    uncapped_stride : int
        Elements from the logits of a token to those of the next where they are not capped yet.
    """

    def __init__(self, model, config, context, instructions, group, kv_bits):
        hp = model.hyperparameters
        self._bus_bytes = config.memory.bus_bytes
        self.map = MemoryMap(HEADER_BYTES)
        self.map.add("program", instructions * INSTRUCTION_BITS // 8)
        tensors = memory_tensors(model)
        self.tables = model.architecture.position_tables(hp, context) | {
            name: learned_table(tensor) for name, (kind, tensor) in tensors.items() if kind == TensorKind.POSITIONS}
        for name, table in self.tables.items():
            self.map.add(name, context * table.row_bytes(self._bus_bytes))
        self.tensors, self.rows = {}, {}
        for name, (kind, tensor) in tensors.items():
            if kind == TensorKind.POSITIONS:
                continue
            self.tensors[name] = tensor
            size = tensor.shape[0] * tensor.shape[1] * _FP32_BYTES
            if kind == TensorKind.MATRIX:
                self.rows[name] = geometry = self._geometry(tensor)
                size = geometry.beats(tensor.shape[0]) * self._bus_bytes
            self.map.add(name, size)
        programs = sum(len(model.architecture.parts(hp, tokens)) for tokens in range(1, group + 1))
        self.map.add("table", programs * ENTRY_BYTES)
        self.content_bytes = self.map.size
        self.key_row = self._kv_row(hp.head_dim, kv_bits)
        self.value_row = self._kv_row(context, kv_bits)
        paired = kv_bits < 8
        self.value_rows = hp.head_dim // 2 if paired else hp.head_dim
        self.caches = [self._cache(layer_window(hp, hp.kind(layer)), context, 8 if paired else kv_bits)
                       for layer in range(hp.layers)]
        # Of an encoder the cache of a layer is that of the one before the last, which nobody needs any more.
        own = hp.layers if hp.causal else min(hp.layers, 2)
        for layer, cache in enumerate(self.caches[:own]):
            for head in range(hp.kv_heads):
                where = f"blk.{layer}.kv.{head}"
                self.map.add(f"{where}.key", cache.positions * self.key_row.row_bytes)
                self.map.add(f"{where}.value", self.value_rows * cache.value_row_bytes)
                self.map.add(f"{where}.key_scale", cache.positions * _SCALE_BYTES)
                self.map.add(f"{where}.value_scale", cache.positions * _SCALE_BYTES)
        for layer in range(own, hp.layers):
            for head in range(hp.kv_heads):
                for what in ("key", "value", "key_scale", "value_scale"):
                    self.map.share(f"blk.{layer}.kv.{head}.{what}", f"blk.{layer % own}.kv.{head}.{what}")
        size = hp.dim * _FP32_BYTES
        self.state_bytes = size + -size % self._bus_bytes
        if hp.causal:
            self.map.add(LOGITS, group * hp.vocab * _FP32_BYTES)
        else:
            self.map.add(STATES, context * self.state_bytes)
        self.uncapped_stride = hp.vocab + -hp.vocab % (ALIGNMENT // _FP32_BYTES)
        if hp.logit_cap:
            self.map.add(UNCAPPED, group * self.uncapped_stride * _FP32_BYTES)
        self.image_bytes = self.map.size + -self.map.size % HEADER_BYTES

    def beat(self, name):
        """First bus word of a region."""
        return self.map.address(name) // self._bus_bytes

    def _cache(self, window, context, value_bits):
        most = None if window is None else window.most
        if window is not None and window.length >= context:
            window = None
        positions = context if window is None else min(context, window.places)
        return LayerCache(window, most, positions, self._kv_row(positions, value_bits).row_bytes)

    def _geometry(self, tensor):
        return RowGeometry.shortest(
            columns=tensor.shape[1], format=FORMATS[tensor.ggml_type], bus_bytes=self._bus_bytes)

    def _kv_row(self, columns, bits):
        codes = BlockFormat(name=f"KV{bits}", code_bits=bits, code_kind=CodeKind.SIGNED, scale_kind=Scale.NONE,
                            split=None)
        columns += -columns % VECTOR_CODES
        return RowGeometry(columns=columns, format=codes, bus_bytes=self._bus_bytes)
