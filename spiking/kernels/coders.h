// What the coders of a unit make of two values: act(plus) - act(minus), said in spikes. Equations
// stand in spiking/codes; here they run over the units of one row, in float64, operation by
// operation as torch runs them, so that both give the same bits.
#pragma once

#include "vector.h"

extern "C" {

// a code for one difference, filled by kernels/coded.py in this order
struct Coder {
  int32_t kind;        // of the enum below
  int32_t activation;  // of both values
  int32_t micro_steps, opponent, hard, carry;  // RATE
  int32_t above, below;                        // POPULATION: neurons that fire above, below theirs
  int32_t digits;                              // COMPOUND: digits of n, not its changes
  int32_t unused;
  double levels;  // quanta in a value of 1
  const double *drive_above, *drive_below;  // thresholds of a drive
  const double *cell_above, *cell_below;    // of a cell, in quanta
};
}

namespace subspike {

// numbers shared with kernels/coded.py
enum Kind { COMPOUND = 0, POPULATION = 1, RATE = 2 };

constexpr double CURRENT_STEP = 1.0 / 65536;  // as spiking/codes/rate.py

inline vd select(vl mask, vd yes, vd no) { return mask ? yes : no; }
inline vd splat(double x) { return x - vd{}; }
inline vd one_where(vl mask) { return select(mask, splat(1.0), vd{}); }
inline vd size_of(vd x) { return select(x < 0.0, -x, x); }

inline vd clipped(vd x, double most) {
  x = select(x < most, x, splat(most));
  return select(x > -most, x, splat(-most));
}

// to the nearest integer, halves to even, of |x| < 2^51
inline vd nearest(vd x) {
  const vd magic = splat(6755399441055744.0);  // 1.5 * 2^52
  return x + magic - magic;
}

// exp: 2^n times the series of the rest; relative error 3e-16
inline vd exponential(vd x) {
  x = clipped(x, 708.0);
  const vd magic = splat(6755399441055744.0);
  const vd t = x * 1.4426950408889634 + magic;
  const vd n = t - magic;
  const vd r = x - n * 0.693147180369123816490 - n * 1.90821492927058770002e-10;
  vd p = splat(1.0 / 6227020800.0);
  for (double factor : {1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880, 1.0 / 40320,
                        1.0 / 5040, 1.0 / 720, 1.0 / 120, 1.0 / 24, 1.0 / 6, 1.0 / 2, 1.0, 1.0})
    p = p * r + factor;
  vl bits, exponent;
  put(&bits, p);
  put(&exponent, t);
  bits += exponent << 52;
  std::memcpy(&p, &bits, sizeof p);
  return p;
}

inline vd activate(vd x, int which) {
  if (which == HARD_SIGMOID) {
    x = x * 0.25 + 0.5;
    x = select(x < 0.0, vd{}, x);
    return select(x > 1.0, splat(1.0), x);
  }
  if (which == PLAN)
    return 0.5 + clipped(x, 1.0) / 8.0 + alone(clipped(x, 2.375) * 0.09375) +
           clipped(x, 4.875) / 32.0;
  if (which == TANH) return 2.0 / (1.0 + exponential(x * -2.0)) - 1.0;
  return 1.0 / (1.0 + exponential(-x));
}

inline vd floats(const float* p) { return __builtin_convertvector(read<vh>(p), vd); }

template <class T>
inline void add_to(T* p, vd x) {
  const vd sum = read<vd>(p) + x;
  put(p, sum);
}

// One row of one step. Two signals at most: both values, or their difference.
struct Saying {
  int hidden;
  bool counted;         // whether spikes of this step count
  double* memory[2];    // membranes
  double* totals[2];    // spikes so far
  int16_t* trains[2];   // (hidden, wires) of this step, null where nobody records
  const float* before;  // n of the step before
};

// what a neuron of the rate code says in its window: `current` in every micro-step
inline vd integrate(const Coder& k, vd current, const Saying& s, int signal, int u) {
  const double rest = k.opponent ? 0.0 : 0.5, lowest = rest - 0.5;
  vd v = read<vd>(s.memory[signal] + u), count{};
  for (int m = 0; m < k.micro_steps; ++m) {
    v += current;
    const vd spike =
        k.opponent ? one_where(v >= 0.5) - one_where(v < -0.5) : one_where(v >= 1.0);
    v = k.hard ? select(spike > 0.0, vd{}, v) : v - spike;
    count += spike;
    if (s.trains[signal])
      for (int j = 0; j < DL && u + j < s.hidden; ++j)
        s.trains[signal][int64_t(u + j) * k.micro_steps + m] = int16_t(spike[j]);
  }
  // a membrane that a saturated current drove out of a quantum starts anew
  const vl inside = (v >= lowest) & (v < lowest + 1.0);
  v = k.carry ? select(inside, v, splat(rest)) : splat(rest);
  put(s.memory[signal] + u, v);
  if (s.counted) add_to(s.totals[signal] + u, size_of(count));
  return count;
}

// signed count of a population
inline vd fired(const double* above, int ups, const double* below, int downs, vd value,
                const Saying& s, int signal, int u) {
  vl up{}, down{};
  for (int k = 0; k < ups; ++k) up -= value > above[k];
  for (int k = 0; k < downs; ++k) down -= value < below[k];
  const vd count = __builtin_convertvector(up - down, vd);
  if (s.trains[signal])
    for (int j = 0; j < DL && u + j < s.hidden; ++j) s.trains[signal][u + j] = int16_t(count[j]);
  if (s.counted) add_to(s.totals[signal] + u, __builtin_convertvector(up + down, vd));
  return count;
}

// digits of the canonic signed form that are not 0
inline vd digits_of(vd n) {
  vd found{};
  for (int j = 0; j < DL; ++j) {
    const uint32_t size = uint32_t(n[j] < 0 ? -n[j] : n[j]);
    found[j] = __builtin_popcount((3 * size) ^ size);
  }
  return found;
}

// a current of the rate code: in steps of 2^-16
inline vd stepped(vd current) { return nearest(current / CURRENT_STEP) * CURRENT_STEP; }

// out(u, quanta) for the units of a row; plus is a drive, or a cell in quanta where `cell`
template <class Plus, class Minus, class Out>
inline void say(const Coder& k, bool cell, const Saying& s, Plus plus, Minus minus, Out out) {
  for (int u = 0; u < s.hidden; u += DL) {
    const vd a = plus(u), b = minus(u);
    if (k.kind == POPULATION) {
      const vd first = cell ? fired(k.cell_above, k.above, k.cell_below, k.below, a, s, 0, u)
                            : fired(k.drive_above, k.above, k.drive_below, k.below, a, s, 0, u);
      out(u, first - fired(k.drive_above, k.above, k.drive_below, k.below, b, s, 1, u));
      continue;
    }
    const vd value = cell ? a / k.levels : a;
    if (k.kind == COMPOUND) {
      const vd smooth = (activate(value, k.activation) - activate(b, k.activation)) * k.levels;
      const vd n = cell ? nearest(smooth) : smooth;  // u stays inside the unit
      if (cell && s.counted)
        add_to(s.totals[0] + u, k.digits ? digits_of(n) : one_where(n != floats(s.before + u)));
      out(u, n);
    } else if (k.opponent) {
      const vd current =
          stepped(activate(value, k.activation)) - stepped(activate(b, k.activation));
      out(u, integrate(k, current, s, 0, u));
    } else {
      // a lone hard sigmoid is a line, which the neuron clips by firing never or always
      auto raw = [&](vd x) {
        return stepped(k.activation == HARD_SIGMOID ? x / 4.0 + 0.5 : activate(x, k.activation));
      };
      const vd first = integrate(k, raw(value), s, 0, u);
      out(u, first - integrate(k, raw(b), s, 1, u));
    }
  }
}

}  // namespace subspike
