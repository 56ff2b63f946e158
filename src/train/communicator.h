// The processes that train together: `mpirun -n N frugal train ...`, or just this one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace frugal {

// Every call is collective: all processes make it, in the same order. With one process each is free.
class Communicator {
 public:
  // Joins the others where the program was started by mpirun; otherwise it is alone. Call once, early;
  // the object lives to the end of the process.
  static Communicator& start();
  static Communicator& instance();  // alone until start()

  int rank() const { return rank_; }
  int size() const { return size_; }
  bool first() const { return rank_ == 0; }

  // Sums over all processes, in the order of their ranks, so that every run gives the same bits.
  void sum(std::span<float> values);
  void sum(std::span<double> values);
  double sum(double value) { return sum(std::span<double>(&value, 1)), value; }
  bool any(bool value) { return sum(value ? 1.0 : 0.0) > 0; }
  void broadcast(void* data, std::size_t bytes);  // from rank 0
  void barrier();
  // Ends all processes: one that fails must not leave the others waiting.
  [[noreturn]] void abort(int exit_code);

 private:
  template <typename T>
  void sum_in_order(std::span<T> values);
  int rank_ = 0, size_ = 1;
};

}  // namespace frugal
