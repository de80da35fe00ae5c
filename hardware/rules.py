"""The rules of chips with one recurrent hidden layer that spikes many times a step."""

from __future__ import annotations

from collections.abc import Iterable

import nir
import numpy as np

from .chain import Array, Chain, read_chain
from .target import Family, Rule, Target
from .violation import Violation


def fan_out_fits(chain: Chain, target: Target, _dt: float) -> list[Violation]:
    """No hidden neuron has more synapses than the chip gives one."""
    limit = target.limits.fan_out
    each = np.count_nonzero(chain.w_rec, axis=0)
    most = int(each.max(initial=0))
    if limit is None or most <= limit:
        return []
    where = f"{int((each > limit).sum())} of {len(each)} hidden neurons"
    return [_broken("fan_out_fits", where, most, limit, "prune recurrent weights or units")]


def recurrent_weights_fit(chain: Chain, target: Target, _dt: float) -> list[Violation]:
    """All recurrent synapses together fit the chip's memory."""
    limit, have = target.limits.recurrent, int(np.count_nonzero(chain.w_rec))
    if limit is None or have <= limit:
        return []
    return [_broken("recurrent_weights_fit", "recurrent weights", have, limit, "prune or shrink")]


def first_hidden_neurons_take_input(chain: Chain, target: Target, _dt: float) -> list[Violation]:
    """Only the first hidden neurons have input synapses."""
    limit = target.limits.input_reach
    rows = np.nonzero(chain.w_in.any(axis=1))[0]
    last = int(rows[-1]) + 1 if len(rows) else 0
    if limit is None or last <= limit:
        return []
    remedy = "use fewer units, or order neurons with input first"
    return [_broken("first_hidden_neurons_take_input", "last with input", last, limit, remedy)]


def last_hidden_neurons_feed_output(chain: Chain, target: Target, _dt: float) -> list[Violation]:
    """Only the last hidden neurons have output synapses."""
    limit = target.limits.output_reach
    columns = np.nonzero(chain.w_out.any(axis=0))[0]
    have = chain.w_out.shape[1] - int(columns[0]) if len(columns) else 0
    if limit is None or have <= limit:
        return []
    remedy = "use fewer units, or order neurons that feed the readout last"
    return [_broken("last_hidden_neurons_feed_output", "span to output", have, limit, remedy)]


def time_constants_are_powers_of_two(chain: Chain, target: Target, dt: float) -> list[Violation]:
    """Decays are bit shifts: tau/dt = 2^d; d >= 1 for synapses, whose input decays at once."""
    bits = target.limits.dash_bits
    most = 2**bits - 1 if bits is not None else 15
    found = []
    for name, tau, least in _taus(chain):
        ratio = np.asarray(tau, np.float64) / dt
        with np.errstate(divide="ignore", invalid="ignore"):
            dash = np.log2(ratio)
        wrong = ~(np.isfinite(dash) & (np.abs(dash - np.round(dash)) < 1e-6))
        wrong |= (np.round(dash) < least) | (np.round(dash) > most)
        if wrong.any():
            at = int(np.nonzero(wrong.ravel())[0][0])
            found.append(
                Violation(
                    "time_constants_are_powers_of_two",
                    f"{name}[{at}]"
                    + (f" and {int(wrong.sum()) - 1} more" if wrong.sum() > 1 else ""),
                    f"tau/dt = {ratio.ravel()[at]:.6g}",
                    f"2^{least}..2^{most}",
                    "choose time constants as powers of two of dt, and give the file's own dt",
                )
            )
    return found


def gains_are_the_chips(chain: Chain, _target: Target, dt: float) -> list[Violation]:
    """A synapse adds x and then decays, I = (1 - dt/tau)(I + x); a membrane adds I as it is."""
    found = []
    for name, node in _nodes(chain):
        rate = dt / np.asarray(node.tau_syn, np.float64)
        gain = rate * np.asarray(node.w_in)
        if not np.allclose(gain, 1.0 - rate, rtol=1e-9, atol=1e-12):
            have = f"w_in dt/tau_syn = {gain.ravel()[0]:.6g}"
            remedy = "set w_in = tau_syn/dt - 1 and scale the weights instead"
            found.append(Violation("gains_are_the_chips", name, have, "1 - dt/tau_syn", remedy))
        through = dt / np.asarray(node.tau_mem, np.float64) * np.asarray(node.r)
        if not np.allclose(through, 1.0, rtol=1e-9):
            have = f"r dt/tau_mem = {through.ravel()[0]:.6g}"
            found.append(Violation("gains_are_the_chips", name, have, "1", "set r = tau_mem/dt"))
    return found


def membranes_reset_by_subtraction(chain: Chain, _target: Target, _dt: float) -> list[Violation]:
    """The chip subtracts the threshold; a reset to another value than 0 has no meaning there."""
    return [
        Violation(
            "membranes_reset_by_subtraction",
            name,
            f"v_reset = {np.asarray(node.v_reset).ravel()[0]:.6g}",
            "0",
            "set v_reset to 0; the chip subtracts v_threshold at every spike",
        )
        for name, node in _nodes(chain)
        if np.any(np.asarray(node.v_reset))
    ]


def biases_belong_to_membranes(chain: Chain, _target: Target, _dt: float) -> list[Violation]:
    """A bias is the membrane's (v_leak); synapses have none."""
    remedy = "move the bias into v_leak of the neurons that follow"
    return [
        Violation("biases_belong_to_membranes", name, "a bias", "none", remedy)
        for name in chain.biased
    ]


def thresholds_are_positive(chain: Chain, _target: Target, _dt: float) -> list[Violation]:
    """A threshold of 0 or below would fire for ever."""
    return [
        Violation(
            "thresholds_are_positive",
            name,
            f"{float(np.min(node.v_threshold)):.6g}",
            "above 0",
            "scale weights and thresholds up",
        )
        for name, node in _nodes(chain)
        if not np.all(np.asarray(node.v_threshold) > 0)
    ]


RULES: tuple[Rule, ...] = (
    fan_out_fits,
    recurrent_weights_fit,
    first_hidden_neurons_take_input,
    last_hidden_neurons_feed_output,
    time_constants_are_powers_of_two,
    gains_are_the_chips,
    membranes_reset_by_subtraction,
    biases_belong_to_membranes,
    thresholds_are_positive,
)

CHAINS = Family(
    read=read_chain,
    refusal=Violation(
        "graph_is_one_recurrent_hidden_layer",
        "graph",
        "",
        "Input -> Linear -> CubaLIF (-> Linear -> back) -> Linear -> CubaLIF -> Output",
        "spikes reach another layer of this chip one step later; write the network with "
        "multispike_to_nir",
    ),
    hidden=lambda chain: len(chain.w_in),
    rules=RULES,
)


def _broken(rule: str, where: str, have: int, limit: int, remedy: str) -> Violation:
    return Violation(rule, where, str(have), str(limit), remedy)


def _nodes(chain: Chain) -> list[tuple[str, nir.CubaLIF]]:
    return [(chain.hidden_name, chain.hidden), (chain.readout_name, chain.readout)]


def _taus(chain: Chain) -> Iterable[tuple[str, Array, int]]:
    for name, node in _nodes(chain):
        yield f"{name}.tau_syn", node.tau_syn, 1
        yield f"{name}.tau_mem", node.tau_mem, 0
