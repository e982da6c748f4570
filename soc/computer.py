"""Accelerator, link and processor: a board that can start by itself."""

from amaranth.hdl import Cat, Module, ResetInserter, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from gateware.accelerator import Accelerator
from gateware.layouts import BurstRequest
from gateware.memory_port import MemoryPort
from gateware.stream.skid_buffer import SkidBuffer
from soc.cpu.accelerator_port import AcceleratorPort
from soc.cpu.dram_window import DramWindow
from soc.cpu.map import Region
from soc.cpu.microcontroller import Microcontroller
from soc.link.bridge import LinkBridge
from soc.memory_arbiter import MemoryArbiter
from soc.memory_switch import MemorySwitch
from soc.ports import pass_through
from soc.program_guard import ProgramGuard
from soc.register_switch import RegisterSwitch
from soc.registers import Registers
from soc.shared_line import SharedLine

__all__ = ["Computer"]

_INNER = ("bus", "memory")
"""Members of a peripheral that end here."""


class Computer(wiring.Component):
    """:class:`soc.system.System` with a processor that has its own terminal on the same line; portable.

    ::

        rx, tx <--> SharedLine <--> Microcontroller ---+--> DramWindow, others of the bus
                        |                              '--> AcceleratorPort
                        v                                        |
                    LinkBridge --------------------------> RegisterSwitch --> Registers
                                                                                  |
        LinkBridge, DramWindow --> MemoryArbiter --+                             | control
                                                   |                              v
      memory <--- SkidBuffer <--- MemorySwitch +--- ProgramGuard <-----> Accelerator

    * **DRAM.** It belongs to the accelerator while that runs; else link and processor take turns, request by request.
      A word of the processor that is under way when a program starts comes before the first of the program. What link
      or processor want of it at another time is refused, not put off.
    * **Accelerator.** Whoever writes START first has it until the program ends; both see that in BUSY. The processor
      can keep it to itself for longer: register OWN.
    * **Link.** Until the DRAM is ready its requests for memory, and its writes to registers, are answered with BUSY.
      The register file has version 3: ABORT and FAULT.

    Parameters
    ----------
    config : gateware.config.Config
    memory_bytes : int
        Size of the DRAM; see :class:`soc.link.bridge.LinkBridge`. The processor reaches 1 GiB of it.
    program : bytes
        Of the processor; see :mod:`flow.firmware`.
    clock_hz : float
        Cycles per second.
    peripherals : dict of Region to wiring.Component
        What else lies on the processor's bus: with ``bus``, In(ProcessorBus). If it has ``memory``, Out(MemoryPort), it
        takes turns with the processor's window; while a program runs its requests wait. Its other members are members
        of this, under the same names.

    Members
    -------
    rx : In(stream of 8)
    tx : Out(stream of 8)
    memory : Out(MemoryPort)
    dram_ready : In(1)
        The DRAM is up.
    busy : Out(1)
        The accelerator is running.
    active : Out(1)
        A request is in progress, or something has to be found out about a byte that has come, or the processor is doing
        something else than waiting for one.
    accepted, refused : Out(1)
        See :class:`soc.link.bridge.LinkBridge`.
    dropped : Out(1)
        Pulse: a byte for the processor was lost.
    stopped : Out(1)
        See :class:`soc.cpu.processor.Processor`.
    program_counter : Out(16)
        See :class:`gateware.accelerator.Accelerator`.
    """

    SILENCE_SECONDS = 0.02
    """What has begun as a frame, and pauses for so long, will not end: :class:`soc.line_splitter.LineSplitter`."""

    def __init__(self, config, *, memory_bytes, program, clock_hz, peripherals=None):
        self._config, bus_bits = config, config.memory.bus_bits
        self._accelerator = Accelerator(config)
        self._guard = ProgramGuard(bus_bits=bus_bits, memory_bytes=memory_bytes)
        self._bridge = LinkBridge(
            identity=config.image_key, bus_bits=bus_bits, memory_bytes=memory_bytes, shared=True)
        self._registers = Registers(
            identity=config.image_key, bus_bytes=bus_bits // 8, memory_bytes=memory_bytes, guarded=True)
        self._window = DramWindow(bus_bits=bus_bits, memory_bytes=memory_bytes)
        self._arbiter, self._switch = MemoryArbiter(bus_bits=bus_bits), MemorySwitch(bus_bits=bus_bits)
        self._port = AcceleratorPort()
        self._line = SharedLine(timeout=round(self.SILENCE_SECONDS * clock_hz))
        self._peripherals = dict(peripherals or {})
        self._microcontroller = Microcontroller(
            program=program, clock_hz=clock_hz, others=(Region.DRAM, Region.ACCELERATOR, *self._peripherals))
        super().__init__({
            "rx": In(stream.Signature(8)),
            "tx": Out(stream.Signature(8)),
            "memory": Out(MemoryPort(bus_bits)),
            "dram_ready": In(1),
            "busy": Out(1),
            "active": Out(1),
            "accepted": Out(1),
            "refused": Out(1),
            "dropped": Out(1),
            "stopped": Out(1),
            "program_counter": Out(16),
        } | {name: member for peripheral in self._peripherals.values()
             for name, member in peripheral.signature.members.items() if name not in _INNER})

    def elaborate(self, platform):
        m = Module()
        m.submodules.accelerator = ResetInserter(self._guard.reset)(self._accelerator)
        m.submodules.guard, m.submodules.bridge, m.submodules.line = self._guard, self._bridge, self._line
        m.submodules.microcontroller = self._microcontroller
        self._join_line(m)
        self._join_registers(m)
        self._join_memory(m)
        self._join_peripherals(m)
        m.d.comb += [
            self.busy.eq(self._guard.control.busy),
            self.accepted.eq(self._bridge.accepted),
            self.refused.eq(self._bridge.refused),
            self.dropped.eq(self._line.dropped),
            self.stopped.eq(self._microcontroller.stopped),
            self.active.eq(self._bridge.active | self._line.waiting
                           | ~(self._microcontroller.waits | self._microcontroller.stopped)),
            self.program_counter.eq(self._accelerator.program_counter),
        ]
        return m

    def _join_line(self, m):
        line, bridge, microcontroller = self._line, self._bridge, self._microcontroller
        connect(m, flipped(self.rx), line.rx)
        connect(m, line.tx, flipped(self.tx))
        connect(m, line.to_bridge, bridge.rx)
        connect(m, bridge.tx, line.from_bridge)
        connect(m, line.typed, microcontroller.typed)
        connect(m, microcontroller.shown, line.shown)

    def _join_registers(self, m):
        registers, port, bridge, guard = self._registers, self._port, self._bridge, self._guard
        m.submodules.registers, m.submodules.port = registers, port
        m.submodules.register_switch = switch = RegisterSwitch()
        connect(m, self._microcontroller.accelerator, port.bus)
        connect(m, bridge.registers, switch.link)
        connect(m, port.registers, switch.processor)
        connect(m, registers.control, guard.control)
        connect(m, guard.accelerator, self._accelerator.control)
        for name in ("index", "write", "data"):
            m.d.comb += getattr(registers, name).eq(getattr(switch, name))
        for name in ("value", "readable", "writable", "allowed"):
            m.d.comb += getattr(switch, name).eq(getattr(registers, name))
        m.d.comb += [
            guard.abort.eq(registers.abort),
            registers.fault.eq(guard.fault),
            switch.busy.eq(guard.control.busy),
            switch.claimed.eq(port.claimed | ~self.dram_ready),
            port.ready.eq(self.dram_ready),
            port.busy.eq(guard.control.busy),
            port.link.eq(bridge.active),
            port.link_writes.eq(bridge.registers.use & bridge.registers.granted & bridge.registers.write),
        ]

    def _join_memory(self, m):
        window, arbiter, switch, guard, port = self._window, self._arbiter, self._switch, self._guard, self._port
        m.submodules.window, m.submodules.arbiter, m.submodules.switch = window, arbiter, switch
        connect(m, self._microcontroller.dram, window.bus)
        connect(m, self._bridge.memory, arbiter.masters[0])
        stale = [self._bridge.memory.write_request]
        mine = window.memory
        for region, peripheral in self._peripherals.items():
            if "memory" in peripheral.signature.members:
                m.submodules[f"arbiter_{region.name.lower()}"] = turns = MemoryArbiter(
                    bus_bits=self._config.memory.bus_bits)
                m.d.comb += turns.enable.eq(1)
                connect(m, mine, turns.masters[0])
                connect(m, peripheral.memory, turns.masters[1])
                mine = turns.memory
                stale.append(peripheral.memory.write_request)
        connect(m, mine, arbiter.masters[1])
        connect(m, arbiter.memory, switch.masters[0])
        connect(m, self._accelerator.memory, guard.master)
        connect(m, guard.memory, switch.masters[1])
        # What the controller says of requests ends here: behind it are the switch, the arbiters and their gates. A
        # request takes a cycle for that; requests and words still pass one in a cycle.
        for name in ("read_request", "write_request"):
            m.submodules[name] = requests = SkidBuffer(shape=BurstRequest)
            connect(m, getattr(switch.memory, name), requests.i)
            connect(m, requests.o, flipped(getattr(self.memory, name)))
        for name in ("read_data", "write_data"):
            connect(m, getattr(switch.memory, name), flipped(getattr(self.memory, name)))
        m.d.comb += switch.memory.write_done.eq(self.memory.write_done)
        busy = guard.control.busy
        m.d.comb += [
            window.available.eq(self.dram_ready & ~busy),
            window.stale.eq(busy | Cat(requests.valid & requests.ready for requests in stale).any()),
            window.flush.eq(port.flush),
            port.flushed.eq(window.flushed),
            port.unavailable.eq(window.unavailable),
            port.outside.eq(window.outside),
            # The window begins nothing while a program runs, and what it has begun ends first.
            arbiter.enable.eq(~busy | window.active),
        ]
        # The accelerator has the port once nothing of the others is under way; they have it back when it has ended, and
        # then nothing of it is.
        second = Signal()
        m.d.sync += second.eq(~arbiter.enable & arbiter.idle)
        m.d.comb += switch.second.eq(second)

    def _join_peripherals(self, m):
        for region, peripheral in self._peripherals.items():
            name = region.name.lower()
            m.submodules[name] = peripheral
            connect(m, getattr(self._microcontroller, name), peripheral.bus)
            pass_through(m, self, peripheral, [
                name for name in peripheral.signature.members if name not in _INNER])
