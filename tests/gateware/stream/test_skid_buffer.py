"""Skid buffer: order and throughput under stalls."""

from amaranth.lib import data

from gateware.stream.skid_buffer import SkidBuffer
from testing.streams import run_stream_test


def test_keeps_order_under_stalls():
    values = list(range(1, 200))
    run_stream_test(SkidBuffer(shape=8), inputs={"i": values}, outputs={"o": values}, seeds=range(8),
                    deadline=8000)


def test_one_payload_per_cycle():
    values = list(range(100))
    run_stream_test(SkidBuffer(shape=8), inputs={"i": values}, outputs={"o": values}, stall=0, deadline=103)


def test_structured_payload():
    layout = data.StructLayout({"a": 3, "b": data.ArrayLayout(5, 2)})
    values = [{"a": n % 8, "b": [n % 32, 31 - n % 32]} for n in range(50)]
    run_stream_test(SkidBuffer(shape=layout), inputs={"i": values}, outputs={"o": values})
