// Decoding only the rows of a detector's output whose score can exceed the threshold.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "frugal/session.h"
#include "frugal/task_info.h"
#include "graph/passes/split_rows.h"

namespace frugal {

// The network runs as far as scores are needed of all rows, what is behind for some of them
// (graph/passes/split_rows.h).
class RowDecoder {
 public:
  // For the model of a session, run as its options say. nullptr where its output cannot be split by rows.
  static std::unique_ptr<RowDecoder> make(const Session& session, const TaskInfo& info);

  // The first output for one picture, of those rows only, in order, that may score more than `confidence`, or whose
  // score is not a number; of all rows where those are many. The same numbers as the whole network gives. Valid until
  // the next run.
  Tensor run(const std::vector<Tensor>& inputs, float confidence);

 private:
  using Rows = std::vector<std::int64_t>;
  // The decoder for some number of rows of each part, with the tensors it takes and gives.
  struct Stage {
    Rows room;  // rows of each part
    Session session;
    std::vector<Tensor> inputs{}, outputs{};
  };

  RowDecoder(RowSplit split, const RowQuestion& question, const SessionOptions& options,
             const std::shared_ptr<ThreadPool>& pool);
  std::vector<Rows> judged(float confidence);  // rows of each part
  Stage& stage_for(std::int64_t most);
  Tensor all_rows();
  void take(Stage& stage, const std::vector<Rows>& rows) const;
  Tensor without_gaps(const Stage& stage, const std::vector<Rows>& rows) const;

  RowSplit split_;
  RowQuestion question_;
  Session network_;
  std::vector<Tensor> outputs_{};           // of the network
  std::vector<std::uint8_t> marks_{};       // of every row
  std::map<std::int64_t, Stage> stages_{};  // by the room in a part
};

}  // namespace frugal
