// frugal eval --task detect: boxes, of a file or of a network, against labels.
#pragma once

#include <string>

#include "cli/command.h"
#include "cli/model_source.h"

namespace frugal {

struct DetectionFiles {
  std::string truth, results;
  std::string images, layout;  // of a network: the folder of the pictures, and what its output means
  std::string data, split;     // in place of truth and images: a folder in any form (formats/detection/folders.h)
};

int eval_detection_files(const DetectionFiles& files, const Common& common);

// With the thresholds of the published figures: scores above 0.03, IoU 0.65, 300 boxes, several classes a box. A class
// is the category of its label's name, else the one at its place in the list of categories.
int eval_detector(const ModelSource& source, const DetectionFiles& files, int limit, const Common& common);

}  // namespace frugal
