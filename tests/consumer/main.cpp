// Uses nothing but the public headers: makes a graph, runs it, and sees a bad one refused.
#include <frugal/error.h>
#include <frugal/session.h>

#include <iostream>

int main() {
  frugal::Graph graph("consumer");
  frugal::ValueId x = graph.add_input("x", {frugal::DType::f32, {1, 4}});
  graph.add_output(graph.add_node("relu", "relu", {x})[0], "y");
  try {
    graph.add_node("reluu", "misspelt", {x});
  } catch (const frugal::Error& error) {
    std::cout << "refused: " << error.what() << "\n";
  }

  frugal::Session session({std::move(graph), {}, {}}, {.threads = 1});
  frugal::Tensor y = session.run({frugal::Tensor::from<float>({1, 4}, {-1, 2, -3, 4})}).at(0);
  std::cout << frugal::to_string(y.shape()) << ":";
  for (int i = 0; i < 4; ++i) std::cout << " " << y.data<float>()[i];
  std::cout << "\n";
}
