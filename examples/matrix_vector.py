"""A Q8_0 matrix through `DotEngine`, in a design of one's own: the bytes of a GGUF tensor times a vector.

From the top of the repository: ``python -m examples.matrix_vector``.
"""

from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.sim import Simulator
import gguf
import numpy as np

from gateware.dot.engine import DotEngine
from gateware.exact.block_float import quantise_block
from gateware.exact.dot import headroom_bits
from gateware.isa import CodeKind, Scale
from gateware.layouts import DotResult, QuantisedStripe
from gateware.shapes.dot_shape import DotShape
from host.image.planes import to_planes

BUS_BITS, X_LANES = 64, 4


class MatrixVector(wiring.Component):
    """``rows`` rows of ``vectors`` blocks of Q8_0 times the vector in ``x``: once each time that ``start`` is taken."""

    def __init__(self, *, rows, vectors):
        # What the beats are (docs/instruction-set.md); whatever is not named is 0.
        self._command = {
            "code_bits": 8, "code_kind": CodeKind.SIGNED, "scale": Scale.FP16, "vectors": vectors, "rows": rows,
            "headroom": headroom_bits(code_bits=8, code_kind=CodeKind.SIGNED, growth=(vectors - 1).bit_length()),
            "columns": 1}
        super().__init__({
            "start": In(stream.Signature(0)),
            "x": In(stream.Signature(QuantisedStripe(X_LANES), always_ready=True)),
            "beats": In(stream.Signature(BUS_BITS)),
            "results": Out(stream.Signature(DotResult)),
        })

    def elaborate(self, platform):
        m = Module()
        # 16 multipliers, half a block per cycle; Q8_0 needs none of the decoders.
        m.submodules.engine = engine = DotEngine(
            dot=DotShape(lanes=16, x_elements=256, decoders=()), bus_bits=BUS_BITS, vector_lanes=X_LANES)
        wiring.connect(m, wiring.flipped(self.x), engine.x)
        wiring.connect(m, wiring.flipped(self.beats), engine.beats)
        wiring.connect(m, engine.results, wiring.flipped(self.results))
        m.d.comb += [engine.command.valid.eq(self.start.valid), self.start.ready.eq(engine.command.ready)]
        m.d.comb += [engine.command.p[name].eq(value) for name, value in self._command.items()]
        return m


def pack(tensor):
    """Bus words of a Q8_0 tensor, uint8 (rows, 34 * vectors): of each row all scales, then all codes as bit-planes."""
    blocks = tensor.reshape(len(tensor), -1, 34)
    scales, codes = blocks[:, :, :2], blocks[:, :, 2:].view(np.int8).astype(np.int16)
    parts = [part.reshape(len(tensor), -1) for part in (scales, to_planes(codes, 8))]
    padded = [np.pad(part, ((0, 0), (0, -part.shape[1] % (BUS_BITS // 8)))) for part in parts]
    return np.concatenate(padded, axis=1).reshape(-1).view(f"<u{BUS_BITS // 8}").tolist()


def simulate(tensor, x):
    """The product, float32 (rows,), as the hardware computes it."""
    mantissas, exponents = quantise_block(x, 18)
    dut, products = MatrixVector(rows=len(tensor), vectors=tensor.shape[1] // 34), []

    async def give(ctx, port, payloads):
        for payload in payloads:
            ctx.set(port.payload, payload)
            ctx.set(port.valid, 1)
            await ctx.tick().until(port.ready)
            ctx.set(port.valid, 0)

    async def user(ctx):
        await give(ctx, dut.x, (
            {"column": 0, "index": index, "exponent": int(exponents[index * X_LANES // 256]),
             "mantissas": stripe.tolist()}
            for index, stripe in enumerate(mantissas.reshape(-1, X_LANES))))
        await give(ctx, dut.start, [0])
        await give(ctx, dut.beats, pack(tensor))

    async def results(ctx):
        ctx.set(dut.results.ready, 1)
        for _ in tensor:
            result, = await ctx.tick().sample(dut.results.payload).until(dut.results.valid)
            products.append(result.value)

    simulator = Simulator(dut)
    simulator.add_clock(1e-8)
    simulator.add_testbench(user)
    simulator.add_testbench(results)
    simulator.run()
    return np.array(products, np.uint32).view(np.float32)


if __name__ == "__main__":
    rng = np.random.default_rng(1)
    matrix = gguf.quants.quantize(rng.standard_normal((8, 256), np.float32), gguf.GGMLQuantizationType.Q8_0)
    vector = rng.standard_normal(256, np.float32)
    products = simulate(matrix, vector)
    wanted = gguf.quants.dequantize(matrix, gguf.GGMLQuantizationType.Q8_0).astype(np.float64) @ vector
    for row, numbers in enumerate(zip(products, wanted)):
        print("row {}: {:11.6f}, in float64 {:11.6f}".format(row, *numbers))
