"""In which order the nodes of a graph are evaluated, and which edges are a step late for it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable
from typing import Literal

from spiking.errors import GraphError

Edge = tuple[str, str]
Order = Literal["depth first", "nirtorch", "nirtorch.load"]
Plan = tuple[list[str], set[Edge]]


def schedule(
    nodes: Iterable[str],
    edges: list[Edge],
    source: str,
    *,
    late: Collection[Edge] = (),
    order: Order = "depth first",
) -> Plan:
    """Nodes in an order of evaluation, and the edges that carry the value of the step before.

    nodes   names in the order of the file
    late    edges that are delayed anyway, and so close no loop within a step

    Raises GraphError where no order exists.
    """
    prompt = [edge for edge in edges if edge not in late]
    starts = [source, *dict.fromkeys(b for _, b in edges if (_, b) in late)]
    return _ORDERS[order](list(nodes), prompt, starts)


def _depth_first(_nodes: list[str], edges: list[Edge], starts: list[str]) -> Plan:
    """Follow edges in their written order; one back to a node that is still open closes a loop."""
    following: dict[str, list[str]] = {}
    for a, b in edges:
        following.setdefault(a, []).append(b)
    done: list[str] = []
    open_nodes: set[str] = set()
    finished: set[str] = set()
    delayed: set[Edge] = set()
    for start in starts:
        if start in finished:
            continue
        open_nodes.add(start)
        stack = [(start, iter(following.get(start, [])))]
        while stack:
            name, rest = stack[-1]
            child = next(rest, None)
            if child is None:
                stack.pop()
                open_nodes.discard(name)
                finished.add(name)
                done.append(name)
            elif child in open_nodes:
                delayed.add((name, child))
            elif child not in finished:
                open_nodes.add(child)
                stack.append((child, iter(following.get(child, []))))
    return done[::-1], delayed


def _nirtorch(nodes: list[str], edges: list[Edge], starts: list[str]) -> Plan:
    """As nirtorch 2.6, nir_to_torch: nodes as the file has them, put back until their feeds exist.

    A node of several feeds that waits for one in a loop with it takes last step's value instead.
    """
    feeds = {name: [a for a, b in edges if b == name] for name in nodes}
    reached = _reaching(nodes, edges)
    queue, done, delayed = deque(nodes), [starts[0]], set()
    queue.rotate(-nodes.index(starts[0]))  # what stands before the input goes to the end
    queue.popleft()
    waited = 0
    while queue:
        name = queue.popleft()
        missing = [feed for feed in feeds[name] if feed not in done]
        looped = [feed for feed in missing if len(feeds[name]) > 1 and feed in reached[name]]
        if len(looped) < len(missing) or not feeds[name]:
            queue.append(name)
            waited += 1
            if waited > len(queue):
                break  # what is left is not reached from the input
            continue
        waited = 0
        done.append(name)
        delayed |= {(feed, name) for feed in looped}
    return done, delayed


def _nirtorch_load(_nodes: list[str], edges: list[Edge], starts: list[str]) -> Plan:
    """As nirtorch 2.6, load: nodes as a walk meets them; what is later is taken from before."""
    following: dict[str, list[str]] = {}
    for a, b in edges:
        following.setdefault(a, []).append(b)
    done: list[str] = []
    stack = [starts[0]]
    while stack:
        name = stack.pop()
        if name in done:
            continue
        done.append(name)
        stack += reversed(following.get(name, []))
    place = {name: at for at, name in enumerate(done)}
    delayed = {(a, b) for a, b in edges if a in place and b in place and place[a] >= place[b]}
    return done, delayed


_ORDERS: dict[str, Callable[[list[str], list[Edge], list[str]], Plan]] = {
    "depth first": _depth_first,
    "nirtorch": _nirtorch,
    "nirtorch.load": _nirtorch_load,
}


def _reaching(nodes: list[str], edges: list[Edge]) -> dict[str, set[str]]:
    """Every node that can be reached from each."""
    following: dict[str, list[str]] = {}
    for a, b in edges:
        following.setdefault(a, []).append(b)
    found = {}
    for name in nodes:
        seen: set[str] = set()
        stack = list(following.get(name, []))
        while stack:
            each = stack.pop()
            if each not in seen:
                seen.add(each)
                stack += following.get(each, [])
        found[name] = seen
    return found


def require_order(order: list[str], sink: str, source: str) -> None:
    """GraphError unless the output was reached."""
    if sink not in order:
        raise GraphError(f"the output node {sink!r} is not reached from the input {source!r}")
