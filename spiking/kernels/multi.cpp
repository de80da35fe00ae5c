// A layer of multi-spike neurons and its readout over time, in a chip's integers: 8-bit weights,
// 32-bit sums, decays by bit shift. Event-driven: only inputs and units that fired are summed.
//
// The caller proves that no sum leaves 16 bits, so nothing is clamped and any order is exact.

#include "vector.h"

using namespace subspike;

extern "C" {

// dimensions of a call, filled by kernels/multi.py in this order
struct MultiCall {
  int32_t steps, batch, hidden, inputs, classes, levels, workers;
};

// columns of weights (source, padded targets), and numbers a target, all padded to whole vectors
struct MultiWeights {
  const int8_t *input, *recurrent, *readout;
  const int32_t *gate_bias, *gate_threshold;                 // (3, padded hidden)
  const int32_t *cell_weight, *cell_dash, *cell_bias, *cell_threshold;  // (padded hidden)
  const int32_t* readout_bias;                               // (padded classes)
};
}

namespace {

typedef int8_t vb __attribute__((vector_size(VL)));
typedef int16_t vs __attribute__((vector_size(2 * VL)));
constexpr int TILE = 8;  // vectors of sums held while events are added

struct Count {
  int32_t source, count;
};

// in two steps, each of which is one instruction; compilers take a single one apart
inline vi widened(vb weights) {
  return __builtin_convertvector(__builtin_convertvector(weights, vs), vi);
}

inline void add(int32_t* sums, int padded, const int8_t* columns, const std::vector<Count>& events,
                int n) {
  for (int v = 0; v < padded; v += TILE * VL) {
    const int wide = padded - v < TILE * VL ? (padded - v) / VL : TILE;
    block<TILE>(wide, v, [&](auto width, int from) {
      constexpr int W = decltype(width)::value;
      vi held[W];
      for (int j = 0; j < W; ++j) held[j] = read<vi>(sums + from + j * VL);
      for (int e = 0; e < n; ++e) {
        const int8_t* column = columns + int64_t(events[e].source) * padded + from;
        for (int j = 0; j < W; ++j)
          held[j] += widened(read<vb>(column + j * VL)) * events[e].count;
      }
      for (int j = 0; j < W; ++j) put(sums + from + j * VL, held[j]);
    });
  }
}

// I := I - D, D = I >> d, or the sign of I where that is 0
inline vi decayed(vi current, vi dash) {
  const vi shifted = current >> dash;
  const vi sign = (current < 0) - (current > 0);  // a comparison that holds gives -1
  return current - (shifted == 0 ? sign : shifted);
}

// clip(floor(V / threshold), 0, levels); exact, as both are below 2^17
inline vi fired(vi potential, vi threshold, int levels) {
  vf share = __builtin_convertvector(potential, vf) / __builtin_convertvector(threshold, vf);
  share = select(share < 0.0f, splat(0.0f), share);
  share = select(share > float(levels), splat(float(levels)), share);
  return __builtin_convertvector(share, vi);
}

inline int whole(int n) { return (n + VL - 1) / VL * VL; }

inline void give(float* to, const int32_t* from, int n) {
  for (int j = 0; j < n; ++j) to[j] = float(from[j]);
}

}  // namespace

extern "C" {

// x (batch, steps, inputs) spike counts -> spikes (batch, steps, 4 * hidden) of z, i, o, s, and the
// readout's potentials (batch, steps, classes)
void multi_forward(const MultiCall* call, const MultiWeights* weights, const uint8_t* x,
                   float* spikes, float* potentials) {
  const MultiCall& s = *call;
  const MultiWeights& w = *weights;
  const int H = whole(s.hidden), C = whole(s.classes), G = 3 * H;
  const vi shortest = vi{} + 1;
  in_parallel(s.workers, s.batch, [&](int, int first, int end) {
    std::vector<int32_t> gates(G), cell(H), readout(C), n_gates(G), n_cell(H), out(C);
    std::vector<Count> events(size_t(s.inputs > s.hidden ? s.inputs : s.hidden) + 1);
    for (int b = first; b < end; ++b) {
      for (auto* state : {&gates, &cell, &readout, &n_gates, &n_cell})
        std::fill(state->begin(), state->end(), 0);
      for (int t = 0; t < s.steps; ++t) {
        const uint8_t* now = x + (int64_t(b) * s.steps + t) * s.inputs;
        int n = 0;
        for (int k = 0; k < s.inputs; ++k) {
          events[n] = Count{k, now[k]};
          n += now[k] != 0;
        }
        add(gates.data(), G, w.input, events, n);
        n = 0;
        for (int u = 0; u < s.hidden; ++u) {
          const int32_t count = n_cell[u] - n_gates[2 * H + u];
          events[n] = Count{u, count};
          n += count != 0;
        }
        add(gates.data(), G, w.recurrent, events, n);
        add(readout.data(), C, w.readout, events, n);
        for (int u = 0; u < H; u += VL) {
          const vi change = read<vi>(&n_gates[u]) - read<vi>(&n_gates[H + u]);
          vi current = read<vi>(&cell[u]) + read<vi>(w.cell_weight + u) * change;
          current = decayed(current, read<vi>(w.cell_dash + u));
          put(&cell[u], current);
          put(&n_cell[u], fired(current + read<vi>(w.cell_bias + u),
                                read<vi>(w.cell_threshold + u), s.levels));
        }
        for (int j = 0; j < G; j += VL) {
          const vi current = decayed(read<vi>(&gates[j]), shortest);
          put(&gates[j], current);
          put(&n_gates[j], fired(current + read<vi>(w.gate_bias + j),
                                 read<vi>(w.gate_threshold + j), s.levels));
        }
        for (int k = 0; k < C; k += VL) {
          const vi current = decayed(read<vi>(&readout[k]), shortest);
          put(&readout[k], current);
          put(&out[k], current + read<vi>(w.readout_bias + k));
        }
        float* to = spikes + (int64_t(b) * s.steps + t) * 4 * s.hidden;
        for (int g = 0; g < 3; ++g) give(to + g * s.hidden, &n_gates[g * H], s.hidden);
        give(to + 3 * s.hidden, n_cell.data(), s.hidden);
        give(potentials + (int64_t(b) * s.steps + t) * s.classes, out.data(), s.classes);
      }
    }
  });
}
}
