"""Processes for Lava; a folder of their own, because Lava imports whatever lies beside a process."""
