// Folders of pictures with boxes, in the forms that data sets come in.
#pragma once

#include <string>
#include <vector>

#include "base/faults.h"
#include "frugal/coco.h"

namespace frugal {

struct DetectionFolder {
  CocoTruth truth;
  std::vector<std::string> files;  // of truth.images
};

// One split of a folder. Its form is told by what lies in it:
//   COCO        annotations/SPLIT.json (or instances_SPLIT.json, instances_SPLIT2017.json) beside images/ (or
//               images/SPLIT/, SPLIT/, SPLIT2017/)
//   Pascal VOC  ImageSets/Main/SPLIT.txt, Annotations/NAME.xml, JPEGImages/; the classes are those of labels.txt, else
//               the names in all annotations in the order of the alphabet; objects marked as difficult are crowds,
//               which are neither learnt nor counted
//   YOLO        data.yaml (or `folder` is such a file), which says for every split where its pictures are, a folder or
//               a list of files, and the names of the classes; labels/NAME.txt lies beside images/NAME, a line an
//               object: class, centre x, y, width, height, or class and a polygon, in shares of the picture
// Error names file and line: broken XML or YAML, a class that is not known, a box beyond the picture. With `faults`,
// objects of which that is so are left out, and so are pictures whose XML is broken; a sentence for each is added
// there.
DetectionFolder read_detection_folder(const std::string& folder, const std::string& split, Faults* faults = nullptr);

DetectionFolder read_coco_folder(const std::string& folder, const std::string& split, Faults* faults = nullptr);
DetectionFolder read_voc_folder(const std::string& folder, const std::string& split, Faults* faults = nullptr);
DetectionFolder read_yolo_folder(const std::string& data_file, const std::string& split, Faults* faults = nullptr);

// The lines of a text file, without what is blank at their ends.
std::vector<std::string> read_lines(const std::string& path);

}  // namespace frugal
