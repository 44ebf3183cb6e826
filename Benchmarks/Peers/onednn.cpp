// oneDNN's recurrent primitives: single steps with h and c carried, or whole windows from zero state.
#include <cstring>
#include <dnnl.hpp>
#include <unordered_map>

#include "bench_line.hpp"

using namespace dnnl;
using tag = memory::format_tag;
using type = memory::data_type;
using Arguments = std::unordered_map<int, memory>;

static const engine &processor() {
  static const engine only(engine::kind::cpu, 0);
  return only;
}

static memory filled(const memory::desc &desc, const std::vector<float> &values) {
  memory made(desc, processor());
  std::memcpy(made.get_data_handle(), values.data(), values.size() * sizeof(float));
  return made;
}

class Recurrent : public Engine {
  stream queue{processor()};
  primitive step;
  Arguments arguments[2];
  memory h[2], c[2];
  int turn = 0;
  bool isWindow;
  size_t stateSize;

  // (G H, columns) as PyTorch has it -> (columns, G, H) as oneDNN reads it, gates in its order.
  static std::vector<float> transposed(const std::vector<float> &weight, const Shape &shape, int columns) {
    std::vector<float> out(weight.size());
    const int gates = shape.gates(), hidden = shape.hidden;
    for (int k = 0; k < columns; k++)
      for (int gate = 0; gate < gates; gate++)
        for (int unit = 0; unit < hidden; unit++)
          out[((size_t)k * gates + gate) * hidden + unit] =
              weight[((size_t)place(shape, gate) * hidden + unit) * columns + k];
    return out;
  }

  // oneDNN's GRU has u r o where PyTorch has r z n.
  static int place(const Shape &shape, int gate) { return shape.cell == "gru" ? (int[]){1, 0, 2}[gate] : gate; }

  static std::vector<float> biases(const Shape &shape, const Weights &weights) {
    const int hidden = shape.hidden;
    std::vector<float> out;
    for (int gate = 0; gate < shape.gates(); gate++)
      for (int unit = 0; unit < hidden; unit++) {
        const int from = place(shape, gate) * hidden + unit;
        const bool isApart = shape.cell == "gru" && gate == 2;
        out.push_back(weights.input_bias[from] + (isApart ? 0 : weights.hidden_bias[from]));
      }
    if (shape.cell == "gru")
      for (int unit = 0; unit < hidden; unit++) out.push_back(weights.hidden_bias[2 * hidden + unit]);
    return out;
  }

  template <class Primitive, class Description>
  Arguments made(const Description &description, const Shape &shape, const Weights &weights) {
    typename Primitive::primitive_desc chosen(description, processor());
    step = Primitive(chosen);
    const memory::dim hidden = shape.hidden, inputs = shape.inputs, gates = shape.gates();
    const auto packed = [&](const std::vector<float> &values, memory::dim columns, const memory::desc &wanted) {
      memory plain = filled({{1, 1, columns, gates, hidden}, type::f32, tag::ldigo}, values);
      memory packed(wanted, processor());
      reorder(plain, packed).execute(queue, plain, packed);
      queue.wait();
      return packed;
    };
    return {
        {DNNL_ARG_SRC_LAYER, filled(chosen.src_layer_desc(), weights.frames)},
        {DNNL_ARG_WEIGHTS_LAYER,
         packed(transposed(weights.input, shape, shape.inputs), inputs, chosen.weights_layer_desc())},
        {DNNL_ARG_WEIGHTS_ITER,
         packed(transposed(weights.hidden, shape, shape.hidden), hidden, chosen.weights_iter_desc())},
        {DNNL_ARG_BIAS, filled(chosen.bias_desc(), biases(shape, weights))},
        {DNNL_ARG_DST_LAYER, memory(chosen.dst_layer_desc(), processor())},
    };
  }

 public:
  Recurrent(const Shape &shape, const Weights &weights) : isWindow(shape.steps > 1) {
    const memory::dim rows = shape.rows, hidden = shape.hidden, inputs = shape.inputs, steps = shape.steps,
                      gates = shape.gates();
    const auto kind = prop_kind::forward_inference;
    const auto direction = rnn_direction::unidirectional_left2right;
    const memory::desc x({steps, rows, inputs}, type::f32, tag::tnc), y({steps, rows, hidden}, type::f32, tag::tnc),
        state({1, 1, rows, hidden}, type::f32, tag::ldnc),
        input({1, 1, inputs, gates, hidden}, type::f32, tag::any), recurrent({1, 1, hidden, gates, hidden}, type::f32, tag::any),
        bias({1, 1, shape.cell == "gru" ? gates + 1 : gates, hidden}, type::f32, tag::ldgo);
    for (int place = 0; place < 2; place++) {
      h[place] = memory(state, processor());
      c[place] = memory(state, processor());
    }
    stateSize = (size_t)rows * hidden;
    Arguments shared;
    if (shape.cell == "lstm") {
      shared = made<lstm_forward>(
          lstm_forward::desc(kind, direction, x, state, state, input, recurrent, bias, y, state, state), shape, weights);
    } else if (shape.cell == "gru") {
      shared = made<lbr_gru_forward>(
          lbr_gru_forward::desc(kind, direction, x, state, input, recurrent, bias, y, state), shape, weights);
    } else {
      shared = made<vanilla_rnn_forward>(
          vanilla_rnn_forward::desc(
              kind, algorithm::eltwise_tanh, direction, x, state, input, recurrent, bias, y, state),
          shape, weights);
    }
    for (int place = 0; place < 2; place++) {
      arguments[place] = shared;
      arguments[place][DNNL_ARG_SRC_ITER] = h[place];
      arguments[place][DNNL_ARG_DST_ITER] = h[1 - place];
      if (shape.cell == "lstm") {
        arguments[place][DNNL_ARG_SRC_ITER_C] = c[place];
        arguments[place][DNNL_ARG_DST_ITER_C] = c[1 - place];
      }
    }
    reset();
  }

  void reset() override {
    for (memory &part : {std::ref(h[0]), std::ref(h[1]), std::ref(c[0]), std::ref(c[1])})
      std::memset(part.get_data_handle(), 0, stateSize * sizeof(float));
    turn = 0;
  }

  // A window begins from zero state each time: its first place stays zeros.
  void call() override {
    step.execute(queue, arguments[turn]);
    queue.wait();
    if (!isWindow) turn = 1 - turn;
  }

  std::vector<float> state() override {
    const float *values = static_cast<const float *>(h[isWindow ? 1 : turn].get_data_handle());
    return std::vector<float>(values, values + stateSize);
  }
};

int main() {
  return serve([](const Shape &shape, const Weights &weights, const std::string &) -> std::unique_ptr<Engine> {
    return std::make_unique<Recurrent>(shape, weights);
  });
}
