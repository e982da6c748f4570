"""What steps of an engine cost."""

from dataclasses import dataclass
from time import perf_counter

__all__ = ["StepCost", "costs_of", "measured_step"]


@dataclass(frozen=True)
class StepCost:
    """Cost of one step.

    Attributes
    ----------
    seconds : float
        Time that passed on this machine.
    cycles, bus_beats : int or None
        Clock cycles simulated and words that passed the memory bus; None where the engine knows no clock.
    decode : bool
        Whether a token was chosen after the step (the steps of a prompt but its last are prefill).
    """

    seconds: float
    cycles: int | None
    bus_beats: int | None
    decode: bool


def measured_step(engine, token, *, logits, decode):
    """Run ``engine.step(token, logits=logits)``; returns its result and its `StepCost`."""
    cycles, beats, start = engine.cycles, engine.bus_beats, perf_counter()
    result = engine.step(token, logits=logits)
    seconds = perf_counter() - start
    if cycles is None:
        return result, StepCost(seconds, None, None, decode)
    return result, StepCost(seconds, engine.cycles - cycles, engine.bus_beats - beats, decode)


def costs_of(steps, bus_bytes):
    """Averages for a report.

    Parameters
    ----------
    steps : list of StepCost
    bus_bytes : int or None
        Bytes of a bus word, the most that a cycle can carry; None without a bus.

    Returns
    -------
    dict
        ``cycles_per_token``, ``bus_bytes_per_token`` and ``bus_utilisation`` are averages over the decode
        steps, ``bus_bytes_per_cycle`` is the peak, ``simulated_cycles_per_second`` and ``seconds`` are of
        all steps. What the engine does not know is None.
    """
    seconds = sum(step.seconds for step in steps)
    report = dict.fromkeys(("cycles_per_token", "bus_bytes_per_token", "bus_bytes_per_cycle",
                            "bus_utilisation", "simulated_cycles_per_second"))
    decode = [step for step in steps if step.decode]
    if decode and decode[0].cycles is not None:
        cycles = sum(step.cycles for step in decode)
        beats = sum(step.bus_beats for step in decode)
        report = {
            "cycles_per_token": cycles / len(decode),
            "bus_bytes_per_token": beats * bus_bytes / len(decode),
            "bus_bytes_per_cycle": bus_bytes,
            "bus_utilisation": beats / cycles,
            "simulated_cycles_per_second": sum(step.cycles for step in steps) / seconds,
        }
    return report | {"seconds": seconds}
