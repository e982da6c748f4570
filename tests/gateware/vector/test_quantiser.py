"""Blocks of mantissas and codes against the functions of `vector_pass`, bit for bit."""

import random

from amaranth.sim import Simulator
import numpy as np
import pytest

from gateware.exact.vector_pass import column, scale_bits, stored, stored_integers
from gateware.vector.quantiser import Quantiser

CORNERS = np.array([0x00000000, 0x80000000, 0x007fffff, 0x00800000, 0xbf800000, 0xff7fffff, 0x7f800000,
                    0x7fc00000], np.uint32).view(np.float32)


def vector(rng, length, scale=1.0):
    """Each block has a magnitude of its own."""
    magnitude = np.repeat(2.0**rng.integers(-20, 20, length // 256 + 1), 256)[:length]
    return (scale * rng.standard_normal(length) * magnitude).astype(np.float32)


def run(lanes, vectors, *, code_bits=None, stall=0.0, seed=0, gaps=False):
    """What leaves the quantiser, per vector, and the cycles from the last stripe in to done.

    Codes of ``code_bits``, or mantissas. The scale of a vector is its index, for codes that have none of their own.
    """
    dut = Quantiser(lanes=lanes)
    rng, stalls = np.random.default_rng(seed), random.Random(seed)
    out, tails = [], []

    async def testbench(ctx):
        for index, x in enumerate(vectors):
            out.append([])
            ctx.set(dut.start, 1)
            await ctx.tick()
            ctx.set(dut.start, 0)
            ctx.set(dut.narrow, code_bits is not None)
            ctx.set(dut.code_bits, code_bits or 0)
            ctx.set(dut.scale, index)
            ctx.set(dut.column, index)
            ctx.set(dut.last_lane, (len(x) - 1) % lanes)
            await ctx.tick()
            padded = np.concatenate((x.view(np.uint32), rng.integers(0, 2**32, -len(x) % lanes, np.uint32)))
            for first in range(0, len(x), lanes):
                ctx.set(dut.valid, 1)
                ctx.set(dut.last, first + lanes >= len(x))
                ctx.set(dut.stripe, padded[first:first + lanes].tolist())
                await ctx.tick()
                ctx.set(dut.valid, 0)
                if gaps and first + lanes < len(x):
                    for _ in range(stalls.randrange(3)):
                        await ctx.tick()
            tail = 1
            while not ctx.get(dut.done):
                await ctx.tick()
                tail += 1
            tails.append(tail)
            await ctx.tick()
            assert not ctx.get(dut.done)
        await ctx.tick().repeat(20)

    async def watch(ctx):
        ready = False
        async for *_, wide, stripe, valid, code in ctx.tick().sample(
                dut.x.valid, dut.x.payload, dut.codes.valid, dut.codes.payload):
            if wide:
                out[-1].append((stripe.column, stripe.index, stripe.exponent, list(stripe.mantissas)))
            if valid and ready:
                out[-1].append((code.code, code.scale, code.last))
            ready = stalls.random() >= stall
            ctx.set(dut.codes.ready, ready)

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.add_process(watch)
    simulator.run()
    return out, tails


@pytest.mark.parametrize("lanes,gaps", [(2, True), (4, False), (16, True), (16, False)])
def test_columns(lanes, gaps):
    rng = np.random.default_rng(lanes)
    vectors = [vector(rng, length) for length in (1, 31, 64, 255, 256, 257, 300, 520)]
    vectors += [rng.choice(CORNERS, 40), np.zeros(33, np.float32)]
    out, _ = run(lanes, vectors, gaps=gaps)
    for index, (x, got) in enumerate(zip(vectors, out, strict=True)):
        mantissas, exponents = column(x)
        assert got == [(index, stripe, exponents[stripe * lanes // 256], row.tolist())
                       for stripe, row in enumerate(mantissas.reshape(-1, lanes))], f"length {len(x)}"


def test_a_stripe_per_cycle():
    """The last block leaves as soon as it can, whether blocks came before it or not."""
    rng = np.random.default_rng(1)
    _, tails = run(4, [vector(rng, length) for length in (256, 512, 768)])
    assert tails == [Quantiser.latency(4) + 64 - 1] * 3


@pytest.mark.parametrize("code_bits,lanes,stall", [
    (16, 2, 0.0), (16, 4, 0.5), (16, 8, 0.9), (16, 16, 0.0), (8, 2, 0.5), (8, 16, 0.0), (4, 4, 0.0), (4, 8, 0.5)])
def test_codes(code_bits, lanes, stall):
    rng = np.random.default_rng(lanes)
    vectors = [vector(rng, length) for length in (1, 8, 20, 64, 255)] + [rng.choice(CORNERS, 40)]
    # Numbers of the size of codes, and halves between them.
    vectors.append((rng.integers(-300, 301, 250) / 2).astype(np.float32))
    out, tails = run(lanes, vectors, code_bits=code_bits, stall=stall, seed=lanes)
    for number, (x, got, tail) in enumerate(zip(vectors, out, tails, strict=True)):
        if code_bits == 16:
            codes, exponent = stored(x)
            scale = scale_bits(exponent)
        else:
            codes, scale = stored_integers(x, code_bits), number
        assert got == [(code, scale, int(index == len(x) - 1)) for index, code in enumerate(codes.tolist())]
        if not stall:
            assert tail <= Quantiser.latency(lanes) + len(x) + 2
