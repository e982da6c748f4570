"""Names that the ports of a design have at its top level."""

__all__ = ["memory_port_name"]


def memory_port_name(signal):
    """Name that a signal of ``memory``, Out(:func:`gateware.memory_port.MemoryPort`), has at the top level of a design.

    Parameters
    ----------
    signal : str
        Without punctuation: ``read_request_valid``, ``write_data_payload``, ``write_done``.

    Returns
    -------
    str
        ``memory__read_request__valid``, ``memory__write_data__payload``, ``memory__write_done``.
    """
    stream, _, part = signal.rpartition("_")
    return f"memory__{signal}" if part == "done" else f"memory__{stream}__{part}"
