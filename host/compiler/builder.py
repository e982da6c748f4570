"""Instructions from what they mean."""

from contextlib import contextmanager
import struct

from gateware.isa import (CodeOrder, Function, Index, Instruction, Opcode, Reduce, SUPER_VECTORS, Sink, Source,
                          TABLE_FIELDS)
from host.compiler.kind import Kind

__all__ = ["ProgramBuilder", "Scalar", "Scratch", "Stream", "fp32_bits"]


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
        ``(shift, scale)``: a line has ``ceil((position + 1) / 2**shift) * 2**scale`` bus words.
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
    """

    def __init__(self):
        self.program = []
        self._table = None
        self._marks = {}

    def _append(self, **fields):
        self.program.append(Instruction(**self._marks, **fields))

    @contextmanager
    def marked(self, **marks):
        """Instructions that are appended meanwhile have these values of ``kind`` and ``layer``."""
        before, self._marks = self._marks, self._marks | marks
        yield
        self._marks = before

    def end(self):
        """The token is complete."""
        with self.marked(kind=Kind.OTHER):
            self._append(opcode=Opcode.END, label="end")

    def dot(self, label, stream, row, *, rows=0, rows_grow=False, vectors_grow=False, columns=1,
            order=CodeOrder.PLANES, paired=False, expand=False, member=0, sink=Sink.SCRATCHPAD, destination=0,
            destination_stride=0, store_base=0):
        """Multiply the rows of ``stream``, of geometry ``row``, with the first ``columns`` of the x-buffer.

        What grows, grows with the position of token ``member`` of the group.
        """
        self._load_table(label, row.format.table)
        self._append(
            opcode=Opcode.DOT, label=label, **stream.fields, member=member, code_order=order, paired=int(paired),
            **_format(row.format),
            packed=int(row.packed), expand=int(expand), vectors=row.vectors, vectors_grow=int(vectors_grow), rows=rows,
            rows_grow=int(rows_grow), free=row.free(expand=expand), columns=columns, sink=sink,
            destination=destination, destination_stride=destination_stride, store_base=store_base)

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

        Floats are immediates. Results go to scratchpad address ``to``, to ``column`` of the x-buffer, with
        ``code_bits`` and ``store_base`` and its strides to DRAM, or nowhere; a reduction goes into scalar
        register ``into``, which holds the scale of codes of 8 and 4 bits.
        """
        if to is not None:
            sink, destination = Sink.SCRATCHPAD, to
        elif column is not None:
            sink, destination = Sink.COLUMN, column
        else:
            sink, destination = (Sink.STORE if store else Sink.NONE), 0
        streams = [operand.fields for operand in (b,) if isinstance(operand, Stream)]
        self._append(
            opcode=Opcode.VECTOR, label=label, member=member, pad=int(pad), length=length, length_grow=int(grow), function=function,
            reduce=reduce, reduce_destination=into, sink=sink, destination=destination,
            **_operand("a", a), **_operand("b", b), **_operand("c", c), **store, **(streams[0] if streams else {}))

    def scalar(self, label, a, b, c, into, function=Function.IDENTITY):
        """Scalar register ``into`` = ``function(a * b + c)``."""
        self.vector(label, Scalar(a), b, c, length=1, function=function, reduce=Reduce.SUM, into=into)


def _format(form):
    """Fields that describe the codes and scales of a format."""
    return {"code_bits": form.code_bits, "code_kind": form.code_kind, "scale": form.scale_kind,
            "super": int(form.super_vectors == SUPER_VECTORS), "minimum": int(form.minimum),
            "sub_bits": form.sub_bits, "sub_signed": int(form.sub_signed),
            "sub_wide": int(form.vector_subs == 1)}


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
