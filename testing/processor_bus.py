"""A master of the processor's bus in Amaranth's own simulator."""

__all__ = ["access", "accesses"]


async def access(ctx, bus, address, *, strobes=0, data=0):
    """One access, from `valid` on to the cycle after `ready`.

    Returns
    -------
    int, int
        What was read, and the cycles that it took.
    """
    for member, value in (bus.address, address), (bus.strobes, strobes), (bus.write_data, data), (bus.valid, 1):
        ctx.set(member, value)
    cycles, ready = 0, False
    while not ready:
        *_, ready, read = await ctx.tick().sample(bus.ready, bus.read_data)
        cycles += 1
        assert cycles < 100, f"no answer at address {address:#x}"
    ctx.set(bus.valid, 0)
    return read, cycles


async def accesses(ctx, bus, steps, rng, stall):
    """Accesses (address, strobes, data) one after another, with pauses of random length; yields what each returns.

    In a pause what is not `valid` is random.
    """
    for address, strobes, data in steps:
        while rng.random() < stall:
            for member in bus.address, bus.strobes, bus.write_data:
                ctx.set(member, rng.getrandbits(len(member)) & (~3 if member is bus.address else -1))
            await ctx.tick()
        yield await access(ctx, bus, address, strobes=strobes, data=data)
