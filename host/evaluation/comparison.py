"""Where the golden model loses precision."""

from dataclasses import dataclass
import math

import numpy as np

from gateware.extent import extent
from gateware.isa import Opcode, Reduce, Sink
from host.compiler.placement import LOGITS
from host.engine.float_program import FloatProgram
from host.engine.model_engine import ModelEngine
from host.engine.program_state import ProgramState
from host.engine.write_log import WriteLog

__all__ = ["Comparison", "InstructionError"]

_UNITS = (Opcode.DOT, Opcode.VECTOR)
_LARGEST = float(np.finfo(np.float32).max)


class _Distance:
    """Relative root mean square of differences, over many arrays."""

    def __init__(self):
        self._squares = self._ideal_squares = 0.0

    def add(self, found, ideal):
        """Arrays or numbers; what fp32 cannot hold must be found as infinity."""
        ideal = np.where(np.abs(ideal) > _LARGEST, np.copysign(np.inf, ideal), ideal)
        with np.errstate(invalid="ignore"):  # infinity minus infinity, which is replaced
            same = (found == ideal) | np.isnan(found) & np.isnan(ideal)
            self._squares += float(np.square(np.where(same, 0, found - ideal)).sum())
        self._ideal_squares += float(np.square(ideal[np.isfinite(ideal)]).sum())

    @property
    def rel_rms(self):
        """Infinity if the ideal is zero and something else was found, or something found is not finite."""
        if self._ideal_squares and math.isfinite(self._squares):
            return math.sqrt(self._squares / self._ideal_squares)
        return math.inf if self._squares else 0.0


@dataclass(frozen=True)
class InstructionError:
    """Distance of what an instruction wrote from the ideal, over all tokens.

    Attributes
    ----------
    index : int
        Place in the program.
    label : str
    result : str
        Where the result goes: ``"scratchpad"``, ``"column"``, ``"KV cache"``, ``"logits"``, ``"DRAM"`` or ``"scalar"``.
    format : str or None
        ggml format of the matrix, if the instruction reads one.
    accumulated : float
        Relative root mean square against a run of the whole program in float64.
    local : float
        The same against float64 on what the golden model had at this point: what this instruction adds.
    """

    index: int
    label: str
    result: str
    format: str | None
    accumulated: float
    local: float


class Comparison:
    """Runs tokens on the golden model and, instruction by instruction, in float64.

    The float64 run has a state of its own: it is the ideal but for the fp32 constants of the image. Beside it
    each instruction is computed once more from the golden model's state.

    Parameters
    ----------
    image : host.image.image.Image

    Attributes
    ----------
    positions, same_argmax : int
        Tokens so far, and those after which both give the same next token.
    """

    def __init__(self, image):
        compiled = image.compiled
        self._compiled = compiled
        self._engine = ModelEngine(image)
        self._float = FloatProgram(image)
        self._log = WriteLog(compiled.program)
        self._ideal, self._model = ProgramState(compiled), ProgramState(compiled)
        self._accumulated, self._local = (
            [(_Distance(), _Distance()) for _ in compiled.program] for _ in range(2))
        self.positions = self.same_argmax = 0

    def step(self, token):
        """Append a token.

        Returns
        -------
        model, ideal : float64 arrays (vocab,)
            Logits.

        Raises
        ------
        CelosiaError
            If the token is not in the vocabulary or the context is full.
        """
        position = self._engine.position
        self._engine.step(token, trace=self._log)
        for index, instruction in enumerate(self._compiled.program):
            if instruction.opcode not in _UNITS:
                continue
            e = extent(instruction, token=token, position=position, bus_bytes=self._compiled.config.memory.bus_bytes)
            found = self._log.take(index, e.length)
            ideal, local = self._float.execute(index, (self._ideal, self._model), token, position)
            if found.scale is not None:
                # Both caches hold values in the golden model's unit: what comes after can then be compared.
                # That of a vector of zeros is 0; the ideal need not be zeros, too.
                unit = found.scale or 1.0
                for results in (ideal, local):
                    results.values, results.scale = results.values / unit, unit
            for distances, results in ((self._accumulated, ideal), (self._local, local)):
                _add(distances[index], found, results)
            self._ideal.write(instruction, ideal, position)
            self._model.write(instruction, found, position)
        logits = tuple(state.memory[LOGITS][1][:self._compiled.model.hyperparameters.vocab].copy()
                       for state in (self._model, self._ideal))
        self.positions += 1
        self.same_argmax += int(logits[0].argmax() == logits[1].argmax())
        return logits

    def errors(self):
        """Errors of all instructions so far.

        Returns
        -------
        list of InstructionError
            In the order of the program.
        """
        def worst(distances):
            return max(distance.rel_rms for distance in distances)

        return [InstructionError(index, instruction.label, _result(instruction), self._format(instruction),
                                 worst(self._accumulated[index]), worst(self._local[index]))
                for index, instruction in enumerate(self._compiled.program)
                if instruction.opcode in _UNITS]

    def _format(self, instruction):
        compiled = self._compiled
        region = compiled.placement.map.region_at(instruction.stream_base * compiled.config.memory.bus_bytes)
        tensor = compiled.placement.tensors.get(region) if instruction.opcode == Opcode.DOT else None
        return tensor and tensor.ggml_type


def _add(distances, found, ideal):
    """Values and their reduction apart: they are of different magnitude."""
    values, reduced = distances
    if found.values is not None:
        values.add(found.values, np.asarray(ideal.values))
    if found.reduced is not None:
        reduced.add(np.array([found.reduced]), np.array([ideal.reduced]))


def _result(instruction):
    match instruction.sink:
        case Sink.NONE:
            return "scalar"
        case Sink.MEMORY:
            return "logits" if instruction.reduce == Reduce.ARGMAX else "DRAM"
        case Sink.STORE:
            return "KV cache"
        case sink:
            return sink.name.lower()
