"""How near an engine is to another one and to the ideal."""
