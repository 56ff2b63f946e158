#include "train/communicator.h"

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "base/check.h"

#ifdef FRUGAL_HAS_MPI
#define OMPI_SKIP_MPICXX 1
#include <mpi.h>
#endif

namespace frugal {

Communicator& Communicator::instance() {
  static Communicator* communicator = new Communicator;
  return *communicator;
}

namespace {

bool started_by_mpirun() {
  for (const char* name : {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "PMIX_RANK"})
    if (std::getenv(name)) return true;
  return false;
}

}  // namespace

#ifdef FRUGAL_HAS_MPI

Communicator& Communicator::start() {
  Communicator& c = instance();
  int running = 0;
  MPI_Initialized(&running);
  if (running || !started_by_mpirun()) return c;
  int provided = 0;
  MPI_Init_thread(nullptr, nullptr, MPI_THREAD_SERIALIZED, &provided);
  require(provided >= MPI_THREAD_SERIALIZED, "this MPI cannot be called from a program with threads");
  MPI_Comm_rank(MPI_COMM_WORLD, &c.rank_);
  MPI_Comm_size(MPI_COMM_WORLD, &c.size_);
  std::atexit([] { MPI_Finalize(); });
  return c;
}

// Each process sums one share of the vector over all ranks, then the shares are gathered: as little traffic as
// MPI_Allreduce needs, but the order of the sum is ours.
template <typename T>
void Communicator::sum_in_order(std::span<T> values) {
  if (size_ == 1 || values.empty()) return;
  const MPI_Datatype type = sizeof(T) == 4 ? MPI_FLOAT : MPI_DOUBLE;
  const std::size_t share = (values.size() + static_cast<std::size_t>(size_) - 1) / static_cast<std::size_t>(size_);
  FRUGAL_ASSERT(share < (std::size_t{1} << 31));
  std::vector<T> padded(share * static_cast<std::size_t>(size_)), received(padded.size());
  std::copy(values.begin(), values.end(), padded.begin());
  const int count = static_cast<int>(share);
  MPI_Alltoall(padded.data(), count, type, received.data(), count, type, MPI_COMM_WORLD);
  for (std::size_t r = 1; r < static_cast<std::size_t>(size_); ++r)
    for (std::size_t i = 0; i < share; ++i) received[i] += received[r * share + i];
  MPI_Allgather(received.data(), count, type, padded.data(), count, type, MPI_COMM_WORLD);
  std::copy_n(padded.begin(), values.size(), values.begin());
}

void Communicator::broadcast(void* data, std::size_t bytes) {
  if (size_ == 1) return;
  constexpr std::size_t kPiece = std::size_t{1} << 30;
  for (std::size_t at = 0; at < bytes; at += kPiece)
    MPI_Bcast(static_cast<char*>(data) + at, static_cast<int>(std::min(kPiece, bytes - at)), MPI_BYTE, 0,
              MPI_COMM_WORLD);
}

void Communicator::barrier() {
  if (size_ > 1) MPI_Barrier(MPI_COMM_WORLD);
}

void Communicator::abort(int exit_code) {
  if (size_ > 1) MPI_Abort(MPI_COMM_WORLD, exit_code);
  std::_Exit(exit_code);
}

#else

Communicator& Communicator::start() {
  require(!started_by_mpirun(), "this build of frugal has no MPI: install libopenmpi-dev and build again");
  return instance();
}
template <typename T>
void Communicator::sum_in_order(std::span<T>) {}
void Communicator::broadcast(void*, std::size_t) {}
void Communicator::barrier() {}
void Communicator::abort(int exit_code) { std::_Exit(exit_code); }

#endif

void Communicator::sum(std::span<float> values) { sum_in_order(values); }
void Communicator::sum(std::span<double> values) { sum_in_order(values); }

}  // namespace frugal
