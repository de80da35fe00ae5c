"""In which order the nodes of a graph are evaluated, and which edges are a step late for it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Literal

from spiking.errors import GraphError

Edge = tuple[str, str]
Order = Literal["depth first", "depth first from each", "nirtorch", "nirtorch.load"]
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
    starts = [source, *dict.fromkeys(b for a, b in edges if (a, b) in late)]
    return _ORDERS[order](list(nodes), prompt, starts)


def neighbours(edges: Iterable[Edge]) -> dict[str, list[str]]:
    """What the edges of each node lead to, in their order."""
    following: dict[str, list[str]] = {}
    for a, b in edges:
        following.setdefault(a, []).append(b)
    return following


def reached(starts: Iterable[str], edges: Iterable[Edge]) -> set[str]:
    """Every node that can be reached from one of `starts`, these included."""
    following, seen, stack = neighbours(edges), set[str](), list(starts)
    while stack:
        name = stack.pop()
        if name not in seen:
            seen.add(name)
            stack += following.get(name, [])
    return seen


def loops(edges: Iterable[Edge]) -> dict[str, str]:
    """The nodes that stand in a loop, each with the name of its loop.

    Two that can reach each other share one (Kosaraju's strongly connected components).
    """
    edges = list(edges)
    order, _ = _depth_first([], edges, [a for a, _ in edges])
    before = neighbours((b, a) for a, b in edges)
    component: dict[str, str] = {}
    for start in order:
        stack = [start]
        while stack:
            name = stack.pop()
            if name not in component:
                component[name] = start
                stack += before.get(name, [])
    looped = {component[a] for a, b in edges if component[a] == component[b]}
    return {name: own for name, own in component.items() if own in looped}


def _depth_first(_nodes: list[str], edges: list[Edge], starts: list[str]) -> Plan:
    """Follow edges in their written order; one back to a node that is still open closes a loop."""
    following = neighbours(edges)
    done: list[str] = []
    under_way: set[str] = set()
    finished: set[str] = set()
    delayed: set[Edge] = set()
    for start in starts:
        stack: list[tuple[str, Iterator[str]]] = []
        if start not in finished:
            under_way.add(start)
            stack.append((start, iter(following.get(start, []))))
        while stack:
            name, rest = stack[-1]
            child = next(rest, None)
            if child is None:
                stack.pop()
                under_way.discard(name)
                finished.add(name)
                done.append(name)
            elif child in under_way:
                delayed.add((name, child))
            elif child not in finished:
                under_way.add(child)
                stack.append((child, iter(following.get(child, []))))
    return done[::-1], delayed


def _from_each(nodes: list[str], edges: list[Edge], _starts: list[str]) -> Plan:
    """As sc-neurocore 3.16 does: depth first from every node in the order of the file."""
    return _depth_first(nodes, edges, nodes)


def _nirtorch(nodes: list[str], edges: list[Edge], starts: list[str]) -> Plan:
    """As nirtorch 2.6, nir_to_torch: nodes as the file has them, put back until their feeds exist.

    A node of several feeds that waits for one in a loop with it takes last step's value instead.
    """
    order, delayed, _ = _queued(nodes, edges, starts)
    return order, delayed


def put_back(nodes: Iterable[str], edges: list[Edge], source: str) -> set[str]:
    """The nodes that nirtorch 2.6 puts back at least once; GraphError where it never ends."""
    return _queued(list(nodes), edges, [source])[2]


def _queued(
    nodes: list[str], edges: list[Edge], starts: list[str]
) -> tuple[list[str], set[Edge], set[str]]:
    feeds, loop = neighbours((b, a) for a, b in edges), loops(edges)
    queue = deque(nodes)
    queue.rotate(-nodes.index(starts[0]))  # what stands before the input goes to the end
    done, delayed, back = {queue.popleft(): None}, set[Edge](), set[str]()
    waited = 0
    while queue:
        if waited == len(queue):
            raise GraphError(f"nirtorch waits for ever for what feeds {', '.join(sorted(queue))}")
        name = queue.popleft()
        own = feeds.get(name, [])
        missing = [feed for feed in own if feed not in done]
        looped = [
            feed
            for feed in missing
            if len(own) > 1 and name in loop and loop[name] == loop.get(feed)
        ]
        if (not own and name not in starts) or len(looped) < len(missing):
            queue.append(name)
            back.add(name)
            waited += 1
            continue
        waited = 0
        done[name] = None
        delayed |= {(feed, name) for feed in looped}
    return list(done), delayed, back


def _nirtorch_load(_nodes: list[str], edges: list[Edge], starts: list[str]) -> Plan:
    """As nirtorch 2.6, load: nodes as a walk meets them; what is later is taken from before."""
    following = neighbours(edges)
    place: dict[str, int] = {}
    stack = [starts[0]]
    while stack:
        name = stack.pop()
        if name not in place:
            place[name] = len(place)
            stack += reversed(following.get(name, []))
    delayed = {(a, b) for a, b in edges if a in place and b in place and place[a] >= place[b]}
    return list(place), delayed


_ORDERS: dict[str, Callable[[list[str], list[Edge], list[str]], Plan]] = {
    "depth first": _depth_first,
    "depth first from each": _from_each,
    "nirtorch": _nirtorch,
    "nirtorch.load": _nirtorch_load,
}
