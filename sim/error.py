"""The error that stops a simulation."""


__all__ = ["SimulationError"]


class SimulationError(RuntimeError):
    """The design did something that must not happen.

    Parameters
    ----------
    what : str
    cycle : int
        When.
    instruction : str
        At which instruction of the program, in words; `None` if the design does not tell.

    Members
    -------
    what, cycle, instruction
        As given. The message holds all three.
    """

    def __init__(self, what, *, cycle, instruction=None):
        super().__init__(f"{what}; in cycle {cycle}" + (f", at {instruction}" if instruction else ""))
        self.what, self.cycle, self.instruction = what, cycle, instruction
