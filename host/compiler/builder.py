"""Instructions from what they mean."""

from contextlib import contextmanager
import struct

from gateware.isa import (CodeOrder, Function, Index, Instruction, Opcode, Reduce, Sink, Source,
                          TABLE_FIELDS)
from host.compiler.changed import changed
from host.compiler.kind import Kind

__all__ = ["Memory", "ProgramBuilder", "Scalar", "Scratch", "Stream", "fp32_bits"]

_FP32_BYTES = 4
_EMPTY = Instruction()
"""Of which all others are made."""


def fp32_bits(value):
    """Bits of ``value`` rounded to fp32."""
    return int.from_bytes(struct.pack("<f", value), "little")


class Scratch:
    """Operand: consecutive scratchpad elements from ``address`` on, starting again after ``wrap``."""

    def __init__(self, address, *, wrap=0, swap=False):
        self.address, self.wrap, self.swap = address, wrap, swap


class Scalar:
    """Operand: scalar register ``index``."""

    def __init__(self, index):
        self.index = index


class Memory:
    """Destination: fp32 elements in DRAM, readable again as a :class:`Stream` with ``wait``.

    Parameters
    ----------
    address : int
        Byte address of the first element at position 0.
    stride : int
        Bytes from an element to the next; of a ``DOT`` from the result of a row to that of the next row.
    index_stride : int
        Bytes by which a position moves the address.

    Raises
    ------
    ValueError
        If an element would not lie at a multiple of its size.
    """

    def __init__(self, address, *, stride=_FP32_BYTES, index_stride=0):
        for name, value in (("address", address), ("stride", stride), ("stride of positions", index_stride)):
            if value % _FP32_BYTES:
                raise ValueError(f"The {name} of fp32 elements in DRAM must be a multiple of {_FP32_BYTES}, "
                                 f"not {value!r}")
        self.fields = {"sink": Sink.MEMORY, "store_base": address, "store_stride": stride,
                       "store_index_stride": index_stride}


class Stream:
    """Operand or matrix in DRAM.

    Parameters
    ----------
    base : int
        First bus word.
    lines, line_beats, line_stride : int
        ``lines`` runs of ``line_beats`` bus words, ``line_stride`` apart.
    lines_grow : bool
        There are position + 1 lines.
    line_grow : tuple of int or None
        ``(shift, scale)``: a line has ``ceil((position + 1) / 2**shift) * 2**scale`` bus words; with a window
        ``index_stride`` instead of ``2**scale`` for each ``2**shift`` positions.
    index : Index
        Register that moves the base by ``index_stride`` bus words a step.
    wait : bool
        The stream reads what this token stored.
    """

    def __init__(self, base, *, line_beats=0, lines=1, line_stride=0, lines_grow=False, line_grow=None,
                 index=Index.NONE, index_stride=0, wait=False):
        shift, scale = line_grow or (0, 0)
        self.fields = {
            "stream_base": base, "stream_index": index, "stream_index_stride": index_stride,
            "stream_lines": lines, "stream_lines_grow": int(lines_grow), "stream_line_beats": line_beats,
            "stream_line_grow": int(line_grow is not None), "stream_grow_shift": shift,
            "stream_grow_scale": scale, "stream_line_stride": line_stride, "wait": int(wait)}


