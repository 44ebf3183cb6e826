// One engine as a program that bench_peers.py talks to, a line each way:
//
//   open CELL HIDDEN INPUTS ROWS STEPS FILE     an engine for these sizes, weights and frames from FILE -> ok
//   check CALLS                                 from zero state so many calls -> h' (ROWS, HIDDEN) into FILE.out -> ok
//   time SECONDS                                goes on calling -> BEST MEDIAN: seconds of one call
//   close                                       -> ok
//
// FILE holds f32: weight_ih (G H, D), weight_hh (G H, H), bias_ih (G H), bias_hh (G H) in PyTorch's gate order, then the
// frames (STEPS, ROWS, D). A call is STEPS steps of every row; with STEPS 1 h and c go from call to call.
#pragma once

#include <time.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

struct Shape {
  std::string cell;
  int hidden, inputs, rows, steps;
  int gates() const { return cell == "lstm" ? 4 : cell == "gru" ? 3 : 1; }
};

struct Weights {
  std::vector<float> input, hidden, input_bias, hidden_bias, frames;

  Weights(const Shape &shape, const std::string &path) {
    std::ifstream file(path, std::ios::binary);
    const size_t rows = (size_t)shape.gates() * shape.hidden;
    input.resize(rows * shape.inputs);
    hidden.resize(rows * shape.hidden);
    input_bias.resize(rows);
    hidden_bias.resize(rows);
    frames.resize((size_t)shape.steps * shape.rows * shape.inputs);
    for (auto part : {&input, &hidden, &input_bias, &hidden_bias, &frames})
      file.read(reinterpret_cast<char *>(part->data()), part->size() * sizeof(float));
    if (!file) throw std::runtime_error("weights are missing in " + path);
  }
};

// What an engine implements.
struct Engine {
  virtual ~Engine() = default;
  virtual void reset() = 0;
  virtual void call() = 0;
  virtual std::vector<float> state() = 0;
};

using Opening = std::unique_ptr<Engine> (*)(const Shape &, const Weights &, const std::string &path);

inline double seconds_now() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec + time.tv_nsec * 1e-9;
}

// Repeats of at least 100 µs, as runnel's own are.
inline std::pair<double, double> best_and_median(Engine &engine, double limit) {
  int64_t calls = 1;
  for (double took = 0; calls < 1 << 24; calls *= 2) {
    const double began = seconds_now();
    for (int64_t call = 0; call < calls; call++) engine.call();
    if ((took = seconds_now() - began) >= 1e-4) break;
  }
  std::vector<double> times;
  const double began = seconds_now();
  double now = began;
  do {
    for (int64_t call = 0; call < calls; call++) engine.call();
    const double then = now;
    now = seconds_now();
    times.push_back((now - then) / calls);
  } while (now - began < limit);
  std::sort(times.begin(), times.end());
  return {times.front(), times[times.size() / 2]};
}

inline int serve(Opening open) {
  std::unique_ptr<Engine> engine;
  std::string line, path;
  while (std::getline(std::cin, line)) {
    std::istringstream words(line);
    std::string verb;
    words >> verb;
    try {
      if (verb == "open") {
        Shape shape;
        words >> shape.cell >> shape.hidden >> shape.inputs >> shape.rows >> shape.steps >> path;
        engine.reset();
        engine = open(shape, Weights(shape, path), path);
        std::cout << "ok" << std::endl;
      } else if (verb == "check") {
        int calls;
        words >> calls;
        engine->reset();
        while (calls-- > 0) engine->call();
        const std::vector<float> state = engine->state();
        std::ofstream file(path + ".out", std::ios::binary);
        file.write(reinterpret_cast<const char *>(state.data()), state.size() * sizeof(float));
        file.close();
        std::cout << "ok" << std::endl;
      } else if (verb == "time") {
        double limit;
        words >> limit;
        const auto [best, median] = best_and_median(*engine, limit);
        printf("%.9g %.9g\n", best, median);
        fflush(stdout);
      } else if (verb == "close") {
        engine.reset();
        std::cout << "ok" << std::endl;
      } else {
        std::cout << "error: unknown verb " << verb << std::endl;
      }
    } catch (const std::exception &error) {
      std::string text = error.what();
      std::replace(text.begin(), text.end(), '\n', ' ');
      std::cout << "error: " << text << std::endl;
    }
  }
  return 0;
}
