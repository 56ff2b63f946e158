// Pictures with boxes on disk.
#pragma once

#include <string>
#include <vector>

#include "formats/detection/folders.h"
#include "tasks/detection/augment.h"

namespace frugal {

// A split of a folder in any form that read_detection_folder knows. Labels are indices into its categories.
class DetectionDataset {
 public:
  DetectionDataset(const std::string& folder, const std::string& split);

  std::size_t size() const { return data_.files.size(); }
  // Without crowds and with boxes cut at the picture's border. Error where a picture cannot be read.
  LabelledPicture get(std::size_t index) const;
  const std::vector<std::string>& class_names() const { return names_; }
  const CocoTruth& truth() const { return data_.truth; }
  std::int64_t category(std::int64_t label) const;  // its id
  std::int64_t image(std::size_t index) const { return data_.truth.images[index].id; }

 private:
  DetectionFolder data_;
  std::vector<std::string> names_;
  std::vector<std::vector<LabelledBox>> boxes_;
};

}  // namespace frugal
