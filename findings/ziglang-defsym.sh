#!/bin/sh
# ziglang 0.17.1: its C compiler refuses the linker option --defsym, which GNU ld, gold and lld all have.
#
# Firmware hands the size of a memory to its link script as `-Wl,--defsym=MEMORY_BYTES=32768`. `zig cc` passes -T and
# --gc-sections to its linker, but looks at every option itself and does not know this one: an error, before anything is
# compiled. An assignment in a file that the script has by INCLUDE does the same, and links.
#
# Seen: ziglang 0.17.1
#   defsym: status 1, error: unsupported linker arg: --defsym
#   include: status 0, 32768
set -eu
self=$(realpath "$0")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check ziglang==0.17.1
cd "$work"
export ZIG_LOCAL_CACHE_DIR="$work/local" ZIG_GLOBAL_CACHE_DIR="$work/global"
cat > start.s <<'S'
    .globl _start
_start:
    ebreak
    .data
    .word MEMORY_BYTES
S
script='ENTRY(_start) SECTIONS { . = 0; .text : { *(.text) } .data : { *(.data) } }'
echo "$script" > defsym.ld
echo "INCLUDE memory.ld $script" > include.ld
echo 'MEMORY_BYTES = 32768;' > memory.ld
build() {
    "$work/venv/bin/python" -m ziglang cc --target=riscv32-freestanding-none -mcpu=generic_rv32 -nostdlib "$@" \
        start.s -o program.elf > log 2>&1
}
status=0
build -Wl,-T,defsym.ld -Wl,--defsym=MEMORY_BYTES=32768 || status=$?
echo "defsym: status $status, $(grep error log | head -n 1)" > seen
status=0
build -Wl,-T,include.ld || status=$?
value=$("$work/venv/bin/python" - <<'PY'
import struct
elf = open("program.elf", "rb").read()
table, = struct.unpack_from("<I", elf, 28)
size, count = struct.unpack_from("<HH", elf, 42)
last = [struct.unpack_from("<5I", elf, table + index * size) for index in range(count)]
offset, length = max((s[1], s[4]) for s in last if s[0] == 1 and s[4])
print(struct.unpack_from("<I", elf, offset + length - 4)[0])
PY
)
echo "include: status $status, $value" >> seen
cat seen
sed -n 's/^#   //p' "$self" | diff - seen
