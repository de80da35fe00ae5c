// How a layer hears spikes: column by column from the few units that said something, or, where most
// did, as a dense product. On the fixed-point grid both are the same sum.
#pragma once

#include "vector.h"

namespace subspike {

constexpr int COLUMN_TILE = 8;        // vectors of a drive held while events are added
constexpr float DENSE_SHARE = 0.4f;   // active units from which a dense product is faster
constexpr int FEWEST_DENSE_ROWS = 2;  // known to kernels/spikes.py, which then packs nothing

struct Event {
  int32_t unit;
  float count;
};

inline int events_of(const float* values, int n, Event* events) {
  int found = 0;
  for (int k = 0; k < n; ++k) {
    events[found] = Event{k, values[k]};
    found += values[k] != 0.0f;
  }
  return found;
}

// drive (padded rows) += weighted columns of the events
inline void add_events(float* drive, int padded, const float* columns, const Event* events, int n) {
  const int vectors = padded / VL;
  int v = 0;
  for (; v + COLUMN_TILE <= vectors; v += COLUMN_TILE) {
    vf sums[COLUMN_TILE];
#pragma GCC unroll 8
    for (int j = 0; j < COLUMN_TILE; ++j) sums[j] = load(drive + (v + j) * VL);
    for (int e = 0; e < n; ++e) {
      const float* column = columns + int64_t(events[e].unit) * padded + v * VL;
      const float count = events[e].count;
#pragma GCC unroll 8
      for (int j = 0; j < COLUMN_TILE; ++j) sums[j] += count * load(column + j * VL);
    }
#pragma GCC unroll 8
    for (int j = 0; j < COLUMN_TILE; ++j) store(drive + (v + j) * VL, sums[j]);
  }
  for (; v < vectors; ++v) {
    vf sum = load(drive + v * VL);
    for (int e = 0; e < n; ++e)
      sum += events[e].count * load(columns + int64_t(events[e].unit) * padded + v * VL);
    store(drive + v * VL, sum);
  }
}

}  // namespace subspike
