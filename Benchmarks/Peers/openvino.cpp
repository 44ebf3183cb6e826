// OpenVINO, by the C++ API that its wheel brings: the ONNX model that lies beside the weights, buffers bound once.
#include <cstring>
#include <openvino/openvino.hpp>

#include "bench_line.hpp"

class Recurrent : public Engine {
  ov::InferRequest requests[2];
  ov::Tensor h[2], c[2], x;
  int turn = 0;
  bool isWindow;

 public:
  Recurrent(const Shape &shape, const Weights &weights, const std::string &path) : isWindow(shape.steps > 1) {
    static ov::Core core;
    ov::CompiledModel model = core.compile_model(
        path + ".onnx", "CPU", ov::inference_num_threads(1), ov::num_streams(1),
        ov::hint::inference_precision(ov::element::f32), ov::enable_profiling(false));
    const size_t steps = shape.steps, rows = shape.rows, inputs = shape.inputs, hidden = shape.hidden;
    x = ov::Tensor(ov::element::f32, {steps, rows, inputs});
    std::memcpy(x.data(), weights.frames.data(), weights.frames.size() * sizeof(float));
    for (int place = 0; place < 2; place++) {
      h[place] = ov::Tensor(ov::element::f32, {1, rows, hidden});
      c[place] = ov::Tensor(ov::element::f32, {1, rows, hidden});
    }
    for (int place = 0; place < 2; place++) {
      requests[place] = model.create_infer_request();
      requests[place].set_tensor("x", x);
      requests[place].set_tensor("h", h[place]);
      requests[place].set_tensor("h_next", h[1 - place]);
      if (shape.cell != "lstm") continue;
      requests[place].set_tensor("c", c[place]);
      requests[place].set_tensor("c_next", c[1 - place]);
    }
    reset();
  }

  void reset() override {
    for (ov::Tensor *tensor : {&h[0], &h[1], &c[0], &c[1]}) std::memset(tensor->data(), 0, tensor->get_byte_size());
    turn = 0;
  }

  // A window begins from zero state each time: its first place stays zeros.
  void call() override {
    requests[turn].infer();
    if (!isWindow) turn = 1 - turn;
  }

  std::vector<float> state() override {
    const ov::Tensor &last = h[isWindow ? 1 : turn];
    const float *values = last.data<float>();
    return std::vector<float>(values, values + last.get_size());
  }
};

int main() {
  return serve([](const Shape &shape, const Weights &weights, const std::string &path) -> std::unique_ptr<Engine> {
    return std::make_unique<Recurrent>(shape, weights, path);
  });
}
