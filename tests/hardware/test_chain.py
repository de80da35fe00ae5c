"""A chain is recognised by types and edges, and nothing else is taken for one."""

import nir
import numpy as np

from hardware.chain import neurons, read_chain, width
from tests.hardware.chips import chain


def test_weights_are_found_where_they_stand() -> None:
    w_rec = np.arange(16.0).reshape(4, 4)
    found = read_chain(chain(w_rec=w_rec))
    assert np.array_equal(found.w_rec, w_rec)
    assert found.w_in.shape == (4, 2)
    assert found.w_out.shape == (3, 4)
    assert (found.hidden_name, found.readout_name) == ("b", "e")


def test_without_a_loop_the_recurrent_weights_are_zero() -> None:
    assert not read_chain(chain(recurrent=False)).w_rec.any()


def test_other_graphs_are_none() -> None:
    graph = chain()
    graph.nodes["e"] = nir.LI(np.ones(3), np.ones(3), np.zeros(3))
    assert read_chain(graph) is None
    graph = chain()
    graph.edges.append(("input", "d"))
    assert read_chain(graph) is None
    graph = chain()
    graph.edges.remove(("c", "b"))
    assert read_chain(graph) is None
    graph = chain()
    graph.edges.remove(("e", "output"))
    graph.edges.append(("e", "a"))
    assert read_chain(graph) is None


def test_any_graph_can_be_counted() -> None:
    assert neurons(chain()) == 7
    assert (width(chain(), nir.Input), width(chain(), nir.Output)) == (2, 3)
