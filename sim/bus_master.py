"""C that runs on this machine as the master of a simulated processor's bus."""

import ctypes

__all__ = ["BusMaster"]

_PORTS = ("valid", "address", "strobes", "write_data", "ready", "read_data")


class BusMaster:
    """Two functions for C to call: each runs a compiled design until an access to its bus is done.

    No Python is called by them. C knows no simulation, so there is one master at a time: the last that was made.

    Parameters
    ----------
    simulation : sim.compiled.CompiledSimulation
        Of a design with ``bus``, In(soc.cpu.bus.ProcessorBus).
    most_cycles : int
        Of an access; one that takes longer is an error.

    Members
    -------
    read, write : function
        ``uint32_t read(uint32_t address)`` and ``void write(uint32_t address, uint32_t value)``, of ctypes. After an
        error of the simulation they do nothing.

    Raises
    ------
    ValueError
        If the design has no such port.
    """

    def __init__(self, simulation, *, most_cycles=10_000):
        self._simulation = simulation
        loop = simulation._loop
        ports = [simulation._port_index(f"bus__{name}") for name in _PORTS]
        loop.simulation_bus(simulation._handle, (ctypes.c_uint32 * len(ports))(*ports), most_cycles)
        self.read, self.write = loop.simulation_bus_read, loop.simulation_bus_write

    def check(self):
        """To be called when the C has returned.

        Raises
        ------
        SimulationError
            If something went wrong meanwhile.
        """
        self._simulation._settled = False
        self._simulation._check()
