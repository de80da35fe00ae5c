"""Processes for Lava, apart because Lava imports whatever lies beside a process."""
