"""Where designs put the Verilog of modules that they have instances of."""

__all__ = ["VerilogFiles"]


class VerilogFiles:
    """A platform that takes files, and is otherwise another one.

    Parameters
    ----------
    platform : object
        What a design asks for and is not here it finds there: the vendor's variants.

    Attributes
    ----------
    files : dict of str to str
        Verilog, by the names of the files.
    """

    def __init__(self, platform=None):
        self._platform, self.files = platform, {}

    def __getattr__(self, name):
        return getattr(self._platform, name)

    def add_file(self, name, text):
        self.files[name] = text

    @property
    def text(self):
        """All of it (str)."""
        return "".join(self.files.values())
