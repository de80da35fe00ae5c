// Vectors, activations, threads and products: what the kernels of rates and of spikes share.
//
// VL (floats in a vector) and the instruction set come from the compiler's flags. Weights arrive
// packed, so that a product keeps some batch rows of one tile of units in registers.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <thread>
#include <vector>

#ifdef __linux__
#include <sys/mman.h>
#endif
#ifdef __SSE__
#include <xmmintrin.h>
#endif

#ifndef VL
#define VL 4
#endif

namespace subspike {

typedef float vf __attribute__((vector_size(4 * VL)));
typedef int32_t vi __attribute__((vector_size(4 * VL)));

// accumulators of a product: as many as the registers of the instruction set hold
#if defined(__AVX512F__) || defined(__aarch64__)
constexpr int ACCUMULATORS = 24;
#else
constexpr int ACCUMULATORS = 12;
#endif
constexpr int WIDE = 4;  // vectors of units in a tile of the backward product

inline vf splat(float x) { return x - vf{}; }

inline vf load(const float* p) {
  vf v;
  std::memcpy(&v, p, sizeof v);
  return v;
}

inline void store(float* p, vf v) { std::memcpy(p, &v, sizeof v); }

// the first n entries; the rest is 0
inline vf load(const float* p, int n) {
  if (n >= VL) return load(p);
  vf v{};
  std::memcpy(&v, p, 4 * n);
  return v;
}

inline void store(float* p, vf v, int n) {
  if (n >= VL) return store(p, v);
  std::memcpy(p, &v, 4 * n);
}

inline vf select(vi mask, vf yes, vf no) { return mask ? yes : no; }

// as many doubles, and their floats and masks, as a vector of floats has bytes
typedef double vd __attribute__((vector_size(4 * VL)));
typedef int64_t vl __attribute__((vector_size(4 * VL)));
typedef float vh __attribute__((vector_size(2 * VL)));  // as many floats as vd has doubles
typedef int32_t vw __attribute__((vector_size(2 * VL)));
constexpr int DL = VL / 2;

template <class V, class T>
inline V read(const T* p) {
  V v;
  std::memcpy(&v, p, sizeof v);
  return v;
}

template <class V, class T>
inline void put(T* p, V v) {
  std::memcpy(p, &v, sizeof v);
}

// keeps the compiler from fusing a product with the sum that follows
inline vd alone(vd x) {
#if defined(__AVX512F__)
  asm("" : "+v"(x));
#elif defined(__x86_64__)
  asm("" : "+x"(x));
#elif defined(__aarch64__)
  asm("" : "+w"(x));
#else
  volatile vd kept = x;
  x = kept;
#endif
  return x;
}

// exp: 2^n times a polynomial of the rest (Cephes); relative error 2e-7
inline vf exponential(vf x) {
  x = select(x < 88.0f, x, splat(88.0f));
  x = select(x > -87.0f, x, splat(-87.0f));
  const vf magic = splat(12582912.0f);  // 1.5 * 2^23: adding it rounds to an integer
  vf t = x * 1.44269504088896341f + magic;
  vf n = t - magic;
  vf r = x - n * 0.693359375f + n * 2.12194440e-4f;
  vf p = splat(1.9875691500e-4f);
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1.0f;
  vi bits, exponent;
  std::memcpy(&bits, &p, sizeof p);
  std::memcpy(&exponent, &t, sizeof t);
  bits += exponent << 23;
  std::memcpy(&p, &bits, sizeof p);
  return p;
}

// numbers shared with kernels/cpu.py
enum Activation { SIGMOID = 0, HARD_SIGMOID = 1, TANH = 2, PLAN = 3 };

inline vf clipped(vf x, float most) {
  x = select(x < most, x, splat(most));
  return select(x > -most, x, splat(-most));
}

inline vf activate(vf x, int which) {
  if (which == HARD_SIGMOID) {
    x = x * 0.25f + 0.5f;
    x = select(x < 0.0f, splat(0.0f), x);
    return select(x > 1.0f, splat(1.0f), x);
  }
  if (which == PLAN)
    return 0.5f + clipped(x, 1.0f) / 8.0f + clipped(x, 2.375f) * 0.09375f + clipped(x, 4.875f) / 32.0f;
  if (which == TANH) return 2.0f / (1.0f + exponential(x * -2.0f)) - 1.0f;
  return 1.0f / (1.0f + exponential(-x));
}

// derivative of a gate, from its value; a clipped one passes nothing
inline vf slope(vf y, int which) {
  if (which == TANH) return 1.0f - y * y;
  if (which == SIGMOID) return y * (1.0f - y);
  const vf open = select((y > 0.0f) & (y < 1.0f), splat(1.0f), splat(0.0f));
  if (which == HARD_SIGMOID) return 0.25f * open;
  // the pieces of PLAN meet at 1/2 +- 1/4 and 1/2 +- 27/64
  const vf away = select(y > 0.5f, y - 0.5f, 0.5f - y);
  const vf outer = select(away <= 0.421875f, splat(0.125f), splat(0.03125f));
  return open * select(away <= 0.25f, splat(0.25f), outer);
}

// the same from where it was taken, where the value does not say it: torch's clip passes gradients
// on the closed interval
inline vf slope_at(vf x, vf y, int which) {
  if (which == TANH || which == SIGMOID) return slope(y, which);
  const vf size = select(x > 0.0f, x, -x), none{};
  if (which == HARD_SIGMOID) return select(size <= 2.0f, splat(0.25f), none);
  const vf outer = select(size <= 4.875f, splat(0.03125f), none);
  return select(size <= 1.0f, splat(0.25f), select(size <= 2.375f, splat(0.125f), outer));
}

// While it lives, numbers below 1e-38 count as 0. Gradients of a long sequence fade into them, and
// sums with them run four times slower.
class FlushDenormals {
#ifdef __SSE__
  unsigned before_ = _mm_getcsr();

