"""Drivers of vendors' simulators: one module each, with numpy and the vendor's package alone.

A worker has one function,

    run(about, arrays, arriving, watched) -> {"spikes": {group: array}, "potentials": {...},
                                              "currents": {...}}

about, arrays  a configuration, as `hardware.artefacts.packed` writes it
arriving       what the input channels carry  # (batch, ticks, channels)
watched        groups whose potentials (and currents, where there are any) are wanted

All groups that can fire have spikes; arrays are (batch, ticks, neurons) integers. It knows nothing
else of this project, because it may run under another Python and another numpy.

`sanafe_worker` and `spynnaker_worker` are asked for joules and for a mapping instead; what they
return stands there.
"""
