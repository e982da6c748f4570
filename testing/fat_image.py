"""File systems as a card has them, for tests: FAT16 and FAT32, with a partition table or without."""

import struct

import numpy as np

__all__ = ["fat_image"]

_BLOCK = 512
_ARCHIVE, _DIRECTORY, _HIDDEN = 0x20, 0x10, 0x02
_BEGIN = 63  # of the partition, in blocks


def fat_image(files, *, bits=32, cluster_blocks=1, partition=True, scattered=False, seed=0):
    """The content of a card.

    Parameters
    ----------
    files : list of (str, bytes)
        In the order of the root folder. A name is a short one, ``MODEL~1.CEL``; one that ends with ``/`` is an empty
        folder, one that begins with ``.`` is hidden, without the point.
    bits : int
        16 or 32.
    cluster_blocks : int
    partition : bool
        Behind a partition table; otherwise the file system begins with the card's first block.
    scattered : bool
        Clusters of a file follow one another in no order.
    seed : int
        Of that order.

    Returns
    -------
    numpy.ndarray
        uint8.
    """
    clusters = 65_600 if bits == 32 else 8_000
    entry = bits // 8
    fat_blocks = -(-(clusters + 2) * entry // _BLOCK)
    reserved, root_blocks = (32, 0) if bits == 32 else (1, 32)
    first_data = reserved + 2 * fat_blocks + root_blocks
    total = first_data + clusters * cluster_blocks
    begin = _BEGIN if partition else 0
    image = np.zeros((begin + total) * _BLOCK, np.uint8)
    table = np.zeros(clusters + 2, "<u4" if bits == 32 else "<u2")
    last = (1 << bits) - 1 & 0x0FFFFFFF if bits == 32 else 0xFFFF
    table[:2] = last
    free = np.arange(3, clusters + 2)
    if scattered:
        free = np.random.default_rng(seed).permutation(free)
    free = list(free[::-1])

    def put(block, data):
        place = (begin + block) * _BLOCK
        image[place:place + len(data)] = np.frombuffer(bytes(data), np.uint8)

    def store(data):
        """Clusters with that content; the first of them, or 0."""
        chain = [int(free.pop()) for _ in range(-(-len(data) // (cluster_blocks * _BLOCK)))]
        for index, cluster in enumerate(chain):
            table[cluster] = chain[index + 1] if index + 1 < len(chain) else last
            put(first_data + (cluster - 2) * cluster_blocks,
                data[index * cluster_blocks * _BLOCK:(index + 1) * cluster_blocks * _BLOCK])
        return chain[0] if chain else 0

    folder = b""
    for name, data in files:
        attributes = _DIRECTORY if name.endswith("/") else _ARCHIVE
        if name.startswith("."):
            attributes |= _HIDDEN
        stem, _, extension = name.strip("./").partition(".")
        first = store(bytes(_BLOCK) if name.endswith("/") else data)
        folder += struct.pack("<8s3sB8xH4xHI", stem.ljust(8).encode(), extension.ljust(3).encode(), attributes,
                              first >> 16, first & 0xFFFF, 0 if name.endswith("/") else len(data))
    table[2] = last  # of FAT32: the root folder
    put(reserved + 2 * fat_blocks, folder)
    for copy in range(2):
        put(reserved + copy * fat_blocks, table.tobytes())
    boot = bytearray(_BLOCK)
    boot[:11] = b"\xeb\x58\x90CELOSIA "
    struct.pack_into("<HBHBHHBHHHII", boot, 11, _BLOCK, cluster_blocks, reserved, 2, 512 if bits == 16 else 0, 0, 0xF8,
                     fat_blocks if bits == 16 else 0, 63, 255, begin, total)
    if bits == 32:
        struct.pack_into("<IHHIHH", boot, 36, fat_blocks, 0, 0, 2, 0, 0)
        struct.pack_into("<BBBI11s8s", boot, 64, 0x80, 0, 0x29, 1, b"NO NAME    ", b"FAT32   ")
    else:
        struct.pack_into("<BBBI11s8s", boot, 36, 0x80, 0, 0x29, 1, b"NO NAME    ", b"FAT16   ")
    boot[510:] = b"\x55\xaa"
    put(0, boot)
    if partition:
        record = struct.pack("<B3sB3sII", 0, b"", 0x0C if bits == 32 else 0x06, b"", begin, total)
        image[446:462] = np.frombuffer(record, np.uint8)
        image[510:512] = 0x55, 0xAA
    return image
