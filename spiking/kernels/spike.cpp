// A layer of spiking subLSTM units in population code over time. Same conventions as rate.cpp.
//
// Values are signed spike counts. On the fixed-point grid every sum of a drive is exact, so it may
// be formed in any order: from the few units that fired (event-driven), or as a dense product. The
// cell is the one sum that is not, so it is a product and a sum in float64, rounded one by one.

#include "events.h"

using namespace subspike;

extern "C" {

// dimensions and choices of a call, filled by kernels/spikes.py in this order
struct SpikeCall {
  int32_t steps, batch, hidden, inputs;
  int32_t above, below;  // neurons that fire above, below their threshold
  int32_t workers;
  int32_t activation;  // what `values` holds of the drives
};

// weights as the two ways of summing want them
struct SpikeWeights {
  const float *in_columns, *columns;  // (inputs or hidden, 3, padded hidden): what an event adds
  const float *in_packed, *packed;    // as `pack` makes them for 3 gates
  const float* bias;                  // (3, padded hidden)
  const float *gate_above, *gate_below;    // thresholds of a drive
  const double *cell_above, *cell_below;   // thresholds of a cell, in quanta
  const double* forget;                    // (padded hidden)
};

// where results go; null where nobody asked
struct SpikeResults {
  float* counts;     // signed counts of h (steps, batch, hidden)
  double* cell;      // in and out: cell in quanta (batch, hidden)
  int16_t* gates;    // signed counts of z, i, o (steps, batch, 3, hidden)
  int16_t* outputs;  // signed counts of s (steps, batch, hidden)
  double* cells;     // cell in quanta after each step (steps, batch, hidden)
  float* values;     // act(drive) of the gates, unrounded (steps, batch, 3, hidden)
  float* levels;     // cell as a value, in quanta / K (steps, batch, hidden)
  int32_t* totals;   // neurons that fired, of z, i, o, s (4, batch, hidden)
  const int64_t* lengths;  // steps that count (batch)
};
}

namespace {

constexpr int ROWS = ACCUMULATORS / 3;

// what a worker needs of one row: everything padded to whole vectors, gate by gate
struct Row {
  std::vector<double> cell;
  std::vector<int32_t> totals;  // of z, i, o, s
};

inline void write(int16_t* to, vi values, int n) {
  typedef int16_t vs __attribute__((vector_size(2 * VL)));
  const vs small = __builtin_convertvector(values, vs);
  if (n >= VL)
    put(to, small);
  else
    std::memcpy(to, &small, 2 * n);
}

// one row of one step: spikes of the gates, the cell, spikes of the output
inline void advance(const SpikeCall& s, const SpikeWeights& w, const SpikeResults& out, int t, int b,
                    const float* drive, float* net, Row& row) {
  const int H = s.hidden, whole = (H + VL - 1) / VL * VL;
  const int64_t at = (int64_t(t) * s.batch + b) * H;
  const bool counted = !out.lengths || t < out.lengths[b];
  for (int g = 0; g < 3; ++g)
    for (int u = 0; u < whole; u += VL) {
      const vf a = load(drive + g * whole + u);
      vi above{}, below{};
      for (int k = 0; k < s.above; ++k) above -= a > w.gate_above[k];
      for (int k = 0; k < s.below; ++k) below -= a < w.gate_below[k];
      store(net + g * whole + u, __builtin_convertvector(above - below, vf));
      int32_t* total = &row.totals[size_t(g) * whole + u];
      vi sum = read<vi>(total) + (counted ? above + below : vi{});
      put(total, sum);
      if (out.gates) write(out.gates + 3 * at + g * H + u, above - below, H - u);
      if (out.values) store(out.values + 3 * at + g * H + u, activate(a, s.activation), H - u);
    }
  for (int u = 0; u < whole; u += DL) {
    const vh change = read<vh>(net + u) - read<vh>(net + whole + u);
    vd cell = alone(read<vd>(w.forget + u) * read<vd>(&row.cell[u]));
    cell += __builtin_convertvector(change, vd);
    put(&row.cell[u], cell);
    vl above{}, below{};
    for (int k = 0; k < s.above; ++k) above -= cell > w.cell_above[k];
    for (int k = 0; k < s.below; ++k) below -= cell < w.cell_below[k];
    const vh outputs = __builtin_convertvector(above - below, vh);
    const vh counts = outputs - read<vh>(net + 2 * whole + u);
    if (u + DL <= H)
      put(out.counts + at + u, counts);
    else
      for (int j = 0; u + j < H; ++j) out.counts[at + u + j] = counts[j];
    if (out.outputs)
      for (int j = 0; j < DL && u + j < H; ++j) out.outputs[at + u + j] = int16_t(outputs[j]);
    if (counted) {
      int32_t* total = &row.totals[size_t(3) * whole + u];
      const vw sum = read<vw>(total) + __builtin_convertvector(above + below, vw);
      put(total, sum);
    }
  }
  if (out.cells) std::memcpy(out.cells + at, row.cell.data(), 8 * H);
  if (out.levels) {
    const double k = s.above + s.below;
    for (int u = 0; u < H; ++u) out.levels[at + u] = float(row.cell[u] / k);
  }
}

// drives of R rows as a dense product, gate by gate of each tile of units
template <int R>
inline void dense(const SpikeCall& s, const SpikeWeights& w, const float* x, const float* before,
                  float* drive, int padded) {
  const int H = s.hidden, whole = padded / 3;
  for (int u = 0; u < H; u += VL) {
    vf sums[R][3];
    for (int r = 0; r < R; ++r)
      for (int g = 0; g < 3; ++g) sums[r][g] = load(w.bias + g * whole + u);
    multiply<R, 3>(sums, x, s.inputs, w.in_packed + int64_t(u) * s.inputs * 3, s.inputs);
    multiply<R, 3>(sums, before, H, w.packed + int64_t(u) * H * 3, H);
    for (int r = 0; r < R; ++r)
      for (int g = 0; g < 3; ++g) store(drive + r * padded + g * whole + u, sums[r][g]);
  }
}

}  // namespace

