// A subLSTM layer in a spike code over time, event by event. Definition: spiking/coded_layer.py.
//
// On the fixed-point grid every sum of a drive is exact, so it may be formed in any order. What is
// not on it, the cell and what follows from it, is float64, rounded operation by operation.

#include "coders.h"
#include "events.h"

using namespace subspike;

extern "C" {

// f_t c_{t-1}, see spiking/forgetting.py; filled by kernels/coded.py in this order
struct Forgetting {
  int32_t kind;            // of the enum below
  int32_t activation;      // of the drive of f
  int32_t count;           // of limits
  int32_t places;          // COINCIDENCE: cell neurons on each side of 0
  double shift, one;       // SHUNT: 2^-m, and 2^fraction
  double step;             // COINCIDENCE: of the cell neurons, in quanta
  const double* constant;  // CONSTANT: f (padded hidden)
  const double* limits;    // SHUNT: of -a, ascending; COINCIDENCE: of 1 - f
  const double* scale;     // COINCIDENCE: g_0 .. g_count
  const double* place;     // COINCIDENCE: |C| from which a cell neuron fires
};

// dimensions and choices of a call
struct CodedCall {
  int32_t steps, batch, hidden, inputs, gates, workers;
  int32_t held;      // 1: spikes change what their receivers hold; 0: they count for one step
  int32_t held_in;   // the same of the inputs
  int32_t wires[2];  // of a recorded train of u and of h
  double scale;      // quanta of h in a quantum of u
  Coder inner, outer;
  Forgetting forget;
};

struct CodedWeights {
  const float *in_columns, *columns;  // (inputs or hidden, gates, padded hidden)
  const float *in_packed, *packed;    // as `pack` makes them
  const float* bias;                  // (gates, padded hidden)
};

// what came before the first step
struct CodedState {
  const float* counts;  // n of h (batch, hidden)
  const float* heard;   // what is held, or heard in the first step (batch, gates, padded hidden)
  const float* inputs;  // where they are held: the last ones (batch, inputs)
};

// where results go; null where nobody asked. Signals: two of u, two of h, spikes of f, its synops
struct CodedResults {
  float* counts;           // n of h (steps, batch, hidden)
  double* cell;            // in and out, in quanta (batch, hidden)
  double* memory;          // in and out (4, batch, hidden)
  double* totals;          // spikes (6, batch, hidden)
  double* cells;           // (steps, batch, hidden)
  int16_t* trains[2];      // of u and of h (steps, batch, 2, hidden, wires)
  float* values;           // act(drive), unrounded (steps, batch, gates, hidden)
  float* levels;           // cell as a value (steps, batch, hidden)
  const int64_t* lengths;  // steps that count (batch)
};
}

