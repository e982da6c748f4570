"""The small processor of a board, and what lies on its bus.

    Processor --ProcessorBus--> BusDecoder --+--> ProgramMemory
                                             +--> Console <--> bytes of a terminal
                                             '--> Timer

`map.py` is the only definition of addresses and registers, `board_file.py` of the file that has a model and all that
the firmware needs of it; the firmware's headers are printed from them.
"""
