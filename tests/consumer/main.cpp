// Uses nothing but the public headers.
#include <frugal/error.h>
#include <frugal/tensor.h>

#include <iostream>

int main() {
  frugal::Tensor t = frugal::Tensor::from<float>({2, 2}, {1, 2, 3, 4});
  try {
    t.reshape({3});
  } catch (const frugal::Error& error) {
    std::cout << "refused: " << error.what() << "\n";
  }
  std::cout << frugal::to_string(t.shape()) << " " << t.to(frugal::DType::i32).data<std::int32_t>()[3] << "\n";
}
