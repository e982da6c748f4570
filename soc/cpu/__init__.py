"""The small processor of a board, and what lies on its bus.

    Processor --ProcessorBus--> BusDecoder --+--> ProgramMemory
                                             +--> Console <--> bytes of a terminal
                                             +--> Timer
                                             '--> ControlPort --ControlBus--> the DRAM's controller

`map.py` is the only definition of addresses and registers; the firmware's header is printed from it.
"""
