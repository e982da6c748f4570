# Where the processor begins: a stack, memory that C takes to be zero, and main. Data need no copy: they lie in the
# memory that the program was loaded to, so that a reset does not bring back what they began with.
    .section .text.start, "ax"
    .globl _start
_start:
    la sp, _stack
    la a0, _bss
    la a1, _bss_end
1:  bgeu a0, a1, 2f
    sw zero, 0(a0)
    addi a0, a0, 4
    j 1b
2:  call main
    ebreak