class ProgramBuilder:
    """Collects the instructions of a program.

    Attributes
    ----------
    program : list of Instruction
    window : gateware.window.Window or None
        That of whatever is appended and grows with the position, or stores codes.
    """

    def __init__(self):
        self.program = []
        self.window = None
        self._table = None
        self._marks = {}

    def _append(self, **fields):
        self.program.append(changed(_EMPTY, **self._marks, **fields))

    @contextmanager
    def marked(self, **marks):
        """Instructions that are appended meanwhile have these values of ``kind`` and ``layer``."""
        before, self._marks = self._marks, self._marks | marks
        yield
        self._marks = before

    def _window(self, applies, sinks_only=False):
        if not applies or self.window is None:
            return {}
        return {"window": 0 if sinks_only else self.window.length, "sinks": self.window.sinks}

    def end(self):
        """The token is complete."""
        with self.marked(kind=Kind.OTHER):
            self._append(opcode=Opcode.END, label="end")

    def dot(self, label, stream, row, *, rows=0, rows_grow=False, vectors_grow=False, columns=1,
            order=CodeOrder.PLANES, paired=False, expand=False, member=0, destination=None, destination_stride=0,
            argmax=False, sinks_only=False):
        """Multiply the rows of ``stream``, of geometry ``row``, with the first ``columns`` of the x-buffer.

        Results go to scratchpad address ``destination`` or, where that is a :class:`Memory`, to DRAM, those of a column
        ``destination_stride`` elements after those of the column before; or nowhere. With ``argmax`` the host can read
        the row of each column's largest. What grows, grows with the position of token ``member`` of the group; with
        ``sinks_only`` not beyond the sinks of the window.
        """
        self._load_table(label, row.format.table)
        self._append(
            opcode=Opcode.DOT, label=label, **stream.fields, member=member, code_order=order, paired=int(paired),
            **_format(row.format),
            packed=int(row.packed), expand=int(expand), vectors=row.vectors, vectors_grow=int(vectors_grow), rows=rows,
            rows_grow=int(rows_grow), headroom=row.headroom(expand=expand), columns=columns,
            destination_stride=destination_stride, reduce=Reduce.ARGMAX if argmax else Reduce.NONE,
            **_destination(destination), **self._window(rows_grow or vectors_grow, sinks_only))

    def _load_table(self, label, table):
        """Load the table of a format unless it is there."""
        if table is None or table == self._table:
            return
        self._table = table
        words = struct.unpack("<4I", struct.pack("<16b", *table))
        self._append(opcode=Opcode.TABLE, label=f"{label}.table", **dict(zip(TABLE_FIELDS, words)))

    def vector(self, label, a, b=1.0, c=0.0, *, length=0, grow=False, function=Function.IDENTITY,
               reduce=Reduce.NONE, into=0, to=None, column=None, member=0, pad=False, **store):
        """``function(a * b + c)`` over ``length`` elements (position of ``member``, plus 1, if ``grow``).

        Floats are immediates. Results go to scratchpad address ``to`` or, where that is a :class:`Memory`, to DRAM; to
        ``column`` of the x-buffer; as codes with ``code_bits`` and ``store_base`` and its strides to DRAM; or nowhere.
        A reduction goes into scalar register ``into``, which holds the scale of codes of 8 and 4 bits.

        Raises
        ------
        ValueError
            If the reduction is that of a ``DOT``.
        """
        if reduce == Reduce.ARGMAX:
            raise ValueError(f"Reduction of pass {label!r} must be that of a VECTOR, not {reduce!r}")
        if column is not None:
            target = {"sink": Sink.COLUMN, "destination": column}
        else:
            target = {"sink": Sink.STORE} if store else _destination(to)
        streams = [operand.fields for operand in (b,) if isinstance(operand, Stream)]
        self._append(
            opcode=Opcode.VECTOR, label=label, member=member, pad=int(pad), length=length, length_grow=int(grow),
            function=function, reduce=reduce, reduce_destination=into, **target,
            **_operand("a", a), **_operand("b", b), **_operand("c", c), **store, **(streams[0] if streams else {}),
            **self._window(grow or bool(store)))

    def scalar(self, label, a, b, c, into, function=Function.IDENTITY):
        """Scalar register ``into`` = ``function(a * b + c)``."""
        self.vector(label, Scalar(a), b, c, length=1, function=function, reduce=Reduce.SUM, into=into)


def _format(form):
    """Fields that describe the codes and scales of a format."""
    return {"code_bits": form.code_bits, "code_kind": form.code_kind, "scale": form.scale_kind,
            "scale_shift": form.super_vectors.bit_length() - 1, "minimum": int(form.minimum),
            "sub_bits": form.sub_bits, "sub_signed": int(form.sub_signed),
            "sub_wide": int(form.vector_subs == 1)}


def _destination(to):
    match to:
        case None:
            return {"sink": Sink.NONE}
        case Memory():
            return to.fields
        case _:
            return {"sink": Sink.SCRATCHPAD, "destination": to}


def _operand(name, operand):
    match operand:
        case Scratch():
            fields = {f"{name}_source": Source.SCRATCHPAD, name: operand.address}
            if operand.wrap:
                fields[f"{name}_wrap"] = operand.wrap
            if operand.swap:
                fields[f"{name}_swap"] = 1
            return fields
        case Scalar():
            return {f"{name}_source": Source.SCALAR, name: operand.index}
        case Stream():
            return {f"{name}_source": Source.STREAM}
        case Source():
            return {f"{name}_source": operand}
        case _:
            return {f"{name}_source": Source.IMMEDIATE, name: fp32_bits(operand)}
