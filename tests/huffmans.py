"""Huffman's code, for the tests that compare with it."""

import heapq


def huffman(counts: list[int]) -> int:
    """How many bits Huffman's code takes for symbols that occur so often."""
    heap, bits = list(counts), 0
    heapq.heapify(heap)
    while len(heap) > 1:
        both = heapq.heappop(heap) + heapq.heappop(heap)
        bits += both
        heapq.heappush(heap, both)
    return bits
