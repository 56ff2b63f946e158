// Pictures with boxes on disk.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "frugal/coco.h"
#include "tasks/detection/augment.h"

namespace frugal {

// A folder in the form of COCO: annotations/SPLIT.json (or instances_SPLIT.json) beside images/, which file names in it
// are relative to. Labels are indices into the categories in the order of their ids.
class DetectionDataset {
 public:
  DetectionDataset(const std::string& folder, const std::string& split);

  std::size_t size() const { return files_.size(); }
  // Without crowds and with boxes cut at the picture's border. Error where a picture cannot be read.
  LabelledPicture get(std::size_t index) const;
  const std::vector<std::string>& class_names() const { return names_; }
  const CocoTruth& truth() const { return truth_; }
  std::int64_t category(std::int64_t label) const;  // its id
  std::int64_t image(std::size_t index) const { return truth_.images[index].id; }

 private:
  CocoTruth truth_;
  std::vector<std::string> files_, names_;
  std::vector<std::vector<LabelledBox>> boxes_;
};

}  // namespace frugal
