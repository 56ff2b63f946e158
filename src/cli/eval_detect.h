// frugal eval --task detect: files of boxes against files of labels.
#pragma once

#include <string>

#include "cli/command.h"

namespace frugal {

struct DetectionFiles {
  std::string truth, results;
};

int eval_detection_files(const DetectionFiles& files, const Common& common);

}  // namespace frugal