 public:
  FlushDenormals() { _mm_setcsr(before_ | 0x8040); }
  ~FlushDenormals() { _mm_setcsr(before_); }
  FlushDenormals(const FlushDenormals&) = delete;
#endif
};

// work(worker, first row, end): every worker owns batch rows over the whole sequence
template <class Work>
void in_parallel(int workers, int rows, Work work) {
  auto cut = [&](int w) { return int(int64_t(rows) * w / workers); };
  std::vector<std::thread> threads;
  for (int w = 1; w < workers; ++w) threads.emplace_back(work, w, cut(w), cut(w + 1));
  work(0, 0, cut(1));
  for (auto& thread : threads) thread.join();
}

// sums += a (ROWS x count, row stride `stride`) times packed (count x NV vectors)
template <int ROWS, int NV>
inline void multiply(vf (&sums)[ROWS][NV], const float* a, int64_t stride, const float* packed,
                     int count) {
  if constexpr (ROWS == 1) {
    // one row alone waits for its own sums: four chains hide the latency
    vf more[3][NV] = {};
    int k = 0;
    for (; k + 4 <= count; k += 4)
      for (int g = 0; g < NV; ++g) {
        sums[0][g] += a[k] * load(packed + (k * NV + g) * VL);
        more[0][g] += a[k + 1] * load(packed + ((k + 1) * NV + g) * VL);
        more[1][g] += a[k + 2] * load(packed + ((k + 2) * NV + g) * VL);
        more[2][g] += a[k + 3] * load(packed + ((k + 3) * NV + g) * VL);
      }
    for (; k < count; ++k)
      for (int g = 0; g < NV; ++g) sums[0][g] += a[k] * load(packed + (k * NV + g) * VL);
    for (int g = 0; g < NV; ++g) sums[0][g] += (more[0][g] + more[1][g]) + more[2][g];
  } else {
    for (int k = 0; k < count; ++k) {
      vf w[NV];
#pragma GCC unroll 4
      for (int g = 0; g < NV; ++g) w[g] = load(packed + (k * NV + g) * VL);
#pragma GCC unroll 12
      for (int r = 0; r < ROWS; ++r) {
        const float s = a[r * stride + k];
#pragma GCC unroll 4
        for (int g = 0; g < NV; ++g) sums[r][g] += s * w[g];
      }
    }
  }
}

// calls body(constant, row) for blocks of nearly equal height, MOST rows at most
template <int MOST, class Body>
inline void block(int height, int row, Body&& body) {
  if constexpr (MOST > 0) {
    if (height == MOST) return body(std::integral_constant<int, MOST>{}, row);
    block<MOST - 1>(height, row, body);
  }
}

template <int MOST, class Body>
inline void by_rows(int row, int end, Body&& body) {
  for (int blocks = (end - row + MOST - 1) / MOST; blocks > 0; --blocks) {
    const int height = (end - row + blocks - 1) / blocks;
    block<MOST>(height, row, body);
    row += height;
  }
}

}  // namespace subspike