extern "C" {

void spike_forward(const SpikeCall* call, const SpikeWeights* weights, const float* x,
                   const float* counts_before, const SpikeResults* results) {
  const SpikeCall& s = *call;
  const SpikeWeights& w = *weights;
  const int H = s.hidden, whole = (H + VL - 1) / VL * VL, padded = 3 * whole;
  const int most = H > s.inputs ? H : s.inputs;
  in_parallel(s.workers, s.batch, [&](int, int first, int end) {
    std::vector<float> drive(size_t(ROWS) * padded), net(padded);
    std::vector<Event> events(size_t(ROWS) * 2 * (most + 1));
    std::vector<Row> state(end - first);
    for (int b = first; b < end; ++b) {
      Row& row = state[b - first];
      row.cell.assign(whole, 0.0);
      row.totals.assign(size_t(4) * whole, 0);
      std::memcpy(row.cell.data(), results->cell + int64_t(b) * H, 8 * H);
    }
    for (int t = 0; t < s.steps; ++t)
      by_rows<ROWS>(first, end, [&](auto rows, int b) {
        constexpr int R = decltype(rows)::value;
        const float* now = x + (int64_t(t) * s.batch + b) * s.inputs;
        const float* before = (t ? results->counts + int64_t(t - 1) * s.batch * H : counts_before) +
                              int64_t(b) * H;
        int found[R][2], all = 0;
        auto list = [&](int r, int part) { return &events[size_t(2 * r + part) * (most + 1)]; };
        for (int r = 0; r < R; ++r) {
          found[r][0] = events_of(now + r * s.inputs, s.inputs, list(r, 0));
          found[r][1] = events_of(before + r * H, H, list(r, 1));
          all += found[r][0] + found[r][1];
        }
        if (R > FEWEST_DENSE_ROWS && all > DENSE_SHARE * R * (H + s.inputs)) {
          dense<R>(s, w, now, before, drive.data(), padded);
        } else {
          for (int r = 0; r < R; ++r) {
            float* mine = &drive[size_t(r) * padded];
            std::memcpy(mine, w.bias, 4 * padded);
            add_events(mine, padded, w.in_columns, list(r, 0), found[r][0]);
            add_events(mine, padded, w.columns, list(r, 1), found[r][1]);
          }
        }
        for (int r = 0; r < R; ++r)
          advance(s, w, *results, t, b + r, &drive[size_t(r) * padded], net.data(),
                  state[b + r - first]);
      });
    for (int b = first; b < end; ++b) {
      const Row& row = state[b - first];
      std::memcpy(results->cell + int64_t(b) * H, row.cell.data(), 8 * H);
      for (int p = 0; p < 4; ++p)
        std::memcpy(results->totals + (int64_t(p) * s.batch + b) * H,
                    &row.totals[size_t(p) * whole], 4 * H);
    }
  });
}
}
