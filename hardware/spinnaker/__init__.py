"""SpiNNaker 1 and 2: populations in S16.15, what a core holds, energy."""
