"""Loihi 1 and 2: populations in ticks, registers, cores, files and energy."""
