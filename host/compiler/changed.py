"""A copy of an instruction with other values of some fields."""

__all__ = ["changed"]


def changed(instruction, **fields):
    """What `dataclasses.replace` returns, without a look at all the fields that stay: there are more than sixty.

    Compiling copies every instruction several times.

    Parameters
    ----------
    instruction : gateware.isa.Instruction
    fields : dict
        Their values in the copy.

    Returns
    -------
    gateware.isa.Instruction

    Raises
    ------
    TypeError
        If an instruction has no such field.
    """
    copy = object.__new__(type(instruction))
    values = vars(copy)
    values.update(vars(instruction))
    if not fields.keys() <= values.keys():
        raise TypeError(f"An instruction has no field {min(fields.keys() - values.keys())!r}")
    values.update(fields)
    return copy
