"""What steps of an engine cost."""

from dataclasses import dataclass
from time import perf_counter

__all__ = ["StepCost", "costs_of", "measured_step"]


@dataclass(frozen=True)
class StepCost:
    """Cost of one step: some tokens enter the context together.

    Attributes
    ----------
    seconds : float
        Time that passed on this machine.
    cycles, bus_beats : int or None
        Clock cycles simulated and words that passed the memory bus; None where the engine knows no clock.
    fed : int
        Tokens that went through the model.
    prefill : bool
        Whether they were the prompt's; the last group of a prompt gives the first token of the continuation.
    generated : int
        Tokens that were chosen after the step.
    drafted : int
        Tokens among `fed` that were drafts; ``generated - 1`` of them were accepted.
    """

    seconds: float
    cycles: int | None
    bus_beats: int | None
    fed: int = 1
    prefill: bool = False
    generated: int = 0
    drafted: int = 0


def measured_step(engine, tokens, *, rows, logits, prefill=False):
    """Run ``engine.extend(tokens, rows=rows, logits=logits)``.

    Returns
    -------
    float32 array (rows, vocab) or None
        What the engine returned.
    StepCost
        Without what only the caller can know: `generated` and `drafted`.
    """
    cycles, beats, start = engine.cycles, engine.bus_beats, perf_counter()
    result = engine.extend(tokens, rows=rows, logits=logits)
    seconds = perf_counter() - start
    if cycles is not None:
        cycles, beats = engine.cycles - cycles, engine.bus_beats - beats
    return result, StepCost(seconds, cycles, beats, len(tokens), prefill)


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
        ``prefill_cycles_per_token`` is of the tokens of the prompt. ``cycles_per_token`` and
        ``bus_bytes_per_token`` are of the tokens generated after the first, which comes with the prompt;
        ``bus_utilisation`` is of the steps that generated them, ``bus_bytes_per_cycle`` is the peak,
        ``simulated_cycles_per_second`` and ``seconds`` are of all steps. What the engine does not know, or
        did not do, is None. ``drafted`` and ``accepted`` count the tokens of speculation.
    """
    seconds = sum(step.seconds for step in steps)
    report = dict.fromkeys(("prefill_cycles_per_token", "cycles_per_token", "bus_bytes_per_token",
                            "bus_bytes_per_cycle", "bus_utilisation", "simulated_cycles_per_second"))
    if steps and steps[0].cycles is not None:
        prefill, decode = ([step for step in steps if step.prefill == kind] for kind in (True, False))
        report |= {"bus_bytes_per_cycle": bus_bytes,
                   "simulated_cycles_per_second": sum(step.cycles for step in steps) / seconds}
        if prefill:
            report["prefill_cycles_per_token"] = (sum(step.cycles for step in prefill)
                                                  / sum(step.fed for step in prefill))
        if decode:
            cycles, beats = sum(step.cycles for step in decode), sum(step.bus_beats for step in decode)
            generated = sum(step.generated for step in decode)
            report |= {"cycles_per_token": cycles / generated, "bus_bytes_per_token": beats * bus_bytes / generated,
                       "bus_utilisation": beats / cycles}
    return report | {"drafted": sum(step.drafted for step in steps),
                     "accepted": sum(step.generated - 1 for step in steps if step.drafted),
                     "seconds": seconds}