namespace {

enum Way { CONSTANT = 0, NATIVE = 1, SHUNT = 2, COINCIDENCE = 3 };
constexpr int SIGNALS = 6;

struct Row {
  std::vector<double> cell, memory, totals;
  std::vector<float> base;  // bias, and what is held
};

// what is left of the cell of every unit, from the drives of the forget gate
inline void forgotten(const Forgetting& f, int H, const float* drive, bool counted, double* cell,
                      double* spikes, double* synops) {
  const double* last = f.limits + f.count;
  if (f.kind == SHUNT) {
    for (int u = 0; u < H; ++u) {
      const int64_t n = std::lower_bound(f.limits, last, -double(drive[u])) - f.limits;
      double left = std::floor(cell[u] * f.one);
      for (int64_t k = 0; k < n; ++k) left -= std::floor(left * f.shift);
      cell[u] = left / f.one;
      if (counted) spikes[u] += double(n), synops[u] += double(n);
    }
    return;
  }
  for (int u = 0; u < H; u += DL) {
    const vd before = read<vd>(cell + u);
    vd kept = f.kind == CONSTANT ? read<vd>(f.constant + u) : activate(floats(drive + u), f.activation);
    if (f.kind != COINCIDENCE) {
      kept = alone(kept * before);
    } else {
      const vd leak = 1.0 - kept;
      vd taken{};
      for (int j = 0; j < DL && u + j < H; ++j) {
        const int64_t fires = std::lower_bound(f.limits, last, double(leak[j])) - f.limits;
        const double size = before[j] < 0 ? -before[j] : before[j];
        const int64_t seen = std::upper_bound(f.place, f.place + f.places, size) - f.place;
        taken[j] = f.scale[fires] * double(before[j] < 0 ? -seen : seen);
        if (!counted) continue;
        spikes[u + j] += double(fires + seen + fires * seen);
        synops[u + j] += double(fires * 2 * f.places + seen * f.count + fires * seen);
      }
      kept = before - alone(taken * f.step);
    }
    put(cell + u, kept);
  }
}

// one row of one step, from its drives
inline void advance(const CodedCall& s, const CodedResults& out, int t, int b, const float* drive,
                    double* change, float* said, Row& row) {
  const int H = s.hidden, whole = (H + VL - 1) / VL * VL;
  const int64_t at = int64_t(t) * s.batch + b;
  const bool counted = !out.lengths || t < out.lengths[b];
  auto saying = [&](int part) {
    Saying made{H, counted, {}, {}, {}, said};
    for (int k = 0; k < 2; ++k) {
      made.memory[k] = &row.memory[size_t(2 * part + k) * whole];
      made.totals[k] = &row.totals[size_t(2 * part + k) * whole];
      if (out.trains[part])
        made.trains[k] = out.trains[part] + (2 * at + k) * H * s.wires[part];
    }
    return made;
  };
  auto gate = [&](int g) { return [=](int u) { return floats(drive + g * whole + u); }; };
  say(s.inner, false, saying(0), gate(0), gate(1), [&](int u, vd quanta) {
    quanta = alone(quanta * s.scale);
    put(change + u, quanta);
  });
  forgotten(s.forget, H, drive + 3 * whole, counted, row.cell.data(), &row.totals[size_t(4) * whole],
            &row.totals[size_t(5) * whole]);
  for (int u = 0; u < H; u += DL) add_to(&row.cell[u], read<vd>(change + u));
  auto cell = [&](int u) { return read<vd>(&row.cell[u]); };
  say(s.outer, true, saying(1), cell, gate(2), [&](int u, vd quanta) {
    const vh n = __builtin_convertvector(quanta, vh);
    put(said + u, n);
  });
  std::memcpy(out.counts + at * H, said, 4 * H);
  if (out.cells) std::memcpy(out.cells + at * H, row.cell.data(), 8 * H);
  if (out.levels)
    for (int u = 0; u < H; ++u) out.levels[at * H + u] = float(row.cell[u] / s.outer.levels);
  if (!out.values) return;
  for (int g = 0; g < s.gates; ++g) {
    const int which = g < 2 ? s.inner.activation : g == 2 ? s.outer.activation : s.forget.activation;
    for (int u = 0; u < H; u += VL)
      store(out.values + (at * s.gates + g) * H + u, activate(load(drive + g * whole + u), which),
            H - u);
  }
}

// what each of R rows says to the layer in a step: values of its own, or their changes
struct Heard {
  const float *recurrent, *inputs;
  int64_t stride;  // between rows of `recurrent`
};

// drives of R rows as a dense product; what is held goes into the rows' bases
template <int G, int R>
inline void dense(const CodedCall& s, const CodedWeights& w, const Heard& now, Row* rows,
                  float* drive, int whole) {
  for (int u = 0; u < whole; u += VL) {
    vf sums[R][G];
    for (int r = 0; r < R; ++r)
      for (int g = 0; g < G; ++g) sums[r][g] = load(&rows[r].base[size_t(g) * whole + u]);
    auto listen = [&] {
      multiply<R, G>(sums, now.inputs, s.inputs, w.in_packed + int64_t(u) * s.inputs * G, s.inputs);
    };
    multiply<R, G>(sums, now.recurrent, now.stride, w.packed + int64_t(u) * s.hidden * G, s.hidden);
    if (s.held_in) listen();
    if (s.held)
      for (int r = 0; r < R; ++r)
        for (int g = 0; g < G; ++g) store(&rows[r].base[size_t(g) * whole + u], sums[r][g]);
    if (!s.held_in) listen();
    for (int r = 0; r < R; ++r)
      for (int g = 0; g < G; ++g) store(drive + (r * G + g) * whole + u, sums[r][g]);
  }
}

template <int G>
void forward(const CodedCall& s, const CodedWeights& w, const float* x, const CodedState& start,
             const CodedResults& out) {
  constexpr int ROWS = ACCUMULATORS / G;
  const int H = s.hidden, I = s.inputs, whole = (H + VL - 1) / VL * VL, padded = G * whole;
  const int most = (H > I ? H : I) + 1;
  const int64_t plane = int64_t(s.batch) * H, in_plane = int64_t(s.batch) * I;
  in_parallel(s.workers, s.batch, [&](int, int first, int end) {
    std::vector<float> drive(size_t(ROWS) * padded), said(whole), changes(size_t(2 * ROWS) * most);
    std::vector<float> silence(H, 0.0f);
    std::vector<double> change(whole);
    std::vector<Event> events(size_t(2 * ROWS) * most);
    std::vector<Row> state(end - first);
    for (int b = first; b < end; ++b) {
      Row& row = state[b - first];
      row.cell.assign(whole, 0.0);
      row.memory.assign(size_t(4) * whole, 0.0);
      row.totals.assign(size_t(SIGNALS) * whole, 0.0);
      row.base.assign(w.bias, w.bias + padded);
      for (int k = 0; k < padded; ++k) row.base[k] += start.heard[int64_t(b) * padded + k];
      std::memcpy(row.cell.data(), out.cell + int64_t(b) * H, 8 * H);
      for (int k = 0; k < 4; ++k)
        std::memcpy(&row.memory[size_t(k) * whole], out.memory + (int64_t(k) * s.batch + b) * H,
                    8 * H);
    }
    for (int t = 0; t < s.steps; ++t)
      by_rows<ROWS>(first, end, [&](auto rows, int b) {
        constexpr int R = decltype(rows)::value;
        const float* counts = (t > 1 ? out.counts + (t - 2) * plane : start.counts) + int64_t(b) * H;
        const float* latest = (t ? out.counts + (t - 1) * plane : start.counts) + int64_t(b) * H;
        // the first step's spikes are in the bases already
        Heard now{t ? latest : silence.data(), x + t * in_plane + int64_t(b) * I, t ? H : 0};
        auto subtract = [&](const float* to, const float* from, int n, float* made) {
          for (int k = 0; k < R * n; ++k) made[k] = to[k] - from[k];
          return made;
        };
        if (s.held && t) now.recurrent = subtract(latest, counts, H, changes.data());
        if (s.held_in)
          now.inputs = subtract(now.inputs, t ? now.inputs - in_plane : start.inputs + int64_t(b) * I,
                                I, &changes[size_t(ROWS) * most]);
        int found[R][2], all = 0;
        auto list = [&](int r, int part) { return &events[size_t(2 * r + part) * most]; };
        for (int r = 0; r < R; ++r) {
          found[r][0] = events_of(now.inputs + r * I, I, list(r, 0));
          found[r][1] = t ? events_of(now.recurrent + r * H, H, list(r, 1)) : 0;
          all += found[r][0] + found[r][1];
        }
        Row* mine = &state[b - first];
        if (R > FEWEST_DENSE_ROWS && all > DENSE_SHARE * R * (H + I)) {
          dense<G, R>(s, w, now, mine, drive.data(), whole);
        } else {
          for (int r = 0; r < R; ++r) {
            float *to = &drive[size_t(r) * padded], *base = mine[r].base.data();
            if (s.held) add_events(base, padded, w.columns, list(r, 1), found[r][1]);
            if (s.held_in) add_events(base, padded, w.in_columns, list(r, 0), found[r][0]);
            std::memcpy(to, base, 4 * padded);
            if (!s.held) add_events(to, padded, w.columns, list(r, 1), found[r][1]);
            if (!s.held_in) add_events(to, padded, w.in_columns, list(r, 0), found[r][0]);
          }
        }
        for (int r = 0; r < R; ++r) {
          if (!s.held && !t) std::memcpy(mine[r].base.data(), w.bias, 4 * padded);
          std::memcpy(said.data(), latest + int64_t(r) * H, 4 * H);
          advance(s, out, t, b + r, &drive[size_t(r) * padded], change.data(), said.data(), mine[r]);
        }
      });
    for (int b = first; b < end; ++b) {
      const Row& row = state[b - first];
      std::memcpy(out.cell + int64_t(b) * H, row.cell.data(), 8 * H);
      for (int k = 0; k < 4; ++k)
        std::memcpy(out.memory + (int64_t(k) * s.batch + b) * H, &row.memory[size_t(k) * whole],
                    8 * H);
      for (int k = 0; k < SIGNALS; ++k)
        std::memcpy(out.totals + (int64_t(k) * s.batch + b) * H, &row.totals[size_t(k) * whole],
                    8 * H);
    }
  });
}

}  // namespace

extern "C" {

void coded_forward(const CodedCall* call, const CodedWeights* weights, const float* x,
                   const CodedState* start, const CodedResults* results) {
  (call->gates == 4 ? forward<4> : forward<3>)(*call, *weights, x, *start, *results);
}
}
