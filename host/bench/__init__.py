"""How fast a model runs on a board: cycle-accurate simulation of representative tokens, and where cycles go.

A board is a configuration, a memory and a clock; a shape is a model's sizes and the format of its weights.
The identical layers of a model are simulated once and counted as often as there are.
"""
